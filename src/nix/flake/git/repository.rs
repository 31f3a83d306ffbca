//! A git repository on this machine, asked through the `git` command. Nothing of it runs and
//! nothing is fetched: no file-system monitor, no missing objects.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Kind, fail};
use crate::nix::eval::Result;

/// A repository with a work tree, or one without.
#[derive(Clone, Debug)]
pub struct Repository {
    /// The work tree, or the repository itself.
    pub root: PathBuf,
    /// Whether there is no work tree.
    pub bare: bool,
}

/// What a hook that runs us has set for the repository it belongs to.
const INHERITED: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

impl Repository {
    /// The repository whose work tree is `root`, or which `root` is.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf(), bare: !root.join(".git").exists() }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        for name in INHERITED {
            command.env_remove(name);
        }
        if self.bare {
            command.arg("--git-dir").arg(&self.root);
        } else {
            command.arg("-C").arg(&self.root);
            // What is there is the repository, or nothing is.
            command.env("GIT_CEILING_DIRECTORIES", self.root.parent().unwrap_or(&self.root));
        }
        command
            .args(["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"])
            .args(args)
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("LC_ALL", "C");
        command
    }

    /// What a command prints.
    pub fn run(&self, args: &[&str]) -> Result<Vec<u8>> {
        self.run_with(args, None, Vec::new())
    }

    /// What a command prints that is given an index of its own and an input.
    pub fn run_with(&self, args: &[&str], index: Option<&Path>, input: Vec<u8>) -> Result<Vec<u8>> {
        let mut command = self.command(args);
        if let Some(index) = index {
            command.env("GIT_INDEX_FILE", index);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => {
                return fail(Kind::Io, format!("git is needed to read '{}': {error}", self.root.display()));
            }
        };
        let stdin = child.stdin.take();
        let output = std::thread::scope(|scope| {
            scope.spawn(move || {
                if let Some(mut stdin) = stdin {
                    // A command that does not read its input to the end says why itself.
                    let _ = stdin.write_all(&input);
                }
            });
            child.wait_with_output()
        })?;
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            let args = args.join(" ");
            return fail(Kind::Io, format!("git {args} in '{}': {error}", self.root.display()));
        }
        Ok(output.stdout)
    }

    /// The line that a command prints, if it succeeds.
    pub fn line(&self, args: &[&str]) -> Option<String> {
        let out = self.run(args).ok()?;
        Some(String::from_utf8_lossy(&out).trim().to_owned())
    }

    /// Whether it is a repository at all.
    pub fn is_one(&self) -> bool {
        self.line(&["rev-parse", "--git-dir"]).is_some()
    }

    /// The commit that a name stands for.
    pub fn commit(&self, name: &str) -> Option<String> {
        self.line(&["rev-parse", "--quiet", "--verify", "--end-of-options", &format!("{name}^{{commit}}")])
    }

    /// Whether it has a commit.
    pub fn has(&self, rev: &str) -> bool {
        self.line(&["cat-file", "-e", &format!("{rev}^{{commit}}")]).is_some()
    }

    /// The branch that `HEAD` is.
    pub fn head_ref(&self) -> Option<String> {
        self.line(&["symbolic-ref", "--quiet", "HEAD"])
    }

    /// When a commit was made.
    pub fn time(&self, rev: &str) -> i64 {
        let time = self.line(&["log", "-1", "--format=%ct", "--no-show-signature", rev]);
        time.and_then(|time| time.parse().ok()).unwrap_or(0)
    }

    /// How many commits there are up to one.
    pub fn count(&self, rev: &str) -> i64 {
        self.line(&["rev-list", "--count", rev]).and_then(|count| count.parse().ok()).unwrap_or(0)
    }

    /// Where its own files are, those of its submodules and of Git LFS among them.
    pub fn common_dir(&self) -> Option<PathBuf> {
        let dir = self.line(&["rev-parse", "--git-common-dir"])?;
        Some(if self.bare { PathBuf::from(dir) } else { self.root.join(dir) })
    }
}
