//! `generated/postgresql/NAME.nix`: one PostgreSQL and what it has of each extension.

use std::collections::BTreeSet;

use serde::Serialize;

use super::engine::{Template, fill};
use super::source::Sources;
use crate::catalogue::expression::Nix;
use crate::catalogue::features::by_key;
use crate::catalogue::model::{Catalogue, Fetcher, Fit, Postgresql, Revision};
use crate::nix::syntax::quote;

const DEPTH: usize = 2;

#[derive(Serialize, Default)]
struct Data {
    formals: Vec<String>,
    name: String,
    raw_name: String,
    base: String,
    features: Vec<Feature>,
    jit: bool,
    overridden: bool,
    /// The package set may have this very version.
    release: bool,
    version: String,
    /// nixpkgs' own repository of PostgreSQL: only revision and hash differ.
    plain: bool,
    rev: String,
    hash: String,
    source: String,
    extensions: Vec<Entry>,
}

#[derive(Serialize)]
struct Feature {
    argument: &'static str,
    value: &'static str,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    default: String,
    required: bool,
    side_by_side: bool,
    excluded: Option<String>,
    versions: Option<String>,
}

/// The text of the file, not yet formatted.
pub fn postgresql(catalogue: &Catalogue, postgresql: &Postgresql) -> String {
    let mut formals = BTreeSet::from([postgresql.base.clone()]);
    let mut data = Data {
        name: Nix::string(&postgresql.name).to_string(),
        raw_name: postgresql.name.to_string(),
        base: quote::attribute_path(&postgresql.base),
        features: features(postgresql),
        jit: postgresql.features.get("jit") == Some(&true),
        extensions: entries(catalogue, postgresql),
        ..Data::default()
    };
    if !data.features.is_empty() {
        formals.insert("lib".to_owned());
    }
    if data.features.iter().any(|feature| feature.value == ON_LINUX) {
        formals.insert("stdenv".to_owned());
    }
    if let Some(pinned) = &postgresql.pinned {
        data.overridden = true;
        if postgresql.is_release() {
            data.release = true;
            formals.insert("pinned".to_owned());
        }
        data.version = Nix::string(&pinned.version).to_string();
        data.hash = Nix::string(&pinned.source.hash).to_string();
        match &pinned.source.fetcher {
            Fetcher::GitHub { owner, repo, at, submodules: false }
                if owner == "postgres" && repo == "postgres" && postgresql.patches.is_empty() =>
            {
                data.plain = true;
                data.rev = match at {
                    Revision::Tag(tag) => Nix::string(format!("refs/tags/{tag}")).to_string(),
                    Revision::Rev(rev) => Nix::string(rev).to_string(),
                };
            }
            _ => {
                let sources = Sources::new([(&pinned.source, pinned.version.as_str())], "version");
                formals.extend(sources.formals());
                data.source = sources.whole();
                if !postgresql.patches.is_empty() {
                    formals.insert("applyPatches".to_owned());
                    let patches = postgresql.patches.iter().map(|patch| Nix::catalogue_file(patch, DEPTH));
                    let patches = Nix::List(patches.collect());
                    data.source = format!("applyPatches {{ src = {}; patches = {patches}; }}", data.source);
                }
            }
        }
    }
    data.formals = formals.into_iter().collect();
    fill(Template::Postgresql, &data)
}

const ON_LINUX: &str = "stdenv.hostPlatform.isLinux";

fn features(postgresql: &Postgresql) -> Vec<Feature> {
    let given = postgresql.features.iter();
    given
        .filter_map(|(key, wanted)| {
            let feature = by_key(key)?;
            let value = match (wanted, feature.linux) {
                (true, true) => ON_LINUX,
                (true, false) => "true",
                (false, _) => "false",
            };
            Some(Feature { argument: feature.argument?, value })
        })
        .collect()
}

fn entries(catalogue: &Catalogue, postgresql: &Postgresql) -> Vec<Entry> {
    catalogue
        .extensions
        .iter()
        .filter_map(|extension| {
            let fit = extension.fits.get(&postgresql.name)?;
            let (default, versions) = match fit {
                Fit::Nixpkgs => ("nixpkgs", None),
                Fit::Versions { default, all } => {
                    let versions = all.iter().filter_map(|index| extension.versions.get(*index));
                    let names: Vec<_> = versions.map(|v| v.version.clone()).collect();
                    (extension.versions.get(*default)?.version.as_str(), Some(Nix::strings(&names)))
                }
            };
            Some(Entry {
                name: quote::attribute(&extension.name).into_owned(),
                default: Nix::string(default).to_string(),
                required: extension.required,
                side_by_side: extension.side_by_side,
                excluded: (!extension.exclude_systems.is_empty())
                    .then(|| Nix::strings(&extension.exclude_systems).to_string()),
                versions: versions.map(|v| v.to_string()),
            })
        })
        .collect()
}
