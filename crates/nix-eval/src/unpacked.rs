//! Archives on this machine, unpacked as Nix's evaluator unpacks what it fetches. They are somebody
//! else's: nothing gets outside of the folder that is made for them, and what they may take is limited.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::error::{Error, Kind};
use super::machine::{Ev, Result};
use super::url::Url;
use nix_store::archive::{self, ArchiveError, Limits, StripRoot};
use nix_store::nar::Tree;
use nix_store::spool::Spool;
use nix_store::{Algorithm, Hash};

/// What was in an archive.
#[derive(Clone, Debug)]
pub struct Unpacked {
    /// Where it is now.
    pub place: PathBuf,
    /// Its NAR hash.
    pub hash: Hash,
    /// When any entry changed last; 0 if none says.
    pub modified: i64,
}

fn fail<T>(kind: Kind, message: impl Into<String>) -> Result<T> {
    Err(Error::new(kind, message))
}

/// The file that a `file:` URL names, if it is one.
///
/// # Errors
/// When the URL is none.
pub fn file_of(url: &str) -> Result<Option<String>> {
    let parsed = Url::parse(url, false).map_err(|error| Error::new(Kind::Other, error))?;
    match parsed.scheme == "file" {
        true => parsed.file_path().map(Some).map_err(|error| Error::new(Kind::Other, error)),
        false => Ok(None),
    }
}

/// Why a source is not taken that a program names on this machine.
pub fn of_this_machine(source: &str) -> Box<Error> {
    let message = format!(
        "the source '{source}' is on this machine, and not in the flake: only what you name yourself is read there; \
         --allow-local lets the flake name it"
    );
    Error::new(Kind::Restricted, message)
}

/// What Nix says of a `file:` URL that it cannot read.
pub fn unreadable(url: &str, file: &str) -> Box<Error> {
    Error::new(
        Kind::Io,
        format!("unable to download '{url}': Could not read a file:// file (37) Could not open file {file}"),
    )
}

impl Ev {
    /// Unpacks the archive `file` that `url` names.
    pub fn unpack(&self, file: &str, url: &str) -> Result<Unpacked> {
        if !file.starts_with('/') {
            return fail(
                Kind::Other,
                format!(
                    "tarball '{url}' must use an absolute path. The 'file' scheme does not support relative paths."
                ),
            );
        }
        let place = self.shared.io.real_path(&self.real(file.as_bytes()));
        let Ok(metadata) = place.metadata() else {
            return fail(Kind::Io, format!("tarball \"{file}\" does not exist."));
        };
        if metadata.is_dir() {
            let message = match place.join(".git").exists() {
                true => format!(
                    "tarball \"{file}\" is a git repository, not a tarball. Please use `git+file` as the scheme."
                ),
                false => format!("tarball \"{file}\" is a directory, not a file."),
            };
            return fail(Kind::Io, message);
        }
        if !metadata.is_file() {
            return fail(Kind::Io, format!("tarball \"{file}\" is not a regular file"));
        }
        self.unpack_file(&place, file)
    }

    fn unpack_file(&self, place: &Path, file: &str) -> Result<Unpacked> {
        let refused = |error: ArchiveError| {
            let why = match error {
                ArchiveError::UnknownFormat => {
                    let message = "Failed to open archive (Unrecognized archive format)";
                    return Error::new(Kind::Other, message);
                }
                ArchiveError::TooMuch { limit, what } => format!("the archive has more than {limit} {what}"),
                other => other.to_string(),
            };
            Error::new(Kind::Other, format!("tarball \"{file}\" cannot be unpacked: {why}"))
        };
        let spool = Spool::of_file(std::fs::File::open(place)?)?;
        let limits = Limits { memory: 16 << 20, links_out: true, names_out: true, ..Limits::default() };
        let tree = match spool.is_empty() {
            // Nothing is an empty archive to Nix.
            true => archive::Builder::new(limits).finish(),
            false => archive::read(spool.reader(spool.all()), limits).map_err(refused)?,
        };
        let tree = tree.strip(StripRoot::IfDirectory).map_err(refused)?;
        if has_git(&tree.tree) {
            return fail(
                Kind::Other,
                "adding a file to a tree builder: failed to insert entry: invalid name for a tree entry - .git (libgit2 error code = 14)",
            );
        }
        let hash = tree.nar_hash(Algorithm::Sha256)?;
        let folder = self.shared.io.temporary("source-")?;
        let to = (*folder).as_ref().join("source");
        self.shared.temporary.lock().unwrap_or_else(PoisonError::into_inner).push(folder);
        tree.write_to(&to)?;
        Ok(Unpacked { place: to, hash, modified: tree.newest })
    }
}

/// Nix unpacks into git's trees, which can have no such entry.
fn has_git<C>(tree: &Tree<C>) -> bool {
    match tree {
        Tree::Directory(entries) => entries.iter().any(|(name, child)| name == b".git" || has_git(child)),
        _ => false,
    }
}
