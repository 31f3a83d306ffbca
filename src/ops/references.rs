//! What files in a store refer to, found as Nix finds it: by the hashes of store paths in their bytes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::store::base32::is_base32;

/// Length of the hash in a store path's name.
const LENGTH: usize = 32;

/// Finds hashes in bytes that come in pieces.
struct Search<'k> {
    known: &'k BTreeMap<String, String>,
    /// The latest digits, and how many there are in a row.
    last: [u8; LENGTH],
    run: usize,
    found: BTreeSet<String>,
}

impl<'k> Search<'k> {
    fn new(known: &'k BTreeMap<String, String>) -> Self {
        Self { known, last: [0; LENGTH], run: 0, found: BTreeSet::new() }
    }

    fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if !is_base32(byte) {
                self.run = 0;
                continue;
            }
            self.last[self.run % LENGTH] = byte;
            self.run += 1;
            if self.run >= LENGTH {
                let mut hash = self.last;
                hash.rotate_left(self.run % LENGTH);
                if let Ok(hash) = std::str::from_utf8(&hash)
                    && self.known.contains_key(hash)
                {
                    self.found.insert(hash.to_owned());
                }
            }
        }
    }

    /// What follows is another file.
    fn end(&mut self) {
        self.run = 0;
    }
}

/// The hashes of all that `begin` (names in the folder `store`) and what it refers to refer to, themselves among them.
/// `known` are the hashes that are looked for, with the names of their paths; what is referred to and not there is
/// found, but not looked into.
///
/// # Errors
/// When something there cannot be read.
pub(crate) fn closure(
    store: &Path,
    begin: &[String],
    known: &BTreeMap<String, String>,
) -> io::Result<BTreeSet<String>> {
    let hash = |name: &str| name.get(..LENGTH).unwrap_or_default().to_owned();
    let mut all: BTreeSet<String> = begin.iter().map(|name| hash(name)).collect();
    let mut todo: VecDeque<String> = begin.iter().cloned().collect();
    while let Some(name) = todo.pop_front() {
        let path = store.join(&name);
        if path.symlink_metadata().is_err() {
            continue;
        }
        for hash in of(&path, known)? {
            if all.insert(hash.clone())
                && let Some(name) = known.get(&hash)
            {
                todo.push_back(name.clone());
            }
        }
    }
    Ok(all)
}

/// The hashes of what the files at `path` refer to, of those that are `known`.
///
/// # Errors
/// When something there cannot be read.
pub(crate) fn of(path: &Path, known: &BTreeMap<String, String>) -> io::Result<BTreeSet<String>> {
    let mut search = Search::new(known);
    look(path, &mut search)?;
    Ok(search.found)
}

fn look(path: &Path, search: &mut Search<'_>) -> io::Result<()> {
    let kind = path.symlink_metadata()?.file_type();
    if kind.is_symlink() {
        search.feed(std::fs::read_link(path)?.as_os_str().as_bytes());
        search.end();
    } else if kind.is_dir() {
        for entry in std::fs::read_dir(path)? {
            let entry = entry?;
            search.feed(entry.file_name().as_bytes());
            search.end();
            look(&entry.path(), search)?;
        }
    } else if kind.is_file() {
        let mut file = std::fs::File::open(path)?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            match file.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => search.feed(buffer.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        search.end();
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn references_are_found_where_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let name = |c: char| format!("{}-x", c.to_string().repeat(LENGTH));
        let known: BTreeMap<String, String> =
            "abcdf".chars().map(|c| (c.to_string().repeat(LENGTH), name(c))).collect();
        let at = |c: char| dir.path().join(name(c));
        std::fs::create_dir_all(at('a').join("lib")).unwrap();
        // At the border of what is read at once, with digits before it.
        let text = format!("{}00/nix/store/{}", "-".repeat((1 << 16) - 20), name('b'));
        std::fs::write(at('a').join("lib/x"), text).unwrap();
        std::os::unix::fs::symlink(format!("/nix/store/{}", name('c')), at('b')).unwrap();
        std::fs::write(at('d'), "").unwrap();
        let found = closure(dir.path(), &[name('a')], &known).unwrap();
        let hashes = |all: &str| all.chars().map(|c| c.to_string().repeat(LENGTH)).collect::<BTreeSet<_>>();
        // What is referred to is found although it is not there.
        assert_eq!(found, hashes("abc"));
        // Two pieces of a hash in two files are none.
        std::fs::write(at('d'), name('f').get(..16).unwrap()).unwrap();
        assert_eq!(closure(dir.path(), &[name('d')], &known).unwrap(), hashes("d"));
    }
}
