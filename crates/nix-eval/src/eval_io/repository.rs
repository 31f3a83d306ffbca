//! What evaluation asks of a git repository on this machine. Whoever answers runs git or reads the files, and keeps
//! what the repository's own configuration names from running; nothing here knows how.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

/// Why git has no answer, in words that can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered(pub String);

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unanswered {}

/// An answer.
pub type Answer<T> = std::result::Result<T, Unanswered>;

/// Something that git knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// `0o100644`, `0o40000` and the like.
    pub mode: u32,
    /// Its object.
    pub id: String,
    /// Where it is, relative to the root.
    pub path: PathBuf,
}

impl Entry {
    /// Whether it is a folder.
    pub fn is_directory(&self) -> bool {
        self.mode == 0o040_000
    }

    /// Whether it is a symbolic link.
    pub fn is_link(&self) -> bool {
        self.mode == 0o120_000
    }

    /// Whether it is a file that may be run.
    pub fn is_executable(&self) -> bool {
        self.mode == 0o100_755
    }

    /// The commit of a submodule.
    pub fn submodule(&self) -> Option<&str> {
        (self.mode == 0o160_000).then_some(&self.id)
    }
}

/// A repository. Paths are relative to its root; what is not there is `None`, not an error.
///
/// # Errors
/// All but the first two fail when it cannot be read.
#[allow(clippy::missing_errors_doc)]
pub trait Repository {
    /// The work tree, or the repository itself.
    fn root(&self) -> &Path;
    /// Whether there is no work tree.
    fn is_bare(&self) -> bool;
    /// Whether it is a repository at all.
    fn is_one(&self) -> Answer<bool>;
    /// The commit that a name stands for.
    fn commit(&self, name: &str) -> Answer<Option<String>>;
    /// Whether it has a commit.
    fn has(&self, rev: &str) -> Answer<bool>;
    /// The branch that `HEAD` is.
    fn head_ref(&self) -> Answer<Option<String>>;
    /// When a commit was made.
    fn time(&self, rev: &str) -> Answer<i64>;
    /// How many commits there are up to one.
    fn count(&self, rev: &str) -> Answer<i64>;
    /// Where its own files are, those of its submodules and of Git LFS among them.
    fn common_dir(&self) -> Answer<Option<PathBuf>>;
    /// What a commit has, each folder before what is in it.
    fn tree(&self, rev: &str) -> Answer<Vec<Entry>>;
    /// What is tracked or staged.
    fn tracked(&self) -> Answer<Vec<Entry>>;
    /// Whether a tracked file of the work tree, submodules aside, is not as in `HEAD`.
    fn is_changed(&self) -> Answer<bool>;
    /// Gives the contents of objects to `take`, in the order of their ids, until it says `false`.
    fn objects(&self, ids: &[&str], take: &mut dyn FnMut(Option<&[u8]>) -> bool) -> Answer<()>;
    /// The values of an attribute of paths, of those that have it: as a commit says, or without one the index.
    fn attribute(&self, rev: Option<&str>, name: &str, paths: &[&Path]) -> Answer<Vec<(PathBuf, Vec<u8>)>>;
    /// A value of its configuration.
    fn configured(&self, key: &str) -> Answer<Option<OsString>>;
    /// Keys and values of a file that is written as git's configuration is; nothing that it includes is read.
    fn configuration(&self, file: &Path) -> Answer<Vec<(String, String)>>;
}
