//! Everything that the flake offers, evaluated as `nix flake check` does: packages, checks, shells and apps of each
//! system, to their derivations or to what is wrong with them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::ffi::OsStrExt as _;

use camino::{Utf8Path, Utf8PathBuf};

use super::Task;
use super::flake_files::FlakeFiles;
use super::members::summary;
use super::session::{Again, Opened, Session, Unready, field, follow, names, string};
use crate::catalogue::names::System;
use crate::interrupt::TemporaryDirectory;
use crate::layout::GENERATED;
use crate::nix::eval::Error;
use crate::progress::progress;

/// One thing that the flake offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// `packages.x86_64-linux."psql_15/bin"`.
    pub attr: String,
    /// The derivation's path in the store, or a program's.
    pub result: Result<String, Failure>,
}

/// Why something does not evaluate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Failure {
    /// The innermost message, without paths of the store.
    pub message: String,
    /// Where it comes from: `nixpkgs/lib/lists.nix:12:3`.
    pub place: Option<String>,
}

/// Why nothing could be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// An input is not on this machine.
    Missing(String),
    /// The flake itself fails.
    Fails(Failure),
}

/// What is looked at below each, by its name in the flake: an attribute with a string.
const KINDS: [(&str, &str); 4] =
    [("packages", "drvPath"), ("checks", "drvPath"), ("devShells", "drvPath"), ("apps", "program")];

/// Evaluates all that the flake offers for `systems`, in several threads; in the order of attributes.
///
/// # Errors
/// When nothing could be evaluated.
pub fn all(task: Task<'_>, systems: &[System]) -> Result<Vec<Package>, Nothing> {
    let nothing = |message: String| Nothing::Fails(Failure { message, place: None });
    let folder = written(task.root, &task.files).map_err(|error| nothing(error.to_string()))?;
    let observer = task.observer;
    let mut session = Session::on_disk(task.root, folder.path(), task.settings, task.inputs);
    let first = session.begin().map_err(|unready| match unready {
        Unready::Missing(what) => Nothing::Missing(what),
        Unready::Failed(error) => Nothing::Fails(failure(&session, &error)),
    })?;
    let mut units: Vec<[String; 3]> = Vec::new();
    let mut all: Vec<Package> = Vec::new();
    for system in systems {
        for (kind, _) in KINDS {
            let set = first.session.part(|| follow(&first.flake(), &[kind, system]));
            match set.and_then(|set| set.map(|set| names(&set)).transpose()) {
                Ok(Some(names)) => {
                    units.extend(names.into_iter().map(|name| [kind.to_owned(), system.to_string(), name]));
                }
                Ok(None) => {}
                Err(error) => {
                    let result = Err(failure(&session, &error));
                    all.push(Package { attr: format!("{kind}.{system}"), result });
                }
            }
        }
    }
    let evaluating = progress(observer, "evaluating", units.len());
    let one = |session: &Session, opened: &Opened, unit: &[String; 3]| {
        let _task = evaluating.begin(|| shown(unit));
        let result = look(opened, unit);
        let again = result.as_ref().err().map_or(Again::No, Again::after);
        (Package { attr: shown(unit), result: result.map_err(|error| failure(session, &error)) }, again)
    };
    let packages = session.each(&first, "package", &units, one, |(_, again)| *again);
    all.extend(packages.into_iter().map(|(package, _)| package));
    all.sort_by(|a, b| a.attr.cmp(&b.attr));
    Ok(all)
}

/// What is part of the flake, in a folder of its own: packages take whole files and folders of it into the store.
fn written(root: &Utf8Path, files: &[(Utf8PathBuf, String)]) -> io::Result<TemporaryDirectory> {
    let flake_files = FlakeFiles::of(root).map_err(|error| io::Error::other(error.to_string()))?;
    let folder = TemporaryDirectory::new("flake-")?;
    let own: BTreeSet<&Utf8Path> = files.iter().map(|(path, _)| path.as_path()).collect();
    let entries = walkdir::WalkDir::new(root).follow_links(false).sort_by_file_name().into_iter();
    let entries = entries.filter_entry(|entry| {
        let Ok(path) = entry.path().strip_prefix(root) else { return false };
        let is_folder = || entry.file_type().is_dir();
        flake_files.contains(path.as_os_str().as_bytes(), is_folder) && !path.starts_with(GENERATED)
    });
    for entry in entries {
        let entry = entry?;
        let Ok(path) = entry.path().strip_prefix(root) else { continue };
        if Utf8Path::from_path(path).is_some_and(|path| own.contains(path)) {
            continue;
        }
        let to = folder.path().join(path);
        let kind = entry.file_type();
        if kind.is_dir() {
            std::fs::create_dir_all(to)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(std::fs::read_link(entry.path())?, to)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), to)?;
        }
    }
    for (path, text) in files {
        let to = folder.path().join(path);
        if let Some(above) = to.parent() {
            std::fs::create_dir_all(above)?;
        }
        std::fs::write(to, text)?;
    }
    Ok(folder)
}

fn look(opened: &Opened, [kind, system, name]: &[String; 3]) -> Result<String, Error> {
    let wanted = KINDS.iter().find(|(known, _)| known == kind).map_or("drvPath", |(_, wanted)| wanted);
    let set = follow(&opened.flake(), &[kind, system])?;
    let Some(set) = set else { return Ok(String::new()) };
    string(&field(&set, name)?, wanted)
}

fn failure(session: &Session, error: &Error) -> Failure {
    let place = error.pos().and_then(|pos| session.place(pos));
    Failure { message: session.readable(summary(error)), place }
}

fn shown([kind, system, name]: &[String; 3]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '\'');
    let bare = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(plain);
    if bare { format!("{kind}.{system}.{name}") } else { format!("{kind}.{system}.\"{name}\"") }
}

/// What several packages fail of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause<'p> {
    /// What evaluation says.
    pub message: &'p str,
    /// Where it comes from, if that is one place.
    pub place: Option<&'p str>,
    /// The attributes.
    pub attributes: Vec<&'p str>,
}

/// The failures by their cause: the most frequent first.
pub fn failures_by_cause(packages: &[Package]) -> Vec<Cause<'_>> {
    let mut causes: BTreeMap<&str, Cause<'_>> = BTreeMap::new();
    for package in packages {
        let Err(Failure { message, place }) = &package.result else { continue };
        let place = place.as_deref();
        let new = || Cause { message, place, attributes: Vec::new() };
        let cause = causes.entry(message).or_insert_with(new);
        cause.attributes.push(&package.attr);
        if cause.place != place {
            cause.place = None;
        }
    }
    let mut causes: Vec<_> = causes.into_values().collect();
    causes.sort_by(|a, b| b.attributes.len().cmp(&a.attributes.len()).then_with(|| a.message.cmp(b.message)));
    causes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_apart_by_what_is_said() {
        let package = |attr: &str, message: &str, place: &str| Package {
            attr: attr.into(),
            result: Err(Failure { message: message.into(), place: Some(place.into()) }),
        };
        let good = Package { attr: "good".into(), result: Ok("/nix/store/x.drv".into()) };
        let all = [package("a", "one", "p:1"), package("b", "two", "q:1"), good, package("c", "two", "q:2")];
        let causes = failures_by_cause(&all);
        assert_eq!(causes[0], Cause { message: "two", place: None, attributes: vec!["b", "c"] });
        assert_eq!(causes[1], Cause { message: "one", place: Some("p:1"), attributes: vec!["a"] });
    }
}
