//! From a derivation and a list of versions to a catalogue entry and, for what does not fit, an override.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use toml_edit::Value;

use super::{Derivation, Fetched, Imported, Listed};
use crate::catalogue::model::Kind;
use crate::catalogue::version::compare;

fn quoted(text: &str) -> String {
    Value::from(text).to_string().trim().to_owned()
}

fn list<'a>(all: impl IntoIterator<Item = &'a str>) -> String {
    format!("[{}]", all.into_iter().map(quoted).collect::<Vec<_>>().join(", "))
}

/// The entry for the extension called `name`. Without `versions` the derivation's own is the only one; `patch`
/// reads a patch file by the path written in the Nix file.
pub fn entry(
    name: &str,
    derivation: &Derivation,
    versions: Option<&BTreeMap<String, Listed>>,
    lowest: u32,
    patch: &dyn Fn(&str) -> Option<String>,
) -> Imported {
    let Some(source) = &derivation.source else {
        let why = derivation.remarks.first().cloned().unwrap_or_else(|| "it has no source".into());
        return Imported::refused(name, why);
    };
    let mut imported = Imported {
        name: name.to_owned(),
        files: BTreeMap::new(),
        remarks: derivation.remarks.clone(),
        refused: None,
        cargo_pgrx: Vec::new(),
    };
    let own;
    let versions = match versions {
        Some(versions) => versions,
        None => match (&derivation.version, &derivation.hash) {
            (Some(version), Some(hash)) => {
                let listed = Listed {
                    hash: hash.clone(),
                    cargo_hash: derivation.cargo_hash.clone(),
                    ..Listed::default()
                };
                own = BTreeMap::from([(version.clone(), listed)]);
                &own
            }
            (None, _) => return Imported::refused(name, "its version is not written out"),
            (_, None) => return Imported::refused(name, "its source's hash is not written out"),
        },
    };
    let kind = kind(derivation);
    if kind == Kind::Pgrx && versions.values().any(|listed| listed.pgrx.is_none()) {
        return Imported::refused(
            name,
            "it is a pgrx extension, and the version of pgrx stands elsewhere; `pgflakegen add` finds it out",
        );
    }
    if kind == Kind::Pgrx && versions.values().any(|listed| listed.cargo_hash.is_none()) {
        return Imported::refused(
            name,
            "it is a pgrx extension, and the hash of its crates stands elsewhere; `pgflakegen add` computes it",
        );
    }
    let mut text = head(derivation, source, kind, &mut imported);
    let patches = patches(name, &derivation.patches, patch, &mut imported);
    if !patches.is_empty() {
        text.push_str(&format!("patches = {}\n", list(patches.iter().map(String::as_str))));
    }
    if let Some(nix) = override_file(derivation) {
        let path = format!("overrides/{name}.nix");
        text.push_str(&format!("override = {}\n", quoted(&path)));
        let names: Vec<&str> = derivation.rest.iter().map(|(name, _)| name.as_str()).collect();
        imported.remarks.push(format!("{} went to catalogue/{path}", names.join(", ")));
        imported.files.insert(path.into(), nix);
    }
    let mut order: Vec<&String> = versions.keys().collect();
    order.sort_by(|a, b| compare(a, b));
    for version in order {
        text.push_str(&one(
            name,
            version,
            &versions[version],
            derivation,
            source,
            lowest,
            patch,
            &mut imported,
        ));
    }
    imported.files.insert(format!("extensions/{name}.toml").into(), text);
    imported
}

fn kind(derivation: &Derivation) -> Kind {
    let tool = |name: &str| {
        derivation.lists.get("nativeBuildInputs").is_some_and(|list| list.iter().any(|tool| tool == name))
    };
    if derivation.builder.contains("Pgrx") {
        Kind::Pgrx
    } else if tool("cmake") {
        Kind::Cmake
    } else if derivation.lists.contains_key("configureFlags") || tool("autoreconfHook") {
        Kind::Configure
    } else {
        Kind::Pgxs
    }
}

fn head(derivation: &Derivation, source: &Fetched, kind: Kind, imported: &mut Imported) -> String {
    let mut text = String::from("#:schema ../../schema/extension.json\n");
    let mut line = |key: &str, value: String| text.push_str(&format!("{key} = {value}\n"));
    match derivation.meta.get("description") {
        Some(description) => line("description", quoted(&super::super::entry::tidy(description))),
        None => {
            line("description", quoted(&imported.name));
            imported.remarks.push("it has no description".into());
        }
    }
    if let Some(homepage) = derivation.meta.get("homepage") {
        line("homepage", quoted(homepage));
    }
    if let Some(changelog) = derivation.meta.get("changelog") {
        line("changelog", quoted(changelog));
    }
    match derivation.licenses.as_slice() {
        [] => {
            line("license", quoted("unfree"));
            imported.remarks.push("its license was not understood".into());
        }
        [one] => line("license", quoted(one)),
        more => line("license", list(more.iter().map(String::as_str))),
    }
    line("kind", quoted(kind.name()));
    let place = match source {
        Fetched::GitHub { name, tag, submodules, .. } => {
            let tag = tag.as_ref().filter(|tag| tag.contains("{version}"));
            let tag = tag.map_or(String::new(), |tag| format!(", tag = {}", quoted(tag)));
            let submodules = if *submodules { ", submodules = true" } else { "" };
            format!("{{ github = {}{tag}{submodules} }}", quoted(name))
        }
        Fetched::Url(url) => format!("{{ url = {} }}", quoted(url)),
        Fetched::Git { url, rev } => format!("{{ git = {}, rev = {} }}", quoted(url), quoted(rev)),
    };
    line("source", place);
    for (nix, key) in [
        ("buildInputs", "build-inputs"),
        ("nativeBuildInputs", "native-build-inputs"),
        ("makeFlags", "make-flags"),
        ("configureFlags", "configure-flags"),
        ("cmakeFlags", "cmake-flags"),
    ] {
        if let Some(values) = derivation.lists.get(nix).filter(|values| !values.is_empty()) {
            line(key, list(values.iter().map(String::as_str)));
        }
    }
    if let Some(root) = &derivation.source_root {
        line("source-root", quoted(root));
    }
    text
}

/// Patch files go to `patches/NAME/`.
fn patches(
    name: &str,
    written: &[String],
    read: &dyn Fn(&str) -> Option<String>,
    imported: &mut Imported,
) -> Vec<String> {
    let mut paths = Vec::new();
    for patch in written {
        let file = patch.rsplit('/').next().unwrap_or(patch);
        match read(patch) {
            Some(text) => {
                let path = format!("patches/{name}/{file}");
                imported.files.insert(Utf8PathBuf::from(&path), text);
                paths.push(path);
            }
            None => imported.remarks.push(format!("the patch {patch} is not there")),
        }
    }
    paths
}

#[allow(clippy::too_many_arguments, reason = "all that one version depends on")]
fn one(
    name: &str,
    version: &str,
    listed: &Listed,
    derivation: &Derivation,
    source: &Fetched,
    lowest: u32,
    patch: &dyn Fn(&str) -> Option<String>,
    imported: &mut Imported,
) -> String {
    let mut text = format!("\n[[version]]\nversion = {}\n", quoted(version));
    if !listed.postgresql.is_empty() {
        text.push_str(&format!("postgresql = {}\n", list(listed.postgresql.iter().map(String::as_str))));
    } else if !derivation.bounds.is_empty() {
        text.push_str(&format!("postgresql = {}\n", quoted(&derivation.bounds.join(", "))));
    } else {
        text.push_str(&format!("postgresql = \">={lowest}\"  # the Nix file says nothing\n"));
    }
    let rev = listed.rev.clone().or_else(|| match source {
        Fetched::GitHub { tag: Some(tag), .. } if tag.contains("{version}") => None,
        Fetched::GitHub { tag: Some(tag), .. } => Some(tag.replace("{version_}", &version.replace('.', "_"))),
        Fetched::GitHub { rev, .. } => rev.clone(),
        _ => None,
    });
    if let Some(rev) = rev {
        let plain = rev.strip_prefix("refs/tags/").unwrap_or(&rev);
        let key = if super::super::git::is_commit(plain) { "rev" } else { "tag" };
        text.push_str(&format!("{key} = {}\n", quoted(plain)));
    }
    text.push_str(&format!("hash = {}\n", quoted(&listed.hash)));
    let pairs = [("pgrx", &listed.pgrx), ("rust", &listed.rust), ("cargo-hash", &listed.cargo_hash)];
    for (key, value) in pairs {
        if let Some(value) = value {
            text.push_str(&format!("{key} = {}\n", quoted(value)));
        }
    }
    imported.cargo_pgrx.extend(listed.pgrx.clone());
    let patches = patches(name, &listed.patches, patch, imported);
    if !patches.is_empty() {
        text.push_str(&format!("patches = {}\n", list(patches.iter().map(String::as_str))));
    }
    text
}

/// What the catalogue has no key for, as it was written.
fn override_file(derivation: &Derivation) -> Option<String> {
    if derivation.rest.is_empty() {
        return None;
    }
    let body: String = derivation.rest.iter().map(|(name, text)| format!("  {name} = {text};\n")).collect();
    let words: BTreeSet<&str> = body.split(|c: char| !(c.is_alphanumeric() || "_-'".contains(c))).collect();
    let fetchers = ["fetchFromGitHub", "fetchurl", "fetchgit", "fetchzip"];
    let formals: Vec<&str> = derivation
        .formals
        .iter()
        .map(String::as_str)
        .filter(|formal| words.contains(formal) && !fetchers.contains(formal))
        .collect();
    let inherited: Vec<&str> =
        ["pname", "version", "src"].into_iter().filter(|name| words.contains(name)).collect();
    let old = if inherited.is_empty() && !words.contains("finalAttrs") { "_:" } else { "old:" };
    let binding = match (inherited.is_empty(), words.contains("finalAttrs")) {
        (true, false) => String::new(),
        (none, final_attrs) => {
            let mut binding = String::from("let\n");
            if !none {
                binding.push_str(&format!("  inherit (old) {};\n", inherited.join(" ")));
            }
            if final_attrs {
                binding.push_str("  finalAttrs = old;\n");
            }
            binding.push_str("in\n");
            binding
        }
    };
    let arguments =
        if formals.is_empty() { "{ }".to_owned() } else { format!("{{ {} }}", formals.join(", ")) };
    let text = format!("{arguments}:\n{old}\n{binding}{{\n{body}}}\n");
    // As it was, where the formatter does not take it.
    Some(crate::nix::syntax::format::format(&text).unwrap_or(text))
}
