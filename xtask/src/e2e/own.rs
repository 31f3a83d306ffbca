//! pgflakegen as this repository's flake packages it: built by Nix, and run from an empty folder.

use std::fs;

use anyhow::{Context as _, Result, bail};

use super::command::logged;
use super::nix::{build, on_flake, reference};
use super::{Context, Outcome, catalogue, rust};

/// What the package has beside the program.
const BESIDE: [&str; 4] = [
    "share/bash-completion/completions/pgflakegen",
    "share/fish/vendor_completions.d/pgflakegen.fish",
    "share/man/man1/pgflakegen.1",
    "share/zsh/site-functions/_pgflakegen",
];

/// `nix build .#pgflakegen`, and `nix run .#pgflakegen` where nothing is.
pub fn package(context: &Context) -> Result<Outcome> {
    let crates = rust::crates_of_lock(context, &context.root)?;
    let copy = context.state.join("package");
    catalogue::copy_repository(context, &copy)?;
    let installable = [reference(&copy, "pgflakegen")];
    let built = build(context, "package", &copy, &["pgflakegen".to_owned()])?;
    let out = built.first().context("nix build says no path")?;
    for file in BESIDE {
        let there = [file.to_owned(), format!("{file}.gz")]
            .iter()
            .any(|file| fs::metadata(format!("{out}/{file}")).is_ok_and(|file| file.len() > 0));
        if !there {
            bail!("{out} has no {file}");
        }
    }
    let empty = tempfile::tempdir()?;
    let run = |words: &[&str]| -> Result<String> {
        let mut command = on_flake(context, &["run"], &installable);
        command.arg("--").args(words).current_dir(empty.path());
        logged(&mut command, &context.log("run"), |_| ())
    };
    for words in [&["init", "--quiet"][..], &["--quiet"], &["check", "--quiet"]] {
        run(words)?;
    }
    // Its commit it does not know: with inputs that are replaced, a flake has none for Nix.
    let version = run(&["--version"])?.trim().to_owned();
    Ok(Outcome::Done(format!("{version}, of {crates} crates")))
}
