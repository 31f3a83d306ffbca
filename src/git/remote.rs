//! Git repositories elsewhere: lists of references, and trees of single commits.
//!
//! Nothing is ever checked out. `git archive` writes a commit's tree as a tar stream, with line endings and
//! attributes applied as a checkout (or GitHub's own archives) would have them.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use super::error::GitError;
use super::patience::{Failed, Patience, retry_after};
use super::run::{Limits as RunLimits, Run, Transports};
use super::{is_commit, printable, shown};
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
/// Submodules nested deeper than this are a loop.
const NESTING: usize = 8;

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
        let once = |at: &str| -> Result<Vec<u8>, Box<(GitError, Said)>> {
            let run = prepare(self.run(at, limits), at);
            if !at.starts_with("http") {
                return run.output().map_err(|error| Box::new((error, Said::default())));
            }
            let trace =
                tempfile::NamedTempFile::new().map_err(|error| Box::new((error.into(), Said::default())))?;
            let run = run.env("GIT_TRACE_CURL", trace.path()).env("GIT_TRACE_CURL_NO_DATA", "1");
            let run = run.env("GIT_TRACE_REDACT", "1");
            run.output().map_err(|error| Box::new((error, Said::of(trace.path()))))
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
                    return Err(Failed { error, passing, after: said.after, at: said.asked });
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

/// The file of certificates that Nix itself would be told to trust, and the variable that names it.
pub fn certificates() -> Option<(&'static str, OsString)> {
    ["NIX_SSL_CERT_FILE", "SSL_CERT_FILE"].into_iter().find_map(|name| {
        // Nix sets this path in every shell and build without network.
        let is_none =
            |path: &OsString| path.is_empty() || (path == "/no-cert-file.crt" && !Path::new(path).exists());
        std::env::var_os(name).filter(|path| !is_none(path)).map(|path| (name, path))
    })
}

/// A file of certificates, and the folder it is in where it is made for git.
type Certificates = (OsString, Option<Arc<TemporaryDirectory>>);

/// The certificates that git is to trust: those that our downloads do, and those of a variable of its own.
fn trusted() -> Option<Certificates> {
    let (_, ours) = certificates()?;
    let Some(gits) = std::env::var_os("GIT_SSL_CAINFO").filter(|path| *path != ours) else {
        return Some((ours, None));
    };
    let both = || {
        let texts = [std::fs::read(&ours).ok()?, b"\n".to_vec(), std::fs::read(&gits).ok()?];
        let folder = TemporaryDirectory::new("pgflakegen-certificates").ok()?;
        let file = folder.path().join("certificates.pem");
        std::fs::write(&file, texts.concat()).ok()?;
        Some((file.into(), Some(Arc::new(folder))))
    };
    // One that cannot be read is git's to complain about.
    both().or_else(|| Some((gits.clone(), None)))
}

/// What of our own environment git has another name for, or is not to see.
fn environment(url: &str) -> Vec<(&'static str, OsString)> {
    let mut found = Vec::new();
    // As our own downloads have it; curl knows the small one only.
    if std::env::var_os("http_proxy").is_none()
        && let Some(proxy) = std::env::var_os("HTTP_PROXY")
    {
        found.push(("http_proxy", proxy));
    }
    if is_insecure(url) {
        // No netrc file: nothing of it is sent where others can read it.
        let home = std::env::var_os("HOME").unwrap_or_default();
        if std::env::var_os("GIT_CONFIG_GLOBAL").is_none() {
            let own = Path::new(&home).join(".gitconfig");
            let other = match std::env::var_os("XDG_CONFIG_HOME") {
                Some(folder) => Path::new(&folder).join("git/config"),
                None => Path::new(&home).join(".config/git/config"),
            };
            let file = if own.exists() || !other.exists() { own } else { other };
            found.push(("GIT_CONFIG_GLOBAL", file.into()));
        }
        found.push(("HOME", "/dev/null".into()));
    }
    found
}

/// Whether what is sent there can be read on the way.
fn is_insecure(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return true };
    url.scheme() == "http" && !matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

fn without_password(mut url: Url) -> Url {
    // Both fail only for addresses that cannot have them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url
}

/// What a server said, as git's trace tells.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    status: u16,
    /// What was asked for last.
    asked: Option<String>,
    after: Option<Duration>,
    location: Option<String>,
}

impl Said {
    fn of(trace: &Path) -> Self {
        let text = std::fs::read(trace).unwrap_or_default();
        Self::read(&String::from_utf8_lossy(&text))
    }

    /// The last answer of a trace.
    fn read(trace: &str) -> Self {
        let mut said = Self::default();
        for line in trace.lines() {
            if let Some((_, header)) = line.split_once("=> Send header: ")
                && (header.starts_with("GET ") || header.starts_with("POST "))
            {
                said = Self { asked: Some(header.to_owned()), ..Self::default() };
            }
            let Some((_, header)) = line.split_once("<= Recv header: ") else { continue };
            if header.starts_with("HTTP/") {
                let status = header.split(' ').nth(1).and_then(|status| status.parse().ok());
                said = Self { status: status.unwrap_or(0), asked: said.asked, ..Self::default() };
            } else if let Some((name, value)) = header.split_once(':') {
                match name.to_ascii_lowercase().as_str() {
                    "retry-after" => said.after = retry_after(value),
                    "location" => said.location = Some(value.trim().to_owned()),
                    _ => {}
                }
            }
        }
        said
    }

    /// The repository's address elsewhere.
    fn leads_to(&self, at: &str) -> Option<String> {
        if !matches!(self.status, 301 | 302 | 303 | 307 | 308) {
            return None;
        }
        let asked = Url::parse(&format!("{}/info/refs", at.trim_end_matches('/'))).ok()?;
        let to = asked.join(self.location.as_deref()?).ok()?;
        let (base, _) = to.as_str().split_once("/info/refs")?;
        Some(base.to_owned())
    }

    /// Whether the same may well succeed a little later.
    fn is_passing(&self, error: &GitError) -> bool {
        const PASSING: [&str; 12] = [
            "Connection reset",
            "Connection timed out",
            "Connection closed by",
            "Empty reply",
            "Operation timed out",
            "Operation too slow",
            "early EOF",
            "hung up unexpectedly",
            "unexpected disconnect",
            "transfer closed",
            "kex_exchange_identification",
            "unexpected eof",
        ];
        let GitError::Failed { why, .. } = error else { return false };
        match self.status {
            408 | 425 | 429 | 500..=599 => true,
            403 => self.after.is_some(),
            // Nothing came, or the answer was cut off.
            0 | 200..=299 => PASSING.iter().any(|sign| why.contains(sign)),
            _ => false,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says() {
        let trace = "10:00 http.c:1 => Send header: GET /x HTTP/2\n10:00 http.c:1 == Info: x\n10:00 http.c:1 <= Recv header: HTTP/1.1 407 Proxy\n10:00 http.c:1 <= Recv header: Retry-After: 9\n\
            10:00 http.c:1 <= Recv header: HTTP/2 503\n10:00 http.c:1 <= Recv header, 0000000015 bytes (0x0000000f)\n10:00 http.c:1 <= Recv header: retry-after: 2\n";
        let said = Said::read(trace);
        let asked = Some("GET /x HTTP/2".to_owned());
        assert_eq!(said, Said { status: 503, asked, after: Some(Duration::from_secs(2)), location: None });
        let failed = |why: &str| GitError::Failed { url: String::new(), why: why.into() };
        assert!(said.is_passing(&failed("x")));
        for (status, why, wanted) in [
            (404, "x", false),
            (401, "x", false),
            (429, "x", true),
            (0, "unable to access 'x': Recv failure: Connection reset by peer", true),
            (0, "unable to access 'x': Could not resolve host: x", false),
            (200, "the remote end hung up unexpectedly", true),
            (200, "protocol error: bad line", false),
        ] {
            let said = Said { status, ..Said::default() };
            assert_eq!(said.is_passing(&failed(why)), wanted, "{status} {why}");
        }
        assert!(!said.is_passing(&GitError::Offline(String::new())));
    }

    #[test]
    fn where_a_server_leads() {
        let to = |location: &str| {
            let said = Said { status: 301, location: Some(location.into()), ..Said::default() };
            said.leads_to("https://a.example/o/r.git")
        };
        let query = "?service=git-upload-pack";
        for (location, wanted) in [
            (format!("https://b.example/n/r/info/refs{query}"), Some("https://b.example/n/r")),
            (format!("/n/r.git/info/refs{query}"), Some("https://a.example/n/r.git")),
            ("https://b.example/login".to_owned(), None),
        ] {
            assert_eq!(to(&location).as_deref(), wanted, "{location}");
        }
        assert_eq!(
            Said { status: 200, location: Some("/x/info/refs".into()), ..Said::default() }
                .leads_to("https://a"),
            None
        );
    }

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
