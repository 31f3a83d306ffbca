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

/// A git repository with these files, committed.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
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
    assert!(
        git(&["init", "-q"]) && git(&["add", "-A"]) && git(&["commit", "-q", "-m", "first"]),
        "git is needed"
    );
    dir
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
    let dir = repository(&[("flake.nix", FLAKE), ("parts.nix", PARTS)]);
    fs::write(dir.path().join("parts.nix"), PARTS.replace("leaf-1.0", "leaf-1.1").replace("two", "three"))
        .unwrap();
    let found = run(dir.path(), &["drv-diff"]);
    let text = stdout(&found);
    assert_eq!(
        text,
        "unknown packages.x86_64-linux.broken\n  \
           error: attribute 'nothing' missing\n\
         rebuilt packages.x86_64-linux.top\n  \
           middle-1.0 > leaf-1.0 > flags: one two → one three\n  \
           middle-1.0 > leaf-1.0 > name: leaf-1.0 → leaf-1.1\n",
        "{}",
        stderr(&found)
    );
    assert_eq!(found.status.code(), Some(1));
    let counted = "1 of 3 packages change; 1 could not be evaluated, before or after\n";
    assert_eq!(stderr(&found), counted);
    // Nothing changes only where everything was evaluated.
    let none = run(dir.path(), &["drv-diff", "HEAD", "HEAD"]);
    assert_eq!(stderr(&none), counted.replacen('1', "0", 1));
    assert_eq!(none.status.code(), Some(1));
    let dir =
        repository(&[("flake.nix", &FLAKE.replace("parts.nothing", "parts.leaf")), ("parts.nix", PARTS)]);
    let none = run(dir.path(), &["drv-diff", "HEAD", "HEAD"]);
    assert_eq!(stderr(&none), "0 of 3 packages change\n");
    assert_eq!((stdout(&none).as_str(), none.status.code()), ("", Some(0)));
}

#[test]
fn a_repository_that_git_does_not_trust_is_gits_to_explain() {
    let dir = repository(&[("flake.nix", FLAKE), ("parts.nix", PARTS)]);
    // git plays another user for its own tests.
    let output = Command::new(env!("CARGO_BIN_EXE_pgflakegen"))
        .arg("drv-diff")
        .current_dir(dir.path())
        .env("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("dubious ownership in repository"), "{said}");
    assert!(said.contains("git config --global --add safe.directory"), "{said}");
    assert!(!said.contains("no revision"), "{said}");
}

#[test]
fn errors_show_the_flakes_own_files() {
    let dir = repository(&[("flake.nix", FLAKE), ("parts.nix", PARTS)]);
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

/// Each part needs far more than it leaves; together they need many times what is allowed here.
const WASTEFUL: &str = r#"
let
  waste = n: builtins.foldl' (sum: s: sum + s.a + builtins.stringLength s.b) 0
    (builtins.genList (x: { a = x * n; b = "text ${toString x}"; c = x: n; } // { d = [ x n ]; }) 4000);
  kept = builtins.genList (n: { name = "kept-${toString n}"; inherit n; f = x: x + n; }) 300;
  part = n: {
    total = waste n;
    inherit (builtins.elemAt kept n) name;
    later = if n > 0 then (builtins.elemAt parts (n - 1)).total + (builtins.elemAt kept n).f 1 else 0;
    list = map (x: x * n) [ 1 2 ];
  };
  parts = builtins.genList part 300;
  package = n: derivation {
    name = "p-${toString n}"; system = "x86_64-linux"; builder = "/bin/sh";
    value = toString (waste n);
    inputs = if n == 0 then [ ] else [ (package (n - 1)).name packages."p${toString (n / 2)}" ];
  };
  packages = builtins.listToAttrs (builtins.genList (n: { name = "p${toString n}"; value = package n; }) 300);
in
"#;

#[test]
fn memory_is_used_again() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let found = run(dir.path(), args);
        assert!(found.status.success(), "{args:?}: {}", stderr(&found));
        stdout(&found)
    };
    let program = format!("{WASTEFUL} parts");
    for rest in [&["--strict"][..], &["--json"], &["--strict", "--json"]] {
        let eval = |limit: &str| run(&[&["eval", "-E", &program, "--max-memory", limit], rest].concat());
        assert_eq!(eval("24"), eval("4000"), "{rest:?}");
    }
    fs::write(dir.path().join("default.nix"), format!("{WASTEFUL} packages")).unwrap();
    let list = |threads: &str, limit: &str| {
        run(&["drvs", "-f", "default.nix", "--json", "--threads", threads, "--max-memory", limit])
    };
    let wanted = list("1", "4000");
    assert_eq!(wanted.lines().count(), 300);
    for threads in ["1", "2", "4", "2", "4"] {
        assert_eq!(list(threads, "40"), wanted, "{threads} threads");
    }
}

/// Packages that need each other, sets, errors of all kinds, cycles within one package and through several.
const MANY: &str = r#"
let
  package = name: args: derivation ({ inherit name; system = "x86_64-linux"; builder = "/bin/sh"; } // args);
  numbers = builtins.genList (n: n) 120;
  named = make: builtins.listToAttrs (map (n: { name = "p${toString n}"; value = make n; }) numbers);
  work = n: builtins.foldl' (sum: x: sum + x * n) 0 (builtins.genList (x: x) 300);
  all = named (n: package "p-${toString n}" {
    value = toString (work n);
    inputs = map (m: all."p${toString m}") (builtins.filter (m: m < n && (n - m == 1 || n / 2 == m || n / 3 == m)) numbers);
  });
  lazy = { a = work 3; b = { c = work 4; }; list = [ (work 5) ]; };
  broken = named (n:
    if builtins.div n 5 * 5 == n then throw "package ${toString n} is broken"
    else if builtins.div n 3 * 3 == n then package "x" { inputs = [ broken."p${toString (n - 1)}" ]; }
    else if builtins.div n 2 * 2 == n then package "y" { value = lazy; number = lazy.a + n; }
    else if builtins.div n 7 * 7 == n then assert lazy.b.c == n; package "z" { }
    else "${toString n}" + lazy);
  ring = named (n: package "r" { next = ring."p${toString (if n == 119 then 0 else n + 1)}"; });
  loose = { call = ({ zeta, alpha, ... }: alpha) { }; self = loose.self; a = loose.b + 1; b = loose.c + 1; c = if lazy.a == loose.a then 1 else 2; };
in
all // loose // {
  broken = broken // { recurseForDerivations = true; };
  rings = ring // { recurseForDerivations = true; deeper = all // { recurseForDerivations = true; }; };
  hidden = broken;
}
"#;

#[test]
fn as_many_threads_as_you_like() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("default.nix"), MANY).unwrap();
    let list = |threads: &str, rest: &[&str]| {
        run(dir.path(), &[&["drvs", "-f", "default.nix", "--threads", threads], rest].concat())
    };
    for rest in [&[][..], &["--json"], &["--force-recurse", "--max-call-depth", "500"]] {
        let one = list("1", rest);
        assert_eq!(one.status.code(), Some(1));
        for threads in ["2", "4", "2", "4", "7", "1000000"] {
            let more = list(threads, rest);
            assert_eq!(stdout(&more), stdout(&one), "{threads} {rest:?}");
            assert_eq!(stderr(&more), stderr(&one), "{threads} {rest:?}");
        }
    }
    let (packages, errors) = (stdout(&list("2", &[])), stderr(&list("2", &[])));
    assert_eq!(packages.lines().count(), 240);
    assert!(packages.starts_with("p0\tp-0\t/nix/store/"));
    assert!(packages.contains("\nrings.deeper.p119\tp-119\t"));
    let count = |text: &str| errors.lines().filter(|line| line.contains(text)).count();
    // Every number once in `broken`, `ring` and five by themselves.
    assert_eq!(count(": error: "), 245);
    assert_eq!(count(": error: infinite recursion encountered"), 124);
    // Each of the three cycles is shown where it is entered first.
    assert_eq!(count("it needs itself"), 3);
    assert_eq!(count("broken.p35: error: package 35 is broken"), 1);
}

/// Small files that are deep in ways that brackets do not tell.
#[test]
fn deep_programs_are_values_or_errors() {
    let dir = tempfile::tempdir().unwrap();
    // With blanks: looking for paths, rnix reads all that could be in one, again from each dot.
    let dots = format!("{{ a{} = 1; }}", " . a".repeat(20_000));
    let again = format!("{{ a{0} = 1; a{0}.b = 2; }}", " . a".repeat(20_000));
    let mixed = format!("{}1{}", "{ a.a.a.a.a.a.a.a = ".repeat(3000), "; }".repeat(3000));
    for (name, text, wanted) in [
        ("dots", dots, "{ a = <CODE>; }\n"),
        ("mixed", mixed, "{ a = <CODE>; }\n"),
        ("assert", "assert true; ".repeat(40_000) + "1", "1\n"),
        ("or", "{}.a or ".repeat(50_000) + "1", "1\n"),
        ("again", again, "already defined"),
    ] {
        fs::write(dir.path().join(name), text).unwrap();
        for args in [&["eval", "--impure", "-f", name][..], &["eval", "--parse", name]] {
            let found = run(dir.path(), args);
            assert!(found.status.code().is_some(), "{name}: {:?}", found.status);
            match wanted.ends_with('\n') {
                true if args.contains(&"-f") => assert_eq!(stdout(&found), wanted, "{name}"),
                true => assert!(found.status.success(), "{name}"),
                false => assert!(stderr(&found).contains(wanted), "{name}: {}", stderr(&found)),
            }
        }
    }
}
