//! What this checkout's own runs have written: hashes of texts by path, in a file that git ignores.
//!
//! It is one of the ways to know a text for ours, and no instruction: the worst that a forged one does is to have a
//! generated file generated again.

use crate::layout::STATE;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use super::place::{Found, Place};
use super::state_is_own;

const FILE: &str = "written";
/// Texts of one file that are kept in mind: branches are left and come back to.
const KEPT: usize = 8;

/// Hashes by path, the latest last.
#[derive(Clone, Debug, Default)]
pub(super) struct Record(BTreeMap<Utf8PathBuf, Vec<String>>);

fn hash(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

impl Record {
    /// The record of a checkout; empty where there is none, or where it is somebody else's.
    pub fn read(place: &Place) -> Self {
        if !state_is_own(place) {
            return Self::default();
        }
        match place.look(&Utf8Path::new(STATE).join(FILE)) {
            Ok(Found::Bytes(bytes)) => Self::parse(&String::from_utf8_lossy(&bytes)),
            _ => Self::default(),
        }
    }

    fn parse(text: &str) -> Self {
        let mut record = Self::default();
        for (hash, path) in text.lines().filter_map(|line| line.split_once("  ")) {
            if hash.len() == 64 {
                record.0.entry(path.into()).or_default().push(hash.to_owned());
            }
        }
        record
    }

    /// Whether nothing is noted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether we have written this.
    pub fn knows(&self, path: &Utf8Path, text: &str) -> bool {
        self.0.get(path).is_some_and(|known| known.contains(&hash(text)))
    }

    /// Notes a text.
    pub fn note(&mut self, path: &Utf8Path, text: &str) {
        let (known, hash) = (self.0.entry(path.to_owned()).or_default(), hash(text));
        known.retain(|other| *other != hash);
        known.push(hash);
        let surplus = known.len().saturating_sub(KEPT);
        known.drain(..surplus);
    }

    /// As it is kept.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (path, hashes) in &self.0 {
            for hash in hashes {
                let _ = writeln!(text, "{hash}  {path}");
            }
        }
        text
    }

    /// Its name in the folder of our state.
    pub const fn file() -> &'static str {
        FILE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_noted_is_known_also_after_reading_it_back() {
        let path = Utf8Path::new("generated/a b.nix");
        let mut record = Record::default();
        for number in 0..12 {
            record.note(path, &number.to_string());
        }
        record.note(path, "5");
        let record = Record::parse(&record.text());
        assert!(record.knows(path, "11") && record.knows(path, "5"));
        assert!(!record.knows(path, "3"), "long ago");
        assert!(!record.knows(Utf8Path::new("other"), "11"));
        assert!(!Record::parse("nonsense\n\0\n").knows(path, ""));
    }
}
