//! Submodules, found in this machine's repositories: where their URL leads, in the repository around
//! them, or in its work tree.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::repository::Repository;
use super::tree::{self, Entry, is_plain};
use super::{Kind, Wanted, fail};
use crate::nix::eval::Result;
use crate::nix::eval::unpacked::file_of;

/// What `.gitmodules` says of one.
#[derive(Debug, Default)]
struct Submodule {
    name: String,
    path: PathBuf,
    url: String,
}

/// Reads a `.gitmodules`, if it is a file.
fn read(repository: &Repository, file: &Path) -> Result<Vec<Submodule>> {
    if !file.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(Vec::new());
    }
    let file = file.to_string_lossy();
    let listed = repository.run(&["config", "--file", &file, "--null", "--list"])?;
    let mut found: BTreeMap<String, Submodule> = BTreeMap::new();
    for entry in String::from_utf8_lossy(&listed).split('\0') {
        let Some((key, value)) = entry.split_once('\n') else { continue };
        let Some((name, what)) = key.strip_prefix("submodule.").and_then(|key| key.rsplit_once('.')) else {
            continue;
        };
        let submodule = found.entry(name.to_owned()).or_default();
        submodule.name = name.to_owned();
        match what {
            "path" => submodule.path = PathBuf::from(value),
            "url" => submodule.url = value.to_owned(),
            _ => {}
        }
    }
    let mut found: Vec<_> = found.into_values().filter(|found| is_plain(&found.path)).collect();
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// Writes the submodules of a work tree, as they are checked out; whether one has changes.
pub fn write_work_trees(repository: &Repository, wanted: &Wanted, to: &Path, depth: usize) -> Result<bool> {
    let mut dirty = false;
    for submodule in read(repository, &repository.root.join(".gitmodules"))? {
        let place = repository.root.join(&submodule.path);
        let inner = Repository::at(&place);
        if inner.bare {
            let (path, root) = (submodule.path.display(), repository.root.display());
            return fail(
                Kind::Unavailable,
                format!(
                    "Failed to fetch git repository 'file://{}': the submodule '{path}' is not checked out; get it with: git -C '{root}' submodule update --init --recursive",
                    place.display()
                ),
            );
        }
        tree::make_directories(to, &submodule.path)?;
        dirty |= tree::write(&inner, wanted, &to.join(&submodule.path), depth + 1)?;
    }
    Ok(dirty)
}

/// Writes the submodules of a commit, whose directories are there already.
pub fn write_commits(
    repository: &Repository,
    wanted: &Wanted,
    rev: &str,
    entries: &[Entry],
    to: &Path,
    depth: usize,
) -> Result<()> {
    for submodule in read(repository, &to.join(".gitmodules"))? {
        let entry = entries.iter().find(|entry| entry.path == submodule.path);
        let Some(id) = entry.and_then(Entry::submodule) else { continue };
        let Some(inner) = places(repository, &submodule).into_iter().find(|place| place.has(id)) else {
            let (path, root) = (submodule.path.display(), repository.root.display());
            return fail(
                Kind::Unavailable,
                format!(
                    "the commit {id} of the submodule '{path}' ('{}') of '{root}' at {rev} is not on this machine; get it with: git -C '{root}' submodule update --init --recursive",
                    submodule.url
                ),
            );
        };
        let wanted = Wanted { rev: Some(id.to_owned()), ..wanted.clone() };
        tree::write(&inner, &wanted, &to.join(&submodule.path), depth + 1)?;
    }
    Ok(())
}

/// Where a submodule's repository may be.
fn places(repository: &Repository, submodule: &Submodule) -> Vec<Repository> {
    let mut places = Vec::new();
    if let Some(path) = resolved(repository, &submodule.url) {
        places.push(path);
    }
    if let Some(dir) = repository.common_dir()
        && is_plain(Path::new(&submodule.name))
    {
        places.push(dir.join("modules").join(&submodule.name));
    }
    if !repository.bare {
        places.push(repository.root.join(&submodule.path));
    }
    let places = places.into_iter().filter(|place| place.is_dir()).map(|place| Repository::at(&place));
    places.filter(Repository::is_one).collect()
}

/// The folder that a submodule's URL names, which may be relative to where the repository came from.
fn resolved(repository: &Repository, url: &str) -> Option<PathBuf> {
    let local = |url: &str| match url.starts_with('/') {
        true => Some(PathBuf::from(url)),
        false => file_of(url).ok().flatten().map(PathBuf::from),
    };
    if !url.starts_with("./") && !url.starts_with("../") {
        return local(url);
    }
    let remote = repository.head_ref().and_then(|branch| {
        let branch = branch.strip_prefix("refs/heads/")?.to_owned();
        repository.line(&["config", "--get", &format!("branch.{branch}.remote")])
    });
    let remote = remote.unwrap_or_else(|| "origin".to_owned());
    let origin = repository.line(&["config", "--get", &format!("remote.{remote}.url")]);
    let base = match origin {
        Some(origin) if origin.starts_with('.') => repository.root.join(origin),
        Some(origin) => local(&origin)?,
        None => repository.root.clone(),
    };
    let mut path = base;
    for part in Path::new(url).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(part) => path.push(part),
            _ => {}
        }
    }
    Some(path)
}
