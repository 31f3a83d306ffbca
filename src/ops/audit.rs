//! Known vulnerabilities of what the catalogue has, or of an environment or image.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use serde::Serialize;

use super::evaluate::Evaluation;
use super::sbom::{self, sbom};
use super::{Error, Host, Loaded};
use crate::accounts::audit::osv::Record;
use crate::accounts::audit::{Asked, Vulnerability, postgresql};
use crate::accounts::bill::{Crates, crates};
use crate::accounts::place::Place;
use crate::catalogue::model::{Catalogue, Extension, Fit, Ignore, Postgresql, Vendor};
use crate::catalogue::version::compare;
use crate::catalogue::{FOLDER, places};
use crate::diag::{Code, Diagnostic, Diagnostics, SourceId, SourceMap, Span, foreign, plural};
use crate::limited;
use crate::progress::progress;
use crate::rule::{Finder, finder};
use crate::store::dates;
use crate::upstream::{Upstream, osv};

/// What is found here.
pub(crate) const FINDER: Finder =
    finder!(Vulnerable, BehindNewest, IgnoreExpired, IgnoreUseless, NotAudited, OldDatabase);

/// What is to be looked at.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// An attribute, whose components are looked at as well.
    pub attribute: Option<&'a str>,
    /// The day as of which ignored vulnerabilities are ignored: `2026-12-31`.
    pub date: &'a str,
    /// A folder with records of OSV, which is looked into in place of asking.
    pub database: Option<&'a Utf8Path>,
    /// Only PostgreSQL's own advisories count; nobody is asked.
    pub own_only: bool,
    /// How an attribute is evaluated.
    pub evaluation: Evaluation,
}

/// A vulnerability, and what has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hit {
    /// An extension's name, `postgresql NAME`, or a component's.
    pub of: String,
    /// Its version.
    pub version: String,
    /// What of it, if it is a crate.
    pub part: Option<String>,
    /// The PostgreSQLs that have it.
    pub postgresql: Vec<String>,
    /// What it has.
    #[serde(flatten)]
    pub vulnerability: Vulnerability,
    /// Why it is put up with, and until when.
    pub ignored: Option<String>,
}

/// What was looked at, and what there is.
#[derive(Debug)]
pub struct Audited {
    /// Vulnerabilities, those that are put up with among them.
    pub hits: Vec<Hit>,
    /// The findings, with the texts that they point into.
    pub loaded: Loaded,
    /// How many things were asked about.
    pub asked: usize,
    /// The day of the table of PostgreSQL's advisories.
    pub advisories: String,
    /// The day of the newest record in the folder.
    pub database: Option<String>,
    /// What nothing can be told of.
    pub unknown: Vec<String>,
}

/// Something of the catalogue, and where it stands there.
struct Subject {
    of: String,
    version: String,
    part: Option<String>,
    postgresql: Vec<String>,
    asked: Asked,
}

/// Looks for known vulnerabilities. Nothing is written.
///
/// # Errors
/// When the catalogue or the folder cannot be read, or the server does not answer.
pub fn audit(request: &Request<'_>, upstream: &Upstream, host: &dyn Host) -> Result<Audited, Error> {
    let mut loaded = super::load(request.root)?;
    let Some(catalogue) = loaded.catalogue.take() else { return Err(Error::Unusable(Box::new(loaded))) };
    let mut unknown = Vec::new();
    let mut hits = Vec::new();
    for server in &catalogue.postgresqls {
        of_server(&catalogue, server, &loaded.sources, &mut hits, &mut loaded.diagnostics, &mut unknown);
    }
    let mut subjects = subjects(request.root, &catalogue, &mut unknown);
    if let Some(attribute) = request.attribute {
        components(request, attribute, &catalogue, host, &mut subjects)?;
    }
    let mut asked: Vec<Asked> = subjects.iter().map(|subject| subject.asked.clone()).collect();
    asked.sort();
    asked.dedup();
    let (answers, database) = match (request.own_only, request.database) {
        (true, _) => (vec![Vec::new(); asked.len()], None),
        (false, Some(folder)) => {
            let (answers, state) = look_up(folder, &asked)?;
            (answers, Some(state))
        }
        (false, None) => {
            let _asking = progress(host, "asking OSV", 0);
            let answers = osv::ask(upstream, &asked).map_err(crate::upstream::UpstreamError::from)?;
            (answers, None)
        }
    };
    let known: BTreeMap<&Asked, &Vec<Vulnerability>> = asked.iter().zip(&answers).collect();
    for subject in &subjects {
        for vulnerability in known.get(&subject.asked).into_iter().copied().flatten() {
            hits.push(Hit {
                of: subject.of.clone(),
                version: subject.version.clone(),
                part: subject.part.clone(),
                postgresql: subject.postgresql.clone(),
                vulnerability: vulnerability.clone(),
                ignored: None,
            });
        }
    }
    hits.sort_by(|a, b| {
        let key =
            |hit: &Hit| (hit.of.clone(), hit.version.clone(), hit.part.clone(), hit.vulnerability.id.clone());
        key(a).cmp(&key(b))
    });
    hits.dedup();
    judge(&catalogue, request, &mut hits, &loaded.sources, &mut loaded.diagnostics);
    if let Some(state) = &database {
        old(state, request.date, &mut loaded.diagnostics);
    }
    unknown.sort();
    unknown.dedup();
    if !unknown.is_empty() {
        let shown: Vec<&str> = unknown.iter().take(SHOWN).map(String::as_str).collect();
        let more = unknown.len().saturating_sub(SHOWN);
        let list = match more {
            0 => shown.join(", "),
            more => format!("{} and {more} more", shown.join(", ")),
        };
        let message = format!("nothing is known of {}", plural(unknown.len(), "component"));
        loaded.diagnostics.push(Diagnostic::global(Code::NotAudited, message).help(list));
    }
    let advisories = postgresql::table().state.clone();
    Ok(Audited { hits, loaded, asked: asked.len(), advisories, database, unknown })
}

/// Names shown of what is not known.
const SHOWN: usize = 12;

/// Days after which a database is old.
const OLD: i64 = 30;

fn of_server(
    catalogue: &Catalogue,
    server: &Postgresql,
    sources: &SourceMap,
    hits: &mut Vec<Hit>,
    found: &mut Diagnostics,
    unknown: &mut Vec<String>,
) {
    let name = format!("postgresql {}", server.name);
    let release = server.pinned.is_none() || is_release(server);
    let Some(version) = catalogue.version_of(server).filter(|_| release) else {
        unknown.push(name);
        return;
    };
    let table = postgresql::table();
    hits.extend(table.concerning(server.major, version).into_iter().map(|vulnerability| Hit {
        of: name.clone(),
        version: version.to_owned(),
        part: None,
        postgresql: vec![server.name.clone()],
        vulnerability,
        ignored: None,
    }));
    if let Some(newest) = table.newest(server.major).filter(|newest| compare(version, newest).is_lt()) {
        let message = format!("PostgreSQL {version} is older than {newest}");
        let finding = match place_of_server(server, sources) {
            Some(span) => Diagnostic::new(Code::BehindNewest, span, message),
            None => Diagnostic::global(Code::BehindNewest, message),
        };
        found.push(finding.help(match server.pinned {
            Some(_) => format!("`pgflakegen bump postgresql {}`", server.name),
            None => "`pgflakegen bump inputs nixpkgs`, or pin a version".to_owned(),
        }));
    }
}

/// Patches do not make a release another one here: they add, and the advisories hold all the same.
fn is_release(server: &Postgresql) -> bool {
    Postgresql { patches: Vec::new(), ..server.clone() }.is_release()
}

fn place_of_server(server: &Postgresql, sources: &SourceMap) -> Option<Span> {
    let source = sources.find(&Utf8Path::new(FOLDER).join("postgresql.toml"))?;
    let range = places::entry(sources.text(source), "postgresql", &server.name, &["version", "name"])?;
    Some(Span::new(source, range))
}

/// What a database can be asked about, of the catalogue.
fn subjects(root: &Utf8Path, catalogue: &Catalogue, unknown: &mut Vec<String>) -> Vec<Subject> {
    let mut all = Vec::new();
    for extension in catalogue.extensions.iter().filter(|extension| !extension.fits.is_empty()) {
        if extension.versions.is_empty() {
            unknown.push(extension.name.clone());
            continue;
        }
        for (at, version) in extension.versions.iter().enumerate() {
            let postgresql = servers_with(extension, at);
            if postgresql.is_empty() {
                continue;
            }
            let mut add = |part: Option<String>, asked: Asked| {
                let (of, version) = (extension.name.clone(), version.version.clone());
                all.push(Subject { of, version, part, postgresql: postgresql.clone(), asked });
            };
            match Place::of(&version.source.fetcher) {
                Some(place) => add(None, Asked::repository(&place, &version.version)),
                None => unknown.push(format!("{} {}", extension.name, version.version)),
            }
            let Some(pgrx) = &version.build.pgrx else { continue };
            let crate_of =
                |name: &str, version: &str| Asked::Crate { name: name.into(), version: version.into() };
            add(Some(format!("pgrx {}", pgrx.version)), crate_of("pgrx", &pgrx.version));
            let Vendor::Lock { file, .. } = &pgrx.vendor else {
                unknown.push(format!("the crates of {} {}", extension.name, version.version));
                continue;
            };
            let lock = limited::read(&root.join(FOLDER).join(file)).unwrap_or_default();
            for one in crates::of_lock(&String::from_utf8_lossy(&lock)).unwrap_or_default() {
                if one.git.is_none() && one.name != "pgrx" {
                    add(Some(format!("{} {}", one.name, one.version)), crate_of(&one.name, &one.version));
                }
            }
        }
    }
    all
}

fn servers_with(extension: &Extension, at: usize) -> Vec<String> {
    let has = |fit: &Fit| matches!(fit, Fit::Versions { all, .. } if all.contains(&at));
    extension.fits.iter().filter(|(_, fit)| has(fit)).map(|(name, _)| name.clone()).collect()
}

/// What an environment has besides, as far as it is from a forge or a registry.
fn components(
    request: &Request<'_>,
    attribute: &str,
    catalogue: &Catalogue,
    host: &dyn Host,
    to: &mut Vec<Subject>,
) -> Result<(), Error> {
    let wanted = sbom::Request {
        root: request.root,
        attribute,
        tools: false,
        store: None,
        evaluation: request.evaluation.clone(),
    };
    let bill = sbom(&wanted, host)?;
    let ours: BTreeSet<&str> = catalogue.extensions.iter().map(|extension| extension.name.as_str()).collect();
    for component in bill.others().filter(|component| !ours.contains(component.name.as_str())) {
        let Some(version) = &component.version else { continue };
        let subject = |part: Option<String>, asked: Asked| Subject {
            of: component.name.clone(),
            version: version.clone(),
            part,
            postgresql: Vec::new(),
            asked,
        };
        let urls = component.sources.iter().filter_map(|source| source.url.clone());
        let place = urls.filter_map(|url| Place::of(&crate::catalogue::model::Fetcher::Url { url })).next();
        if let Some(place) = place.filter(|_| component.name != "postgresql") {
            to.push(subject(None, Asked::repository(&place, version)));
        }
        if let Crates::Known(all) = &component.crates {
            for one in all.iter().filter(|one| one.git.is_none()) {
                let asked = Asked::Crate { name: one.name.clone(), version: one.version.clone() };
                to.push(subject(Some(format!("{} {}", one.name, one.version)), asked));
            }
        }
    }
    Ok(())
}

/// Answers from a folder, and the day of its newest record.
fn look_up(folder: &Utf8Path, asked: &[Asked]) -> Result<(Vec<Vec<Vulnerability>>, String), Error> {
    let mut records: Vec<Record> = Vec::new();
    let mut read = 0usize;
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.map_err(|source| Error::Walk { folder: folder.to_owned(), source })?;
        let Some(path) = Utf8Path::from_path(entry.path()) else { continue };
        if !entry.file_type().is_file() || path.extension() != Some("json") {
            continue;
        }
        let unfit = |why: String| Error::Unfit { path: path.to_owned(), why };
        let bytes = limited::read(path).map_err(|source| Error::Read { path: path.to_owned(), source })?;
        let text = String::from_utf8(bytes).map_err(|_| unfit("it is not UTF-8".into()))?;
        read += 1;
        records
            .push(Record::parse(&text).map_err(|error| unfit(format!("it is no record of OSV: {error}")))?);
    }
    if read == 0 {
        let why = "it has no records: OSV's are files that end with .json".to_owned();
        return Err(Error::Unfit { path: Utf8PathBuf::from(folder), why });
    }
    let state =
        records.iter().filter_map(|record| record.modified.get(..10)).max().unwrap_or_default().to_owned();
    let answers = asked.iter().map(|question| {
        let mut found: Vec<Vulnerability> =
            records.iter().filter_map(|record| record.concerning(question, false)).collect();
        found.sort_by(|a, b| a.id.cmp(&b.id));
        found
    });
    Ok((answers.collect(), state))
}

/// What is ignored, whose time is over, what there is.
fn judge(
    catalogue: &Catalogue,
    request: &Request<'_>,
    hits: &mut Vec<Hit>,
    sources: &SourceMap,
    found: &mut Diagnostics,
) {
    let date = request.date;
    // The same under several names, as an advisory of GitHub and one of RustSec, is one.
    let mut seen: Vec<(String, String, Option<String>, Vulnerability)> = Vec::new();
    hits.retain(|hit| {
        let same = seen.iter().any(|(of, version, part, known)| {
            *of == hit.of
                && *version == hit.version
                && *part == hit.part
                && (known.is(&hit.vulnerability.id) || hit.vulnerability.is(&known.id))
        });
        if !same {
            seen.push((hit.of.clone(), hit.version.clone(), hit.part.clone(), hit.vulnerability.clone()));
        }
        !same
    });
    let mut used = vec![false; catalogue.flake.policy.ignore.len()];
    for hit in hits.iter_mut() {
        let means = |ignore: &Ignore| {
            let name = hit.of.split(' ').next().unwrap_or_default();
            hit.vulnerability.is(&ignore.id) && ignore.of.as_deref().is_none_or(|of| of == name)
        };
        for (at, ignore) in
            catalogue.flake.policy.ignore.iter().enumerate().filter(|(_, ignore)| means(ignore))
        {
            used[at] = true;
            // Days as text are in the order of days.
            if ignore.until.as_str() >= date {
                hit.ignored = Some(format!("{} (until {})", ignore.reason, ignore.until));
            }
        }
    }
    for (at, ignore) in catalogue.flake.policy.ignore.iter().enumerate() {
        let place = place_of_ignore(sources, at);
        let finding = |code: Code, message: String| match place {
            Some(span) => Diagnostic::new(code, span, message),
            None => Diagnostic::global(code, message),
        };
        // Who was not asked may know it.
        if !used[at] && request.own_only {
            continue;
        }
        if !used[at] {
            let message = format!("nothing has {}", foreign::line(&ignore.id));
            found.push(finding(Code::IgnoreUseless, message).help("delete the entry"));
        } else if ignore.until.as_str() < date {
            let message = format!(
                "{} was to be ignored until {}, and is still there",
                foreign::line(&ignore.id),
                ignore.until
            );
            let help = format!("the reason was: {}", foreign::line(&ignore.reason));
            found.push(finding(Code::IgnoreExpired, message).help(help));
        }
    }
    for hit in hits.iter().filter(|hit| hit.ignored.is_none()) {
        found.push(finding(hit, catalogue, sources));
    }
}

fn finding(hit: &Hit, catalogue: &Catalogue, sources: &SourceMap) -> Diagnostic {
    let Vulnerability { id, summary, score, fixed, address, .. } = &hit.vulnerability;
    let (name, of_server) = match hit.of.strip_prefix("postgresql ") {
        Some(name) => (format!("PostgreSQL {}", hit.version), Some(name)),
        None => (format!("{} {}", hit.of, hit.version), None),
    };
    let part = hit.part.as_ref().map_or_else(String::new, |part| format!(" (its crate {part})"));
    let severity = match (score, hit.vulnerability.severity()) {
        (Some(score), Some(severity)) => format!(", {severity} ({score:.1})"),
        _ => String::new(),
    };
    let what = summary.as_ref().map_or_else(String::new, |text| format!(": {}", foreign::line(text)));
    let message = format!("{}{part} has {id}{severity}{what}", foreign::line(&name));
    let span = match of_server {
        Some(server) => catalogue.postgresql(server).and_then(|server| place_of_server(server, sources)),
        None => place_of_version(hit, sources),
    };
    let finding = match span {
        Some(span) => Diagnostic::new(Code::Vulnerable, span, message),
        None => Diagnostic::global(Code::Vulnerable, message),
    };
    let finding = match fixed.as_slice() {
        [] => finding.help("no version is known that mends it"),
        fixed => finding.help(format!("mended in {}", foreign::line(&fixed.join(", ")))),
    };
    finding.help(address.clone())
}

fn file_of(hit: &Hit, sources: &SourceMap) -> Option<SourceId> {
    sources.find(&Utf8Path::new(FOLDER).join(format!("extensions/{}.toml", hit.of)))
}

/// The line of a version of an extension.
fn place_of_version(hit: &Hit, sources: &SourceMap) -> Option<Span> {
    let source = file_of(hit, sources)?;
    let range = places::element(
        sources.text(source),
        &["version"],
        |entry| entry.get("version").and_then(|value| value.get_ref().as_str()) == Some(hit.version.as_str()),
        "version",
    )?;
    Some(Span::new(source, range))
}

fn place_of_ignore(sources: &SourceMap, number: usize) -> Option<Span> {
    let source = sources.find(&Utf8Path::new(FOLDER).join("flake.toml"))?;
    let mut at = 0;
    let range = places::element(
        sources.text(source),
        &["policy", "ignore"],
        |_| {
            at += 1;
            at == number + 1
        },
        "id",
    )?;
    Some(Span::new(source, range))
}

/// Days between two days.
fn old(state: &str, date: &str, found: &mut Diagnostics) {
    let day = |text: &str| -> Option<i64> {
        let mut parts = text.split('-').map(|part| part.parse::<i64>().ok());
        Some(dates::days(parts.next()??, parts.next()??, parts.next()??))
    };
    if let Some(age) = day(date).zip(day(state)).map(|(now, then)| now - then)
        && age > OLD
    {
        let message = format!("the newest record is of {state}, {age} days before {date}");
        found.push(Diagnostic::global(Code::OldDatabase, message).help("fetch the records anew"));
    }
}
