//! The cases in `tests/cases/eval`: `okay/NAME.nix` gives `NAME.exp`, `fail/NAME.nix` fails with the
//! message in `NAME.err`, both as Nix 2.34 has them; `xfail` holds cases that are known to differ
//! and must keep differing, so that a mended one is moved.
//!
//! The expectations themselves are checked by `tests/listed/nix`.

#![allow(clippy::unwrap_used)] // a test may fail

use std::fs;
use std::path::{Path, PathBuf};

use pgflakegen::nix::eval::Settings;

use crate::support;

fn cases(kind: &str) -> Vec<PathBuf> {
    support::cases(&format!("eval/{kind}"))
}

/// What we make of a program: its value as `nix-instantiate --eval --strict` prints it, or the message.
fn ours(text: &str) -> Result<String, String> {
    support::instantiated(text, Settings { system: "x86_64-linux".into(), ..Settings::default() })
}

/// Why a case differs from what it expects.
fn check(path: &Path, text: &str) -> Option<String> {
    let read = |extension: &str| fs::read_to_string(path.with_extension(extension)).ok();
    let name = path.file_stem().unwrap().to_string_lossy();
    match (ours(text), read("exp"), read("err")) {
        (Ok(found), Some(wanted), _) if found == wanted => None,
        (Err(found), None, Some(wanted)) if found.lines().next() == wanted.lines().next() => None,
        (found, exp, err) => {
            let wanted = exp.or(err).unwrap_or_default();
            Some(format!("{name}: {text}  wanted: {wanted}  found:  {found:?}\n"))
        }
    }
}

#[test]
fn okay_and_fail() {
    let files: Vec<_> = cases("okay").into_iter().chain(cases("fail")).collect();
    assert!(files.len() > 400, "only {} cases", files.len());
    let wrong: Vec<_> =
        files.iter().filter_map(|path| check(path, &fs::read_to_string(path).unwrap())).collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), files.len(), wrong.concat());
}

#[test]
fn xfail_still_differ() {
    for path in cases("xfail") {
        let differs = check(&path, &fs::read_to_string(&path).unwrap());
        assert!(differs.is_some(), "{} is mended: move it to okay or fail", path.display());
    }
}
