//! Under which licences things are: those of the catalogue, or of an environment or image. And what a policy denies.

mod texts;

use std::collections::BTreeMap;
use std::path::Path;

use camino::Utf8Path;
use serde::Serialize;

use super::evaluate::Evaluation;
use super::revision::{self, Side};
use super::sbom::{self, with_derivations};
use super::{Error, Host};
use crate::accounts::bill::Licence;
use crate::catalogue::model::{Catalogue, Fit, Policy};
use crate::catalogue::{licenses, places};
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap, Span, foreign};
use crate::layout;
use crate::progress::progress;
use crate::rule::{Finder, finder};
pub use texts::{Text, Texts};

/// What is found here.
pub(crate) const FINDER: Finder = finder! { DeniedLicense; };

/// What is wanted.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// An attribute; `None`: the catalogue.
    pub attribute: Option<&'a str>,
    /// The policy is that of this revision, not of the files as they are.
    pub against: Option<&'a str>,
    /// The folder of the store that texts are collected from; with an attribute only.
    pub texts: Option<&'a Path>,
    /// How an attribute is evaluated.
    pub evaluation: Evaluation,
}

/// A row of the table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Row {
    /// What has the licences.
    pub name: String,
    /// Its versions.
    pub versions: Vec<String>,
    /// All of them hold; none: not known.
    pub licences: Vec<Licence>,
    /// Those of them that the policy denies.
    pub denied: Vec<String>,
}

/// The table.
#[derive(Debug)]
pub struct Listed {
    /// In the order of names.
    pub rows: Vec<Row>,
    /// The texts, if they were asked for.
    pub texts: Option<Texts>,
    /// What the policy denies.
    pub found: Diagnostics,
    /// The texts that findings point into.
    pub sources: SourceMap,
}

/// Lists licences.
///
/// # Errors
/// When the catalogue, or the revision's, cannot be read, or the attribute not be evaluated.
pub fn list(request: &Request<'_>, host: &dyn Host) -> Result<Listed, Error> {
    let mut loaded = super::load(request.root)?;
    let Some(catalogue) = loaded.catalogue.take() else { return Err(Error::Unusable(Box::new(loaded))) };
    let policy = match request.against {
        Some(revision) => policy_of(request.root, revision)?,
        None => catalogue.flake.policy.clone(),
    };
    let (mut rows, texts) = match request.attribute {
        None => (of_catalogue(&catalogue), None),
        Some(attribute) => {
            let wanted = sbom::Request::of(request.root, attribute, &request.evaluation);
            let (bill, derivations) = with_derivations(&wanted, host)?;
            let _looking = progress(host, "looking for texts", 0);
            (of_bill(&bill), request.texts.map(|store| texts::texts(&bill, &derivations, store)))
        }
    };
    let mut found = Diagnostics::new();
    for row in &mut rows {
        for licence in &row.licences {
            if policy.deny.iter().any(|name| licence.is(name)) {
                row.denied.push(licence.name.clone());
                if request.attribute.is_some() {
                    found.push(in_environment(row, licence));
                }
            }
        }
    }
    if request.attribute.is_none() {
        denied(&catalogue, &policy, request.against, &loaded.sources, &mut found);
    }
    Ok(Listed { rows, texts, found, sources: loaded.sources })
}

fn in_environment(row: &Row, licence: &Licence) -> Diagnostic {
    let message = format!(
        "the policy denies the license `{}` of {}",
        foreign::line(&licence.name),
        foreign::line(&row.name)
    );
    Diagnostic::global(Code::DeniedLicense, message)
        .help("what needs it is in `pgflakegen sbom`: leave that out, or change [policy] in flake.toml")
}

/// What a revision of the repository does not accept.
///
/// # Errors
/// When there is no such revision, or its catalogue has errors.
pub(crate) fn policy_of(root: &Utf8Path, revision: &str) -> Result<Policy, Error> {
    Ok(revision::read(root, &Side::Revision(revision.to_owned()))?.catalogue.flake.policy)
}

/// A finding for each licence of the catalogue that a policy denies, in its place.
pub(crate) fn denied(
    catalogue: &Catalogue,
    policy: &Policy,
    whose: Option<&str>,
    sources: &SourceMap,
    found: &mut Diagnostics,
) {
    for extension in &catalogue.extensions {
        for name in &extension.licenses {
            if !policy.deny.iter().any(|denied| licenses::same(name, denied)) {
                continue;
            }
            let whose = whose.map_or_else(String::new, |revision| format!(" of {}", foreign::line(revision)));
            let message = format!("the policy{whose} denies the license `{name}`");
            let path = layout::in_catalogue(layout::extension_toml(&extension.name));
            let place = sources.find(&path).and_then(|source| {
                let range = places::key(sources.text(source), &["license"])?;
                Some(Span::new(source, range))
            });
            let finding = match place {
                Some(span) => Diagnostic::new(Code::DeniedLicense, span, message),
                None => Diagnostic::global(Code::DeniedLicense, format!("{}: {message}", extension.name)),
            };
            found.push(
                finding.help("leave the extension out, or change [policy] first, in a change of its own"),
            );
        }
    }
}

fn of_catalogue(catalogue: &Catalogue) -> Vec<Row> {
    let mut rows = vec![Row {
        name: "postgresql".to_owned(),
        versions: catalogue
            .postgresqls
            .iter()
            .filter_map(|one| catalogue.version_of(one))
            .map(str::to_owned)
            .collect(),
        licences: vec![Licence::of_nixpkgs("postgresql")],
        denied: Vec::new(),
    }];
    for extension in catalogue.extensions.iter().filter(|extension| !extension.fits.is_empty()) {
        let mut versions: Vec<String> = Vec::new();
        for postgresql in &catalogue.postgresqls {
            match extension.fits.get(&postgresql.name) {
                Some(Fit::Nixpkgs) => {
                    versions.extend(catalogue.nixpkgs_version(extension, postgresql).map(str::to_owned));
                }
                Some(Fit::Versions { all, .. }) => {
                    let all = all.iter().filter_map(|at| extension.versions.get(*at));
                    versions.extend(all.map(|version| version.version.clone()));
                }
                None => {}
            }
        }
        versions.sort_by(|a, b| crate::catalogue::version::compare(a, b));
        versions.dedup();
        rows.push(Row {
            name: extension.name.to_string(),
            versions,
            licences: extension.licenses.iter().map(|name| Licence::of_nixpkgs(name)).collect(),
            denied: Vec::new(),
        });
    }
    rows.sort();
    rows
}

fn of_bill(bill: &crate::accounts::bill::Bill) -> Vec<Row> {
    let mut rows: BTreeMap<(String, Vec<Licence>), Vec<String>> = BTreeMap::new();
    for component in bill.others() {
        let versions = rows.entry((component.name.clone(), component.licences.clone())).or_default();
        versions.extend(component.version.clone());
    }
    rows.into_iter()
        .map(|((name, licences), mut versions)| {
            versions.sort_by(|a, b| crate::catalogue::version::compare(a, b));
            versions.dedup();
            Row { name, versions, licences, denied: Vec::new() }
        })
        .collect()
}
