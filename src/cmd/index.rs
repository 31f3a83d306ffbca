//! `pgflakegen index`: what nixpkgs has, kept beside the catalogue: its attribute names, and versions and refusals of
//! all that it has for PostgreSQL.

use std::collections::BTreeMap;
use std::io::Read as _;

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};

use super::evaluate;
use super::inputs::Inputs;
use super::limits::Limits;
use super::{Context, Outcome, plural};
use crate::catalogue::{FOLDER, nixpkgs};
use crate::diag::foreign::line;
use crate::limited;
use crate::nix::eval::{Settings, shared::current_system};
use crate::nix::flake;
use crate::overrides::evaluated;
use crate::overrides::index::{Coverage, Index};
use crate::overrides::{names, postgresql_facts};
use crate::tree::place;

/// Where a repository keeps its index, below the catalogue.
pub const FILE: &str = "nixpkgs.index.gz";

/// Options of `index`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Evaluate the nixpkgs in this folder [default: the catalogue's, where it is on this machine].
    #[arg(long, value_name = "DIR", conflicts_with = "from")]
    pub nixpkgs: Option<Utf8PathBuf>,

    /// Take the names from here instead: `-` or files of `nix-env -f '<nixpkgs>' -qaP --json`, of `nix eval
    /// --json --apply builtins.attrNames`, or one name a line.
    #[arg(long = "from", value_name = "FILE", requires = "revision")]
    pub from: Vec<Utf8PathBuf>,

    /// Record this revision of nixpkgs [default: the catalogue's, or that of DIR's git repository].
    #[arg(long, value_name = "REV")]
    pub revision: Option<String>,

    /// Say that names may be missing: then only slips of the pen are found.
    #[arg(long, requires = "from")]
    pub partial: bool,

    /// Evaluate for this system [default: this machine's].
    #[arg(long, value_name = "SYSTEM")]
    pub system: Option<String>,

    /// Write the names here, and no table.
    #[arg(long, value_name = "FILE")]
    pub output: Option<Utf8PathBuf>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub inputs: Inputs,
}

/// Runs it.
///
/// # Errors
/// When the names cannot be had or the index cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let root = super::root(context.root.as_deref())?;
    let (revision, names, tree) = match (&args.nixpkgs, args.from.is_empty()) {
        (_, false) => (args.revision.clone().unwrap_or_default(), from_files(&args.from)?, None),
        (Some(tree), _) => {
            let revision = revision_of(args, tree)?;
            (revision, evaluate(args, tree)?, Some(tree.clone()))
        }
        (None, _) => {
            let Some(catalogue) = super::load(&root)?.usable(context)? else { return Ok(Outcome::Findings) };
            let rev = catalogue.flake.nixpkgs().map(|input| input.revision().to_owned());
            let place = evaluated::input(
                evaluate::task(&root, &catalogue, &args.inputs, &Limits::default()),
                "nixpkgs",
            );
            let tree = match place {
                Ok(tree) => tree,
                Err(what) => {
                    bail!("there is nothing to take the names from: {}", evaluate::missing(&catalogue, what))
                }
            };
            let revision = match (&args.revision, args.inputs.override_input.is_empty(), rev) {
                (Some(revision), ..) => revision.clone(),
                (None, true, Some(rev)) => rev,
                _ => revision_of(args, &tree)?,
            };
            (revision, evaluate(args, &tree)?, Some(tree))
        }
    };
    anyhow::ensure!(!names.is_empty(), "there are no names");
    let coverage = if args.partial { Coverage::Partial } else { Coverage::Complete };
    let index = Index::new(revision, coverage, names);
    let output = args.output.clone().unwrap_or_else(|| root.join(FOLDER).join(FILE));
    write(args.output.as_deref(), &root, FILE, &index.write()?)?;
    context.say(format_args!("{output}: {} of nixpkgs {}", plural(index.len(), "name"), index.revision))?;
    if context.verbose {
        for (set, count) in largest(&index) {
            context.say(format_args!("  {count:6} {set}"))?;
        }
    }
    // A table of part of what the index was wanted for, elsewhere, has no place of its own.
    if let (Some(tree), None) = (tree, &args.output) {
        table(args, &root, &tree, index.revision, context)?;
    }
    Ok(Outcome::Clean)
}

/// Writes what nixpkgs has for PostgreSQL.
fn table(
    args: &Args,
    root: &Utf8Path,
    tree: &Utf8Path,
    revision: String,
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    let catalogue = super::load(root)?.catalogue;
    let systems = match (&args.system, catalogue) {
        (Some(system), _) => vec![system.clone()],
        (None, Some(catalogue)) => catalogue.flake.systems,
        (None, None) => vec![current_system()],
    };
    let asked = postgresql_facts::of_tree(tree.as_std_path(), revision, &systems, &Settings::default());
    let (table, failed) =
        asked.map_err(|message| anyhow::anyhow!("{tree} cannot be evaluated: {message}"))?;
    write(None, root, nixpkgs::FILE, table.write().as_bytes())?;
    context.say(format_args!(
        "{}: {}, {}",
        root.join(FOLDER).join(nixpkgs::FILE),
        plural(table.postgresql.len(), "PostgreSQL"),
        plural(table.extensions.len(), "extension")
    ))?;
    for name in failed {
        context.say(format_args!("{} does not evaluate, so that it is not in the table", line(&name)))?;
    }
    Ok(())
}

/// Where the user said, or into the catalogue, which may not lead out of the repository.
pub(super) fn write(
    output: Option<&Utf8Path>,
    root: &Utf8Path,
    name: &str,
    bytes: &[u8],
) -> anyhow::Result<()> {
    let _unbroken = crate::interrupt::unbroken();
    let written = match output {
        Some(output) => place::replace(output, bytes),
        None => {
            place::Place::open(root).and_then(|root| root.replace(&Utf8Path::new(FOLDER).join(name), bytes))
        }
    };
    written.map_err(|error| {
        let state = if place::is_done(&error) { "`pgflakegen index` again" } else { "it is as it was" };
        let output = output.map_or_else(|| root.join(FOLDER).join(name), Utf8Path::to_owned);
        anyhow::anyhow!("{output} cannot be written; {state}: {error}")
    })
}

fn from_files(files: &[Utf8PathBuf]) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for file in files {
        let mut text = String::new();
        if file == "-" {
            std::io::stdin().read_to_string(&mut text).context("stdin cannot be read")?;
        } else {
            text = limited::given(file).with_context(|| format!("{file} cannot be read"))?;
        }
        names.extend(Index::names_of(&text).with_context(|| format!("{file} holds no names"))?);
    }
    Ok(names)
}

/// The revision that was named, else that of the git repository.
fn revision_of(args: &Args, tree: &Utf8Path) -> anyhow::Result<String> {
    if let Some(revision) = &args.revision {
        return Ok(revision.clone());
    }
    let root = flake::git_root(tree.as_std_path());
    match root.map(|root| flake::revision(&root, "HEAD")) {
        Some(Ok(revision)) => Ok(revision),
        // git says what is to be done.
        Some(Err(error)) if error.message.contains("safe.directory") => bail!("{}", error.message),
        _ => bail!("{tree} is no git repository; say which revision of nixpkgs it is: --revision REV"),
    }
}

fn evaluate(args: &Args, tree: &Utf8Path) -> anyhow::Result<Vec<String>> {
    anyhow::ensure!(tree.join("default.nix").is_file(), "{tree} is no nixpkgs: it has no default.nix");
    let system = args.system.clone().unwrap_or_else(current_system);
    let settings = Settings { system, ..Settings::default() };
    let names = names::of_tree(tree.as_std_path(), settings);
    names.map_err(|message| anyhow::anyhow!("{tree} cannot be evaluated: {message}"))
}

/// The sets with the most names.
fn largest(index: &Index) -> Vec<(&str, usize)> {
    let mut sets: BTreeMap<&str, usize> = BTreeMap::new();
    for (set, _) in index.names().filter_map(|name| name.split_once('.')) {
        *sets.entry(set).or_default() += 1;
    }
    let mut sets: Vec<_> = sets.into_iter().collect();
    sets.sort_by_key(|(set, count)| (std::cmp::Reverse(*count), *set));
    sets.truncate(12);
    sets
}
