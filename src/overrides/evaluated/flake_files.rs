//! What of a repository is part of its flake: what git tracks or has staged; without git all but the folders whose
//! names begin with a dot.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStringExt as _;

use camino::Utf8Path;

use crate::nix::eval::Result;
use crate::nix::flake;

/// See the module's description.
#[derive(Debug)]
pub enum FlakeFiles {
    /// These files.
    Tracked(BTreeSet<Vec<u8>>),
    /// All but what is in such folders.
    WithoutDotFolders,
}

impl FlakeFiles {
    /// Of the repository at `root`.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn of(root: &Utf8Path) -> Result<Self> {
        let tracked = flake::tracked(root.as_std_path())?;
        Ok(match tracked {
            Some(files) => {
                Self::Tracked(files.into_iter().map(|file| file.into_os_string().into_vec()).collect())
            }
            None => Self::WithoutDotFolders,
        })
    }

    /// Whether what is at `path`, relative to the root, is part of it; `is_folder` is asked where that matters.
    pub fn contains(&self, path: &[u8], is_folder: impl FnOnce() -> bool) -> bool {
        match self {
            _ if path.is_empty() => true,
            Self::Tracked(files) => {
                let folder = [path, b"/"].concat();
                files.contains(path)
                    || files.range(folder.clone()..).next().is_some_and(|file| file.starts_with(&folder))
            }
            Self::WithoutDotFolders => {
                let mut parts: Vec<_> = path.split(|byte| *byte == b'/').collect();
                let last = parts.pop().unwrap_or_default();
                let hidden = last.starts_with(b".") && (last == b".git" || is_folder());
                !hidden && !parts.iter().any(|part| part.starts_with(b"."))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracked() {
        let files = ["a", "dir/b", "dir-c", "dir/sub/d"].map(|file| file.as_bytes().to_vec());
        let files = FlakeFiles::Tracked(files.into_iter().collect());
        for (path, expected) in [
            ("", true),
            ("a", true),
            ("dir", true),
            ("dir/b", true),
            ("dir/sub", true),
            ("dir/sub/d", true),
            ("di", false),
            ("dir/x", false),
            ("dir/sub/d/e", false),
            (".git", false),
            (".git/config", false),
        ] {
            assert_eq!(files.contains(path.as_bytes(), || true), expected, "{path}");
        }
    }

    #[test]
    fn without_git() {
        let files = FlakeFiles::WithoutDotFolders;
        for (path, folder, expected) in [
            ("", true, true),
            ("a/b", false, true),
            (".editorconfig", false, true),
            (".git", true, false),
            (".git", false, false),
            (".ssh", true, false),
            (".ssh/id", false, false),
            ("a/.b/c", false, false),
        ] {
            assert_eq!(files.contains(path.as_bytes(), || folder), expected, "{path}");
        }
    }
}
