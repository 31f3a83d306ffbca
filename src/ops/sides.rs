//! The flake at a revision, or as its files are, evaluated: its packages, and a folder with their derivations.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use camino::Utf8Path;

use super::drvs::{self, Job};
use super::program::Program;
use super::{Error, Host};
use crate::interrupt::TemporaryDirectory;
use crate::layout;
use crate::nix::eval::Settings;

/// How sides are evaluated.
#[derive(Clone, Debug)]
pub struct How {
    /// Systems of the flake to look at; none: all it has.
    pub systems: Vec<String>,
    /// Inputs in place of the flake's own: name and flake reference.
    pub inputs: Vec<(String, String)>,
    /// How to evaluate.
    pub settings: Settings,
    /// Errors come with the whole way to them.
    pub trace: bool,
}

/// One side.
pub(super) struct Side {
    /// Packages by attribute.
    pub jobs: BTreeMap<String, Job>,
    /// Their derivations, under the names that they have in the store.
    pub folder: TemporaryDirectory,
}

/// A flake of a git repository.
pub(super) struct Flake {
    root: PathBuf,
    /// The folder of the flake, which may be below.
    place: PathBuf,
    below: String,
}

impl Flake {
    /// The flake that a folder is in.
    ///
    /// # Errors
    /// When there is no git repository around it.
    pub fn around(start: &Utf8Path) -> Result<Self, Error> {
        let read = |source| Error::Read { path: start.to_owned(), source };
        let start = start.as_std_path().canonicalize().map_err(read)?;
        let Some(root) = crate::nix::flake::git_root(&start) else {
            return Err(Error::NoRevisions(start.display().to_string()));
        };
        // The flake is in this folder or around it, as far as the repository goes.
        let mut inside = start.ancestors().take_while(|dir| dir.starts_with(&root));
        let place = inside.find(|dir| dir.join(layout::FLAKE_NIX).exists()).unwrap_or(&root).to_owned();
        let below = place.strip_prefix(&root).unwrap_or(Path::new("")).to_string_lossy().into_owned();
        Ok(Self { root, place, below })
    }

    /// It at a revision; without one, as its files are.
    ///
    /// # Errors
    /// When it cannot be evaluated at all.
    pub fn side(&self, rev: Option<&str>, how: &How, host: &dyn Host) -> Result<Side, Error> {
        let flake = match rev {
            Some(rev) if self.below.is_empty() => crate::nix::flake::at_revision(&self.root, rev)?,
            Some(rev) => format!("{}&dir={}", crate::nix::flake::at_revision(&self.root, rev)?, self.below),
            None => self.place.display().to_string(),
        };
        side(flake, rev.unwrap_or("the files as they are"), how, host)
    }
}

/// A flake, evaluated; `called` is what an error calls it.
///
/// # Errors
/// When it cannot be evaluated at all.
pub(super) fn side(flake: String, called: &str, how: &How, host: &dyn Host) -> Result<Side, Error> {
    let folder = TemporaryDirectory::new("derivations-")?;
    let wanted = drvs::Request {
        program: Program::flake(flake, how.inputs.clone()),
        attrs: Vec::new(),
        systems: how.systems.clone(),
        force_recurse: false,
        select: None,
        apply: None,
        constituents: None,
        meta: false,
        threads: None,
        // That one side has changes is why they are compared.
        settings: Settings {
            write_to: Some(folder.path().to_owned()),
            warn_dirty: false,
            ..how.settings.clone()
        },
    };
    let jobs = drvs::drvs(&wanted, host)
        .map_err(|error| Error::NoSide { which: called.to_owned(), why: error.report(how.trace) })?;
    Ok(Side { jobs: jobs.into_iter().map(|job| (job.attr.clone(), job)).collect(), folder })
}
