//! What only Rust extensions have: pgrx, Rust, crates; and cargo-pgrx itself.

use toml_edit::{InlineTable, Value};

use super::{BumpError, Bumped, Edited};
use crate::catalogue::model::{Catalogue, Extension, Pgrx, Vendor};
use crate::catalogue::version::compare;
use crate::layout;
use crate::store::archive::SourceTree;
use crate::upstream::cargo::Lock;
use crate::upstream::edit::{self, Changes};
use crate::upstream::prefetch::{Upstream, UpstreamError};
use crate::upstream::rust::{self, Manifests};

/// The keys of a new version of a Rust extension that depend on its source.
pub(super) struct Source<'a> {
    pub upstream: &'a Upstream,
    pub catalogue: &'a Catalogue,
    pub extension: &'a Extension,
    /// The version before.
    pub old: &'a Pgrx,
    pub source_root: Option<&'a str>,
    pub tree: &'a SourceTree,
}

impl Source<'_> {
    /// Adds the keys to `changes`, the lock file and the needed cargo-pgrx to `edited`.
    pub fn keys(
        &self,
        bumped: &mut Bumped,
        changes: &mut Changes,
        edited: &mut Edited,
    ) -> Result<(), BumpError> {
        let label = format!("{} {}", bumped.name, bumped.to);
        let lock = Lock::of_source(self.tree, self.source_root, &label)?;
        let manifests = Manifests::of(self.tree, self.source_root, self.old.cargo_package.as_deref())
            .map_err(UpstreamError::from)?;
        let version = manifests.pgrx_version(&lock, &label)?;
        if version != self.old.version {
            bumped.remarks.push(format!("pgrx {} → {version}", self.old.version));
        }
        changes.push(("pgrx", Some(version.as_str().into())));
        edited.cargo_pgrx.insert(version);
        self.rust(&manifests, bumped, changes);
        for feature in manifests.lacks(&self.old.features) {
            bumped.remarks.push(format!("its Cargo.toml has no feature {feature} any more"));
        }
        match &self.old.vendor {
            Vendor::Hash(_) => {
                let hash = self.upstream.vendor_hash(&lock)?;
                changes.push(("cargo-hash", Some(hash.to_sri().into())));
            }
            Vendor::Lock { .. } => {
                let path = layout::cargo_lock(&self.extension.name, &bumped.to);
                changes.push(("cargo-lock", Some(path.as_str().into())));
                let hashes = self.upstream.output_hashes(&lock)?;
                let table: InlineTable =
                    hashes.iter().map(|(name, hash)| (name.as_str(), hash.to_sri())).collect();
                changes.push(("output-hashes", (!table.is_empty()).then_some(Value::InlineTable(table))));
                edited.files.insert(path, lock.text);
            }
        }
        Ok(())
    }

    /// An exact Rust becomes newer where the source asks for that. One newer than what the flake's inputs can
    /// have is said.
    fn rust(&self, manifests: &Manifests, bumped: &mut Bumped, changes: &mut Changes) {
        let wanted = manifests.rust();
        let (input, needed) = match &self.old.rust {
            Some(old) => {
                let Some(newer) = rust::newer(old, wanted.as_ref()) else { return };
                bumped.remarks.push(format!("Rust {old} → {}, by its {}", newer.version, newer.from));
                changes.push(("rust", Some(newer.version.to_string().into())));
                ("rust-overlay", newer)
            }
            None => match wanted {
                Some(wanted) => ("nixpkgs", wanted),
                None => return,
            },
        };
        let input = self.catalogue.flake.inputs.iter().find(|candidate| candidate.name == input);
        // Two days: the releases are announced on different ones, and inputs follow later still.
        if let Some(input) = input
            && rust::released(&needed.version) > input.last_modified + 2 * 86_400
        {
            bumped.remarks.push(format!(
                "its {} asks for Rust {}, which is newer than the input {} in catalogue/flake.toml",
                needed.from, needed.version, input.name
            ));
        }
    }
}

/// `pgrx.toml` with a version of cargo-pgrx more, in the order of versions.
///
/// # Errors
/// When it cannot be fetched.
pub fn cargo_pgrx(upstream: &Upstream, version: &str, text: &str) -> Result<String, BumpError> {
    let (hash, cargo_hash, wanted) = upstream.cargo_pgrx(version)?;
    let blocks = edit::blocks(text, "cargo-pgrx", "version")?;
    let before = blocks.iter().rev().find(|block| compare(&block.name, version).is_lt());
    let mut changes: Changes = vec![
        ("version", Some(version.into())),
        ("hash", Some(hash.to_sri().into())),
        ("cargo-hash", Some(cargo_hash.to_sri().into())),
    ];
    // Whoever builds the one before with an exact Rust has a reason, and cannot do with an older one now.
    let old = before
        .or(blocks.last())
        .and_then(|block| edit::string(&text[block.range.clone()], "cargo-pgrx", "rust"));
    if let Some(old) = old {
        let rust = rust::newer(&old, wanted.as_ref()).map_or(old, |newer| newer.version.to_string());
        changes.push(("rust", Some(rust.into())));
    }
    Ok(edit::insert(text, before.or(blocks.last()), &edit::table("cargo-pgrx", &changes)))
}
