//! Store paths: which names are allowed, and how the 32 characters before the name come about.

use std::collections::BTreeSet;
use std::fmt;

use super::base32;
use super::hash::{Algorithm, Hash};

/// Characters of a store path's hash part.
pub const HASH_CHARS: usize = 32;
/// Longest name, without the hash part.
pub const MAX_NAME: usize = 211;

/// Why a text is no store path or no store path name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorePathError {
    /// Nothing after the hash.
    #[error("name must not be empty")]
    EmptyName,
    /// Over [`MAX_NAME`].
    #[error("name '{0}' must be no longer than 211 characters")]
    NameTooLong(String),
    /// `.` or `..`.
    #[error("name '{0}' is not valid")]
    DotName(String),
    /// `.-…` or `..-…`.
    #[error("name '{name}' is not valid: first dash-separated component must not be '{component}'")]
    DotComponent {
        /// The name.
        name: String,
        /// `.` or `..`.
        component: &'static str,
    },
    /// Only letters, digits and `+-._?=` are allowed.
    #[error("name '{name}' contains illegal character '{character}'")]
    IllegalCharacter {
        /// The name.
        name: String,
        /// The first such character.
        character: char,
    },
    /// The hash part is short, or holds a character that is not base-32.
    #[error("path '{0}' is not a valid store path: the hash part is wrong")]
    BadHashPart(String),
    /// A path whose name is not allowed.
    #[error("path '{base}' is not a valid store path: {reason}")]
    BadName {
        /// `HASH-NAME`.
        base: String,
        /// What is wrong with the name.
        reason: Box<StorePathError>,
    },
    /// Not directly in the store directory.
    #[error("path '{0}' is not in the Nix store")]
    NotInStore(String),
    /// Texts and NARs only: what the flat and the SHA-1 kinds of fixed output refer to can't be named.
    #[error("fixed output derivation '{0}' is not allowed to refer to other store paths")]
    ReferencesNotAllowed(String),
}

/// Checks the name of a store path.
pub fn check_name(name: &str) -> Result<(), StorePathError> {
    if name.is_empty() {
        return Err(StorePathError::EmptyName);
    }
    if name.len() > MAX_NAME {
        return Err(StorePathError::NameTooLong(name.to_owned()));
    }
    if name == "." || name == ".." {
        return Err(StorePathError::DotName(name.to_owned()));
    }
    for component in [".", ".."] {
        if name.strip_prefix(component).is_some_and(|rest| rest.starts_with('-')) {
            return Err(StorePathError::DotComponent { name: name.to_owned(), component });
        }
    }
    match name.chars().find(|c| !(c.is_ascii_alphanumeric() || "+-._?=".contains(*c))) {
        Some(character) => Err(StorePathError::IllegalCharacter { name: name.to_owned(), character }),
        None => Ok(()),
    }
}

/// A store path without the store directory: `HASH-NAME`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StorePath(Box<str>);

impl StorePath {
    /// Reads `HASH-NAME`.
    pub fn from_base_name(base: &str) -> Result<Self, StorePathError> {
        let bytes = base.as_bytes();
        let hash = bytes.get(..HASH_CHARS).filter(|hash| hash.iter().all(|byte| base32::is_base32(*byte)));
        if hash.is_none() || bytes.get(HASH_CHARS) != Some(&b'-') {
            return Err(StorePathError::BadHashPart(base.to_owned()));
        }
        check_name(&base[HASH_CHARS + 1..])?;
        Ok(Self(base.into()))
    }

    /// `HASH-NAME`.
    pub fn base_name(&self) -> &str {
        &self.0
    }

    /// The 32 characters.
    pub fn hash_part(&self) -> &str {
        &self.0[..HASH_CHARS]
    }

    /// What follows the hash.
    pub fn name(&self) -> &str {
        &self.0[HASH_CHARS + 1..]
    }

    /// Whether it names a derivation.
    pub fn is_derivation(&self) -> bool {
        self.0.ends_with(".drv")
    }
}

impl fmt::Debug for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StorePath({})", self.0)
    }
}

impl fmt::Display for StorePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a fixed output's contents are hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IngestionMethod {
    /// The bytes of one file.
    Flat,
    /// The NAR of a file tree (`recursive`, `r:`).
    Nar,
    /// One text file that may have references.
    Text,
}

impl IngestionMethod {
    /// What a derivation writes before the algorithm.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Flat => "",
            Self::Nar => "r:",
            Self::Text => "text:",
        }
    }
}

/// The store directory, `/nix/store`; it is part of every hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreDir(String);

impl Default for StoreDir {
    fn default() -> Self {
        Self("/nix/store".to_owned())
    }
}

impl StoreDir {
    /// A store elsewhere; `dir` is absolute and has no slash at its end.
    pub fn new(dir: impl Into<String>) -> Self {
        Self(dir.into())
    }

    /// The directory.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The whole path.
    pub fn print(&self, path: &StorePath) -> String {
        format!("{}/{}", self.0, path.0)
    }

    /// Reads a whole path that lies directly in the store.
    pub fn parse(&self, path: &str) -> Result<StorePath, StorePathError> {
        match path.strip_prefix(&self.0).and_then(|rest| rest.strip_prefix('/')) {
            Some(base) if !base.contains('/') => StorePath::from_base_name(base),
            _ => Err(StorePathError::NotInStore(path.to_owned())),
        }
    }

    /// Splits a path in the store into its store path and what follows (with its slash).
    pub fn split<'a>(&self, path: &'a str) -> Result<(StorePath, &'a str), StorePathError> {
        let base = path
            .strip_prefix(&self.0)
            .and_then(|rest| rest.strip_prefix('/'))
            .ok_or_else(|| StorePathError::NotInStore(path.to_owned()))?;
        let end = base.find('/').unwrap_or(base.len());
        Ok((StorePath::from_base_name(&base[..end])?, &base[end..]))
    }

    /// The common form: `kind:HASH:STORE:NAME`, hashed and folded to 160 bits.
    pub fn make_store_path(&self, kind: &str, hash: &Hash, name: &str) -> Result<StorePath, StorePathError> {
        self.path_of(&[kind], hash, &[name])
    }

    /// As [`Self::make_store_path`], of a kind and a name in pieces.
    pub(super) fn path_of(
        &self,
        kind: &[&str],
        hash: &Hash,
        name: &[&str],
    ) -> Result<StorePath, StorePathError> {
        let mut text = Vec::with_capacity(512);
        kind.iter().for_each(|piece| text.extend_from_slice(piece.as_bytes()));
        for piece in [":", hash.algorithm().name(), ":"] {
            text.extend_from_slice(piece.as_bytes());
        }
        hash.write_base16(&mut text);
        for piece in [":", self.as_str(), ":"].iter().chain(name) {
            text.extend_from_slice(piece.as_bytes());
        }
        let digest = base32::encode(&Hash::of(Algorithm::Sha256, text).compress::<20>());
        let len = name.iter().map(|piece| piece.len()).sum::<usize>();
        let mut base = String::with_capacity(HASH_CHARS + 1 + len);
        base.extend([digest.as_str(), "-"].iter().chain(name).copied());
        match check_name(&base[HASH_CHARS + 1..]) {
            Ok(()) => Ok(StorePath(base.into())),
            Err(reason) => Err(StorePathError::BadName { base, reason: Box::new(reason) }),
        }
    }

    /// An output of a derivation from its hash modulo fixed outputs.
    pub fn output_path(
        &self,
        output: &str,
        hash: &Hash,
        drv_name: &str,
    ) -> Result<StorePath, StorePathError> {
        let name: &[&str] = if output == "out" { &[drv_name] } else { &[drv_name, "-", output] };
        self.path_of(&["output:", output], hash, name)
    }

    /// A fixed output: a NAR with SHA-256 is a `source`, everything else goes through `fixed:out:`.
    pub fn fixed_output_path(
        &self,
        method: IngestionMethod,
        hash: &Hash,
        name: &str,
        references: &BTreeSet<StorePath>,
    ) -> Result<StorePath, StorePathError> {
        match method {
            IngestionMethod::Text => self.text_path(name, hash, references),
            IngestionMethod::Nar if hash.algorithm() == Algorithm::Sha256 => {
                self.make_store_path(&self.kind("source", references), hash, name)
            }
            _ if !references.is_empty() => Err(StorePathError::ReferencesNotAllowed(name.to_owned())),
            IngestionMethod::Flat | IngestionMethod::Nar => {
                let text = format!("fixed:out:{}{}:{}:", method.prefix(), hash.algorithm(), hash.to_base16());
                self.make_store_path("output:out", &Hash::of(Algorithm::Sha256, text), name)
            }
        }
    }

    /// A file made by `builtins.toFile`, or a `.drv`; `hash` is the contents' SHA-256.
    pub fn text_path(
        &self,
        name: &str,
        hash: &Hash,
        references: &BTreeSet<StorePath>,
    ) -> Result<StorePath, StorePathError> {
        self.make_store_path(&self.kind("text", references), hash, name)
    }

    /// A source tree or file copied into the store; `hash` is its NAR's SHA-256.
    pub fn source_path(&self, name: &str, hash: &Hash) -> Result<StorePath, StorePathError> {
        self.fixed_output_path(IngestionMethod::Nar, hash, name, &BTreeSet::new())
    }

    fn kind(&self, kind: &str, references: &BTreeSet<StorePath>) -> String {
        let mut text = kind.to_owned();
        for reference in references {
            text.push(':');
            text.push_str(&self.print(reference));
        }
        text
    }
}

/// The name of an output's path: the derivation's own for `out`, else `NAME-OUTPUT`.
pub fn output_path_name(drv_name: &str, output: &str) -> String {
    if output == "out" { drv_name.to_owned() } else { format!("{drv_name}-{output}") }
}

/// What stands in for a path that is not known yet, as `builtins.placeholder` gives it.
pub fn placeholder(output: &str) -> String {
    let hash = Hash::of(Algorithm::Sha256, format!("nix-output:{output}"));
    format!("/{}", hash.to_base32())
}

/// What stands in for `output` of a derivation whose output paths are not known yet.
pub fn downstream_placeholder(drv: &StorePath, output: &str) -> String {
    let drv_name = drv.name().strip_suffix(".drv").unwrap_or(drv.name());
    let text = format!("nix-upstream-output:{}:{}", drv.hash_part(), output_path_name(drv_name, output));
    format!("/{}", Hash::of(Algorithm::Sha256, text).to_base32())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> StoreDir {
        StoreDir::default()
    }

    fn none() -> BTreeSet<StorePath> {
        BTreeSet::new()
    }

    // What `nix-store --add`, `nix-store --add-fixed` and `builtins.toFile` of Nix 2.34 print.
    #[test]
    fn paths_as_nix_makes_them() {
        let nar = Hash::parse("sha256-fePUIx9TQY4LUqv8c3lf6KPor36Nau8NSvgBiIIY83A=", None).unwrap();
        assert_eq!(
            store().source_path("t1", &nar).unwrap().base_name(),
            "m690f94sl7wdvdybiva6vsdc0i4lg0w9-t1"
        );
        for (algorithm, expected) in [
            (Algorithm::Sha256, "fdwm55r4skpypx1gwzb7x69ckav1rv09-a.txt"),
            (Algorithm::Md5, "ql4vf9nr3hjsc5rjwh6bsycgb65khwb4-a.txt"),
        ] {
            let hash = Hash::of(algorithm, "hello\n");
            let path = store().fixed_output_path(IngestionMethod::Flat, &hash, "a.txt", &none());
            assert_eq!(path.unwrap().base_name(), expected);
        }
        let text = |name: &str, contents: &str, references: &BTreeSet<StorePath>| {
            store().text_path(name, &Hash::of(Algorithm::Sha256, contents), references).unwrap()
        };
        assert_eq!(text("x", "hello", &none()).base_name(), "4g4g9i669dl63abpww0djbl2jxl6bwiz-x");
        let y = text("y", "hi", &none());
        let x = text("x", &store().print(&y), &BTreeSet::from([y]));
        assert_eq!(x.base_name(), "3bg33srm85jxx662i9qk4qlvkqimzllk-x");
    }

    #[test]
    fn names() {
        assert_eq!(check_name("hello-2.12.1+git?=x_y"), Ok(()));
        assert_eq!(check_name(".x"), Ok(()));
        assert_eq!(check_name(""), Err(StorePathError::EmptyName));
        assert!(matches!(check_name(".."), Err(StorePathError::DotName(_))));
        assert!(matches!(check_name("..-a"), Err(StorePathError::DotComponent { component: "..", .. })));
        assert!(matches!(check_name(&"a".repeat(212)), Err(StorePathError::NameTooLong(_))));
        assert!(matches!(check_name("a b"), Err(StorePathError::IllegalCharacter { character: ' ', .. })));
        assert!(matches!(check_name("aé"), Err(StorePathError::IllegalCharacter { character: 'é', .. })));
    }

    #[test]
    fn splitting() {
        let path = "/nix/store/m690f94sl7wdvdybiva6vsdc0i4lg0w9-t1";
        let parsed = store().parse(path).unwrap();
        assert_eq!((parsed.name(), parsed.hash_part()), ("t1", "m690f94sl7wdvdybiva6vsdc0i4lg0w9"));
        assert_eq!(store().print(&parsed), path);
        let inner = format!("{path}/bin/x");
        assert_eq!(store().split(&inner).unwrap(), (parsed, "/bin/x"));
        assert!(matches!(store().parse(&inner), Err(StorePathError::NotInStore(_))));
        assert!(matches!(store().parse("/nix/store/short-t1"), Err(StorePathError::BadHashPart(_))));
        assert!(store().split("/nix/storefoo").is_err());
    }

    #[test]
    fn placeholders() {
        assert_eq!(placeholder("out"), "/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9");
    }
}
