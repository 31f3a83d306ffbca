//! Regular expressions: `builtins.match` and `builtins.split` of random patterns and texts, as Nix's library has them.

use std::process::Command;

use libtest_mimic::Failed;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::{self, message};

/// What a pattern is made of, brackets with all that may stand there among it.
const ATOMS: [&str; 36] = [
    "a",
    "b",
    "c",
    ".",
    "[ab]",
    "[^a]",
    "[a-c]",
    "[[:alpha:]]",
    "[]a]",
    "[a-]",
    "[-a]",
    "[a-c-e]",
    "[[:alpha:]-z]",
    "[[.hyphen.]]",
    "[[.a.]-c]",
    "[a-[.c.]]",
    "[[=a=]]",
    "[^]]",
    "[--a]",
    "[b-a]",
    "[[:ALPHA:]]",
    "[[.-.]]",
    "[a[.b.]-]",
    "[[:foo:]]",
    "[\\]",
    "[a-b-]",
    "[[:d:]]",
    "[[]",
    "^",
    "$",
    "\\.",
    "\\*",
    "\\a",
    "x",
    "ab",
    "",
];

const REPEATS: [&str; 16] =
    ["", "", "", "", "*", "+", "?", "{0,2}", "{1}", "{2,}", "{1,3}", "*?", "??", "{0}", "{,2}", "{2,1}"];

fn pattern() -> impl Strategy<Value = String> {
    let leaf = select(&ATOMS[..]).prop_map(str::to_owned);
    leaf.prop_recursive(3, 12, 4, |inner| {
        let repeated = (inner, select(&REPEATS[..])).prop_map(|(atom, repeat)| format!("{atom}{repeat}"));
        let branch = vec(repeated, 0..4).prop_map(|parts| parts.concat());
        vec(branch, 1..3).prop_map(|branches| format!("({})", branches.join("|")))
    })
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\"))
}

/// More of them with `PROPTEST_CASES`.
pub fn are_those_of_nix(nix: &str) -> Result<(), Failed> {
    let config =
        ProptestConfig { max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() };
    let test = |(pattern, texts): (String, Vec<String>)| {
        let (pattern, texts) = (quoted(&pattern), texts.iter().map(|text| quoted(text)).collect::<Vec<_>>());
        let text = format!(
            "map (t: [ (builtins.match {pattern} t) (builtins.split {pattern} t) ]) [ {} ]",
            texts.join(" ")
        );
        let output =
            Command::new(nix).args(["--eval", "--readonly-mode", "--strict", "-E", &text]).output().unwrap();
        let theirs = match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(message(&output.stderr)),
        };
        prop_assert_eq!(support::instantiated(&text, Default::default()), theirs, "{}", text);
        Ok(())
    };
    let cases = (pattern(), vec("[abcA\\]-]{0,7}", 8));
    let result = proptest::test_runner::TestRunner::new(config).run(&cases, test);
    result.map_err(|error| error.to_string().into())
}
