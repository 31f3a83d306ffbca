//! `generated/lib/cargo-pgrx.nix`: the versions of cargo-pgrx.

use serde::Serialize;

use super::engine::{Template, fill};
use super::extension::{Columns, Record};
use crate::catalogue::expression::Nix;
use crate::catalogue::kinds::pgrx::cargo_lock;
use crate::catalogue::model::{CargoPgrx, Vendor};

#[derive(Serialize)]
struct Data {
    formals: Vec<&'static str>,
    parameters: Vec<String>,
    rust: bool,
    vendor: String,
    versions: Vec<Record>,
}

/// The text of the file, not yet formatted.
pub fn cargo_pgrx(all: &[CargoPgrx]) -> String {
    let mut columns = Columns::new(all.len());
    let hashes = all.iter().map(|c| match &c.vendor {
        Vendor::Hash(hash) => Some(Nix::string(hash)),
        Vendor::Lock { .. } => None,
    });
    let locks = all.iter().map(|c| cargo_lock(&c.vendor));
    let mut vendor = Vec::new();
    for (name, values) in [("cargoHash", hashes.collect::<Vec<_>>()), ("cargoLock", locks.collect())] {
        if values.iter().any(Option::is_some) {
            columns.parameter(name, values);
            vendor.push(name);
        }
    }
    columns.parameter("hash", all.iter().map(|c| Some(Nix::string(&c.hash))).collect());
    let rust = all.iter().any(|c| c.rust.is_some());
    let mut formals = vec!["fetchCrate", "lib", "openssl", "pkg-config", "rustPlatform"];
    if rust {
        columns.parameter("rust", all.iter().map(|c| c.rust.as_ref().map(Nix::string)).collect());
        formals.extend(["makeRustPlatform", "rust-bin"]);
        formals.sort_unstable();
    }
    fill(
        Template::CargoPgrx,
        &Data {
            formals,
            parameters: columns.formals(),
            rust,
            vendor: vendor.join(" "),
            versions: columns.records(all.iter().map(|c| c.version.as_str())),
        },
    )
}
