//! `pgflakegen index`: nixpkgs' attribute names, kept beside the catalogue.

use std::io::Read as _;

use anyhow::Context as _;
use camino::Utf8PathBuf;

use super::{Context, Outcome};
use crate::catalogue::FOLDER;
use crate::overrides::index::{Coverage, Index};

/// Where a repository keeps its index, below the catalogue.
pub const FILE: &str = "nixpkgs.index.gz";

/// Options of `index`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Where the names are: `-` or files of `nix-env -f '<nixpkgs>' -qaP --json`, of `nix eval --json
    /// --apply builtins.attrNames`, or one name a line.
    #[arg(long = "from", value_name = "FILE", required = true)]
    pub from: Vec<Utf8PathBuf>,

    /// The revision of nixpkgs they are of.
    #[arg(long, value_name = "REV")]
    pub revision: String,

    /// Say that names may be missing: then only slips of the pen are found.
    #[arg(long)]
    pub partial: bool,

    /// Write the index here.
    #[arg(long, value_name = "FILE", default_value_t = Utf8PathBuf::from(FOLDER).join(FILE))]
    pub output: Utf8PathBuf,
}

/// Runs it.
///
/// # Errors
/// When the names cannot be read or the index cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let mut names = Vec::new();
    for file in &args.from {
        let mut text = String::new();
        if file == "-" {
            std::io::stdin().read_to_string(&mut text).context("stdin cannot be read")?;
        } else {
            text = std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))?;
        }
        names.extend(Index::names_of(&text).with_context(|| format!("{file} holds no names"))?);
    }
    anyhow::ensure!(!names.is_empty(), "there are no names in {}", args.from[0]);
    let coverage = if args.partial { Coverage::Partial } else { Coverage::Complete };
    let index = Index::new(args.revision.clone(), coverage, names);
    std::fs::write(&args.output, index.write()?)
        .with_context(|| format!("{} cannot be written", args.output))?;
    context.say(format_args!("{}: {} names", args.output, index.len()))?;
    Ok(Outcome::Clean)
}
