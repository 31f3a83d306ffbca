//! pgflakegen as this repository's flake packages it: built by Nix, and run from an empty folder.

use std::fs;

use anyhow::{Context as _, Result, bail};

use super::command::{logged, output, program};
use super::nix::{on_flake, with_progress};
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
    // From the repository and not from its files: the flake then knows the commit.
    let git_dir = copy.with_extension("git");
    let rev = output(program("git").arg("--git-dir").arg(&git_dir).args(["rev-parse", "HEAD"]))?;
    let rev = rev.trim();
    let installable = [format!("git+file://{}?rev={rev}#pgflakegen", git_dir.display())];
    let mut build = on_flake(context, &["build", "--no-link", "--json", "--print-build-logs"], &installable);
    let built: serde_json::Value =
        serde_json::from_str(&with_progress(context, &mut build, "package")?).context("nix build --json")?;
    let out = built[0]["outputs"]["out"].as_str().context("nix build says no path")?;
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
        logged(&mut command, &context.log("package-run"), |_| ())
    };
    for words in [&["init", "--quiet"][..], &["--quiet"], &["check", "--quiet"]] {
        run(words)?;
    }
    let version = run(&["--version"])?.trim().to_owned();
    if !version.ends_with(&format!("({})", &rev[..12.min(rev.len())])) {
        bail!("{version} does not name the commit {rev}");
    }
    Ok(Outcome::Done(format!("{version}, of {crates} crates")))
}
