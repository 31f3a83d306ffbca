//! What is known once something is built: sizes, by reports of `size` and by receipts; which versions cannot be side by
//! side, by what a build has said.

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde::Deserialize;

use super::json_in;
use crate::catalogue::model::{Catalogue, Extension, Fit, Postgresql};
use crate::explorer::data::Facts;
use crate::layout;
use crate::limited;
use crate::ops::Error;
use crate::render;

/// A report of `size --json`, or a `receipt.json`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Measured {
    Report(Report),
    Receipt(Receipt),
}

#[derive(Deserialize)]
struct Report {
    attribute: String,
    bytes: u64,
    extensions: Vec<Share>,
}

#[derive(Deserialize)]
struct Share {
    name: String,
    bytes: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Receipt {
    psql_name: String,
    #[serde(default)]
    side_by_side: Vec<Beside>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Beside {
    name: String,
    added_bytes: Option<u64>,
}

/// Adds what a file says of sizes.
pub(super) fn add_sizes(facts: &mut Facts, path: &Utf8Path, catalogue: &Catalogue) -> Result<(), Error> {
    let what = "report of `pgflakegen size psql_NAME/bin --json`, nor a receipt.json of an environment";
    let unfit = |why: String| Error::Unfit { path: path.to_owned(), why };
    match json_in(path, what)? {
        Measured::Report(report) => {
            let server = layout::delivered(&report.attribute);
            let is = |postgresql: &&Postgresql| {
                server.is_some_and(|name| name == render::attribute(&postgresql.name))
            };
            let postgresql = catalogue.postgresqls.iter().find(is).ok_or_else(|| {
                unfit(format!("it is of {}, which is no environment of this catalogue", report.attribute))
            })?;
            facts.postgresqls.entry(postgresql.name.to_string()).or_default().closure = Some(report.bytes);
            for Share { name, bytes } in report.extensions {
                let Some((extension, version)) = meant(catalogue, postgresql, &name) else { continue };
                let versions = facts.extensions.entry(extension.name.to_string()).or_default();
                let brings = &mut versions.entry(version).or_default().brings;
                // One version may bring more to one server than to another.
                *brings = (*brings).max(Some(bytes));
            }
        }
        Measured::Receipt(receipt) => {
            if catalogue.postgresql(&receipt.psql_name).is_none() {
                return Err(unfit(format!(
                    "it is of PostgreSQL {}, which is not in this catalogue",
                    receipt.psql_name
                )));
            }
            let added = receipt.side_by_side.into_iter();
            let added: BTreeMap<String, u64> =
                added.filter_map(|one| Some((one.name, one.added_bytes?))).collect();
            if !added.is_empty() {
                facts.beside.insert(receipt.psql_name, added);
            }
        }
    }
    Ok(())
}

/// The extension and version that a part of `exts/NAME` means.
fn meant<'c>(
    catalogue: &'c Catalogue,
    postgresql: &Postgresql,
    name: &str,
) -> Option<(&'c Extension, String)> {
    let Some(extension) = catalogue.extension(name) else {
        let mut all = catalogue.extensions.iter().flat_map(|one| one.versions.iter().map(move |v| (one, v)));
        return all.find(|(_, version)| version.attr == name).map(|(one, v)| (one, v.version.clone()));
    };
    let version = match extension.fits.get(&postgresql.name)? {
        Fit::Versions { default, .. } => extension.versions.get(*default)?.version.clone(),
        Fit::Nixpkgs => catalogue.nixpkgs_version(extension, postgresql)?.to_owned(),
    };
    Some((extension, version))
}

/// How a build begins to say it, after the extension's name; what it says follows, indented.
const BEGINS: &str = " cannot have its versions side by side:";

/// Adds what the log of a build says of versions that cannot be side by side.
pub(super) fn add_collisions(facts: &mut Facts, path: &Utf8Path, catalogue: &Catalogue) -> Result<(), Error> {
    let text = limited::given(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let mut of: Option<&Extension> = None;
    for line in text.lines() {
        // Nix puts a derivation's name in front.
        let line = line.split_once("> ").map_or(line, |(_, line)| line);
        if let Some(name) = line.strip_suffix(BEGINS) {
            of = catalogue.extension(name.trim());
        } else if let (Some(extension), Some(why)) = (of, line.strip_prefix("  ")) {
            let all = facts.collisions.entry(extension.name.to_string()).or_default();
            if !all.iter().any(|known| known == why) {
                all.push(why.to_owned());
            }
        } else {
            of = None;
        }
    }
    if facts.collisions.is_empty() {
        let why = format!("no line says that an extension of this catalogue{BEGINS} …");
        return Err(Error::Unfit { path: path.to_owned(), why });
    }
    Ok(())
}
