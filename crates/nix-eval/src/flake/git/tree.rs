//! The files of a work tree or a commit, and writing them to a folder of our own.
//!
//! The trees of commits are somebody else's: every name is a plain one, every directory made here, so
//! that nothing is written through a link.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{Kind, Wanted, fail, submodules};
use crate::eval_io::{Entry, EvalIo, Repository};
use crate::machine::Result;
use nix_store::archive::is_plain;
use nix_store::nar::FileType;
use nix_store::{Algorithm, Hash};

/// Submodules inside one another.
const DEPTH: usize = 32;

/// Writes what is wanted into the empty folder `to`; whether it is a work tree with changes.
pub fn write(
    io: &dyn EvalIo,
    repository: &dyn Repository,
    wanted: &Wanted,
    to: &Path,
    depth: usize,
) -> Result<bool> {
    if depth > DEPTH {
        let root = repository.root().display();
        return fail(Kind::Other, format!("the submodules of '{root}' are nested without end"));
    }
    match &wanted.rev {
        Some(rev) => write_commit(io, repository, wanted, rev, to, depth).map(|()| false),
        None => write_work_tree(io, repository, wanted, to, depth),
    }
}

/// Fails where git knows a name that leads elsewhere.
fn only_plain(entries: Vec<Entry>) -> Result<Vec<Entry>> {
    match entries.iter().find(|entry| !is_plain(&entry.path)) {
        Some(entry) => fail(Kind::Other, format!("git knows a file called '{}'", entry.path.display())),
        None => Ok(entries),
    }
}

/// What `.gitattributes` says to leave out of archives, of `paths` and the directories around them.
fn ignored<'p>(
    repository: &dyn Repository,
    rev: Option<&str>,
    paths: impl Iterator<Item = &'p Path>,
) -> Result<BTreeSet<PathBuf>> {
    let mut asked = BTreeSet::new();
    for path in paths {
        asked.extend(path.ancestors().filter(|path| !path.as_os_str().is_empty()));
    }
    let asked: Vec<_> = asked.into_iter().collect();
    let found = repository.attribute(rev, "export-ignore", &asked)?;
    Ok(found.into_iter().filter(|(_, value)| value == b"set").map(|(path, _)| path).collect())
}

/// Whether a path, or a directory around it, is left out.
fn is_left_out(path: &Path, left_out: &BTreeSet<PathBuf>) -> bool {
    path.ancestors().any(|path| left_out.contains(path))
}

/// What git knows of a work tree.
pub fn tracked(repository: &dyn Repository) -> Result<Vec<Entry>> {
    only_plain(repository.tracked()?)
}

/// All but submodules.
pub fn files(tracked: &[Entry]) -> impl Iterator<Item = &Path> {
    tracked.iter().filter(|entry| entry.submodule().is_none()).map(|entry| entry.path.as_path())
}

fn write_work_tree(
    io: &dyn EvalIo,
    repository: &dyn Repository,
    wanted: &Wanted,
    to: &Path,
    depth: usize,
) -> Result<bool> {
    let mut dirty = repository.is_changed()?;
    let tracked = tracked(repository)?;
    let left_out = match wanted.export_ignore {
        true => ignored(repository, None, files(&tracked))?,
        false => BTreeSet::new(),
    };
    for name in files(&tracked) {
        // A tracked file that was deleted is not there.
        let from = repository.root().join(name);
        let Ok(metadata) = from.symlink_metadata() else { continue };
        let parent = name.parent().unwrap_or(Path::new(""));
        if is_left_out(parent, &left_out) {
            // The directories that are not left out are there, empty if need be.
            let kept = parent.ancestors().find(|dir| !is_left_out(dir, &left_out));
            make_directories(to, kept.unwrap_or(Path::new("")))?;
            continue;
        }
        make_directories(to, parent)?;
        if left_out.contains(name) {
            continue;
        }
        let place = to.join(name);
        match FileType::from(metadata.file_type()) {
            FileType::Symlink => std::os::unix::fs::symlink(std::fs::read_link(&from)?, &place)?,
            FileType::Regular => {
                std::fs::copy(&from, &place)?;
            }
            _ => make_directories(to, name)?,
        }
    }
    if wanted.submodules {
        dirty |= submodules::write_work_trees(io, repository, wanted, to, depth)?;
    }
    Ok(dirty)
}

/// Makes the directories of a path below `to`, none of which may be a link.
pub fn make_directories(to: &Path, path: &Path) -> Result<()> {
    let mut place = to.to_path_buf();
    for part in path.components() {
        place.push(part);
        match place.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                let path = path.display();
                return fail(Kind::Other, format!("'{path}' is no directory, and something is to be in it"));
            }
            Err(_) => std::fs::create_dir(&place)?,
        }
    }
    Ok(())
}

fn write_commit(
    io: &dyn EvalIo,
    repository: &dyn Repository,
    wanted: &Wanted,
    rev: &str,
    to: &Path,
    depth: usize,
) -> Result<()> {
    let all = only_plain(repository.tree(rev)?)?;
    let left_out = match wanted.export_ignore {
        true => ignored(repository, Some(rev), all.iter().map(|entry| entry.path.as_path()))?,
        false => BTreeSet::new(),
    };
    let kept: Vec<&Entry> = all.iter().filter(|entry| !is_left_out(&entry.path, &left_out)).collect();
    let is_folder = |entry: &Entry| entry.is_directory() || entry.submodule().is_some();
    for entry in kept.iter().filter(|entry| is_folder(entry)) {
        std::fs::create_dir(to.join(&entry.path))?;
    }
    let files: Vec<_> = kept.iter().filter(|entry| !is_folder(entry)).collect();
    let ids: Vec<_> = files.iter().map(|entry| entry.id.as_str()).collect();
    let mut rest = files.iter();
    let mut done = Ok(());
    repository.objects(&ids, &mut |contents| {
        done = match rest.next() {
            Some(entry) => write_file(repository, rev, entry, contents, to),
            None => Ok(()),
        };
        done.is_ok()
    })?;
    done?;
    if let Some(entry) = rest.next() {
        write_file(repository, rev, entry, None, to)?;
    }
    if wanted.lfs {
        let files = kept.iter().filter(|entry| entry.mode & 0o170_000 == 0o100_000);
        fill_in_lfs(repository, rev, files.map(|entry| entry.path.as_path()), to)?;
    }
    if wanted.submodules {
        submodules::write_commits(io, repository, wanted, rev, &all, to, depth)?;
    }
    Ok(())
}

/// Writes a file or link of a commit; without contents it is not there, and that is an error.
fn write_file(
    repository: &dyn Repository,
    rev: &str,
    entry: &Entry,
    contents: Option<&[u8]>,
    to: &Path,
) -> Result<()> {
    let Some(contents) = contents else {
        let (id, path) = (&entry.id, entry.path.display());
        let root = repository.root().display();
        return fail(
            Kind::Unavailable,
            format!("'{root}' does not have the object {id} of '{path}' at {rev}"),
        );
    };
    let place = to.join(&entry.path);
    if entry.is_link() {
        std::os::unix::fs::symlink(OsStr::from_bytes(contents), &place)?;
        return Ok(());
    }
    let mode = if entry.mode & 0o100 != 0 { 0o755 } else { 0o644 };
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&place)?;
    std::io::Write::write_all(&mut file, contents)?;
    Ok(())
}

/// Puts the contents of files that Git LFS keeps into the place of what points to them.
fn fill_in_lfs<'p>(
    repository: &dyn Repository,
    rev: &str,
    files: impl Iterator<Item = &'p Path>,
    to: &Path,
) -> Result<()> {
    let files: Vec<_> = files.collect();
    let kept_there = repository.attribute(Some(rev), "filter", &files)?;
    for (path, _) in kept_there.into_iter().filter(|(_, filter)| filter == b"lfs") {
        let place = to.join(&path);
        let Some(id) = std::fs::read(&place).ok().and_then(|text| pointed_to(&text)) else { continue };
        let objects = repository.common_dir()?.unwrap_or_default().join("lfs/objects");
        let from = objects.join(&id[..2]).join(&id[2..4]).join(&id);
        let contents = std::fs::read(&from).ok();
        match contents.filter(|contents| Hash::of(Algorithm::Sha256, contents).to_base16() == id) {
            Some(contents) => std::fs::write(&place, contents)?,
            None => {
                let (path, root) = (path.display(), repository.root().display());
                return fail(
                    Kind::Unavailable,
                    format!(
                        "'{path}' of '{root}' is kept by Git LFS, and its contents ({id}) are not on this machine; get them with: git -C '{root}' lfs fetch"
                    ),
                );
            }
        }
    }
    Ok(())
}

/// The hash in a pointer of Git LFS.
fn pointed_to(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok().filter(|text| text.len() < 1024)?;
    let rest = text.strip_prefix("version https://git-lfs.github.com/spec/v1\n")?;
    let id = rest.lines().find_map(|line| line.strip_prefix("oid sha256:"))?;
    let valid = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    valid.then(|| id.to_owned())
}
