//! `pgflakegen cache`: keys for a binary cache, and clearing one away.

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Value, json};

use super::host::Host;
use super::inputs::Inputs;
use super::program::{EvalOptions, sides};
use super::{Context, Outcome, report};
use crate::diag::{Diagnostics, SourceMap, plural};
use crate::ops::cache_gc::{self, Going, Plan};
use crate::ops::cache_keys::{self, keygen};

/// Options of `cache`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    #[allow(missing_docs)]
    pub command: Command,
}

/// What can be done.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Make the key that packages are signed with.
    ///
    /// The secret key goes into a file that only its user may read, and is never printed; the public key is.
    #[command(after_help = "Example: pgflakegen cache keygen cache.example.org-1 --output signing-key")]
    Keygen(KeygenArgs),
    /// Say what of a cache in a folder no kept revision offers, and with --delete remove it.
    #[command(after_help = "Example: pgflakegen cache gc /var/cache/nix --keep-tags --keep main")]
    Gc(Box<GcArgs>),
}

/// Options of `cache keygen`.
#[derive(clap::Args, Debug)]
pub struct KeygenArgs {
    /// The key's name: the cache's, and a number
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Put the secret key into this file, which must not be there yet
    #[arg(long, short, value_name = "FILE")]
    pub output: Utf8PathBuf,
}

/// Options of `cache gc`.
#[derive(clap::Args, Debug)]
pub struct GcArgs {
    /// The cache
    #[arg(value_name = "FOLDER")]
    pub cache: Utf8PathBuf,
    /// Keep what the repository's tags offer
    #[arg(long)]
    pub keep_tags: bool,
    /// Keep what this revision offers
    #[arg(long, value_name = "REV")]
    pub keep: Vec<String>,
    /// Remove it; without this it is only said what would go
    #[arg(long)]
    pub delete: bool,
    /// Print a report as JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub inputs: Inputs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub options: EvalOptions,
}

/// Runs it.
///
/// # Errors
/// When a key cannot be made, or it is not known what must stay.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::Keygen(args) => make(args, context),
        Command::Gc(args) => clear(args, context),
    }
}

fn make(args: &KeygenArgs, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let key = keygen(&cache_keys::Request { name: &args.name, output: &args.output })?;
    writeln!(context.out, "{}", key.public)?;
    context.say(format_args!(
        "the secret key is in {}; give it to the service as the secret NIX_SIGNING_KEY, and keep it nowhere else",
        args.output
    ))?;
    context.say(format_args!(
        "in catalogue/flake.toml:\n\n  [[caches]]\n  url = \"https://…\"\n  public-key = \"{}\"",
        key.public
    ))?;
    if key.exposed {
        writeln!(
            context.err,
            "{} lies in a git repository that does not ignore it: move it away before you `git add`",
            args.output
        )?;
    }
    Ok(Outcome::Clean)
}

fn clear(args: &GcArgs, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.reports = args.json;
    let given = context.root.clone();
    let request = cache_gc::Request {
        start: given.as_deref().unwrap_or(Utf8Path::new(".")),
        cache: &args.cache,
        tags: args.keep_tags,
        revisions: &args.keep,
        how: sides(&[], &args.inputs, &args.options),
    };
    let plan = cache_gc::plan(&request, &Host::new(context))?;
    if args.delete {
        cache_gc::remove(&args.cache, &plan)?;
    }
    let bytes: u64 = plan.going.iter().map(|going| going.bytes).sum();
    if args.json {
        report::write(&Diagnostics::new(), &SourceMap::new(), as_json(&plan, bytes, args.delete), context)?;
    } else {
        for going in &plan.going {
            writeln!(context.out, "{}\t{}", going.path, going.bytes)?;
        }
    }
    let kept = plan.kept.len();
    let what = if args.delete { "are gone" } else { "would go; --delete removes them" };
    context.say(format_args!(
        "{} of {}, {} MiB, {what}; {} stay, for {}",
        plan.going.len(),
        plural(plan.going.len() + plan.staying, "store path"),
        bytes.div_ceil(1 << 20),
        plan.staying,
        plural(kept, "revision"),
    ))?;
    Ok(Outcome::Clean)
}

fn as_json(plan: &Plan, bytes: u64, deleted: bool) -> Value {
    let one = |going: &Going| {
        let files: Vec<&Utf8PathBuf> = std::iter::once(&going.narinfo).chain(&going.archive).collect();
        json!({ "path": going.path, "bytes": going.bytes, "files": files })
    };
    let going: Vec<Value> = plan.going.iter().map(one).collect();
    json!({ "kept": plan.kept, "staying": plan.staying, "going": going, "bytes": bytes, "deleted": deleted })
}
