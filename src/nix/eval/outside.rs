//! The world outside: everything impure that evaluation does goes through [`Outside`].

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::paths::parent;
use crate::store::nar::FileType;

/// What evaluation may ask of the world. Paths are absolute byte strings.
pub trait Outside: Send + Sync {
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
    /// An environment variable.
    fn env(&self, name: &str) -> Option<Vec<u8>>;
    /// `builtins.currentTime`.
    fn now(&self) -> i64;
    /// `builtins.trace`, `builtins.warn` and the like: one message.
    fn message(&self, text: &str);
}

/// The real world.
#[derive(Default)]
pub struct Machine;

fn os(path: &[u8]) -> &Path {
    Path::new(std::ffi::OsStr::from_bytes(path))
}

impl Outside for Machine {
    fn read_file(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        let file = fs::File::open(os(path))?;
        let size = file.metadata()?.len();
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

    fn message(&self, text: &str) {
        crate::terminal::message(&crate::diag::guard::log(text));
    }
}

/// Follows symbolic links in every part of `path`.
pub fn resolve_links(outside: &dyn Outside, path: &[u8]) -> io::Result<Vec<u8>> {
    resolve_links_by(path, &|path| outside.file_type(path), &|path| outside.read_link(path))
}

/// As [`resolve_links`], with other ways to see what there is.
pub fn resolve_links_by(
    path: &[u8],
    file_type: &dyn Fn(&[u8]) -> io::Result<Option<FileType>>,
    read_link: &dyn Fn(&[u8]) -> io::Result<Vec<u8>>,
) -> io::Result<Vec<u8>> {
    let mut todo: Vec<Vec<u8>> = parts(path);
    let mut done: Vec<u8> = Vec::new();
    let mut links = 0;
    while let Some(part) = todo.pop() {
        if part == b".." {
            done = match parent(&done) {
                b"/" => Vec::new(),
                up => up.to_vec(),
            };
            continue;
        }
        let before = done.len();
        done.push(b'/');
        done.extend_from_slice(&part);
        if file_type(&done)? == Some(FileType::Symlink) {
            links += 1;
            if links > 1024 {
                return Err(io::Error::other("too many symbolic links"));
            }
            let target = read_link(&done)?;
            done.truncate(if target.starts_with(b"/") { 0 } else { before });
            todo.extend(parts(&target));
        }
    }
    if done.is_empty() {
        done.push(b'/');
    }
    Ok(done)
}

/// The components, last first.
fn parts(path: &[u8]) -> Vec<Vec<u8>> {
    let mut parts: Vec<Vec<u8>> = path
        .split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
        .map(<[u8]>::to_vec)
        .collect();
    parts.reverse();
    parts
}
