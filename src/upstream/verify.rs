//! Every source of the catalogue fetched once more and hashed once more.

use std::collections::BTreeMap;
use std::path::Path;

use camino::{Utf8Path, Utf8PathBuf};
use url::Url;

use super::cargo::{CargoError, Lock};
use super::prefetch::{Upstream, UpstreamError};
use super::progress::{Progress, Silent};
use crate::catalogue::input::Place;
use crate::catalogue::model::{Catalogue, Fetcher, Revision, Vendor};
use crate::layout;
use crate::store::archive::{self, StripRoot};
use crate::store::hash::{Algorithm, Hash};
use crate::store::nar;
use crate::store::path::{IngestionMethod, StoreDir};

/// A hash of the catalogue with what it is of.
#[derive(Clone, Debug)]
pub struct Claim {
    /// `pgvector 0.8.0`.
    pub name: String,
    /// The file that says so, relative to the catalogue folder.
    pub file: Utf8PathBuf,
    /// The hash as written; of a lock file, that of our copy.
    pub hash: String,
    /// What stands in the file in its place.
    pub text: String,
    /// How to get what it is of.
    pub source: Source,
}

/// What a claim is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A source.
    Fetcher(Fetcher),
    /// `fetchCrate` of cargo-pgrx.
    CargoPgrx(String),
    /// `fetchCargoVendor` of cargo-pgrx.
    CargoPgrxCrates(String),
    /// `fetchCargoVendor` of a source, whose lock file is in this folder of it.
    Crates(Fetcher, Option<String>),
    /// The same source's lock file itself, which the catalogue has a copy of.
    LockFile(Fetcher, Option<String>),
    /// `fetchgit` of a repository that a lock file names: address and commit.
    GitCrate(String, String),
}

/// What the claims of the flake's inputs are called, each before its name.
pub const INPUTS: &str = "inputs";

/// All hashes of sources in the catalogue; `read` gives the text of a catalogue file.
pub fn claims(catalogue: &Catalogue, read: &dyn Fn(&Utf8Path) -> Option<String>) -> Vec<Claim> {
    let mut claims = Vec::new();
    for postgresql in &catalogue.postgresqls {
        let Some(pinned) = &postgresql.pinned else { continue };
        claims.push(Claim {
            name: format!("postgresql {}", postgresql.name),
            file: layout::POSTGRESQL_TOML.into(),
            hash: pinned.source.hash.clone(),
            text: pinned.source.hash.clone(),
            source: Source::Fetcher(pinned.source.fetcher.clone()),
        });
    }
    for input in &catalogue.flake.inputs {
        let Some(rev) = &input.rev else { continue };
        let at = Revision::Rev(rev.clone());
        let fetcher = match input.place.clone() {
            Place::GitHub { owner, repo, .. } => Fetcher::GitHub { owner, repo, at, submodules: false },
            Place::Git { url, submodules, .. } => Fetcher::Git { url, at, submodules },
            Place::Tarball { .. } | Place::Path { .. } => continue,
        };
        claims.push(Claim {
            name: format!("{INPUTS} {}", input.name),
            file: layout::FLAKE_TOML.into(),
            hash: input.nar_hash.clone(),
            text: input.nar_hash.clone(),
            source: Source::Fetcher(fetcher),
        });
    }
    for entry in &catalogue.cargo_pgrx {
        claims.push(Claim {
            name: format!("cargo-pgrx {}", entry.version),
            file: layout::PGRX_TOML.into(),
            hash: entry.hash.clone(),
            text: entry.hash.clone(),
            source: Source::CargoPgrx(entry.version.clone()),
        });
        if let Vendor::Hash(hash) = &entry.vendor {
            claims.push(Claim {
                name: format!("cargo-pgrx {}", entry.version),
                file: layout::PGRX_TOML.into(),
                hash: hash.clone(),
                text: hash.clone(),
                source: Source::CargoPgrxCrates(entry.version.clone()),
            });
        }
    }
    for extension in &catalogue.extensions {
        for version in &extension.versions {
            // The first file is the version's source.
            claims.extend(version.build.files.iter().skip(1).map(|file| Claim {
                name: format!("{} {} for {}, {}", extension.name, version.version, file.system, file.major),
                file: layout::extension_toml(&extension.name),
                hash: file.source.hash.clone(),
                text: file.source.hash.clone(),
                source: Source::Fetcher(file.source.fetcher.clone()),
            }));
            claims.push(Claim {
                name: format!("{} {}", extension.name, version.version),
                file: layout::extension_toml(&extension.name),
                hash: version.source.hash.clone(),
                text: version.source.hash.clone(),
                source: Source::Fetcher(version.source.fetcher.clone()),
            });
            let Some(pgrx) = &version.build.pgrx else { continue };
            let name = format!("{} {}", extension.name, version.version);
            let file = layout::extension_toml(&extension.name);
            let (fetcher, folder) = (version.source.fetcher.clone(), version.build.source_root.clone());
            match &pgrx.vendor {
                Vendor::Hash(hash) => claims.push(Claim {
                    name,
                    file,
                    hash: hash.clone(),
                    text: hash.clone(),
                    source: Source::Crates(fetcher, folder),
                }),
                Vendor::Lock { file: lock, output_hashes } => {
                    let Some(text) = read(lock) else { continue };
                    claims.push(Claim {
                        name: name.clone(),
                        file: file.clone(),
                        hash: Hash::of(Algorithm::Sha256, text.as_bytes()).to_sri(),
                        text: lock.to_string(),
                        source: Source::LockFile(fetcher, folder),
                    });
                    claims.extend(git_crates(&name, &file, &text, output_hashes));
                }
            }
        }
    }
    claims
}

/// The trees that a lock file's crates come from.
fn git_crates(name: &str, file: &Utf8Path, lock: &str, hashes: &BTreeMap<String, String>) -> Vec<Claim> {
    let Ok(lock) = Lock::parse(lock, name) else { return Vec::new() };
    let claim = |(package, hash): (&String, &String)| {
        let (url, rev) = lock.repository_of(package)?;
        Some(Claim {
            name: name.to_owned(),
            file: file.to_owned(),
            hash: hash.clone(),
            text: hash.clone(),
            source: Source::GitCrate(url, rev),
        })
    };
    hashes.iter().filter_map(claim).collect()
}

/// The hash of what upstream, or the cache folder, has today.
///
/// # Errors
/// When it cannot be had.
pub fn verify(
    upstream: &Upstream,
    claim: &Claim,
    cache: Option<&Path>,
    progress: &dyn Progress,
) -> Result<Hash, CargoError> {
    if let Some(cache) = cache
        && let Some(hash) = cached(upstream, claim, cache)?
    {
        return Ok(hash);
    }
    match &claim.source {
        Source::Fetcher(fetcher) => Ok(upstream.fetch(fetcher, progress)?.hash),
        Source::CargoPgrx(version) => Ok(upstream.cargo_pgrx_source(version)?.hash),
        Source::CargoPgrxCrates(version) => Ok(upstream.cargo_pgrx(version)?.1),
        Source::Crates(fetcher, root) => {
            let tree = upstream.fetch(fetcher, progress)?.into_tree(upstream.limits)?;
            Ok(upstream.vendor_hash(&Lock::of_source(&tree, root.as_deref(), &claim.name)?)?)
        }
        Source::LockFile(fetcher, root) => {
            let tree = upstream.fetch(fetcher, progress)?.into_tree(upstream.limits)?;
            let lock = Lock::of_source(&tree, root.as_deref(), &claim.name)?;
            Ok(Hash::of(Algorithm::Sha256, lock.text.as_bytes()))
        }
        Source::GitCrate(url, rev) => Ok(upstream.checkout(url, rev, true)?.hash),
    }
}

/// What a cache folder has: a store path (so a Nix store is a cache), or the file as it is downloaded.
fn cached(upstream: &Upstream, claim: &Claim, cache: &Path) -> Result<Option<Hash>, UpstreamError> {
    let (method, name, download) = match &claim.source {
        Source::Fetcher(Fetcher::Url { url }) => {
            let name = url.rsplit('/').next().unwrap_or_default().to_owned();
            (IngestionMethod::Flat, name.clone(), Some(name))
        }
        Source::Fetcher(Fetcher::GitHub { repo, at, submodules, .. }) => {
            (IngestionMethod::Nar, "source".to_owned(), (!submodules).then(|| downloaded_name(repo, at)))
        }
        Source::Fetcher(Fetcher::Git { .. }) => (IngestionMethod::Nar, "source".to_owned(), None),
        Source::GitCrate(..) => (IngestionMethod::Nar, "source".to_owned(), None),
        Source::CargoPgrxCrates(_) | Source::Crates(..) | Source::LockFile(..) => return Ok(None),
        Source::CargoPgrx(version) => {
            let name = format!("cargo-pgrx-{version}");
            (IngestionMethod::Nar, format!("{name}.tar.gz"), Some(format!("{name}.crate")))
        }
    };
    if let Ok(hash) = Hash::parse_sri(&claim.hash)
        && let Ok(path) =
            StoreDir::default().fixed_output_path(method, &hash, &name, &std::collections::BTreeSet::new())
    {
        let path = cache.join(path.base_name());
        if path.symlink_metadata().is_ok() {
            return match method {
                IngestionMethod::Nar => Ok(Some(nar::hash_path(&path, Algorithm::Sha256)?)),
                _ => flat(upstream, &path).map(Some),
            };
        }
    }
    let Some(path) = download.map(|name| cache.join(name)).filter(|path| path.is_file()) else {
        return Ok(None);
    };
    if method == IngestionMethod::Flat {
        return flat(upstream, &path).map(Some);
    }
    let Ok(url) = Url::from_file_path(std::path::absolute(&path)?) else { return Ok(None) };
    let spool = upstream.client.get(&url, &Silent)?;
    let tree = archive::read(spool.reader(spool.all()), upstream.limits)
        .and_then(|tree| tree.strip(StripRoot::Required));
    let tree = tree.map_err(|error| UpstreamError::Archive { url: url.to_string(), error })?;
    Ok(Some(tree.nar_hash(Algorithm::Sha256)?))
}

fn flat(upstream: &Upstream, path: &Path) -> Result<Hash, UpstreamError> {
    let absolute = std::path::absolute(path)?;
    let url = Url::from_file_path(&absolute).map_err(|()| std::io::Error::other("the path is no address"))?;
    Ok(upstream.file(&url, &Silent)?.hash)
}

/// The name under which GitHub hands out an archive: `pgvector-0.8.0.tar.gz`.
fn downloaded_name(repo: &str, at: &Revision) -> String {
    let (Revision::Tag(name) | Revision::Rev(name)) = at;
    let name = name.strip_prefix("refs/tags/").unwrap_or(name).replace('/', "-");
    let digits = name.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    format!("{repo}-{}.tar.gz", digits.unwrap_or(&name))
}
