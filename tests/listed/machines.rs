//! The NixOS module of a machine as a real Nix evaluates it; `it/machines.rs` says what is to come of it.

use std::path::Path;
use std::process::Command;

use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use crate::support::program::{run, stderr};

/// Ignored without a Nix.
pub fn trials() -> Vec<Trial> {
    let reference = std::env::var("PGFLAKEGEN_NIX").unwrap_or_else(|_| "nix-instantiate".to_owned());
    let version = Command::new(&reference).arg("--version").output();
    let missing = !version.is_ok_and(|output| output.status.success());
    let compare = move || as_nix_evaluates_it(&reference);
    vec![Trial::test("machines::as_nix_evaluates_it", compare).with_ignored_flag(missing)]
}

fn as_nix_evaluates_it(reference: &str) -> Result<(), Failed> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let expression = format!("import {}", root.join("tests/cases/machine/evaluated.nix").display());
    let words = ["--eval", "--strict", "--json", "--expr", &expression];
    let theirs = Command::new(reference).args(words).env_remove("NIX_PATH").output()?;
    if !theirs.status.success() {
        return Err(String::from_utf8_lossy(&theirs.stderr).into_owned().into());
    }
    let ours = run(root, &["eval", "--impure", "--strict", "--json", "-E", &expression]);
    if !ours.status.success() {
        return Err(stderr(&ours).into());
    }
    let (theirs, ours): (Value, Value) =
        (serde_json::from_slice(&theirs.stdout)?, serde_json::from_slice(&ours.stdout)?);
    if theirs != ours {
        return Err(format!("Nix: {theirs:#}\nwe: {ours:#}").into());
    }
    Ok(())
}
