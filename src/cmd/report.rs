//! Reports for programs: one object, whatever happened.
//!
//! `{ "version": 1, "findings": […], … }`, where the rest is the command's own data, as docs/reports.md says; where a
//! command could not run, `"error"` says why, and the data is missing.

use serde_json::{Map, Value};

use super::Context;
use crate::diag::{self, Diagnostics, Format, SourceMap};

/// Of the shape of all reports. A new key leaves it as it is.
const VERSION: u32 = 1;

/// Writes a report to stdout.
///
/// # Errors
/// When stdout cannot be written to.
pub(super) fn write(
    found: &Diagnostics,
    sources: &SourceMap,
    data: Value,
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    let mut report = begin(found, sources)?;
    if let Value::Object(data) = data {
        report.extend(data);
    }
    context.reports = false;
    Ok(context.json(&Value::Object(report))?)
}

/// The report of a command that could not run.
///
/// # Errors
/// When stdout cannot be written to.
pub(super) fn failed(error: &str, context: &mut Context<'_>) -> anyhow::Result<()> {
    let mut report = begin(&Diagnostics::new(), &SourceMap::new())?;
    report.insert("error".into(), error.into());
    Ok(context.json(&Value::Object(report))?)
}

fn begin(found: &Diagnostics, sources: &SourceMap) -> anyhow::Result<Map<String, Value>> {
    let mut findings = Vec::new();
    diag::emit(found, sources, Format::Json, false, &mut findings)?;
    let mut report = Map::new();
    report.insert("version".into(), VERSION.into());
    report.insert("findings".into(), serde_json::from_slice(&findings)?);
    Ok(report)
}
