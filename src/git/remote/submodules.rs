//! The submodules of a commit: where they are, and their trees in its tree.

use super::super::error::GitError;
use super::super::{Entry, listing, printable};
use super::{Commit, Git, Manner};
use crate::store::archive::{self, Limits};

/// Nested deeper than this they are a loop.
const NESTING: usize = 8;

impl Git {
    /// Adds the submodules of a commit below `prefix`, and theirs.
    pub(super) fn add_submodules(
        &self,
        commit: &Commit,
        prefix: &str,
        builder: &mut archive::Builder,
        limits: Limits,
        depth: usize,
    ) -> Result<(), GitError> {
        if depth == NESTING {
            let why = "its submodules are nested too deep".to_owned();
            return Err(GitError::Failed { url: printable(&commit.url), why });
        }
        for (path, id) in self.submodules(commit)? {
            let url = self.submodule_url(commit, &path)?;
            // A repository from the network must not make us read local ones.
            if url.starts_with("file://") && !commit.url.starts_with("file://") {
                return Err(GitError::BadUrl(printable(&url)));
            }
            let inner = self.fetch(&url, &id)?;
            let prefix = format!("{prefix}/{path}");
            self.add(&inner, Manner::Checkout, &prefix, builder, limits)?;
            self.add_submodules(&inner, &prefix, builder, limits, depth + 1)?;
        }
        Ok(())
    }

    /// Path and commit of each submodule.
    fn submodules(&self, commit: &Commit) -> Result<Vec<(String, String)>, GitError> {
        let args = ["ls-tree", "-r", "-z", "--full-tree", &commit.id];
        let listed = listing::entries(&self.in_commit(commit).args(args).output()?);
        let submodule = |entry: Entry| {
            let id = entry.submodule()?.to_owned();
            Some((entry.path.to_str()?.to_owned(), id))
        };
        Ok(listed.into_iter().filter_map(submodule).collect())
    }

    fn submodule_url(&self, commit: &Commit, path: &str) -> Result<String, GitError> {
        let read = |arguments: &[&str]| {
            let blob = format!("{}:.gitmodules", commit.id);
            let run = self.in_commit(commit).args(["config", "--blob", &blob]).args(arguments);
            run.output().map(|text| String::from_utf8_lossy(&text).into_owned())
        };
        let missing = || GitError::NoRevision {
            url: printable(&commit.url),
            revision: format!("address for the submodule {}", printable(path)),
        };
        let paths = read(&["-z", "--get-regexp", r"^submodule\..*\.path$"]).map_err(|_| missing())?;
        let key = paths.split('\0').find_map(|entry| {
            let (key, value) = entry.split_once('\n')?;
            (value == path).then(|| key.strip_suffix(".path").map(|stem| format!("{stem}.url")))?
        });
        let url = read(&["--get", &key.ok_or_else(missing)?]).map_err(|_| missing())?;
        let url = url.trim_end_matches('\n');
        if !url.starts_with("./") && !url.starts_with("../") {
            return Ok(url.to_owned());
        }
        let mut base: Vec<&str> = commit.url.trim_end_matches('/').split('/').collect();
        for part in url.split('/') {
            match part {
                "." | "" => {}
                ".." if base.len() > 3 => drop(base.pop()),
                ".." => return Err(GitError::BadUrl(printable(url))),
                part => base.push(part),
            }
        }
        Ok(base.join("/"))
    }
}
