//! The repository as evaluation sees it: its own files, and over them the generated ones, which need not be
//! on the disk.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use camino::{Utf8Path, Utf8PathBuf};

use super::flake_files::FlakeFiles;
use crate::layout::{self, GENERATED};
use crate::nix::eval::{Answer, EvalIo, Machine, Repository, Temporary};
use crate::store::nar::FileType;

/// What stands in for a file of the generated tree; the file itself stays readable as `-itself.nix`.
const OBSERVERS: [(&str, &str); 2] = [
    ("apply-override", include_str!("observe-override.nix")),
    ("build-custom", include_str!("observe-custom.nix")),
];

/// Where evaluation finds the repository. No program can name it, so that a path below it is one of the flake, and
/// a path of the machine is not, wherever the repository and its inputs are.
pub const PLACE: &str = "/\u{1}flake";

/// A repository with generated files in memory.
pub struct Tree {
    root: Vec<u8>,
    flake_files: FlakeFiles,
    files: BTreeMap<Vec<u8>, String>,
    machine: Machine,
}

impl Tree {
    /// As [`Tree::plain`], with observers in place of what applies overrides.
    pub fn observed(
        root: &Utf8Path,
        flake_files: FlakeFiles,
        files: impl IntoIterator<Item = (Utf8PathBuf, String)>,
    ) -> Self {
        let mut files: BTreeMap<Utf8PathBuf, String> = files.into_iter().collect();
        for (name, observer) in OBSERVERS {
            let lib = Utf8Path::new(layout::LIB);
            let Some(itself) = files.get_mut(&lib.join(format!("{name}.nix"))) else { continue };
            let itself = std::mem::replace(itself, observer.to_owned());
            files.insert(lib.join(format!("{name}-itself.nix")), itself);
        }
        let shared = (Utf8Path::new(layout::LIB).join("observe.nix"), include_str!("observe.nix").to_owned());
        Self::plain(root, flake_files, files.into_iter().chain([shared]))
    }

    /// The repository at `root` (absolute, without links), of which `flake_files` are seen, with `files`, relative to it,
    /// in place of those on the disk.
    pub fn plain(
        root: &Utf8Path,
        flake_files: FlakeFiles,
        files: impl IntoIterator<Item = (Utf8PathBuf, String)>,
    ) -> Self {
        let place = Utf8Path::new(PLACE);
        let files = files.into_iter().map(|(path, text)| (place.join(path).into_string().into_bytes(), text));
        Self { root: root.as_str().into(), flake_files, files: files.collect(), machine: Machine }
    }

    /// Where something is on the disk; `None` for what is not part of the flake.
    fn on_disk(&self, path: &[u8]) -> Option<Vec<u8>> {
        let below = match path.strip_prefix(PLACE.as_bytes()) {
            Some([]) => &[],
            Some([b'/', below @ ..]) => below,
            _ => return Some(path.to_vec()),
        };
        let place = match below {
            [] => self.root.clone(),
            below => [&self.root[..], b"/", below].concat(),
        };
        let is_folder = || matches!(self.machine.file_type(&place), Ok(Some(FileType::Directory)));
        (!self.is_generated(path) && self.flake_files.contains(below, is_folder)).then_some(place)
    }

    fn there(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        self.on_disk(path).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn is_generated(&self, path: &[u8]) -> bool {
        let below = path.strip_prefix(PLACE.as_bytes()).and_then(|rest| rest.strip_prefix(b"/"));
        let rest = below.and_then(|below| below.strip_prefix(GENERATED.as_bytes()));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }

    /// The paths of files below `path`, relative to it.
    fn below<'a>(&'a self, path: &[u8]) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let folder = [path, b"/"].concat();
        let length = folder.len();
        let from = self.files.range(folder.clone()..).map(|(file, _)| file.as_slice());
        from.take_while(move |file| file.starts_with(&folder)).map(move |file| &file[length..])
    }
}

impl EvalIo for Tree {
    fn read_file(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        match self.files.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => self.machine.read_file(&self.there(path)?),
        }
    }

    fn file_size(&self, path: &[u8]) -> io::Result<u64> {
        match self.files.get(path) {
            Some(text) => Ok(text.len() as u64),
            None => self.machine.file_size(&self.there(path)?),
        }
    }

    fn read_dir(&self, path: &[u8]) -> io::Result<Vec<(Vec<u8>, FileType)>> {
        let mut entries = BTreeMap::new();
        if !self.is_generated(path) {
            let there = self.machine.read_dir(&self.there(path)?)?;
            entries.extend(there.into_iter().filter(|(name, _)| self.sees(&[path, b"/", name].concat())));
        }
        for file in self.below(path) {
            let mut parts = file.splitn(2, |byte| *byte == b'/');
            let name = parts.next().unwrap_or_default();
            let kind = if parts.next().is_some() { FileType::Directory } else { FileType::Regular };
            entries.insert(name.to_vec(), kind);
        }
        if entries.is_empty() && self.is_generated(path) {
            Err(io::ErrorKind::NotFound.into())
        } else {
            Ok(entries.into_iter().collect())
        }
    }

    fn file_type(&self, path: &[u8]) -> io::Result<Option<FileType>> {
        if self.files.contains_key(path) {
            return Ok(Some(FileType::Regular));
        }
        if self.is_generated(path) {
            return Ok(self.below(path).next().map(|_| FileType::Directory));
        }
        match self.on_disk(path) {
            Some(place) => self.machine.file_type(&place),
            None => Ok(None),
        }
    }

    fn read_link(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        self.machine.read_link(&self.there(path)?)
    }

    fn real_path(&self, path: &[u8]) -> PathBuf {
        // What is not there is not there under its own name either.
        self.machine.real_path(&self.on_disk(path).unwrap_or_else(|| path.to_vec()))
    }

    fn sees(&self, path: &[u8]) -> bool {
        self.files.contains_key(path) || self.is_generated(path) || self.on_disk(path).is_some()
    }

    fn env(&self, name: &str) -> Option<Vec<u8>> {
        self.machine.env(name)
    }

    fn now(&self) -> i64 {
        self.machine.now()
    }

    fn temporary(&self, prefix: &str) -> io::Result<Temporary> {
        self.machine.temporary(prefix)
    }

    fn repository(&self, root: &Path) -> Answer<Box<dyn Repository>> {
        self.machine.repository(root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_files_are_those_in_memory_and_no_others() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let root = Utf8Path::from_path(dir.path()).expect("UTF-8");
        std::fs::create_dir_all(root.join("generated/lib")).expect("a writable directory");
        std::fs::write(root.join("generated/lib/old.nix"), "1").expect("a writable directory");
        std::fs::write(root.join("own.nix"), "2").expect("a writable directory");
        let new = ["generated/lib/new.nix", "generated/lib/apply-override.nix", "flake.nix"];
        let flake_files = FlakeFiles::Tracked([b"own.nix".to_vec()].into());
        let tree = Tree::observed(root, flake_files, new.map(|path| (path.into(), "3".to_owned())));
        let at = |path: &str| Utf8Path::new(PLACE).join(path).into_string().into_bytes();
        assert_eq!(tree.read_file(&at("generated/lib/new.nix")).expect("in memory"), b"3");
        assert_eq!(tree.read_file(&at("generated/lib/apply-override-itself.nix")).expect("in memory"), b"3");
        assert_eq!(tree.read_file(&at("flake.nix")).expect("in memory"), b"3");
        assert_eq!(tree.read_file(&at("own.nix")).expect("on the disk"), b"2");
        std::fs::write(root.join("untracked.nix"), "4").expect("a writable directory");
        assert!(tree.read_file(&at("untracked.nix")).is_err());
        assert_eq!(tree.file_type(&at("untracked.nix")).expect("readable"), None);
        assert!(!tree.sees(&at("untracked.nix")) && tree.sees(&at("own.nix")));
        let names: Vec<_> =
            tree.read_dir(PLACE.as_bytes()).expect("there").into_iter().map(|e| e.0).collect();
        assert!(names.contains(&b"own.nix".to_vec()) && !names.contains(&b"untracked.nix".to_vec()));
        // The machine's own names are those of the machine.
        let untracked = root.join("untracked.nix").into_string().into_bytes();
        assert_eq!(tree.read_file(&untracked).expect("on the disk"), b"4");
        assert!(tree.read_file(&at("generated/lib/old.nix")).is_err());
        assert_eq!(tree.file_type(&at("generated/lib/old.nix")).expect("readable"), None);
        assert_eq!(tree.file_type(&at("generated/lib")).expect("readable"), Some(FileType::Directory));
        let names: Vec<_> =
            tree.read_dir(&at("generated/lib")).expect("there").into_iter().map(|e| e.0).collect();
        assert_eq!(
            names,
            [&b"apply-override-itself.nix"[..], b"apply-override.nix", b"new.nix", b"observe.nix"]
        );
        assert_eq!(tree.read_dir(&at("generated")).expect("there"), [(b"lib".to_vec(), FileType::Directory)]);
    }
}
