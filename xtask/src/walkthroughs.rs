//! `cargo xtask walkthroughs`: the changes that CONTRIBUTING.md describes are made to a copy of the tree, all of them, and
//! what each says to run is run.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use crate::repository::root;

/// The lines of a patch's text that are to be typed.
fn commands(text: &str) -> Vec<String> {
    let prose = text.split("\ndiff --git ").next().unwrap_or_default();
    prose.lines().filter_map(|line| line.strip_prefix("    $ ")).map(str::to_owned).collect()
}

/// Does it; gives what there is to say.
pub fn run() -> anyhow::Result<String> {
    let root = root().canonicalize()?;
    let copy = Copy::of(&root)?;
    let mut patches: Vec<PathBuf> = std::fs::read_dir(root.join("docs/walkthroughs"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    patches.sort();
    ensure!(patches.len() >= 4, "only {} walk-throughs", patches.len());
    for patch in &patches {
        copy.says("git", &["apply", &patch.to_string_lossy()])?;
    }
    for patch in &patches {
        let commands = commands(&std::fs::read_to_string(patch)?);
        ensure!(!commands.is_empty(), "{} says nothing to type", patch.display());
        for command in commands {
            println!("$ {command}");
            copy.says("bash", &["-ec", &command])?;
        }
    }
    copy.says(
        "bash",
        &["-ec", "cargo fmt --all --check && cargo clippy --workspace --all-targets -- -D warnings"],
    )?;
    Ok(format!("{} walk-throughs work", patches.len()))
}

/// The last commit, in a folder that goes at the end with what was built in it: cargo would take what it builds for
/// this tree's own.
struct Copy {
    root: PathBuf,
    folder: PathBuf,
}

impl Copy {
    fn of(root: &Path) -> anyhow::Result<Self> {
        let folder = root.join("target/walkthroughs");
        let copy = Self { root: root.to_owned(), folder };
        copy.remove();
        let folder = copy.folder.to_string_lossy().into_owned();
        let status = Command::new("git")
            .current_dir(root)
            .args(["worktree", "add", "--quiet", "--detach", &folder, "HEAD"])
            .status()
            .context("git cannot be started")?;
        ensure!(status.success(), "git makes no copy");
        Ok(copy)
    }

    fn says(&self, program: &str, args: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new(program);
        command.current_dir(&self.folder).args(args).env("CARGO_TARGET_DIR", self.folder.join("target"));
        let status = command.status().with_context(|| format!("{program} cannot be started"))?;
        ensure!(status.success(), "{program} {} fails", args.join(" "));
        Ok(())
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

#[cfg(test)]
mod tests {
    #[test]
    fn commands_are_those_of_the_prose() {
        let text = "A rule.\n\n    $ one 'a b'\n    $ two\n\ndiff --git a/x b/x\n+    $ three\n";
        assert_eq!(super::commands(text), ["one 'a b'", "two"]);
    }
}
