//! `pgflakegen bump actions`.

use serde_json::{Value, json};

use super::bump::Args;
use super::host::Host;
use super::{Context, Outcome, emit_global, report};
use crate::diag::SourceMap;
use crate::ops::actions::{Request, actions};

/// Runs it.
pub(super) fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    anyhow::ensure!(
        !args.replace && !args.prerelease && !args.commit && args.to.is_none() && !args.from_lock,
        "of the options --dry-run, --jobs and --json go with `bump actions`"
    );
    let root = super::root(context.root.as_deref())?;
    let request = Request { root: &root, dry_run: args.dry_run, jobs: args.jobs };
    let found = actions(&request, &args.fetching.upstream()?, &Host::new(context))?;
    emit_global(&found.failed, context)?;
    if args.json {
        let moved: Vec<Value> = found
            .moved
            .iter()
            .map(|moved| json!({ "name": moved.name, "from": moved.from, "to": moved.to, "rev": moved.rev }))
            .collect();
        let majors: Vec<Value> =
            found.majors.iter().map(|(name, version)| json!({ "name": name, "version": version })).collect();
        report::write(
            &found.failed,
            &SourceMap::new(),
            json!({ "actions": moved, "majors": majors }),
            context,
        )?;
    } else {
        for moved in &found.moved {
            writeln!(context.out, "{} {} → {} ({})", moved.name, moved.from, moved.to, moved.rev)?;
        }
        for (name, version) in &found.majors {
            context.say(format_args!(
                "{name} has {version}, another major: see what it takes, and name it in [ci.actions]"
            ))?;
        }
    }
    if found.failed.has_errors() {
        context.say("nothing was changed")?;
        return Ok(Outcome::Findings);
    }
    if found.moved.is_empty() {
        context.say("everything is up to date")?;
    }
    Ok(Outcome::Clean)
}
