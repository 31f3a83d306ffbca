//! What is printed: every type of value, by every way in which one asks for it.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use libtest_mimic::Failed;

const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-5",
    "9223372036854775807",
    "1.5",
    "-0.0",
    "1.0e30",
    "1.0e-7",
    "100000000.0",
    r#""""#,
    r#""text""#,
    r#""a \"quote\", a \\, a \$ and \${no}, a tab \t and a line\nmore""#,
    r#""é ☺ \r""#,
    "/p/q",
    "[ /p/q ]",
    "[ ]",
    r#"[ 1 "a" null [ ] [ [ 2 ] ] ]"#,
    "{ }",
    "{ a = 1; b.c = 2; }",
    r#"{ "with blank" = 1; "1" = 2; if = 3; a-b = 4; a' = 5; "" = 6; "a\"b" = 7; or = 8; }"#,
    "{ a = { b = { c = { d = [ { e = 1; } ]; }; }; }; }",
    "x: x",
    "{ a, b ? 1, ... }: a",
    "builtins.add",
    "builtins.add 1",
    "[ (x: x) builtins.head (builtins.map 1) ]",
    r#"{ type = "derivation"; drvPath = "/nix/store/x.drv"; outPath = "/nix/store/x"; name = "x"; }"#,
    r#"derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; }"#,
    r#"[ (derivation { name = "x"; system = "x86_64-linux"; builder = "/bin/sh"; }) ]"#,
    r#"{ outPath = "/somewhere"; a = 1; }"#,
    r#"{ __toString = self: "as text"; a = 1; }"#,
    "{ __functor = self: x: x; a = 1; }",
    r#"throw "no""#,
    r#"{ a = 1; b = throw "no"; }"#,
    r#"[ 1 (throw "no") ]"#,
    r#"{ a = abort "no"; }"#,
    "let a = { b = a; c = 1; }; in a",
    "let a = [ a 1 ]; in [ (builtins.elemAt a 1) ]",
    "let a = { b = 1; }; in [ a a { inherit a; } ]",
    "let a = [ 1 2 ]; in { inherit a; b = a; }",
    "(x: { a = x; b = x + 1; }) 1",
    "builtins.genList (x: x * x) 12",
    r#"builtins.listToAttrs [ { name = "b"; value = 1; } { name = "a"; value = 2; } ]"#,
];

/// By `nix-instantiate`: options of its own, and ours.
const INSTANTIATE: [(&[&str], &[&str]); 3] = [
    (&[], &[]),
    (&["--strict"], &["--strict"]),
    // Without --strict Nix fails where something is not evaluated yet.
    (&["--json", "--strict"], &["--json"]),
];

/// By `nix eval`.
const EVAL: [&[&str]; 3] = [&[], &["--json"], &["--raw"]];

/// What was printed, or that nothing was.
fn said(output: &Output) -> Option<String> {
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// All of them, with both programs.
pub fn is_that_of_nix(nix_instantiate: &str) -> Result<(), Failed> {
    const OURS: &str = env!("CARGO_BIN_EXE_pgflakegen");
    let nix = Path::new(nix_instantiate).with_file_name("nix");
    let folder = tempfile::tempdir()?;
    let mut flake = "{\n  outputs = { self }: {\n".to_owned();
    for (number, value) in VALUES.iter().enumerate() {
        writeln!(flake, "    v{number} = {value};")?;
    }
    std::fs::write(folder.path().join("flake.nix"), flake + "  };\n}\n")?;
    let flake = format!("path:{}", folder.path().display());
    let mut wrong = String::new();
    let mut compare = |what: String, ours: Output, theirs: Output| -> Result<(), Failed> {
        let (mine, nixs) = (said(&ours), said(&theirs));
        if mine != nixs {
            let (stderr, error) =
                (String::from_utf8_lossy(&theirs.stderr), String::from_utf8_lossy(&ours.stderr));
            writeln!(wrong, "{what}\n  ours: {mine:?} {error}\n  Nix:  {nixs:?} {stderr}")?;
        }
        Ok(())
    };
    for (number, value) in VALUES.iter().enumerate() {
        for (theirs, ours) in INSTANTIATE {
            let theirs = Command::new(nix_instantiate)
                .args(["--eval", "--readonly-mode"])
                .args(theirs)
                .args(["-E", value])
                .output()?;
            let mine = Command::new(OURS).arg("eval").args(ours).args(["-E", value]).output()?;
            compare(format!("nix-instantiate {ours:?} {value}"), mine, theirs)?;
        }
        for options in EVAL {
            let attribute = format!("{flake}#v{number}");
            let theirs = Command::new(&nix)
                .args(["--extra-experimental-features", "nix-command flakes", "eval", "--no-write-lock-file"])
                .args(options)
                .arg(&attribute)
                .output()?;
            let mine = Command::new(OURS).arg("eval").args(options).arg(&attribute).output()?;
            compare(format!("nix eval {options:?} {value}"), mine, theirs)?;
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into()) }
}
