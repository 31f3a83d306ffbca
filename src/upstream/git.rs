//! Git repositories, through the `git` program: lists of references, and trees of single commits.
//!
//! Nothing is ever checked out. `git archive` writes a commit's tree as a tar stream, with line endings and
//! attributes applied as a checkout (or GitHub's own archives) would have them.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use super::credentials::Credentials;
use crate::interrupt::{self, Running, TemporaryDirectory};
use crate::store::archive::{self, ArchiveError, Limits, SourceTree};

/// Why git did not do it.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// No `git`.
    #[error("the program git cannot be started: {0}")]
    NoGit(String),
    /// An address that git must not be given.
    #[error("{0} is not the address of a Git repository (https, http, ssh, git or file)")]
    BadUrl(String),
    /// A reference that is none.
    #[error("{0:?} cannot be a tag, branch or commit")]
    BadRevision(String),
    /// The network must not be used.
    #[error("{0} cannot be reached: --offline was given")]
    Offline(String),
    /// git says no.
    #[error("git cannot read {url}: {why}")]
    Failed {
        /// The repository.
        url: String,
        /// The last words of git.
        why: String,
    },
    /// The repository has not what was asked for.
    #[error("{url} has no {revision}")]
    NoRevision {
        /// The repository.
        url: String,
        /// What was asked for.
        revision: String,
    },
    /// What came is no tree that we take.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The temporary repository.
    #[error("temporary data cannot be written: {0}")]
    Io(#[from] std::io::Error),
}

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
#[derive(Clone, Debug)]
pub struct Git {
    offline: bool,
    credentials: Credentials,
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
    /// Runs git with these credentials.
    pub fn new(credentials: Credentials, offline: bool) -> Self {
        Self { offline, credentials }
    }

    fn command(&self, url: &str) -> Command {
        let mut command = Command::new("git");
        // A hook or `git rebase --exec` may have set these for a repository that is not ours.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"] {
            command.env_remove(name);
        }
        command
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "true")
            .env("GIT_ALLOW_PROTOCOL", PROTOCOLS)
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        if std::env::var_os("GIT_SSH_COMMAND").is_none() {
            command.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes -oConnectTimeout=15");
        }
        let mut settings: Vec<(String, String)> = [
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
            ("gc.auto", "0"),
            ("advice.detachedHead", "false"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        if url.starts_with("https://github.com/")
            && let Some(token) = self.credentials.github()
        {
            let basic = data_encoding::BASE64.encode(format!("x-access-token:{token}").as_bytes());
            let header = format!("AUTHORIZATION: basic {basic}");
            settings.push(("http.https://github.com/.extraheader".into(), header));
        }
        // In the environment, where other users cannot read them as they can arguments.
        command.env("GIT_CONFIG_COUNT", settings.len().to_string());
        for (index, (key, value)) in settings.into_iter().enumerate() {
            command
                .env(format!("GIT_CONFIG_KEY_{index}"), key)
                .env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        command
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

    fn output(&self, command: &mut Command, url: &str) -> Result<String, GitError> {
        let output = interrupt::output(command).map_err(|error| GitError::NoGit(error.to_string()))?;
        if !output.status.success() {
            return Err(failure(url, &output.stderr));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The references that match `patterns` (`refs/tags/*`; none: all), in the order the server gives.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn references(&self, url: &str, patterns: &[&str]) -> Result<Vec<Reference>, GitError> {
        self.check(url)?;
        let mut command = self.command(url);
        command.args(["ls-remote", "--quiet", "--"]).arg(url).args(patterns);
        let text = self.output(&mut command, url)?;
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
        let mut init = self.command(url);
        init.args(["init", "--quiet", "--bare", "--template="]).arg(directory.path());
        self.output(&mut init, url)?;
        let fetch = |what: &str| {
            let mut command = self.command(url);
            command.arg("-C").arg(directory.path()).args([
                "fetch",
                "--quiet",
                "--no-tags",
                "--no-write-fetch-head",
            ]);
            command.args(["--depth=1", "--"]).arg(url).arg(format!("+{what}:refs/pgflakegen/commit"));
            self.output(&mut command, url).map(|_| ())
        };
        let missing = || GitError::NoRevision { url: printable(url), revision: printable(revision) };
        match fetch(revision) {
            // Some servers hand out only what a branch or tag points to; then the commit is in the history.
            Err(GitError::Failed { .. }) if is_commit(revision) => {
                fetch_all(self, url, directory.path())?;
                let mut command = self.command(url);
                command.arg("-C").arg(directory.path()).args([
                    "update-ref",
                    "refs/pgflakegen/commit",
                    revision,
                ]);
                self.output(&mut command, url).map_err(|_| missing())?;
            }
            Err(GitError::Failed { why, .. }) if why.contains("couldn't find remote ref") => {
                return Err(missing());
            }
            other => other?,
        }
        let mut command = self.command(url);
        command.arg("-C").arg(directory.path()).args([
            "rev-parse",
            "--verify",
            "--quiet",
            "refs/pgflakegen/commit^{commit}",
        ]);
        let id = self.output(&mut command, url).map_err(|_| missing())?.trim().to_owned();
        Ok(Commit { directory, url: url.to_owned(), id })
    }

    /// The day of the commit in UTC, `2024-01-31`.
    ///
    /// # Errors
    /// When git fails.
    pub fn date(&self, commit: &Commit) -> Result<String, GitError> {
        let mut command = self.command(&commit.url);
        command.arg("-C").arg(commit.directory.path());
        command.args(["log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%d", &commit.id]);
        Ok(self.output(&mut command, &commit.url)?.trim().to_owned())
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
        let mut command = self.command(&commit.url);
        command.arg("-C").arg(commit.directory.path());
        command
            .args(["archive", "--format=tar", &format!("--prefix={prefix}/"), &commit.id])
            .stdout(Stdio::piped());
        let mut child = Running::start(&mut command).map_err(|error| GitError::NoGit(error.to_string()))?;
        let result = match child.stdout.take() {
            Some(stdout) => archive::add_tar(stdout, limits, builder),
            None => Ok(()),
        };
        if result.is_err() {
            child.kill();
        }
        let mut last_words = Vec::new();
        if let Some(stderr) = &mut child.stderr {
            let _ = stderr.take(1 << 16).read_to_end(&mut last_words);
        }
        let status = child.wait()?;
        result?;
        if status.success() { Ok(()) } else { Err(failure(&commit.url, &last_words)) }
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
        let mut command = self.command(&commit.url);
        command.arg("-C").arg(commit.directory.path()).args([
            "ls-tree",
            "-r",
            "-z",
            "--full-tree",
            &commit.id,
        ]);
        let text = self.output(&mut command, &commit.url)?;
        let lines = text.split('\0').filter_map(|line| {
            let (about, path) = line.split_once('\t')?;
            let mut words = about.split(' ');
            let (mode, _, id) = (words.next()?, words.next()?, words.next()?);
            (mode == "160000").then(|| (path.to_owned(), id.to_owned()))
        });
        Ok(lines.collect())
    }

    fn submodule_url(&self, commit: &Commit, path: &str) -> Result<String, GitError> {
        let read = |arguments: &[&str]| {
            let mut command = self.command(&commit.url);
            command.arg("-C").arg(commit.directory.path()).args([
                "config",
                "--blob",
                &format!("{}:.gitmodules", commit.id),
            ]);
            command.args(arguments);
            self.output(&mut command, &commit.url)
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

fn fetch_all(git: &Git, url: &str, directory: &Path) -> Result<(), GitError> {
    let mut command = git.command(url);
    command.arg("-C").arg(directory).args(["fetch", "--quiet", "--no-write-fetch-head", "--", url]);
    command.arg("+refs/*:refs/pgflakegen/all/*");
    git.output(&mut command, url).map(|_| ())
}

/// Whether it is a whole commit id.
pub fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// As `git check-ref-format`, as far as an argument could be mistaken for another.
fn check_revision(revision: &str) -> Result<(), GitError> {
    let bad = revision.is_empty()
        || revision.starts_with(['-', '+', '/'])
        || revision.contains("..")
        || revision.chars().any(|c| c.is_control() || c.is_whitespace() || "~^:?*[\\{".contains(c));
    if bad { Err(GitError::BadRevision(printable(revision))) } else { Ok(()) }
}

/// An address without its password, and without control characters.
fn printable(url: &str) -> String {
    let url = super::http::redacted(url);
    url.chars().filter(|c| !c.is_control()).take(300).collect()
}

/// git's message without its usual beginnings.
fn failure(url: &str, stderr: &[u8]) -> GitError {
    let text = String::from_utf8_lossy(stderr);
    let line = text
        .lines()
        .find(|line| line.starts_with("fatal:") || line.starts_with("ERROR"))
        .or_else(|| text.lines().rev().find(|line| !line.trim().is_empty()))
        .unwrap_or("it ended without saying why");
    let why = line.strip_prefix("fatal: ").unwrap_or(line);
    let why = match url::Url::parse(url) {
        Ok(parsed) => why.replace(url, &super::http::shown(&parsed)),
        Err(_) => why.to_owned(),
    };
    GitError::Failed { url: printable(url), why: why.chars().filter(|c| !c.is_control()).take(300).collect() }
}
