//! CycloneDX 1.7 as JSON.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Basis, Bill, Component, Crate, Crates, Patch, Sort, Source, identity, licence, timestamp, uuid};

/// The document; its serial number follows from its contents.
pub fn cyclonedx(bill: &Bill) -> Value {
    let mut crates: BTreeMap<String, Value> = BTreeMap::new();
    let mut needs: BTreeMap<String, BTreeSet<String>> = bill.needs.clone();
    for one in &bill.components {
        if let Crates::Known(all) = &one.crates {
            for one_crate in all {
                let purl = crate_purl(one_crate);
                needs.entry(one.id.clone()).or_default().insert(purl.clone());
                needs.entry(purl.clone()).or_default();
                crates.entry(purl.clone()).or_insert_with(|| of_crate(one_crate, &purl));
            }
        }
    }
    let components: Vec<Value> = bill.others().map(component).chain(crates.into_values()).collect();
    let unknown = bill.components.iter().any(|component| matches!(component.crates, Crates::Unknown(_)));
    let (phase, aggregate, basis) = match (bill.basis, unknown) {
        (Basis::Store, false) => ("post-build", "complete", STORE),
        (Basis::Store, true) => ("post-build", "incomplete", STORE),
        (Basis::Derivations, _) => ("pre-build", "unknown", DERIVATIONS),
    };
    let dependencies: Vec<Value> =
        needs.iter().map(|(id, needed)| json!({ "ref": id, "dependsOn": needed })).collect();
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "version": 1,
        "metadata": {
            "timestamp": timestamp(bill.time),
            "lifecycles": [{ "phase": phase }],
            "tools": { "components": [{
                "type": "application",
                "name": "pgflakegen",
                "version": env!("CARGO_PKG_VERSION"),
            }] },
            "component": bill.subject().map(component),
            "properties": [
                property("pgflakegen:attribute", &bill.subject),
                property("pgflakegen:basis", basis),
                property("nix:system", &bill.system),
            ],
        },
        "components": components,
        "dependencies": dependencies,
        "compositions": [{ "aggregate": aggregate, "assemblies": [bill.root] }],
    });
    let serial = format!("urn:uuid:{}", uuid(&document.to_string()));
    document["serialNumber"] = serial.into();
    document
}

const STORE: &str = "what the built files refer to";
const DERIVATIONS: &str = "what derivations name other than as tools of the build; what of it the built files refer to is not known";

fn property(name: &str, value: &str) -> Value {
    json!({ "name": name, "value": value })
}

fn kind(sort: Sort) -> &'static str {
    match sort {
        Sort::Container => "container",
        Sort::Environment | Sort::Server => "application",
        Sort::Extension | Sort::Library => "library",
    }
}

fn algorithm(name: &str) -> Option<&'static str> {
    Some(match name {
        "md5" => "MD5",
        "sha1" => "SHA-1",
        "sha256" => "SHA-256",
        "sha512" => "SHA-512",
        _ => return None,
    })
}

fn component(component: &Component) -> Value {
    let mut out = Map::new();
    out.insert("type".into(), kind(component.sort).into());
    out.insert("bom-ref".into(), component.id.clone().into());
    out.insert("name".into(), component.name.clone().into());
    let mut text = |key: &str, value: &Option<String>| {
        if let Some(value) = value {
            out.insert(key.into(), value.clone().into());
        }
    };
    text("version", &component.version);
    text("description", &component.description);
    out.insert("scope".into(), if component.reason.is_required() { "required" } else { "excluded" }.into());
    if let Some(licences) = licences(component) {
        out.insert("licenses".into(), licences);
    }
    if let Some(cpe) = &component.cpe {
        out.insert("cpe".into(), cpe.clone().into());
    }
    if let Some(purl) = &component.purl {
        out.insert("purl".into(), purl.clone().into());
    }
    let mut references: Vec<Value> = component.sources.iter().filter_map(source).collect();
    if let Some(homepage) = component.homepage.as_deref().and_then(crate::accounts::text::address) {
        references.push(json!({ "type": "website", "url": homepage }));
    }
    if !references.is_empty() {
        out.insert("externalReferences".into(), references.into());
    }
    if !component.patches.is_empty() {
        let patches: Vec<Value> = component.patches.iter().map(patch).collect();
        out.insert("pedigree".into(), json!({ "patches": patches }));
    }
    let mut properties = vec![property("pgflakegen:reason", component.reason.name())];
    properties
        .extend(component.outputs.iter().map(|(name, path)| property(&format!("nix:output:{name}"), path)));
    for Source { hash, tree, .. } in &component.sources {
        if let (Some((algorithm, digits)), true) = (hash, tree) {
            properties.push(property("nix:sourceTreeHash", &format!("{algorithm}:{digits}")));
        }
    }
    if component.cpe_is_guess {
        properties.push(property("pgflakegen:cpe", "told from owner and repository"));
    }
    if let Crates::Unknown(why) = component.crates {
        properties.push(property("pgflakegen:crates", &format!("not known: {why}")));
    }
    out.insert("properties".into(), properties.into());
    Value::Object(out)
}

/// One expression where spdx.org knows all of them, else each by itself.
fn licences(component: &Component) -> Option<Value> {
    let all = &component.licences;
    if all.is_empty() {
        return None;
    }
    if all.iter().all(super::Licence::is_known) {
        return Some(match all.as_slice() {
            [one] if !one.spdx.contains(' ') => {
                json!([{ "license": { "id": one.spdx, "acknowledgement": "declared" } }])
            }
            _ => json!([{ "expression": licence::all(all)?, "acknowledgement": "declared" }]),
        });
    }
    let each = all.iter().map(|one| {
        let key = if one.is_known() && !one.spdx.contains(' ') { "id" } else { "name" };
        let name = if key == "id" { &one.spdx } else { &one.name };
        json!({ "license": { key: name, "acknowledgement": "declared" } })
    });
    Some(each.collect())
}

fn source(source: &Source) -> Option<Value> {
    let url = source.url.as_ref()?;
    let kind = if url.starts_with("git+") { "vcs" } else { "source-distribution" };
    let mut out = json!({ "type": kind, "url": url });
    if let Source { hash: Some((name, digits)), tree: false, .. } = source
        && let Some(name) = algorithm(name)
    {
        out["hashes"] = json!([{ "alg": name, "content": digits }]);
    }
    Some(out)
}

fn patch(patch: &Patch) -> Value {
    let url = patch.source.as_ref().and_then(|source| source.url.clone());
    // Of the catalogue: beside the bill, so to say.
    let url = url.unwrap_or_else(|| crate::accounts::text::encoded(&patch.name, ""));
    json!({ "type": "unofficial", "diff": { "url": url } })
}

fn crate_purl(one: &Crate) -> String {
    let purl = identity::cargo(&one.name, &one.version);
    match &one.git {
        Some(git) => format!("{purl}?vcs_url={}", crate::accounts::text::encoded(&format!("git+{git}"), "")),
        None => purl,
    }
}

fn of_crate(one: &Crate, purl: &str) -> Value {
    let mut out = json!({
        "type": "library",
        "bom-ref": purl,
        "name": one.name,
        "version": one.version,
        "scope": "required",
        "purl": purl,
    });
    if let Some(checksum) = &one.checksum {
        out["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    out
}

/// The package URL of a crate, for others.
pub(super) fn purl_of_crate(one: &Crate) -> String {
    crate_purl(one)
}
