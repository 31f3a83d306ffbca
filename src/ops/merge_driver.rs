//! Merging a generated file for git, where the attributes' own `merge=union` is not enough.
//!
//! Union keeps the lines of both sides, which may be no Nix until the next run of pgflakegen. This merges as git does
//! and takes our side where both changed the same lines, so that what stands there can be read meanwhile.

use std::path::Path;

use camino::Utf8Path;

use super::{Error, Host, Notice};
use crate::git::Repository;
use crate::layout;
use crate::render::marker;
use crate::tree::place;

/// What is to be merged.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The common ancestor's version.
    pub ancestor: &'a Utf8Path,
    /// Our version; the result goes here.
    pub ours: &'a Utf8Path,
    /// The other version.
    pub theirs: &'a Utf8Path,
    /// The file's name.
    pub path: &'a Utf8Path,
    /// The folder that git calls from, in the repository.
    pub here: &'a Path,
}

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merged {
    /// The result is written.
    Done,
    /// It is somebody else's file, and has a conflict: ours stays, and git says so.
    Conflict,
}

/// Merges three versions of a file.
///
/// # Errors
/// When a version cannot be read, or the result not be written.
pub fn merge(request: &Request<'_>, host: &dyn Host) -> Result<Merged, Error> {
    let Request { ancestor, ours, theirs, path, here } = *request;
    let read = |path: &Utf8Path| {
        std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.to_owned(), source })
    };
    let generated = path.file_name() == Some(layout::FLAKE_LOCK)
        || marker::is_ours(&read(ours)?) && marker::is_ours(&read(theirs)?);
    let repository = Repository::around(here)?.ok_or(Error::NotFromGit)?;
    let absolute = |path: &Utf8Path| here.join(path);
    let favour = if generated { &["--ours"][..] } else { &[] };
    let mut arguments: Vec<std::ffi::OsString> = vec!["merge-file".into(), "-p".into(), "-q".into()];
    arguments.extend(favour.iter().map(Into::into));
    arguments.push("--".into());
    arguments.extend([ours, ancestor, theirs].map(|path| absolute(path).into_os_string()));
    if !generated {
        host.notice(Notice::NotOurs(path));
    }
    let merged = repository.output(&arguments);
    match merged {
        Ok(merged) => {
            place::replace(ours, &merged).map_err(Error::NoResult)?;
            Ok(Merged::Done)
        }
        Err(_) if !generated => Ok(Merged::Conflict),
        Err(error) => Err(error.into()),
    }
}
