//! The evaluating commands as they are typed: errors, limits, what a change rebuilds.

#![allow(clippy::unwrap_used)] // a test may fail

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn run(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pgflakegen")).args(args).current_dir(dir).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A git repository with these files, committed; `None` where there is no git.
fn repository(files: &[(&str, &str)]) -> Option<tempfile::TempDir> {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(dir.path()).args(["-c", "user.name=t", "-c", "user.email=t@example.org"]);
        command.args(args).output().is_ok_and(|output| output.status.success())
    };
    if git(&["init", "-q"]) && git(&["add", "-A"]) && git(&["commit", "-q", "-m", "first"]) {
        return Some(dir);
    }
    println!("skipped: git is needed");
    None
}

const FLAKE: &str = r#"{
  outputs = { self }:
    let
      package = name: args: derivation ({ inherit name; system = "x86_64-linux"; builder = "/bin/sh"; } // args);
      parts = import ./parts.nix { inherit package; };
    in
    {
      packages.x86_64-linux = {
        top = package "top-1.0" { inherit (parts) middle; };
        other = package "other-1.0" { };
        broken = parts.nothing;
      };
      where = builtins.unsafeGetAttrPos "middle" parts;
    };
}
"#;

const PARTS: &str = r#"{ package }:
rec {
  leaf = package "leaf-1.0" { flags = "one two"; };
  middle = package "middle-1.0" { inherit leaf; };
}
"#;

#[test]
fn what_a_change_rebuilds_and_why() {
    let Some(dir) = repository(&[("flake.nix", FLAKE), ("parts.nix", PARTS)]) else { return };
    fs::write(dir.path().join("parts.nix"), PARTS.replace("leaf-1.0", "leaf-1.1").replace("two", "three"))
        .unwrap();
    let found = run(dir.path(), &["drv-diff"]);
    let text = stdout(&found);
    assert_eq!(
        text,
        "rebuilt packages.x86_64-linux.top\n  \
           middle-1.0 > leaf-1.0 > flags: one two → one three\n  \
           middle-1.0 > leaf-1.0 > name: leaf-1.0 → leaf-1.1\n",
        "{}",
        stderr(&found)
    );
    assert_eq!(found.status.code(), Some(1));
    let none = run(dir.path(), &["drv-diff", "HEAD", "HEAD"]);
    assert_eq!((stdout(&none).as_str(), none.status.code()), ("", Some(0)), "{}", stderr(&none));
}

#[test]
fn errors_show_the_flakes_own_files() {
    let Some(dir) = repository(&[("flake.nix", FLAKE), ("parts.nix", PARTS)]) else { return };
    let place = dir.path().canonicalize().unwrap();
    let text = stderr(&run(dir.path(), &["eval", ".#packages.x86_64-linux.broken"]));
    assert!(text.starts_with("error: attribute 'nothing' missing\n"), "{text}");
    assert!(text.contains(&format!("at {}/flake.nix:11:18\n", place.display())), "{text}");
    assert!(text.contains("11 |         broken = parts.nothing;"), "{text}");
    // In values it is the path in the store, as Nix has it.
    let text = stdout(&run(dir.path(), &["eval", ".#where", "--json"]));
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&value["line"], &value["column"]), (&4.into(), &3.into()), "{text}");
    assert!(value["file"].as_str().unwrap().ends_with("-source/parts.nix"), "{text}");
    // What fails is listed; the rest is, too.
    let found = run(dir.path(), &["drvs", "--json"]);
    let lines: Vec<serde_json::Value> =
        stdout(&found).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = lines.iter().map(|line| line["attrPath"][2].as_str().unwrap()).collect();
    assert_eq!(names, ["broken", "other", "top"]);
    assert!(lines[0]["error"].as_str().unwrap().contains("attribute 'nothing' missing"));
    assert!(lines[2]["inputDrvs"].as_object().unwrap().keys().any(|drv| drv.ends_with("-middle-1.0.drv")));
    assert_eq!(found.status.code(), Some(1));
}

#[test]
fn infinite_recursion_shows_its_cycle() {
    let dir = tempfile::tempdir().unwrap();
    let text = stderr(&run(
        dir.path(),
        &["eval", "-E", "let a = b + 1; b = c + 1; c = a + 1; in [ a ]", "--strict"],
    ));
    let cycle: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("  … ")).take(3).collect();
    assert_eq!(
        cycle,
        [
            "while evaluating the variable 'a'",
            "while evaluating the variable 'c'",
            "while evaluating the variable 'b'"
        ],
        "{text}"
    );
}

/// Programs that want more memory than there is get an error, whatever wants it.
#[test]
fn memory_has_a_limit() {
    let dir = tempfile::tempdir().unwrap();
    let long = r#"let s = builtins.concatStringsSep "" (builtins.genList (_: "0123456789") 100000); l = builtins.genList (x: x) 100000; in "#;
    let many = "(builtins.genList (x: x) 100000)";
    for program in [
        format!(r#"builtins.foldl' (s: _: s + s) "x" {many}"#),
        format!("builtins.foldl' (s: _: s ++ s) [ 1 ] {many}"),
        format!("builtins.foldl' (s: _: map (x: x) s) {many} {many}"),
        format!("{long} builtins.stringLength (builtins.concatStringsSep s (map toString l))"),
        format!("{long} builtins.stringLength (builtins.replaceStrings [ \"1\" ] [ s ] s)"),
        format!("{long} builtins.length (builtins.concatLists (map (_: l) l))"),
        format!("{long} builtins.length (builtins.concatMap (_: l) l)"),
        format!("{long} builtins.toJSON (map (_: s) l)"),
        format!("{long} builtins.toXML (map (_: s) l)"),
        format!("{long} map (_: s) l"),
        format!("{long} builtins.all (_: !(builtins.tryEval (throw s)).success) l"),
        format!(
            r#"{long} (derivation {{ name = "x"; system = "x"; builder = "x"; args = map (_: s) l; }}).drvPath"#
        ),
        format!(r#"builtins.fromJSON "[${{toString (map (_: "1,1,1,1,1,1,1,1,1,1,1,1,") {many})}}1]""#),
        "builtins.length (builtins.genList (x: x) 1000000000000)".to_owned(),
        "let f = n: { a = n; b = f (n + 1); }; in builtins.deepSeq (f 0) 1".to_owned(),
        "builtins.genericClosure { startSet = [ { key = 0; } ]; operator = x: [ { key = x.key + 1; } ]; }"
            .to_owned(),
    ] {
        let limit = if program.contains("fromJSON") { "30" } else { "100" };
        let found = run(dir.path(), &["eval", "--strict", "--max-memory", limit, "-E", &program]);
        let text = stderr(&found);
        let wanted = format!("error: evaluation needs more than {limit} MiB of memory");
        assert!(text.starts_with(&wanted), "{program}: {text}{:?}", found.status);
    }
    let deep = "let f = n: 1 + f (n + 1); in f 0";
    let found =
        run(dir.path(), &["eval", "--max-memory", "100", "--max-call-depth", "1000000000", "-E", deep]);
    assert!(stderr(&found).starts_with("error: evaluation needs more"), "{}", stderr(&found));
}
