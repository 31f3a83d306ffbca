//! Findings in other people's files, for a reader to judge: a false alarm there is a bug here.
//!
//!     PGFLAKEGEN_CORPUS=~/src/nixpkgs cargo test --release --test it overrides_corpus -- --nocapture
//!
//! Every file is judged by the rules for all Nix, and those that are a package (a function with
//! `stdenv` or a builder among its arguments) by the rules for custom extensions as well.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use pgflakegen::diag::{Diagnostics, SourceMap};
use pgflakegen::nix::syntax::decode;
use pgflakegen::overrides::index::Index;
use pgflakegen::overrides::{OverrideFacts, Role, lint_file, lint_override};

/// Places shown for each code.
const SHOWN: usize = 8;

fn files(folder: &Utf8PathBuf) -> Vec<Utf8PathBuf> {
    let mut files: Vec<_> = walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(|entry| Utf8PathBuf::from_path_buf(entry.ok()?.into_path()).ok())
        .filter(|path| path.extension() == Some("nix") && path.is_file())
        .collect();
    files.sort();
    files
}

fn is_package(text: &str) -> bool {
    let head = text.split("}:").next().unwrap_or("");
    let named = ["stdenv", "postgresqlBuildExtension", "buildPostgresqlExtension"];
    named.iter().any(|name| head.contains(name))
        && text.contains("mkDerivation") | text.contains("BuildExtension")
}

fn print(title: &str, found: &Diagnostics, sources: &SourceMap, files: usize) {
    let mut table: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for finding in found.iter() {
        let place = finding.primary.as_ref().map_or_else(String::new, |label| {
            let at = sources.line_column(label.span.source, label.span.start);
            let line = sources.text(label.span.source).lines().nth(at.line - 1).unwrap_or("").trim();
            let line: String = line.chars().take(100).collect();
            format!("{}:{} {} | {line}", sources.path(label.span.source), at.line, finding.message)
        });
        table.entry(finding.code.id()).or_default().push(place);
    }
    println!("== {title}: {files} files");
    for (code, mut places) in table {
        println!("{:6} {code}", places.len());
        // Spread over the corpus, the same ones each time.
        let step = places.len().div_ceil(SHOWN).max(1);
        places.iter_mut().step_by(step).for_each(|place| println!("         {place}"));
    }
}

#[test]
#[ignore = "wants a folder: PGFLAKEGEN_CORPUS=DIR cargo test --release --test it overrides_corpus -- --ignored --nocapture"]
fn findings_in_a_corpus() {
    let corpus = std::env::var("PGFLAKEGEN_CORPUS").expect("PGFLAKEGEN_CORPUS names a folder");
    let corpus = Utf8PathBuf::from(corpus);
    let (mut sources, mut general, mut custom) = (SourceMap::new(), Diagnostics::new(), Diagnostics::new());
    let index = Index::bundled().ok().map(std::sync::Arc::new);
    let files = files(&corpus);
    assert!(!files.is_empty(), "{corpus} has no Nix files");
    let mut packages = 0;
    for path in &files {
        let Ok(bytes) = std::fs::read(path) else { continue };
        let id = decode::add(path.strip_prefix(&corpus).unwrap_or(path), bytes, &mut sources, &mut general);
        lint_file(id, &sources, &mut general);
        if is_package(sources.text(id)) {
            packages += 1;
            let facts = OverrideFacts {
                role: Role::Derivation,
                directory: path.parent().map(ToOwned::to_owned).unwrap_or_default(),
                repository: corpus.clone(),
                index: index.clone(),
                ..OverrideFacts::default()
            };
            lint_override(id, &sources, &facts, &mut custom);
        }
    }
    print("any Nix file", &general, &sources, files.len());
    print("as custom extensions", &custom, &sources, packages);
}
