//! SPDX 3.0.1 as JSON-LD.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::cyclonedx::purl_of_crate;
use super::{Basis, Bill, Component, Crates, Licence, Sort, Source, licence, timestamp, uuid};
use crate::accounts::text::{address, encoded};

const INFO: &str = "_:creationinfo";

/// The document; the names of its elements follow from its contents.
pub fn spdx3(bill: &Bill) -> Value {
    let contents = super::spdx2(bill).to_string();
    let names =
        Names(format!("https://spdx.org/spdxdocs/{}-{}", encoded(&bill.subject, ""), uuid(&contents)));
    let mut elements: Vec<Value> = Vec::new();
    let mut relations = Relations { names: &names, all: Vec::new() };
    let mut expressions: BTreeMap<String, BTreeSet<&Licence>> = BTreeMap::new();
    let mut crates: BTreeMap<String, Value> = BTreeMap::new();
    for component in &bill.components {
        let own = names.of(&component.id);
        elements.push(package(component, &own));
        if let Some(expression) = licence::all(&component.licences) {
            let id = names.of(&format!("licence-{}", uuid(&expression)));
            relations.add(&own, "hasDeclaredLicense", vec![id]);
            expressions
                .entry(expression)
                .or_default()
                .extend(component.licences.iter().filter(|licence| !licence.is_known()));
        }
        let needed: Vec<&String> = bill.needs.get(&component.id).into_iter().flatten().collect();
        let is_tool =
            |id: &String| bill.components.iter().any(|one| one.id == *id && !one.reason.is_required());
        let (tools, others): (Vec<&String>, Vec<&String>) = needed.into_iter().partition(|id| is_tool(id));
        let ids = |all: Vec<&String>| all.into_iter().map(|id| names.of(id)).collect();
        relations.add(&own, "dependsOn", ids(others));
        relations.add(&own, "usesTool", ids(tools));
        let mut patches = Vec::new();
        for (number, patch) in component.patches.iter().enumerate() {
            let id = names.of(&format!("{}-patch{number}", component.id));
            elements.push(json!({
                "type": "software_File",
                "spdxId": id,
                "creationInfo": INFO,
                "name": patch.name,
                "software_primaryPurpose": "patch",
            }));
            patches.push(id);
        }
        relations.add(&own, "patchedBy", patches);
        if let Crates::Known(all) = &component.crates {
            let mut linked = Vec::new();
            for one in all {
                let purl = purl_of_crate(one);
                let id = names.of(&format!("cargo-{}-{}", one.name, uuid(&purl)));
                linked.push(id.clone());
                crates.entry(id.clone()).or_insert_with(|| {
                    let mut package = json!({
                        "type": "software_Package",
                        "spdxId": id,
                        "creationInfo": INFO,
                        "name": one.name,
                        "software_packageVersion": one.version,
                        "software_packageUrl": purl,
                        "software_primaryPurpose": "library",
                    });
                    if let Some(checksum) = &one.checksum {
                        package["verifiedUsing"] = hash("sha256", checksum);
                    }
                    package
                });
            }
            linked.sort();
            linked.dedup();
            relations.add(&own, "hasStaticLink", linked);
        }
    }
    elements.extend(crates.into_values());
    for (expression, references) in expressions {
        let mut custom = Vec::new();
        for licence in references {
            let id = names.of(&format!("text-{}", licence.spdx));
            custom.push(json!({ "type": "DictionaryEntry", "key": licence.spdx, "value": id }));
            if !elements.iter().any(|element| element["spdxId"] == id) {
                elements.push(json!({
                    "type": "simplelicensing_SimpleLicensingText",
                    "spdxId": id,
                    "creationInfo": INFO,
                    "name": licence.name,
                    "simplelicensing_licenseText":
                        format!("The licence that nixpkgs calls {}; its text is in the sources.", licence.name),
                }));
            }
        }
        let mut element = json!({
            "type": "simplelicensing_LicenseExpression",
            "spdxId": names.of(&format!("licence-{}", uuid(&expression))),
            "creationInfo": INFO,
            "simplelicensing_licenseExpression": expression,
        });
        if !custom.is_empty() {
            element["simplelicensing_customIdToUri"] = custom.into();
        }
        elements.push(element);
    }
    elements.append(&mut relations.all);
    let (agent, tool) = (names.of("agent"), names.of("tool"));
    let all: Vec<Value> = elements.iter().map(|element| element["spdxId"].clone()).collect();
    let (basis, stage) = match bill.basis {
        Basis::Store => ("What the built files refer to.", "deployed"),
        Basis::Derivations => (
            "What derivations name other than as tools of the build; what of it the built files refer to is not known.",
            "build",
        ),
    };
    let mut graph = vec![
        json!({
            "type": "CreationInfo",
            "@id": INFO,
            "specVersion": "3.0.1",
            "created": timestamp(bill.time),
            "createdBy": [agent],
            "createdUsing": [tool],
            "comment": "The time is that of the newest input.",
        }),
        json!({ "type": "SoftwareAgent", "spdxId": agent, "creationInfo": INFO, "name": "pgflakegen" }),
        json!({
            "type": "Tool",
            "spdxId": tool,
            "creationInfo": INFO,
            "name": format!("pgflakegen {}", env!("CARGO_PKG_VERSION")),
        }),
        json!({
            "type": "SpdxDocument",
            "spdxId": names.of("document"),
            "creationInfo": INFO,
            "name": bill.subject,
            "profileConformance": ["core", "software", "simpleLicensing"],
            "rootElement": [names.of("sbom")],
            "element": all,
        }),
        json!({
            "type": "software_Sbom",
            "spdxId": names.of("sbom"),
            "creationInfo": INFO,
            "name": format!("{} for {}", bill.subject, bill.system),
            "comment": basis,
            "software_sbomType": [stage],
            "rootElement": [names.of(&bill.root)],
            "element": all,
        }),
    ];
    graph.append(&mut elements);
    json!({ "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph })
}

struct Names(String);

impl Names {
    fn of(&self, id: &str) -> String {
        format!("{}#{}", self.0, encoded(id, "+"))
    }
}

struct Relations<'n> {
    names: &'n Names,
    all: Vec<Value>,
}

impl Relations<'_> {
    fn add(&mut self, from: &str, kind: &str, to: Vec<String>) {
        if to.is_empty() {
            return;
        }
        let id = self.names.of(&format!("relation-{}", uuid(&format!("{from} {kind}"))));
        self.all.push(json!({
            "type": "Relationship",
            "spdxId": id,
            "creationInfo": INFO,
            "from": from,
            "relationshipType": kind,
            "to": to,
        }));
    }
}

fn hash(algorithm: &str, digits: &str) -> Value {
    json!([{ "type": "Hash", "algorithm": algorithm, "hashValue": digits }])
}

fn package(component: &Component, id: &str) -> Value {
    let mut out = json!({
        "type": "software_Package",
        "spdxId": id,
        "creationInfo": INFO,
        "name": component.name,
        "comment": match component.crates {
            Crates::Unknown(why) => format!("{}; its crates are not known: {why}", component.reason.name()),
            _ => component.reason.name().to_owned(),
        },
        "software_primaryPurpose": match component.sort {
            Sort::Container => "container",
            Sort::Environment | Sort::Server => "application",
            Sort::Extension | Sort::Library => "library",
        },
    });
    let mut text = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            out[key] = value.into();
        }
    };
    text("software_packageVersion", component.version.clone());
    text("description", component.description.clone());
    text("software_packageUrl", component.purl.clone());
    text("software_homePage", component.homepage.as_deref().and_then(address));
    let first = component.sources.first();
    text("software_downloadLocation", first.and_then(|source| source.url.clone()));
    if let Some(cpe) = &component.cpe {
        out["externalIdentifier"] =
            json!([{ "type": "ExternalIdentifier", "externalIdentifierType": "cpe23", "identifier": cpe }]);
    }
    if let Some(Source { hash: Some((algorithm, digits)), tree, .. }) = first {
        match tree {
            false => out["verifiedUsing"] = hash(algorithm, digits),
            true => {
                out["software_sourceInfo"] =
                    format!("the unpacked tree, as Nix serialises it: {algorithm}:{digits}").into();
            }
        }
    }
    out
}
