//! The flake's inputs: what their branches are at, their sources with what `flake.lock` records, and `flake.toml`
//! with other pins.

use std::path::{Path, PathBuf};

use toml_edit::Value;

use super::edit::{self, EditError};
use super::http::FetchError;
use super::prefetch::{Upstream, UpstreamError};
use super::progress::Progress;
use crate::catalogue::input::Place;
use crate::catalogue::lock::Pin;
use crate::catalogue::model::Input;
use crate::git::remote::Manner;
use crate::git::{GitError, is_commit};
use crate::limited;
use crate::store::archive::{SourceTree, StripRoot};
use crate::store::hash::Algorithm;
use crate::store::nar::hash_path;

/// Why an input cannot be moved.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// It cannot be had.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The folder of a `path:`.
    #[error("{path}: {error}")]
    Folder {
        /// The folder.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// It is not what somebody said it is.
    #[error("its hash is {found}, and {said} says {expected}")]
    Hash {
        /// Who says the hash.
        said: &'static str,
        /// What that is.
        expected: String,
        /// What was fetched.
        found: String,
    },
    /// `--to` for what has no revisions.
    #[error("an archive or a folder has no revisions; write another url")]
    NoRevisions,
    /// The beginning of a commit's name.
    #[error("`{0}` is no branch or tag there; a commit has 40 hexadecimal digits")]
    Short(String),
    /// The source is not what the name of the input says.
    #[error("{0}")]
    Other(String),
    /// `flake.toml` cannot be edited.
    #[error(transparent)]
    Edit(#[from] EditError),
}

impl From<GitError> for InputError {
    fn from(error: GitError) -> Self {
        Self::Upstream(error.into())
    }
}

/// A source of an input.
pub struct Fetched {
    /// What `flake.lock` is to record.
    pub pin: Pin,
    contents: Contents,
}

enum Contents {
    Tree(Box<SourceTree>),
    Folder(PathBuf),
}

impl Fetched {
    /// A file of it, if it is there and text.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn file(&self, path: &str) -> Result<Option<String>, InputError> {
        match &self.contents {
            Contents::Tree(tree) => {
                let bytes = tree.file(path).map_err(UpstreamError::from)?;
                Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
            }
            Contents::Folder(folder) => Ok(limited::text(folder.join(path)).ok()),
        }
    }

    /// A folder that has it: its own, or `place`, which must not be there yet.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn folder(&self, place: &Path) -> Result<PathBuf, InputError> {
        match &self.contents {
            Contents::Tree(tree) => {
                tree.write_to(place).map_err(UpstreamError::from)?;
                Ok(place.to_owned())
            }
            Contents::Folder(folder) => Ok(folder.clone()),
        }
    }
}

/// The commit that an input is to be moved to: what `to` names (a commit, branch or tag), else where its branch is.
/// `None` for what has no commits.
///
/// # Errors
/// When upstream cannot be asked, or has no such thing.
pub fn revision(upstream: &Upstream, place: &Place, to: Option<&str>) -> Result<Option<String>, InputError> {
    let Some(url) = repository(upstream, place) else {
        return if to.is_some() { Err(InputError::NoRevisions) } else { Ok(None) };
    };
    if let Some(commit) = to.filter(|to| is_commit(to)) {
        return Ok(Some(commit.to_owned()));
    }
    let Some(name) = to.or(place.reference()) else { return Ok(Some(upstream.head(&url)?)) };
    let all = [format!("refs/heads/{name}"), format!("refs/tags/{name}"), name.to_owned()];
    let patterns = [all[0].as_str(), all[1].as_str(), &format!("refs/tags/{name}^{{}}")];
    let found = upstream.git.references(&url, &patterns)?;
    let commit = all.iter().find_map(|name| found.iter().find(|reference| reference.name == *name));
    match commit {
        Some(reference) => Ok(Some(reference.commit.clone())),
        None if name.len() >= 7 && name.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Err(InputError::Short(name.to_owned()))
        }
        None => Err(GitError::NoRevision { url, revision: name.to_owned() }.into()),
    }
}

/// Where git finds it.
fn repository(upstream: &Upstream, place: &Place) -> Option<String> {
    match place {
        Place::GitHub { owner, repo, .. } => Some(upstream.github_url(owner, repo)),
        Place::Git { url, .. } => Some(url.clone()),
        Place::Tarball { .. } | Place::Path { .. } => None,
    }
}

/// Fetches an input at a commit; what has no commits as it is now.
///
/// # Errors
/// When it cannot be had.
pub fn fetch(
    upstream: &Upstream,
    place: &Place,
    rev: Option<&str>,
    progress: &dyn Progress,
) -> Result<Fetched, InputError> {
    match (place, rev) {
        (Place::GitHub { owner, repo, .. }, Some(rev)) => {
            let url = upstream.github_url(owner, repo);
            if url.starts_with("file://") {
                return of_commit(upstream, &url, rev, Manner::Export, false);
            }
            let fetched = upstream.github(owner, repo, rev, progress)?;
            of_tree(fetched.into_tree(upstream.limits)?, Some(rev), None)
        }
        (Place::Git { url, submodules, .. }, Some(rev)) => {
            of_commit(upstream, url, rev, Manner::Checkout, *submodules)
        }
        (Place::Tarball { url }, _) => {
            let url = super::prefetch::parse(url).map_err(UpstreamError::from)?;
            let fetched = upstream.unpacked(&url, StripRoot::IfSingle, progress)?;
            of_tree(fetched.into_tree(upstream.limits)?, None, None)
        }
        (Place::Path { path }, _) => folder(upstream, path),
        (Place::GitHub { .. } | Place::Git { .. }, None) => Err(InputError::NoRevisions),
    }
}

fn of_commit(
    upstream: &Upstream,
    url: &str,
    rev: &str,
    manner: Manner,
    submodules: bool,
) -> Result<Fetched, InputError> {
    let commit = upstream.git.fetch(url, rev)?;
    let tree = upstream.git.tree(&commit, manner, submodules, upstream.limits)?;
    let tree = tree.strip(StripRoot::Required).map_err(GitError::Archive)?;
    let time = upstream.git.time(&commit)?;
    of_tree(tree, Some(&commit.id), Some(time))
}

/// When it was changed last is said by a commit, else by what an archive has newest.
fn of_tree(tree: SourceTree, rev: Option<&str>, time: Option<u64>) -> Result<Fetched, InputError> {
    let hash = tree.nar_hash(Algorithm::Sha256).map_err(UpstreamError::from)?;
    let newest = u64::try_from(tree.newest).unwrap_or(0).max(1);
    let pin = Pin {
        rev: rev.map(str::to_owned),
        nar_hash: hash.to_sri(),
        last_modified: time.filter(|time| *time > 0).unwrap_or(newest),
    };
    Ok(Fetched { pin, contents: Contents::Tree(Box::new(tree)) })
}

/// A folder of this machine, which only the user's word opens.
fn folder(upstream: &Upstream, path: &str) -> Result<Fetched, InputError> {
    use std::os::unix::fs::MetadataExt as _;
    upstream.git.check(&format!("file://{path}"))?;
    let failed = |error| InputError::Folder { path: path.to_owned(), error };
    let place = Path::new(path).canonicalize().map_err(failed)?;
    let hash = hash_path(&place, Algorithm::Sha256).map_err(failed)?;
    let times = walkdir::WalkDir::new(&place).into_iter().flatten();
    let times = times.filter_map(|entry| entry.metadata().ok()).map(|metadata| metadata.mtime());
    let last_modified = u64::try_from(times.max().unwrap_or(0)).unwrap_or(0).max(1);
    let pin = Pin { rev: None, nar_hash: hash.to_sri(), last_modified };
    Ok(Fetched { pin, contents: Contents::Folder(place) })
}

/// What an input must be to be of use: nixpkgs a package set, any other a flake.
///
/// # Errors
/// What it is not.
pub fn usable(input: &Input, fetched: &Fetched) -> Result<(), InputError> {
    let what = || format!("what {} gives at {}", input.place.name(), fetched.pin.short());
    if input.name == "nixpkgs" {
        let is_nixpkgs = fetched.file("default.nix")?.is_some() && fetched.file("flake.nix")?.is_some();
        return match is_nixpkgs {
            true => Ok(()),
            false => Err(InputError::Other(format!(
                "{} is no nixpkgs: it has not both a default.nix and a flake.nix",
                what()
            ))),
        };
    }
    match fetched.file("flake.nix")? {
        Some(_) => Ok(()),
        None => Err(InputError::Other(format!("{} is no flake: it has no flake.nix", what()))),
    }
}

/// The text of `flake.toml` with another pin of an input.
///
/// # Errors
/// When the table is not written as one.
pub fn edited(text: &str, name: &str, pin: &Pin) -> Result<String, EditError> {
    let mut changes = Vec::new();
    if let Some(rev) = &pin.rev {
        changes.push(("rev", Value::from(rev.as_str())));
    }
    changes.push(("nar-hash", Value::from(pin.nar_hash.as_str())));
    changes.push(("last-modified", Value::from(i64::try_from(pin.last_modified).unwrap_or(i64::MAX))));
    edit::set_in(text, &["inputs", name], &changes)
}

/// The hash of an input that has none yet: nothing has it.
pub const UNKNOWN_HASH: &str = "sha256-//////////////////////////////////////////8=";

/// catalogue/flake.toml with those of some inputs filled in that say only where they are from, so that it can be read;
/// `None`: there are none.
pub fn with_new(text: &str, wanted: impl Fn(&str) -> bool) -> Option<String> {
    let mut document: toml_edit::DocumentMut = text.parse().ok()?;
    let inputs = document.get_mut("inputs")?.as_table_like_mut()?;
    let mut filled = false;
    for (_, input) in inputs.iter_mut().filter(|(name, _)| wanted(name.get())) {
        let Some(input) = input.as_table_like_mut() else { continue };
        let Some(Ok(place)) = input.get("url").and_then(|url| url.as_str()).map(Place::parse) else {
            continue;
        };
        let unknown = "0".repeat(40);
        let values = [
            ("rev", Value::from(unknown)),
            ("nar-hash", Value::from(UNKNOWN_HASH)),
            ("last-modified", Value::from(1)),
        ];
        if input.contains_key("nar-hash") {
            continue;
        }
        for (key, value) in values {
            if !input.contains_key(key) && (key != "rev" || place.has_commits()) {
                input.insert(key, value.into());
                filled = true;
            }
        }
    }
    filled.then(|| document.to_string())
}

/// Whether a failure says that upstream has no such thing.
pub fn is_gone(error: &InputError) -> bool {
    matches!(
        error,
        InputError::Upstream(
            UpstreamError::Fetch(FetchError::NotFound(_)) | UpstreamError::Git(GitError::NoRevision { .. })
        ) | InputError::Short(_)
    )
}
