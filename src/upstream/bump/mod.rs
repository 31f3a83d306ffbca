//! One extension's or one PostgreSQL's bump: new versions found, fetched, hashed, and its file's new text.

mod extension;
mod files;
mod pgrx;
mod postgresql;

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;

use super::cargo::CargoError;
use super::edit::EditError;
use super::plan::{self, Step, Wish};
use super::prefetch::{Upstream, UpstreamError};
use super::versions::{Releases, VersionsError};
use crate::catalogue::model::{Catalogue, Extension};
use crate::catalogue::names::PgName;

pub use extension::{How, extension};
pub use pgrx::cargo_pgrx;
pub use postgresql::{describe_postgresql, find_postgresql, postgresql};

/// Why a bump did not work.
#[derive(Debug, thiserror::Error)]
pub enum BumpError {
    /// Versions.
    #[error(transparent)]
    Versions(#[from] VersionsError),
    /// The source.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The crates.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// The file.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Nothing newer was found, which says nothing.
    #[error("whether there is something newer could not be told: {0}")]
    Doubt(String),
    /// The version asked for.
    #[error("{name} has no version {version} upstream that is not in the catalogue{nearest}")]
    NoVersion {
        /// The extension.
        name: String,
        /// The version.
        version: String,
        /// What there is.
        nearest: String,
    },
}

/// A version that came in.
#[derive(Clone, Debug)]
pub struct Bumped {
    /// The extension, or `postgresql NAME`.
    pub name: String,
    /// The version before.
    pub from: String,
    /// The version now.
    pub to: String,
    /// For which PostgreSQLs.
    pub postgresqls: Vec<PgName>,
    /// The source's hash.
    pub hash: Option<String>,
    /// Where the changes are told.
    pub changelog: Option<String>,
    /// Where they are shown.
    pub compare: Option<String>,
    /// Versions that go.
    pub dropped: Vec<String>,
    /// What whoever reads it should know.
    pub remarks: Vec<String>,
}

/// The outcome of a bump.
#[derive(Clone, Debug, Default)]
pub struct Edited {
    /// The file's text before.
    pub before: String,
    /// The file's new text.
    pub text: String,
    /// Other files, relative to the catalogue folder.
    pub files: BTreeMap<Utf8PathBuf, String>,
    /// Files that nothing refers to any more.
    pub removed: BTreeSet<Utf8PathBuf>,
    /// New versions that are for none of our PostgreSQLs, with the reason.
    pub left_out: Vec<String>,
    /// What came in.
    pub bumped: Vec<Bumped>,
    /// Versions of cargo-pgrx that are needed.
    pub cargo_pgrx: BTreeSet<String>,
}

/// What would come in, without fetching it.
///
/// # Errors
/// When upstream cannot be asked.
pub fn find(
    upstream: &Upstream,
    catalogue: &Catalogue,
    extension: &Extension,
    wish: Wish<'_>,
) -> Result<Vec<Step>, BumpError> {
    let patterns = plan::patterns(extension, catalogue)?;
    let mut extension_to_ask = extension.clone();
    if wish.version.is_some() {
        extension_to_ask.follow.ignore.clear();
    }
    let Releases { all: releases, doubt } = upstream.releases(&extension_to_ask, &patterns)?;
    let steps = plan::steps(extension, catalogue, &releases, wish);
    if let Some(why) = doubt.filter(|_| steps.is_empty() && wish.version.is_none()) {
        return Err(BumpError::Doubt(why));
    }
    match wish.version {
        Some(version)
            if steps.is_empty() && !extension.versions.iter().any(|known| known.version == version) =>
        {
            let names: Vec<&str> =
                releases.iter().rev().take(5).map(|release| release.version.as_str()).collect();
            let nearest = if names.is_empty() {
                String::new()
            } else {
                format!("; the newest are {}", names.join(", "))
            };
            Err(BumpError::NoVersion {
                name: extension.name.to_string(),
                version: version.to_owned(),
                nearest,
            })
        }
        _ => Ok(steps),
    }
}

/// What a step is, before its source is known.
pub fn describe(extension: &Extension, step: &Step) -> Bumped {
    let base = &extension.versions[step.base];
    let fetcher = plan::fetcher(&base.source.fetcher, &base.version, &step.release);
    let (changelog, compare) = plan::links(extension, &base.source.fetcher, &fetcher, &step.release);
    Bumped {
        name: extension.name.to_string(),
        from: base.version.clone(),
        to: step.release.version.clone(),
        postgresqls: step.postgresqls.clone(),
        hash: None,
        changelog,
        compare,
        dropped: Vec::new(),
        remarks: Vec::new(),
    }
}
