//! `pgflakegen drvs`: every package and its derivation, errors collected, in several threads.

use std::collections::BTreeMap;

use super::host::Host;
use super::program::{Program, flake_in, refused};
use super::{Context, Outcome};
use crate::diag::plural;
use crate::interrupt::TemporaryDirectory;
use crate::ops::cache_status::{self, Needs};
use crate::ops::drvs::{Job, Request, drvs, threads};

/// List every package: attribute, name, derivation, outputs.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// The flake, or FLAKE#ATTRIBUTE to look there [default: the one in this directory]
    #[arg(value_name = "FLAKE", conflicts_with_all = ["file", "expr"])]
    pub flake: Option<String>,
    /// Systems of the flake to look at [default: all it has]
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',', conflicts_with_all = ["file", "expr", "attr"])]
    pub systems: Vec<String>,
    /// One JSON object per line, as nix-eval-jobs prints
    #[arg(long)]
    pub json: bool,
    /// Look into every set, not only those with recurseForDerivations
    #[arg(long)]
    pub force_recurse: bool,
    /// Also print the packages' meta attributes; JSON only
    #[arg(long, requires = "json")]
    pub meta: bool,
    /// A function that makes the set to look into of the whole, or of FLAKE#ATTRIBUTE; a flake has inputs and outputs
    #[arg(long, value_name = "FUNCTION", conflicts_with_all = ["systems", "attr"])]
    pub select: Option<String>,
    /// Also print as extraValue the set that this function makes of each package; JSON only
    #[arg(long, value_name = "FUNCTION", requires = "json")]
    pub apply: Option<String>,
    /// Also print the derivations that Hydra's aggregates are made of; JSON only
    #[arg(long, requires = "json")]
    pub constituents: bool,
    /// Also print whether caches have it, and what would be built; JSON only
    #[arg(long, requires = "json")]
    pub check_cache_status: bool,
    /// Ask these caches [default: cache.nixos.org]
    #[arg(long = "cache", value_name = "URL", requires = "check_cache_status")]
    pub caches: Vec<String>,
    /// Threads [default: as many as there are processors]
    #[arg(long, visible_alias = "workers", value_name = "N")]
    pub threads: Option<usize>,
    /// Memory, as nix-eval-jobs counts it: MiB for each of the threads
    #[arg(long, value_name = "MIB", conflicts_with = "max_memory")]
    pub max_memory_size: Option<usize>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub compatible: Compatible,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub program: Program,
}

/// Options of nix-eval-jobs that change nothing here.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Compatible {
    /// FLAKE is a flake
    #[arg(long = "flake", hide = true)]
    pub is_flake: bool,
    /// Derivations that a job needs are printed
    #[arg(long, hide = true)]
    pub show_input_drvs: bool,
    /// Nothing is put into the store
    #[arg(long, hide = true)]
    pub no_instantiate: bool,
    /// What is in no store needs no root there
    #[arg(long, value_name = "DIR", hide = true)]
    pub gc_roots_dir: Option<String>,
}

/// A package, and what it needs.
#[derive(serde::Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    job: &'a Job,
    #[serde(flatten)]
    needs: Option<&'a Needs>,
}

/// Runs the command.
///
/// # Errors
/// When the list cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let trace = args.program.options.show_trace;
    let mut settings = args.program.bounded_settings();
    // What a package is made of is read from its derivations.
    let wanted = args.check_cache_status || args.constituents;
    let derivations = wanted.then(|| TemporaryDirectory::new("derivations-")).transpose()?;
    if let Some(folder) = &derivations
        && settings.write_to.is_none()
    {
        settings.write_to = Some(folder.path().to_owned());
    }
    let written = settings.write_to.clone();
    if let Some(mib) = args.max_memory_size {
        settings.max_memory = mib.saturating_mul(1 << 20).saturating_mul(threads(args.threads));
    }
    let here = context.root.as_deref().map(flake_in).transpose()?;
    let program = match args.program.program(args.flake.as_deref().or(here.as_deref())) {
        Ok(program) => program,
        Err(error) => return refused(&error, trace, context),
    };
    let request = Request {
        program,
        attrs: args.program.attr.clone(),
        systems: args.systems.clone(),
        force_recurse: args.force_recurse,
        meta: args.meta,
        select: args.select.clone(),
        apply: args.apply.clone(),
        constituents: written.clone().filter(|_| args.constituents),
        threads: args.threads,
        settings,
    };
    let jobs = match drvs(&request, &Host::new(context)) {
        Ok(jobs) => jobs,
        Err(error) => return refused(&error, trace, context),
    };
    let needs = match written.filter(|_| args.check_cache_status) {
        Some(folder) => {
            let (needs, warnings) = cache_status::asked(&jobs, &folder, &args.caches)?;
            for warning in warnings {
                context.say(warning)?;
            }
            needs
        }
        None => BTreeMap::new(),
    };
    for job in &jobs {
        match (&job.drv_path, &job.error) {
            (drv, _) if args.json => {
                let needs = drv.as_ref().and_then(|drv| needs.get(drv));
                context.json_line(&Line { job, needs })?;
            }
            (Some(drv), _) => {
                let name = job.name.as_deref().unwrap_or_default();
                let outputs: Vec<_> =
                    job.outputs.iter().flatten().map(|(output, _)| output.as_str()).collect();
                writeln!(context.out, "{}\t{name}\t{drv}\t{}", job.attr, outputs.join(","))?;
            }
            (None, Some(error)) => write!(context.err, "{}: {error}", job.attr)?,
            (None, None) => {}
        }
    }
    let failed = jobs.iter().filter(|job| job.error.is_some()).count();
    if failed == 0 {
        return Ok(Outcome::Clean);
    }
    context.say(format_args!("{failed} of {} could not be evaluated", plural(jobs.len(), "package")))?;
    Ok(if failed == jobs.len() { Outcome::NotEvaluated } else { Outcome::Findings })
}
