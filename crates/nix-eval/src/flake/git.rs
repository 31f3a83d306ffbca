//! Sources in local git repositories: the files of the work tree that git knows, or those of a
//! commit, both as they are and not as filters of git would make them.

mod submodules;
mod tree;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::reference::{Attribute, Reference};
use super::source::{Source, given};
use super::{Kind, fail};
use crate::error::Error;
use crate::eval_io::{Repository, Unanswered};
use crate::machine::{Ev, Result};
use crate::url::Url;
use nix_store::Algorithm;
use nix_store::nar::hash_path;

impl From<Unanswered> for Box<Error> {
    fn from(error: Unanswered) -> Self {
        Error::new(Kind::Io, error.0)
    }
}

/// What is wanted of a repository.
#[derive(Clone, Debug)]
struct Wanted {
    /// The commit; without, the work tree.
    rev: Option<String>,
    submodules: bool,
    export_ignore: bool,
    lfs: bool,
    /// A submodule's URL may lead to where it is on this machine.
    local: bool,
}

fn url_of(root: &Path) -> Url {
    Url {
        scheme: "file".to_owned(),
        authority: Some(String::new()),
        path: root.to_string_lossy().split('/').map(str::to_owned).collect(),
        ..Url::default()
    }
}

/// A reference to a commit of the repository at `root`.
///
/// # Errors
/// When a reference cannot have the root's name.
pub fn reference_to(root: &Path, commit: &str) -> Result<String> {
    let mut reference = Reference::of("git", "url", &url_of(root).to_text());
    reference.set("rev", commit);
    reference.to_url()
}

/// The source in the repository around a folder that was named on the command line.
pub fn fetch_at(ev: &mut Ev, root: &Path, reference: &Reference) -> Result<Source> {
    let root = root.canonicalize()?;
    let mut reference = reference.clone();
    reference.set("type", "git");
    reference.set("url", &url_of(&root).to_text());
    reference.attrs.remove("path");
    if root.join(".git/shallow").exists() {
        reference.attrs.insert("shallow".to_owned(), Attribute::Flag(true));
    }
    fetch_in(ev, &root, &reference)
}

/// The source that a reference to a git repository stands for; `None` if it is not on this machine.
pub fn fetch(ev: &mut Ev, reference: &Reference) -> Result<Option<Source>> {
    let url = reference.text("url").unwrap_or_default();
    let parsed = Url::parse(url, false).map_err(|error| Error::new(Kind::Other, error))?;
    if parsed.scheme != "file" {
        return Ok(None);
    }
    let path = parsed.file_path().map_err(|error| Error::new(Kind::Other, error))?;
    let path = if path.starts_with('/') { PathBuf::from(path) } else { std::env::current_dir()?.join(path) };
    let path = ev.shared.io.real_path(&ev.real(path.to_string_lossy().as_bytes()));
    if !path.exists() {
        return fail(Kind::Io, format!("Git repository \"{}\" does not exist.", path.display()));
    }
    fetch_in(ev, &path, reference).map(Some)
}

fn fetch_in(ev: &mut Ev, path: &Path, reference: &Reference) -> Result<Source> {
    let (submodules, export_ignore) = (reference.flag("submodules"), reference.flag("exportIgnore"));
    if submodules && export_ignore {
        return fail(Kind::Other, "exportIgnore and submodules are not supported together yet");
    }
    let repository = ev.shared.io.repository(path)?;
    let bare = repository.is_bare();
    if bare && !repository.is_one()? {
        let url = reference.text("url").unwrap_or_default();
        return fail(Kind::Io, format!("Failed to fetch git repository '{url}'"));
    }
    let given_rev = reference.rev()?;
    let named = reference.text("ref").map(str::to_owned);
    let mut result = reference.clone();
    let of_commit = given_rev.is_some() || named.is_some() || bare;
    let head = repository.commit("HEAD")?;
    let mut wanted = Wanted {
        rev: None,
        submodules,
        export_ignore,
        lfs: reference.flag("lfs"),
        local: ev.shared.takes_local(),
    };
    if of_commit {
        let branch = match named {
            Some(name) => Some(name),
            None => repository.head_ref()?,
        };
        let rev = match &given_rev {
            Some(rev) => repository.has(rev)?.then(|| rev.clone()).ok_or_else(|| {
                Error::new(
                    Kind::Unavailable,
                    format!(
                        "getting Git object '{rev}': object not found - no match for id ({rev}) (libgit2 error code = 9)"
                    ),
                )
            })?,
            None => {
                let name = branch.as_deref().unwrap_or("master");
                repository.commit(name)?.ok_or_else(|| {
                    Error::new(
                        Kind::Unavailable,
                        format!(
                            "resolving Git reference '{name}': revspec '{name}' not found (libgit2 error code = 4)"
                        ),
                    )
                })?
            }
        };
        if let Some(branch) = branch {
            result.set("ref", &branch);
        }
        wanted.rev = Some(rev);
    }
    let (mut source, dirty) = match of_commit || submodules || export_ignore {
        true => copied(ev, &*repository, &wanted)?,
        false => in_place(ev, &*repository)?,
    };
    if !of_commit {
        ev.shared.imported.came_from(&source.path, repository.root(), true);
        if dirty && ev.shared.settings.warn_dirty {
            let root = repository.root().display();
            ev.shared.message(&format!("warning: Git tree '{root}' is dirty"));
        }
    }

    let rev = wanted.rev.or_else(|| if dirty { None } else { Some(head.clone().unwrap_or_else(zeros)) });
    let dated = rev.as_ref().filter(|rev| **rev != zeros()).or(head.as_ref());
    let modified = dated.map_or(Ok(0), |rev| repository.time(rev))?;
    source.attrs.push(("lastModified", Attribute::Number(modified)));
    match &rev {
        Some(rev) => {
            result.set("rev", rev);
            if !of_commit && let Some(branch) = repository.head_ref()? {
                result.set("ref", &branch);
            }
            source.attrs.push(("shortRev", Attribute::Text(rev.chars().take(7).collect())));
            source.attrs.push(("rev", Attribute::Text(rev.clone())));
            if !reference.flag("shallow") {
                let count = if *rev == zeros() { 0 } else { repository.count(rev)? };
                source.attrs.push(("revCount", Attribute::Number(count)));
            }
        }
        None => {
            if let Some(head) = &head {
                let short: String = head.chars().take(7).collect();
                source.attrs.push(("dirtyRev", Attribute::Text(format!("{head}-dirty"))));
                source.attrs.push(("dirtyShortRev", Attribute::Text(format!("{short}-dirty"))));
            }
        }
    }
    source.attrs.push(("submodules", Attribute::Flag(submodules)));
    check_said(reference, &result, &source)?;
    Ok(source)
}

/// A work tree where it is; whether it has changes.
fn in_place(ev: &Ev, repository: &dyn Repository) -> Result<(Source, bool)> {
    let dirty = repository.is_changed()?;
    let tracked = tree::tracked(repository)?;
    let trees = &ev.shared.trees;
    let place = trees.add(repository.root(), tree::files(&tracked));
    let hash = trees.hash(&place)?;
    Ok((Source::at(ev, Path::new(OsStr::from_bytes(&place)), hash)?, dirty))
}

/// What is wanted in a folder of our own; whether it is a work tree with changes.
fn copied(ev: &Ev, repository: &dyn Repository, wanted: &Wanted) -> Result<(Source, bool)> {
    let io = ev.shared.io.clone();
    let temporary = io.temporary("source-")?;
    let to = (*temporary).as_ref().join("source");
    std::fs::create_dir(&to)?;
    let dirty = tree::write(&*io, repository, wanted, &to, 0)?;
    let hash = hash_path(&to, Algorithm::Sha256)?;
    let source = Source::at(ev, &to, hash)?;
    ev.shared.temporary.lock().unwrap_or_else(PoisonError::into_inner).push(temporary);
    Ok((source, dirty))
}

fn zeros() -> String {
    "0".repeat(40)
}

/// Fails where the reference says something else than what was found.
fn check_said(reference: &Reference, result: &Reference, source: &Source) -> Result<()> {
    for (name, said) in given(reference)? {
        let found = source.attrs.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        let text = || result.to_text();
        match (&said, found) {
            (Attribute::Number(said), Some(Attribute::Number(found))) if said != found => {
                let got = if name == "revCount" { String::new() } else { format!(", got {found}") };
                return fail(
                    Kind::Other,
                    format!("'{name}' attribute mismatch in input '{}', expected {said}{got}", text()),
                );
            }
            (Attribute::Number(said), None) => {
                return fail(
                    Kind::Other,
                    format!("'{name}' attribute mismatch in input '{}', expected {said}", text()),
                );
            }
            _ => {}
        }
    }
    Ok(())
}
