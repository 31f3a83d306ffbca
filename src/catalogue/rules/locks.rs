//! A Cargo.lock with git dependencies needs their hashes, since a lock file does not have them.

use std::collections::BTreeMap;

use camino::Utf8Path;
use toml::de::{DeTable, DeValue};

use super::{Context, Rule};
use crate::catalogue::decode::printable;
use crate::catalogue::files::Node;
use crate::catalogue::raw::{Field, Map, Spanned};
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    LockFile =
        "A Cargo.lock has the checksums of crates from crates.io, but not of those from Git: for each repository \
         and commit, output-hashes gives one under the name-version of one of its crates, for example output-hashes \
         = { \"pgrx-0.12.6\" = \"sha256-…\" }. Names that the lock file does not have are mistakes. The file itself \
         is the unchanged Cargo.lock of the workspace.",
        bad: r#"
            kind = "pgrx"

            [[version]]
            pgrx = "0.12.6"
            cargo-lock = "locks/example.lock"

            # locks/example.lock
            hello = "world"
        "#,
        says: "locks/example.lock is not a Cargo.lock",
        fixed: r#"
            kind = "pgrx"

            [[version]]
            pgrx = "0.12.6"
            cargo-lock = "locks/example.lock"

            # locks/example.lock
            version = 4

            [[package]]
            name = "example"
            version = "1.0.0"
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for entry in &cx.raw.cargo_pgrx {
        lock(cx, &entry.value.cargo_lock, &entry.value.output_hashes, found);
    }
    for (_, version) in cx.versions() {
        lock(cx, &version.value.cargo_lock, &version.value.output_hashes, found);
    }
}

fn lock(cx: &Context<'_>, path: &Field<String>, hashes: &Field<Map<String>>, found: &mut Diagnostics) {
    let Some(path) = path else { return };
    let Some(Node::Text(bytes)) = cx.files.get(Utf8Path::new(&path.value)) else { return };
    let finding = |message: String| Diagnostic::new(Code::LockFile, path.span, message);
    let parsed = std::str::from_utf8(bytes).ok().and_then(git_packages);
    let Some(by_source) = parsed else {
        found.push(
            finding(format!("{} is not a Cargo.lock", printable(&path.value)))
                .help("copy the Cargo.lock of the crate's workspace, unchanged"),
        );
        return;
    };
    let given: Vec<&Spanned<String>> =
        hashes.iter().flat_map(|map| map.value.0.iter().map(|(key, _)| key)).collect();
    // importCargoLock asks for one hash per repository and commit, under any of its crates.
    for packages in by_source.values() {
        if !packages.iter().any(|package| given.iter().any(|key| key.value == *package)) {
            let Some(first) = packages.first() else { continue };
            found.push(
                finding(format!("the lock file's git dependency {} has no hash", printable(first)))
                    .help(format!("add \"{}\" = \"sha256-…\" to output-hashes", printable(first))),
            );
        }
    }
    for key in given {
        let all = || by_source.values().flatten().map(String::as_str);
        if all().all(|package| package != key.value) {
            let finding = Diagnostic::new(
                Code::LockFile,
                key.span,
                format!("the lock file has no git dependency {}", printable(&key.value)),
            );
            found.push(match nearest(&key.value, all()) {
                Some(near) => finding.help(format!("did you mean \"{}\"?", printable(near))),
                None => finding.help("remove it"),
            });
        }
    }
}

/// `name-version` of the packages from git, by commit. `None`: not a lock file.
fn git_packages(text: &str) -> Option<BTreeMap<String, Vec<String>>> {
    let table = DeTable::parse(text).ok()?;
    let packages = table.get_ref().get("package")?.get_ref().as_array()?;
    let mut by_source: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in packages.iter() {
        let DeValue::Table(package) = package.get_ref() else { return None };
        let text = |key: &str| package.get(key).and_then(|value| value.get_ref().as_str());
        let name = format!("{}-{}", text("name")?, text("version")?);
        if let Some(source) = text("source").filter(|source| source.starts_with("git+")) {
            // The same commit may be asked for by branch and by revision; Nix knows it by the commit alone.
            let commit = source.rsplit_once('#').map_or(source, |(_, commit)| commit);
            by_source.entry(commit.to_owned()).or_default().push(name);
        }
    }
    Some(by_source)
}
