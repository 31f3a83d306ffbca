//! Which module of the crate may use which: each those of its own layer and of those below.

use std::path::{Path, PathBuf};

/// From the lowest. Within a layer modules may use each other: a value may be a thunk, a thunk has code to run, code
/// has values in it; and the machine is one thing in several files.
const LAYERS: [(&str, &[&str]); 7] = [
    ("texts", &["paths", "url", "regex", "quoting", "core_packages", "sync"]),
    ("data: code, heap, values", &["error", "symbol", "ir", "heap", "value", "attrs", "threads", "meeting"]),
    ("the world outside", &["eval_io"]),
    ("lowering", &["lower"]),
    (
        "the machine",
        &[
            "access",
            "call",
            "coerce",
            "collect",
            "construct",
            "force",
            "hints",
            "imported",
            "limits",
            "load",
            "machine",
            "ops",
            "print",
            "report",
            "select",
            "shared",
            "stack",
            "unpacked",
            "written",
        ],
    ),
    ("builtins and flakes", &["builtins", "flake"]),
    ("the session", &["session"]),
];

/// What looks up, and why that is all it does.
const ONLY_TYPES: [(&str, &str); 1] = [
    // A builtin is a value, and its function takes the machine that runs it.
    ("value", "machine"),
];

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|(_, modules)| modules.contains(&module))
}

fn sources(folder: &Path, all: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            all.push(path);
        }
    }
}

/// The modules of the crate that a text uses, by `crate::NAME` or as many `super::` as lead to the root.
fn used(code: &str, supers: usize) -> Vec<String> {
    let word = |text: &str| -> String {
        text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
    };
    let to_root = "super::".repeat(supers);
    let mut found = Vec::new();
    for line in code.lines().filter(|line| !line.trim_start().starts_with("//")) {
        for (at, _) in line.match_indices("crate::") {
            found.push(word(&line[at + "crate::".len()..]));
        }
        for (at, _) in line.match_indices(&to_root) {
            if !line[..at].ends_with("super::") {
                found.push(word(&line[at + to_root.len()..]));
            }
        }
    }
    found
}

#[test]
fn each_module_uses_its_own_layer_and_those_below() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut files, mut wrong, mut seen) = (Vec::new(), Vec::new(), 0);
    sources(&root, &mut files);
    for file in files {
        let relative = file.strip_prefix(&root).expect("below src").with_extension("");
        let mut parts: Vec<String> =
            relative.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        if parts.last().is_some_and(|last| last == "mod") {
            parts.pop();
        }
        let module = &parts[0];
        if module == "lib" || parts.last().is_some_and(|last| last == "tests") {
            continue;
        }
        let own = rank(module).unwrap_or_else(|| panic!("{module} is in no layer"));
        let text = std::fs::read_to_string(&file).expect("a source file");
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        for name in used(code, parts.len()) {
            let Some(other) = rank(&name) else { continue };
            seen += 1;
            if other > own && !ONLY_TYPES.contains(&(module.as_str(), name.as_str())) {
                wrong.push(format!("{} uses {name}", relative.display()));
            }
        }
    }
    assert!(seen > 300, "only {seen} uses were found");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
