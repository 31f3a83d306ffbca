//! nixpkgs' attribute names at one revision: what an override can ask for.
//!
//! The file is text, gzipped: a header (`revision`, `coverage`), an empty line, the names sorted, one
//! a line. Whether an unknown name is certainly wrong depends on the coverage, so the file says it.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};

/// How far an index can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All names of the revision: one that is not here does not exist.
    Complete,
    /// Some names: one that is not here may exist, unless it is a slip of the pen away from one that
    /// is.
    Partial,
}

/// The names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// nixpkgs' revision, or what the names were taken from.
    pub revision: String,
    /// How far it can be trusted.
    pub coverage: Coverage,
    names: BTreeSet<String>,
}

/// Why a file is no index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The compressed data ends early or is damaged.
    #[error("not gzip, or damaged: {0}")]
    Gzip(#[from] std::io::Error),
    /// The header is not as it should be.
    #[error("line {0} of the index is not understood")]
    Header(usize),
    /// What the names are to be taken from is neither `nix-env --json` output nor a list of names.
    #[error("neither a JSON object nor array of names: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON of another shape.
    #[error("the JSON is neither an object with the attribute names as keys nor an array of strings")]
    Shape,
}

const FIRST: &str = "pgflakegen attribute index 1";

/// An index larger than this is not read.
const LIMIT: u64 = 64 << 20;

impl Index {
    /// An index of these names; dotted ones (`perlPackages.X`) count with their first part as well.
    pub fn new(
        revision: impl Into<String>,
        coverage: Coverage,
        names: impl IntoIterator<Item = String>,
    ) -> Self {
        let mut all = BTreeSet::new();
        for name in names {
            if let Some((first, _)) = name.split_once('.') {
                all.insert(first.to_owned());
            }
            all.insert(name);
        }
        Self { revision: revision.into(), coverage, names: all }
    }

    /// The one that comes with the program.
    pub fn bundled() -> Result<Self, IndexError> {
        Self::read(include_bytes!("nixpkgs.index.gz"))
    }

    /// Reads an index file.
    pub fn read(bytes: &[u8]) -> Result<Self, IndexError> {
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes).take(LIMIT).read_to_string(&mut text)?;
        let mut lines = text.lines().enumerate();
        if lines.next().is_none_or(|(_, line)| line != FIRST) {
            return Err(IndexError::Header(1));
        }
        let (mut revision, mut coverage) = (None, None);
        for (at, line) in lines.by_ref() {
            match line.split_once(' ') {
                _ if line.is_empty() => break,
                Some(("revision", value)) => revision = Some(value.to_owned()),
                Some(("coverage", "complete")) => coverage = Some(Coverage::Complete),
                Some(("coverage", "partial")) => coverage = Some(Coverage::Partial),
                _ => return Err(IndexError::Header(at + 1)),
            }
        }
        let (Some(revision), Some(coverage)) = (revision, coverage) else {
            return Err(IndexError::Header(2));
        };
        Ok(Self { revision, coverage, names: lines.map(|(_, line)| line.to_owned()).collect() })
    }

    /// As an index file; the same names give the same bytes.
    pub fn write(&self) -> Result<Vec<u8>, IndexError> {
        let coverage = match self.coverage {
            Coverage::Complete => "complete",
            Coverage::Partial => "partial",
        };
        let mut out = flate2::GzBuilder::new().write(Vec::new(), flate2::Compression::best());
        write!(out, "{FIRST}\nrevision {}\ncoverage {coverage}\n\n", self.revision.replace('\n', " "))?;
        for name in &self.names {
            writeln!(out, "{name}")?;
        }
        Ok(out.finish()?)
    }

    /// The names in Nix's own words: an object with them as keys (`nix-env -qaP --json`, `nix search
    /// --json`), an array (`builtins.attrNames pkgs`), or one name a line.
    pub fn names_of(text: &str) -> Result<Vec<String>, IndexError> {
        let trimmed = text.trim_start();
        if !trimmed.starts_with(['{', '[']) {
            let words = text.lines().filter_map(|line| line.split_whitespace().next());
            return Ok(words.filter(|word| !word.starts_with('#')).map(bare).collect());
        }
        match serde_json::from_str(trimmed)? {
            serde_json::Value::Object(map) => Ok(map.into_iter().map(|(name, _)| bare(&name)).collect()),
            serde_json::Value::Array(items) => {
                items.into_iter().map(|item| item.as_str().map(bare).ok_or(IndexError::Shape)).collect()
            }
            _ => Err(IndexError::Shape),
        }
    }

    /// Whether nixpkgs has `name`.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// All of them, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether it has no names.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names nearest to `word`, best first, at most `count`; within a third of its letters.
    pub fn nearest(&self, word: &str, count: usize) -> Vec<&str> {
        let fold = |s: &str| s.to_lowercase().replace('_', "-");
        let folded = fold(word);
        let limit = word.chars().count().div_ceil(3);
        // Among equally near names, the one that looks most alike.
        let unlike = |name: &str| (1000.0 * (1.0 - strsim::jaro_winkler(&folded, &fold(name)))) as u32;
        let mut near: Vec<_> = self
            .names
            .iter()
            .filter(|name| name.len().abs_diff(word.len()) <= limit && !name.contains('.'))
            .map(|name| (strsim::damerau_levenshtein(&folded, &fold(name)), name.as_str()))
            .filter(|(distance, _)| *distance <= limit)
            .map(|(distance, name)| (distance, unlike(name), name))
            .collect();
        near.sort_unstable();
        near.into_iter().take(count).map(|(_, _, name)| name).collect()
    }
}

/// `nixpkgs.openssl` and `legacyPackages.x86_64-linux.openssl` are the attribute `openssl`.
fn bare(name: &str) -> String {
    let mut rest = name;
    if let Some(inner) = rest.strip_prefix("legacyPackages.") {
        rest = inner.split_once('.').map_or(inner, |(_, rest)| rest);
    }
    rest.strip_prefix("nixpkgs.").or_else(|| rest.strip_prefix("nixos.")).unwrap_or(rest).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_survives_its_file() {
        let names =
            Index::names_of(r#"{"nixpkgs.openssl": {}, "legacyPackages.x86_64-linux.perlPackages.DBI": {}}"#);
        let index = Index::new("abc", Coverage::Complete, names.expect("JSON of names"));
        let bytes = index.write().expect("memory takes everything");
        assert_eq!(bytes, index.write().expect("memory takes everything"));
        assert_eq!(Index::read(&bytes).expect("our own file"), index);
        assert!(index.has("openssl") && index.has("perlPackages") && index.has("perlPackages.DBI"));
        assert_eq!(index.nearest("opensll", 3), ["openssl"]);
    }

    #[test]
    fn damaged_files_are_errors() {
        assert!(Index::read(b"").is_err() && Index::read(b"\x1f\x8b junk").is_err());
        let index = Index::new("abc", Coverage::Partial, ["a".to_owned()]);
        let bytes = index.write().expect("memory takes everything");
        assert!(Index::read(&bytes[..bytes.len() - 9]).is_err());
    }

    #[test]
    fn the_bundled_index_is_readable() {
        let index = Index::bundled().expect("the repository carries it");
        assert!(index.has("openssl") && index.has("cmake") && index.has("callPackage"));
    }
}
