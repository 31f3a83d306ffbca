//! Prefetching: a source fetched, and the hash that Nix will demand for it.

use std::path::Path;

use camino::Utf8PathBuf;

use super::{Error, Host, failures};
use crate::diag::Diagnostics;
use crate::progress::{Task, progress};
use crate::store::archive::StripRoot;
use crate::store::hash::{Algorithm, Hash};
use crate::store::nar;
use crate::store::path::{IngestionMethod, StoreDir};
use crate::upstream::locator::Locator;
use crate::upstream::{Prefetched, Upstream, UpstreamError};

/// What is to be fetched.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// An address, github:OWNER/REPO/REV, git+URL?rev=REV, or a file or folder.
    pub source: &'a str,
    /// The archive's contents are hashed, not its bytes.
    pub unpack: Option<StripRoot>,
    /// Submodules are taken, too.
    pub submodules: bool,
    /// GitHub's archive is made with git.
    pub git: bool,
    /// The name of the store path; `None`: as the source is called.
    pub name: Option<&'a str>,
}

/// What was fetched.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it came from; `None`: a folder of this machine.
    pub url: Option<String>,
    /// Its hash.
    pub hash: Hash,
    /// How it is hashed.
    pub method: IngestionMethod,
    /// The name of the store path.
    pub name: String,
    /// The store path.
    pub path: String,
    /// The commit.
    pub rev: Option<String>,
    /// Its date.
    pub date: Option<String>,
    /// Why the hash may be another one tomorrow, or elsewhere.
    pub hazards: Vec<String>,
}

/// Fetches and hashes. A folder of this machine is hashed as `nix hash path` does.
///
/// # Errors
/// When there is no such source ([`Error::Findings`]), or its name cannot be a store path's.
pub fn prefetch(request: &Request<'_>, upstream: &mut Upstream, host: &dyn Host) -> Result<Found, Error> {
    let locator: Locator = request.source.parse()?;
    if let Locator::Url(url) = &locator
        && let Ok(path) = url.to_file_path()
        && path.is_dir()
    {
        return folder(&path, request);
    }
    if locator.is_local() {
        upstream.git.trust_local();
    }
    let fetching = progress(host, "fetching", 0);
    let task = fetching.begin(|| request.source);
    let result = fetch(&locator, request, upstream, &task);
    drop((task, fetching));
    let mut fetched = result.map_err(|error| {
        let mut found = Diagnostics::new();
        found.push(failures::finding(&error));
        Error::Findings(found)
    })?;
    if let Some(name) = request.name {
        name.clone_into(&mut fetched.name);
    }
    let path =
        StoreDir::default().print(&fetched.store_path().map_err(|cause| Error::BadStoreName { cause })?);
    let Prefetched { url, hash, method, name, rev, date, hazards, .. } = fetched;
    Ok(Found { url: Some(url), hash, method, name, path, rev, date, hazards })
}

fn fetch(
    locator: &Locator,
    request: &Request<'_>,
    upstream: &Upstream,
    task: &Task<'_>,
) -> Result<Prefetched, UpstreamError> {
    let head = || "HEAD".to_owned();
    match locator {
        Locator::Url(url) => match request.unpack {
            Some(root) => upstream.unpacked(url, root, task),
            None => upstream.file(url, task),
        },
        Locator::GitHub { owner, repo, rev } => {
            let url = upstream.github_url(owner, repo);
            // Without a revision the commit is wanted, too, and only git tells it.
            let rev = match rev {
                Some(rev) => rev.clone(),
                None => upstream.head(&url)?,
            };
            if request.submodules {
                upstream.checkout(&url, &rev, true)
            } else if request.git {
                upstream.exported(&url, &rev)
            } else {
                upstream.github(owner, repo, &rev, task)
            }
        }
        Locator::Git { url, rev, submodules } => {
            upstream.checkout(url, &rev.clone().unwrap_or_else(head), *submodules || request.submodules)
        }
    }
}

/// A folder is what `nix hash path` is for; there is nothing to fetch.
fn folder(path: &Path, request: &Request<'_>) -> Result<Found, Error> {
    let hash = nar::hash_path(path, Algorithm::Sha256).map_err(|source| Error::Read {
        path: Utf8PathBuf::from(path.to_string_lossy().into_owned()),
        source,
    })?;
    let own = path.file_name().and_then(|name| name.to_str()).unwrap_or("source");
    let name = request.name.unwrap_or(own).to_owned();
    let path = StoreDir::default().print(&StoreDir::default().source_path(&name, &hash)?);
    Ok(Found {
        url: None,
        hash,
        method: IngestionMethod::Nar,
        name,
        path,
        rev: None,
        date: None,
        hazards: Vec::new(),
    })
}
