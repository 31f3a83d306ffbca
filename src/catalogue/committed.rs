//! The catalogue folder as a commit has it.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use camino::{Utf8Path, Utf8PathBuf};

use super::files::{Files, Node};
use crate::git::{GitError, Repository};

/// What a commit has.
#[derive(Debug, Default)]
pub struct Committed {
    /// As the loader reads it.
    pub files: Files,
    /// What each file holds, by path relative to the folder; a link to one holds the same.
    pub contents: BTreeMap<Utf8PathBuf, Vec<u8>>,
}

/// Reads the folder that is at `folder` in the repository. No such folder: empty.
///
/// # Errors
/// When git cannot read the commit.
pub fn committed(repository: &Repository, commit: &str, folder: &Path) -> Result<Committed, GitError> {
    let Committed { mut files, mut contents } = Committed::default();
    let mut links: Vec<(Utf8PathBuf, Vec<u8>)> = Vec::new();
    for file in repository.files(commit, folder)? {
        let Ok(below) = file.entry.path.strip_prefix(folder) else { continue };
        let Some(below) = Utf8Path::from_path(below).map(Utf8Path::to_owned) else {
            files.unreadable_names.push(below.to_string_lossy().into_owned());
            continue;
        };
        if file.entry.is_link() {
            links.push((below, file.contents));
            continue;
        }
        files.insert(below.clone(), file.contents.clone());
        contents.insert(below, file.contents);
    }
    for (path, target) in links {
        let target = String::from_utf8(target).ok().and_then(|target| inside(&path, &target));
        let node = match target.as_deref().map(|target| (target, files.get(target))) {
            Some((target, Some(node))) => {
                let node = node.clone();
                if let Some(text) = contents.get(target).cloned() {
                    contents.insert(path.clone(), text);
                }
                node
            }
            Some((_, None)) => Node::Dangling,
            None => Node::Outside,
        };
        files.put(path, node);
    }
    Ok(Committed { files, contents })
}

/// Where a link of the catalogue leads, if that is inside of it.
fn inside(link: &Utf8Path, target: &str) -> Option<Utf8PathBuf> {
    let mut path = PathBuf::from(link.parent()?);
    for part in Path::new(target).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Utf8PathBuf::from_path_buf(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_stay_inside() {
        let inside = |link: &str, target: &str| inside(Utf8Path::new(link), target).map(String::from);
        assert_eq!(inside("extensions/a.toml", "b.toml").as_deref(), Some("extensions/b.toml"));
        assert_eq!(inside("extensions/a.toml", "../x/./b").as_deref(), Some("x/b"));
        assert_eq!(inside("a.toml", "../b"), None);
        assert_eq!(inside("a.toml", "/b"), None);
    }
}
