//! Submodules, found in this machine's repositories: where their URL leads, in the repository around
//! them, or in its work tree.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::tree;
use super::{Kind, Wanted, fail};
use crate::eval_io::{Entry, EvalIo, Repository};
use crate::machine::Result;
use crate::unpacked::file_of;
use nix_store::archive::is_plain;

/// What `.gitmodules` says of one.
#[derive(Debug, Default)]
struct Submodule {
    name: String,
    path: PathBuf,
    url: String,
}

/// Reads a `.gitmodules`, if it is a file.
fn read(repository: &dyn Repository, file: &Path) -> Result<Vec<Submodule>> {
    if !file.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Ok(Vec::new());
    }
    let mut found: BTreeMap<String, Submodule> = BTreeMap::new();
    for (key, value) in repository.configuration(file)? {
        let Some((name, what)) = key.strip_prefix("submodule.").and_then(|key| key.rsplit_once('.')) else {
            continue;
        };
        let submodule = found.entry(name.to_owned()).or_default();
        submodule.name = name.to_owned();
        match what {
            "path" => submodule.path = value.into(),
            "url" => submodule.url = value,
            _ => {}
        }
    }
    let mut found: Vec<_> = found.into_values().filter(|found| is_plain(&found.path)).collect();
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// Writes the submodules of a work tree, as they are checked out; whether one has changes.
pub fn write_work_trees(
    io: &dyn EvalIo,
    repository: &dyn Repository,
    wanted: &Wanted,
    to: &Path,
    depth: usize,
) -> Result<bool> {
    let mut dirty = false;
    for submodule in read(repository, &repository.root().join(".gitmodules"))? {
        let place = repository.root().join(&submodule.path);
        let inner = io.repository(&place)?;
        if inner.is_bare() {
            let (path, root) = (submodule.path.display(), repository.root().display());
            return fail(
                Kind::Unavailable,
                format!(
                    "Failed to fetch git repository 'file://{}': the submodule '{path}' is not checked out; get it with: git -C '{root}' submodule update --init --recursive",
                    place.display()
                ),
            );
        }
        tree::make_directories(to, &submodule.path)?;
        dirty |= tree::write(io, &*inner, wanted, &to.join(&submodule.path), depth + 1)?;
    }
    Ok(dirty)
}

/// Writes the submodules of a commit, whose directories are there already.
pub fn write_commits(
    io: &dyn EvalIo,
    repository: &dyn Repository,
    wanted: &Wanted,
    rev: &str,
    entries: &[Entry],
    to: &Path,
    depth: usize,
) -> Result<()> {
    for submodule in read(repository, &to.join(".gitmodules"))? {
        let entry = entries.iter().find(|entry| entry.path == submodule.path);
        let Some(id) = entry.and_then(Entry::submodule) else { continue };
        let mut found = None;
        for place in places(io, repository, &submodule, wanted.local)? {
            if place.has(id)? {
                found = Some(place);
                break;
            }
        }
        let Some(inner) = found else {
            let (path, root) = (submodule.path.display(), repository.root().display());
            return fail(
                Kind::Unavailable,
                format!(
                    "the commit {id} of the submodule '{path}' ('{}') of '{root}' at {rev} is not on this machine; get it with: git -C '{root}' submodule update --init --recursive",
                    submodule.url
                ),
            );
        };
        let wanted = Wanted { rev: Some(id.to_owned()), ..wanted.clone() };
        tree::write(io, &*inner, &wanted, &to.join(&submodule.path), depth + 1)?;
    }
    Ok(())
}

/// Where a submodule's repository may be.
fn places(
    io: &dyn EvalIo,
    repository: &dyn Repository,
    submodule: &Submodule,
    local: bool,
) -> Result<Vec<Box<dyn Repository>>> {
    let mut places = Vec::new();
    if local && let Some(path) = resolved(repository, &submodule.url)? {
        places.push(path);
    }
    if let Some(dir) = repository.common_dir()?
        && is_plain(Path::new(&submodule.name))
    {
        places.push(dir.join("modules").join(&submodule.name));
    }
    if !repository.is_bare() {
        places.push(repository.root().join(&submodule.path));
    }
    let mut found = Vec::new();
    for place in places.into_iter().filter(|place| place.is_dir()) {
        let place = io.repository(&place)?;
        if place.is_one()? {
            found.push(place);
        }
    }
    Ok(found)
}

/// The folder that a submodule's URL names, which may be relative to where the repository came from.
fn resolved(repository: &dyn Repository, url: &str) -> Result<Option<PathBuf>> {
    let local = |url: &str| match url.starts_with('/') {
        true => Some(PathBuf::from(url)),
        false => file_of(url).ok().flatten().map(PathBuf::from),
    };
    if !url.starts_with("./") && !url.starts_with("../") {
        return Ok(local(url));
    }
    let configured = |key: &str| -> Result<Option<String>> {
        let value = repository.configured(key)?;
        Ok(value.map(|value| value.to_string_lossy().into_owned()))
    };
    let remote = match repository.head_ref()?.as_deref().and_then(|name| name.strip_prefix("refs/heads/")) {
        Some(branch) => configured(&format!("branch.{branch}.remote"))?,
        None => None,
    };
    let remote = remote.unwrap_or_else(|| "origin".to_owned());
    let origin = configured(&format!("remote.{remote}.url"))?;
    let base = match origin {
        Some(origin) if origin.starts_with('.') => repository.root().join(origin),
        Some(origin) => match local(&origin) {
            Some(path) => path,
            None => return Ok(None),
        },
        None => repository.root().to_path_buf(),
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
    Ok(Some(path))
}
