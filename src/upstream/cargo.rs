//! Rust crates: lock files, what `fetchCargoVendor` hashes, cargo-pgrx.

use std::collections::BTreeMap;
use std::io;

use rayon::prelude::*;

use super::http::FetchError;
use super::prefetch::{Prefetched, Upstream, UpstreamError, flat_hash, parse};
use super::progress::Silent;
use super::rust::{Manifests, Rust};
use crate::accounts::bill::crates::{LockFile, Package};
use crate::git::GitError;
use crate::store::archive::{Builder, SourceTree, StripRoot};
use crate::store::hash::{Algorithm, Hash};
use crate::store::spool::Spool;

/// Why crates cannot be vendored.
#[derive(Debug, thiserror::Error)]
pub enum CargoError {
    /// Fetching.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// No lock file.
    #[error("{0} has no Cargo.lock")]
    NoLock(String),
    /// The lock file is none.
    #[error("{0}: its Cargo.lock cannot be read: {1}")]
    BadLock(String, String),
    /// A package from elsewhere.
    #[error("the crate {0} is from {1}, and only crates.io and Git repositories are known")]
    Registry(String, String),
    /// Not what the lock file says.
    #[error("the crate {name} {version} that came has not the checksum of the lock file")]
    Checksum {
        /// Name.
        name: String,
        /// Version.
        version: String,
    },
    /// No pgrx.
    #[error("{0} does not depend on pgrx")]
    NoPgrx(String),
    /// The lock file is of another state of the source.
    #[error(
        "{of}: its Cargo.lock has pgrx {locked}, its Cargo.toml wants {wanted}; the lock file is out of date"
    )]
    StaleLock {
        /// Whose.
        of: String,
        /// Versions.
        locked: String,
        /// A requirement.
        wanted: String,
    },
}

impl From<FetchError> for CargoError {
    fn from(error: FetchError) -> Self {
        Self::Upstream(error.into())
    }
}

impl From<GitError> for CargoError {
    fn from(error: GitError) -> Self {
        Self::Upstream(error.into())
    }
}

impl From<io::Error> for CargoError {
    fn from(error: io::Error) -> Self {
        Self::Upstream(error.into())
    }
}

/// A Cargo.lock.
#[derive(Clone, Debug)]
pub struct Lock {
    /// As it is.
    pub text: String,
    packages: Vec<Package>,
    metadata: BTreeMap<String, String>,
}

const CRATES_IO: [&str; 2] =
    ["registry+https://github.com/rust-lang/crates.io-index", "sparse+https://index.crates.io/"];

impl Lock {
    /// Reads one; `of` is whose, for messages.
    ///
    /// # Errors
    /// When it is none, or has names that cannot be file names.
    pub fn parse(text: &str, of: &str) -> Result<Self, CargoError> {
        let bad = |why: String| CargoError::BadLock(of.to_owned(), why);
        let raw: LockFile = toml::from_str(text).map_err(|error| bad(error.message().to_owned()))?;
        let plain = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c))
        };
        if let Some(package) =
            raw.package.iter().find(|p| !plain(&p.name) || semver::Version::parse(&p.version).is_err())
        {
            return Err(bad(format!("{:?} {:?} is no package", package.name, package.version)));
        }
        Ok(Self { text: text.to_owned(), packages: raw.package, metadata: raw.metadata })
    }

    /// A source's own: in the folder that is built, else at its top.
    ///
    /// # Errors
    /// When there is none, or it is malformed.
    pub fn of_source(tree: &SourceTree, folder: Option<&str>, of: &str) -> Result<Self, CargoError> {
        let inner = match folder {
            Some(folder) => tree.file(&format!("{folder}/Cargo.lock"))?,
            None => None,
        };
        let bytes = match inner {
            Some(bytes) => bytes,
            None => tree.file("Cargo.lock")?.ok_or_else(|| CargoError::NoLock(of.to_owned()))?,
        };
        Self::parse(&String::from_utf8_lossy(&bytes), of)
    }

    /// The version of a package that is there once.
    pub fn version(&self, name: &str) -> Option<&str> {
        self.versions(name).next()
    }

    /// All versions of a package.
    pub fn versions<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let name = name.to_owned();
        self.packages
            .iter()
            .filter(move |package| package.name == name)
            .map(|package| package.version.as_str())
    }

    /// Each commit of a Git repository with its address. Nix's fetchers know a tree by the commit alone.
    fn repositories(&self) -> BTreeMap<String, String> {
        self.packages.iter().filter_map(git).map(|(url, rev)| (rev, url)).collect()
    }

    /// Address and commit of the Git repository of the package called `NAME-VERSION`.
    pub fn repository_of(&self, name: &str) -> Option<(String, String)> {
        let is = |package: &&Package| format!("{}-{}", package.name, package.version) == name;
        self.packages.iter().filter(is).find_map(git)
    }

    /// Whether crates come from Git repositories.
    pub fn has_git(&self) -> bool {
        !self.repositories().is_empty()
    }
}

/// Address and commit of the Git repository that a package is from.
fn git(package: &Package) -> Option<(String, String)> {
    let source = package.source.as_ref()?.strip_prefix("git+")?;
    let (url, rev) = source.rsplit_once('#')?;
    Some((url.split('?').next().unwrap_or(url).to_owned(), rev.to_owned()))
}

impl Upstream {
    /// A crate's file from crates.io.
    fn crate_file(&self, name: &str, version: &str) -> Result<Spool, CargoError> {
        // `+` of build metadata is not a space there.
        let version = version.replace('+', "%2B");
        let url = parse(&format!("{}/{name}/{name}-{version}.crate", self.endpoints.crates))?;
        Ok(self.client.get(&url, &Silent)?)
    }

    /// `fetchCargoVendor`'s hash: of the lock file, the crates' files and the Git trees, side by side.
    ///
    /// # Errors
    /// When a crate cannot be fetched or is not what the lock file says.
    pub fn vendor_hash(&self, lock: &Lock) -> Result<Hash, CargoError> {
        let mut crates = Vec::new();
        for package in &lock.packages {
            let Some(source) = &package.source else { continue };
            if git(package).is_some() {
                continue;
            }
            if !CRATES_IO.contains(&source.as_str()) {
                return Err(CargoError::Registry(package.name.clone(), source.clone()));
            }
            crates.push(package);
        }
        let fetched: Vec<(&Package, Spool)> = crates
            .into_par_iter()
            .map(|package| {
                let spool = self.crate_file(&package.name, &package.version)?;
                let key = format!(
                    "checksum {} {} ({})",
                    package.name,
                    package.version,
                    package.source.as_deref().unwrap_or_default()
                );
                let expected = package.checksum.as_ref().or_else(|| lock.metadata.get(&key));
                if expected.is_some_and(|checksum| {
                    *checksum == flat_hash(&spool).map_or(String::new(), |h| h.to_base16())
                }) {
                    Ok((package, spool))
                } else {
                    Err(CargoError::Checksum { name: package.name.clone(), version: package.version.clone() })
                }
            })
            .collect::<Result<_, CargoError>>()?;
        let archive = |error| UpstreamError::Archive { url: "the vendored crates".into(), error };
        let mut builder = Builder::new(self.limits);
        builder.file(b"Cargo.lock", false, lock.text.len() as u64, lock.text.as_bytes()).map_err(archive)?;
        for (package, spool) in &fetched {
            let name = format!("tarballs/{}-{}.tar.gz", package.name, package.version);
            builder.file(name.as_bytes(), false, spool.len(), spool.reader(spool.all())).map_err(archive)?;
        }
        for (rev, url) in lock.repositories() {
            let commit = self.git.fetch(&url, &rev)?;
            self.git.add_checkout(&commit, &format!("git/{rev}"), &mut builder, self.limits)?;
        }
        Ok(builder.finish().nar_hash(Algorithm::Sha256)?)
    }

    /// The hashes that `cargoLock.outputHashes` needs: `NAME-VERSION` → hash of the repository, once for each
    /// repository.
    ///
    /// # Errors
    /// When a repository cannot be fetched.
    pub fn output_hashes(&self, lock: &Lock) -> Result<BTreeMap<String, Hash>, CargoError> {
        let mut first: BTreeMap<String, (String, String)> = BTreeMap::new();
        for package in &lock.packages {
            if let Some((url, rev)) = git(package) {
                let name = format!("{}-{}", package.name, package.version);
                first.entry(rev).or_insert((url, name));
            }
        }
        first
            .into_par_iter()
            .map(|(rev, (url, name))| Ok((name, self.checkout(&url, &rev, true)?.hash)))
            .collect()
    }

    /// What `fetchCrate` gives for cargo-pgrx.
    ///
    /// # Errors
    /// When there is no such version.
    pub fn cargo_pgrx_source(&self, version: &str) -> Result<Prefetched, CargoError> {
        let url = parse(&format!("{}/cargo-pgrx/cargo-pgrx-{version}.crate", self.endpoints.crates))?;
        Ok(self.unpacked(&url, StripRoot::Required, &Silent)?)
    }

    /// What `fetchCrate` gives for cargo-pgrx, its crates' hash, and the Rust that it asks for.
    ///
    /// # Errors
    /// When there is no such version, or its crates cannot be fetched.
    pub fn cargo_pgrx(&self, version: &str) -> Result<(Hash, Hash, Option<Rust>), CargoError> {
        let name = format!("cargo-pgrx {version}");
        let fetched = self.cargo_pgrx_source(version)?;
        let hash = fetched.hash;
        let tree = fetched.into_tree(self.limits)?;
        let lock = tree.file("Cargo.lock")?.ok_or_else(|| CargoError::NoLock(name.clone()))?;
        let lock = Lock::parse(&String::from_utf8_lossy(&lock), &name)?;
        let rust = Manifests::of(&tree, None, None)?.rust();
        Ok((hash, self.vendor_hash(&lock)?, rust))
    }
}
