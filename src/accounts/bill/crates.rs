//! The crates that a `Cargo.lock` names.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Crate;

/// A `Cargo.lock`, as Cargo writes it.
#[derive(Clone, Debug, Deserialize)]
pub struct LockFile {
    /// Each package once.
    #[serde(default)]
    pub package: Vec<Package>,
    /// Where older ones have the checksums.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
}

/// A package of it.
#[derive(Clone, Debug, Deserialize)]
pub struct Package {
    /// The crate.
    pub name: String,
    /// Its version.
    pub version: String,
    /// A registry or a repository; none: it is of the workspace.
    pub source: Option<String>,
    /// SHA-256 of the crate, in base 16.
    pub checksum: Option<String>,
}

/// What is from elsewhere: the workspace's own crates have no source. `None`: it is no lock file.
pub fn of_lock(text: &str) -> Option<Vec<Crate>> {
    let lock: LockFile = toml::from_str(text).ok()?;
    let mut all: Vec<Crate> = lock
        .package
        .into_iter()
        .filter_map(|Package { name, version, source, checksum }| {
            let source = source?;
            let git = source.strip_prefix("git+").map(str::to_owned);
            Some(Crate { name, version, checksum, git })
        })
        .collect();
    all.sort();
    all.dedup();
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_from_elsewhere() {
        let lock = "version = 3\n[[package]]\nname = \"own\"\nversion = \"1.0.0\"\n\n[[package]]\nname = \"a\"\n\
                    version = \"0.1.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
                    checksum = \"00\"\n\n[[package]]\nname = \"b\"\nversion = \"2.0.0\"\n\
                    source = \"git+https://github.com/o/b?rev=1#1234\"\n";
        let found = of_lock(lock).expect("a lock file");
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].name.as_str(), found[0].checksum.as_deref()), ("a", Some("00")));
        assert_eq!(found[1].git.as_deref(), Some("https://github.com/o/b?rev=1#1234"));
        assert_eq!(of_lock("<<<<"), None);
    }
}
