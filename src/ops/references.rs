//! What files in a store refer to, found as Nix finds it: by the hashes of store paths in their bytes.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{self, Write};
use std::path::Path;

use crate::store::{base32::is_base32, nar};

/// Length of the hash in a store path's name.
const LENGTH: usize = 32;

/// Finds hashes in an archive that comes in pieces, and counts its bytes. What stands between two files in it is no
/// digit.
struct Search<'k> {
    known: &'k BTreeMap<String, String>,
    /// The latest digits, and how many there are in a row.
    last: [u8; LENGTH],
    run: usize,
    bytes: u64,
    found: BTreeSet<String>,
}

impl<'k> Search<'k> {
    fn new(known: &'k BTreeMap<String, String>) -> Self {
        Self { known, last: [0; LENGTH], run: 0, bytes: 0, found: BTreeSet::new() }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
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
}

impl Write for Search<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.feed(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
        for hash in look(&path, known)?.1 {
            if all.insert(hash.clone())
                && let Some(name) = known.get(&hash)
            {
                todo.push_back(name.clone());
            }
        }
    }
    Ok(all)
}

/// How many bytes `path` has as an archive, and the hashes of what it refers to, of those that are `known`.
///
/// # Errors
/// When something there cannot be read.
pub(crate) fn look(path: &Path, known: &BTreeMap<String, String>) -> io::Result<(u64, BTreeSet<String>)> {
    let search = nar::write_path(path, Search::new(known), &mut |_, _| Ok::<_, io::Error>(true))?;
    Ok((search.bytes, search.found))
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
