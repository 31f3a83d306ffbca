//! `pgflakegen merge-driver`: for git, where the attributes' own `merge=union` is not enough.

use anyhow::Context as _;
use camino::Utf8PathBuf;

use super::host::Host;
use crate::cmd::{Context, Outcome};
use crate::ops::merge_driver::{Merged, Request, merge};

/// Options of `merge-driver`: what git passes as `%O %A %B %P`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The common ancestor's version.
    pub ancestor: Utf8PathBuf,
    /// Our version; the result goes here.
    pub ours: Utf8PathBuf,
    /// The other version.
    pub theirs: Utf8PathBuf,
    /// The file's name.
    pub path: Utf8PathBuf,
}

/// Runs it.
///
/// # Errors
/// When a version cannot be read, or the result not be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let here = std::env::current_dir().context("the current directory cannot be read")?;
    let request = Request {
        ancestor: &args.ancestor,
        ours: &args.ours,
        theirs: &args.theirs,
        path: &args.path,
        here: &here,
    };
    Ok(match merge(&request, &Host::new(context))? {
        Merged::Done => Outcome::Clean,
        Merged::Conflict => Outcome::Findings,
    })
}
