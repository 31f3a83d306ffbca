//! The world outside: everything impure that evaluation does goes through [`EvalIo`].

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix_store::nar::FileType;

pub use repository::{Answer, Entry, Repository, Unanswered};
pub(crate) use work_trees::WorkTrees;

mod repository;
mod work_trees;

/// A folder that goes when this is dropped.
pub type Temporary = Box<dyn AsRef<Path> + Send + Sync>;

/// What evaluation may ask of the world. Paths are absolute byte strings.
pub trait EvalIo: Send + Sync {
    /// The contents of a file: as many bytes as its size says, so devices have none.
    fn read_file(&self, path: &[u8]) -> io::Result<Vec<u8>>;
    /// The size of a file in bytes.
    fn file_size(&self, path: &[u8]) -> io::Result<u64>;
    /// The entries of a directory and what they are.
    fn read_dir(&self, path: &[u8]) -> io::Result<Vec<(Vec<u8>, FileType)>>;
    /// What is at `path`, without following a symbolic link there; `None` if nothing is.
    fn file_type(&self, path: &[u8]) -> io::Result<Option<FileType>>;
    /// The target of a symbolic link.
    fn read_link(&self, path: &[u8]) -> io::Result<Vec<u8>>;
    /// The real place of a path, for archives of it.
    fn real_path(&self, path: &[u8]) -> PathBuf;
    /// Whether evaluation may know of what is at a path: archives have nothing else.
    fn sees(&self, _path: &[u8]) -> bool {
        true
    }
    /// An environment variable.
    fn env(&self, name: &str) -> Option<Vec<u8>>;
    /// `builtins.currentTime`.
    fn now(&self) -> i64;
    /// A new folder that only this process writes to, its name begins with `prefix`.
    ///
    /// # Errors
    /// When none can be made.
    fn temporary(&self, prefix: &str) -> io::Result<Temporary> {
        Ok(Box::new(tempfile::Builder::new().prefix(prefix).tempdir()?))
    }
    /// The git repository whose work tree is at `root`, or which is there. Whether there is one is seen when it is
    /// asked.
    ///
    /// # Errors
    /// When none is ever read here.
    fn repository(&self, _root: &Path) -> Answer<Box<dyn Repository>> {
        Err(Unanswered("git repositories cannot be read here".to_owned()))
    }
}

/// The real world, without git.
#[derive(Default)]
pub struct Machine;

fn os(path: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(path))
}

impl EvalIo for Machine {
    fn read_file(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        // Without waiting for somebody who writes into what is a pipe.
        let file = fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(os(path))?;
        let metadata = file.metadata()?;
        if metadata.file_type().is_fifo() || metadata.file_type().is_socket() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
        }
        let size = metadata.len();
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(usize::try_from(size).unwrap_or(usize::MAX))?;
        file.take(size).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn file_size(&self, path: &[u8]) -> io::Result<u64> {
        Ok(fs::metadata(os(path))?.len())
    }

    fn read_dir(&self, path: &[u8]) -> io::Result<Vec<(Vec<u8>, FileType)>> {
        fs::read_dir(os(path))?
            .map(|entry| {
                let entry = entry?;
                Ok((entry.file_name().into_vec(), entry.file_type()?.into()))
            })
            .collect()
    }

    fn file_type(&self, path: &[u8]) -> io::Result<Option<FileType>> {
        match os(path).symlink_metadata() {
            Ok(metadata) => Ok(Some(metadata.file_type().into())),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn read_link(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        Ok(fs::read_link(os(path))?.into_os_string().into_vec())
    }

    fn real_path(&self, path: &[u8]) -> PathBuf {
        os(path).to_path_buf()
    }

    fn env(&self, name: &str) -> Option<Vec<u8>> {
        std::env::var_os(name).map(OsStringExt::into_vec)
    }

    fn now(&self) -> i64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs() as i64)
    }
}
