//! The evaluating commands as they are typed: errors, limits, what a change rebuilds.

#![allow(clippy::unwrap_used)] // a test may fail

use std::fs;
use std::process::Command;

use crate::support::program::{git, run, stderr, stdout};

/// A git repository with these files, committed.
fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = dir.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    git(dir.path(), &["init", "-q"]);
    git(dir.path(), &["add", "-A"]);
    git(dir.path(), &["commit", "-q", "-m", "first"]);
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
fn where_nothing_could_be_evaluated_nothing_is_known() {
    let flake = "{ outputs = _: { packages.x86_64-linux.only = throw \"no\"; }; }";
    let dir = repository(&[("flake.nix", flake)]);
    for args in [&["drvs"][..], &["drv-diff"], &["drv-diff", "HEAD", "HEAD"]] {
        let found = run(dir.path(), args);
        assert_eq!(found.status.code(), Some(2), "{args:?}: {}", stderr(&found));
        assert!(
            stderr(&found).contains("1 could not be evaluated") || stderr(&found).contains("1 of 1 package"),
            "{}",
            stderr(&found)
        );
    }
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

/// Files are bytes: what Nix 2.34 makes of each, or its message and where.
#[test]
fn sources_are_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let cases: [(&[u8], &[u8]); 9] = [
        (b"{ n = \"caf\xe9\"; c = 1; # M\xfcller\n i = ''\n  \xe9t\xe9 ${\"x\xe8\"}\n''; }", b"{ c = 1; i = \"\xe9t\xe9 x\xe8\\n\"; n = \"caf\xe9\"; }\n"),
        (b"builtins.stringLength \"M\xfcller \\\xfc\" # \xfc", b"8\n"),
        (b"{ \"\xfc\" = \"\xc3\xbc\"; }.\"\xfc\"", "\"\u{fc}\"\n".as_bytes()),
        (b"\xfc", b"error: syntax error, unexpected invalid token"),
        (b"# a\r1", b"1\n"),
        (b"# a\r# b\r\n[ 1 # '' c\r2 ''\n  a\rb\n'' ]", b"[ 1 2 \"a\\rb\\n\" ]\n"),
        (b"/* a\0b */ 1 # \0", b"1\n"),
        (b"\"foo\0bar\"", "error: input string 'foo\u{2400}bar' cannot be represented as Nix string because it contains null bytes".as_bytes()),
        (b"{ \"a\0b\" = 1; }", "error: input string 'a\u{2400}b' cannot be represented as Nix string because it contains null bytes".as_bytes()),
    ];
    for (n, (program, wanted)) in cases.into_iter().enumerate() {
        let shown = String::from_utf8_lossy(program);
        fs::write(dir.path().join(format!("{n}.nix")), program).unwrap();
        let found = run(dir.path(), &["eval", "--strict", "-f", &format!("{n}.nix")]);
        let bytes = if found.status.success() { &found.stdout } else { &found.stderr };
        assert!(bytes.starts_with(wanted), "{shown}: {}", String::from_utf8_lossy(bytes));
        assert_eq!(
            run(dir.path(), &["eval", "--parse", &format!("{n}.nix")]).status.success(),
            found.status.success()
        );
    }
    let said = stderr(&run(dir.path(), &["eval", "--parse", "3.nix"]));
    assert!(said.lines().nth(1).is_some_and(|line| line.ends_with("/3.nix:1:1")), "{said}");
    // Positions count bytes, and a carriage return ends a line.
    let place = b"# \xfc\r# b\n{ \r\n \"\xfc\" = 1;\r b = \"\xfc\" + 1; }";
    fs::write(dir.path().join("place.nix"), place).unwrap();
    let found = run(dir.path(), &["eval", "--strict", "-f", "place.nix"]);
    let said = stderr(&found);
    assert!(said.contains("/place.nix:5:12\n"), "{said}");
    let expr =
        "map (n: let p = builtins.unsafeGetAttrPos n (import ./place.nix); in [ p.line p.column ]) [ \"b\" ]";
    assert_eq!(stdout(&run(dir.path(), &["eval", "--strict", "-E", expr])), "[ [ 5 2 ] ]\n");
}

/// An error stands at the part of a text, or the operand, that it is about.
#[test]
fn errors_stand_at_the_part_they_are_about() {
    let dir = tempfile::tempdir().unwrap();
    let file = "{\n  a = \"a${1}b\";\n  b = 1 + \"a\";\n  c = ''\n    foo\n    ${5432}\n  '';\n  d = /a/${ 1 }/b;\n  e = \"a\" + \"b\" + [ ];\n  f = { } + 1;\n}\n";
    fs::write(dir.path().join("m.nix"), file).unwrap();
    for (attr, place) in
        [("a", "2:9"), ("b", "3:11"), ("c", "6:5"), ("d", "8:10"), ("e", "9:19"), ("f", "10:7")]
    {
        let said = stderr(&run(dir.path(), &["eval", "-f", "m.nix", "-A", attr]));
        assert!(
            said.lines().nth(1).is_some_and(|line| line.ends_with(&format!("/m.nix:{place}"))),
            "{attr}: {said}"
        );
    }
}

/// A file of any size has its lines counted once: so many positions in one of megabytes take no time.
#[test]
fn positions_in_large_files() {
    let dir = tempfile::tempdir().unwrap();
    let mut file = String::from("{\n");
    for n in 0..12_000 {
        file.push_str(&format!("  package{n:05} = {{ pname = \"some-package-{n:05}\"; version = \"1.{n}\"; description = \"{:60}\"; }};\n", ""));
    }
    file.push('}');
    assert!(file.len() > 1 << 20);
    fs::write(dir.path().join("large.nix"), file).unwrap();
    let expr = "let s = import ./large.nix; in builtins.foldl' (sum: n: sum + (builtins.unsafeGetAttrPos n s).line) 0 (builtins.attrNames s)";
    assert_eq!(stdout(&run(dir.path(), &["eval", "-E", expr, "--max-time", "60"])), "72018000\n");
}

/// Nix's `lint-*` options: what they say, that it is an error with `fatal`, and that nothing is said without them.
#[test]
fn or_as_a_name_is_advised_against() {
    let dir = tempfile::tempdir().unwrap();
    let warned = |text: &str| {
        let output = run(
            dir.path(),
            &["eval", "--strict", "--expr", &format!("let or = 2; f = x: x; a = {{ }}; in {text}")],
        );
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stderr(&output).matches("warning: This expression uses `or` as an identifier").count()
    };
    // As Nix 2.34 does: where a future reading would be another one.
    for (text, count) in [
        ("f or", 0),
        ("[ (f or) ]", 0),
        ("f (f or)", 0),
        ("[ f or 3 ]", 1),
        ("[ (x: x) or (a.b or f or) ]", 2),
        ("(x: y: y) f or", 1),
        ("{ or = 1; }.or", 0),
    ] {
        assert_eq!(warned(text), count, "{text}");
    }
}

#[test]
fn lints_of_literals() {
    let dir = tempfile::tempdir().unwrap();
    let file = "[\n  ./a\n  a/b\n  http://x\n  /abs\n  ../c\n  (builtins.isString \"http://y\")\n]\n";
    fs::write(dir.path().join("l.nix"), file).unwrap();
    let eval = |args: &[&str]| run(dir.path(), &[&["eval", "--strict", "-f", "l.nix"], args].concat());
    let plain = eval(&[]);
    assert_eq!((plain.status.code(), stderr(&plain).as_str()), (Some(0), ""));
    for (lint, place, warning, fatal) in [
        (
            "--lint-url-literals",
            "4:3",
            "URL literals are discouraged. Consider using a string literal \"http://x\" instead (lint-url-literals)",
            "URL literals are disallowed. Consider using a string literal \"http://x\" instead (lint-url-literals)",
        ),
        (
            "--lint-short-path-literals",
            "3:3",
            "relative path literal 'a/b' should be prefixed with '.' for clarity: './a/b' (lint-short-path-literals)",
            "",
        ),
        (
            "--lint-absolute-path-literals",
            "5:3",
            "absolute path literals are not portable. Consider replacing path literal '/abs' by a string, relative path, or parameter (lint-absolute-path-literals)",
            "",
        ),
    ] {
        let found = eval(&[lint, "warn"]);
        assert_eq!(stdout(&found), stdout(&plain), "{lint}");
        let said = stderr(&found);
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(lines.len(), 5, "{said}");
        assert_eq!(lines[0], format!("warning: {warning}"));
        assert!(lines[1].ends_with(&format!("/l.nix:{place}")), "{said}");
        let found = eval(&[lint, "fatal"]);
        let fatal = if fatal.is_empty() { warning } else { fatal };
        assert_eq!(found.status.code(), Some(1));
        assert_eq!(stderr(&found).lines().next().unwrap(), format!("error: {fatal}"));
    }
    assert_eq!(eval(&["--lint-url-literals", "bogus"]).status.code(), Some(2));
}

/// Dates of TOML, where Nix's experimental feature is on.
#[test]
fn timestamps_of_toml() {
    let dir = tempfile::tempdir().unwrap();
    let expr = r#"map (v: v._type + " " + v.value) (builtins.attrValues (builtins.fromTOML ''
      a = 1979-05-27 07:32:00z
      b = 1979-05-27t00:32:00.1234-07:00
      c = 07:32:00.1
      d = 1979-05-27
      e = 1979-05-27T07:32:00.1234567891
      f = 1979-05-27T07:32:00.000+00:00
    ''))"#;
    let found = run(
        dir.path(),
        &["eval", "--json", "--expr", expr, "--extra-experimental-features", "parse-toml-timestamps"],
    );
    let wanted = r#"["timestamp 1979-05-27T07:32:00Z","timestamp 1979-05-27T00:32:00.123400-07:00","timestamp 07:32:00.100","timestamp 1979-05-27","timestamp 1979-05-27T07:32:00.123456789","timestamp 1979-05-27T07:32:00Z"]"#;
    assert_eq!(stdout(&found).trim_end(), wanted, "{}", stderr(&found));
    let refused = stderr(&run(dir.path(), &["eval", "--json", "--expr", expr]));
    assert!(refused.starts_with("error: while parsing TOML: Dates and times are not supported"), "{refused}");
}
