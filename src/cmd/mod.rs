//! One file per subcommand. The only place for `anyhow`.

pub mod add;
pub mod audit;
pub mod bump;
mod bump_actions;
mod bump_inputs;
pub mod cache;
pub mod check;
pub mod ci;
pub mod completions;
mod context;
pub mod diff;
pub mod drv_diff;
pub mod drvs;
pub mod eval;
pub mod evaluate;
pub mod explain;
pub mod explorer;
mod fetching;
pub mod generate;
mod host;
pub mod import;
pub mod index;
pub mod init;
pub mod inputs;
pub mod licenses;
pub mod limits;
pub mod list;
pub mod man;
pub mod matrix;
pub mod merge_driver;
pub mod outdated;
pub mod prefetch;
pub mod program;
mod report;
mod root;
pub mod sbom;
pub mod schema;
pub mod show;
mod show_override;
pub mod size;
pub mod validate;
pub mod verify;

pub use context::{Context, Outcome};
pub(crate) use root::root;

use serde_json::Value;

use crate::diag::{self, Diagnostics, Format, SourceMap, plural};
use crate::ops::{self, Loaded};
use crate::rules;

/// Writes findings to stderr (text) or stdout (formats for programs), and a last line that counts.
pub(crate) fn emit(loaded: &Loaded, format: Format, context: &mut Context<'_>) -> anyhow::Result<()> {
    if loaded.diagnostics.is_empty() {
        return Ok(());
    }
    match format {
        Format::Text => {
            let (colour, fold) = (context.colour_err, context.fold);
            diag::emit_text(&loaded.diagnostics, &loaded.sources, colour, fold, context.err)?;
            context.say(counted(&loaded.diagnostics))?;
        }
        _ => for_programs(&loaded.diagnostics, &loaded.sources, format, context)?,
    }
    Ok(())
}

/// Writes findings to stdout.
pub(crate) fn for_programs(
    found: &Diagnostics,
    sources: &SourceMap,
    format: Format,
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    match format {
        Format::Sarif => diag::emit_sarif(found, sources, &rules::explanation, context.out)?,
        _ => diag::emit(found, sources, format, context.colour_out, context.out)?,
    }
    Ok(())
}

fn counted(found: &Diagnostics) -> String {
    let (errors, warnings) = found.counts();
    format!("{}, {}", plural(errors, "error"), plural(warnings, "warning"))
}

/// Writes findings that are about no file.
pub(crate) fn emit_global(found: &Diagnostics, context: &mut Context<'_>) -> anyhow::Result<()> {
    diag::emit(found, &SourceMap::new(), Format::Text, context.colour_err, context.err)?;
    Ok(())
}

/// What kept a command from running stays an error; whoever wants a report gets one.
fn unable(error: anyhow::Error, report: bool, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    if report {
        report::failed(&format!("{error:#}"), context)?;
    }
    Err(error)
}

/// What an operation could not do for findings' sake has an outcome; anything else stays an error.
///
/// # Errors
/// What is no finding.
pub fn finish(result: anyhow::Result<Outcome>, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let error = match result {
        Ok(outcome) => return Ok(outcome),
        Err(error) => error,
    };
    let report = context.reports;
    let nowhere = SourceMap::new();
    match error.downcast::<ops::Error>() {
        Ok(ops::Error::Unusable(loaded)) if report => {
            report::write(&loaded.diagnostics, &loaded.sources, Value::Null, context)?;
        }
        Ok(ops::Error::Unusable(loaded)) => emit(&loaded, Format::Text, context)?,
        Ok(ops::Error::Findings(found)) => {
            emit_global(&found, context)?;
            if report {
                report::write(&found, &nowhere, Value::Null, context)?;
            }
        }
        Ok(ops::Error::Refused(found)) => {
            emit_global(&found, context)?;
            if report {
                report::write(&found, &nowhere, Value::Null, context)?;
            }
            context.say("nothing was changed")?;
        }
        // The host has said it.
        Ok(ops::Error::NotWritten(written)) => {
            if report {
                report::failed(&ops::Error::NotWritten(written).to_string(), context)?;
            }
        }
        Ok(other) => return unable(other.into(), report, context),
        Err(error) => return unable(error, report, context),
    }
    Ok(Outcome::Findings)
}
