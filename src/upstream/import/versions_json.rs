//! versions.json: `{ extension: { version: { postgresql, hash, pgrx, rust, rev, revision, patches } } }`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One version as it is listed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listed {
    /// For which PostgreSQLs.
    #[serde(default)]
    pub postgresql: Vec<String>,
    /// The source's hash.
    #[serde(default)]
    pub hash: String,
    /// cargo-pgrx.
    pub pgrx: Option<String>,
    /// Rust.
    pub rust: Option<String>,
    /// Tag or commit.
    #[serde(alias = "revision")]
    pub rev: Option<String>,
    /// Patch files.
    #[serde(default)]
    pub patches: Vec<String>,
    /// The vendored crates' hash.
    #[serde(alias = "cargoHash")]
    pub cargo_hash: Option<String>,
}

/// Reads a file.
///
/// # Errors
/// When it is not of that form; says where.
pub fn parse(text: &str) -> Result<BTreeMap<String, BTreeMap<String, Listed>>, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}
