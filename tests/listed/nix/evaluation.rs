//! Programs, whose value or error is Nix's: the cases in `tests/cases/eval` and `tests/cases/fetch`, and random
//! ones. Values and messages are compared apart: messages change with Nix, values must not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::Failed;
use proptest::prelude::*;

use crate::support::{self, message, random, typed};

/// What the cases use, and everybody who has flakes has switched on.
const FEATURES: [&str; 3] = ["--option", "extra-experimental-features", "nix-command flakes"];

/// What of an outcome is compared.
#[derive(Clone, Copy, PartialEq)]
enum Compared {
    /// Values, and that there is none.
    Values,
    /// The messages of those that have none.
    Messages,
}

pub fn values_of_cases(nix: &str) -> Result<(), Failed> {
    of_cases(nix, Compared::Values)
}

pub fn messages_of_cases(nix: &str) -> Result<(), Failed> {
    of_cases(nix, Compared::Messages)
}

fn of_cases(nix: &str, compared: Compared) -> Result<(), Failed> {
    let mut wrong = String::new();
    let folders = ["okay", "fail", "xfail"];
    let files: Vec<PathBuf> =
        folders.iter().flat_map(|kind| support::cases(&format!("eval/{kind}"))).collect();
    for path in files.iter().filter(|path| concerns(path, compared)) {
        let text = fs::read_to_string(path)?;
        // Relative paths of the cases are relative to the root.
        let mut command = Command::new(nix);
        command.current_dir("/").args(FEATURES);
        let output = command.args(["--eval", "--readonly-mode", "--strict", "-E", &text]).output()?;
        wrong += &difference(path, &output, compared, |text| text)?;
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into()) }
}

/// With messages, only cases that have one; with values, all.
fn concerns(path: &Path, compared: Compared) -> bool {
    compared == Compared::Values || path.with_extension("err").exists() || blessing()
}

fn blessing() -> bool {
    std::env::var_os("PGFLAKEGEN_BLESS").is_some()
}

/// How Nix's outcome differs from what is expected; when blessing, it becomes what is expected.
fn difference(
    path: &Path,
    output: &Output,
    compared: Compared,
    general: impl Fn(String) -> String,
) -> Result<String, Failed> {
    let (extension, found) = match output.status.success() {
        true => ("exp", String::from_utf8_lossy(&output.stdout).into_owned()),
        false => ("err", message(&output.stderr) + "\n"),
    };
    let (file, found) = (path.with_extension(extension), general(found));
    if blessing() {
        fs::write(file, found)?;
        return Ok(String::new());
    }
    let same = match (fs::read_to_string(&file), extension, compared) {
        (Ok(expected), "exp", _) | (Ok(expected), _, Compared::Messages) => expected == found,
        (Ok(_), _, Compared::Values) => true,
        (Err(_), ..) => false,
    };
    Ok(if same { String::new() } else { format!("{}: Nix has {found}", path.display()) })
}

pub fn values_of_fetched_sources(nix: &str) -> Result<(), Failed> {
    of_fetched_sources(nix, Compared::Values)
}

pub fn messages_of_fetched_sources(nix: &str) -> Result<(), Failed> {
    of_fetched_sources(nix, Compared::Messages)
}

fn of_fetched_sources(nix: &str, compared: Compared) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let dir = folder.path().canonicalize()?;
    support::fetch::archives(&dir);
    support::fetch::repositories(&dir);
    let place = dir.to_str().ok_or("a folder whose name is UTF-8")?;
    let mut wrong = String::new();
    for path in support::fetch::cases().iter().filter(|path| concerns(path, compared)) {
        let text = fs::read_to_string(path)?.replace('@', place);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let output = Command::new(nix)
            .args(FEATURES)
            .args(["--eval", "--strict", "-E", &text, "--option", "pure-eval"])
            .arg(support::fetch::is_pure(path).to_string())
            // What was fetched for another case could differ and be taken for this one's.
            .env("XDG_CACHE_HOME", dir.join(format!("cache-{name}")))
            .output()?;
        wrong += &difference(path, &output, compared, |text| text.replace(place, "@"))?;
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.into()) }
}

pub fn values_of_random_programs(nix: &str) -> Result<(), Failed> {
    are_nix_s(nix, Compared::Values, random::program().prop_map(|body| random::closed(&body)))?;
    are_nix_s(nix, Compared::Values, typed::program())
}

pub fn messages_of_random_programs(nix: &str) -> Result<(), Failed> {
    are_nix_s(nix, Compared::Messages, random::program().prop_map(|body| random::closed(&body)))?;
    are_nix_s(nix, Compared::Messages, typed::program())
}

/// More of them with `PROPTEST_CASES`.
fn are_nix_s(nix: &str, compared: Compared, programs: impl Strategy<Value = String>) -> Result<(), Failed> {
    let config =
        ProptestConfig { max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() };
    let test = |text: String| {
        let options = ["--eval", "--readonly-mode", "--strict", "--option", "max-call-depth", "1000", "-E"];
        let output = Command::new(nix).args(options).arg(&text).output().unwrap();
        let theirs = String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned();
        match random::ours(&text) {
            Ok((found, _)) => prop_assert_eq!((output.status.success(), theirs), (true, found), "{}", text),
            Err(error) => {
                prop_assert!(!output.status.success(), "{text}: ours fails with {error}, Nix gives {theirs}");
                if compared == Compared::Messages {
                    let theirs = message(&output.stderr);
                    // Blanks at the end of a line are not kept of theirs.
                    prop_assert_eq!(
                        theirs.trim_end(),
                        error.lines().next().unwrap_or_default().trim_end(),
                        "{}",
                        text
                    );
                }
            }
        }
        Ok(())
    };
    let result = proptest::test_runner::TestRunner::new(config).run(&programs, test);
    result.map_err(|error| error.to_string().into())
}
