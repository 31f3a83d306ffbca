//! `pgflakegen completions`, and what a shell offers for the next word: names from the catalogue that is here, codes,
//! systems. A shell asks by running the program with `COMPLETE` set; asking only reads.

use std::ffi::OsStr;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use clap::ValueHint;
use clap::builder::StyledStr;
use clap_complete::CompleteEnv;
use clap_complete::engine::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter as _,
};
use clap_complete::env::Shells;

use crate::catalogue::model::Catalogue;
use crate::catalogue::{self, systems};
use crate::cmd::{Context, Outcome, root};
use crate::diag::{Code, Diagnostics, SourceMap, foreign};
use crate::layout::{self, CATALOGUE};

const PROGRAM: &str = "pgflakegen";

/// The variable by which a shell asks.
const ASKED: &str = "COMPLETE";

/// Options of `completions`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The shell to complete in.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Prints what a shell wants to read at its start, to ask the program from then on.
///
/// # Errors
/// When stdout cannot be written to.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let shell = args.shell.to_string();
    let shells = Shells::builtins();
    let completer = shells.completer(&shell).with_context(|| format!("{shell} is not known"))?;
    let mut script = Vec::new();
    completer.write_registration(ASKED, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    context.out.data(&script)?;
    Ok(Outcome::Clean)
}

/// Answers a shell that asks, which ends the process; otherwise does nothing.
pub fn answer(command: fn() -> clap::Command) {
    if std::env::var_os(ASKED).is_some() {
        CompleteEnv::with_factory(move || completing(command())).var(ASKED).complete();
    }
}

/// What completes an argument, by the argument's name and its command's.
fn completing(command: clap::Command) -> clap::Command {
    let name = command.get_name().to_owned();
    let args: Vec<String> = command.get_arguments().map(|arg| arg.get_id().to_string()).collect();
    let subcommands: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    let command = args.iter().fold(command, |command, arg| match (name.as_str(), arg.as_str()) {
        ("show", "name") => command.mut_arg(arg, |arg| arg.add(candidates(both))),
        ("outdated" | "bump" | "verify", "names") => command.mut_arg(arg, |arg| arg.add(candidates(sources))),
        (_, "postgresql" | "from") if name != "index" => {
            command.mut_arg(arg, |arg| arg.add(candidates(postgresqls)))
        }
        ("explain", "code") => command.mut_arg(arg, |arg| arg.add(candidates(codes))),
        (_, "system" | "systems") => command.mut_arg(arg, |arg| arg.add(candidates(all_systems))),
        (_, "override_input") => command.mut_arg(arg, |arg| arg.add(ArgValueCompleter::new(input_or_folder))),
        (_, "root" | "source_cache" | "cache" | "nixpkgs" | "dir" | "write_drvs") => {
            command.mut_arg(arg, |arg| arg.add(ArgValueCompleter::new(PathCompleter::dir())))
        }
        (_, "file" | "files" | "from" | "output" | "cargo_pgrx") => {
            command.mut_arg(arg, |arg| match arg.get_possible_values().is_empty() {
                true => arg.value_hint(ValueHint::FilePath).add(ArgValueCompleter::new(PathCompleter::any())),
                false => arg,
            })
        }
        _ => command,
    });
    subcommands.iter().fold(command, |command, sub| command.mut_subcommand(sub, completing))
}

fn candidates(all: fn() -> Vec<CompletionCandidate>) -> ArgValueCandidates {
    ArgValueCandidates::new(all)
}

/// A name with a line about it. Names that a terminal would not show as they are are none to type.
fn candidate(name: &str, about: &str) -> Option<CompletionCandidate> {
    let about = foreign::line(about).into_owned();
    let plain = !name.is_empty() && !name.contains(foreign::is_unseen);
    plain.then(|| CompletionCandidate::new(name).help(Some(StyledStr::from(about))))
}

/// The repository that the command line is about.
fn here() -> Option<Utf8PathBuf> {
    let words: Vec<String> = std::env::args().collect();
    let given = words.iter().enumerate().find_map(|(at, word)| match word.strip_prefix("--root=") {
        Some(folder) => Some(folder.to_owned()),
        None if word == "--root" => words.get(at + 1).cloned(),
        None => None,
    });
    root::root(given.as_deref().map(Utf8Path::new)).ok()
}

fn loaded() -> Option<Catalogue> {
    catalogue::load(&here()?, &mut SourceMap::new(), &mut Diagnostics::new()).ok()?
}

/// Extensions; of a catalogue with mistakes, those that have a file.
fn extensions() -> Vec<CompletionCandidate> {
    if let Some(catalogue) = loaded() {
        return catalogue.extensions.iter().filter_map(|e| candidate(&e.name, &e.description)).collect();
    }
    let folder = here().map(|root| root.join(CATALOGUE).join(layout::EXTENSIONS));
    let files = folder.and_then(|folder| folder.read_dir_utf8().ok()).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        files.filter_map(|file| Some(file.file_name().strip_suffix(".toml")?.to_owned())).collect();
    names.sort_unstable();
    names.iter().filter_map(|name| candidate(name, "")).collect()
}

fn postgresqls() -> Vec<CompletionCandidate> {
    let all = loaded().map(|catalogue| catalogue.postgresqls).unwrap_or_default();
    all.iter().filter_map(|p| candidate(&p.name, &format!("PostgreSQL {}", p.major))).collect()
}

fn both() -> Vec<CompletionCandidate> {
    extensions().into_iter().chain(postgresqls()).collect()
}

/// What has a source to look after.
fn sources() -> Vec<CompletionCandidate> {
    let others = [
        ("postgresql", "the PostgreSQLs with sources of their own"),
        ("inputs", "nixpkgs and whatever else the flake is made from"),
    ];
    extensions().into_iter().chain(others.iter().filter_map(|(name, about)| candidate(name, about))).collect()
}

fn codes() -> Vec<CompletionCandidate> {
    Code::ALL.iter().filter_map(|code| candidate(code.id(), code.summary())).collect()
}

fn all_systems() -> Vec<CompletionCandidate> {
    let own = loaded().map(|catalogue| catalogue.flake.systems);
    match own {
        Some(own) => own.iter().filter_map(|system| candidate(system, "")).collect(),
        None => systems::KNOWN.iter().filter_map(|system| candidate(system, "")).collect(),
    }
}

/// An input's name, and after it a flake.
fn input_or_folder(current: &OsStr) -> Vec<CompletionCandidate> {
    let inputs = loaded().map(|catalogue| catalogue.flake.inputs).unwrap_or_default();
    let typed = current.to_str().unwrap_or_default();
    let inputs = inputs.iter().filter(|input| input.name.starts_with(typed));
    let inputs = inputs.filter_map(|input| candidate(&input.name, &input.place.name()));
    inputs.chain(PathCompleter::dir().complete(current)).collect()
}
