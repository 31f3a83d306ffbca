//! This machine as the evaluator sees it: its files, temporary folders that go with the process, and git, run as
//! [`crate::git`] runs it.

use std::ffi::OsString;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use nix_eval::{Answer, EvalIo, Temporary, Unanswered};

use crate::git;
use crate::interrupt::TemporaryDirectory;
use crate::store::nar::FileType;

/// The real world.
#[derive(Debug, Default)]
pub struct Machine;

/// Its files.
const FILES: nix_eval::Machine = nix_eval::Machine;

impl EvalIo for Machine {
    fn read_file(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        FILES.read_file(path)
    }

    fn file_size(&self, path: &[u8]) -> io::Result<u64> {
        FILES.file_size(path)
    }

    fn read_dir(&self, path: &[u8]) -> io::Result<Vec<(Vec<u8>, FileType)>> {
        FILES.read_dir(path)
    }

    fn file_type(&self, path: &[u8]) -> io::Result<Option<FileType>> {
        FILES.file_type(path)
    }

    fn read_link(&self, path: &[u8]) -> io::Result<Vec<u8>> {
        FILES.read_link(path)
    }

    fn real_path(&self, path: &[u8]) -> PathBuf {
        FILES.real_path(path)
    }

    fn env(&self, name: &str) -> Option<Vec<u8>> {
        FILES.env(name)
    }

    fn now(&self) -> i64 {
        FILES.now()
    }

    fn temporary(&self, prefix: &str) -> io::Result<Temporary> {
        Ok(Box::new(TemporaryDirectory::new(prefix)?))
    }

    fn repository(&self, root: &Path) -> Answer<Box<dyn nix_eval::Repository>> {
        Ok(Box::new(Repository { git: git::Repository::at(root), index: Mutex::default() }))
    }
}

/// A repository, and an index of the commit whose attributes were asked for last.
struct Repository {
    git: git::Repository,
    index: Mutex<Option<(String, TemporaryDirectory)>>,
}

fn said(error: impl ToString) -> Unanswered {
    Unanswered(error.to_string())
}

impl Repository {
    /// The index of a commit.
    fn index(&self, rev: &str) -> Answer<PathBuf> {
        let mut known = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, folder)) = known.as_ref().filter(|(commit, _)| commit == rev) {
            return Ok(folder.path().join("index"));
        }
        let folder = TemporaryDirectory::new("index-").map_err(said)?;
        let index = folder.path().join("index");
        let run = self.git.run(["read-tree", rev]).map_err(said)?;
        run.env("GIT_INDEX_FILE", &index).output().map_err(said)?;
        *known = Some((rev.to_owned(), folder));
        Ok(index)
    }
}

impl nix_eval::Repository for Repository {
    fn root(&self) -> &Path {
        &self.git.root
    }

    fn is_bare(&self) -> bool {
        self.git.bare
    }

    fn is_one(&self) -> Answer<bool> {
        self.git.is_one().map_err(said)
    }

    fn commit(&self, name: &str) -> Answer<Option<String>> {
        self.git.commit(name).map_err(said)
    }

    fn has(&self, rev: &str) -> Answer<bool> {
        self.git.has(rev).map_err(said)
    }

    fn head_ref(&self) -> Answer<Option<String>> {
        self.git.head_ref().map_err(said)
    }

    fn time(&self, rev: &str) -> Answer<i64> {
        self.git.time(rev).map_err(said)
    }

    fn count(&self, rev: &str) -> Answer<i64> {
        self.git.count(rev).map_err(said)
    }

    fn common_dir(&self) -> Answer<Option<PathBuf>> {
        self.git.common_dir().map_err(said)
    }

    fn tree(&self, rev: &str) -> Answer<Vec<nix_eval::Entry>> {
        self.git.tree(rev).map_err(said)
    }

    fn tracked(&self) -> Answer<Vec<nix_eval::Entry>> {
        self.git.index().map_err(said)
    }

    fn is_changed(&self) -> Answer<bool> {
        let args = ["status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all"];
        if !self.git.output(args).map_err(said)?.is_empty() {
            return Ok(true);
        }
        // Of files that git is told to pass over, as in a sparse checkout, it does not say that they are missing.
        let listed = self.git.output(["ls-files", "-t", "-z"]).map_err(said)?;
        let passed_over = listed.split(|byte| *byte == 0).filter_map(|line| line.strip_prefix(b"S "));
        let missing = |path: &[u8]| {
            let path = self.git.root.join(OsString::from_vec(path.to_vec()));
            path.symlink_metadata().is_err()
        };
        Ok(passed_over.into_iter().any(missing))
    }

    fn objects(&self, ids: &[&str], take: &mut dyn FnMut(Option<&[u8]>) -> bool) -> Answer<()> {
        let objects = self.git.objects(ids.iter().copied()).map_err(said)?;
        for contents in objects.iter() {
            if !take(contents) {
                break;
            }
        }
        Ok(())
    }

    fn attribute(&self, rev: Option<&str>, name: &str, paths: &[&Path]) -> Answer<Vec<(PathBuf, Vec<u8>)>> {
        let index = rev.map(|rev| self.index(rev)).transpose()?;
        let mut input = Vec::new();
        for path in paths {
            input.extend_from_slice(path.as_os_str().as_bytes());
            input.push(0);
        }
        if input.is_empty() {
            return Ok(Vec::new());
        }
        let run = self.git.run(["check-attr", "--cached", "--stdin", "-z", name]).map_err(said)?;
        let run = run.input(input);
        let run = match index {
            Some(index) => run.env("GIT_INDEX_FILE", index),
            None => run,
        };
        let out = run.output().map_err(said)?;
        let mut fields = out.split(|byte| *byte == 0);
        let mut found = Vec::new();
        while let (Some(path), Some(_), Some(value)) = (fields.next(), fields.next(), fields.next()) {
            if value != b"unspecified" {
                found.push((OsString::from_vec(path.to_vec()).into(), value.to_vec()));
            }
        }
        Ok(found)
    }

    fn configured(&self, key: &str) -> Answer<Option<OsString>> {
        self.git.line(["config", "--get", key]).map_err(said)
    }

    fn configuration(&self, file: &Path) -> Answer<Vec<(String, String)>> {
        let args = ["config", "--no-includes", "--null", "--list", "--file"].map(AsRef::as_ref);
        let listed = self.git.output(args.into_iter().chain([file.as_os_str()])).map_err(said)?;
        let entries = String::from_utf8_lossy(&listed);
        let entries = entries.split('\0').filter_map(|entry| entry.split_once('\n'));
        Ok(entries.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }
}
