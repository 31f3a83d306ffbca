//! `pgflakegen bump`.

use serde_json::{Value, json};

use super::fetching::Options;
use super::host::Host;
use super::{Context, Outcome, emit_global};
use crate::diag::{Diagnostics, SourceMap};
use crate::ops::bump::{Bumped, Request, fetch};

/// Options of `bump`.
#[derive(clap::Args, Debug, Default)]
pub struct Args {
    /// Extensions, NAME or NAME@VERSION; `postgresql` for all pinned PostgreSQLs, `postgresql@17` for one; `inputs`
    /// for the flake's inputs, `inputs nixpkgs` for one; `actions` for those of workflows.
    #[arg(value_name = "NAME", conflicts_with = "all")]
    pub names: Vec<String>,

    /// With `inputs NAME`: move it to this commit, branch or tag [default: where its branch is].
    #[arg(long, value_name = "REV", conflicts_with = "all")]
    pub to: Option<String>,

    /// With `inputs`: take over what flake.lock has, which `nix flake update` or a bot has changed.
    #[arg(long, conflicts_with = "all")]
    pub from_lock: bool,

    /// With `inputs`: do not evaluate what would be rebuilt.
    #[arg(long)]
    pub no_evaluate: bool,

    /// Bump everything that is pinned, but for the inputs.
    #[arg(long)]
    pub all: bool,

    /// Take alphas, betas and release candidates, too.
    #[arg(long)]
    pub prerelease: bool,

    /// Drop the version that the new one follows, in place of keeping both.
    #[arg(long)]
    pub replace: bool,

    /// Only say what would come in.
    #[arg(long, short = 'n')]
    pub dry_run: bool,

    /// Make one commit for each extension.
    #[arg(long, conflicts_with = "dry_run")]
    pub commit: bool,

    /// Bump what can be bumped when something else cannot; else nothing is changed then.
    #[arg(long)]
    pub keep_going: bool,

    /// Fetch N sources at a time; lookups are made all at once.
    #[arg(long, short, value_name = "N", default_value_t = 8)]
    pub jobs: usize,

    /// Print a report of what came in as JSON.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub fetching: Options,
}

/// Runs it.
///
/// # Errors
/// When something cannot be read or written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.reports = args.json;
    anyhow::ensure!(
        args.all || !args.names.is_empty(),
        "say what: `pgflakegen bump NAME`, which takes several, or --all; `pgflakegen outdated` lists what is newer upstream"
    );
    if let Some((first, names)) = args.names.split_first()
        && first == "inputs"
    {
        return super::bump_inputs::run(args, names, context);
    }
    if args.names == ["actions"] {
        return super::bump_actions::run(args, context);
    }
    anyhow::ensure!(args.to.is_none() && !args.from_lock, "--to and --from-lock go with `bump inputs`");
    let root = super::root(context.root.as_deref())?;
    let host = Host::new(context);
    let upstream = args.fetching.upstream()?;
    let request = Request {
        root: &root,
        names: (!args.all).then_some(args.names.as_slice()),
        prereleases: args.prerelease,
        replace: args.replace,
        dry_run: args.dry_run,
        commit: args.commit,
        jobs: args.jobs,
    };
    let fetched = fetch(&request, &upstream, &host)?;
    emit_global(&fetched.failed, context)?;
    let failed = fetched.failed.has_errors();
    let found = fetched.failed.clone();
    if failed && !args.keep_going {
        if args.json {
            report(&found, &[], &[], context)?;
        }
        context.say("nothing was changed; --keep-going bumps the others")?;
        return Ok(Outcome::Findings);
    }
    let left_out = fetched.left_out.clone();
    let done = if args.dry_run { fetched.bumped() } else { fetched.write(&upstream, &host)? };
    match args.json {
        true => report(&found, &done, &left_out, context)?,
        false => print(&done, context)?,
    }
    for line in &left_out {
        context.say(line)?;
    }
    if done.is_empty() && left_out.is_empty() && !failed {
        context.say("everything is up to date")?;
    }
    Ok(if failed { Outcome::Findings } else { Outcome::Clean })
}

/// One bump as JSON.
pub(super) fn as_json(bumped: &Bumped) -> Value {
    json!({
        "name": bumped.name,
        "from": bumped.from,
        "to": bumped.to,
        "postgresql": bumped.postgresqls,
        "hash": bumped.hash,
        "changelog": bumped.changelog,
        "compare": bumped.compare,
        "dropped": bumped.dropped,
        "remarks": bumped.remarks,
    })
}

fn report(
    found: &Diagnostics,
    done: &[Bumped],
    left_out: &[String],
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    let all: Vec<Value> = done.iter().map(as_json).collect();
    let data = json!({ "bumped": all, "left-out": left_out });
    super::report::write(found, &SourceMap::new(), data, context)
}

fn print(done: &[Bumped], context: &mut Context<'_>) -> anyhow::Result<()> {
    for bumped in done {
        writeln!(
            context.out,
            "{} {} → {} ({})",
            bumped.name,
            bumped.from,
            bumped.to,
            bumped.postgresqls.join(" ")
        )?;
        for link in bumped.changelog.iter().chain(&bumped.compare) {
            writeln!(context.out, "  {link}")?;
        }
        for remark in &bumped.remarks {
            writeln!(context.out, "  {remark}")?;
        }
        if !bumped.dropped.is_empty() {
            writeln!(context.out, "  no longer there: {}", bumped.dropped.join(", "))?;
        }
    }
    Ok(())
}
