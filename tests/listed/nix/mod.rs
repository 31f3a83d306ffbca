//! What a real Nix says. Where it is missing these show as ignored, and CI looks that none did.
//!
//! - `output::…` and `syntax::…` take any `nix-instantiate` on PATH;
//! - `values::…` want a current one, which `PGFLAKEGEN_NIX` names: values must be equal whatever its version;
//! - `messages::…` are compared only with the version that they were written for.
//!
//! With `PGFLAKEGEN_BLESS=1` as well, the expectations of the cases are written anew.

#![allow(clippy::unwrap_used)] // a test may fail

mod builtins;
mod evaluation;
mod mistakes;
mod output;
mod printing;
mod regexes;
mod syntax;

use std::process::Command;

use libtest_mimic::{Failed, Trial};

/// The version whose messages ours are.
const MESSAGES: &str = "2.34";

/// All of them, with what is missing here ignored.
pub fn trials() -> Vec<Trial> {
    let missing = version_of("nix-instantiate").is_none();
    let no_store = missing || !has_store();
    let current = std::env::var("PGFLAKEGEN_NIX").unwrap_or_default();
    let version = version_of(&current);
    let other = !version.as_ref().is_some_and(|version| version.starts_with(MESSAGES));
    if missing {
        eprintln!("nix-instantiate is not on PATH: output::… and syntax::… are ignored");
    } else if no_store {
        eprintln!("there is no store that can be written: building is ignored");
    }
    match &version {
        None => eprintln!("PGFLAKEGEN_NIX names no nix-instantiate: values::… and messages::… are ignored"),
        Some(version) if other => {
            eprintln!("{current} is Nix {version}, not {MESSAGES}: messages::… are ignored");
        }
        Some(_) => {}
    }

    let installed =
        |name: &str, test: fn() -> Result<(), Failed>| named(name, test).with_ignored_flag(missing);
    let with = |name: &str, ignored: bool, test: fn(&str) -> Result<(), Failed>| {
        let current = current.clone();
        named(name, move || test(&current)).with_ignored_flag(ignored)
    };
    let values = |name: &str, test| with(name, version.is_none(), test);
    let messages = |name: &str, test| with(name, other, test);
    vec![
        named("output::written_derivations_are_built", output::written_derivations_are_built)
            .with_ignored_flag(no_store),
        installed("output::any_string_means_itself", output::any_string_means_itself),
        installed("output::any_attribute_name_means_itself", output::any_attribute_name_means_itself),
        installed("output::hostile_catalogue_text_stays_text", output::hostile_catalogue_text_stays_text),
        installed("output::flake_lock_is_what_nix_writes", output::flake_lock_is_what_nix_writes),
        installed("syntax::is_what_nix_takes", syntax::is_what_nix_takes),
        values("values::of_cases", evaluation::values_of_cases),
        values("values::of_fetched_sources", evaluation::values_of_fetched_sources),
        values("values::of_random_programs", evaluation::values_of_random_programs),
        values("values::as_they_are_printed", printing::is_that_of_nix),
        messages("messages::of_regular_expressions", regexes::are_those_of_nix),
        messages("messages::of_cases", evaluation::messages_of_cases),
        messages("messages::of_fetched_sources", evaluation::messages_of_fetched_sources),
        messages("messages::of_random_programs", evaluation::messages_of_random_programs),
        messages("messages::of_mistakes", mistakes::are_those_of_nix),
        messages("messages::names_of_builtins", builtins::are_those_of_nix),
    ]
}

fn named(name: &str, test: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    Trial::test(format!("nix::{name}"), test)
}

/// `2.34.8`, where the program is a `nix-instantiate`.
fn version_of(program: &str) -> Option<String> {
    let output =
        Command::new(program).arg("--version").output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().rsplit(' ').next()?.to_owned())
}

/// Whether things can be put into the Nix store.
fn has_store() -> bool {
    let Ok(file) = tempfile::NamedTempFile::new() else { return false };
    let added = Command::new("nix-store").arg("--add").arg(file.path()).output();
    added.is_ok_and(|output| output.status.success())
}
