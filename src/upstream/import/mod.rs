//! Existing work taken over: hand-written derivations and versions.json files, into catalogue entries.
//!
//! `read` makes a [`Draft`] of a file, which is completed where something can only be fetched, and written as a
//! catalogue entry and, for what does not fit, an override.

mod attributes;
mod complete;
mod derivation;
mod entry;
mod functions;
mod knowledge;
mod meta;
mod override_text;
mod phases;
mod reading;
mod site;
mod source;
mod tested;
#[cfg(test)]
mod tests;
mod value;
mod versions_json;

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use crate::catalogue::model::Kind;
use crate::diag::{Diagnostics, SourceMap};
use crate::nix::syntax;
use crate::nix::syntax::scope::Scopes;

pub use complete::Missing;
pub use derivation::{Common, Crates, Derivation};
pub use override_text::Override;
pub use source::{At, Fetched};
pub use tested::Surroundings;
pub use versions_json::{CargoPgrx, Versions, cargo_pgrx, parse as versions_json};

/// What is asked of a file.
pub struct Request<'a> {
    /// The extension's name in the catalogue.
    pub name: &'a str,
    /// Where it comes from, for a comment.
    pub provenance: &'a str,
    /// The versions, where a versions.json says them, and what it calls the extension.
    pub versions: Option<(&'a str, &'a Versions)>,
    /// The catalogue's PostgreSQLs: name and major version.
    pub postgresqls: &'a [(String, u32)],
    /// Reads a file by a path written in the Nix file.
    pub files: &'a (dyn Fn(&str) -> Option<String> + Sync),
}

/// An extension before it is written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its name in the catalogue.
    pub name: String,
    /// Where it comes from.
    pub provenance: String,
    /// How it is built.
    pub kind: Kind,
    /// What all versions have in common.
    pub common: Common,
    /// Its versions.
    pub versions: Vec<Derivation>,
    /// The override, by versions.
    pub overrides: Vec<(Vec<String>, Override)>,
    /// The oldest PostgreSQL of the catalogue.
    pub lowest: u32,
    /// Names of the catalogue's PostgreSQLs.
    pub postgresqls: Vec<String>,
    /// Versions that were left out, and why.
    pub dropped: Vec<String>,
}

/// What became of one extension.
#[derive(Clone, Debug)]
pub struct Imported {
    /// Its name in the catalogue.
    pub name: String,
    /// Files relative to the catalogue folder; empty: nothing was taken over.
    pub files: BTreeMap<Utf8PathBuf, String>,
    /// What was not taken over as it was, and why.
    pub remarks: Vec<String>,
    /// Why nothing was.
    pub refused: Option<String>,
    /// Versions of cargo-pgrx that it needs.
    pub cargo_pgrx: BTreeSet<String>,
}

impl Imported {
    /// Nothing was taken over.
    pub fn refused(name: &str, why: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            files: BTreeMap::new(),
            remarks: Vec::new(),
            refused: Some(why.into()),
            cargo_pgrx: BTreeSet::new(),
        }
    }

    /// `in full`, `in part`, `not`.
    pub fn extent(&self) -> &'static str {
        match (&self.refused, self.remarks.is_empty()) {
            (Some(_), _) => "not",
            (None, true) => "in full",
            (None, false) => "in part",
        }
    }
}

/// Reads a file.
///
/// # Errors
/// Why there is nothing in it for the catalogue.
pub fn read(text: &str, request: &Request<'_>) -> Result<Draft, String> {
    // The tree is gone when this returns: what is kept is plain data.
    let parsed = Parsed { text, request };
    syntax::with_stack(text, || parsed.read()).map_err(|error| error.to_string())?
}

struct Parsed<'a> {
    text: &'a str,
    request: &'a Request<'a>,
}

impl Parsed<'_> {
    fn read(&self) -> Result<Draft, String> {
        let mut found = Diagnostics::new();
        let source = SourceMap::new().add(self.request.provenance, self.text);
        let Some(root) = syntax::parse(source, self.text, &mut found) else {
            let why =
                found.iter().next().map_or_else(String::new, |finding| format!(": {}", finding.message));
            return Err(format!("it is not Nix{why}"));
        };
        let scopes = Scopes::of(&root);
        let site = site::Site::find(&root, &scopes).ok_or_else(|| match site::Site::other(&root) {
            Some(builder) => {
                format!("{builder} is no builder that the catalogue has; kind = \"custom\" takes any")
            }
            None => "there is no derivation with a source in it".to_owned(),
        })?;
        let mut known = knowledge::Knowledge::new(&scopes, self.request.files);
        let request = self.request;
        let own;
        let table = match request.versions {
            Some((_, versions)) => versions.as_values(),
            None => {
                own = site.table(&mut known);
                own
            }
        };
        let from_table = !table.is_empty() || request.versions.is_some();
        let majors: BTreeSet<u32> = request.postgresqls.iter().map(|(_, major)| *major).collect();
        let majors: Vec<u32> = majors.into_iter().collect();
        let is_pgrx = {
            let builder = site.builder.to_string();
            ["Pgrx", "PGRX", "Pgx"].iter().any(|name| builder.contains(name))
        };
        let common = Common::default();
        let mut reading = reading::Reading {
            known: &mut known,
            site: &site,
            common,
            left: Vec::new(),
            is_pgrx,
            dropped: String::new(),
            forced: std::collections::HashSet::new(),
        };
        let (versions, cases, dropped) = if from_table {
            let mut read = by_version(&mut reading, &site, &table, request)?;
            // What one version leaves to the override, all do: it would come twice otherwise.
            for _ in 0..4 {
                if !reading.again() {
                    break;
                }
                read = by_version(&mut reading, &site, &table, request)?;
            }
            read
        } else {
            let case = site.only();
            match reading.read(&case, &majors) {
                Ok(own) => (vec![own], vec![(String::new(), case)], Vec::new()),
                Err(why) => match reading.by_major(request.postgresqls) {
                    Err(_) => return Err(why),
                    Ok(versions) if versions.is_empty() => return Err(why),
                    Ok(versions) => (versions, vec![(String::new(), case)], Vec::new()),
                },
            }
        };
        let left = reading.left();
        let mut common = reading.common;
        if site.changes_builder(is_pgrx) {
            common.remarks.insert("what the builder's own .override changes was left out".into());
        }
        if let Some((key, _)) = request.versions.filter(|(key, _)| *key != request.name) {
            common.sql = Some(key.to_owned());
        } else if common.sql.is_none() {
            common.sql = site::own_name(&known, &site, cases.first().map(|(_, case)| case));
        }
        let fold = |text: &str| text.to_lowercase().replace('-', "_");
        common.sql =
            common.sql.filter(|sql| fold(sql) != fold(request.name) || from_table && sql != request.name);
        let own = Kind::from_function(&site.builder.to_string());
        let kind = own.unwrap_or_else(|| entry::kind(is_pgrx, &versions, &left, &common));
        common.override_file = site.override_file();
        let left: Vec<derivation::Left> =
            left.into_iter().filter(|left| !entry::is_needless(&left.name, kind)).collect();
        let written =
            override_text::write(&known, &site, &cases, request.name, &majors, &left, &mut common.remarks);
        let names: Vec<String> = versions.iter().map(|version| version.version.clone()).collect();
        Ok(Draft {
            name: request.name.to_owned(),
            provenance: request.provenance.to_owned(),
            kind,
            common,
            overrides: written.map(|written| vec![(names, written)]).unwrap_or_default(),
            versions,
            lowest: majors.first().copied().unwrap_or(14),
            postgresqls: request.postgresqls.iter().map(|(name, _)| name.clone()).collect(),
            dropped,
        })
    }
}

/// Versions, the surroundings of each, and those that were left out.
type ByVersion = (Vec<Derivation>, Vec<(String, site::Case)>, Vec<String>);

fn by_version(
    reading: &mut reading::Reading<'_, '_>,
    site: &site::Site,
    table: &BTreeMap<String, BTreeMap<String, value::Value>>,
    request: &Request<'_>,
) -> Result<ByVersion, String> {
    let mut versions = Vec::new();
    let (mut cases, mut dropped, mut first) = (Vec::new(), Vec::new(), None);
    let mut order: Vec<&String> = table.keys().collect();
    order.sort_by(|a, b| crate::catalogue::version::compare(b, a));
    for version in order {
        reading.known.arguments = value::arguments(version, &table[version]);
        let case = site.case(reading.known, version, table[version].clone());
        let of_case = reading::majors_of(&case, request.postgresqls);
        match reading.read(&case, &of_case) {
            Ok(own) => {
                versions.push(own);
                cases.push((version.clone(), case));
            }
            Err(why) => {
                dropped.push(format!("{version} was left out: {why}"));
                first.get_or_insert(why);
            }
        }
    }
    match first {
        Some(why) if versions.is_empty() => Err(why),
        _ => Ok((versions, cases, dropped)),
    }
}

impl Draft {
    /// Takes in the versions of another file.
    pub fn merge(&mut self, other: Self) {
        for version in other.versions {
            if !self.versions.iter().any(|known| known.version == version.version) {
                self.versions.push(version);
            }
        }
        let known = self.overrides.clone();
        for (versions, one) in other.overrides {
            match self.overrides.iter_mut().find(|(_, known)| *known == one) {
                Some((all, _)) => all.extend(versions),
                None => self.overrides.push((versions, one)),
            }
        }
        // An override of some versions only must not hold for the others.
        if self.overrides == known && !known.is_empty() || !self.overrides.is_empty() && known.is_empty() {
            let all: BTreeSet<&String> = self.versions.iter().map(|version| &version.version).collect();
            let covered: BTreeSet<&String> =
                self.overrides.iter().flat_map(|(versions, _)| versions).collect();
            if all != covered {
                self.overrides.push((Vec::new(), Override::default()));
            }
        }
        self.common.remarks.extend(other.common.remarks);
        self.dropped.extend(other.dropped);
        self.provenance = format!("{}, {}", self.provenance, other.provenance);
    }
}
