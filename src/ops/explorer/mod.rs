//! The explorer: one page of the catalogue, its history and what is known besides; whether a page that is there is
//! still right.

mod history;
mod measured;
mod server;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use server::{Event, Server};

use super::audit::Hit;
use super::{Error, Host};
use crate::catalogue::{Files, model::Catalogue};
use crate::diag::{Code, Diagnostic, Diagnostics};
use crate::explorer::data::{self, Data, Facts, History};
use crate::explorer::page::{self, For};
use crate::git::Repository;
use crate::limited;
use crate::progress::progress;
use crate::report::{self, Size};
use crate::rule::{Finder, finder};
use crate::tree::place::{self, Found, Place};

/// What is found here.
pub(crate) const FINDER: Finder = finder! { ForeignFile; OutOfDate; };

/// What is to be shown.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// A revision that the page begins to compare with, besides those that have tags.
    pub against: Option<&'a str>,
    /// Whether git is asked for tags and dates.
    pub history: bool,
    /// A file of what only others know: [`Facts`] as JSON.
    pub facts: Option<&'a Utf8Path>,
    /// A report of [`audit`](mod@super::audit) as JSON.
    pub audit: Option<&'a Utf8Path>,
    /// Reports of [`size`](mod@super::size) as JSON, and receipts of environments.
    pub sizes: &'a [Utf8PathBuf],
    /// What builds have said: which versions cannot be side by side.
    pub builds: &'a [Utf8PathBuf],
}

/// A page.
#[derive(Clone, Debug)]
pub struct Explorer {
    /// What it knows.
    pub data: Data,
    /// How much the catalogue is.
    pub size: Size,
}

impl Explorer {
    /// The whole file.
    pub fn page(&self) -> String {
        page::page(&self.data, For::File).text
    }
}

/// Reads the catalogue, git and the facts.
///
/// # Errors
/// When one of them cannot be read, or the catalogue has errors.
pub fn explorer(request: &Request<'_>, host: &dyn Host) -> Result<Explorer, Error> {
    let Request { root, against, history, facts, audit, sizes, builds } = *request;
    let _reading = progress(host, "reading the catalogue and its history", 0);
    let catalogue = super::usable(root, host)?;
    let mut facts = facts.map(facts_in).transpose()?.unwrap_or_default();
    if let Some(audit) = audit {
        add_audit(&mut facts, audit)?;
    }
    for file in sizes {
        measured::add_sizes(&mut facts, file, &catalogue)?;
    }
    for file in builds {
        measured::add_collisions(&mut facts, file, &catalogue)?;
    }
    let history = match history || against.is_some() {
        true => history::read(root, &catalogue, against)?,
        false => History::default(),
    };
    let data = data_of(&catalogue, &Files::read(root)?, history, facts);
    Ok(Explorer { data, size: report::size(&catalogue) })
}

fn data_of(catalogue: &Catalogue, files: &Files, history: History, facts: Facts) -> Data {
    let catalogue = crate::explorer::catalogue(catalogue, files);
    Data { format: data::FORMAT, catalogue, history, facts }
}

fn facts_in(path: &Utf8Path) -> Result<Facts, Error> {
    json_in(path, "file of facts (docs/explorer.md has one)")
}

/// A file of JSON that somebody gave.
fn json_in<T: DeserializeOwned>(path: &Utf8Path, what: &str) -> Result<T, Error> {
    let text = limited::given(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    serde_json::from_str(&text)
        .map_err(|error| Error::Unfit { path: path.to_owned(), why: format!("this is no {what}: {error}") })
}

/// Adds what a report of an audit has found, and nobody puts up with.
fn add_audit(facts: &mut Facts, path: &Utf8Path) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Report {
        vulnerabilities: Vec<Hit>,
    }
    let report: Report = json_in(path, "report of `pgflakegen audit --format json`")?;
    for Hit { of, version, part, vulnerability, .. } in
        report.vulnerabilities.into_iter().filter(|hit| hit.ignored.is_none())
    {
        let fact = match of.strip_prefix("postgresql ") {
            Some(name) => facts.postgresqls.entry(name.to_owned()).or_default(),
            None => facts.extensions.entry(of).or_default().entry(version).or_default(),
        };
        let severity = vulnerability.severity().map(str::to_owned);
        let summary = match (part, vulnerability.summary) {
            (Some(part), Some(summary)) => Some(format!("{part}: {summary}")),
            (part, summary) => summary.or(part),
        };
        fact.vulnerabilities.push(data::Vulnerability {
            id: vulnerability.id,
            summary,
            severity,
            fixed: Some(vulnerability.fixed.join(", ")).filter(|fixed| !fixed.is_empty()),
            link: Some(vulnerability.address),
        });
    }
    Ok(())
}

/// Writes a page. What is there and is none is left alone.
///
/// # Errors
/// When something else is there, or it cannot be written.
pub fn write(path: &Utf8Path, text: &str) -> Result<(), Error> {
    let failed = |source| Error::Write { path: path.to_owned(), source };
    let folder = path.parent().filter(|parent| !parent.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    let name = path.file_name().unwrap_or_default();
    let there = Place::open(folder).and_then(|place| place.look(Utf8Path::new(name))).map_err(failed)?;
    let is_ours = match &there {
        Found::Nothing => true,
        Found::Bytes(bytes) => std::str::from_utf8(bytes).is_ok_and(|text| page::json_of(text).is_some()),
        Found::Other => false,
    };
    if !is_ours {
        let message = format!("{path} is not pgflakegen's");
        let finding = Diagnostic::global(Code::ForeignFile, message);
        return Err(Error::refused(finding.help("move it away, or give the page another name: `-o FILE`")));
    }
    place::replace(path, text.as_bytes()).map_err(failed)
}

/// How a page stands to the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is what the catalogue gives.
    Current,
    /// It is not.
    Stale,
    /// It is no page of ours.
    Foreign,
}

/// Compares pages (none: those that git tracks) with the catalogue. Tags, dates and facts are those that each page
/// names: what came to git since does not make a page wrong, but those that git has must be as the page says.
///
/// # Errors
/// When the catalogue has errors, or something cannot be read.
pub fn check(
    root: &Utf8Path,
    pages: &[Utf8PathBuf],
    host: &dyn Host,
) -> Result<Vec<(Utf8PathBuf, Standing)>, Error> {
    let catalogue = super::usable(root, host)?;
    let tracked = if pages.is_empty() { tracked(root) } else { Vec::new() };
    let shown = |path: Utf8PathBuf| path.strip_prefix(root).map(Utf8Path::to_owned).unwrap_or(path);
    let all = pages.iter().cloned().chain(tracked);
    all.map(|path| Ok((shown(path.clone()), standing(root, &catalogue, &path)?))).collect()
}

/// Pages that git tracks and that are not what the catalogue gives, with a finding for each.
pub(super) fn stale(
    root: &Utf8Path,
    catalogue: &Catalogue,
    sink: &mut Diagnostics,
) -> Result<Vec<Utf8PathBuf>, Error> {
    let mut all = Vec::new();
    for path in tracked(root) {
        if standing(root, catalogue, &path)? == Standing::Stale {
            let path = path.strip_prefix(root).unwrap_or(&path);
            let message = format!("{path} is not what the catalogue gives");
            let help = format!("type `pgflakegen explorer -o {path}` and commit what it writes");
            sink.push(Diagnostic::global(Code::OutOfDate, message).help(help));
            all.push(path.to_owned());
        }
    }
    Ok(all)
}

fn standing(root: &Utf8Path, catalogue: &Catalogue, path: &Utf8Path) -> Result<Standing, Error> {
    let text = limited::given(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
    let text = text.replace("\r\n", "\n");
    let Some(json) = page::json_of(&text) else { return Ok(Standing::Foreign) };
    // Another version's, or somebody's edit.
    let Some((history, facts)) = remembered(json) else { return Ok(Standing::Stale) };
    let history = history::reread(root, catalogue, history)?;
    let data = data_of(catalogue, &Files::read(root)?, history, facts);
    Ok(if page::page(&data, For::File).text == text { Standing::Current } else { Standing::Stale })
}

/// What a page says that the catalogue does not.
fn remembered(json: &str) -> Option<(History, Facts)> {
    let mut all: serde_json::Value = serde_json::from_str(json).ok()?;
    let mut part = |key: &str| all.get_mut(key).map(serde_json::Value::take);
    let history = part("history").map(serde_json::from_value).transpose().ok()?;
    let facts = part("facts").map(serde_json::from_value).transpose().ok()?;
    Some((history.unwrap_or_default(), facts.unwrap_or_default()))
}

/// Pages that git tracks in the repository.
fn tracked(root: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Ok(real) = root.canonicalize_utf8() else { return Vec::new() };
    let Ok(Some(repository)) = Repository::around(real.as_std_path()) else { return Vec::new() };
    let below = repository.below(real.as_std_path());
    let known = repository.index().unwrap_or_default();
    let named = known.into_iter().filter(|entry| !entry.is_link() && entry.submodule().is_none());
    let pages = named
        .filter_map(|entry| Utf8PathBuf::try_from(entry.path).ok())
        .filter(|path| path.extension() == Some("html"))
        .filter_map(|path| path.strip_prefix(&below).ok().map(|path| root.join(path)));
    pages.filter(|path| limited::text(path).is_ok_and(|text| page::json_of(&text).is_some())).collect()
}
