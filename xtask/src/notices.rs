//! `cargo xtask notices`: the licences of everything that is in the binary, with their texts, for those who get the
//! binary. Made of what cargo knows and of the files in the crates themselves; it fails on a crate whose licence
//! cannot be told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::repository::{cargo, root};

#[derive(clap::Args)]
pub struct Args {
    /// Write the notices here.
    #[arg(long, default_value = "THIRD-PARTY.md")]
    output: PathBuf,
    /// The target that the binary is for.
    #[arg(long, default_value = "x86_64-unknown-linux-gnu")]
    target: String,
}

/// A crate of the binary.
struct Part {
    name: String,
    version: String,
    license: String,
    place: String,
    /// Its licence texts.
    texts: Vec<String>,
}

/// Does it; gives what there is to say.
pub fn run(args: &Args) -> anyhow::Result<String> {
    let parts = parts(&args.target)?;
    std::fs::write(&args.output, text(&parts))
        .with_context(|| format!("{} cannot be written", args.output.display()))?;
    Ok(format!("{}: {} crates", args.output.display(), parts.len()))
}

/// The notices for the binary of a target.
pub fn of(target: &str) -> anyhow::Result<String> {
    Ok(text(&parts(target)?))
}

fn metadata(target: &str) -> anyhow::Result<Value> {
    let output = cargo()
        .args(["metadata", "--format-version", "1", "--locked", "--filter-platform", target])
        .output()
        .context("cargo cannot be started")?;
    anyhow::ensure!(
        output.status.success(),
        "cargo metadata: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn string<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// The crates that are linked into the program: neither those that build it nor those that test it.
fn parts(target: &str) -> anyhow::Result<Vec<Part>> {
    let metadata = metadata(target)?;
    let packages: BTreeMap<&str, &Value> =
        list(&metadata, "packages").iter().map(|package| (string(package, "id"), package)).collect();
    let nodes: BTreeMap<&str, &Value> =
        list(&metadata["resolve"], "nodes").iter().map(|node| (string(node, "id"), node)).collect();
    let is_macro = |id: &str| {
        let targets = packages.get(id).map_or(&[][..], |package| list(package, "targets"));
        targets.iter().any(|target| list(target, "kind").iter().any(|kind| kind == "proc-macro"))
    };
    let own = packages.iter().find(|(_, package)| string(package, "name") == "pgflakegen");
    let (own, _) = own.context("cargo does not know pgflakegen")?;
    let (mut seen, mut todo) = (BTreeSet::from([*own]), vec![*own]);
    while let Some(id) = todo.pop() {
        let needed = list(nodes.get(id).context("a crate is not resolved")?, "deps").iter().filter(|dep| {
            list(dep, "dep_kinds").iter().any(|kind| kind["kind"].is_null()) && !is_macro(string(dep, "pkg"))
        });
        todo.extend(needed.map(|dep| string(dep, "pkg")).filter(|id| seen.insert(id)));
    }
    seen.remove(*own);
    let mut all = seen.iter().map(|id| part(packages[id])).collect::<anyhow::Result<Vec<_>>>()?;
    all.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    Ok(all)
}

fn part(package: &Value) -> anyhow::Result<Part> {
    let (name, version) = (string(package, "name"), string(package, "version"));
    let folder = Path::new(string(package, "manifest_path")).parent().unwrap_or(Path::new(""));
    let mut texts = texts_in(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    if let Some(file) = package["license_file"].as_str() {
        texts.extend(std::fs::read_to_string(folder.join(file)));
    }
    let license = match string(package, "license") {
        "" if texts.is_empty() => bail!("{name} {version} says nothing about its licence"),
        "" => "see below",
        license => license,
    };
    if texts.is_empty() {
        texts.push(standard(license, package).with_context(|| {
            format!("{name} {version} ({license}) has no licence text, and none can be made for it")
        })?);
    }
    let place = match string(package, "repository") {
        "" => format!("https://crates.io/crates/{name}/{version}"),
        place => place.to_owned(),
    };
    Ok(Part { name: name.into(), version: version.into(), license: license.into(), place, texts })
}

/// The licence files of a crate.
fn texts_in(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.filter_map(Result::ok).map(|entry| entry.path()).collect();
    files.sort();
    let meant = |path: &&PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"]
            .iter()
            .any(|start| name.starts_with(start))
            && path.is_file()
            && ![".RS", ".TOML"].iter().any(|end| name.ends_with(end))
    };
    files.iter().filter(meant).map(std::fs::read_to_string).collect()
}

/// The text for a crate that brings none: that of MIT names its authors, that of Apache 2.0 nobody.
fn standard(license: &str, package: &Value) -> Option<String> {
    let mut choices = license.split([' ', '/', '(', ')']);
    if choices.clone().any(|choice| choice == "MIT") {
        let text = std::fs::read_to_string(root().join("LICENSE-MIT")).ok()?;
        let authors: Vec<&str> = list(package, "authors").iter().filter_map(Value::as_str).collect();
        let name = string(package, "name");
        let whose = if authors.is_empty() { format!("the authors of {name}") } else { authors.join(", ") };
        let line = text.lines().find(|line| line.starts_with("Copyright"))?;
        return Some(text.replace(line, &format!("Copyright (c) {whose}")));
    }
    choices
        .any(|choice| choice == "Apache-2.0")
        .then(|| std::fs::read_to_string(root().join("LICENSE-APACHE")).ok())?
}

/// The notices: a table, and each text once with the crates that it is for.
fn text(parts: &[Part]) -> String {
    let mut out = String::from(
        "# Third-party notices\n\nThe `pgflakegen` binary holds the crates below. Made by `cargo xtask notices`.\n\n\
         | crate | version | licence | from |\n| --- | --- | --- | --- |\n",
    );
    for part in parts {
        let _ = writeln!(out, "| {} | {} | {} | <{}> |", part.name, part.version, part.license, part.place);
    }
    let mut by_text: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for part in parts {
        for text in &part.texts {
            let text: Vec<&str> = text.lines().map(str::trim_end).collect();
            let name = format!("{} {}", part.name, part.version);
            let names = by_text.entry(text.join("\n").trim_matches('\n').to_owned()).or_default();
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let mut texts: Vec<_> = by_text.into_iter().collect();
    texts.sort_by(|a, b| a.1.cmp(&b.1));
    for (text, names) in texts {
        // A fence that the text has none as long as.
        let fence = "`".repeat(text.split(|c| c != '`').map(str::len).max().unwrap_or(0).max(2) + 1);
        let _ = write!(out, "\n## {}\n\n{fence}text\n{text}\n{fence}\n", names.join(", "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_of_the_binary_has_its_text() {
        let parts = parts("x86_64-unknown-linux-gnu").expect("licences of all crates");
        let names: BTreeSet<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        // Linked; only for tests; a macro; only for a build.
        assert!(
            names.contains("rnix") && names.contains("ring") && names.contains("webpki-roots"),
            "{names:?}"
        );
        for not in ["insta", "pgflakegen", "serde_derive", "cc", "xtask"] {
            assert!(!names.contains(not), "{not} is not in the binary");
        }
        let text = text(&parts);
        for part in &parts {
            // Some have a file besides that only names the choice.
            assert!(part.texts.iter().any(|text| text.len() > 400), "{} has no licence text", part.name);
            assert!(text.contains(&format!("| {} | {} | {} |", part.name, part.version, part.license)));
        }
    }

    #[test]
    fn a_text_stands_once() {
        let part = |name: &str| Part {
            name: name.into(),
            version: "1.0".into(),
            license: "MIT".into(),
            place: "https://example.org".into(),
            texts: vec!["Do as you like ```x```  \n".into()],
        };
        let text = text(&[part("a"), part("b")]);
        assert_eq!(text.matches("Do as you like").count(), 1);
        assert!(text.contains("## a 1.0, b 1.0\n\n````text\nDo as you like ```x```\n````\n"), "{text}");
    }
}
