//! `pgflakegen list`.

use anyhow::bail;
use comfy_table::{Table, presets};
use serde_json::json;

use crate::catalogue::model::{Catalogue, Extension, Fit, Postgresql};
use crate::catalogue::version;
use crate::cmd::host::Host;
use crate::cmd::{Context, Outcome};
use crate::diag::foreign::line;
use crate::diag::nearest;
use crate::ops;

/// Options of `list`.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Only what the PostgreSQL called NAME has.
    #[arg(long, short, value_name = "NAME")]
    pub postgresql: Option<String>,

    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs it.
///
/// # Errors
/// When the catalogue cannot be read or has no such PostgreSQL.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let catalogue = ops::usable(&super::root(context.root.as_deref())?, &Host::new(context))?;
    let only = args.postgresql.as_deref();
    if let Some(name) = only
        && catalogue.postgresql(name).is_none()
    {
        let names: Vec<_> = catalogue.postgresqls.iter().map(|p| p.name.as_str()).collect();
        let hint = nearest(name, names.iter().copied());
        let hint = hint.map_or("; it".to_owned(), |hint| format!("; did you mean {hint}? It"));
        bail!("the catalogue has no PostgreSQL {name}{hint} has {}", names.join(", "));
    }
    let extensions: Vec<_> =
        catalogue.extensions.iter().filter(|e| only.is_none_or(|name| e.fits.contains_key(name))).collect();
    if args.json {
        let rows = extensions.iter().map(|e| {
            json!({
                "name": e.name,
                "kind": e.kind,
                "versions": versions(&catalogue, e, only),
                "postgresqls": postgresqls(&catalogue, e),
                "description": e.description,
            })
        });
        let value = json!({
            "postgresqls": catalogue.postgresqls.iter().map(|p| json!({
                "name": p.name,
                "version": catalogue.version_of(p),
            })).collect::<Vec<_>>(),
            "extensions": rows.collect::<Vec<_>>(),
        });
        context.json(&value)?;
        return Ok(Outcome::Clean);
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["Extension", "Kind", "Versions", "PostgreSQL", "Description"]);
    for extension in extensions {
        table.add_row([
            line(&extension.name).into_owned(),
            extension.kind.name().to_owned(),
            line(&versions(&catalogue, extension, only).join(" ")).into_owned(),
            line(&postgresqls(&catalogue, extension).join(" ")).into_owned(),
            line(&extension.description).into_owned(),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for line in table.lines() {
        writeln!(context.out, "{}", line.trim_end())?;
    }
    Ok(Outcome::Clean)
}

/// The versions, newest first; with a PostgreSQL those that it can have.
fn versions(catalogue: &Catalogue, extension: &Extension, only: Option<&str>) -> Vec<String> {
    let all = extension.versions.iter().enumerate().rev();
    let fits = |index: usize| match only.map(|name| extension.fits.get(name)) {
        None => true,
        Some(Some(Fit::Versions { all, .. })) => all.binary_search(&index).is_ok(),
        Some(_) => false,
    };
    if extension.kind.is_package_sets() {
        let takes =
            |p: &&Postgresql| extension.fits.contains_key(&p.name) && only.is_none_or(|name| name == p.name);
        let mut known: Vec<&str> = catalogue
            .postgresqls
            .iter()
            .filter(takes)
            .filter_map(|p| catalogue.nixpkgs_version(extension, p))
            .collect();
        known.sort_by(|a, b| version::compare(b, a));
        known.dedup();
        return std::iter::once("nixpkgs").chain(known).map(str::to_owned).collect();
    }
    all.filter(|(index, _)| fits(*index)).map(|(_, v)| v.version.clone()).collect()
}

fn postgresqls(catalogue: &Catalogue, extension: &Extension) -> Vec<String> {
    let names = catalogue.postgresqls.iter().map(|p| &p.name);
    names.filter(|name| extension.fits.contains_key(*name)).map(ToString::to_string).collect()
}
