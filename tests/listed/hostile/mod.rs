//! Hostile repositories: what a pull request, a download or a neighbour's folder may bring.
//!
//! Each folder is an attack: `case.toml` says which, `tree/` is put into a repository that a maintainer may have,
//! and `make.sh` adds what git cannot hold. Every command that only reads is run there, and nothing may change
//! anywhere, nothing secret or raw be printed, and each must end within its limits.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that panics has failed")]

mod judge;
mod world;

use std::path::{Path, PathBuf};

use libtest_mimic::{Failed, Trial};
use serde::Deserialize;

use crate::hostile::world::{Ran, World};

/// What `case.toml` says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The attack, for people.
    about: String,
    /// The flake alone, without a catalogue.
    #[serde(default)]
    flake: bool,
    /// Commands that evaluate are run, with inputs that are on this machine.
    #[serde(default)]
    evaluates: bool,
    /// More commands that only read; `{world}` is replaced.
    #[serde(default)]
    run: Vec<Vec<String>>,
    /// Commands that write, but nothing outside of the repository.
    #[serde(default)]
    writes: Vec<Vec<String>>,
    /// What these must not change either, inside of it.
    #[serde(default)]
    spares: Vec<String>,
    /// What some command says: the attack was met, not missed.
    #[serde(default)]
    says: Vec<String>,
    /// It is about taking long, or much.
    #[serde(default)]
    limits: bool,
    /// It can be made by root only.
    #[serde(default)]
    root: bool,
    /// Below the repository, where the commands are run.
    #[serde(default)]
    cwd: String,
    /// Variables.
    #[serde(default)]
    env: Vec<String>,
}

/// Commands that read a catalogue.
const READING: [&[&str]; 20] = [
    &["check"],
    &["check", "--format", "github"],
    &["check", "--format", "json"],
    &["list"],
    &["list", "--json"],
    &["show", "pgvector"],
    &["show", "pgvector", "--override"],
    &["matrix"],
    &["explorer"],
    &["diff"],
    &["diff", "--format", "markdown"],
    &["licenses"],
    &["audit", "--own", "--date", "2026-11-27"],
    &["validate"],
    &["validate", "--format", "github"],
    &["outdated", "--offline"],
    &["verify", "--offline"],
    &["bump", "--all", "--dry-run", "--offline"],
    &["generate", "--dry-run"],
    &["import", "nix", "nix", "--dry-run", "--offline"],
];

/// Commands that evaluate a catalogue.
const EVALUATING: [&[&str]; 5] = [
    &["check", "--format", "github"],
    &["validate", "--evaluate", "--systems", "x86_64-linux"],
    &["drvs", ".", "--systems", "x86_64-linux"],
    &["drv-diff", "--systems", "x86_64-linux"],
    &["sbom", "psql_17/bin", "--system", "x86_64-linux"],
];

/// Commands for any flake.
const FLAKE: [&[&str]; 2] = [&["drvs", "."], &["drv-diff"]];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/hostile")
}

impl Case {
    fn reading(&self) -> Vec<Vec<String>> {
        let owned = |command: &&[&str]| command.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>();
        let mut all: Vec<_> = if self.flake { &FLAKE[..] } else { &READING[..] }.iter().map(owned).collect();
        if self.evaluates {
            let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostpkgs");
            all.extend(EVALUATING.iter().map(owned).map(|mut command| {
                for (name, place) in
                    [("nixpkgs", packages.clone()), ("rust-overlay", packages.join("rust-overlay"))]
                {
                    let place = format!("path:{}", place.display());
                    command.extend(["--override-input".to_owned(), name.to_owned(), place]);
                }
                command
            }));
        }
        all.extend(self.run.iter().cloned());
        all
    }
}

/// Everything that is wrong.
fn attack(case: &Case, folder: &Path) -> Vec<String> {
    let world = World::new(case.flake, folder);
    let mut wrong = Vec::new();
    let mut said = String::new();
    let mut before = world.listing();
    // What had to be killed is killed again by the next command.
    let mut run = |command: &[String], reads: bool| {
        let shown = format!("pgflakegen {}", command.join(" "));
        let ran: Ran = world.run(command, &case.cwd, &case.env, case.limits);
        let github = command.iter().any(|part| part == "github");
        wrong.extend(judge::ending(&ran).into_iter().map(|what| format!("{shown}: {what}")));
        for (stream, bytes) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
            // A value goes through a pipe to the byte, as Nix prints it.
            let exact = command.first().is_some_and(|first| first == "eval") && stream == "stdout";
            wrong.extend(
                judge::text(bytes, github, exact).into_iter().map(|what| format!("{shown}: {stream} {what}")),
            );
        }
        said += &String::from_utf8_lossy(&ran.stdout);
        said += &String::from_utf8_lossy(&ran.stderr);
        let after = world.listing();
        let may = |path: &str| !reads && world::is_working_tree(path, &case.spares);
        wrong.extend(judge::changes(&before, &after, may).into_iter().map(|what| format!("{shown}: {what}")));
        wrong.extend(world.left_over().into_iter().map(|path| format!("{shown}: left {path}")));
        before = after;
        ran.status.is_ok()
    };
    let reading = case.reading();
    let all = reading.iter().map(|command| (command, true));
    for (command, reads) in all.chain(case.writes.iter().map(|command| (command, false))) {
        if !run(command, reads) {
            return wrong;
        }
    }
    let missed = case.says.iter().filter(|text| !said.contains(text.as_str()));
    wrong.extend(missed.map(|text| format!("no command said {text:?}")));
    wrong
}

fn trial(name: String) -> Trial {
    let folder = folder().join(&name);
    let text = std::fs::read_to_string(folder.join("case.toml")).unwrap();
    let case: Case = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let ignored = case.root && !rustix::process::geteuid().is_root();
    let test = move || {
        let mut wrong = attack(&case, &folder);
        wrong.dedup();
        let count = wrong.len();
        wrong.truncate(12);
        let text = format!("{}\n{count} wrong:\n{}", case.about, wrong.join("\n"));
        if wrong.is_empty() { Ok(()) } else { Err(Failed::from(text)) }
    };
    Trial::test(format!("hostile::{name}"), test).with_ignored_flag(ignored)
}

/// One for each attack.
pub fn trials() -> Vec<Trial> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("case.toml").is_file())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.len() >= 60, "cases are missing: there are {}", names.len());
    names.into_iter().map(trial).collect()
}
