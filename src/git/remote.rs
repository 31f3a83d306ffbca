//! Git repositories elsewhere: lists of references, and trees of single commits.
//!
//! Nothing is ever checked out. `git archive` writes a commit's tree as a tar stream, with line endings and
//! attributes applied as a checkout (or GitHub's own archives) would have them.

mod http_trace;
mod submodules;
mod surroundings;

use std::io::Read;
use std::path::Path;

use url::Url;

use super::error::GitError;
use super::patience::{Failed, Patience};
use super::run::{Limits as RunLimits, Run, Transports};
use super::{is_commit, printable, shown};
use crate::interrupt::TemporaryDirectory;
use crate::store::archive::{self, Limits, SourceTree};

use self::http_trace::HttpTrace;
pub use self::surroundings::certificates;
use self::surroundings::{Certificates, environment, trusted};

/// A reference of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `refs/tags/v1`.
    pub name: String,
    /// The commit, also of an annotated tag.
    pub commit: String,
}

/// The lines of `ls-remote`: `ID\tNAME`.
pub fn references(out: &str) -> Vec<Reference> {
    let mut references: Vec<Reference> = Vec::new();
    for line in out.lines() {
        let Some((commit, name)) = line.split_once('\t') else { continue };
        // An annotated tag comes twice: itself, then what it points to.
        match (name.strip_suffix("^{}"), references.last_mut()) {
            (Some(name), Some(last)) if last.name == name => commit.clone_into(&mut last.commit),
            _ => references.push(Reference { name: name.to_owned(), commit: commit.to_owned() }),
        }
    }
    references
}

/// How a tree is taken from a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// As GitHub's archives: `export-ignore` and `export-subst` apply.
    Export,
    /// As a checkout: they do not.
    Checkout,
}

/// What git may do on the network, and how.
#[derive(Clone)]
pub struct Access {
    /// For github.com.
    pub token: Option<String>,
    /// Nothing but this machine.
    pub offline: bool,
    /// How often, and how long.
    pub patience: Patience,
    /// Bytes that may be fetched at a time.
    pub limit: u64,
    /// Whose `file://` addresses are read.
    pub local: Local,
    /// Whether a server may lead us from one address to another.
    pub may_follow: fn(first: &Url, at: &Url, to: &Url) -> Result<(), &'static str>,
}

/// Which `file://` addresses are read. What a catalogue, a lock file or a server names is not the user's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Local {
    /// All: the user named one, or said so.
    All,
    /// Those that begin so: mirrors of the environment.
    Below(Vec<String>),
}

/// Runs git.
#[derive(Clone)]
pub struct Git {
    access: Access,
    certificates: Option<Certificates>,
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

const PROTOCOLS: [&str; 4] = ["https", "http", "ssh", "file"];
const FETCH: [&str; 3] = ["fetch", "--quiet", "--no-write-fetch-head"];
const REDIRECTS: usize = 10;

impl Git {
    /// Runs git with this access.
    pub fn new(access: Access) -> Self {
        Self { access, certificates: trusted() }
    }

    /// From now on every `file://` address is read: the user named one.
    pub fn trust_local(&mut self) {
        self.access.local = Local::All;
    }

    fn run(&self, url: &str, limits: RunLimits) -> Run {
        let mut run = Run::new(url, transports(url), limits);
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
            // Each is judged before it is followed.
            ("http.followRedirects", "false"),
        ] {
            run = run.set(key, value);
        }
        run = run.set("http.lowSpeedTime", self.access.patience.silence.as_secs().max(1).to_string());
        if url.starts_with("https://github.com/")
            && let Some(token) = &self.access.token
        {
            let basic = data_encoding::BASE64.encode(format!("x-access-token:{token}").as_bytes());
            run = run.set("http.https://github.com/.extraheader", format!("AUTHORIZATION: basic {basic}"));
        }
        for (name, value) in environment(url) {
            run = run.env(name, value);
        }
        if let Some((path, _)) = &self.certificates {
            run = run.env("GIT_SSL_CAINFO", path);
        }
        run
    }

    /// As often as it makes sense, what `prepare` makes of a run with an address: the one that is given, or the
    /// one that a server leads to.
    fn patiently(
        &self,
        url: &str,
        limits: RunLimits,
        prepare: &dyn Fn(Run, &str) -> Run,
    ) -> Result<Vec<u8>, GitError> {
        let once = |at: &str| -> Result<Vec<u8>, Box<(GitError, HttpTrace)>> {
            let run = prepare(self.run(at, limits), at);
            if !at.starts_with("http") {
                return run.output().map_err(|error| Box::new((error, HttpTrace::default())));
            }
            let trace = tempfile::NamedTempFile::new()
                .map_err(|error| Box::new((error.into(), HttpTrace::default())))?;
            let run = run.env("GIT_TRACE_CURL", trace.path()).env("GIT_TRACE_CURL_NO_DATA", "1");
            let run = run.env("GIT_TRACE_REDACT", "1");
            run.output().map_err(|error| Box::new((error, HttpTrace::of(trace.path()))))
        };
        self.access.patience.again(&std::thread::sleep, || {
            let mut at = url.to_owned();
            for _ in 0..REDIRECTS {
                let (error, said) = match once(&at) {
                    Ok(found) => return Ok(found),
                    Err(failed) => *failed,
                };
                let Some(to) = said.leads_to(&at) else {
                    let passing = said.is_passing(&error);
                    let error = said.explain(error, self.access.token.is_some());
                    return Err(Failed { error, passing, after: said.after, at: said.asked.map(Into::into) });
                };
                let failed = |why: String| {
                    let error = GitError::Failed { url: printable(url), why };
                    Failed { error, passing: false, after: None, at: None }
                };
                let parsed = |text: &str| Url::parse(text).map_err(|error| failed(error.to_string()));
                let (first, from, to) = (parsed(url)?, parsed(&at)?, parsed(&to)?);
                (self.access.may_follow)(&first, &from, &to).map_err(|why| {
                    failed(format!("it leads to {}, which is not followed: {why}", shown(&to)))
                })?;
                at = without_password(to).to_string();
            }
            let error = GitError::Failed { url: printable(url), why: "it redirects too often".into() };
            Err(Failed { error, passing: false, after: None, at: None })
        })
    }

    /// A run in the temporary repository of a commit.
    fn in_commit(&self, commit: &Commit) -> Run {
        self.run(&commit.url, RunLimits::LOCAL).at(commit.directory.path())
    }

    /// Whether git may be given an address at all.
    ///
    /// # Errors
    /// When it may not.
    pub fn check(&self, url: &str) -> Result<(), GitError> {
        let known = PROTOCOLS.iter().any(|scheme| {
            url.strip_prefix(*scheme)
                .and_then(|rest| rest.strip_prefix("://"))
                .is_some_and(|rest| !rest.is_empty())
        });
        if !known || url.chars().any(|c| c.is_control()) {
            return Err(GitError::BadUrl(printable(url)));
        }
        if url.starts_with("file://") {
            let named = match &self.access.local {
                Local::All => true,
                Local::Below(places) => places.iter().any(|place| is_below(url, place)),
            };
            return if named { Ok(()) } else { Err(GitError::Local(printable(url))) };
        }
        if self.access.offline { Err(GitError::Offline(printable(url))) } else { Ok(()) }
    }

    /// The references that match `patterns` (`refs/tags/*`; none: all), in the order the server gives.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn references(&self, url: &str, patterns: &[&str]) -> Result<Vec<Reference>, GitError> {
        self.check(url)?;
        let listed = self.patiently(url, RunLimits::LISTED, &|run, url| {
            run.args(["ls-remote", "--quiet", "--", url]).args(patterns)
        })?;
        Ok(references(&String::from_utf8_lossy(&listed)))
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
        let directory = TemporaryDirectory::new("git-")?;
        let at = directory.path();
        self.run(url, RunLimits::LOCAL)
            .args(["init", "--quiet", "--bare", "--template="])
            .arg(at)
            .output()?;
        let fetch = |what: &str| {
            let what = format!("+{what}:refs/pgflakegen/commit");
            self.patiently(url, RunLimits::FETCHED, &|run, url| {
                let run = run.at(at).growing(at, self.access.limit);
                run.args(FETCH).args(["--no-tags", "--depth=1", "--", url, &what])
            })
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
        let fetch = |run: Run, url: &str| {
            run.at(at).growing(at, self.access.limit).args(FETCH).args(["--", url, refs])
        };
        self.patiently(url, RunLimits::FETCHED, &fetch).map(drop)
    }

    /// When the commit was made, in seconds since 1970.
    ///
    /// # Errors
    /// When git fails.
    pub fn time(&self, commit: &Commit) -> Result<u64, GitError> {
        let time = self.in_commit(commit).args(["log", "-1", "--format=%ct", &commit.id]).output()?;
        Ok(String::from_utf8_lossy(&time).trim().parse().unwrap_or(0))
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
}

/// The one transport that an address is of: nothing that a server says leads to another.
fn transports(url: &str) -> Transports {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    PROTOCOLS.iter().find(|known| **known == scheme).map_or(Transports::NONE, |known| Transports(known))
}

/// Whether a `file://` address lies below another, and does not climb out.
fn is_below(url: &str, place: &str) -> bool {
    let rest = url.strip_prefix(place.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        && !url.to_ascii_lowercase().replace("%2e", ".").split('/').any(|part| part == "..")
}

fn without_password(mut url: Url) -> Url {
    // Both fail only for addresses that cannot have them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// As `git check-ref-format`, as far as an argument could be mistaken for another.
fn check_revision(revision: &str) -> Result<(), GitError> {
    let bad = revision.is_empty()
        || revision.starts_with(['-', '+', '/'])
        || revision.contains("..")
        || revision.chars().any(|c| c.is_control() || c.is_whitespace() || "~^:?*[\\{".contains(c));
    if bad { Err(GitError::BadRevision(printable(revision))) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_is_what_lies_below_it() {
        let place = "file:///srv/mirror";
        for good in ["file:///srv/mirror", "file:///srv/mirror/o/r"] {
            assert!(is_below(good, place) && is_below(good, "file:///srv/mirror/"), "{good}");
        }
        for bad in
            ["file:///srv/mirror2", "file:///etc", "file:///srv/mirror/../x", "file:///srv/mirror/%2E%2e/x"]
        {
            assert!(!is_below(bad, place), "{bad}");
        }
    }

    #[test]
    fn each_address_has_its_transport() {
        for (url, wanted) in [
            ("https://x/y", "https"),
            ("http://x/y", "http"),
            ("ssh://x/y", "ssh"),
            ("file:///y", "file"),
            ("git://x/y", "none"),
            ("ext::sh", "none"),
            ("/y", "none"),
        ] {
            assert_eq!(transports(url), Transports(wanted), "{url}");
        }
    }
}
