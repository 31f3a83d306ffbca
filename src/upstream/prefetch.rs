//! The hash that a fetcher of nixpkgs would demand, and the source itself.

use std::io::{self, BufRead as _};

use url::Url;

use super::credentials::Credentials;
use super::hash_hazards;
use super::http::reach::{behind_proxy, may_follow};
use super::http::{Client, FetchError, Patience};
use super::progress::Progress;
use crate::catalogue::model::{Fetcher, Revision};
use crate::git::remote::{Access, Commit, Git, Local, Manner};
use crate::git::{GitError, is_commit, shown};
use crate::store::archive::{self, ArchiveError, Limits, SourceTree, StripRoot};
use crate::store::hash::{Algorithm, Hash, Hasher};
use crate::store::path::{IngestionMethod, StoreDir, StorePath, StorePathError};
use crate::store::spool::Spool;

/// Why a source cannot be had or hashed.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The download.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The repository.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The archive.
    #[error("{url}: {error}")]
    Archive {
        /// Where it is from.
        url: String,
        /// What is wrong with it.
        error: ArchiveError,
    },
    /// The name of what was fetched cannot be a store path's.
    #[error("{0}; --name gives another name")]
    Name(#[from] StorePathError),
    /// Our own disk.
    #[error("temporary data cannot be written or read: {0}")]
    Disk(#[from] io::Error),
}

/// Where the well-known places are. Each can be a mirror.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// `https://github.com`; with `file://`, a folder of `OWNER/REPO` repositories.
    pub github: String,
    /// `https://api.github.com`.
    pub github_api: String,
    /// The sparse index of crates.io.
    pub crates_index: String,
    /// The crates of crates.io.
    pub crates: String,
    /// PGXN's API.
    pub pgxn: String,
    /// PostgreSQL's sources.
    pub postgresql: String,
    /// The database of vulnerabilities.
    pub osv: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            github: "https://github.com".into(),
            github_api: "https://api.github.com".into(),
            crates_index: "https://index.crates.io".into(),
            crates: "https://static.crates.io/crates".into(),
            pgxn: "https://api.pgxn.org".into(),
            postgresql: "https://ftp.postgresql.org/pub/source".into(),
            osv: "https://api.osv.dev".into(),
        }
    }
}

impl Endpoints {
    /// With what the variables `PGFLAKEGEN_MIRROR_GITHUB` and so on say.
    pub fn from_environment() -> Self {
        let mut endpoints = Self::default();
        for (name, endpoint) in [
            ("GITHUB", &mut endpoints.github),
            ("GITHUB_API", &mut endpoints.github_api),
            ("CRATES_INDEX", &mut endpoints.crates_index),
            ("CRATES", &mut endpoints.crates),
            ("PGXN", &mut endpoints.pgxn),
            ("POSTGRESQL", &mut endpoints.postgresql),
            ("OSV", &mut endpoints.osv),
        ] {
            if let Ok(value) = std::env::var(format!("PGFLAKEGEN_MIRROR_{name}"))
                && !value.is_empty()
            {
                *endpoint = value.trim_end_matches('/').to_owned();
            }
        }
        endpoints
    }
}

/// Where all fetching starts.
pub struct Upstream {
    /// Downloads.
    pub client: Client,
    /// Repositories.
    pub git: Git,
    /// Places.
    pub endpoints: Endpoints,
    /// What archives may cost.
    pub limits: Limits,
}

/// What was fetched.
pub enum Contents {
    /// One file.
    File(Spool),
    /// A tree.
    Tree(SourceTree),
}

/// What was fetched, with its hash.
pub struct Prefetched {
    /// What the fetcher's `hash` must be.
    pub hash: Hash,
    /// What the hash is of.
    pub method: IngestionMethod,
    /// The store path's name.
    pub name: String,
    /// Where it is from, to show.
    pub url: String,
    /// The commit, where known.
    pub rev: Option<String>,
    /// The day of the commit, where known.
    pub date: Option<String>,
    /// Why the hash may be another one tomorrow, or elsewhere.
    pub hazards: Vec<String>,
    /// The source.
    pub contents: Contents,
}

impl std::fmt::Debug for Prefetched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prefetched").field("hash", &self.hash).field("url", &self.url).finish_non_exhaustive()
    }
}

impl Prefetched {
    /// Where Nix would put it.
    ///
    /// # Errors
    /// When the name cannot be one.
    pub fn store_path(&self) -> Result<StorePath, StorePathError> {
        StoreDir::default().fixed_output_path(
            self.method,
            &self.hash,
            &self.name,
            &std::collections::BTreeSet::new(),
        )
    }

    /// Notes what speaks against a tree that came from git.
    fn doubt(&mut self, manner: Manner, submodules: bool) -> io::Result<()> {
        if let Contents::Tree(tree) = &self.contents {
            self.hazards = hash_hazards::of(tree, manner, submodules)?;
        }
        Ok(())
    }

    /// The source as a tree: an archive's, when it is one.
    ///
    /// # Errors
    /// When it is no archive.
    pub fn into_tree(self, limits: Limits) -> Result<SourceTree, UpstreamError> {
        match self.contents {
            Contents::Tree(tree) => Ok(tree),
            Contents::File(spool) => {
                let tree = archive::read(spool.reader(spool.all()), limits);
                tree.and_then(|tree| tree.strip(StripRoot::IfSingle))
                    .map_err(|error| UpstreamError::Archive { url: self.url, error })
            }
        }
    }
}

/// Hash of a file's bytes.
pub(super) fn flat_hash(spool: &Spool) -> io::Result<Hash> {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut reader = spool.reader(spool.all());
    loop {
        // Straight from memory where the bytes are there already.
        let bytes = reader.fill_buf()?;
        if bytes.is_empty() {
            return Ok(hasher.finish());
        }
        hasher.update(bytes);
        let count = bytes.len();
        reader.consume(count);
    }
}

impl Upstream {
    /// With what the environment says: mirrors, tokens, proxies, certificates.
    ///
    /// # Errors
    /// When the certificates that the environment names cannot be read.
    pub fn from_environment(offline: bool, limits: Limits) -> io::Result<Self> {
        Self::new(
            Endpoints::from_environment(),
            Credentials::from_environment(),
            Patience::default(),
            offline,
            limits,
        )
    }

    /// With everything given.
    ///
    /// # Errors
    /// When the certificates that the environment names cannot be read.
    pub fn new(
        endpoints: Endpoints,
        credentials: Credentials,
        patience: Patience,
        offline: bool,
        limits: Limits,
    ) -> io::Result<Self> {
        let mirrors = [&endpoints.github, &endpoints.postgresql, &endpoints.pgxn, &endpoints.crates];
        let mirrors = mirrors.into_iter().filter(|place| place.starts_with("file://")).cloned().collect();
        let git = Git::new(Access {
            token: credentials.github().map(str::to_owned),
            offline,
            patience,
            limit: limits.size,
            local: Local::Below(mirrors),
            may_follow: |first, at, to| may_follow(first, at, to, !behind_proxy()),
        });
        let client = Client::new(patience, credentials, offline, limits.size)?;
        Ok(Self { client, git, endpoints, limits })
    }

    /// The address of a GitHub repository for git.
    pub fn github_url(&self, owner: &str, repo: &str) -> String {
        format!("{}/{owner}/{repo}", self.endpoints.github)
    }

    /// The commit at the head of the default branch.
    ///
    /// # Errors
    /// When the repository cannot be read, or is empty.
    pub fn head(&self, url: &str) -> Result<String, UpstreamError> {
        let references = self.git.references(url, &["HEAD"])?;
        let head = references.into_iter().find(|reference| reference.name == "HEAD");
        Ok(head
            .map(|head| head.commit)
            .ok_or_else(|| GitError::NoRevision { url: url.to_owned(), revision: "HEAD".into() })?)
    }

    /// What a fetcher of the catalogue gives.
    ///
    /// # Errors
    /// When it cannot be fetched.
    pub fn fetch(&self, fetcher: &Fetcher, progress: &dyn Progress) -> Result<Prefetched, UpstreamError> {
        match fetcher {
            Fetcher::Url { url } => self.file(&self.mirrored(parse(url)?)?, progress),
            Fetcher::GitHub { owner, repo, at, submodules: false } => {
                self.github(owner, repo, &reference(at), progress)
            }
            Fetcher::GitHub { owner, repo, at, submodules: true } => {
                self.checkout(&self.github_url(owner, repo), &reference(at), true)
            }
            Fetcher::Git { url, at, submodules } => self.checkout(url, &reference(at), *submodules),
        }
    }

    /// PostgreSQL's own address, where a mirror stands in for it.
    fn mirrored(&self, url: Url) -> Result<Url, FetchError> {
        match url.as_str().strip_prefix(&Endpoints::default().postgresql) {
            Some(rest) => parse(&format!("{}{rest}", self.endpoints.postgresql)),
            None => Ok(url),
        }
    }

    /// `fetchurl`.
    ///
    /// # Errors
    /// When it cannot be fetched.
    pub fn file(&self, url: &Url, progress: &dyn Progress) -> Result<Prefetched, UpstreamError> {
        let spool = self.client.get(url, progress)?;
        let name = url.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
        Ok(Prefetched {
            hash: flat_hash(&spool)?,
            method: IngestionMethod::Flat,
            name: name.to_owned(),
            url: shown(url),
            rev: None,
            date: None,
            hazards: Vec::new(),
            contents: Contents::File(spool),
        })
    }

    /// `fetchzip`: an archive's tree.
    ///
    /// # Errors
    /// When it cannot be fetched, or is no archive that we take.
    pub fn unpacked(
        &self,
        url: &Url,
        strip: StripRoot,
        progress: &dyn Progress,
    ) -> Result<Prefetched, UpstreamError> {
        let spool = self.client.get(url, progress)?;
        let tree = archive::read(spool.reader(spool.all()), self.limits).and_then(|tree| tree.strip(strip));
        let tree = tree.map_err(|error| UpstreamError::Archive { url: shown(url), error })?;
        drop(spool);
        of_tree(tree, shown(url), None, None)
    }

    /// `fetchFromGitHub` without submodules: GitHub's archive of a tag, branch or commit.
    ///
    /// # Errors
    /// When it cannot be fetched.
    pub fn github(
        &self,
        owner: &str,
        repo: &str,
        rev: &str,
        progress: &dyn Progress,
    ) -> Result<Prefetched, UpstreamError> {
        let base = self.github_url(owner, repo);
        if base.starts_with("file://") {
            return self.exported(&base, rev);
        }
        let url = parse(&format!("{base}/archive/{rev}.tar.gz"))?;
        let mut fetched = self.unpacked(&url, StripRoot::Required, progress)?;
        fetched.rev = is_commit(rev).then(|| rev.to_owned());
        fetched.doubt(Manner::Export, false)?;
        Ok(fetched)
    }

    /// What GitHub's archive would be, through git.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn exported(&self, url: &str, rev: &str) -> Result<Prefetched, UpstreamError> {
        let commit = self.git.fetch(url, rev)?;
        self.tree_of(&commit, Manner::Export, false)
    }

    /// `fetchgit`, and `fetchFromGitHub` with submodules.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn checkout(&self, url: &str, rev: &str, submodules: bool) -> Result<Prefetched, UpstreamError> {
        let commit = self.git.fetch(url, rev)?;
        self.tree_of(&commit, Manner::Checkout, submodules)
    }

    fn tree_of(
        &self,
        commit: &Commit,
        manner: Manner,
        submodules: bool,
    ) -> Result<Prefetched, UpstreamError> {
        let tree = self.git.tree(commit, manner, submodules, self.limits)?;
        let tree = tree.strip(StripRoot::Required).map_err(GitError::Archive)?;
        let mut fetched =
            of_tree(tree, commit.address(), Some(commit.id.clone()), Some(self.git.date(commit)?))?;
        fetched.doubt(manner, submodules)?;
        Ok(fetched)
    }
}

fn of_tree(
    tree: SourceTree,
    url: String,
    rev: Option<String>,
    date: Option<String>,
) -> Result<Prefetched, UpstreamError> {
    Ok(Prefetched {
        hash: tree.nar_hash(Algorithm::Sha256)?,
        method: IngestionMethod::Nar,
        name: "source".into(),
        url,
        rev,
        date,
        hazards: Vec::new(),
        contents: Contents::Tree(tree),
    })
}

/// What the fetchers put into addresses.
fn reference(at: &Revision) -> String {
    match at {
        Revision::Tag(tag) => format!("refs/tags/{tag}"),
        Revision::Rev(rev) => rev.clone(),
    }
}

/// An address.
pub(super) fn parse(url: &str) -> Result<Url, FetchError> {
    Url::parse(url).map_err(|error| FetchError::BadUrl(crate::git::redacted(url), error.to_string()))
}
