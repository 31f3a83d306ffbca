//! `validate` and `index` as a process: what they print, what they write, how they end.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn run(root: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pgflakegen"))
        .current_dir(root)
        .args(args)
        .output()
        .expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

/// A repository with an override for pgvector.
fn repository(r#override: &str) -> TempDir {
    let dir = TempDir::new().expect("a temporary directory");
    assert_eq!(run(dir.path(), &["init"]).status.code(), Some(0));
    let toml = dir.path().join("catalogue/extensions/pgvector.toml");
    let extension = fs::read_to_string(&toml).expect("init wrote it");
    fs::write(&toml, format!("override = \"overrides/pgvector.nix\"\n{extension}")).expect("a writable file");
    fs::create_dir_all(dir.path().join("catalogue/overrides")).expect("a writable directory");
    fs::write(dir.path().join("catalogue/overrides/pgvector.nix"), r#override).expect("a writable directory");
    dir
}

const WRONG: &str = "\
# Links OpenSSL.
{ openssl, curl }:
old: {
  buildInputs = [ openssl ]; # for the hashes
  src = old.source;
}
";

#[test]
fn an_override_is_judged_by_the_catalogue() {
    let dir = repository(WRONG);
    for args in
        [&["validate"][..], &["validate", "catalogue/overrides/pgvector.nix"], &["generate"], &["check"]]
    {
        let output = run(dir.path(), args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let shown = text(&output.stderr);
        for part in [
            "PGF212",
            "PGF304",
            "PGF305",
            "PGF307",
            "catalogue/overrides/pgvector.nix:4:3",
            "extensions/pgvector.toml",
        ] {
            assert!(shown.contains(part), "{args:?} lacks {part}: {shown}");
        }
    }
    assert!(!dir.path().join("flake.nix").exists(), "nothing is written while there are errors");
    let toml = dir.path().join("catalogue/extensions/pgvector.toml");
    let extension = fs::read_to_string(&toml).expect("init wrote it");
    fs::write(&toml, format!("override-owns = [\"src\"]\n{extension}")).expect("a writable file");
    assert!(!text(&run(dir.path(), &["validate"]).stderr).contains("PGF304"));
}

#[test]
fn fixes_keep_comments_and_layout() {
    let dir = repository(WRONG);
    let file = dir.path().join("catalogue/overrides/pgvector.nix");
    let output = run(dir.path(), &["validate", "--fix"]);
    assert_eq!(output.status.code(), Some(1));
    let expected = WRONG
        .replace("{ openssl, curl }", "{ openssl }")
        .replace("= [ openssl ]", "= (old.buildInputs or [ ]) ++ [ openssl ]");
    assert_eq!(fs::read_to_string(&file).expect("it is there"), expected);
    assert!(text(&output.stderr).contains("2 fixes applied in 1 file"), "{}", text(&output.stderr));
    let left: Vec<_> = fs::read_dir(dir.path().join("catalogue/overrides")).expect("it is there").collect();
    assert_eq!(left.len(), 1, "no temporary file stays");
    // A second time there is nothing to do, and the file is not touched.
    let before = fs::metadata(&file).and_then(|m| m.modified()).expect("it is there");
    run(dir.path(), &["validate", "--fix"]);
    assert_eq!(fs::metadata(&file).and_then(|m| m.modified()).expect("it is there"), before);
}

#[test]
fn any_nix_file_and_every_format() {
    let dir = TempDir::new().expect("a temporary directory");
    fs::write(dir.path().join("a file.nix"), "let unused = 1; in nope\n").expect("a writable directory");
    let at = |format| run(dir.path(), &["validate", "a file.nix", "--format", format]);
    let json: serde_json::Value = serde_json::from_slice(&at("json").stdout).expect("JSON");
    let codes: Vec<_> =
        json.as_array().expect("an array").iter().map(|f| f["code"].as_str().expect("a code")).collect();
    assert_eq!(codes, ["PGF211", "PGF210"]);
    let sarif: serde_json::Value = serde_json::from_slice(&at("sarif").stdout).expect("JSON");
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][1];
    assert_eq!(result["ruleId"], "PGF210");
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20file.nix");
    assert_eq!(place["region"]["startColumn"], 20);
    let rule = &sarif["runs"][0]["tool"]["driver"]["rules"]
        [result["ruleIndex"].as_u64().expect("an index") as usize];
    assert_eq!(rule["id"], "PGF210");
    let github = text(&at("github").stdout);
    assert!(github.contains("::error file=a file.nix,line=1,endLine=1,col=20"), "{github}");
    assert_eq!(at("text").status.code(), Some(1));
    assert!(!text(&at("text").stderr).contains('\u{1b}'), "no colour in a pipe");
    assert_eq!(run(dir.path(), &["validate", "absent.nix"]).status.code(), Some(2));
}

#[test]
fn the_index_of_the_repository_comes_first() {
    let dir = repository("{ opensll }:\nold: { buildInputs = old.buildInputs ++ [ opensll ]; }\n");
    assert!(text(&run(dir.path(), &["validate"]).stderr).contains("PGF303"));
    fs::write(dir.path().join("names.json"), r#"{"nixpkgs.opensll": {}, "nixpkgs.cmake": {}}"#)
        .expect("a writable directory");
    let output = run(dir.path(), &["index", "--from", "names.json", "--revision", "abc"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(run(dir.path(), &["validate"]).status.code(), Some(0));
    // A complete index knows what does not exist.
    fs::write(dir.path().join("catalogue/overrides/pgvector.nix"), "{ zzz }:\nold: { x = zzz; }\n")
        .expect("a writable directory");
    assert!(text(&run(dir.path(), &["validate"]).stderr).contains("PGF303"));
    fs::write(dir.path().join("catalogue/nixpkgs.index.gz"), "damaged").expect("a writable directory");
    assert_eq!(run(dir.path(), &["validate"]).status.code(), Some(2));
}
