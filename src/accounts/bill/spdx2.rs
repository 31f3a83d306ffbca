//! SPDX 2.3 as JSON, which many tools still want.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::cyclonedx::purl_of_crate;
use super::{Basis, Bill, Component, Crates, Licence, Sort, Source, licence, timestamp, uuid};

/// The document; its namespace follows from its contents.
pub fn spdx2(bill: &Bill) -> Value {
    let mut packages: Vec<Value> = bill.components.iter().map(package).collect();
    let mut relations: Vec<(String, &str, String)> =
        vec![("SPDXRef-DOCUMENT".to_owned(), "DESCRIBES", reference(&bill.root))];
    let mut crates: BTreeMap<String, Value> = BTreeMap::new();
    let mut extracted: BTreeSet<&Licence> = BTreeSet::new();
    for component in &bill.components {
        let own = reference(&component.id);
        extracted.extend(component.licences.iter().filter(|licence| !licence.is_known()));
        for needed in bill.needs.get(&component.id).into_iter().flatten() {
            let is_tool =
                bill.components.iter().any(|other| other.id == *needed && !other.reason.is_required());
            relations.push(match is_tool {
                true => (reference(needed), "BUILD_TOOL_OF", own.clone()),
                false => (own.clone(), "DEPENDS_ON", reference(needed)),
            });
        }
        for (number, patch) in component.patches.iter().enumerate() {
            let id = format!("{own}-patch{number}");
            packages.push(json!({
                "SPDXID": id,
                "name": patch.name,
                "downloadLocation": location(patch.source.as_ref()),
                "filesAnalyzed": false,
                "licenseConcluded": "NOASSERTION",
                "licenseDeclared": "NOASSERTION",
                "copyrightText": "NOASSERTION",
                "primaryPackagePurpose": "SOURCE",
            }));
            relations.push((id, "PATCH_FOR", own.clone()));
        }
        if let Crates::Known(all) = &component.crates {
            for one in all {
                let purl = purl_of_crate(one);
                let id = format!("SPDXRef-cargo-{}", plain(&format!("{}-{}", one.name, uuid(&purl))));
                relations.push((own.clone(), "STATIC_LINK", id.clone()));
                crates.entry(id.clone()).or_insert_with(|| {
                    let mut package = json!({
                        "SPDXID": id,
                        "name": one.name,
                        "versionInfo": one.version,
                        "downloadLocation": one.git.as_ref().map_or_else(|| "NOASSERTION".to_owned(), |git| format!("git+{}", git.replace('#', "@"))),
                        "filesAnalyzed": false,
                        "licenseConcluded": "NOASSERTION",
                        "licenseDeclared": "NOASSERTION",
                        "copyrightText": "NOASSERTION",
                        "primaryPackagePurpose": "LIBRARY",
                        "externalRefs": [external("PACKAGE-MANAGER", "purl", &purl)],
                    });
                    if let Some(checksum) = &one.checksum {
                        package["checksums"] = json!([{ "algorithm": "SHA256", "checksumValue": checksum }]);
                    }
                    package
                });
            }
        }
    }
    packages.extend(crates.into_values());
    let relations: Vec<Value> = relations
        .into_iter()
        .map(|(from, kind, to)| {
            json!({ "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to })
        })
        .collect();
    let basis = match bill.basis {
        Basis::Store => "DEPENDS_ON says what the built files refer to.",
        Basis::Derivations => {
            "DEPENDS_ON says what derivations name other than as tools of the build; what of it the built files refer to is not known."
        }
    };
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": bill.subject,
        "creationInfo": {
            "created": timestamp(bill.time),
            "creators": [format!("Tool: pgflakegen-{}", env!("CARGO_PKG_VERSION"))],
            "comment": format!("For {}. The time is that of the newest input. {basis}", bill.system),
        },
        "packages": packages,
        "relationships": relations,
    });
    if !extracted.is_empty() {
        let texts = extracted.into_iter().map(|licence| {
            json!({
                "licenseId": licence.spdx,
                "name": licence.name,
                "extractedText": format!("The licence that nixpkgs calls {}; its text is in the sources.", licence.name),
            })
        });
        document["hasExtractedLicensingInfos"] = texts.collect();
    }
    let namespace =
        format!("https://spdx.org/spdxdocs/{}-{}", plain(&bill.subject), uuid(&document.to_string()));
    document["documentNamespace"] = namespace.into();
    document
}

fn external(category: &str, kind: &str, locator: &str) -> Value {
    json!({ "referenceCategory": category, "referenceType": kind, "referenceLocator": locator })
}

/// Letters, digits, dots and dashes.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '-' }).collect()
}

fn reference(id: &str) -> String {
    format!("SPDXRef-{}", plain(id))
}

fn location(source: Option<&Source>) -> String {
    source.and_then(|source| source.url.clone()).unwrap_or_else(|| "NOASSERTION".to_owned())
}

fn package(component: &Component) -> Value {
    let declared = licence::all(&component.licences).unwrap_or_else(|| "NOASSERTION".to_owned());
    let mut out = json!({
        "SPDXID": reference(&component.id),
        "name": component.name,
        "downloadLocation": location(component.sources.first()),
        "filesAnalyzed": false,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": declared,
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": match component.sort {
            Sort::Container => "CONTAINER",
            Sort::Environment | Sort::Server => "APPLICATION",
            Sort::Extension | Sort::Library => "LIBRARY",
        },
        "comment": format!("{}{}", component.reason.name(), match component.crates {
            Crates::Unknown(why) => format!("; its crates are not known: {why}"),
            _ => String::new(),
        }),
    });
    if let Some(version) = &component.version {
        out["versionInfo"] = version.clone().into();
    }
    if let Some(description) = &component.description {
        out["description"] = description.clone().into();
    }
    if let Some(homepage) = component.homepage.as_deref().and_then(crate::accounts::text::address) {
        out["homepage"] = homepage.into();
    }
    let mut references = Vec::new();
    references.extend(component.cpe.as_ref().map(|cpe| external("SECURITY", "cpe23Type", cpe)));
    references.extend(component.purl.as_ref().map(|purl| external("PACKAGE-MANAGER", "purl", purl)));
    if !references.is_empty() {
        out["externalRefs"] = references.into();
    }
    if let Some(Source { hash: Some((algorithm, digits)), tree, .. }) = component.sources.first() {
        match tree {
            false => {
                out["checksums"] =
                    json!([{ "algorithm": algorithm.to_uppercase(), "checksumValue": digits }]);
            }
            true => {
                out["sourceInfo"] =
                    format!("the unpacked tree, as Nix serialises it: {algorithm}:{digits}").into();
            }
        }
    }
    out
}
