//! versions.json: `{ extension: { version: { postgresql, hash, pgrx, rust, rev, revision, patches } } }`, and the
//! one of cargo-pgrx: `{ version: { hash, rust: { version: { cargoHash } } } }`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::functions;
use super::value::Value;

/// One version as it is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "it says which keys there may be")]
struct Listed {
    #[serde(default)]
    postgresql: Vec<String>,
    #[serde(default)]
    hash: String,
    pgrx: Option<String>,
    rust: Option<String>,
    rev: Option<String>,
    revision: Option<String>,
    #[serde(default)]
    patches: Vec<String>,
    #[serde(rename = "cargoHash")]
    cargo_hash: Option<String>,
}

/// The versions of an extension.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Versions(serde_json::Map<String, serde_json::Value>);

impl Versions {
    pub(super) fn as_values(&self) -> BTreeMap<String, BTreeMap<String, Value>> {
        self.0
            .iter()
            .filter_map(|(version, listed)| match functions::json(listed) {
                Value::Attrs(attrs) => Some((version.clone(), attrs)),
                _ => None,
            })
            .collect()
    }
}

/// Reads a file.
///
/// # Errors
/// When it is not of that form; says where.
pub fn parse(text: &str) -> Result<BTreeMap<String, Versions>, String> {
    serde_json::from_str::<BTreeMap<String, BTreeMap<String, Listed>>>(text)
        .map_err(|error| error.to_string())?;
    let all: BTreeMap<String, serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(all.into_iter().map(|(name, versions)| (name, Versions(versions))).collect())
}

/// A version of cargo-pgrx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CargoPgrx {
    /// Its version.
    pub version: String,
    /// The crate's hash.
    pub hash: String,
    /// Its crates' hash.
    pub cargo_hash: String,
    /// The newest Rust it is listed with.
    pub rust: String,
}

/// Reads the file of cargo-pgrx.
///
/// # Errors
/// When it is not of that form; says where.
pub fn cargo_pgrx(text: &str) -> Result<Vec<CargoPgrx>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rust {
        #[serde(rename = "cargoHash")]
        cargo_hash: String,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct One {
        hash: String,
        rust: BTreeMap<String, Rust>,
    }
    let all: BTreeMap<String, One> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let mut out: Vec<CargoPgrx> = all
        .into_iter()
        .filter_map(|(version, one)| {
            let (rust, built) =
                one.rust.into_iter().max_by(|(a, _), (b, _)| crate::catalogue::version::compare(a, b))?;
            Some(CargoPgrx { version, hash: one.hash, cargo_hash: built.cargo_hash, rust })
        })
        .collect();
    out.sort_by(|a, b| crate::catalogue::version::compare(&a.version, &b.version));
    Ok(out)
}
