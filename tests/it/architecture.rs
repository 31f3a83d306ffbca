//! The shape of the program, held to what docs/architecture.md says of it.

use std::fs;
use std::path::{Path, PathBuf};

/// A crate may use those before it, never those after it.
const CRATES: [(&str, &[&str]); 4] = [
    ("nix-store", &[]),
    ("nix-syntax", &[]),
    ("nix-eval", &["nix-store", "nix-syntax"]),
    ("pgflakegen", &["nix-eval", "nix-store", "nix-syntax"]),
];

/// A module may use those before it, never those after it.
const ORDER: [&str; 26] = [
    "layout",
    "interrupt",
    "progress",
    "limited",
    "threads",
    "difference",
    "diag",
    "rule",
    "git",
    "nix::syntax",
    "nix::machine",
    "nix::eval",
    "nix::flake",
    "catalogue",
    "overrides",
    "render",
    "tree",
    "accounts",
    "upstream",
    "report",
    "explorer",
    "ops",
    "rules",
    "terminal",
    "cmd",
    "cli",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of a crate of the workspace.
fn folder(name: &str) -> PathBuf {
    if name == env!("CARGO_PKG_NAME") { root().to_path_buf() } else { root().join("crates").join(name) }
}

fn sources_of(name: &str) -> Vec<PathBuf> {
    walkdir::WalkDir::new(folder(name).join("src"))
        .into_iter()
        .map(|entry| entry.expect("a readable directory").into_path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

#[test]
fn crates_know_only_those_that_the_table_says() {
    for (name, allowed) in CRATES {
        let text = fs::read_to_string(folder(name).join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = text.parse().expect("TOML");
        let known = |key: &str| -> Vec<String> {
            let table = manifest.get(key).and_then(|table| table.as_table());
            table.into_iter().flat_map(|table| table.keys().cloned()).collect()
        };
        let ours: Vec<_> = known("dependencies")
            .into_iter()
            .filter(|used| CRATES.iter().any(|(one, _)| one == used))
            .collect();
        assert_eq!(ours, allowed, "{name}");
        // What is published says what it is.
        let package = manifest["package"].as_table().expect("a table");
        for key in ["description", "license", "keywords", "categories", "rust-version"] {
            assert!(package.contains_key(key), "{name} has no {key}");
        }
        assert!(folder(name).join("README.md").metadata().is_ok_and(|file| file.len() > 200), "{name}");
    }
    let there = fs::read_dir(root().join("crates")).expect("a folder");
    let there = there.map(|entry| entry.expect("readable").file_name());
    let unknown: Vec<_> = there.filter(|name| CRATES.iter().all(|(one, _)| name != one)).collect();
    assert!(unknown.is_empty(), "{unknown:?} are in no order");
}

/// `catalogue::model::Kind` is of `catalogue`, `nix::syntax::quote` of `nix::syntax`.
fn rank(path: &str) -> Option<usize> {
    ORDER.iter().position(|module| path == *module || path.starts_with(&format!("{module}::")))
}

#[test]
fn modules_use_only_those_above_them() {
    let root = root().join("src");
    let mut wrong = Vec::new();
    for file in sources_of(env!("CARGO_PKG_NAME")) {
        let relative = file.strip_prefix(&root).expect("below src").with_extension("");
        let module: Vec<_> = relative.components().map(|c| c.as_os_str().to_string_lossy()).collect();
        // Tests may look at the whole.
        if module.last().is_some_and(|last| last == "tests") {
            continue;
        }
        let Some(own) = rank(&module.join("::")) else { continue };
        let code = code_of(&file);
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

/// What a file says to the compiler, without its tests.
fn code_of(file: &Path) -> String {
    let text = fs::read_to_string(file).expect("a source file");
    text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}

/// Commands parse and print: what is to be done, they ask operations. `show` prints what is generated of the model.
#[test]
fn commands_do_nothing_but_parse_and_print() {
    const DONE_BY_OPERATIONS: [&str; 4] = ["render", "tree", "upstream", "git"];
    const EXCEPT: [(&str, &str); 1] = [("show", "render")];
    let root = root().join("src/cmd");
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for file in sources_of(env!("CARGO_PKG_NAME")).into_iter().filter(|file| file.starts_with(&root)) {
        seen += 1;
        let code = code_of(&file);
        let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
        for module in DONE_BY_OPERATIONS {
            let used = [":", ";", ","].iter().any(|end| code.contains(&format!("crate::{module}{end}")));
            if used && !EXCEPT.contains(&(name.as_str(), module)) {
                wrong.push(format!("cmd/{name}.rs uses crate::{module}"));
            }
        }
    }
    assert!(seen > 20, "{seen}");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Operations give typed errors and know no process: other programs call them.
#[test]
fn operations_know_no_terminal_and_no_command_line() {
    let root = root().join("src");
    let (cmd, cli, ops) = (root.join("cmd"), root.join("cli.rs"), root.join("ops"));
    let mut wrong = Vec::new();
    for file in sources_of(env!("CARGO_PKG_NAME")) {
        let code = code_of(&file);
        let of_commands = file.starts_with(&cmd) || file == cli;
        let never: &[&str] = match () {
            () if of_commands => &[],
            () if file.starts_with(&ops) => &[
                "anyhow",
                "clap",
                "std::env",
                "io::stdin",
                "io::stdout",
                "io::stderr",
                "println!",
                "print!(",
            ],
            () => &["anyhow"],
        };
        let used = never.iter().filter(|word| code.contains(**word));
        wrong.extend(used.map(|word| format!("{}: {word}", file.display())));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What opens connections, and what starts programs.
#[test]
fn the_outside_is_asked_in_one_place() {
    const ASKED_BY: [(&str, &[&str]); 3] = [
        ("ureq::", &["upstream/http.rs", "upstream/http/reach.rs"]),
        ("Command::new(", &["git/run.rs"]),
        ("std::net::", &["ops/explorer/server.rs", "upstream/http/reach.rs"]),
    ];
    let root = root().join("src");
    for (word, expected) in ASKED_BY {
        let mut files: Vec<String> = sources_of(env!("CARGO_PKG_NAME"))
            .iter()
            .filter(|file| {
                file.file_stem().is_some_and(|stem| stem != "tests") && code_of(file).contains(word)
            })
            .map(|file| file.strip_prefix(&root).expect("below src").to_string_lossy().into_owned())
            .collect();
        files.sort();
        assert_eq!(files, expected, "{word}");
    }
}

/// Paths of a repository are written once, in `layout`: a text that is one, or begins or ends as one, stands nowhere else.
/// Sentences that name them are for people, and stay whole.
#[test]
fn paths_of_the_layout_are_in_one_place() {
    const FOLDERS: [&str; 3] = ["catalogue", "generated", "schema"];
    const BELOW: [&str; 5] = ["extensions/", "files/", "locks/", "overrides/", "patches/"];
    const NAMES: [&str; 9] = [
        "extra.nix",
        "flake.lock",
        "flake.nix",
        "flake.toml",
        "nixpkgs.index.gz",
        "nixpkgs.toml",
        "pgrx.toml",
        "postgresql.toml",
        "prime.sql",
    ];
    const HIDDEN: [&str; 5] =
        [".buildkite/", ".gitattributes", ".github/", ".gitlab-ci.yml", ".pgflakegen-state"];
    // What is no path of this layout, though spelled so.
    const EXCEPT: [(&str, &str); 10] = [
        // Attributes and keys.
        ("overrides/evaluated/judge.rs", "generated"),
        ("overrides/rules/unknown_package.rs", "catalogue"),
        ("catalogue/read.rs", "schema"),
        ("upstream/detect/control.rs", "schema"),
        // What fixed.rs includes, as it is called below `generated/`.
        ("render/fixed.rs", ".gitattributes"),
        ("render/engine.rs", "flake.nix.hbs"),
        // Repositories of others.
        ("upstream/hash_hazards.rs", ".gitattributes"),
        ("upstream/hash_hazards.rs", "/.gitattributes"),
        ("upstream/inputs.rs", "flake.nix"),
        ("upstream/support.rs", ".github/workflows/"),
    ];
    let root = root().join("src");
    // Examples of rules, whole texts of their own.
    let raw = regex::Regex::new(r##"(?s)r#".*?"#"##).expect("an expression");
    let literal = regex::Regex::new(r#""([^"\\\s]+)""#).expect("an expression");
    let (mut wrong, mut excepted) = (Vec::new(), std::collections::BTreeSet::new());
    for file in sources_of(env!("CARGO_PKG_NAME")) {
        let relative = file.strip_prefix(&root).expect("below src").to_string_lossy().into_owned();
        if relative == "layout.rs" || relative.ends_with("tests.rs") || relative_is_table(&file) {
            continue;
        }
        let code = code_of(&file);
        let code = raw.replace_all(&code, "");
        let code = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code.filter(|line| !line.contains("include_")) {
            for found in literal.captures_iter(line) {
                let text = &found[1];
                let path = text.trim_start_matches("./").trim_start_matches('/');
                let is_one = FOLDERS.iter().any(|name| {
                    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                }) || BELOW.iter().any(|name| path.starts_with(name))
                    || NAMES.iter().any(|name| path.contains(name))
                    || HIDDEN.iter().any(|name| path.starts_with(name));
                match EXCEPT.iter().find(|one| **one == (relative.as_str(), text)) {
                    _ if !is_one => {}
                    Some(one) => drop(excepted.insert(*one)),
                    None => wrong.push(format!("{relative}: {text}")),
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let unused: Vec<_> = EXCEPT.iter().filter(|one| !excepted.contains(*one)).collect();
    assert!(unused.is_empty(), "not there any more: {unused:?}");
}

#[test]
fn every_module_says_what_it_owns() {
    for file in CRATES.iter().flat_map(|(name, _)| sources_of(name)) {
        let text = fs::read_to_string(&file).expect("a source file");
        let included = relative_is_table(&file);
        assert!(included || text.starts_with("//!"), "{} has no //! at its head", file.display());
    }
}

/// The thin binary.
#[test]
fn main_is_thin() {
    let text = fs::read_to_string(root().join("src/main.rs")).expect("main.rs");
    assert!(text.lines().count() < 40);
}

/// The tables of codes are macro calls that `diag/codes.rs` includes.
fn relative_is_table(file: &Path) -> bool {
    file.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("table"))
}
