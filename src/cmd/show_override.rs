//! `pgflakegen show NAME --override`.

use anstyle::{AnsiColor, Style};
use anyhow::{Context as _, bail};
use camino::Utf8Path;
use serde_json::json;

use super::host::Host;
use super::limits::Limits;
use super::show::Args;
use super::{Context, Outcome, evaluate};
use crate::catalogue::model::{Catalogue, Extension};
use crate::diag::foreign;
use crate::ops::show_override::{Request, Shown, show_override};
use crate::overrides::evaluated::shown::{Change, Line, Nothing};
use crate::overrides::evaluated::{self, Build};

/// Runs it.
pub(super) fn run(
    args: &Args,
    version: Option<&str>,
    root: &Utf8Path,
    catalogue: &Catalogue,
    extension: &Extension,
    context: &mut Context<'_>,
) -> anyhow::Result<Outcome> {
    let build = choose(args, version, catalogue, extension)?;
    let request = Request {
        root,
        catalogue,
        build: &build,
        system: args.system.as_deref(),
        evaluation: evaluate::evaluation(Vec::new(), &args.inputs, &Limits::default()),
    };
    let Shown { system, changes } = show_override(&request, &Host::new(context))?;
    let changes = match changes {
        Ok(changes) => changes,
        Err(Nothing::Missing(what)) => bail!("the override cannot be evaluated: {what}"),
        Err(Nothing::Excluded) => bail!("{} is not for {system}", build.extension),
        Err(Nothing::Failed(message)) => {
            writeln!(context.err, "error: {message}")?;
            context.say("`pgflakegen validate --evaluate` shows where")?;
            return Ok(Outcome::Findings);
        }
    };
    if args.json {
        write_json(&build, &system, &changes, context)?;
    } else {
        write_text(&build, &system, &changes, context)?;
    }
    Ok(Outcome::Clean)
}

/// The build that is meant: of the PostgreSQL and version that were named, else of the default ones.
fn choose(
    args: &Args,
    version: Option<&str>,
    catalogue: &Catalogue,
    extension: &Extension,
) -> anyhow::Result<Build> {
    let name = &extension.name;
    if extension.override_file.is_none() {
        bail!("{name} has no override: catalogue/extensions/{name}.toml names none");
    }
    let mut builds: Vec<Build> =
        evaluated::builds(catalogue).into_iter().filter(|build| build.extension == *name).collect();
    let unique = |texts: Vec<&str>| {
        let mut texts = texts;
        texts.dedup();
        texts.join(", ")
    };
    if let Some(wanted) = &args.postgresql {
        let wanted = wanted.strip_prefix("psql_").unwrap_or(wanted);
        let there = unique(builds.iter().map(|build| build.name.as_str()).collect());
        builds.retain(|build| build.name == wanted);
        anyhow::ensure!(!builds.is_empty(), "{name} is not for PostgreSQL {wanted}; it is for {there}");
    }
    if let Some(wanted) = version {
        let mut there: Vec<_> = builds.iter().map(|build| build.version.as_str()).collect();
        there.sort_unstable();
        let there = unique(there);
        builds.retain(|build| build.version == wanted);
        anyhow::ensure!(!builds.is_empty(), "{name} has no version {wanted} here; it has {there}");
    }
    let rank = |build: &Build| (build.name != catalogue.flake.default_postgresql, !build.default);
    builds.into_iter().min_by_key(rank).with_context(|| format!("no PostgreSQL has {name}"))
}

fn write_text(
    build: &Build,
    system: &str,
    changes: &[Change],
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    let Build { extension, version, name, file, .. } = build;
    writeln!(context.out, "{extension} {version} for PostgreSQL {name} on {system}: {file}")?;
    if changes.is_empty() {
        writeln!(context.out, "\nThe override changes nothing here.")?;
    }
    let style = |style: Style| if context.colour_out { style } else { Style::new() };
    let (bold, minus, plus) = (
        style(Style::new().bold()),
        style(AnsiColor::Red.on_default()),
        style(AnsiColor::Green.on_default()),
    );
    for change in changes {
        context.out.styled(&format!("\n{bold}{}{bold:#}\n", foreign::line(&change.name)))?;
        for line in change.lines() {
            match line {
                Line::Same(text) => writeln!(context.out, "{}", format!("    {text}").trim_end())?,
                Line::Before(text) => {
                    context.out.styled(&format!("{minus}  - {}{minus:#}\n", foreign::line(&text)))?;
                }
                Line::After(text) => {
                    context.out.styled(&format!("{plus}  + {}{plus:#}\n", foreign::line(&text)))?;
                }
                Line::Left => writeln!(context.out, "    …")?,
            }
        }
    }
    Ok(())
}

fn write_json(
    build: &Build,
    system: &str,
    changes: &[Change],
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    let attributes: serde_json::Map<_, _> = changes
        .iter()
        .map(|change| {
            let sides = [("before", &change.before), ("after", &change.after)];
            let sides = sides.into_iter().filter_map(|(side, value)| Some((side, value.as_ref()?.json())));
            (change.name.clone(), sides.map(|(side, value)| (side.to_owned(), value)).collect())
        })
        .collect();
    let value = json!({
        "extension": build.extension,
        "version": build.version,
        "postgresql": build.name,
        "system": system,
        "override": build.file,
        "attributes": attributes,
    });
    context.json(&value)?;
    Ok(())
}
