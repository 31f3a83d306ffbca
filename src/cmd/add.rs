//! `pgflakegen add`.

use camino::Utf8Path;

use super::fetching::Options;
use super::host::Host;
use super::{Context, Outcome};
use crate::layout::CATALOGUE;
use crate::ops::add::{self, How, Moved, PostgresqlRequest, Request};
use crate::ops::{self};

/// Options of `add`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// OWNER/REPO at GitHub, or `postgresql` followed by a major or exact version.
    #[arg(value_name = "WHAT", required = true, num_args = 1..=2)]
    pub what: Vec<String>,

    /// The extension's name in the catalogue. Default: the repository's.
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,

    /// For `add postgresql`: the PostgreSQL whose extensions move along.
    #[arg(long, value_name = "NAME")]
    pub from: Option<String>,

    /// For `add postgresql`: do not fetch the extensions' sources to see what they support.
    #[arg(long)]
    pub no_check: bool,

    /// Only print the new entry.
    #[arg(long, short = 'n')]
    pub dry_run: bool,

    /// Fetch N sources at a time.
    #[arg(long, short, value_name = "N", default_value_t = 8)]
    pub jobs: usize,

    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub fetching: Options,
}

/// Runs it.
///
/// # Errors
/// When something cannot be read or written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let root = super::root(context.root.as_deref())?;
    match args.what.as_slice() {
        [what, version] if what == "postgresql" => postgresql(version, args, &root, context),
        [what] if what == "postgresql" => {
            anyhow::bail!("say which PostgreSQL: `pgflakegen add postgresql 18`, or an exact version")
        }
        [what] => extension(what, args, &root, context),
        _ => anyhow::bail!("write `add OWNER/REPO` or `add postgresql VERSION`"),
    }
}

fn extension(what: &str, args: &Args, root: &Utf8Path, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let host = Host::new(context);
    let request = Request { what, name: args.name.as_deref(), root, dry_run: args.dry_run };
    let new = add::extension(&request, &args.fetching.upstream()?, &host)?;
    if args.dry_run {
        write!(context.out, "{}", new.text)?;
        return Ok(Outcome::Clean);
    }
    if let Err(error) = new.write(root, &host) {
        if let ops::Error::NotWritten(_) = error {
            context.say(format_args!("this is what it would have been:\n\n{}", new.text))?;
        }
        return Err(error.into());
    }
    writeln!(context.out, "{CATALOGUE}/{}", new.path)?;
    for remark in &new.remarks {
        context.say(format_args!("note: {remark}"))?;
    }
    context.say("look at the lines that say `guessed`")?;
    Ok(Outcome::Clean)
}

fn postgresql(
    version: &str,
    args: &Args,
    root: &Utf8Path,
    context: &mut Context<'_>,
) -> anyhow::Result<Outcome> {
    let host = Host::new(context);
    let request = PostgresqlRequest {
        version,
        from: args.from.as_deref(),
        check: !args.no_check,
        root,
        dry_run: args.dry_run,
        jobs: args.jobs,
    };
    let new = add::postgresql(&request, &args.fetching.upstream()?, &host)?;
    if args.dry_run {
        writeln!(context.out, "{}", new.table.trim_end())?;
    } else {
        new.write(root, &host)?;
        writeln!(context.out, "postgresql {} ({})", new.name, new.version)?;
    }
    for Moved { extension, version, how } in &new.moved {
        let line = match how {
            How::Behind(why) => format!("{extension} {version}: stays behind: {why}"),
            How::Along { sure: true } => format!("{extension} {version}: moves along"),
            How::Along { sure: false } => {
                format!("{extension} {version}: moves along (it does not say whether it works)")
            }
            How::ByRange => format!("{extension} {version}: is taken by its range"),
            How::PackageSets => format!("{extension}: is the package set's own"),
            How::Unseen(error) => {
                format!("{extension} {version}: stays behind, as it cannot be looked at: {error}")
            }
        };
        writeln!(context.out, "{line}")?;
    }
    Ok(Outcome::Clean)
}
