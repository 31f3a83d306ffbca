//! Flakes as Nix 2.34 has them: what may stand in flake.nix and flake.lock, inputs of inputs, what git knows.

#![allow(clippy::unwrap_used)] // a test may fail

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::program;

struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.replace('@', self.path().to_str().unwrap())).unwrap();
    }

    fn git(&self, dir: &str, args: &[&str]) -> String {
        program::git(&self.path().join(dir), args).trim().to_owned()
    }

    /// A repository with all that is in the folder; its commit.
    fn commit(&self, dir: &str) -> String {
        self.git(dir, &["init", "-q"]);
        self.git(dir, &["add", "-A"]);
        self.git(dir, &["commit", "-qm", "x"]);
        self.git(dir, &["rev-parse", "HEAD"])
    }

    /// What `eval` prints, or the first line of its error.
    fn eval(&self, args: &[&str]) -> String {
        let output = program::run(&self.path(), &[&["eval"], args].concat());
        let bytes = if output.status.success() { &output.stdout } else { &output.stderr };
        let text = String::from_utf8_lossy(bytes);
        let lines = text.lines().filter(|line| !line.starts_with("warning: "));
        lines.take(1).collect::<String>().replace(self.path().to_str().unwrap(), "@")
    }
}

#[test]
fn flake_nix_is_a_set_as_it_is_written() {
    let place = Place::new();
    for (text, wanted) in [
        ("{ outputs = { self }: { v = 1; }; }", "1"),
        ("({ outputs = (_: { v = 1; }); })", "1"),
        ("rec { description = \"d\"; outputs = { self }: { v = 1; }; }", "1"),
        ("{ description = ''d''; nixConfig.x = true; outputs = { self, ... }@all: { v = 1; }; }", "1"),
        (
            "{ outputz = 1; outputs = { self }: { v = 1; }; }",
            "error: flake 'path:@/f' has an unsupported attribute 'outputz'",
        ),
        (
            "{ description = \"a\" + \"b\"; outputs = { self }: { v = 1; }; }",
            "error: expected a string but got a thunk",
        ),
        (
            "{ description = \"a${\"b\"}\"; outputs = { self }: { v = 1; }; }",
            "error: expected a string but got a thunk",
        ),
        (
            "{ description = 1; outputs = { self }: { v = 1; }; }",
            "error: expected a string but got an integer",
        ),
        (
            "let x = 1; in { outputs = { self }: { v = x; }; }",
            "error: file '@/f/flake.nix' must be an attribute set",
        ),
        (
            "{ } // { outputs = { self }: { v = 1; }; }",
            "error: file '@/f/flake.nix' must be an attribute set",
        ),
        ("{ outputs = { __functor = s: i: { v = 1; }; }; }", "error: expected a function but got a set"),
        ("{ outputs = builtins.const { v = 1; }; }", "error: expected a function but got a thunk"),
        ("{ outputs = if true then { self }: { } else 1; }", "error: expected a function but got a thunk"),
        (
            "{ inputs = let a = 1; in { }; outputs = { self }: { v = 1; }; }",
            "error: expected a set but got a thunk",
        ),
        (
            "{ inputs.a.url = \"path:\" + \"x\"; outputs = { self, a }: { v = 1; }; }",
            "error: expected a string or a path but got a thunk",
        ),
        (
            "{ inputs.a.flake = 1; outputs = { self, a }: { v = 1; }; }",
            "error: expected a Boolean but got an integer",
        ),
        ("{ inputs = { }; }", "error: flake 'path:@/f' lacks attribute 'outputs'"),
    ] {
        fs::create_dir_all(place.path().join("f")).unwrap();
        fs::write(place.path().join("f/flake.nix"), text).unwrap();
        assert_eq!(place.eval(&["path:./f#v"]), wanted, "{text}");
    }
}

#[test]
fn locks_that_nix_refuses() {
    let place = Place::new();
    place.write("dep/flake.nix", "{ outputs = { self }: { v = 7; }; }");
    place.write("f/flake.nix", "{ inputs.a.url = \"github:example/a\"; outputs = { self, a }: { v = 1; }; }");
    let original = r#""original":{"type":"github","owner":"example","repo":"a"}"#;
    let locked = r#""locked":{"type":"path","path":"@/dep"}"#;
    let lock = |a: &str, rest: &str| format!(r#"{{"nodes":{{{a}"root":{{"inputs":{{"a":"a"}}}}}}{rest}}}"#);
    let root = r#","root":"root","version":7"#;
    let start = "error: lock file '@/f/flake.lock' ";
    for (text, wanted) in [
        (
            lock(&format!(r#""a":{{{locked},{original}}},"#), root),
            "has the unlocked input 'path:@/dep' in node 'a'",
        ),
        (lock("", root), "references missing node 'a'"),
        (lock(&format!(r#""a":{{{original}}},"#), root), "lacks 'locked' in node 'a'"),
        (lock(&format!(r#""a":{{{locked}}},"#), root), "lacks 'original' in node 'a'"),
        (
            lock(&format!(r#""a":{{{locked},{original}}},"#), r#","version":7"#),
            "does not say which node is its 'root'",
        ),
        (lock("", r#","root":"root","version":4"#), "has unsupported version 4"),
        (
            r#"{"nodes":{"root":{"inputs":{"a":5}}},"root":"root","version":7}"#.into(),
            "leads nowhere with input 'a' of node 'root'",
        ),
        (r#"{"nodes":"#.into(), "is no JSON: EOF while parsing a value at line 1 column 9"),
    ] {
        place.write("f/flake.lock", &text);
        assert_eq!(place.eval(&["path:./f#v"]), format!("{start}{wanted}"), "{text}");
    }
}

/// `base` in two revisions, the first of which `mid` locks; `top`, whose lock has `mid` follow top's `base`.
fn follows(place: &Place) {
    place.write("base/flake.nix", "{ outputs = { self }: { v = \"base one\"; }; }");
    let old = place.commit("base");
    place.git("base", &["branch", "old"]);
    place.write("base/flake.nix", "{ outputs = { self }: { v = \"base two\"; }; }");
    let new = place.commit("base");
    let node = |name: &str, branch: &str, rev: &str, more: &str| {
        let branch = if branch.is_empty() { String::new() } else { format!(r#""ref":"{branch}","#) };
        format!(
            r#"{{"locked":{{"type":"git",{branch}"rev":"{rev}","url":"file://@/{name}"}},"original":{{"type":"git",{branch}"url":"file://@/{name}"}}{more}}}"#
        )
    };
    place.write(
        "mid/flake.nix",
        "{ inputs.base.url = \"git+file://@/base?ref=old\"; outputs = { self, base }: { v = base.v; }; }",
    );
    let base = node("base", "old", &old, "");
    place.write(
        "mid/flake.lock",
        &format!(
            r#"{{"nodes":{{"base":{base},"root":{{"inputs":{{"base":"base"}}}}}},"root":"root","version":7}}"#
        ),
    );
    let mid = place.commit("mid");
    place.write(
        "top/flake.nix",
        "{\n  inputs.base.url = \"git+file://@/base\";\n  inputs.mid.url = \"git+file://@/mid\";\n  inputs.mid.inputs.base.follows = \"base\";\n  outputs = { self, base, mid }: { v = mid.v; r = self.rev or \"none\"; d = self.dirtyRev or \"none\"; };\n}\n",
    );
    let (base, mid) = (node("base", "", &new, ""), node("mid", "", &mid, r#","inputs":{"base":["base"]}"#));
    place.write(
        "top/flake.lock",
        &format!(r#"{{"nodes":{{"base":{base},"mid":{mid},"root":{{"inputs":{{"base":"base","mid":"mid"}}}}}},"root":"root","version":7}}"#),
    );
}

#[test]
fn a_follows_that_is_gone_holds_no_longer() {
    let place = Place::new();
    follows(&place);
    let top = |text: &str| fs::write(place.path().join("top/flake.nix"), text).unwrap();
    let text = fs::read_to_string(place.path().join("top/flake.nix")).unwrap();
    let eval = || place.eval(&["path:./top#v"]);
    assert_eq!(eval(), "\"base two\"");
    let line = "  inputs.mid.inputs.base.follows = \"base\";\n";
    top(&text.replace(line, ""));
    assert_eq!(eval(), "\"base one\"");
    // Another one, and a reference in its place.
    let other = line.replace(
        "follows = \"base\"",
        &format!("url = \"git+file://{}/base?ref=old\"", place.path().display()),
    );
    top(&text.replace(line, &other));
    assert_eq!(eval(), "\"base one\"");
    top(&text.replace(line, &line.replace("\"base\"", "\"nowhere\"")));
    assert_eq!(eval(), "error: input 'nowhere' follows a non-existent input 'nowhere'");
    top(&text.replace("inputs.mid.inputs.base", "inputs.mid.inputs.bsae"));
    assert_eq!(eval(), "\"base one\"");
}

#[test]
fn with_another_lock_it_is_not_what_was_committed() {
    let place = Place::new();
    follows(&place);
    let rev = place.commit("top");
    let of = |args: &[&str]| place.eval(&[&["--raw"], args].concat());
    assert_eq!(of(&["./top#r"]), rev);
    place.write("other/flake.nix", "{ outputs = { self }: { v = \"other\"; }; }");
    let with = ["--override-input", "base", "path:./other"];
    assert_eq!(of(&[&["./top#v"], &with[..]].concat()), "other");
    for attribute in ["./top#r", "./top#d"] {
        assert_eq!(of(&[&[attribute], &with[..]].concat()), "none");
    }
    // An override of what is no input changes nothing, and is said.
    let output = Command::new(env!("CARGO_BIN_EXE_pgflakegen"))
        .args(["eval", "--raw", "./top#r", "--override-input", "bsae", "path:./other"])
        .current_dir(place.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), rev);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said, "warning: the flag '--override-input bsae path:./other' does not match any input\n");
}

/// Then the lock file is the one that was committed.
#[test]
fn an_override_by_what_is_locked_changes_nothing() {
    let place = Place::new();
    let at = place.path();
    place.write(
        "base/flake.nix",
        "{ outputs = { self }: { hash = self.narHash; modified = self.lastModified; }; }",
    );
    let (hash, modified) = (place.eval(&["path:./base#hash"]), place.eval(&["path:./base#modified"]));
    place.write(
        "top/flake.nix",
        "{ inputs.base.url = \"path:@/base\"; outputs = { self, base }: { r = self.rev or \"none\"; }; }",
    );
    let original = format!(r#"{{ "type": "path", "path": "{}/base" }}"#, at.display());
    let locked = original.replace('}', &format!(r#", "narHash": {hash}, "lastModified": {modified} }}"#));
    let lock = format!(
        r#"{{ "version": 7, "root": "root", "nodes": {{ "root": {{ "inputs": {{ "base": "base" }} }},
            "base": {{ "original": {original}, "locked": {locked} }} }} }}"#
    );
    fs::write(at.join("top/flake.lock"), lock).unwrap();
    let rev = place.commit("top");
    let of = |base: &str| place.eval(&["--raw", "./top#r", "--override-input", "base", base]);
    assert_eq!(of(&format!("path:{}/base", at.display())), rev);
    place.write("other/flake.nix", "{ outputs = { self }: { }; }");
    assert_eq!(of(&format!("path:{}/other", at.display())), "none");
    place.write("base/new", "");
    assert_eq!(of(&format!("path:{}/base", at.display())), "none");
}

#[test]
fn relative_inputs_of_relative_inputs() {
    let place = Place::new();
    place.write(
        "flake.nix",
        "{ inputs.one.url = \"path:./one\"; outputs = { self, one }: { v = one.v; ss = one.sourceInfo.outPath == self.sourceInfo.outPath; out = one.three.outPath == self.outPath + \"/three\"; nm = builtins.attrNames one; }; }",
    );
    place.write("one/flake.nix", "{ inputs.three.url = \"path:../three\"; outputs = { self, three }: { v = \"one ${three.v}\"; inherit three; }; }");
    place.write("three/flake.nix", "{ outputs = { self }: { v = \"three\"; }; }");
    assert_eq!(place.eval(&["path:.#v"]), "\"one three\"");
    assert_eq!(place.eval(&["path:.#ss"]), "true");
    assert_eq!(place.eval(&["path:.#out"]), "true");
    assert_eq!(
        place.eval(&["path:.#nm", "--json"]),
        r#"["_type","inputs","outPath","outputs","sourceInfo","three","v"]"#
    );
    place.write(
        "one/flake.nix",
        "{ inputs.three.url = \"path:../../three\"; outputs = { self, three }: { v = 1; }; }",
    );
    assert_eq!(
        place.eval(&["path:.#v"]),
        "error: relative path '../../three' points outside of its parent's store path"
    );
}

/// As Nix says it, once for a source; not when that is a commit.
#[test]
fn a_tree_with_changes_is_said() {
    let place = Place::new();
    place.write("flake.nix", "{ outputs = { self }: { a = 1; }; }");
    let rev = place.commit(".");
    let said = |reference: &str| {
        let output = program::run(&place.path(), &["eval", reference]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stderr).unwrap().replace(place.path().to_str().unwrap(), "@")
    };
    assert_eq!(said(".#a"), "");
    place.write("flake.nix", "{ outputs = { self }: { a = 2; }; }");
    assert_eq!(said(".#a"), "warning: Git tree '@' is dirty\n");
    assert_eq!(said(&format!("git+file://{}?rev={rev}#a", place.path().display())), "");
}

#[test]
fn what_git_does_not_track_is_said() {
    let place = Place::new();
    place.write(
        "flake.nix",
        "{ outputs = { self }: { a = import ./pkg.nix; b = builtins.readFile ./pkg.nix; c = builtins.readDir ./sub; d = builtins.pathExists ./pkg.nix; e = \"${./pkg.nix}\"; none = import ./none.nix; r = self.rev or \"dirty\"; }; }",
    );
    place.write("f", "a");
    let rev = place.commit(".");
    assert_eq!(place.eval(&[".#r"]), format!("\"{rev}\""));
    place.write("pkg.nix", "1");
    place.write("sub/x", "");
    for (attribute, path) in [("a", "pkg.nix"), ("b", "pkg.nix"), ("c", "sub"), ("e", "pkg.nix")] {
        let wanted = format!(
            "error: Path '{path}' in the repository \"@\" is not tracked by Git. To make it visible to Nix, run: git -C \"@\" add \"{path}\""
        );
        assert_eq!(place.eval(&[&format!(".#{attribute}")]), wanted);
    }
    assert_eq!(place.eval(&[".#d"]), "false");
    assert!(place.eval(&[".#none"]).ends_with("/none.nix' does not exist"));
    // A sparse checkout is not all of what was committed.
    place.git(".", &["update-index", "--skip-worktree", "f"]);
    assert_eq!(place.eval(&[".#r"]), format!("\"{rev}\""));
    fs::remove_file(place.path().join("f")).unwrap();
    assert_eq!(place.eval(&[".#r"]), "\"dirty\"");
    place.git(".", &["rm", "-q", "--cached", "flake.nix"]);
    assert!(
        place.eval(&[".#r"]).starts_with("error: Path 'flake.nix' in the repository \"@\" is not tracked")
    );
}

fn archive(place: &Path) {
    let status = Command::new("tar")
        .arg("-C")
        .arg(place)
        .args(["-czf"])
        .arg(place.join("one.tar.gz"))
        .arg("one")
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn entries_of_the_search_path_may_be_urls() {
    let place = Place::new();
    place.write("one/a.txt", "hi");
    archive(&place.path());
    let url = format!("foo=file://{}/one.tar.gz", place.path().display());
    let flake = format!("foo=flake:path:{}/one", place.path().display());
    let store = "\"/nix/store/";
    let read = |entry: &str| place.eval(&["-I", entry, "--expr", "builtins.readFile <foo/a.txt>"]);
    assert_eq!(read(&url), "\"hi\"");
    assert_eq!(read(&flake), "\"hi\"");
    let found = place.eval(&["-I", &url, "--expr", "toString <foo>"]);
    assert!(found.starts_with(store) && found.ends_with("-source\""), "{found}");
    let output = Command::new(env!("CARGO_BIN_EXE_pgflakegen"))
        .args(["eval", "--expr", "builtins.readFile <foo/a.txt>"])
        .env("NIX_PATH", format!("x=https://example.org/x.tar.gz:{url}:foo=/nowhere"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "\"hi\"\n");
    let output = Command::new(env!("CARGO_BIN_EXE_pgflakegen"))
        .args([
            "eval",
            "-I",
            "foo=https://example.org/x.tar.gz",
            "--expr",
            "[ (builtins.tryEval <foo>).success <foo> ]",
            "--strict",
        ])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let warning =
        "warning: Nix search path entry 'https://example.org/x.tar.gz' cannot be downloaded, ignoring\n";
    assert!(
        said.starts_with(&format!("{warning}error: file 'foo' was not found in the Nix search path")),
        "{said}"
    );
}
