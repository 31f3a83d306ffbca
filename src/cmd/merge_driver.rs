//! `pgflakegen merge-driver`: for git, where the attributes' own `merge=union` is not enough.
//!
//! Union keeps the lines of both sides, which may be no Nix until the next run of pgflakegen. This merges as git does
//! and takes our side where both changed the same lines, so that what stands there can be read meanwhile.

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};

use crate::cmd::{Context, Outcome};
use crate::git::Repository;
use crate::render::marker;
use crate::tree::place;

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
    let read =
        |path: &Utf8Path| std::fs::read_to_string(path).with_context(|| format!("{path} cannot be read"));
    let generated = args.path.file_name() == Some("flake.lock")
        || marker::is_ours(&read(&args.ours)?) && marker::is_ours(&read(&args.theirs)?);
    let here = std::env::current_dir().context("the current directory cannot be read")?;
    let repository = Repository::around(&here)?.context("git calls this in a repository")?;
    let absolute = |path: &Utf8Path| here.join(path);
    let favour = if generated { &["--ours"][..] } else { &[] };
    let mut arguments: Vec<std::ffi::OsString> = vec!["merge-file".into(), "-p".into(), "-q".into()];
    arguments.extend(favour.iter().map(Into::into));
    arguments.push("--".into());
    arguments.extend([&args.ours, &args.ancestor, &args.theirs].map(|path| absolute(path).into_os_string()));
    if !generated {
        context.say(format_args!("{} is not pgflakegen's: git merges it as any other file", args.path))?;
    }
    let merged = repository.output(&arguments);
    match merged {
        Ok(merged) => {
            place::replace(&args.ours, &merged).context("the result cannot be written")?;
            Ok(Outcome::Clean)
        }
        // A conflict in somebody else's file: ours stays, and git says so.
        Err(_) if !generated => Ok(Outcome::Findings),
        Err(error) => Err(error.into()),
    }
}
