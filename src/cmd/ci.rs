//! `pgflakegen ci`: what other machines build.

use std::collections::BTreeMap;

use anyhow::Context as _;
use camino::Utf8PathBuf;

use super::host::Host;
use super::inputs::Inputs;
use super::program::{EvalOptions, sides};
use super::{Context, Outcome, emit, report};
use crate::diag::{self, plural};
use crate::limited;
use crate::ops::ci_plan::{Asking, Plan, Request, Times, plan};

/// Options of `ci`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    #[allow(missing_docs)]
    pub command: Command,
}

/// What can be done.
#[derive(clap::Subcommand, Debug)]
pub enum Command {
    /// Say what is to be built, by which machines, in which order.
    ///
    /// One job for each package and check that is other than at REV and that no cache has. An empty plan is a plan;
    /// what does not evaluate is a finding, and the exit code 1.
    #[command(
        after_help = "Example: pgflakegen ci plan --since origin/main --check-cache-status --format github >> \"$GITHUB_OUTPUT\""
    )]
    Plan(Box<PlanArgs>),
}

/// Whose form a plan has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: one line a job.
    #[default]
    Text,
    /// Lines for $GITHUB_OUTPUT: matrices, and whether there is anything in them.
    Github,
    /// A child pipeline of GitLab's.
    Gitlab,
    /// Steps of Buildkite's.
    Buildkite,
    /// A report.
    Json,
    /// Jobs as hydra-eval-jobs prints them.
    Hydra,
}

/// Options of `ci plan`.
#[derive(clap::Args, Debug)]
pub struct PlanArgs {
    /// Leave out what is the same at this revision
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    /// Leave out what a binary cache has
    #[arg(long)]
    pub check_cache_status: bool,
    /// Ask these caches [default: those of the catalogue, and cache.nixos.org]
    #[arg(long = "cache", value_name = "URL", requires = "check_cache_status")]
    pub caches: Vec<String>,
    /// Do not use the network: only caches that are folders (file://) are asked
    #[arg(long, requires = "check_cache_status")]
    pub offline: bool,
    /// Seconds that builds took before, as generated/ci/build.sh writes them
    #[arg(long, value_name = "FILE")]
    pub times: Option<Utf8PathBuf>,
    /// Print it in this form
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    pub format: Format,
    /// Systems to plan for [default: those of the table ci]
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub systems: Vec<String>,
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
/// When there is nothing to plan from.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    match &args.command {
        Command::Plan(args) => run_plan(args, context),
    }
}

fn run_plan(args: &PlanArgs, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.reports = args.format == Format::Json;
    let root = super::root(context.root.as_deref())?;
    let request = Request {
        root: &root,
        since: args.since.as_deref(),
        caches: args.check_cache_status.then(|| Asking::of(args.caches.clone(), args.offline)),
        times: times(args.times.as_ref())?,
        how: sides(&args.systems, &args.inputs, &args.options),
    };
    let mut plan = plan(&request, &Host::new(context))?;
    // Before anything is printed: a matrix that does not fit is no matrix.
    let github = match args.format {
        Format::Github => plan.github().map_err(|finding| plan.loaded.diagnostics.push(*finding)).ok(),
        _ => None,
    };
    findings(&plan, args.format, context)?;
    match args.format {
        Format::Text => text(&plan, context)?,
        Format::Github => write!(context.out, "{}", github.unwrap_or_default())?,
        Format::Gitlab => context.json(&plan.gitlab())?,
        Format::Buildkite => context.json(&plan.buildkite())?,
        Format::Hydra => context.json(&plan.hydra())?,
        Format::Json => {
            report::write(&plan.loaded.diagnostics, &plan.loaded.sources, plan.json(), context)?;
        }
    }
    context.say(counted(&plan))?;
    Ok(if plan.loaded.diagnostics.has_errors() { Outcome::Findings } else { Outcome::Clean })
}

/// Findings go to stderr in every form: to stdout goes what a service reads. A runner of GitHub's takes annotations
/// from both.
fn findings(plan: &Plan, format: Format, context: &mut Context<'_>) -> anyhow::Result<()> {
    let loaded = &plan.loaded;
    match format {
        Format::Json => Ok(()),
        Format::Github => {
            let (found, sources) = (&loaded.diagnostics, &loaded.sources);
            Ok(diag::emit(found, sources, diag::Format::Github, false, context.err)?)
        }
        _ => emit(loaded, diag::Format::Text, context),
    }
}

fn counted(plan: &Plan) -> String {
    let Plan { packages, changed, cached, jobs, .. } = plan;
    let mut text = format!(
        "{} for {changed} of {packages} packages and checks, of which caches have {cached}",
        plural(jobs.len(), "job")
    );
    let (seconds, unknown) = plan
        .estimate()
        .values()
        .fold((0, 0), |(all, none), (seconds, unknown)| (all + seconds, none + unknown));
    if seconds > 0 {
        text.push_str(&format!("; about {} minutes of machines", seconds.div_ceil(60)));
        if unknown > 0 {
            text.push_str(&format!(" and {} that took an unknown time", plural(unknown, "job")));
        }
    }
    text
}

fn text(plan: &Plan, context: &mut Context<'_>) -> anyhow::Result<()> {
    for job in &plan.jobs {
        let time = job.seconds.map_or(String::new(), |seconds| format!("\t{seconds} s"));
        writeln!(context.out, "{}\t{}\t{}{time}", job.id, job.runner, job.name)?;
        for attr in &job.attrs {
            writeln!(context.out, "  {attr}")?;
        }
        if !job.needs.is_empty() {
            writeln!(context.out, "  after {}", job.needs.join(", "))?;
        }
        if !job.besides.is_empty() {
            writeln!(context.out, "  with {}", job.besides.join(", "))?;
        }
    }
    Ok(())
}

/// Seconds by system and attribute. A file that is not there yet, or is empty, knows none.
fn times(file: Option<&Utf8PathBuf>) -> anyhow::Result<Times> {
    let Some(file) = file.filter(|file| file.exists()) else { return Ok(BTreeMap::new()) };
    let text = limited::given(file).with_context(|| format!("{file} cannot be read"))?;
    if text.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    serde_json::from_str(&text)
        .with_context(|| format!("{file} is no {{ \"SYSTEM\": {{ \"ATTRIBUTE\": SECONDS }} }}"))
}
