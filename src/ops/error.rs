//! Why an operation could not be done. What is wrong with a catalogue is no such error but a finding.

use std::io;

use camino::Utf8PathBuf;

use super::Loaded;
use super::writing::Written;
use crate::catalogue::names::System;
use crate::diag::{Diagnostic, Diagnostics};
use crate::git::GitError;
use crate::overrides::index::IndexError;
use crate::store::path::StorePathError;
use crate::tree::WriteError;
use crate::upstream::UpstreamError;
use crate::upstream::edit::EditError;
use crate::upstream::locator::BadLocator;

/// Why an operation could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The repository cannot be held against other runs.
    #[error("{root} cannot be locked")]
    Lock {
        /// The repository.
        root: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What an interrupted run has left to do cannot be done.
    #[error("what an interrupted run left in {root} is not complete")]
    Recover {
        /// The repository.
        root: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The catalogue cannot be read.
    #[error("the catalogue in {root} cannot be read")]
    Catalogue {
        /// The repository.
        root: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The catalogue has errors, which are in it.
    #[error("the catalogue has errors")]
    Unusable(Box<Loaded>),
    /// What was asked for means nothing in the catalogue, or is not to be had.
    #[error("{}", first(.0))]
    Findings(Diagnostics),
    /// It cannot be done, for these reasons; nothing was changed.
    #[error("{}; nothing was changed", first(.0))]
    Refused(Diagnostics),
    /// Files of the catalogue were not written. The host was told what was found.
    #[error("the catalogue would be wrong, or something stands in the way; nothing was written")]
    NotWritten(Written),
    /// What was generated before cannot be read.
    #[error("the generated tree cannot be read")]
    Generated(#[source] io::Error),
    /// A file or folder that was named cannot be read.
    #[error("{path} cannot be read")]
    Read {
        /// It.
        path: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder cannot be listed.
    #[error("{folder} cannot be read")]
    Walk {
        /// It.
        folder: Utf8PathBuf,
        /// Why.
        source: walkdir::Error,
    },
    /// A file cannot be written.
    #[error("{path} cannot be written")]
    Write {
        /// It.
        path: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is a catalogue already.
    #[error("{0} has a catalogue already; nothing was written")]
    HasCatalogue(Utf8PathBuf),
    /// There is somebody else's flake already.
    #[error("{0} has a flake.nix that is not pgflakegen's; nothing was written")]
    ForeignFlake(Utf8PathBuf),
    /// A folder cannot be made.
    #[error("{dir} cannot be made; nothing was written")]
    NotMade {
        /// It.
        dir: Utf8PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A new catalogue is there in part.
    #[error("{done} files were written, then one could not be; `pgflakegen init` again writes the rest")]
    HalfMade {
        /// Files that are there.
        done: usize,
        /// Why not all.
        source: io::Error,
    },
    /// A merge was asked for outside of a git repository.
    #[error("git calls this in a repository")]
    NotFromGit,
    /// What a merge gave cannot be written.
    #[error("the result cannot be written")]
    NoResult(#[source] io::Error),
    /// The tree cannot be written; the source says what state it is in.
    #[error("{what} cannot be written")]
    Tree {
        /// What of it.
        what: &'static str,
        /// Why.
        source: WriteError,
    },
    /// The catalogue is changed, but what is generated from it is not.
    #[error(transparent)]
    Behind(WriteError),
    /// A path is not UTF-8.
    #[error("{0} is not UTF-8")]
    NotUtf8(String),
    /// A link leads out of the catalogue.
    #[error("{path} is a link that leads out of {folder}/: only what is inside is read")]
    LeadsOut {
        /// The link.
        path: Utf8PathBuf,
        /// The catalogue's folder.
        folder: &'static str,
    },
    /// The repository's index of nixpkgs' names is none.
    #[error("{path} is no index; `pgflakegen index` renews it")]
    Index {
        /// It.
        path: Utf8PathBuf,
        /// Why.
        source: IndexError,
    },
    /// A system that the catalogue has not.
    #[error(
        "the catalogue has no system {system}{} has {}",
        .near.as_ref().map_or("; it".to_owned(), |near| format!("; did you mean {near}? It")),
        .known.join(", ")
    )]
    UnknownSystem {
        /// As it was asked for.
        system: String,
        /// What may have been meant.
        near: Option<String>,
        /// What the catalogue has.
        known: Vec<System>,
    },
    /// There is no `[ci]`.
    #[error(
        "catalogue/flake.toml has no [ci], so that nothing is planned or generated for other machines; it begins with\n\
         [ci]\nprogram = \"github:OWNER/pgflakegen/REV#pgflakegen\""
    )]
    NoCi,
    /// Overrides cannot be evaluated, as the catalogue has errors.
    #[error("the catalogue has errors, so that no override can be evaluated; see `pgflakegen check`")]
    CatalogueHasErrors,
    /// Overrides cannot be evaluated, as something is not on this machine.
    #[error("the overrides cannot be evaluated: {0}")]
    NotEvaluated(String),
    /// A commit is wanted where there is no git repository.
    #[error("{0} is in no git repository; --commit needs one")]
    NoRepository(Utf8PathBuf),
    /// A commit is wanted, and there are other changes.
    #[error("there are changes that are not committed; --commit wants none:\n{}", .0.join("\n"))]
    Uncommitted(Vec<String>),
    /// What is to be added is no repository.
    #[error("{0} is no repository at GitHub; write OWNER/REPO")]
    NoGitHub(String),
    /// What is to be added cannot be called so.
    #[error("{0} cannot be an extension's name here (letters, digits, - and _); --name gives another")]
    BadName(String),
    /// Nothing of the catalogue is meant.
    #[error("nothing in the catalogue is called {}", .0.join(" or "))]
    NothingCalled(Vec<String>),
    /// A folder without Nix files.
    #[error("{0} has no Nix files")]
    NoNixFiles(Utf8PathBuf),
    /// A file is not what it was said to be.
    #[error("{path}: {why}")]
    Unfit {
        /// It.
        path: Utf8PathBuf,
        /// Why.
        why: String,
    },
    /// The catalogue's nixpkgs is not on this machine.
    #[error("there is nothing to take the names from: {0}")]
    NoNixpkgs(String),
    /// A folder is to be a nixpkgs, and is none.
    #[error("{0} is no nixpkgs: it has no default.nix")]
    NotNixpkgs(Utf8PathBuf),
    /// A nixpkgs does not evaluate.
    #[error("{tree} cannot be evaluated: {why}")]
    NoPackages {
        /// Its folder.
        tree: Utf8PathBuf,
        /// What evaluation says.
        why: String,
    },
    /// There are no names to make an index of.
    #[error("there are no names")]
    NoNames,
    /// The revision of a nixpkgs is not known.
    #[error("{0} is no git repository; say which revision of nixpkgs it is: --revision REV")]
    WhichRevision(Utf8PathBuf),
    /// The names cannot be an index.
    #[error(transparent)]
    Unindexed(#[from] IndexError),
    /// The index cannot be written.
    #[error(
        "{output} cannot be written; {}: {cause}",
        if *.done { "`pgflakegen index` again" } else { "it is as it was" }
    )]
    IndexNotWritten {
        /// Where it was to go.
        output: Utf8PathBuf,
        /// It was written, but perhaps not durably.
        done: bool,
        /// Why.
        cause: io::Error,
    },
    /// Revisions are to be compared where there is no git repository.
    #[error("{0} is in no git repository, so there are no revisions to compare")]
    NoRevisions(String),
    /// There is no such revision.
    #[error(
        "the repository has no revision {revision}{}",
        if *.folder { format!("; the folder is ./{revision}") } else { String::new() }
    )]
    NoRevision {
        /// As it was asked for.
        revision: String,
        /// Whether there is a folder of that name.
        folder: bool,
    },
    /// A revision has no catalogue.
    #[error("{revision} has no catalogue")]
    NoCatalogueAt {
        /// As it was asked for.
        revision: String,
    },
    /// An attribute of the flake cannot be evaluated.
    #[error("{attribute} cannot be evaluated: {why}")]
    NotEvaluable {
        /// It.
        attribute: String,
        /// What evaluation says, or what is missing.
        why: String,
    },
    /// What was to be looked at is not built.
    #[error("{path} is not in {store}; build it first, or leave --store out: nix build '.#{attribute}'")]
    NotBuilt {
        /// The attribute.
        attribute: String,
        /// Where it would be.
        path: String,
        /// The folder that was looked into.
        store: String,
    },
    /// What is to be measured is neither built nor described.
    #[error(
        "{path} is neither in {store} nor in a cache that was asked; build it{}, or name a cache that has it: \
         nix build '.#{attribute}', --cache URL",
        revision.as_ref().map_or(String::new(), |revision| format!(" (also that of {revision})"))
    )]
    NoSize {
        /// The store path's name.
        path: String,
        /// The attribute.
        attribute: String,
        /// The folder that was looked into.
        store: String,
        /// The revision that it is compared with.
        revision: Option<String>,
    },
    /// There is no tag to compare with.
    #[error("{0} has no tag behind HEAD; name a revision: --since REV")]
    NoTag(Utf8PathBuf),
    /// A side of a comparison does not evaluate.
    #[error("{which} does not evaluate: {why}")]
    NoSide {
        /// The revision, or the files as they are.
        which: String,
        /// What evaluation says.
        why: String,
    },
    /// A revision whose catalogue cannot be compared with.
    #[error("{revision} cannot be compared with: {why}")]
    Incomparable {
        /// As it was asked for.
        revision: String,
        /// Why.
        why: String,
    },
    /// What evaluation says.
    #[error(transparent)]
    Evaluation(#[from] crate::nix::eval::Error),
    /// An address that is none.
    #[error(transparent)]
    Url(#[from] url::ParseError),
    /// A file of the catalogue cannot be edited.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// Git.
    #[error(transparent)]
    Git(#[from] GitError),
    /// What is upstream.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// A source that is none.
    #[error(transparent)]
    Locator(#[from] BadLocator),
    /// What was fetched cannot be called so in a store.
    #[error("{cause}; --name gives another name")]
    BadStoreName {
        /// Why.
        cause: StorePathError,
    },
    /// A name that cannot be a store path's.
    #[error(transparent)]
    StorePath(#[from] StorePathError),
    /// A system call.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Error {
    /// As it is to be said where the catalogue was changed before, by a step of its own.
    #[must_use]
    pub fn after_the_catalogue(self) -> Self {
        match self {
            Self::Tree { source, .. } => Self::Behind(source.after_the_catalogue()),
            other => other,
        }
    }

    /// It cannot be done, for this reason; nothing was changed.
    pub(super) fn refused(finding: Diagnostic) -> Self {
        let mut found = Diagnostics::new();
        found.push(finding);
        Self::Refused(found)
    }
}

fn first(found: &Diagnostics) -> &str {
    found.iter().next().map_or("nothing can be done", |finding| finding.message.as_str())
}
