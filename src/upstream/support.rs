//! Whether a source says that it works with a major version of PostgreSQL.

use std::io;

use serde_json::Value;

use super::bounds::Bounds;
use crate::store::archive::SourceTree;

/// What a source says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Support {
    /// It names the version.
    Yes,
    /// It excludes the version; why.
    No(String),
    /// Nothing.
    Unknown,
}

/// Asks the source: Cargo features of a pgrx extension, META.json's bounds, versions that a CI file tests.
///
/// # Errors
/// When the temporary data cannot be read.
pub fn of(tree: &SourceTree, is_pgrx: bool, root: Option<&str>, major: u32) -> io::Result<Support> {
    let text = |name: &str| -> io::Result<Option<String>> {
        let inner = match root {
            Some(root) => tree.file(&format!("{root}/{name}"))?,
            None => None,
        };
        let bytes = match inner {
            Some(bytes) => Some(bytes),
            None => tree.file(name)?,
        };
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    };
    if is_pgrx && let Some(cargo) = text("Cargo.toml")? {
        return Ok(by_features(&cargo, major));
    }
    if let Some(meta) = text("META.json")?
        && let Ok(meta) = serde_json::from_str::<Value>(&meta)
        && let Some(bounds) = Bounds::of_meta(&meta)
        && !bounds.admits(major)
    {
        return Ok(Support::No(format!("its META.json says {}", bounds.text)));
    }
    let named = tree.paths().into_iter().filter(|path| {
        path.starts_with(".github/workflows/") && (path.ends_with(".yml") || path.ends_with(".yaml"))
    });
    for path in named {
        let Some(bytes) = tree.file(&path)? else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let numbers = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.');
        if text.to_lowercase().contains("postgres")
            && numbers.into_iter().any(|word| word == major.to_string())
        {
            return Ok(Support::Yes);
        }
    }
    Ok(Support::Unknown)
}

/// A pgrx extension has a feature `pgNN` for each version it knows.
fn by_features(cargo: &str, major: u32) -> Support {
    let Ok(table) = cargo.parse::<toml::Table>() else { return Support::Unknown };
    let Some(features) = table.get("features").and_then(toml::Value::as_table) else {
        return Support::Unknown;
    };
    let mut known: Vec<u32> =
        features.keys().filter_map(|name| name.strip_prefix("pg")?.parse().ok()).collect();
    known.sort_unstable();
    if known.contains(&major) {
        return Support::Yes;
    }
    match (known.first(), known.last()) {
        (Some(first), Some(last)) => {
            Support::No(format!("its Cargo.toml has features pg{first} to pg{last}"))
        }
        _ => Support::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sources_say() {
        let cargo = "[features]\ndefault = [\"pg17\"]\npg16 = []\npg17 = []\npg_test = []\n";
        assert_eq!(by_features(cargo, 17), Support::Yes);
        assert!(matches!(by_features(cargo, 18), Support::No(why) if why.contains("pg16 to pg17")));
        assert_eq!(by_features("[package]", 18), Support::Unknown);
    }
}
