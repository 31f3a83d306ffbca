//! What git lists, with `-z`: names are bytes, and no byte but NUL ends one.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

pub use nix_eval::Entry;

fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// The lines of `ls-files --stage -z` and `ls-tree -z`: `MODE [TYPE] ID [STAGE]\tPATH`; a path that is in
/// conflict comes once.
pub fn entries(out: &[u8]) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in out.split(|byte| *byte == 0) {
        let Some(tab) = line.iter().position(|byte| *byte == b'\t') else { continue };
        let (about, rest) = line.split_at(tab);
        let about = String::from_utf8_lossy(about);
        let mut words = about.split(' ');
        let mode = words.next().and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(0);
        let id = words.find(|word| word.len() >= 40).unwrap_or_default().to_owned();
        let entry = Entry { mode, id, path: path(rest.get(1..).unwrap_or_default()) };
        if entries.last().is_none_or(|last| last.path != entry.path) {
            entries.push(entry);
        }
    }
    entries
}

/// How a path differs, as `git status` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The index against `HEAD`: `A`, `M`, `D`, `T`, `U`, `?`, or a space.
    pub index: char,
    /// The work tree against the index.
    pub tree: char,
    /// Which.
    pub path: PathBuf,
}

impl Status {
    /// Whether git does not know the file at all.
    pub fn is_untracked(&self) -> bool {
        self.index == '?'
    }

    /// Whether a merge left it to be resolved.
    pub fn is_conflict(&self) -> bool {
        self.index == 'U' || self.tree == 'U' || matches!((self.index, self.tree), ('A', 'A') | ('D', 'D'))
    }
}

/// The lines of `status --porcelain -z --no-renames`: `XY PATH`.
pub fn statuses(out: &[u8]) -> Vec<Status> {
    let of = |line: &[u8]| match line {
        [index, tree, b' ', rest @ ..] if !rest.is_empty() => {
            Some(Status { index: char::from(*index), tree: char::from(*tree), path: path(rest) })
        }
        _ => None,
    };
    out.split(|byte| *byte == 0).filter_map(of).collect()
}

/// What `cat-file --batch` gives.
#[derive(Debug, Default)]
pub struct Objects(pub(super) Vec<u8>);

impl Objects {
    /// As git printed it.
    pub fn of(out: Vec<u8>) -> Self {
        Self(out)
    }

    /// The contents of the objects, in the order that was asked for; `None` for one that is not there.
    pub fn iter(&self) -> impl Iterator<Item = Option<&[u8]>> {
        objects(&self.0)
    }
}

fn objects(bytes: &[u8]) -> impl Iterator<Item = Option<&[u8]>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let about = rest.get(..end)?;
        let after = rest.get(end + 1..)?;
        let size = std::str::from_utf8(about)
            .ok()
            .and_then(|about| about.rsplit_once(' '))
            .and_then(|(_, size)| size.parse::<usize>().ok());
        let Some(size) = size else {
            rest = after;
            return Some(None);
        };
        let contents = after.get(..size)?;
        rest = after.get(size + 1..).unwrap_or_default();
        Some(Some(contents))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn names_may_be_anything() {
        let one = "a".repeat(40);
        let out = format!("100644 {one} 0\ta\nb\t\u{1b}[31mc\0160000 {one} 1\tsub\0160000 {one} 2\tsub\0");
        let found = entries(out.as_bytes());
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].path, Path::new("a\nb\t\u{1b}[31mc"));
        assert_eq!(found[1].submodule(), Some(one.as_str()));
        let found = statuses(b"?? a\nb\0UU c d\0 M \xff\0");
        assert_eq!(found.len(), 3);
        assert!(found[0].is_untracked() && found[1].is_conflict());
        assert_eq!(found[2].path, Path::new(OsStr::from_bytes(b"\xff")));
    }

    #[test]
    fn objects_one_after_the_other() {
        let out = b"id blob 3\na\nb\nid missing\nid blob 0\n\n";
        let found: Vec<_> = objects(out).collect();
        assert_eq!(found, [Some(&b"a\nb"[..]), None, Some(&b""[..])]);
    }
}
