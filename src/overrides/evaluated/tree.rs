//! The repository as evaluation sees it: its own files, and over them the generated ones, which need not be
//! on the disk.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use camino::{Utf8Path, Utf8PathBuf};

use crate::nix::eval::outside::{Machine, Outside};
use crate::store::nar::FileType;

/// What stands in for a file of the generated tree; the file itself stays readable as `-itself.nix`.
const OBSERVERS: [(&str, &str); 2] = [
    ("apply-override", include_str!("observe-override.nix")),
    ("build-custom", include_str!("observe-custom.nix")),
];

/// The folder that is wholly generated: what is on the disk below it does not count.
const GENERATED: &str = "generated";

/// A repository with generated files in memory.
pub struct Tree {
    root: Vec<u8>,
    files: BTreeMap<Vec<u8>, String>,
    machine: Machine,
}

impl Tree {
    /// As [`Tree::plain`], with observers in place of what applies overrides.
    pub fn observed(root: &Utf8Path, files: impl IntoIterator<Item = (Utf8PathBuf, String)>) -> Self {
        let mut files: BTreeMap<Utf8PathBuf, String> = files.into_iter().collect();
        for (name, observer) in OBSERVERS {
            let lib = Utf8Path::new(GENERATED).join("lib");
            let Some(itself) = files.get_mut(&lib.join(format!("{name}.nix"))) else { continue };
            let itself = std::mem::replace(itself, observer.to_owned());
            files.insert(lib.join(format!("{name}-itself.nix")), itself);
        }
        let shared =
            (Utf8Path::new(GENERATED).join("lib/observe.nix"), include_str!("observe.nix").to_owned());
        Self::plain(root, files.into_iter().chain([shared]))
    }

    /// The repository at `root` (absolute, without links), with `files`, relative to it, in place of those
    /// on the disk.
    pub fn plain(root: &Utf8Path, files: impl IntoIterator<Item = (Utf8PathBuf, String)>) -> Self {
        let files = files.into_iter().map(|(path, text)| (root.join(path).into_string().into_bytes(), text));
        Self { root: root.as_str().into(), files: files.collect(), machine: Machine }
    }

    fn is_generated(&self, path: &[u8]) -> bool {
        let below = path.strip_prefix(self.root.as_slice()).and_then(|rest| rest.strip_prefix(b"/"));
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

impl Outside for Tree {
    fn read_file(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        match self.files.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None if self.is_generated(path) => Err(io::ErrorKind::NotFound.into()),
            None => self.machine.read_file(path),
        }
    }

    fn file_size(&self, path: &[u8]) -> io::Result<u64> {
        match self.files.get(path) {
            Some(text) => Ok(text.len() as u64),
            None if self.is_generated(path) => Err(io::ErrorKind::NotFound.into()),
            None => self.machine.file_size(path),
        }
    }

    fn read_dir(&self, path: &[u8]) -> io::Result<Vec<(Vec<u8>, FileType)>> {
        if !self.is_generated(path) {
            return self.machine.read_dir(path);
        }
        let mut entries = BTreeMap::new();
        for file in self.below(path) {
            let mut parts = file.splitn(2, |byte| *byte == b'/');
            let name = parts.next().unwrap_or_default();
            let kind = if parts.next().is_some() { FileType::Directory } else { FileType::Regular };
            entries.insert(name.to_vec(), kind);
        }
        if entries.is_empty() {
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
        self.machine.file_type(path)
    }

    fn read_link(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        self.machine.read_link(path)
    }

    fn real_path(&self, path: &[u8]) -> PathBuf {
        self.machine.real_path(path)
    }

    fn env(&self, name: &str) -> Option<Vec<u8>> {
        self.machine.env(name)
    }

    fn now(&self) -> i64 {
        self.machine.now()
    }

    fn message(&self, text: &str) {
        self.machine.message(text);
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
        let tree = Tree::observed(root, new.map(|path| (path.into(), "3".to_owned())));
        let at = |path: &str| root.join(path).into_string().into_bytes();
        assert_eq!(tree.read_file(&at("generated/lib/new.nix")).expect("in memory"), b"3");
        assert_eq!(tree.read_file(&at("generated/lib/apply-override-itself.nix")).expect("in memory"), b"3");
        assert_eq!(tree.read_file(&at("flake.nix")).expect("in memory"), b"3");
        assert_eq!(tree.read_file(&at("own.nix")).expect("on the disk"), b"2");
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
