//! Work trees where they are: of the files in one, evaluation sees those that git knows. They are not copied.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashSet;

use super::{Answer, EvalIo, Repository, Temporary};
use nix_store::nar::{FileType, hash_part};
use nix_store::{Algorithm, Hash};

/// Where the trees are, by their numbers. No file has such a name, so that what evaluation reads by its own name is as
/// the machine has it.
const PLACE: &[u8] = b"/\x01tree";

/// The world with work trees in it that show less than is there.
pub struct WorkTrees {
    outside: Arc<dyn EvalIo>,
    trees: RwLock<Vec<Arc<WorkTree>>>,
}

struct WorkTree {
    root: Vec<u8>,
    /// Files, and the folders around them, relative to the root.
    seen: FxHashSet<Box<[u8]>>,
}

impl WorkTree {
    fn sees(&self, below: &[u8]) -> bool {
        below.is_empty() || self.seen.contains(below)
    }

    fn on_disk(&self, below: &[u8]) -> Vec<u8> {
        match below {
            [] => self.root.clone(),
            below => [&self.root, &b"/"[..], below].concat(),
        }
    }
}

impl WorkTrees {
    /// The world without any.
    pub fn none(outside: Arc<dyn EvalIo>) -> Self {
        Self { outside, trees: RwLock::default() }
    }

    /// The world itself.
    pub fn outside(&self) -> Arc<dyn EvalIo> {
        self.outside.clone()
    }

    /// Where evaluation finds those of the `files` below `root` that are there.
    pub fn add<'p>(&self, root: &Path, files: impl Iterator<Item = &'p Path>) -> Vec<u8> {
        let mut seen = FxHashSet::default();
        for file in files.filter(|file| root.join(file).symlink_metadata().is_ok()) {
            let around = file.ancestors().map(|path| path.as_os_str().as_bytes());
            for path in around.take_while(|path| !path.is_empty()) {
                if !seen.insert(path.into()) {
                    break;
                }
            }
        }
        let tree = Arc::new(WorkTree { root: root.as_os_str().as_bytes().to_vec(), seen });
        let mut trees = self.trees.write().unwrap_or_else(PoisonError::into_inner);
        trees.push(tree);
        [PLACE, (trees.len() - 1).to_string().as_bytes()].concat()
    }

    /// The NAR hash of a folder, as it is seen.
    pub fn hash(&self, place: &[u8]) -> io::Result<Hash> {
        let root = self.real_path(place);
        hash_part(&root, Algorithm::Sha256, |inner| self.sees_below(place, &root, inner))
    }

    /// Whether what is at `inner` is seen, when `root` is where `place` really is.
    pub fn sees_below(&self, place: &[u8], root: &Path, inner: &Path) -> bool {
        let below = inner.strip_prefix(root).unwrap_or(inner);
        self.sees(&[place, b"/", below.as_os_str().as_bytes()].concat())
    }

    /// The tree that a path leads into, and the path below its root.
    fn find<'p>(&self, path: &'p [u8]) -> Option<(Arc<WorkTree>, &'p [u8])> {
        let rest = path.strip_prefix(PLACE)?;
        let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
        let number: usize = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
        let tree = self.trees.read().unwrap_or_else(PoisonError::into_inner).get(number)?.clone();
        Some((tree, rest.get(end + 1..).unwrap_or_default()))
    }

    /// Where something is on the disk; nothing where it is not seen.
    pub fn on_disk(&self, path: &[u8]) -> Option<Vec<u8>> {
        match self.find(path) {
            Some((tree, below)) => tree.sees(below).then(|| tree.on_disk(below)),
            None => Some(path.to_vec()),
        }
    }

    fn there(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        self.on_disk(path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl EvalIo for WorkTrees {
    fn read_file(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        self.outside.read_file(&self.there(path)?)
    }

    fn file_size(&self, path: &[u8]) -> io::Result<u64> {
        self.outside.file_size(&self.there(path)?)
    }

    fn read_dir(&self, path: &[u8]) -> io::Result<Vec<(Vec<u8>, FileType)>> {
        let Some((tree, below)) = self.find(path) else { return self.outside.read_dir(path) };
        let mut entries = self.outside.read_dir(&self.there(path)?)?;
        let folder = if below.is_empty() { Vec::new() } else { [below, b"/"].concat() };
        entries.retain(|(name, _)| tree.sees(&[&folder[..], name].concat()));
        Ok(entries)
    }

    fn file_type(&self, path: &[u8]) -> io::Result<Option<FileType>> {
        match self.on_disk(path) {
            Some(place) => self.outside.file_type(&place),
            None => Ok(None),
        }
    }

    fn read_link(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        self.outside.read_link(&self.there(path)?)
    }

    fn real_path(&self, path: &[u8]) -> PathBuf {
        let place = self.find(path).map(|(tree, below)| tree.on_disk(below));
        self.outside.real_path(place.as_deref().unwrap_or(path))
    }

    fn sees(&self, path: &[u8]) -> bool {
        match self.find(path) {
            Some((tree, below)) => tree.sees(below),
            None => self.outside.sees(path),
        }
    }

    fn env(&self, name: &str) -> Option<Vec<u8>> {
        self.outside.env(name)
    }

    fn now(&self) -> i64 {
        self.outside.now()
    }

    fn temporary(&self, prefix: &str) -> io::Result<Temporary> {
        self.outside.temporary(prefix)
    }

    fn repository(&self, root: &Path) -> Answer<Box<dyn Repository>> {
        self.outside.repository(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eval_io::Machine;
    use nix_store::nar::hash_path;

    #[test]
    fn of_a_folder_only_what_is_known_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let write = |path: &str| {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), path).unwrap();
        };
        ["a/b/known", "a/unknown", "other/unknown", "top", "top-too"].into_iter().for_each(write);
        std::os::unix::fs::symlink("nowhere", root.join("a/link")).unwrap();
        let trees = WorkTrees::none(Arc::new(Machine));
        let files = ["a/b/known", "a/link", "top", "gone/deleted"];
        let place = trees.add(root, files.iter().map(Path::new));
        let at = |below: &str| [&place[..], b"/", below.as_bytes()].concat();

        assert_eq!(trees.read_file(&at("a/b/known")).unwrap(), b"a/b/known");
        assert_eq!(trees.file_size(&at("top")).unwrap(), 3);
        assert_eq!(trees.read_link(&at("a/link")).unwrap(), b"nowhere");
        for unseen in ["a/unknown", "other", "other/unknown", "top-too", "gone", "gone/deleted", "a/b/none"] {
            let path = at(unseen);
            assert!(trees.file_type(&path).unwrap().is_none() && !trees.sees(&path), "{unseen}");
            assert_eq!(trees.read_file(&path).unwrap_err().kind(), io::ErrorKind::NotFound, "{unseen}");
        }
        let names = |path: &[u8]| {
            let mut names: Vec<_> = trees.read_dir(path).unwrap().into_iter().map(|(name, _)| name).collect();
            names.sort();
            names
        };
        assert_eq!(names(&place), [b"a".to_vec(), b"top".to_vec()]);
        assert_eq!(names(&at("a")), [b"b".to_vec(), b"link".to_vec()]);
        assert!(trees.read_dir(&at("other")).is_err());
        assert_eq!(trees.real_path(&at("a/b")), root.join("a/b"));
        // By its own name everything is there, and a number that nobody has leads nowhere.
        assert!(trees.sees(root.join("a/unknown").as_os_str().as_bytes()));
        assert!(trees.file_type(b"/\x01tree7/a").unwrap().is_none());

        let copy = tempfile::tempdir().unwrap();
        let copied = copy.path().join("copy");
        std::fs::create_dir_all(copied.join("a/b")).unwrap();
        for file in ["a/b/known", "top"] {
            std::fs::copy(root.join(file), copied.join(file)).unwrap();
        }
        std::os::unix::fs::symlink("nowhere", copied.join("a/link")).unwrap();
        assert_eq!(trees.hash(&place).unwrap(), hash_path(&copied, Algorithm::Sha256).unwrap());
        let part = trees.hash(&at("a")).unwrap();
        assert_eq!(part, hash_path(&copied.join("a"), Algorithm::Sha256).unwrap());
    }
}
