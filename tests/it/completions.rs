//! What a shell offers for the next word: asked through the very function that bash gets.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::program::{PROGRAM, run};

/// What bash offers for the last of the words.
fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let script = "source <(pgflakegen completions bash)
        COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1)) COMP_TYPE=9 COMPREPLY=()
        _clap_complete_pgflakegen pgflakegen \"${!#}\" \"${@: -2:1}\"
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    let path = format!(
        "{}:{}",
        Path::new(PROGRAM).parent().expect("a folder").display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let output = Command::new("bash")
        .current_dir(folder)
        .env("PATH", path)
        .args(["-c", script, "bash", "pgflakegen"])
        .args(words)
        .output()
        .expect("bash runs");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("names are UTF-8");
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn repository() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    assert!(run(dir.path(), &["init"]).status.success());
    dir
}

#[test]
fn names_are_those_of_the_catalogue() {
    let dir = repository();
    let at = |words: &[&str]| offered(dir.path(), words);
    assert_eq!(at(&["show", "pgv"]), ["pgvector"]);
    assert_eq!(at(&["bump", "postg"]), ["postgresql"]);
    assert_eq!(at(&["bump", "inp"]), ["inputs"]);
    assert_eq!(at(&["list", "--postgresql", "17"]), ["17"]);
    assert_eq!(at(&["check", "--systems", "aarch64-d"]), ["aarch64-darwin"]);
    assert!(at(&["explain", "PGF12"]).contains(&"PGF124".to_owned()));
    assert!(at(&["check", "--override-input", "nixp"]).contains(&"nixpkgs".to_owned()));
    assert_eq!(at(&["schema", "po"]), ["postgresql"]);
    assert_eq!(at(&["validate", "catalogue/pos"]), ["catalogue/postgresql.toml"]);
}

#[test]
fn another_repository_can_be_meant() {
    let (dir, elsewhere) = (repository(), tempfile::tempdir().expect("a temporary directory"));
    let root = dir.path().to_str().expect("UTF-8");
    assert_eq!(offered(elsewhere.path(), &["--root", root, "show", "pgv"]), ["pgvector"]);
    assert_eq!(offered(elsewhere.path(), &["show", "pgv"]), [""; 0]);
}

#[test]
fn a_catalogue_with_mistakes_still_has_names() {
    let dir = repository();
    let file = dir.path().join("catalogue/extensions/pgvector.toml");
    fs::write(&file, "nonsense").expect("it can be written");
    fs::write(dir.path().join("catalogue/extensions/pgv\u{1b}[2J.toml"), "").expect("it can be written");
    assert_eq!(offered(dir.path(), &["show", "pgv"]), ["pgvector"]);
}
