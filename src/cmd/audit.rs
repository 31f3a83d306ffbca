//! `pgflakegen audit`: known vulnerabilities.

use std::time::{SystemTime, UNIX_EPOCH};

use camino::Utf8PathBuf;
use serde_json::json;

use super::evaluate::evaluation;
use super::fetching::Options;
use super::host::Host;
use super::inputs::Inputs;
use super::limits::Limits;
use super::{Context, Outcome, emit, report};
use crate::diag::{Format, plural};
use crate::ops::audit::{Audited, Request, audit};
use crate::store::dates::{self, is_day};

/// Options of `audit`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// An attribute of the flake, whose components are looked at, too: psql_17/bin.
    #[arg(value_name = "ATTR")]
    pub attribute: Option<String>,

    /// Look into a folder with records of OSV, and ask nobody.
    #[arg(long, value_name = "DIR")]
    pub database: Option<Utf8PathBuf>,

    /// Ask nobody, and go by PostgreSQL's own advisories alone.
    #[arg(long, conflicts_with = "database")]
    pub own: bool,

    /// The day as of which ignored vulnerabilities are ignored: 2026-12-31 [default: today].
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub date: Option<String>,

    /// Choose how findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// End with 1 for warnings, too.
    #[arg(long)]
    pub error_on_warning: bool,

    /// With ATTR, evaluate for this system [default: this machine's if the catalogue has it].
    #[arg(long, value_name = "SYSTEM", requires = "attribute")]
    pub system: Option<String>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub inputs: Inputs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub limits: Limits,

    /// Do not use the network.
    #[arg(long)]
    pub offline: bool,
}

/// The longest answer that is read.
const LARGEST: u64 = 1 << 30;

fn day(text: &str) -> Result<String, String> {
    if is_day(text) { Ok(text.to_owned()) } else { Err("write a day as 2026-12-31".to_owned()) }
}

/// The day that it is.
fn today() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    dates::day(i64::try_from(now).unwrap_or(0))
}

/// Runs it.
///
/// # Errors
/// When the catalogue cannot be read, or nobody answers.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.reports = args.format == Format::Json;
    let root = super::root(context.root.as_deref())?;
    let date = args.date.clone().unwrap_or_else(today);
    let request = Request {
        root: &root,
        attribute: args.attribute.as_deref(),
        date: &date,
        database: args.database.as_deref(),
        own_only: args.own,
        evaluation: evaluation(args.system.iter().cloned().collect(), &args.inputs, &args.limits),
    };
    let upstream = Options { offline: args.offline, max_size: LARGEST, ..Options::default() }.upstream()?;
    let audited = audit(&request, &upstream, &Host::new(context))?;
    let Audited { hits, loaded, asked, advisories, database, unknown } = &audited;
    match args.format {
        Format::Json => {
            let data = json!({
                "date": date,
                "advisories": advisories,
                "database": database,
                "asked": if args.own { 0 } else { *asked },
                "vulnerabilities": hits,
                "unknown": unknown,
            });
            report::write(&loaded.diagnostics, &loaded.sources, data, context)?;
        }
        // A log without results says that there are none.
        Format::Sarif => super::for_programs(&loaded.diagnostics, &loaded.sources, Format::Sarif, context)?,
        format => emit(loaded, format, context)?,
    }
    let open = hits.iter().filter(|hit| hit.ignored.is_none()).count();
    let ignored = hits.len() - open;
    let known =
        if open == 1 { "1 known vulnerability".to_owned() } else { format!("{open} known vulnerabilities") };
    let whom = match (args.own, database) {
        (true, _) => "nobody was asked".to_owned(),
        (false, Some(state)) => format!("{} looked up, as of {state}", plural(*asked, "component")),
        (false, None) => format!("OSV was asked about {}", plural(*asked, "component")),
    };
    context.say(format_args!(
        "{known}, {ignored} ignored; PostgreSQL's advisories as of {advisories}; {whom}"
    ))?;
    let (errors, warnings) = loaded.diagnostics.counts();
    Ok(match errors > 0 || (args.error_on_warning && warnings > 0) {
        true => Outcome::Findings,
        false => Outcome::Clean,
    })
}
