//! `generated/catalogue.json`: the whole resolved matrix, for the generated Nix and for other tools.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::flake::attribute;
use super::marker;
use super::order;
use crate::catalogue::model::{
    Catalogue, Database, Extension, Fetcher, File, Fit, Postgresql, Revision, Source, Version,
};

/// Raised when a key changes its meaning; new keys don't count.
const FORMAT: u32 = 1;

/// The text of the file, mark included.
pub fn catalogue_json(catalogue: &Catalogue) -> String {
    let flake = &catalogue.flake;
    let postgresqls = catalogue.postgresqls.iter().map(|p| (p.name.to_string(), postgresql(catalogue, p)));
    let extensions = catalogue.extensions.iter().map(|e| (e.name.to_string(), extension(catalogue, e)));
    let mut value = json!({
        "//": format!("{} from catalogue/; edit that instead.", marker::MARK),
        "format": FORMAT,
        "description": flake.description,
        "systems": flake.systems,
        "default-postgresql": flake.default_postgresql,
        "port": flake.port,
        "superuser": flake.superuser,
        "locale": flake.locale,
        "image": {
            "source": flake.image.source,
            "documentation": flake.image.documentation,
            "vendor": flake.image.vendor,
        },
        "inputs": flake.inputs.iter().map(|i| (i.name.clone(), json!(i.revision()))).collect::<Map<_, _>>(),
        "postgresqls": postgresqls.collect::<Map<_, _>>(),
        "extensions": extensions.collect::<Map<_, _>>(),
    });
    if let Some(limit) = flake.image.size_limit {
        value["image"]["size-limit"] = json!(limit);
    }
    format!("{value:#}\n")
}

fn postgresql(catalogue: &Catalogue, postgresql: &Postgresql) -> Value {
    let extensions = catalogue.extensions.iter().filter_map(|extension| {
        let fit = match extension.fits.get(&postgresql.name)? {
            Fit::Nixpkgs => json!({ "default": "nixpkgs", "versions": [] }),
            Fit::Versions { default, all } => json!({
                "default": version_at(extension, *default),
                "versions": all.iter().map(|index| version_at(extension, *index)).collect::<Vec<_>>(),
            }),
        };
        Some((extension.name.to_string(), fit))
    });
    let pinned = postgresql.pinned.as_ref();
    let mut value = json!({
        "attribute": attribute(&postgresql.name),
        "major": postgresql.major,
        "version": pinned.map(|p| &p.version),
        "origin": pinned.map_or_else(|| "nixpkgs".to_owned(), |p| origin(&p.source)),
        "hash": pinned.map(|p| &p.source.hash),
        "patches": postgresql.patches,
        "prerelease": postgresql.prerelease,
        "preload": order::preload(catalogue, postgresql),
        "settings": order::settings(catalogue, postgresql),
        "create": order::create(catalogue, postgresql),
        "extensions": extensions.collect::<Map<_, _>>(),
    });
    if let Some(server) = &catalogue.flake.server
        && server.postgresqls.contains(&postgresql.name)
    {
        let is_in = |database: &&Database| {
            database.postgresqls.as_ref().is_none_or(|names| names.contains(&postgresql.name))
        };
        value["server"] = json!({
            "preload": server.preload,
            "settings": server.settings,
            "users": server.users,
            "databases": server.databases.iter().filter(is_in).collect::<Vec<_>>(),
        });
    }
    value
}

fn version_at(extension: &Extension, index: usize) -> Option<&str> {
    extension.versions.get(index).map(|v| v.version.as_str())
}

fn extension(catalogue: &Catalogue, extension: &Extension) -> Value {
    let versions = extension.versions.iter().enumerate().map(|(index, v)| {
        let fits = catalogue.postgresqls.iter().filter(|p| match extension.fits.get(&p.name) {
            Some(Fit::Versions { all, .. }) => all.binary_search(&index).is_ok(),
            _ => false,
        });
        (v, version(v, fits.map(|p| p.name.as_str()).collect()))
    });
    let mut of_name: HashMap<&str, usize> = HashMap::new();
    for v in &extension.versions {
        *of_name.entry(&v.version).or_default() += 1;
    }
    let mut by_name: Map<String, Value> = Map::new();
    for (v, mut value) in versions {
        let several = of_name.get(v.version.as_str()).is_some_and(|count| *count > 1);
        if several {
            let of_major = v.majors.iter().map(|major| (major.to_string(), value.clone()));
            let of_major: Map<_, _> = of_major.collect();
            if let Some(first) = by_name.get_mut(&v.version) {
                if let Some(Value::Object(known)) = first.get_mut("by-major") {
                    known.extend(of_major);
                }
                if let (Some(Value::Array(all)), Some(Value::Array(own))) =
                    (first.get_mut("postgresql"), value.get_mut("postgresql"))
                {
                    all.append(own);
                }
                continue;
            }
            value["by-major"] = Value::Object(of_major);
        }
        by_name.insert(v.version.clone(), value);
    }
    let mut value = json!({
        "description": extension.description,
        "homepage": extension.homepage,
        "license": extension.licenses,
        "kind": extension.kind,
        "nixpkgs": extension.attrs.first(),
        "nixpkgs-names": extension.attrs,
        "required": extension.required,
        "sql": extension.sql_names,
        "preload": extension.preload,
        "requires": extension.requires,
        "settings": extension.settings,
        "exclude-systems": extension.exclude_systems,
        "override": extension.override_file,
        "broken": extension.broken,
        "versions": by_name,
    });
    if extension.side_by_side {
        value["side-by-side"] = true.into();
    }
    if let Some(installcheck) = &extension.installcheck {
        value["installcheck"] = json!(installcheck);
    }
    if let Some(control) = &extension.control {
        value["control"] = json!(control);
    }
    value
}

fn version(version: &Version, postgresqls: Vec<&str>) -> Value {
    let pgrx = version.build.pgrx.as_ref();
    let mut value = json!({
        "attribute": version.attr,
        "sql-version": version.sql_version,
        "origin": origin(&version.source),
        "hash": version.source.hash,
        "postgresql": postgresqls,
        "requires": version.requires,
        "prerelease": version.prerelease,
        "pgrx": pgrx.map(|p| &p.version),
        "rust": pgrx.and_then(|p| p.rust.as_ref()),
        "broken": version.broken,
    });
    if let Some(control) = &version.control {
        value["control"] = json!(control);
    }
    let mut files: Map<String, Value> = Map::new();
    for File { system, major, source } in &version.build.files {
        let file = json!({ "origin": origin(source), "hash": source.hash });
        let of_system = files.entry(system.clone()).or_insert_with(|| json!({}));
        of_system[major.to_string()] = file;
    }
    if !files.is_empty() {
        value["files"] = Value::Object(files);
    }
    value
}

/// Where a source comes from, in one line: a flake reference or a URL.
pub fn origin(source: &Source) -> String {
    let at = |revision: &Revision| match revision {
        Revision::Tag(text) | Revision::Rev(text) => text.clone(),
    };
    match &source.fetcher {
        Fetcher::GitHub { owner, repo, at: revision, .. } => {
            format!("github:{owner}/{repo}/{}", at(revision))
        }
        Fetcher::Url { url } => url.clone(),
        Fetcher::Git { url, at: revision, .. } => format!("git+{url}?ref={}", at(revision)),
    }
}
