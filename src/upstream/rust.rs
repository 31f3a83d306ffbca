//! What a Rust extension's source asks of its toolchain: versions of pgrx and Rust, features.
//!
//! Only reads files of the source; whether the catalogue has what they ask for is for others to say.

use std::io;

use semver::{Version, VersionReq};
use toml::{Table, Value};

use super::cargo::{CargoError, Lock};
use crate::store::archive::SourceTree;

/// A version of Rust with the file that asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rust {
    /// All three numbers.
    pub version: Version,
    /// `rust-toolchain.toml`, `Cargo.toml`.
    pub from: String,
}

/// The manifests of a source: of the crate that is built, and of the workspace it is in.
#[derive(Clone, Debug, Default)]
pub struct Manifests {
    /// The crate's own first; a workspace's root last.
    tables: Vec<(String, Table)>,
    toolchain: Option<(String, String)>,
}

/// `1.81`, `1.81.0`: what can be an exact Rust version.
fn exact(text: &str) -> Option<Version> {
    let mut numbers = text.trim().split('.').map(|part| part.parse::<u64>().ok());
    let (major, minor, patch) = (numbers.next()??, numbers.next()??, numbers.next().unwrap_or(Some(0))?);
    numbers.next().is_none().then(|| Version::new(major, minor, patch))
}

impl Manifests {
    /// Reads those of the source's `folder` and the crate in it.
    ///
    /// # Errors
    /// When the temporary data cannot be read.
    pub fn of(tree: &SourceTree, folder: Option<&str>, package: Option<&str>) -> io::Result<Self> {
        let join = |parts: &[Option<&str>]| {
            parts.iter().flatten().copied().filter(|part| *part != ".").collect::<Vec<_>>().join("/")
        };
        let mut folders = vec![join(&[folder, package]), join(&[folder]), String::new()];
        folders.dedup();
        let text = |folder: &str, name: &str| -> io::Result<Option<(String, String)>> {
            let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            let bytes = tree.file(&path)?;
            Ok(bytes.map(|bytes| (path, String::from_utf8_lossy(&bytes).into_owned())))
        };
        let mut manifests = Self::default();
        for folder in &folders {
            if let Some((path, text)) = text(folder, "Cargo.toml")?
                && let Ok(table) = text.parse::<Table>()
            {
                manifests.tables.push((path, table));
            }
            for name in ["rust-toolchain.toml", "rust-toolchain"] {
                if manifests.toolchain.is_none() {
                    manifests.toolchain = text(folder, name)?;
                }
            }
        }
        Ok(manifests)
    }

    /// A key of `[package]`, which may be the workspace's.
    fn package(&self, key: &str) -> Option<(&str, &Value)> {
        let (path, own) = self.tables.iter().find(|(_, table)| table.contains_key("package"))?;
        let value = own.get("package")?.get(key)?;
        if value.get("workspace").and_then(Value::as_bool) == Some(true) {
            return self.workspace("package", key);
        }
        Some((path, value))
    }

    fn workspace(&self, table: &str, key: &str) -> Option<(&str, &Value)> {
        self.tables.iter().find_map(|(path, manifest)| {
            Some((path.as_str(), manifest.get("workspace")?.get(table)?.get(key)?))
        })
    }

    /// The exact Rust that upstream builds with, else the oldest it takes.
    pub fn rust(&self) -> Option<Rust> {
        let pinned = self.toolchain.as_ref().and_then(|(path, text)| {
            let channel = match text.parse::<Table>() {
                Ok(table) => table.get("toolchain")?.get("channel")?.as_str()?.to_owned(),
                // The old form is the channel alone.
                Err(_) => text.lines().next()?.to_owned(),
            };
            Some(Rust { version: exact(&channel)?, from: path.clone() })
        });
        let oldest = || {
            let (path, value) = self.package("rust-version")?;
            Some(Rust { version: exact(value.as_str()?)?, from: path.to_owned() })
        };
        pinned.or_else(oldest)
    }

    /// What the manifest asks of pgrx: `=0.12.6`.
    fn pgrx(&self) -> Option<VersionReq> {
        let (_, own) = self.tables.iter().find(|(_, table)| table.contains_key("package"))?;
        let value = own.get("dependencies")?.get("pgrx")?;
        let value = match value.get("workspace").and_then(Value::as_bool) {
            Some(true) => self.workspace("dependencies", "pgrx")?.1,
            _ => value,
        };
        let text = value.as_str().or_else(|| value.get("version")?.as_str())?;
        VersionReq::parse(text).ok()
    }

    /// The version of pgrx that is built with; `label` is whose, for messages.
    ///
    /// # Errors
    /// When the lock file has none, or none that the manifest takes.
    pub fn pgrx_version(&self, lock: &Lock, label: &str) -> Result<String, CargoError> {
        let locked: Vec<&str> = lock.versions("pgrx").collect();
        let Some(first) = locked.first() else { return Err(CargoError::NoPgrx(label.to_owned())) };
        let Some(wanted) = self.pgrx() else { return Ok((*first).to_owned()) };
        let fits = |version: &&&str| Version::parse(version).is_ok_and(|version| wanted.matches(&version));
        match locked.iter().find(fits) {
            Some(version) => Ok((*version).to_owned()),
            None => Err(CargoError::StaleLock {
                of: label.to_owned(),
                locked: locked.join(", "),
                wanted: wanted.to_string(),
            }),
        }
    }

    /// Those of `features` that the crate does not have. Without features of its own, nothing is known.
    pub fn lacks<'a>(&self, features: &'a [String]) -> Vec<&'a str> {
        let own = self.tables.iter().find_map(|(_, table)| table.get("features")?.as_table());
        let Some(own) = own else { return Vec::new() };
        let is_known = |name: &str| {
            own.contains_key(name)
                || name.contains('/')
                || own.values().filter_map(Value::as_array).flatten().any(|enabled| {
                    enabled.as_str().is_some_and(|enabled| enabled.strip_prefix("dep:") == Some(name))
                })
                || self.tables.iter().any(|(_, table)| {
                    table.get("dependencies").is_some_and(|dependencies| dependencies.get(name).is_some())
                })
        };
        features.iter().map(String::as_str).filter(|name| !is_known(name)).collect()
    }
}

/// The day a version of Rust came out, in seconds since 1970, give or take a day: every six weeks since 1.0.
pub fn released(version: &Version) -> u64 {
    const FIRST: u64 = 1_431_648_000;
    FIRST + version.minor * 42 * 86_400
}

/// The Rust to build a new version with, where the old one had an exact one: only ever newer.
pub fn newer(old: &str, wanted: Option<&Rust>) -> Option<Rust> {
    let wanted = wanted?;
    exact(old).is_some_and(|old| wanted.version > old).then(|| wanted.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::archive::{Builder, Limits, StripRoot};

    fn tree(files: &[(&str, &str)]) -> SourceTree {
        let mut builder = Builder::new(Limits::default());
        for (path, text) in files {
            builder.file(path.as_bytes(), false, text.len() as u64, text.as_bytes()).unwrap();
        }
        builder.finish().strip(StripRoot::No).unwrap()
    }

    fn rust(files: &[(&str, &str)], folder: Option<&str>, package: Option<&str>) -> Option<String> {
        let manifests = Manifests::of(&tree(files), folder, package).unwrap();
        manifests.rust().map(|rust| format!("{} {}", rust.version, rust.from))
    }

    #[test]
    fn where_sources_say_which_rust() {
        let own = ("Cargo.toml", "[package]\nrust-version = \"1.82\"\n");
        let pin = ("rust-toolchain.toml", "[toolchain]\nchannel = \"1.85.1\"\n");
        assert_eq!(rust(&[own], None, None).as_deref(), Some("1.82.0 Cargo.toml"));
        assert_eq!(rust(&[own, pin], None, None).as_deref(), Some("1.85.1 rust-toolchain.toml"));
        assert_eq!(
            rust(&[("rust-toolchain", "1.70\n")], None, None).as_deref(),
            Some("1.70.0 rust-toolchain")
        );
        for channel in ["stable", "nightly-2024-01-01"] {
            let text = format!("[toolchain]\nchannel = \"{channel}\"\n");
            assert_eq!(
                rust(&[own, ("rust-toolchain.toml", &text)], None, None).as_deref(),
                Some("1.82.0 Cargo.toml")
            );
        }
        let member = ("a/b/Cargo.toml", "[package]\nrust-version.workspace = true\n");
        let root = ("a/Cargo.toml", "[workspace.package]\nrust-version = \"1.90.1\"\n");
        assert_eq!(rust(&[member, root], Some("a"), Some("b")).as_deref(), Some("1.90.1 a/Cargo.toml"));
        assert_eq!(rust(&[("Cargo.toml", "[package]\nrust-version = 1\n")], None, None), None);
        assert_eq!(rust(&[("Cargo.toml", "no toml")], None, None), None);
    }

    #[test]
    fn the_lock_file_agrees_with_the_manifest() {
        let package = |version: &str| format!("[[package]]\nname = \"pgrx\"\nversion = \"{version}\"\n");
        let version = |manifest: &str, locked: &[&str]| {
            let text: String = locked.iter().map(|version| package(version)).collect();
            let lock = Lock::parse(&text, "x").unwrap();
            let files =
                [("w/Cargo.toml", manifest), ("Cargo.toml", "[workspace.dependencies]\npgrx = \"=0.12.9\"")];
            let manifests = Manifests::of(&tree(&files), None, Some("w")).unwrap();
            manifests.pgrx_version(&lock, "x")
        };
        let of = |dependency: &str| format!("[package]\nname = \"x\"\n[dependencies]\npgrx = {dependency}\n");
        assert_eq!(version(&of("\"=0.12.6\""), &["0.12.6"]).unwrap(), "0.12.6");
        assert_eq!(version(&of("\"=0.12.9\""), &["0.11.0", "0.12.9"]).unwrap(), "0.12.9");
        assert_eq!(version(&of("{ workspace = true }"), &["0.11.0", "0.12.9"]).unwrap(), "0.12.9");
        assert_eq!(version(&of("{ path = \"../pgrx\" }"), &["0.11.0"]).unwrap(), "0.11.0");
        assert_eq!(version("no toml", &["0.11.0"]).unwrap(), "0.11.0");
        assert!(matches!(version(&of("\"0.13\""), &["0.12.9"]), Err(CargoError::StaleLock { .. })));
        assert!(matches!(version(&of("\"0.13\""), &[]), Err(CargoError::NoPgrx(_))));
    }

    #[test]
    fn features_that_are_gone() {
        let manifest = "[features]\na = [\"dep:b\"]\n[dependencies]\nc = { optional = true }\n";
        let manifests = Manifests::of(&tree(&[("Cargo.toml", manifest)]), None, None).unwrap();
        let features: Vec<String> = ["a", "b", "c", "d", "x/y"].map(str::to_owned).into();
        assert_eq!(manifests.lacks(&features), ["d"]);
        assert!(Manifests::default().lacks(&features).is_empty());
    }

    #[test]
    fn only_a_newer_rust_is_taken() {
        let wanted = |text: &str| Rust { version: Version::parse(text).unwrap(), from: "x".into() };
        assert!(newer("1.81.0", Some(&wanted("1.80.0"))).is_none());
        assert!(newer("1.81.0", Some(&wanted("1.81.0"))).is_none());
        assert!(newer("1.81.0", Some(&wanted("1.81.1"))).is_some());
        assert!(newer("1.81.0", None).is_none());
        // 1.81 came out on 2024-09-05.
        let day = 1_725_494_400;
        assert!(released(&Version::new(1, 81, 0)).abs_diff(day) <= 2 * 86_400);
    }
}
