//! Archives into file trees and NARs, without unpacking to disk.
//!
//! A tar archive has its entries in any order and a NAR has them sorted, so file contents wait in a
//! [`Spool`](crate::spool::Spool) while the tree is made. An archive is somebody else's: names that lead elsewhere, links out of
//! the tree, devices and more data than allowed are errors, never surprises.

mod decompress;
mod tar;
mod tree;
mod zip;

use std::io::{self, Read};
use std::path::{Component, Path};

pub use decompress::Compression;
pub use tree::{Builder, SourceTree, StripRoot};

use crate::spool::Reader;

/// As much of a file as tells its format: one tar header.
const BEGINNING: u64 = 512;

/// Whether a path stays below the folder that it is relative to, and is nothing of git's own.
pub fn is_plain(path: &Path) -> bool {
    path.components().next().is_some()
        && path.components().all(|part| matches!(part, Component::Normal(_)))
        && !path.components().any(|part| part.as_os_str().eq_ignore_ascii_case(".git"))
}

/// What an archive may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all files together.
    pub size: u64,
    /// Entries.
    pub entries: u64,
    /// Directories inside one another.
    pub depth: usize,
    /// Bytes of file contents held in memory; the rest goes to a temporary file.
    pub memory: usize,
    /// Whether symbolic links may lead out of the tree.
    pub links_out: bool,
    /// Whether `/a` and `../a` are `a`, as where Nix's evaluator unpacks, in place of errors.
    pub names_out: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            size: 4 << 30,
            entries: 1_000_000,
            depth: 128,
            memory: crate::spool::MEMORY,
            links_out: false,
            names_out: false,
        }
    }
}

/// Why an archive is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// No archive format that we know.
    #[error("this is no archive that pgflakegen reads (.tar, .tar.gz, .tar.bz2, .tar.xz, .tar.zst, .zip)")]
    UnknownFormat,
    /// The archive is damaged or cut off.
    #[error("the archive is damaged or cut off: {0}")]
    Damaged(String),
    /// A name that leads elsewhere or cannot be a name.
    #[error("the archive has an entry called {name:?}: {why}")]
    BadName {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A link that leads out.
    #[error("the archive's link {name:?} leads out of the tree, to {target:?}")]
    LinkOut {
        /// The link.
        name: String,
        /// Where to.
        target: String,
    },
    /// A hard link to nothing.
    #[error("the archive's hard link {name:?} is to {target:?}, which is not there")]
    DanglingHardLink {
        /// The link.
        name: String,
        /// Where to.
        target: String,
    },
    /// A device, a pipe, a sparse file.
    #[error("the archive's entry {name:?} is {what}, which no source tree has")]
    BadType {
        /// The entry.
        name: String,
        /// With article.
        what: &'static str,
    },
    /// An entry that replaces what cannot be replaced.
    #[error("the archive's entry {name:?} contradicts an earlier one: {why}")]
    Conflict {
        /// The entry.
        name: String,
        /// How.
        why: &'static str,
    },
    /// A bomb, or the limit is too low.
    #[error("the archive has more than {limit} {what}; --max-size raises the limit on bytes")]
    TooMuch {
        /// The limit.
        limit: u64,
        /// Of what.
        what: &'static str,
    },
    /// More than one thing at the top, or nothing.
    #[error(
        "the archive has {0} entries at its top, not one directory; --no-strip-root takes them as they are"
    )]
    NoSingleRoot(usize),
    /// The disk, not the archive.
    #[error("temporary data cannot be written or read: {0}")]
    Io(io::Error),
}

impl ArchiveError {
    /// An error while reading what was compressed: a limit that a reader reported, or damage.
    fn reading(error: io::Error) -> Self {
        match error.downcast::<ArchiveError>() {
            Ok(own) => own,
            Err(error) => Self::Damaged(error.to_string()),
        }
    }
}

/// Reads an archive of whatever format it turns out to be.
///
/// # Errors
/// When it is none, damaged, hostile or beyond the limits.
pub fn read(data: Reader<'_>, limits: Limits) -> Result<SourceTree, ArchiveError> {
    let mut start = Vec::new();
    data.clone().take(BEGINNING).read_to_end(&mut start).map_err(ArchiveError::Io)?;
    match Compression::detect(&start) {
        Some(Compression::Zip) => zip::read(data, limits),
        Some(compression) => tar::read(decompress::open(compression, data)?, limits),
        None => Err(ArchiveError::UnknownFormat),
    }
}

/// Adds the entries of an uncompressed tar stream, such as `git archive` writes.
///
/// # Errors
/// As [`read`].
pub fn add_tar(data: impl Read, limits: Limits, builder: &mut Builder) -> Result<(), ArchiveError> {
    tar::add(data, limits, builder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names() {
        for good in ["a", "a/b", ".gitignore"] {
            assert!(is_plain(Path::new(good)), "{good}");
        }
        for bad in ["", "/a", "../a", "a/../b", ".git", "a/.GIT/config"] {
            assert!(!is_plain(Path::new(bad)), "{bad}");
        }
    }

    #[test]
    fn a_tar_stream_is_added_to_what_is_there() {
        let mut stream = tar_of("a/one", b"first");
        let mut builder = Builder::new(Limits::default());
        add_tar(stream.as_slice(), Limits::default(), &mut builder).expect("an archive");
        stream = tar_of("two", b"second");
        add_tar(stream.as_slice(), Limits::default(), &mut builder).expect("an archive");
        let tree = builder.finish();
        let text = |path: &str| tree.file(path).expect("readable").expect("there");
        assert_eq!((text("a/one"), text("two")), (b"first".to_vec(), b"second".to_vec()));
    }

    fn tar_of(path: &str, contents: &[u8]) -> Vec<u8> {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(contents.len() as u64);
        header.set_mode(0o644);
        let mut builder = ::tar::Builder::new(Vec::new());
        builder.append_data(&mut header, path, contents).expect("an entry");
        builder.into_inner().expect("an archive")
    }
}
