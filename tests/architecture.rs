//! The shape of the program, held to what docs/architecture.md says of it.

use std::fs;
use std::path::{Path, PathBuf};

/// A module may use those before it, never those after it.
const ORDER: [&str; 20] = [
    "interrupt",
    "terminal",
    "limited",
    "threads",
    "diag",
    "rule",
    "store",
    "git",
    "nix::syntax",
    "nix::eval",
    "nix::flake",
    "catalogue",
    "overrides",
    "render",
    "tree",
    "upstream",
    "report",
    "cmd",
    "rules",
    "cli",
];

fn sources() -> Vec<PathBuf> {
    walkdir::WalkDir::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .into_iter()
        .map(|entry| entry.expect("a readable directory").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// `catalogue::model::Kind` is of `catalogue`, `nix::syntax::quote` of `nix::syntax`.
fn rank(path: &str) -> Option<usize> {
    ORDER.iter().position(|module| path == *module || path.starts_with(&format!("{module}::")))
}

#[test]
fn modules_use_only_those_above_them() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for file in sources() {
        let relative = file.strip_prefix(&root).expect("below src").with_extension("");
        let module: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
        // Tests may look at the whole.
        if module.last().is_some_and(|last| last == "tests") {
            continue;
        }
        let Some(own) = rank(&module.join("::")) else { continue };
        let text = fs::read_to_string(&file).expect("a source file");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (index, _) in code.match_indices("crate::") {
            let path: String = code[index + "crate::".len()..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'))
                .collect();
            if let Some(used) = rank(path.trim_end_matches(':'))
                && used > own
            {
                wrong.push(format!("{} uses crate::{path}", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_says_what_it_owns() {
    for file in sources() {
        let text = fs::read_to_string(&file).expect("a source file");
        let included = relative_is_table(&file);
        assert!(included || text.starts_with("//!"), "{} has no //! at its head", file.display());
    }
}

/// The thin binary.
#[test]
fn main_is_thin() {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/main.rs")).expect("main.rs");
    assert!(text.lines().count() < 40);
}

/// The tables of codes are macro calls that `diag/codes.rs` includes.
fn relative_is_table(file: &Path) -> bool {
    file.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("table"))
}
