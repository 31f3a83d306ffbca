//! `pgflakegen index`.

use std::collections::BTreeMap;
use std::io::Read as _;

use anyhow::Context as _;
use camino::Utf8PathBuf;

use super::host::Host;
use super::inputs::Inputs;
use super::limits::Limits;
use super::{Context, Outcome, evaluate};
use crate::diag::foreign::line;
use crate::diag::plural;
use crate::limited;
use crate::ops::index::{self, From, Request};
use crate::overrides::index::Index;

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
    let host = Host::new(context);
    let request = Request {
        root: &root,
        from: match (&args.nixpkgs, args.from.is_empty()) {
            (_, false) => From::Names { names: from_files(&args.from)?, partial: args.partial },
            (Some(tree), _) => From::Tree(tree),
            (None, _) => From::Catalogue,
        },
        revision: args.revision.as_deref(),
        system: args.system.as_deref(),
        output: args.output.as_deref(),
        evaluation: evaluate::evaluation(Vec::new(), &args.inputs, &Limits::default()),
    };
    let indexed = index::index(&request, &host)?;
    let (output, index) = (&indexed.output, &indexed.index);
    context.say(format_args!("{output}: {} of nixpkgs {}", plural(index.len(), "name"), index.revision))?;
    if context.verbose {
        for (set, count) in largest(index) {
            context.say(format_args!("  {count:6} {set}"))?;
        }
    }
    if let Some(tabled) = indexed.table(&request, &host)? {
        context.say(format_args!(
            "{}: {}, {}",
            tabled.output,
            plural(tabled.table.postgresql.len(), "PostgreSQL"),
            plural(tabled.table.extensions.len(), "extension")
        ))?;
        for name in tabled.failed {
            context.say(format_args!("{} does not evaluate, so that it is not in the table", line(&name)))?;
        }
    }
    Ok(Outcome::Clean)
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
