//! Known vulnerabilities of what the catalogue has, or of an environment or image.

pub(crate) mod judge;

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use super::evaluate::Evaluation;
use super::sbom::{self, sbom};
use super::{Error, Host, Loaded};
use crate::accounts::audit::osv::Record;
use crate::accounts::audit::{Asked, Vulnerability, postgresql};
use crate::accounts::bill::{Crates, crates};
use crate::accounts::place::Place;
use crate::catalogue::model::{Catalogue, Extension, Fetcher, Fit, Postgresql, Revision, Vendor};
use crate::catalogue::names::PgName;
use crate::catalogue::places;
use crate::catalogue::version::compare;
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap, Span, few, plural};
use crate::layout::{self, CATALOGUE};
use crate::limited;
use crate::progress::progress;
use crate::rule::{Finder, finder};
use crate::upstream::{Upstream, osv};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    BehindNewest =
        "Minor releases of PostgreSQL only mend, and read the same data: whoever runs an older one is told by the \
         project to move. `pgflakegen bump postgresql` does. What the newest one is, is as of the day of the table \
         in this program; `pgflakegen outdated postgresql` asks.";
    NotAudited =
        "Databases know software by repository and tag, or by the name in a registry. What comes as an archive from \
         elsewhere, a fork of PostgreSQL, or crates whose lock file is not in the catalogue, have neither here, so \
         that nothing is known of it, which is not the same as that there is nothing.";
};

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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hit {
    /// An extension's name, `postgresql NAME`, or a component's.
    pub of: String,
    /// Its version.
    pub version: String,
    /// What of it, if it is a crate.
    pub part: Option<String>,
    /// The PostgreSQLs that have it.
    pub postgresql: Vec<PgName>,
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
    postgresql: Vec<PgName>,
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
    judge::judge(&catalogue, request, &mut hits, &loaded.sources, &mut loaded.diagnostics);
    if let Some(state) = &database {
        judge::old(state, request.date, &mut loaded.diagnostics);
    }
    unknown.sort();
    unknown.dedup();
    if !unknown.is_empty() {
        let message = format!("nothing is known of {}", plural(unknown.len(), "component"));
        loaded.diagnostics.push(Diagnostic::global(Code::NotAudited, message).help(few(&unknown, SHOWN)));
    }
    let advisories = postgresql::table().state.clone();
    Ok(Audited { hits, loaded, asked: asked.len(), advisories, database, unknown })
}

/// Names shown of what is not known.
const SHOWN: usize = 12;

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
    let source = sources.find(&layout::in_catalogue(layout::POSTGRESQL_TOML))?;
    let range = places::entry(sources.text(source), "postgresql", &server.name, &["version", "name"])?;
    Some(Span::new(source, range))
}

/// What a database can be asked about, of the catalogue.
fn subjects(root: &Utf8Path, catalogue: &Catalogue, unknown: &mut Vec<String>) -> Vec<Subject> {
    let mut all = Vec::new();
    for extension in catalogue.extensions.iter().filter(|extension| !extension.fits.is_empty()) {
        if extension.versions.is_empty() {
            of_nixpkgs(catalogue, extension, &mut all, unknown);
            continue;
        }
        for (at, version) in extension.versions.iter().enumerate() {
            let postgresql = servers_with(extension, at);
            if postgresql.is_empty() {
                continue;
            }
            let mut add = |part: Option<String>, asked: Asked| {
                let (of, version) = (extension.name.to_string(), version.version.clone());
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
            let lock = limited::read(root.join(CATALOGUE).join(file)).unwrap_or_default();
            for one in crates::of_lock(&String::from_utf8_lossy(&lock)).unwrap_or_default() {
                if one.git.is_none() && one.name != "pgrx" {
                    add(Some(format!("{} {}", one.name, one.version)), crate_of(&one.name, &one.version));
                }
            }
        }
    }
    all
}

/// What nixpkgs has of an extension: by its page, if that is its repository, and the version of the table.
fn of_nixpkgs(
    catalogue: &Catalogue,
    extension: &Extension,
    to: &mut Vec<Subject>,
    unknown: &mut Vec<String>,
) {
    let mut versions: BTreeMap<&str, Vec<PgName>> = BTreeMap::new();
    for server in catalogue.postgresqls.iter().filter(|server| extension.fits.contains_key(&server.name)) {
        if let Some(version) = catalogue.nixpkgs_version(extension, server) {
            versions.entry(version).or_default().push(server.name.clone());
        }
    }
    let place = |version: &str| {
        let at = Revision::Tag(version.to_owned());
        let page = Fetcher::Git { url: extension.homepage.clone(), at, submodules: false };
        Place::of(&page).filter(|place| place.path.split('/').count() == 2)
    };
    let mut known = false;
    for (version, postgresql) in versions {
        let Some(place) = place(version) else { continue };
        known = true;
        to.push(Subject {
            of: extension.name.to_string(),
            version: version.to_owned(),
            part: None,
            postgresql,
            asked: Asked::repository(&place, version),
        });
    }
    if !known {
        unknown.push(extension.name.to_string());
    }
}

fn servers_with(extension: &Extension, at: usize) -> Vec<PgName> {
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
    let bill = sbom(&sbom::Request::of(request.root, attribute, &request.evaluation), host)?;
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
        let mut urls = component.sources.iter().filter_map(|source| source.url.clone());
        let place = urls.find_map(|url| Place::of(&Fetcher::Url { url }));
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
