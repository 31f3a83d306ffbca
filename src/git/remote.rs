//! Git repositories elsewhere: lists of references, and trees of single commits.
//!
//! Nothing is ever checked out. `git archive` writes a commit's tree as a tar stream, with line endings and
//! attributes applied as a checkout (or GitHub's own archives) would have them.

use std::io::Read;
use std::path::Path;

use super::error::GitError;
use super::run::{Limits as RunLimits, Run, Transports};
use super::{is_commit, printable};
use crate::interrupt::TemporaryDirectory;
use crate::store::archive::{self, Limits, SourceTree};

/// A reference of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `refs/tags/v1`.
    pub name: String,
    /// The commit, also of an annotated tag.
    pub commit: String,
}

/// How a tree is taken from a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As GitHub's archives: `export-ignore` and `export-subst` apply.
    Export,
    /// As a checkout: they do not.
    Checkout,
}

/// Runs git.
#[derive(Clone)]
pub struct Git {
    offline: bool,
    /// For github.com.
    token: Option<String>,
}

/// A temporary repository that holds one commit.
#[derive(Debug)]
pub struct Commit {
    directory: TemporaryDirectory,
    url: String,
    /// 40 hexadecimal digits.
    pub id: String,
}

impl Commit {
    /// The repository's address, to show.
    pub fn address(&self) -> String {
        printable(&self.url)
    }
}

const PROTOCOLS: &str = "https:http:ssh:git:file";
/// Submodules nested deeper than this are a loop.
const NESTING: usize = 8;

impl Git {
    /// Runs git, with a token for github.com.
    pub fn new(token: Option<String>, offline: bool) -> Self {
        Self { offline, token }
    }

    fn run(&self, url: &str, limits: RunLimits) -> Run {
        let mut run = Run::new(url, Transports(PROTOCOLS), limits);
        for (key, value) in [
            ("core.autocrlf", "false"),
            ("core.eol", "lf"),
            ("core.attributesFile", "/dev/null"),
            ("tar.umask", "0022"),
            // Fetchers take the pointers, not the files behind them.
            ("filter.lfs.smudge", ""),
            ("filter.lfs.process", ""),
            ("filter.lfs.required", "false"),
            ("http.lowSpeedLimit", "1"),
            ("http.lowSpeedTime", "30"),
        ] {
            run = run.set(key, value);
        }
        if url.starts_with("https://github.com/")
            && let Some(token) = &self.token
        {
            let basic = data_encoding::BASE64.encode(format!("x-access-token:{token}").as_bytes());
            run = run.set("http.https://github.com/.extraheader", format!("AUTHORIZATION: basic {basic}"));
        }
        run
    }

    /// A run in the temporary repository of a commit.
    fn in_commit(&self, commit: &Commit) -> Run {
        self.run(&commit.url, RunLimits::LOCAL).at(commit.directory.path())
    }

    fn check(&self, url: &str) -> Result<(), GitError> {
        let known = PROTOCOLS.split(':').any(|scheme| {
            url.strip_prefix(scheme)
                .and_then(|rest| rest.strip_prefix("://"))
                .is_some_and(|rest| !rest.is_empty())
        });
        if !known || url.chars().any(|c| c.is_control()) {
            return Err(GitError::BadUrl(printable(url)));
        }
        if self.offline && !url.starts_with("file://") {
            return Err(GitError::Offline(printable(url)));
        }
        Ok(())
    }

    /// The references that match `patterns` (`refs/tags/*`; none: all), in the order the server gives.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn references(&self, url: &str, patterns: &[&str]) -> Result<Vec<Reference>, GitError> {
        self.check(url)?;
        let run = self.run(url, RunLimits::LISTED).args(["ls-remote", "--quiet", "--", url]).args(patterns);
        let text = String::from_utf8_lossy(&run.output()?).into_owned();
        let mut references: Vec<Reference> = Vec::new();
        for line in text.lines() {
            let Some((commit, name)) = line.split_once('\t') else { continue };
            // An annotated tag comes twice: itself, then what it points to.
            match (name.strip_suffix("^{}"), references.last_mut()) {
                (Some(name), Some(last)) if last.name == name => commit.clone_into(&mut last.commit),
                _ => references.push(Reference { name: name.to_owned(), commit: commit.to_owned() }),
            }
        }
        Ok(references)
    }

    /// The names of all tags.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn tags(&self, url: &str) -> Result<Vec<String>, GitError> {
        let references = self.references(url, &["refs/tags/*"])?;
        Ok(references
            .into_iter()
            .filter_map(|r| r.name.strip_prefix("refs/tags/").map(str::to_owned))
            .collect())
    }

    /// Fetches one commit, without its history.
    ///
    /// # Errors
    /// When there is no such commit, or the repository cannot be read.
    pub fn fetch(&self, url: &str, revision: &str) -> Result<Commit, GitError> {
        self.check(url)?;
        check_revision(revision)?;
        let directory = TemporaryDirectory::new("pgflakegen-git")?;
        let at = directory.path();
        self.run(url, RunLimits::LOCAL)
            .args(["init", "--quiet", "--bare", "--template="])
            .arg(at)
            .output()?;
        let fetch = |what: &str| {
            let what = format!("+{what}:refs/pgflakegen/commit");
            let args =
                ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1", "--", url, &what];
            self.run(url, RunLimits::FETCHED).at(at).args(args).output()
        };
        let missing = || GitError::NoRevision { url: printable(url), revision: printable(revision) };
        match fetch(revision) {
            // Some servers hand out only what a branch or tag points to; then the commit is in the history.
            Err(GitError::Failed { .. }) if is_commit(revision) => {
                self.fetch_all(url, at)?;
                let args = ["update-ref", "refs/pgflakegen/commit", revision];
                self.run(url, RunLimits::LOCAL).at(at).args(args).output().map_err(|_| missing())?;
            }
            Err(GitError::Failed { why, .. }) if why.contains("couldn't find remote ref") => {
                return Err(missing());
            }
            other => drop(other?),
        }
        let args = ["rev-parse", "--verify", "--quiet", "refs/pgflakegen/commit^{commit}"];
        let id = self.run(url, RunLimits::LOCAL).at(at).args(args).output().map_err(|_| missing())?;
        let id = String::from_utf8_lossy(&id).trim().to_owned();
        Ok(Commit { directory, url: url.to_owned(), id })
    }

    fn fetch_all(&self, url: &str, at: &Path) -> Result<(), GitError> {
        let refs = "+refs/*:refs/pgflakegen/all/*";
        let args = ["fetch", "--quiet", "--no-write-fetch-head", "--", url, refs];
        self.run(url, RunLimits::FETCHED).at(at).args(args).output().map(drop)
    }

    /// The day of the commit in UTC, `2024-01-31`.
    ///
    /// # Errors
    /// When git fails.
    pub fn date(&self, commit: &Commit) -> Result<String, GitError> {
        let args = ["log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%d", &commit.id];
        let date = self.in_commit(commit).args(args).output()?;
        Ok(String::from_utf8_lossy(&date).trim().to_owned())
    }

    /// The commit's tree, with one directory at its top. `submodules` fills the places of submodules.
    ///
    /// # Errors
    /// When git fails, or the tree is not one that we take.
    pub fn tree(
        &self,
        commit: &Commit,
        manner: Manner,
        submodules: bool,
        limits: Limits,
    ) -> Result<SourceTree, GitError> {
        let mut builder = archive::Builder::new(limits);
        self.add(commit, manner, "source", &mut builder, limits)?;
        if submodules {
            self.add_submodules(commit, "source", &mut builder, limits, 0)?;
        }
        Ok(builder.finish())
    }

    /// Adds a commit's checkout with its submodules below `prefix`.
    ///
    /// # Errors
    /// As [`Self::tree`].
    pub fn add_checkout(
        &self,
        commit: &Commit,
        prefix: &str,
        builder: &mut archive::Builder,
        limits: Limits,
    ) -> Result<(), GitError> {
        self.add(commit, Manner::Checkout, prefix, builder, limits)?;
        self.add_submodules(commit, prefix, builder, limits, 0)
    }

    fn add(
        &self,
        commit: &Commit,
        manner: Manner,
        prefix: &str,
        builder: &mut archive::Builder,
        limits: Limits,
    ) -> Result<(), GitError> {
        let attributes = commit.directory.path().join("info/attributes");
        if manner == Manner::Checkout {
            std::fs::create_dir_all(commit.directory.path().join("info"))?;
            std::fs::write(&attributes, "* -export-ignore -export-subst\n")?;
        } else if attributes.exists() {
            std::fs::remove_file(&attributes)?;
        }
        let args = ["archive", "--format=tar", &format!("--prefix={prefix}/"), &commit.id];
        let mut flow = self.in_commit(commit).args(args).start()?;
        let result = archive::add_tar(flow.by_ref(), limits, builder);
        if result.is_err() {
            flow.kill();
        }
        let ended = flow.end()?;
        result?;
        ended.success()
    }

    fn add_submodules(
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
        let listed = super::listing::entries(&self.in_commit(commit).args(args).output()?);
        let submodule = |entry: super::Entry| {
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

/// As `git check-ref-format`, as far as an argument could be mistaken for another.
fn check_revision(revision: &str) -> Result<(), GitError> {
    let bad = revision.is_empty()
        || revision.starts_with(['-', '+', '/'])
        || revision.contains("..")
        || revision.chars().any(|c| c.is_control() || c.is_whitespace() || "~^:?*[\\{".contains(c));
    if bad { Err(GitError::BadRevision(printable(revision))) } else { Ok(()) }
}
