//! The last commit in a folder of its own, for what changes the tree that it tries.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::repository::root;

/// The folder, which goes at the end.
pub struct Copy {
    root: PathBuf,
    pub folder: PathBuf,
    /// Where cargo builds it: it would take what it builds for this tree's own.
    pub target: PathBuf,
}

impl Copy {
    /// In `target/NAME`. What is built goes with it, unless that is `kept` for the next time.
    pub fn new(name: &str, kept: bool) -> anyhow::Result<Self> {
        let root = root().canonicalize()?;
        let folder = root.join("target").join(name);
        let target = if kept { folder.with_extension("build") } else { folder.join("target") };
        let copy = Self { root, folder, target };
        copy.remove();
        let status = Command::new("git")
            .current_dir(&copy.root)
            .args(["worktree", "add", "--quiet", "--detach"])
            .arg(&copy.folder)
            .arg("HEAD")
            .status()
            .context("git cannot be started")?;
        ensure!(status.success(), "git makes no copy");
        Ok(copy)
    }

    /// The tree that it is of.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A program that runs in it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", &self.target);
        command
    }

    fn remove(&self) {
        let _ = std::fs::remove_dir_all(&self.folder);
        let _ = Command::new("git").current_dir(&self.root).args(["worktree", "prune"]).status();
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        self.remove();
    }
}
