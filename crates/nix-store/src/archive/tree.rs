//! The tree that an archive's entries make, and its NAR.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{ArchiveError, Limits};
use crate::hash::{Algorithm, Hash, Hasher};
use crate::nar::{self, Tree};
use crate::spool::{Slice, Spool};

type Entries = BTreeMap<Vec<u8>, Tree<Slice>>;

/// What becomes of an archive's top directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StripRoot {
    /// A single entry at the top is the tree, else all of them are (`nix-prefetch-url --unpack`).
    #[default]
    IfSingle,
    /// There must be a single entry (`fetchzip`, `fetchFromGitHub`).
    Required,
    /// A single directory at the top is the tree, else all that is there (`builtins.fetchTarball`).
    IfDirectory,
    /// Everything stays (`fetchzip { stripRoot = false; }`).
    No,
}

/// A file tree whose contents are in a spool.
#[derive(Debug)]
pub struct SourceTree {
    /// The tree.
    pub tree: Tree<Slice>,
    /// The contents.
    pub spool: Spool,
    /// When any entry was changed last, in seconds since 1970; 0 if no entry says.
    pub newest: i64,
    limits: Limits,
}

/// Takes entries in any order.
#[derive(Debug)]
pub struct Builder {
    entries: Entries,
    spool: Spool,
    limits: Limits,
    count: u64,
    size: u64,
    newest: i64,
}

/// A name as it may stand in a message.
pub(super) fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(200).collect()
}

/// The components of an entry's name; empty for the root itself.
fn components(name: &[u8], limits: Limits) -> Result<Vec<&[u8]>, ArchiveError> {
    let bad = |why| Err(ArchiveError::BadName { name: shown(name), why });
    if name.starts_with(b"/") && !limits.names_out {
        return bad("it is absolute");
    }
    if name.contains(&0) {
        return bad("it has a NUL in it");
    }
    let mut parts = Vec::new();
    for part in name.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if limits.names_out => {
                parts.pop();
            }
            b".." => return bad("it leads out of the tree"),
            _ if part.len() > 255 => return bad("it is longer than a file name may be"),
            _ => parts.push(part),
        }
    }
    Ok(parts)
}

impl Builder {
    /// An empty tree.
    pub fn new(limits: Limits) -> Self {
        Self {
            entries: Entries::new(),
            spool: Spool::new(limits.memory),
            limits,
            count: 0,
            size: 0,
            newest: 0,
        }
    }

    /// Notes when an entry was changed.
    pub fn changed(&mut self, at: i64) {
        self.newest = self.newest.max(at);
    }

    /// A directory, which may be there already.
    pub fn directory(&mut self, name: &[u8]) -> Result<(), ArchiveError> {
        self.count()?;
        self.enter(&components(name, self.limits)?, name).map(|_| ())
    }

    /// A file of at most what `contents` gives; `size` is what the archive says.
    pub fn file(
        &mut self,
        name: &[u8],
        executable: bool,
        size: u64,
        contents: impl Read,
    ) -> Result<(), ArchiveError> {
        self.size = self.size.saturating_add(size);
        self.check_size()?;
        let start = self.spool.len();
        let copied = copy(&mut contents.take(size), &mut self.spool)?;
        if copied != size {
            return Err(ArchiveError::Damaged(format!("{:?} is cut off", shown(name))));
        }
        let contents = Slice { start, len: copied };
        self.insert(name, Tree::Regular { executable, contents })
    }

    /// A file whose size only its end tells.
    pub fn file_of_unknown_size(
        &mut self,
        name: &[u8],
        executable: bool,
        contents: impl Read,
    ) -> Result<(), ArchiveError> {
        let start = self.spool.len();
        let left = self.limits.size.saturating_sub(self.size).saturating_add(1);
        let len = copy(&mut contents.take(left), &mut self.spool)?;
        self.size += len;
        self.check_size()?;
        self.insert(name, Tree::Regular { executable, contents: Slice { start, len } })
    }

    /// A symbolic link; where it leads is checked when the tree is whole.
    pub fn symlink(&mut self, name: &[u8], target: &[u8]) -> Result<(), ArchiveError> {
        if target.is_empty() || target.len() > 4095 || target.contains(&0) {
            return Err(ArchiveError::BadName { name: shown(target), why: "no link can have this target" });
        }
        self.insert(name, Tree::Symlink(target.to_vec()))
    }

    /// A hard link to an earlier entry: the same contents a second time, as a NAR knows no links.
    pub fn hard_link(&mut self, name: &[u8], target: &[u8]) -> Result<(), ArchiveError> {
        let target_path = components(target, self.limits)?;
        let found = find(&self.entries, &target_path);
        let dangling = || ArchiveError::DanglingHardLink { name: shown(name), target: shown(target) };
        match found.ok_or_else(dangling)? {
            Tree::Directory(_) => {
                Err(ArchiveError::Conflict { name: shown(name), why: "it is a hard link to a directory" })
            }
            node => {
                let node = node.clone();
                // Linked a thousand times, a file is a thousand files in the NAR.
                if let Tree::Regular { contents, .. } = &node {
                    self.size = self.size.saturating_add(contents.len);
                    self.check_size()?;
                }
                self.insert(name, node)
            }
        }
    }

    fn check_size(&self) -> Result<(), ArchiveError> {
        if self.size > self.limits.size {
            return Err(ArchiveError::TooMuch { limit: self.limits.size, what: "bytes" });
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), ArchiveError> {
        self.count += 1;
        if self.count > self.limits.entries {
            return Err(ArchiveError::TooMuch { limit: self.limits.entries, what: "entries" });
        }
        Ok(())
    }

    /// The directory at `path`, made where it is not.
    fn enter(&mut self, path: &[&[u8]], name: &[u8]) -> Result<&mut Entries, ArchiveError> {
        if path.len() > self.limits.depth {
            return Err(ArchiveError::TooMuch {
                limit: self.limits.depth as u64,
                what: "directories inside one another",
            });
        }
        let mut at = &mut self.entries;
        for part in path {
            let node = at.entry(part.to_vec()).or_insert_with(|| Tree::Directory(Entries::new()));
            at = match node {
                Tree::Directory(entries) => entries,
                Tree::Symlink(_) => {
                    return Err(ArchiveError::Conflict {
                        name: shown(name),
                        why: "a symbolic link stands in its way",
                    });
                }
                Tree::Regular { .. } => {
                    return Err(ArchiveError::Conflict {
                        name: shown(name),
                        why: "a file stands where its directory should be",
                    });
                }
            };
        }
        Ok(at)
    }

    /// Puts a file or link in its place; a later entry replaces an earlier one, as when unpacking.
    fn insert(&mut self, name: &[u8], node: Tree<Slice>) -> Result<(), ArchiveError> {
        self.count()?;
        let path = components(name, self.limits)?;
        let Some((last, parents)) = path.split_last() else {
            return Err(ArchiveError::BadName { name: shown(name), why: "no file can be called so" });
        };
        let directory = self.enter(parents, name)?;
        if let Some(Tree::Directory(entries)) = directory.get(*last)
            && !entries.is_empty()
        {
            return Err(ArchiveError::Conflict {
                name: shown(name),
                why: "a directory with files is there already",
            });
        }
        directory.insert(last.to_vec(), node);
        Ok(())
    }

    /// The tree, when all entries are in.
    pub fn finish(self) -> SourceTree {
        SourceTree {
            tree: Tree::Directory(self.entries),
            spool: self.spool,
            newest: self.newest,
            limits: self.limits,
        }
    }
}

/// As [`io::copy`], with the two sides' errors told apart.
fn copy(from: &mut impl Read, to: &mut Spool) -> Result<u64, ArchiveError> {
    let mut buffer = vec![0; 1 << 16];
    let mut copied = 0;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(count) => {
                to.write_all(&buffer[..count]).map_err(ArchiveError::Io)?;
                copied += count as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(ArchiveError::reading(error)),
        }
    }
}

fn find<'a>(entries: &'a Entries, path: &[&[u8]]) -> Option<&'a Tree<Slice>> {
    let (last, parents) = path.split_last()?;
    let mut at = entries;
    for part in parents {
        match at.get(*part)? {
            Tree::Directory(entries) => at = entries,
            _ => return None,
        }
    }
    at.get(*last)
}

impl SourceTree {
    /// Takes the top directory away.
    ///
    /// # Errors
    /// When there must be a single entry and there is not, or a link leads out of what is left.
    pub fn strip(mut self, strip: StripRoot) -> Result<Self, ArchiveError> {
        if strip != StripRoot::No
            && let Tree::Directory(entries) = &mut self.tree
        {
            if strip == StripRoot::IfDirectory {
                let only = entries.first_key_value();
                if entries.len() == 1
                    && matches!(only, Some((_, Tree::Directory(_))))
                    && let Some((_, only)) = entries.pop_first()
                {
                    self.tree = only;
                }
            } else if entries.len() == 1 {
                if let Some((_, only)) = entries.pop_first() {
                    self.tree = only;
                }
            } else if strip == StripRoot::Required || entries.is_empty() {
                return Err(ArchiveError::NoSingleRoot(entries.len()));
            }
        }
        if !self.limits.links_out {
            check_links(&self.tree, &mut Vec::new())?;
        }
        Ok(self)
    }

    /// A file's contents by its path.
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub fn file(&self, path: &str) -> io::Result<Option<Vec<u8>>> {
        let path: Vec<&[u8]> = path.split('/').filter(|part| !part.is_empty()).map(str::as_bytes).collect();
        let Tree::Directory(entries) = &self.tree else { return Ok(None) };
        let Some(Tree::Regular { contents, .. }) = find(entries, &path) else { return Ok(None) };
        self.contents(*contents).map(Some)
    }

    /// A file's contents.
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub fn contents(&self, slice: Slice) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.spool.reader(slice).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The paths of all files, sorted as a NAR sorts them.
    pub fn paths(&self) -> Vec<String> {
        fn walk(tree: &Tree<Slice>, prefix: &str, paths: &mut Vec<String>) {
            let Tree::Directory(entries) = tree else {
                paths.push(prefix.to_owned());
                return;
            };
            for (name, child) in entries {
                let name = String::from_utf8_lossy(name);
                let path = if prefix.is_empty() { name.into_owned() } else { format!("{prefix}/{name}") };
                walk(child, &path, paths);
            }
        }
        let mut paths = Vec::new();
        walk(&self.tree, "", &mut paths);
        paths
    }

    /// Hash of the tree's NAR, as Nix's `outputHashMode = "recursive"` demands it.
    ///
    /// # Errors
    /// When the spool cannot be read.
    pub fn nar_hash(&self, algorithm: Algorithm) -> io::Result<Hash> {
        Ok(self
            .write_nar(io::BufWriter::with_capacity(1 << 16, Hasher::new(algorithm)))?
            .into_inner()?
            .finish())
    }

    /// Writes the tree's NAR.
    ///
    /// # Errors
    /// When the spool cannot be read or `out` not written.
    pub fn write_nar<W: Write>(&self, out: W) -> io::Result<W> {
        nar::write_tree(&self.tree, out, |slice| Ok((slice.len, self.spool.reader(*slice))))
    }

    /// Writes the tree to `place`, where nothing may be. No name of it leads through a link, as the
    /// tree has none above another entry.
    ///
    /// # Errors
    /// When the spool cannot be read or the disk not written.
    pub fn write_to(&self, place: &Path) -> io::Result<()> {
        self.write_node(&self.tree, place)
    }

    fn write_node(&self, tree: &Tree<Slice>, place: &Path) -> io::Result<()> {
        match tree {
            Tree::Directory(entries) => {
                std::fs::create_dir(place)?;
                entries.iter().try_for_each(|(name, child)| {
                    self.write_node(child, &place.join(std::ffi::OsStr::from_bytes(name)))
                })
            }
            Tree::Symlink(target) => std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), place),
            Tree::Regular { executable, contents } => {
                let mode = if *executable { 0o755 } else { 0o644 };
                let mut file =
                    std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(place)?;
                io::copy(&mut self.spool.reader(*contents), &mut file).map(|_| ())
            }
        }
    }
}

/// Follows each link by name alone, as the directories it passes may be links only inside the tree.
fn check_links(tree: &Tree<Slice>, path: &mut Vec<Vec<u8>>) -> Result<(), ArchiveError> {
    match tree {
        Tree::Regular { .. } => Ok(()),
        Tree::Directory(entries) => entries.iter().try_for_each(|(name, child)| {
            path.push(name.clone());
            check_links(child, path)?;
            path.pop();
            Ok(())
        }),
        Tree::Symlink(target) => {
            let mut depth = path.len().saturating_sub(1);
            let mut out = target.starts_with(b"/");
            for part in target.split(|byte| *byte == b'/') {
                match part {
                    b"" | b"." => {}
                    b".." if depth == 0 => out = true,
                    b".." => depth -= 1,
                    _ => depth += 1,
                }
            }
            if out {
                return Err(ArchiveError::LinkOut { name: shown(&path.join(&b'/')), target: shown(target) });
            }
            Ok(())
        }
    }
}
