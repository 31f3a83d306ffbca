//! What can be done with a repository, as other programs call it: typed requests go in, typed results come out.
//! `cmd` parses the command line into these requests and prints the results.
//!
//! Owns the order of steps, and what is written when. Must not know a terminal, a command line or the environment:
//! what goes on is told to a [`Host`], and what the environment says (places, limits, credentials) is in the request.

pub mod actions;
pub mod add;
pub mod audit;
pub mod bump;
pub mod cache_gc;
pub mod cache_keys;
pub mod cache_status;
pub mod check;
pub mod ci_plan;
pub mod diff;
pub mod drv_diff;
pub mod drvs;
mod error;
pub mod evaluate;
pub mod explorer;
pub mod failures;
pub mod fix;
pub mod generate;
pub mod import;
pub mod index;
pub mod init;
pub mod inputs;
pub mod licenses;
pub(crate) mod lock;
pub mod merge_driver;
pub mod outdated;
pub mod prefetch;
pub mod program;
pub(crate) mod references;
pub mod revision;
pub mod sbom;
pub mod show_override;
pub mod sides;
pub mod size;
pub mod untracked;
pub mod validate;
pub mod verify;
pub mod writing;

use camino::Utf8Path;

use crate::catalogue::{self, model::Catalogue};
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap, plural};
use crate::progress::Observer;
use crate::rule::{Finder, finder};
use crate::tree;

pub use crate::upstream::Upstream;
pub use check::check;
pub use error::Error;
pub use generate::{generate, plan};
pub use program::Program;
pub use tree::{Change, Comparison, Conflict, Guard, Interrupted};
pub use validate::validate;

/// What finds something here.
pub const FINDERS: &[Finder] = &[
    FINDER,
    actions::FINDER,
    add::FINDER,
    audit::FINDER,
    audit::judge::FINDER,
    bump::FINDER,
    check::FINDER,
    ci_plan::CHUNKS,
    ci_plan::FAILURES,
    ci_plan::FINDER,
    ci_plan::JOBS,
    evaluate::FINDER,
    explorer::FINDER,
    failures::FINDER,
    generate::FINDER,
    inputs::FINDER,
    licenses::FINDER,
    lock::FINDER,
    verify::FINDER,
    writing::FINDER,
];

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    Interrupted =
        "An earlier run was to change several files of the catalogue at once and was killed, or lost power, when \
         some of them were changed and others not. It has noted all of the changes. The next command that writes \
         completes them; commands that only look change nothing, not even this. A file that somebody has edited \
         since stays as it is.";
};

/// Whoever runs an operation: hears how far it is, and what cannot wait for its end.
pub trait Host: Observer {
    /// Something happens now. It is in no result.
    fn notice(&self, notice: Notice<'_>) {
        let _ = notice;
    }
}

/// Does not care.
impl Host for () {}

/// What a [`Host`] is told while an operation goes on.
#[derive(Debug)]
pub enum Notice<'a> {
    /// Another run holds the repository, and its end is waited for.
    Waiting(&'a Utf8Path),
    /// What an interrupted run had left to do is done.
    Recovered(&'a Interrupted),
    /// A file of a new catalogue is there.
    Created(&'a Utf8Path),
    /// A file that is to be merged is not generated: it is merged as any other.
    NotOurs(&'a Utf8Path),
    /// An earlier run was interrupted, which what only looks does not complete.
    Interrupted(&'a Diagnostics),
    /// What was found in the catalogue as it is to be written.
    Found(&'a Loaded),
    /// What became of files of the catalogue that were to be written, with what is generated from them.
    Written(writing::Written),
}

/// Holds the repository against other runs.
///
/// # Errors
/// When it cannot be locked.
pub(crate) fn locked(root: &Utf8Path, host: &dyn Host) -> Result<Guard, Error> {
    let waiting = || host.notice(Notice::Waiting(root));
    Guard::acquire(root, waiting).map_err(|source| Error::Lock { root: root.to_owned(), source })
}

/// As [`locked`], for what writes: what an interrupted run has left to do is done first.
///
/// # Errors
/// When it cannot be locked, or that cannot be done.
pub(crate) fn recovered(root: &Utf8Path, host: &dyn Host) -> Result<Guard, Error> {
    let guard = locked(root, host)?;
    let done = guard.recover().map_err(|source| Error::Recover { root: root.to_owned(), source })?;
    if let Some(done) = done {
        host.notice(Notice::Recovered(&done));
    }
    Ok(guard)
}

/// A catalogue with what was found in it.
#[derive(Debug, Default)]
pub struct Loaded {
    /// `None` when there are errors.
    pub catalogue: Option<Catalogue>,
    /// The texts that findings point into.
    pub sources: SourceMap,
    /// What was found.
    pub diagnostics: Diagnostics,
}

/// Reads and checks the catalogue below `root`.
///
/// # Errors
/// When it cannot be read.
pub fn load(root: &Utf8Path) -> Result<Loaded, Error> {
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let catalogue = catalogue::load(root, &mut sources, &mut diagnostics)
        .map_err(|source| Error::Catalogue { root: root.to_owned(), source })?;
    let left = match tree::interrupted(root) {
        Ok(None) => None,
        Ok(Some(left)) => {
            Some(format!("an interrupted run has {} left to change", plural(left.pending.len(), "file")))
        }
        // Where there is no folder, that is said elsewhere.
        Err(error) => root.is_dir().then(|| error.to_string()),
    };
    if let Some(message) = left {
        diagnostics.push(
            Diagnostic::global(Code::Interrupted, message).help("type `pgflakegen`, which completes it"),
        );
    }
    Ok(Loaded { catalogue, sources, diagnostics })
}

/// As [`load`], for what only needs a catalogue without errors.
///
/// # Errors
/// When it cannot be read, or has errors ([`Error::Unusable`]).
pub fn usable(root: &Utf8Path, host: &dyn Host) -> Result<Catalogue, Error> {
    let mut loaded = load(root)?;
    let Some(catalogue) = loaded.catalogue.take() else { return Err(Error::Unusable(Box::new(loaded))) };
    let mut interrupted = Diagnostics::new();
    interrupted.extend(loaded.diagnostics.iter().filter(|found| found.code == Code::Interrupted).cloned());
    if !interrupted.is_empty() {
        host.notice(Notice::Interrupted(&interrupted));
    }
    Ok(catalogue)
}

/// As [`load`], for what makes Nix of the catalogue: its hand-written Nix is judged as well, and an error in it is an
/// error.
///
/// # Errors
/// When something cannot be read.
pub fn load_with_overrides(root: &Utf8Path) -> Result<Loaded, Error> {
    let mut loaded = load(root)?;
    if let Some(catalogue) = &loaded.catalogue {
        validate::judge_catalogue(catalogue, root, &mut loaded.sources, &mut loaded.diagnostics)?;
        if loaded.diagnostics.has_errors() {
            loaded.catalogue = None;
        }
    }
    Ok(loaded)
}

#[cfg(test)]
mod tests;
