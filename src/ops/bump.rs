//! Bumping: what upstream has that is newer, fetched and hashed, in the catalogue's files.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::failures;
use super::writing::{self, Edit, Edits};
use super::{Error, Host};
use crate::catalogue::model::{Catalogue, Extension, Postgresql};
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};
use crate::layout::{self, CATALOGUE};
use crate::limited;
use crate::progress::{Progress, progress};
use crate::rule::{Finder, finder};
use crate::threads::Pool;
use crate::upstream::Upstream;
use crate::upstream::bump::{self, BumpError, Edited, How};
use crate::upstream::edit::{self, EditError};
use crate::upstream::plan::{Step, Wish};
use crate::upstream::versions::Release;

pub use crate::upstream::bump::Bumped;

/// What is found here.
pub(crate) const FINDER: Finder = finder! { NothingToBump; UnknownPostgresql; };

/// What is to be bumped, and how.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// Extensions, NAME or NAME@VERSION; `postgresql` for all pinned PostgreSQLs, `postgresql@17` for one. `None`:
    /// everything that is pinned.
    pub names: Option<&'a [String]>,
    /// Alphas, betas and release candidates are taken, too.
    pub prereleases: bool,
    /// The version that the new one follows is dropped.
    pub replace: bool,
    /// Nothing is to be fetched or written.
    pub dry_run: bool,
    /// A commit is made for each extension.
    pub commit: bool,
    /// Sources fetched at a time.
    pub jobs: usize,
}

/// What upstream has, fetched and hashed. Nothing is written yet.
#[derive(Debug)]
pub struct Fetched<'a> {
    request: Request<'a>,
    edits: Vec<Planned>,
    /// The versions of cargo-pgrx in the catalogue.
    cargo_pgrx: BTreeSet<String>,
    /// What could not be bumped, and why.
    pub failed: Diagnostics,
    /// New versions that are for none of our PostgreSQLs, with the reason.
    pub left_out: Vec<String>,
}

/// New text for a file of the catalogue.
#[derive(Debug)]
struct Planned {
    /// Relative to the catalogue folder.
    file: Utf8PathBuf,
    /// Others may change the file, too.
    shared: bool,
    edited: Edited,
}

/// What is to be bumped.
pub(super) enum Target<'a> {
    Extension(&'a Extension, Option<String>),
    Postgresql(&'a Postgresql),
}

impl Target<'_> {
    pub fn name(&self) -> String {
        match self {
            Self::Extension(extension, _) => extension.name.to_string(),
            Self::Postgresql(postgresql) => format!("postgresql {}", postgresql.name),
        }
    }

    /// The catalogue file that says it, relative to the catalogue folder.
    fn file(&self) -> Utf8PathBuf {
        match self {
            Self::Extension(extension, _) => layout::extension_toml(&extension.name),
            Self::Postgresql(_) => layout::POSTGRESQL_TOML.into(),
        }
    }
}

/// Everything that can be bumped.
pub(super) fn everything(catalogue: &Catalogue) -> Vec<Target<'_>> {
    let extensions = catalogue.extensions.iter().filter(|extension| {
        !extension.kind.is_package_sets() && extension.broken.is_none() && !extension.versions.is_empty()
    });
    let postgresqls = catalogue.postgresqls.iter().filter(|postgresql| postgresql.pinned.is_some());
    extensions
        .map(|extension| Target::Extension(extension, None))
        .chain(postgresqls.map(Target::Postgresql))
        .collect()
}

/// What the names say; a finding for each that says nothing.
pub(super) fn targets<'a>(
    names: &[String],
    catalogue: &'a Catalogue,
    found: &mut Diagnostics,
) -> Vec<Target<'a>> {
    let mut targets = Vec::new();
    for text in names {
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (text.as_str(), None),
        };
        if name == "postgresql" {
            let pinned = catalogue.postgresqls.iter().filter(|postgresql| postgresql.pinned.is_some());
            let before = targets.len();
            targets
                .extend(pinned.filter(|p| version.is_none_or(|name| p.name == name)).map(Target::Postgresql));
            if targets.len() == before {
                found.push(not_pinned(version, catalogue));
            }
            continue;
        }
        match catalogue.extension(name) {
            Some(extension) if extension.kind.is_package_sets() => found.push(
                Diagnostic::global(
                    Code::NothingToBump,
                    format!("{name} is the package set's own, whatever version that is"),
                )
                .help("a newer nixpkgs may have a newer one: `pgflakegen bump inputs nixpkgs`"),
            ),
            Some(extension) => targets.push(Target::Extension(extension, version.map(str::to_owned))),
            None => found.push(no_extension(name, catalogue)),
        }
    }
    targets
}

fn not_pinned(name: Option<&str>, catalogue: &Catalogue) -> Diagnostic {
    let finding = |message: String| Diagnostic::global(Code::UnknownPostgresql, message);
    let pinned: Vec<&str> = catalogue
        .postgresqls
        .iter()
        .filter(|postgresql| postgresql.pinned.is_some())
        .map(|postgresql| postgresql.name.as_str())
        .collect();
    let Some(name) = name else {
        return finding("no PostgreSQL of the catalogue has a version of its own".to_owned())
            .help("a newer nixpkgs in catalogue/flake.toml has newer ones");
    };
    let finding = match catalogue.postgresql(name) {
        Some(_) => finding(format!("PostgreSQL {name} is the package set's own, whatever version that is"))
            .help("a newer nixpkgs in catalogue/flake.toml has newer ones"),
        None => finding(format!("no PostgreSQL is called {name}")),
    };
    match pinned.is_empty() {
        true => finding,
        false => finding.help(format!("those with a version of their own: {}", pinned.join(", "))),
    }
}

fn no_extension(name: &str, catalogue: &Catalogue) -> Diagnostic {
    let finding = Diagnostic::global(Code::NothingToBump, format!("no extension is called {name}"));
    let provides = |extension: &&Extension| extension.sql_names.iter().any(|sql| sql == name);
    if let Some(extension) = catalogue.extensions.iter().find(provides) {
        return finding
            .help(format!("did you mean `{0}`? `{name}` is what {0} is called in SQL", extension.name));
    }
    if catalogue.postgresql(name.trim_start_matches("psql_")).is_some() {
        let name = name.trim_start_matches("psql_");
        return finding.help(format!("a PostgreSQL is named as `postgresql@{name}`"));
    }
    match nearest(name, catalogue.extensions.iter().map(|extension| extension.name.as_str())) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help("`pgflakegen list` names them all"),
    }
}

/// Asks upstream for what is new, and fetches it.
///
/// # Errors
/// When something cannot be read, or a name means nothing. What upstream has not is no error.
pub fn fetch<'a>(request: &Request<'a>, upstream: &Upstream, host: &dyn Host) -> Result<Fetched<'a>, Error> {
    let root = request.root;
    if !request.dry_run {
        drop(super::recovered(root, host)?);
    }
    let catalogue = super::usable(root, host)?;
    let mut found = Diagnostics::new();
    let targets = match request.names {
        None => everything(&catalogue),
        Some(names) => targets(names, &catalogue, &mut found),
    };
    if found.has_errors() {
        return Err(Error::Findings(found));
    }
    if request.commit {
        writing::clean(root)?;
    }
    let looked = look_for(&targets, &catalogue, upstream, request.prereleases, LOOKUPS, host);
    let fetching = progress(host, "fetching", targets.len());
    let results: Vec<(&Target<'_>, Result<Edited, BumpError>)> = Pool::of(request.jobs).install(|| {
        let one = |(target, news): (_, Result<News, BumpError>)| {
            (target, news.and_then(|news| one(target, &news, &catalogue, upstream, request, &fetching)))
        };
        targets.par_iter().zip(looked).map(one).collect()
    });
    drop(fetching);
    let (mut edits, mut left_out) = (Vec::new(), Vec::new());
    for (target, result) in results {
        match result {
            Ok(edited) => {
                left_out.extend(edited.left_out.iter().cloned());
                if !edited.bumped.is_empty() {
                    let shared = matches!(target, Target::Postgresql(_));
                    edits.push(Planned { file: target.file(), shared, edited });
                }
            }
            Err(error) => found.push(failures::bump_finding(&target.name(), &error)),
        }
    }
    let cargo_pgrx = catalogue.cargo_pgrx.iter().map(|entry| entry.version.clone()).collect();
    Ok(Fetched { request: request.clone(), edits, cargo_pgrx, failed: found, left_out })
}

impl Fetched<'_> {
    /// What would come in.
    pub fn bumped(&self) -> Vec<Bumped> {
        self.edits.iter().flat_map(|planned| planned.edited.bumped.clone()).collect()
    }

    /// Writes the files and what is generated from them; says what came in.
    ///
    /// # Errors
    /// When something cannot be written, or is not for findings' sake; what was not committed before is as it was.
    pub fn write(self, upstream: &Upstream, host: &dyn Host) -> Result<Vec<Bumped>, Error> {
        write(self, upstream, host)
    }
}

/// How many lookups are made at a time: they do nothing but wait.
pub const LOOKUPS: usize = 64;

/// What upstream has.
pub(super) enum News {
    Extension(Vec<Step>),
    Postgresql(Option<Release>),
}

/// Asks upstream about all of them, some at a time.
pub(super) fn look_for(
    targets: &[Target<'_>],
    catalogue: &Catalogue,
    upstream: &Upstream,
    prereleases: bool,
    at_a_time: usize,
    host: &dyn Host,
) -> Vec<Result<News, BumpError>> {
    let asking = progress(host, "asking upstream", targets.len());
    let one = |target: &Target<'_>| {
        let _asked = asking.begin(|| target.name());
        look(target, catalogue, upstream, prereleases)
    };
    Pool::of(at_a_time).install(|| targets.par_iter().map(one).collect())
}

/// Asks upstream.
fn look(
    target: &Target<'_>,
    catalogue: &Catalogue,
    upstream: &Upstream,
    prereleases: bool,
) -> Result<News, BumpError> {
    Ok(match target {
        Target::Extension(extension, version) => {
            let wish = Wish { version: version.as_deref(), prereleases };
            News::Extension(bump::find(upstream, catalogue, extension, wish)?)
        }
        Target::Postgresql(postgresql) => {
            let wish = Wish { version: None, prereleases };
            News::Postgresql(bump::find_postgresql(upstream, postgresql, wish)?)
        }
    })
}

/// What would come in.
pub(super) fn describe(target: &Target<'_>, news: &News) -> Vec<Bumped> {
    match (target, news) {
        (Target::Extension(extension, _), News::Extension(steps)) => {
            steps.iter().map(|step| bump::describe(extension, step)).collect()
        }
        (Target::Postgresql(postgresql), News::Postgresql(release)) => {
            release.iter().map(|release| bump::describe_postgresql(postgresql, release)).collect()
        }
        _ => Vec::new(),
    }
}

/// Fetches what is new, unless it is only to be said.
fn one(
    target: &Target<'_>,
    news: &News,
    catalogue: &Catalogue,
    upstream: &Upstream,
    request: &Request<'_>,
    fetching: &Progress<'_>,
) -> Result<Edited, BumpError> {
    let bumped = describe(target, news);
    if request.dry_run || bumped.is_empty() {
        return Ok(Edited { bumped, ..Edited::default() });
    }
    let path = request.root.join(CATALOGUE).join(target.file());
    let text = limited::text(&path).map_err(crate::upstream::UpstreamError::from)?;
    let task = fetching.begin(|| target.name());
    match (target, news) {
        (Target::Extension(extension, _), News::Extension(steps)) => {
            let how = How { replace: request.replace, progress: &task };
            bump::extension(upstream, catalogue, extension, steps, &text, how)
        }
        (Target::Postgresql(postgresql), News::Postgresql(Some(release))) => {
            bump::postgresql(upstream, postgresql, release, &text, &task)
        }
        _ => Ok(Edited::default()),
    }
}

/// The catalogue's files as this run has made them so far.
struct Desk<'a> {
    root: &'a Utf8Path,
    /// Not written yet.
    pending: Edits,
    /// Written by an earlier commit of this run.
    written: BTreeMap<Utf8PathBuf, Option<String>>,
}

impl Desk<'_> {
    /// A file as it is now; `None`: not there.
    fn current(&self, path: &Utf8Path) -> Option<String> {
        match (self.pending.get(path), self.written.get(path)) {
            (Some(edit), _) => edit.after.clone(),
            (None, Some(text)) => text.clone(),
            (None, None) => limited::text(self.root.join(CATALOGUE).join(path)).ok(),
        }
    }

    /// `before` is what the edit was made from, where it was made from something.
    fn put(&mut self, path: Utf8PathBuf, before: Option<String>, after: Option<String>) {
        let before = if self.written.contains_key(&path) { self.current(&path) } else { before };
        self.pending.entry(path).or_insert_with(|| Edit { before, after: None }).after = after;
    }

    /// Writes what is pending.
    fn write(&mut self, host: &dyn Host) -> Result<(), Error> {
        let pending = std::mem::take(&mut self.pending);
        writing::write(self.root, &pending, host)?;
        self.written.extend(pending.into_iter().map(|(path, edit)| (path, edit.after)));
        Ok(())
    }
}

fn write(fetched: Fetched<'_>, upstream: &Upstream, host: &dyn Host) -> Result<Vec<Bumped>, Error> {
    let Fetched { request, edits, cargo_pgrx: mut known, .. } = fetched;
    let root = request.root;
    let mut done = Vec::new();
    let mut desk = Desk { root, pending: Edits::new(), written: BTreeMap::new() };
    for Planned { file, shared, mut edited } in edits {
        for version in std::mem::take(&mut edited.cargo_pgrx) {
            if known.contains(&version) {
                continue;
            }
            let path = Utf8PathBuf::from(layout::PGRX_TOML);
            let before = desk.current(&path);
            let text = before.as_deref().unwrap_or_default();
            let fetching = progress(host, "fetching", 1);
            let task = fetching.begin(|| format!("cargo-pgrx {version}"));
            let result = Pool::of(request.jobs).install(|| bump::cargo_pgrx(upstream, &version, text));
            drop((task, fetching));
            match result {
                Ok(text) => {
                    desk.put(path, before, Some(text));
                    edited.bumped.iter_mut().for_each(|bumped| {
                        bumped.remarks.push(format!("cargo-pgrx {version} added to {CATALOGUE}/pgrx.toml"));
                    });
                    known.insert(version);
                }
                Err(error) => {
                    let name = format!("cargo-pgrx {version}");
                    return Err(Error::refused(failures::bump_finding(&name, &error)));
                }
            }
        }
        let text = match desk.current(&file) {
            // Several PostgreSQLs share a file: what one edit changed must not undo the other's.
            Some(current) if shared && current != edited.before => merged(&current, &edited)?,
            _ => std::mem::take(&mut edited.text),
        };
        desk.put(file, Some(edited.before), Some(text));
        for (path, text) in edited.files {
            let before = desk.current(&path);
            desk.put(path, before, Some(text));
        }
        for path in edited.removed {
            let before = desk.current(&path);
            desk.put(path, before, None);
        }
        if request.commit {
            // A signal comes before or after, not between the files and their commit.
            let _unbroken = crate::interrupt::unbroken();
            desk.write(host)?;
            writing::commit(root, &edited.bumped)?;
        }
        done.extend(edited.bumped);
    }
    if !desk.pending.is_empty() {
        desk.write(host)?;
    }
    Ok(done)
}

/// The edit of one PostgreSQL on top of another's.
fn merged(text: &str, edited: &Edited) -> Result<String, EditError> {
    let mut text = text.to_owned();
    for bumped in &edited.bumped {
        let name = bumped.name.trim_start_matches("postgresql ");
        let new = edit::block(&edited.text, "postgresql", "name", name)?;
        let old = edit::block(&text, "postgresql", "name", name)?;
        text.replace_range(old.range, &edited.text[new.range]);
    }
    Ok(text)
}
