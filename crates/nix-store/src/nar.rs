//! NAR, Nix's archive format: written as a stream, from the file system or from a tree in memory.
//!
//! [`NarWriter`] is the event interface; whoever has a tar archive or a git tree drives it and
//! never needs to unpack. Entries of a directory must come in byte order of their names.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::hash::{Algorithm, Hash, Hasher};

/// Writes one NAR, event by event.
pub struct NarWriter<W> {
    out: W,
}

impl<W: Write> NarWriter<W> {
    /// Starts an archive.
    pub fn new(mut out: W) -> io::Result<Self> {
        put(&mut out, b"nix-archive-1")?;
        Ok(Self { out })
    }

    /// A regular file of exactly `size` bytes read from `contents`.
    pub fn regular(&mut self, executable: bool, size: u64, contents: impl Read) -> io::Result<()> {
        self.file(executable, size, |out| io::copy(&mut contents.take(size), out))
    }

    /// As [`Self::regular`], without copying what is in memory already.
    pub fn regular_buffered(
        &mut self,
        executable: bool,
        size: u64,
        contents: impl BufRead,
    ) -> io::Result<()> {
        self.file(executable, size, |out| {
            let mut contents = contents.take(size);
            let mut copied = 0;
            loop {
                let bytes = contents.fill_buf()?;
                if bytes.is_empty() {
                    return Ok(copied);
                }
                out.write_all(bytes)?;
                let count = bytes.len();
                copied += count as u64;
                contents.consume(count);
            }
        })
    }

    fn file(
        &mut self,
        executable: bool,
        size: u64,
        copy: impl FnOnce(&mut W) -> io::Result<u64>,
    ) -> io::Result<()> {
        self.tokens(&[b"(", b"type", b"regular"])?;
        if executable {
            self.tokens(&[b"executable", b""])?;
        }
        put(&mut self.out, b"contents")?;
        self.out.write_all(&size.to_le_bytes())?;
        let copied = copy(&mut self.out)?;
        if copied != size {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "file is shorter than its size says"));
        }
        pad(&mut self.out, size)?;
        put(&mut self.out, b")")
    }

    /// A symbolic link.
    pub fn symlink(&mut self, target: &[u8]) -> io::Result<()> {
        self.tokens(&[b"(", b"type", b"symlink", b"target", target, b")"])
    }

    /// Opens a directory; follow with [`Self::entry`], the node, [`Self::end_entry`], …, and
    /// [`Self::end_directory`].
    pub fn begin_directory(&mut self) -> io::Result<()> {
        self.tokens(&[b"(", b"type", b"directory"])
    }

    /// Opens the entry called `name`.
    pub fn entry(&mut self, name: &[u8]) -> io::Result<()> {
        self.tokens(&[b"entry", b"(", b"name", name, b"node"])
    }

    /// Closes an entry.
    pub fn end_entry(&mut self) -> io::Result<()> {
        put(&mut self.out, b")")
    }

    /// Closes a directory.
    pub fn end_directory(&mut self) -> io::Result<()> {
        put(&mut self.out, b")")
    }

    /// Gives the stream back.
    pub fn into_inner(self) -> W {
        self.out
    }

    fn tokens(&mut self, tokens: &[&[u8]]) -> io::Result<()> {
        tokens.iter().try_for_each(|token| put(&mut self.out, token))
    }
}

fn put(out: &mut impl Write, data: &[u8]) -> io::Result<()> {
    out.write_all(&(data.len() as u64).to_le_bytes())?;
    out.write_all(data)?;
    pad(out, data.len() as u64)
}

fn pad(out: &mut impl Write, len: u64) -> io::Result<()> {
    let rest = (len % 8) as usize;
    if rest == 0 { Ok(()) } else { out.write_all(&[0; 8][rest..]) }
}

/// What a file is, to a filter and in a [`Tree`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileType {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A socket, device or pipe, which no NAR can hold.
    Unknown,
}

impl FileType {
    /// As `builtins.readDir` and filters name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Regular => "regular",
            Self::Directory => "directory",
            Self::Symlink => "symlink",
            Self::Unknown => "unknown",
        }
    }
}

impl From<fs::FileType> for FileType {
    fn from(file_type: fs::FileType) -> Self {
        if file_type.is_file() {
            Self::Regular
        } else if file_type.is_dir() {
            Self::Directory
        } else if file_type.is_symlink() {
            Self::Symlink
        } else {
            Self::Unknown
        }
    }
}

/// A file tree in memory. `C` is whatever the owner needs to find a file's contents again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree<C = Vec<u8>> {
    /// A file.
    Regular {
        /// Whether it may be executed.
        executable: bool,
        /// The contents, or how to find them.
        contents: C,
    },
    /// A symbolic link and its target.
    Symlink(Vec<u8>),
    /// A directory; the map keeps NAR's order.
    Directory(BTreeMap<Vec<u8>, Tree<C>>),
}

/// Writes `tree` as a NAR; `open` gives size and contents of a file.
pub fn write_tree<C, R: BufRead, W: Write>(
    tree: &Tree<C>,
    out: W,
    mut open: impl FnMut(&C) -> io::Result<(u64, R)>,
) -> io::Result<W> {
    fn node<C, R: BufRead, W: Write>(
        tree: &Tree<C>,
        nar: &mut NarWriter<W>,
        open: &mut impl FnMut(&C) -> io::Result<(u64, R)>,
    ) -> io::Result<()> {
        match tree {
            Tree::Regular { executable, contents } => {
                let (size, reader) = open(contents)?;
                nar.regular_buffered(*executable, size, reader)
            }
            Tree::Symlink(target) => nar.symlink(target),
            Tree::Directory(entries) => {
                nar.begin_directory()?;
                for (name, child) in entries {
                    nar.entry(name)?;
                    node(child, nar, open)?;
                    nar.end_entry()?;
                }
                nar.end_directory()
            }
        }
    }
    let mut nar = NarWriter::new(out)?;
    node(tree, &mut nar, &mut open)?;
    Ok(nar.into_inner())
}

/// Writes what is at `path` as a NAR. `filter` is asked for everything below `path` itself;
/// an error of its own kind can be carried out through `E`.
pub fn write_path<W: Write, E: From<io::Error>>(
    path: &Path,
    out: W,
    filter: &mut dyn FnMut(&Path, FileType) -> Result<bool, E>,
) -> Result<W, E> {
    let mut nar = NarWriter::new(out)?;
    write_node(path, &mut nar, filter)?;
    Ok(nar.into_inner())
}

fn write_node<W: Write, E: From<io::Error>>(
    path: &Path,
    nar: &mut NarWriter<W>,
    filter: &mut dyn FnMut(&Path, FileType) -> Result<bool, E>,
) -> Result<(), E> {
    let metadata = path.symlink_metadata()?;
    match FileType::from(metadata.file_type()) {
        FileType::Regular => {
            let executable = metadata.mode() & 0o100 != 0;
            nar.regular(executable, metadata.len(), fs::File::open(path)?)?;
        }
        FileType::Symlink => nar.symlink(fs::read_link(path)?.as_os_str().as_bytes())?,
        FileType::Directory => {
            let mut names = Vec::new();
            for entry in fs::read_dir(path)? {
                names.push(entry?.file_name().into_vec());
            }
            names.sort_unstable();
            nar.begin_directory()?;
            for name in names {
                let child = path.join(std::ffi::OsStr::from_bytes(&name));
                let kind = FileType::from(child.symlink_metadata()?.file_type());
                if filter(&child, kind)? {
                    nar.entry(&name)?;
                    write_node(&child, nar, filter)?;
                    nar.end_entry()?;
                }
            }
            nar.end_directory()?;
        }
        FileType::Unknown => {
            let message = format!("file '{}' has an unsupported type", path.display());
            return Err(io::Error::new(io::ErrorKind::Unsupported, message).into());
        }
    }
    Ok(())
}

/// NAR hash of what is at `path`.
pub fn hash_path(path: &Path, algorithm: Algorithm) -> io::Result<Hash> {
    hash_part(path, algorithm, |_| true)
}

/// NAR hash of what is at `path`, of all below it as far as it is wanted.
pub fn hash_part(path: &Path, algorithm: Algorithm, wanted: impl Fn(&Path) -> bool) -> io::Result<Hash> {
    let out = io::BufWriter::with_capacity(1 << 16, Hasher::new(algorithm));
    let out = write_path(path, out, &mut |inner, _| Ok::<_, io::Error>(wanted(inner)))?;
    Ok(out.into_inner().map_err(io::IntoInnerError::into_error)?.finish())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn sample() -> Tree {
        let file = |text: &str, executable| Tree::Regular { executable, contents: text.as_bytes().to_vec() };
        Tree::Directory(BTreeMap::from([
            (b"a.txt".to_vec(), file("hello\n", false)),
            (b"B".to_vec(), Tree::Directory(BTreeMap::from([(b"run".to_vec(), file("#!/bin/sh\n", true))]))),
            (b"link".to_vec(), Tree::Symlink(b"a.txt".to_vec())),
            (b"empty".to_vec(), Tree::Directory(BTreeMap::new())),
        ]))
    }

    fn unpack(tree: &Tree, path: &Path) {
        match tree {
            Tree::Regular { executable, contents } => {
                fs::write(path, contents).unwrap();
                let mode = if *executable { 0o755 } else { 0o644 };
                fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
            }
            Tree::Symlink(target) => {
                std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), path).unwrap();
            }
            Tree::Directory(entries) => {
                fs::create_dir(path).unwrap();
                for (name, child) in entries {
                    unpack(child, &path.join(std::ffi::OsStr::from_bytes(name)));
                }
            }
        }
    }

    fn hash_tree(tree: &Tree) -> Hash {
        write_tree(tree, Hasher::new(Algorithm::Sha256), |contents| {
            Ok((contents.len() as u64, io::Cursor::new(contents.clone())))
        })
        .unwrap()
        .finish()
    }

    #[test]
    fn file_system_and_memory_agree() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        unpack(&sample(), &path);
        let hash = hash_path(&path, Algorithm::Sha256).unwrap();
        assert_eq!(hash, hash_tree(&sample()));
        // `nix hash path` of the same tree
        assert_eq!(hash.to_sri(), "sha256-fePUIx9TQY4LUqv8c3lf6KPor36Nau8NSvgBiIIY83A=");
    }

    #[test]
    fn filter_leaves_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t");
        unpack(&sample(), &path);
        let filtered = write_path(&path, Hasher::new(Algorithm::Sha256), &mut |path, kind| {
            Ok::<_, io::Error>(kind != FileType::Symlink && !path.ends_with("B"))
        });
        let Tree::Directory(mut entries) = sample() else { unreachable!() };
        entries.remove(b"link".as_slice());
        entries.remove(b"B".as_slice());
        assert_eq!(filtered.unwrap().finish(), hash_tree(&Tree::Directory(entries)));
    }

    #[test]
    fn too_short_a_file_is_an_error() {
        let mut nar = NarWriter::new(Vec::new()).unwrap();
        let error = nar.regular(false, 5, &b"abc"[..]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }
}
