//! Overrides evaluated: each build of the catalogue that has one, with it and without it, on the machine's
//! own nixpkgs. What is found here is certain, where [`super::RULES`] only read the text.
//!
//! The generated tree comes in as text, so that what is judged is what would be written. Findings go out as
//! [`Diagnostic`](crate::diag::Diagnostic)s; must not know how they are shown, nor who asked.

mod findings;
mod flake_files;
mod judge;
pub mod members;
pub mod packages;
mod session;
pub mod shown;
pub mod table;
mod tree;

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use crate::catalogue::model::{Catalogue, Extension, Fit};
use crate::catalogue::names::{ExtName, PgName, System, VersionAttr};
use crate::diag::{Code, Diagnostics, SourceMap};
use crate::layout;
use crate::nix::eval::{Error, Settings};
use crate::progress::{Observer, progress};
use crate::rule::Finder;
use judge::{Judged, did_you_mean};
use session::{Place, Session, Unready};

/// What finds something here.
pub const FINDERS: &[Finder] = &[findings::FINDER, judge::FINDER, members::FINDER, table::FINDER];

/// One derivation that an override makes or adapts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The extension.
    pub extension: ExtName,
    /// The PostgreSQL's name.
    pub name: PgName,
    /// The PostgreSQL's attribute: `psql_15`.
    pub postgresql: String,
    /// The extension's version.
    pub version: String,
    /// The attribute below `exts`.
    pub attr: VersionAttr,
    /// The version that this PostgreSQL has in `bin`.
    pub default: bool,
    /// The override, relative to the repository's root.
    pub file: Utf8PathBuf,
    /// The override gives the whole derivation.
    pub custom: bool,
    /// What of the catalogue's it may set.
    pub owns: BTreeSet<String>,
}

/// What to evaluate, and with what.
pub struct Task<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// The generated tree: paths relative to the root, and texts.
    pub files: Vec<(Utf8PathBuf, String)>,
    /// Inputs in place of the flake's own: name and flake reference.
    pub inputs: Vec<(String, String)>,
    /// How to evaluate.
    pub settings: Settings,
    /// The catalogue has more systems than are looked at: nothing is said of what makes no difference.
    pub partial: bool,
    /// Hears how far it is.
    pub observer: &'a dyn Observer,
}

/// How it went.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// That many derivations were evaluated.
    Judged(usize),
    /// An input is not on this machine: which, and how to get it.
    Missing(String),
}

/// Something found in one build.
#[derive(Clone, Debug)]
struct Found {
    code: Code,
    /// The override.
    file: Utf8PathBuf,
    at: At,
    message: String,
    help: Vec<String>,
}

/// Where in the hand-written Nix.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum At {
    /// At the override as a whole.
    Start,
    /// At an argument of the override.
    Formal(String),
    /// There.
    Place(Place),
}

impl Found {
    /// An error where it meets hand-written Nix, with a remark on where it comes from.
    fn of(session: &Session, code: Code, error: &Error, build: &Build) -> Self {
        let at = session.innermost(error).map_or(At::Start, At::Place);
        let mut help = did_you_mean(error.suggestions());
        let elsewhere = error.pos().filter(|pos| session.own(*pos).is_none());
        if let Some(place) = elsewhere.and_then(|pos| session.place(pos)) {
            help.push(format!("the error comes from {place}"));
        }
        if let Some(file) = session.untracked(error.message()) {
            help.push(format!("git does not know it; type `git add {file}`"));
        }
        Self { code, file: build.file.clone(), at, message: session.readable(error.message()), help }
    }
}

/// The builds of a catalogue that have an override.
pub fn builds(catalogue: &Catalogue) -> Vec<Build> {
    let mut all = Vec::new();
    for extension in &catalogue.extensions {
        let Some(file) = &extension.override_file else { continue };
        for postgresql in &catalogue.postgresqls {
            let Some(Fit::Versions { default, all: fits }) = extension.fits.get(&postgresql.name) else {
                continue;
            };
            let builds = fits.iter().filter_map(|index| Some((*index, extension.versions.get(*index)?)));
            all.extend(builds.map(|(index, version)| Build {
                extension: extension.name.clone(),
                name: postgresql.name.clone(),
                postgresql: format!("psql_{}", postgresql.name),
                version: version.version.clone(),
                attr: version.attr.clone(),
                default: index == *default,
                file: layout::in_catalogue(file),
                custom: is_custom(extension),
                owns: extension.override_owns.iter().cloned().collect(),
            }));
        }
    }
    all
}

fn is_custom(extension: &Extension) -> bool {
    extension.kind.is_hand_written()
}

/// Evaluates all builds for all systems, in several threads, and reports what it finds. `shown` gives a
/// file's path, which is relative to the root, as people are to read it; files known to `sources` under it
/// are those that findings point into.
pub fn judge(
    task: Task<'_>,
    builds: &[Build],
    systems: &[System],
    shown: &dyn Fn(&Utf8Path) -> Utf8PathBuf,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) -> Outcome {
    let mut report = findings::Report { root: task.root, shown, sources, sink, partial: task.partial };
    let mut session = Session::new(task.root, task.files, task.settings, task.inputs);
    let opening = progress(task.observer, "opening the flake", 0);
    let first = match session.begin() {
        Ok(opened) => opened,
        Err(Unready::Missing(what)) => return Outcome::Missing(what),
        Err(Unready::Failed(error)) => {
            report.flake(&session, &error);
            return Outcome::Judged(0);
        }
    };
    drop(opening);
    let files: BTreeSet<&Utf8Path> = builds.iter().map(|build| build.file.as_path()).collect();
    let (seen, unseen): (BTreeSet<_>, BTreeSet<_>) = files.into_iter().partition(|file| session.sees(file));
    unseen.into_iter().for_each(|file| report.untracked(file));
    // One system after the other: what is evaluated at the same time has much in common.
    let all = (0..systems.len()).flat_map(|system| (0..builds.len()).map(move |build| (system, build)));
    let units: Vec<(usize, usize)> =
        all.filter(|(_, build)| seen.contains(builds[*build].file.as_path())).collect();
    let evaluating = progress(task.observer, "evaluating", units.len());
    let one = |session: &Session, opened: &session::Opened, (system, build): &(usize, usize)| {
        let _task = evaluating.begin(|| {
            let Build { extension, version, postgresql, .. } = &builds[*build];
            format!("{extension} {version} in {postgresql} for {}", systems[*system])
        });
        judge::judge(session, opened, &builds[*build], &systems[*system])
    };
    let judged = session.each(&first, "override", &units, one, |judged| judged.again);
    let done: Vec<((usize, usize), Judged)> = units.into_iter().zip(judged).collect();
    let evaluated = done.iter().filter(|(_, judged)| judged.there).count();
    report.builds(builds, systems, &done);
    Outcome::Judged(evaluated)
}

/// The folder on this machine that an input of the flake is in.
///
/// # Errors
/// What evaluation says when it is not here.
pub fn input(task: Task<'_>, name: &str) -> Result<Utf8PathBuf, String> {
    let mut session = Session::new(task.root, task.files, task.settings, task.inputs);
    match session.begin() {
        Ok(opened) => session.folder(&opened, name).map_err(|error| session.readable(error.message())),
        Err(Unready::Missing(what)) => Err(what),
        Err(Unready::Failed(error)) => Err(session.readable(error.message())),
    }
}

/// Names of the attributes that builds have before their overrides, one list for each.
#[cfg(test)]
pub(super) fn names_before(
    root: &Utf8Path,
    files: impl IntoIterator<Item = (Utf8PathBuf, String)>,
    settings: Settings,
    inputs: Vec<(String, String)>,
    builds: &[Build],
    system: &str,
) -> Vec<Vec<String>> {
    let mut session = Session::new(root, files, settings, inputs);
    let Ok(opened) = session.begin() else { return Vec::new() };
    let names = builds.iter().map(|build| {
        let seen = judge::observed(&opened, build, system).ok().flatten()?;
        let before = session::field(&seen, "attributesBefore").ok()?;
        session::names(&before).ok()
    });
    names.map(Option::unwrap_or_default).collect()
}
