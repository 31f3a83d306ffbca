//! A git repository on this machine: what it has, and the commits that `bump --commit` makes.
//!
//! Paths are relative to its root; names are bytes; what is not there is `None`, not an error.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::error::GitError;
use super::listing::{Entry, Objects, Status, entries, statuses};
use super::run::{Ended, Limits, Run, Transports};
use super::{config, printable};

/// A repository with a work tree, or one without.
#[derive(Clone, Debug)]
pub struct Repository {
    /// The work tree, or the repository itself.
    pub root: PathBuf,
    /// Whether there is no work tree.
    pub bare: bool,
    /// What stands in for programs that its configuration names.
    overrides: Arc<OnceLock<Vec<(String, String)>>>,
}

/// A file of a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it is, its mode and its object.
    pub entry: Entry,
    /// What it holds; of a link, where it leads.
    pub contents: Vec<u8>,
}

/// Something that was begun, or just done, and the commit it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// `MERGE_HEAD`: what is being merged; several in an octopus.
    Merge,
    /// `CHERRY_PICK_HEAD`.
    CherryPick,
    /// `REVERT_HEAD`.
    Revert,
    /// `REBASE_HEAD`.
    Rebase,
    /// `ORIG_HEAD`: where `HEAD` was before the last merge, rebase or reset.
    Before,
}

impl Pending {
    /// The name of the reference.
    pub fn name(self) -> &'static str {
        match self {
            Self::Merge => "MERGE_HEAD",
            Self::CherryPick => "CHERRY_PICK_HEAD",
            Self::Revert => "REVERT_HEAD",
            Self::Rebase => "REBASE_HEAD",
            Self::Before => "ORIG_HEAD",
        }
    }
}

/// Whether it is a whole commit id.
pub fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// What git prints where it finds nothing, as opposed to something that it will not read.
fn finds_none(ended: &Ended) -> bool {
    let words = ended.last_words();
    words.contains("not a git repository") || words.contains("cannot use bare repository")
}

/// One line, without its end. Names may have other newlines.
fn line_of(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
    }
    bytes
}

impl Repository {
    /// The repository whose work tree is `root`, or which `root` is. Whether it is one is seen when it is asked.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf(), bare: !root.join(".git").exists(), overrides: Arc::default() }
    }

    /// The repository whose work tree a folder is in, as git finds it: not beyond the border of a filesystem.
    ///
    /// # Errors
    /// When there is one that git does not read, such as another user's; and when there is no git to ask.
    pub fn around(folder: &Path) -> Result<Option<Self>, GitError> {
        let unreadable = |error: std::io::Error| GitError::Failed {
            url: printable(&folder.to_string_lossy()),
            why: error.to_string(),
        };
        let found = folder.canonicalize().map_err(unreadable)?;
        let device = found.metadata().map_err(unreadable)?.dev();
        for place in found.ancestors() {
            if place.metadata().map_err(unreadable)?.dev() != device {
                break;
            }
            if !place.join(".git").exists() {
                continue;
            }
            let found = Self::at(place);
            let (_, ended) = found.plain().args(["rev-parse", "--git-dir"]).ended()?;
            match ended.success() {
                Ok(()) => return Ok(Some(found)),
                // A folder that only has the name.
                Err(_) if finds_none(&ended) && place.join(".git").is_dir() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Its top folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a folder of this machine, by its real name, is in the repository; the top is an empty path.
    pub fn below(&self, folder: &Path) -> PathBuf {
        let top = self.root.canonicalize().unwrap_or_else(|_| self.root.clone());
        folder.strip_prefix(&top).unwrap_or(Path::new("")).to_owned()
    }

    /// A run in it, without what stands in for its programs.
    fn plain(&self) -> Run {
        let about = self.root.display().to_string();
        let mut run = Run::new(about, Transports::NONE, Limits::LOCAL).at(&self.root);
        // What is there is the repository, or nothing is. A repository without work tree is one only where
        // somebody said so: a folder that a pull request brings can look like one.
        run = run.env("GIT_CEILING_DIRECTORIES", self.root.parent().unwrap_or(&self.root));
        if self.bare {
            return run.set("safe.bareRepository", "all");
        }
        // Its configuration cannot say that its files are elsewhere.
        run.set("safe.bareRepository", "explicit").env("GIT_WORK_TREE", ".")
    }

    /// A run of git in it.
    ///
    /// # Errors
    /// When its configuration cannot be read.
    pub fn run<T: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = T>) -> Result<Run, GitError> {
        let overrides = match self.overrides.get() {
            Some(known) => known,
            None => {
                let listed = self.plain().args(["config", "--list", "--includes", "--show-scope", "-z"]);
                let found = config::overrides(&listed.output()?);
                self.overrides.get_or_init(|| found)
            }
        };
        let mut run = self.plain();
        for (key, value) in overrides {
            run = run.set(key, value);
        }
        Ok(run.args(args))
    }

    /// What a command prints.
    ///
    /// # Errors
    /// When it fails.
    pub fn output<T: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = T>) -> Result<Vec<u8>, GitError> {
        self.run(args)?.output()
    }

    /// The line that a command prints; `None` where it says by its exit code that there is none.
    ///
    /// # Errors
    /// When it complains.
    pub fn line<T: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = T>,
    ) -> Result<Option<OsString>, GitError> {
        let (bytes, ended) = self.run(args)?.ended()?;
        match ended.code() {
            Some(0) => Ok(Some(OsString::from_vec(line_of(bytes)))),
            Some(1) => Ok(None),
            _ if ended.last_words().is_empty() => Ok(None),
            _ => Err(ended.failure()),
        }
    }

    fn text<T: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = T>) -> Result<Option<String>, GitError> {
        Ok(self.line(args)?.map(|line| line.to_string_lossy().into_owned()))
    }

    /// Whether it is a repository at all.
    ///
    /// # Errors
    /// When it is one that git does not read.
    pub fn is_one(&self) -> Result<bool, GitError> {
        let (_, ended) = self.plain().args(["rev-parse", "--git-dir"]).ended()?;
        match ended.success() {
            Ok(()) => Ok(true),
            Err(_) if finds_none(&ended) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The commit that a name stands for.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn commit(&self, name: &str) -> Result<Option<String>, GitError> {
        self.text(["rev-parse", "--quiet", "--verify", "--end-of-options", &format!("{name}^{{commit}}")])
    }

    /// The commit that is checked out; `None` before the first.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn head(&self) -> Result<Option<String>, GitError> {
        self.commit("HEAD")
    }

    /// Whether it has a commit.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn has(&self, rev: &str) -> Result<bool, GitError> {
        let (_, ended) = self.run(["cat-file", "-e", &format!("{rev}^{{commit}}")])?.ended()?;
        Ok(ended.code() == Some(0))
    }

    /// The branch that `HEAD` is.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn head_ref(&self) -> Result<Option<String>, GitError> {
        self.text(["symbolic-ref", "--quiet", "HEAD"])
    }

    /// The commits that a commit was made from.
    ///
    /// # Errors
    /// When there is no such commit.
    pub fn parents(&self, rev: &str) -> Result<Vec<String>, GitError> {
        let args = ["rev-list", "--parents", "--max-count=1", "--end-of-options", rev];
        let line = String::from_utf8_lossy(&self.output(args)?).into_owned();
        Ok(line.split_whitespace().skip(1).map(str::to_owned).collect())
    }

    /// What is under way, or was just done: the commits it is about, none if it is not.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn pending(&self, what: Pending) -> Result<Vec<String>, GitError> {
        let Some(first) = self.commit(what.name())? else { return Ok(Vec::new()) };
        // A merge of more than two is in the file only.
        let file = self.line(["rev-parse", "--git-path", what.name()])?;
        let text = file.and_then(|file| std::fs::read_to_string(self.root.join(file)).ok());
        let all: Vec<String> = text
            .iter()
            .flat_map(|text| text.lines())
            .filter(|line| is_commit(line))
            .map(str::to_owned)
            .collect();
        Ok(if all.is_empty() { vec![first] } else { all })
    }

    /// When a commit was made.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn time(&self, rev: &str) -> Result<i64, GitError> {
        let time = self.text(["log", "-1", "--format=%ct", "--no-show-signature", rev])?;
        Ok(time.and_then(|time| time.parse().ok()).unwrap_or(0))
    }

    /// How many commits there are up to one.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn count(&self, rev: &str) -> Result<i64, GitError> {
        let count = self.text(["rev-list", "--count", rev])?;
        Ok(count.and_then(|count| count.parse().ok()).unwrap_or(0))
    }

    /// Where its own files are, those of its submodules and of Git LFS among them.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn common_dir(&self) -> Result<Option<PathBuf>, GitError> {
        Ok(self.line(["rev-parse", "--git-common-dir"])?.map(|dir| self.root.join(dir)))
    }

    /// A path as git is asked for it. An empty one is the root.
    fn relative<'p>(&self, path: &'p Path) -> &'p Path {
        match path.strip_prefix(&self.root).unwrap_or(path) {
            root if root.as_os_str().is_empty() => Path::new("."),
            path => path,
        }
    }

    /// What a commit has at a path and, with `below`, in its folders.
    fn tree_at(&self, rev: &str, path: &Path, below: bool) -> Result<Vec<Entry>, GitError> {
        let rev = self.commit(rev)?.ok_or_else(|| GitError::NoRevision {
            url: printable(&self.root.display().to_string()),
            revision: format!("revision {}", printable(rev)),
        })?;
        let path = self.relative(path);
        let mut args: Vec<&OsStr> = vec!["ls-tree".as_ref(), "-z".as_ref(), "--full-tree".as_ref()];
        if below {
            args.push("-r".as_ref());
        }
        args.push(rev.as_ref());
        if path != Path::new(".") {
            args.extend([OsStr::new("--"), path.as_os_str()]);
        }
        Ok(entries(&self.output(args)?))
    }

    /// What a commit has: folders, files, links and submodules, each folder before what is in it.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn tree(&self, rev: &str) -> Result<Vec<Entry>, GitError> {
        Ok(entries(&self.output(["ls-tree", "-r", "-t", "-z", "--full-tree", rev])?))
    }

    /// The contents of objects, each by its id; `None` for one that is not there.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn objects<'i>(&self, ids: impl Iterator<Item = &'i str>) -> Result<Objects, GitError> {
        let mut input = Vec::new();
        for id in ids {
            input.extend_from_slice(id.as_bytes());
            input.push(b'\n');
        }
        if input.is_empty() {
            return Ok(Objects::default());
        }
        Ok(Objects(self.run(["cat-file", "--batch"])?.input(input).output()?))
    }

    fn contents(&self, entry: Option<Entry>) -> Result<Option<Vec<u8>>, GitError> {
        let Some(entry) = entry.filter(|entry| !entry.is_directory() && entry.submodule().is_none()) else {
            return Ok(None);
        };
        let objects = self.objects([entry.id.as_str()].into_iter())?;
        Ok(objects.iter().next().flatten().map(<[u8]>::to_vec))
    }

    /// What a commit has in a file; `None` if it has no such file.
    ///
    /// # Errors
    /// When there is no such commit, or the repository cannot be read.
    pub fn blob(&self, rev: &str, path: &Path) -> Result<Option<Vec<u8>>, GitError> {
        let wanted = self.relative(path);
        let found = self.tree_at(rev, path, false)?.into_iter().find(|entry| entry.path == wanted);
        self.contents(found)
    }

    /// What is staged of a file; with `stage`, one side of a conflict: 1 their common ancestor, 2 ours, 3 theirs.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn staged(&self, path: &Path, stage: u8) -> Result<Option<Vec<u8>>, GitError> {
        let wanted = self.relative(path);
        let args: [&OsStr; 5] =
            ["ls-files".as_ref(), "--stage".as_ref(), "-z".as_ref(), "--".as_ref(), wanted.as_os_str()];
        let out = self.output(args)?;
        let is_stage = |line: &&[u8]| {
            let about = line.split(|byte| *byte == b'\t').next().unwrap_or_default();
            about.ends_with(format!(" {stage}").as_bytes())
        };
        let mut found = out.split(|byte| *byte == 0).filter(is_stage).flat_map(entries);
        self.contents(found.find(|entry| entry.path == wanted))
    }

    /// The files of a commit below a folder (the root: an empty path), with their contents. Submodules are not
    /// among them.
    ///
    /// # Errors
    /// When there is no such commit, or an object of it is missing.
    pub fn files(&self, rev: &str, folder: &Path) -> Result<Vec<File>, GitError> {
        let mut found = self.tree_at(rev, folder, true)?;
        found.retain(|entry| entry.submodule().is_none());
        let contents = self.objects(found.iter().map(|entry| entry.id.as_str()))?;
        found
            .into_iter()
            .zip(contents.iter())
            .map(|(entry, contents)| match contents {
                Some(contents) => Ok(File { entry, contents: contents.to_vec() }),
                None => Err(GitError::NoRevision {
                    url: printable(&self.root.display().to_string()),
                    revision: format!("object {}", entry.id),
                }),
            })
            .collect()
    }

    /// What git tracks, or has staged, each path once, in its order.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn index(&self) -> Result<Vec<Entry>, GitError> {
        Ok(entries(&self.output(["ls-files", "--stage", "-z"])?))
    }

    /// Whether git tracks a path, or something in it, or has it staged.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn is_tracked(&self, path: &Path) -> Result<bool, GitError> {
        let args = ["ls-files".as_ref(), "-z".as_ref(), "--".as_ref(), self.relative(path).as_os_str()];
        Ok(!self.output::<&OsStr>(args)?.is_empty())
    }

    /// Whether git is told to ignore a path, and does not track it.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn is_ignored(&self, path: &Path) -> Result<bool, GitError> {
        // It knows no literal names, but takes them literally except for what begins with a colon.
        let path = Path::new(".").join(self.relative(path));
        let args: [&OsStr; 4] =
            ["check-ignore".as_ref(), "--quiet".as_ref(), "--".as_ref(), path.as_os_str()];
        let (_, ended) = self.run(args)?.env("GIT_LITERAL_PATHSPECS", "0").ended()?;
        match ended.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(ended.failure()),
        }
    }

    /// How paths (none: all) differ from what is committed. Files that git does not know are among them, unless
    /// they are ignored; submodules are not looked into.
    ///
    /// # Errors
    /// When the repository cannot be read.
    pub fn status(&self, paths: &[&Path]) -> Result<Vec<Status>, GitError> {
        let mut args: Vec<&OsStr> = [
            "status",
            "--porcelain",
            "-z",
            "--no-renames",
            "--untracked-files=all",
            "--ignore-submodules=all",
        ]
        .map(OsStr::new)
        .into();
        args.push("--".as_ref());
        args.extend(paths.iter().map(|path| self.relative(path).as_os_str()));
        Ok(statuses(&self.output(args)?))
    }

    /// Commits these paths as they are, and nothing else.
    ///
    /// # Errors
    /// When git does not.
    pub fn commit_paths(&self, paths: &[&Path], message: &str) -> Result<(), GitError> {
        let named = |args: &[&str]| -> Vec<OsString> {
            let args = args.iter().map(OsString::from).chain([OsString::from("--")]);
            args.chain(paths.iter().map(|path| self.relative(path).into())).collect()
        };
        self.output(named(&["add", "--all"]))?;
        self.output(named(&["commit", "--quiet", "--no-verify", "--no-edit", "-m", message]))?;
        Ok(())
    }
}
