//! What git remembers of the tree: what was generated from the catalogue as it stood in its commits, generated anew
//! in memory, and what was committed in its place.
//!
//! Asked only when a file is neither what it should be nor known otherwise. Near are the commits that a merge,
//! rebase, cherry-pick or revert is about, or was; far are the latest that changed the catalogue, on any branch.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};

use crate::catalogue;
use crate::diag::{Diagnostics, SourceMap};
use crate::git::{Pending, Repository};
use crate::layout::{self, CATALOGUE};
use crate::render::{self, marker};

/// How many commits are looked at when those nearby explain nothing.
const FAR: usize = 32;

/// What a commit knows of the tree.
#[derive(Debug, Default)]
struct Moment {
    /// What its catalogue gives.
    generated: HashMap<Utf8PathBuf, String>,
    /// What stands in it.
    committed: HashMap<Utf8PathBuf, String>,
}

/// The git repository that a tree is in.
#[derive(Debug)]
pub(super) struct History {
    root: PathBuf,
    repository: Option<Repository>,
    near: OnceLock<Vec<Moment>>,
    far: OnceLock<Vec<Moment>>,
}

/// Texts of one file.
#[derive(Debug, Default)]
pub(super) struct Texts<'h> {
    /// Made by pgflakegen, of this version or another.
    pub generated: Vec<&'h str>,
    /// Committed, whoever made them.
    pub committed: Vec<&'h str>,
}

impl History {
    /// Of the repository that `root` is in, if git reads one there.
    pub fn of(root: &Utf8Path) -> Self {
        let root: PathBuf = root.canonicalize().unwrap_or_else(|_| root.into());
        let repository = Repository::around(&root).ok().flatten();
        Self { root, repository, near: OnceLock::new(), far: OnceLock::new() }
    }

    /// Whether there is a repository with something in it.
    pub fn is_there(&self) -> bool {
        !self.near().is_empty()
    }

    /// What is known of a file nearby.
    pub fn near_texts(&self, path: &Utf8Path) -> Texts<'_> {
        Texts::of(self.near().iter(), path)
    }

    /// All that is known of a file.
    pub fn texts(&self, path: &Utf8Path) -> Texts<'_> {
        Texts::of(self.near().iter().chain(self.far()), path)
    }

    fn near(&self) -> &[Moment] {
        self.near.get_or_init(|| self.moments(&self.near_commits()))
    }

    fn far(&self) -> &[Moment] {
        self.far.get_or_init(|| {
            let near = self.near_commits();
            let mut commits = self.far_commits();
            commits.retain(|commit| !near.contains(commit));
            self.moments(&commits)
        })
    }

    /// `HEAD`, what is or was being done with it, the parents and common ancestors of these.
    fn near_commits(&self) -> Vec<String> {
        let Some(repository) = &self.repository else { return Vec::new() };
        let mut heads: Vec<String> = repository.commit("HEAD").ok().flatten().into_iter().collect();
        let states = [Pending::Merge, Pending::CherryPick, Pending::Revert, Pending::Rebase, Pending::Before];
        for state in states {
            heads.extend(repository.pending(state).unwrap_or_default());
        }
        let mut all = heads.clone();
        for head in &heads {
            all.extend(repository.parents(head).unwrap_or_default());
        }
        let sides: BTreeSet<String> = all.iter().cloned().collect();
        for (index, one) in all.clone().iter().enumerate() {
            for other in &all.clone()[index + 1..] {
                if one != other
                    && let Ok(Some(base)) = repository.line(["merge-base", one.as_str(), other.as_str()])
                {
                    let base = String::from_utf8_lossy(base.as_os_str().as_encoded_bytes()).into_owned();
                    if !sides.contains(&base) {
                        all.push(base);
                    }
                }
            }
        }
        let mut seen = BTreeSet::new();
        all.retain(|commit| seen.insert(commit.clone()));
        all
    }

    fn far_commits(&self) -> Vec<String> {
        let Some(repository) = &self.repository else { return Vec::new() };
        let folder = self.below(repository, CATALOGUE);
        let count = format!("--max-count={FAR}");
        let args = ["rev-list", &count, "--branches", "--remotes", "HEAD", "--", folder.as_str()];
        let out = repository.output(args).unwrap_or_default();
        String::from_utf8_lossy(&out).lines().map(str::to_owned).collect()
    }

    /// A path of the tree as the repository has it.
    fn below(&self, repository: &Repository, path: &str) -> String {
        repository.below(&self.root).join(path).display().to_string()
    }

    fn moments(&self, commits: &[String]) -> Vec<Moment> {
        let Some(repository) = &self.repository else { return Vec::new() };
        commits.iter().map(|commit| self.moment(repository, commit)).collect()
    }

    fn moment(&self, repository: &Repository, commit: &str) -> Moment {
        let mut moment = Moment::default();
        let read = |folder: &str| {
            let folder = self.below(repository, folder);
            let files = repository.files(commit, Path::new(&folder)).unwrap_or_default();
            files.into_iter().filter_map(move |file| {
                let path = Utf8PathBuf::from_path_buf(file.entry.path.clone()).ok()?;
                let below = path.strip_prefix(&folder).ok()?.to_owned();
                Some((below, file))
            })
        };
        let folder = self.below(repository, CATALOGUE);
        let files = catalogue::committed(repository, commit, Path::new(&folder)).unwrap_or_default().files;
        let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
        if !files.is_empty()
            && let Some(catalogue) = catalogue::load_from(&files, &mut sources, &mut found)
        {
            let rendered = render::render(&catalogue);
            moment.generated = rendered.into_iter().map(|file| (file.path, file.text)).collect();
        }
        for folder in layout::GENERATED_FOLDERS {
            for (path, file) in read(folder) {
                if let Ok(text) = String::from_utf8(file.contents) {
                    moment.committed.insert(Utf8Path::new(folder).join(path), super::lines::unix(text));
                }
            }
        }
        // Of a pipeline that is not there nobody asks what it was.
        let pipelines = layout::PIPELINES.into_iter().filter(|path| self.root.join(path).exists());
        for path in layout::GENERATED_FILES.into_iter().chain(pipelines) {
            let there = self.below(repository, path);
            if let Ok(Some(bytes)) = repository.blob(commit, Path::new(&there))
                && let Ok(text) = String::from_utf8(bytes)
            {
                moment.committed.insert(path.into(), super::lines::unix(text));
            }
        }
        moment
    }
}

impl<'h> Texts<'h> {
    fn of(moments: impl Iterator<Item = &'h Moment>, path: &Utf8Path) -> Self {
        let mut texts = Self::default();
        for moment in moments {
            let committed = moment.committed.get(path).map(String::as_str);
            let intact = committed.filter(|text| marker::is_intact(text));
            for text in moment.generated.get(path).map(String::as_str).into_iter().chain(intact) {
                if !texts.generated.contains(&text) {
                    texts.generated.push(text);
                }
            }
            if let Some(text) = committed
                && !texts.committed.contains(&text)
            {
                texts.committed.push(text);
            }
        }
        texts
    }
}
