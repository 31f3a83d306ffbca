//! `pgflakegen validate`: hand-written Nix judged on its syntax and, when asked to, evaluated.

use camino::Utf8PathBuf;
use serde_json::json;

use super::host::Host;
use super::{Context, Outcome, evaluate, report};
use crate::diag::{self, Diagnostics, Format, SourceMap, plural};
use crate::ops::validate::{Request, Validated, validate};

/// Options of `validate`.
#[derive(clap::Args, Debug, Default)]
pub struct Args {
    /// Show all findings on a terminal, where those of a kind beyond 50 are only counted otherwise.
    #[arg(long)]
    pub all: bool,

    /// The Nix files, or folders of them; without any, the catalogue's overrides and extra.nix.
    ///
    /// An override of the catalogue is judged as one, any other file by the rules that hold for all Nix.
    #[arg(value_name = "FILE")]
    pub files: Vec<Utf8PathBuf>,

    /// Apply the corrections that are safe, and show what is left.
    #[arg(long)]
    pub fix: bool,

    /// Choose how findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// End with 1 for warnings, too.
    #[arg(long)]
    pub error_on_warning: bool,

    /// Evaluate the overrides besides: every build that has one, with it and without it (implied by --systems
    /// and --override-input).
    #[arg(long)]
    pub evaluate: bool,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub evaluation: evaluate::Options,
}

/// Runs it.
///
/// # Errors
/// When a file cannot be read, or with `--fix` written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.fold &= !args.all;
    context.reports = args.format == Format::Json;
    let root = super::root(context.root.as_deref())?;
    let here = std::env::current_dir().ok().and_then(|here| Utf8PathBuf::try_from(here).ok());
    let evaluated = args.evaluate || args.evaluation.any();
    let request = Request {
        root: &root,
        files: &args.files,
        fix: args.fix,
        evaluation: evaluated.then(|| args.evaluation.evaluation()),
        here: here.as_deref(),
    };
    let Validated { sources, diagnostics, files, fixed, builds } = validate(&request, &Host::new(context))?;
    match args.format {
        Format::Json => {
            let data = json!({ "files": files, "fixes": fixed.0, "builds": builds });
            report::write(&diagnostics, &sources, data, context)?;
        }
        format => emit(&diagnostics, &sources, format, context)?,
    }
    if fixed.0 > 0 {
        context.say(format_args!(
            "{} applied in {}",
            plural(fixed.0, "fix").replace("fixs", "fixes"),
            plural(fixed.1, "file")
        ))?;
    }
    let (errors, warnings) = diagnostics.counts();
    let summary = match (errors, warnings) {
        (0, 0) => format!("{}: nothing found", plural(files, "file")),
        _ => {
            format!("{}: {}, {}", plural(files, "file"), plural(errors, "error"), plural(warnings, "warning"))
        }
    };
    let summary = match builds {
        Some(builds) => format!("{summary}; {} evaluated", plural(builds, "build")),
        None => summary,
    };
    context.say(summary)?;
    let warned = args.error_on_warning && warnings > 0;
    Ok(if warned || diagnostics.has_errors() { Outcome::Findings } else { Outcome::Clean })
}

fn emit(
    diagnostics: &Diagnostics,
    sources: &SourceMap,
    format: Format,
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    match format {
        Format::Text => {
            diag::emit_text(diagnostics, sources, context.colour_err, context.fold, context.err)?;
        }
        _ => super::for_programs(diagnostics, sources, format, context)?,
    }
    Ok(())
}
