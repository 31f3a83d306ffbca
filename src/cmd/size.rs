//! `pgflakegen size`: how large an environment is, and why.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::host::Host;
use super::inputs::Inputs;
use super::program::{EvalOptions, sides};
use super::{Context, Outcome, report};
use crate::accounts::bill::split_name;
use crate::diag::{Diagnostics, SourceMap, foreign, mib, plural, signed_mib};
use crate::nix::eval::{current_system, parse_size};
use crate::ops::size::{Closure, Request, Size, size};

/// Options of `size`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// The attribute of the flake: psql_17/bin, psql_17/slim
    #[arg(value_name = "ATTR")]
    pub attribute: String,
    /// Compare with this revision
    #[arg(long, value_name = "REV")]
    pub against: Option<String>,
    /// Fail where it is larger: 400M, 2G
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub limit: Option<u64>,
    /// Fail where it has grown by more: 10M
    #[arg(long, value_name = "SIZE", value_parser = bytes, requires = "against")]
    pub max_growth: Option<u64>,
    /// Ask this cache about what is not built here; may be repeated
    #[arg(long = "cache", value_name = "URL")]
    pub caches: Vec<String>,
    /// Where store paths are
    #[arg(long, value_name = "DIR", default_value = "/nix/store")]
    pub store: PathBuf,
    /// Show this many packages
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    pub top: usize,
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

fn bytes(text: &str) -> Result<u64, String> {
    parse_size(text).map(|size| size as u64)
}

/// Runs it.
///
/// # Errors
/// When it cannot be evaluated, or is neither built nor in a cache.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.reports = args.json;
    let root = super::root(context.root.as_deref())?;
    let system = args.options.system.clone().unwrap_or_else(current_system);
    let attribute = args.attribute.trim_start_matches(".#");
    let request = Request {
        root: &root,
        attribute,
        against: args.against.as_deref(),
        store: &args.store,
        caches: &args.caches,
        how: sides(std::slice::from_ref(&system), &args.inputs, &args.options),
    };
    let found = size(&request, &Host::new(context))?;
    for warning in &found.warnings {
        context.say(format_args!("{}", foreign::line(warning)))?;
    }
    let growth = found.before.as_ref().map(|before| growth(&found.now, before));
    if args.json {
        let value = as_json(attribute, &system, args.against.as_deref(), &found);
        report::write(&Diagnostics::new(), &SourceMap::new(), value, context)?;
    } else {
        shown(attribute, args, &found, context)?;
    }
    let mut outcome = Outcome::Clean;
    if let Some(limit) = args.limit.filter(|limit| found.now.bytes > *limit) {
        let largest = found.now.members.first().map_or("", |member| member.name());
        writeln!(
            context.err,
            "error: {attribute} has {}, more than {}; the largest is {}",
            mib(found.now.bytes),
            mib(limit),
            foreign::line(largest)
        )?;
        outcome = Outcome::Findings;
    }
    if let (Some(limit), Some(growth)) = (args.max_growth, growth)
        && growth > i128::from(limit)
    {
        writeln!(
            context.err,
            "error: {attribute} has grown by {}, more than {}",
            signed_mib(growth),
            mib(limit)
        )?;
        outcome = Outcome::Findings;
    }
    Ok(outcome)
}

fn growth(now: &Closure, before: &Closure) -> i128 {
    i128::from(now.bytes) - i128::from(before.bytes)
}

fn shown(attribute: &str, args: &Args, found: &Size, context: &mut Context<'_>) -> anyhow::Result<()> {
    let Size { now, before, .. } = found;
    let since = match (&args.against, before) {
        (Some(rev), Some(before)) => {
            format!(", {} since {}", signed_mib(growth(now, before)), foreign::line(rev))
        }
        _ => String::new(),
    };
    writeln!(
        context.out,
        "{attribute}: {} in {}{since}",
        mib(now.bytes),
        plural(now.members.len(), "store path")
    )?;
    if !now.shares.is_empty() {
        writeln!(context.out, "\nWhat only an extension brings:")?;
    }
    for share in &now.shares {
        let paths = plural(share.paths, "path");
        writeln!(context.out, "{:>12}  {}  {paths}", mib(share.bytes), foreign::line(&share.name))?;
    }
    writeln!(context.out, "\nThe largest, and why they are there:")?;
    for member in now.members.iter().take(args.top) {
        let why = foreign::line(&member.why.join(" > ")).to_string();
        writeln!(context.out, "{:>12}  {}  {why}", mib(member.bytes), foreign::line(member.name()))?;
    }
    let Some(before) = before else { return Ok(()) };
    let changes = changes(now, before);
    if !changes.is_empty() {
        writeln!(context.out, "\nWhat has changed:")?;
    }
    for (package, old, new) in changes {
        let by = i128::from(new) - i128::from(old);
        writeln!(
            context.out,
            "{:>12}  {}  {} -> {}",
            signed_mib(by),
            foreign::line(&package),
            mib(old),
            mib(new)
        )?;
    }
    Ok(())
}

/// Packages, by name without version, whose bytes are other than before; the most growth first.
fn changes(now: &Closure, before: &Closure) -> Vec<(String, u64, u64)> {
    let mut both: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for member in &before.members {
        let entry = &mut both.entry(package(member.name())).or_default().0;
        *entry = entry.saturating_add(member.bytes);
    }
    for member in &now.members {
        let entry = &mut both.entry(package(member.name())).or_default().1;
        *entry = entry.saturating_add(member.bytes);
    }
    let mut changes: Vec<(String, u64, u64)> = both
        .into_iter()
        .filter(|(_, (old, new))| old != new)
        .map(|(name, (old, new))| (name, old, new))
        .collect();
    changes.sort_by_key(|(name, old, new)| (i128::from(*old) - i128::from(*new), name.clone()));
    changes
}

/// `pgvector` of `pgvector-0.8.1`, as Nix tells names from versions, with the output behind it.
fn package(name: &str) -> String {
    let (base, Some(behind)) = split_name(name) else { return name.to_owned() };
    let output =
        ["-lib", "-dev", "-doc", "-man", "-bin", "-jit"].into_iter().find(|output| behind.ends_with(output));
    format!("{base}{}", output.unwrap_or(""))
}

fn as_json(attribute: &str, system: &str, against: Option<&str>, found: &Size) -> Value {
    let Size { now, before, .. } = found;
    let paths: Vec<Value> = now
        .members
        .iter()
        .map(
            |one| json!({ "path": one.path, "bytes": one.bytes, "extension": one.extension, "why": one.why }),
        )
        .collect();
    let shares: Vec<Value> = now
        .shares
        .iter()
        .map(|share| json!({ "name": share.name, "bytes": share.bytes, "paths": share.paths }))
        .collect();
    let compared = before.as_ref().map(|before| {
        let changes: Vec<Value> = changes(now, before)
            .into_iter()
            .map(|(package, old, new)| json!({ "package": package, "before": old, "now": new }))
            .collect();
        json!({ "revision": against, "bytes": before.bytes, "changes": changes })
    });
    json!({
        "attribute": attribute,
        "system": system,
        "bytes": now.bytes,
        "extensions": shares,
        "paths": paths,
        "against": compared,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_packages() {
        for (name, expected) in [
            ("pgvector-0.8.1", "pgvector"),
            ("icu4c-76.1-dev", "icu4c-dev"),
            ("postgresql-and-plugins-17.6", "postgresql-and-plugins"),
            ("receipt-17", "receipt"),
            ("zstd-host", "zstd-host"),
        ] {
            assert_eq!(package(name), expected);
        }
    }
}
