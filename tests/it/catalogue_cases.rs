//! Every folder in tests/cases/catalogue is a repository with a `catalogue/`. What the loader says of it, or
//! makes of it, is the snapshot of the same name (with `catalogue-` in front).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use pgflakegen::catalogue::model::{Catalogue, Fetcher, Fit, Revision, Source, Vendor};
use pgflakegen::catalogue::{self};
use pgflakegen::diag::{Code, Diagnostic, Diagnostics, Format, Severity, SourceMap, emit};

struct Case {
    name: String,
    root: Utf8PathBuf,
}

fn cases() -> Vec<Case> {
    let folder = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/catalogue");
    let mut cases: Vec<Case> = folder
        .read_dir_utf8()
        .expect("the cases are there")
        .map(|entry| entry.expect("the cases can be listed"))
        .map(|entry| Case { name: entry.file_name().to_owned(), root: entry.path().to_owned() })
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(cases.len() > 50, "only {} cases", cases.len());
    cases
}

fn load(case: &Case) -> (SourceMap, Diagnostics, Option<Catalogue>) {
    let mut sources = SourceMap::new();
    let mut found = Diagnostics::new();
    let catalogue = catalogue::load(&case.root, &mut sources, &mut found).expect("a case can be read");
    (sources, found, catalogue)
}

#[test]
fn cases_say_what_their_snapshots_say() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for case in cases() {
            let (sources, found, catalogue) = load(&case);
            // Without the table of nixpkgs a catalogue can be used: to make the table anew.
            let hopeless = |finding: &Diagnostic| {
                finding.severity() == Severity::Error && finding.code != Code::NixpkgsTable
            };
            assert_eq!(catalogue.is_none(), found.iter().any(hopeless), "{}", case.name);
            assert_eq!(
                catalogue.is_some() && found.is_empty(),
                case.name.starts_with("okay-"),
                "only cases called okay-… are without any finding: {}",
                case.name
            );
            let mut text = Vec::new();
            emit(&found, &sources, Format::Text, false, &mut text).expect("a Vec takes everything");
            let mut text = String::from_utf8(text).expect("findings are UTF-8");
            if let Some(catalogue) = catalogue.filter(|_| found.is_empty()) {
                text = summary(&catalogue);
            }
            insta::assert_snapshot!(format!("catalogue-{}", case.name), text);
        }
    });
}

#[test]
fn every_catalogue_code_has_a_case_named_after_it() {
    let found: Vec<(String, BTreeSet<Code>)> = cases()
        .iter()
        .map(|case| (case.name.clone(), load(case).1.iter().map(|finding| finding.code).collect()))
        .collect();
    for code in Code::ALL.iter().filter(|code| code.id().starts_with("PGF1")) {
        let name = kebab(&format!("{code:?}"));
        let short = name.trim_end_matches("-catalogue").trim_start_matches("invalid-");
        let with_case = found
            .iter()
            .any(|(case, codes)| (case.starts_with(&name) || case.contains(short)) && codes.contains(code));
        assert!(with_case, "{} has no case called {name}… that shows it", code.id());
    }
}

fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(c.to_ascii_lowercase());
    }
    kebab
}

#[test]
fn findings_point_into_their_files_and_say_what_to_type() {
    for case in cases() {
        let (sources, found, _) = load(&case);
        for finding in found.iter() {
            let places = finding.primary.iter().chain(&finding.secondary).map(|label| label.span);
            for span in places.chain(finding.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span)) {
                let text = sources.text(span.source);
                assert!(text.get(span.range()).is_some(), "{}: {finding:?}", case.name);
            }
            assert!(!finding.message.ends_with('.'), "{}: {}", case.name, finding.message);
            let syntax = finding.code == Code::TomlSyntax;
            let type_without_advice = matches!(finding.code, Code::WrongType);
            assert!(
                !finding.help.is_empty() || syntax || type_without_advice,
                "{}: {} has no help",
                case.name,
                finding.message
            );
        }
    }
}

#[test]
fn loading_twice_gives_the_same() {
    for case in cases() {
        let text = || {
            let (sources, found, catalogue) = load(&case);
            let mut text = Vec::new();
            emit(&found, &sources, Format::Json, false, &mut text).expect("a Vec takes everything");
            (text, catalogue)
        };
        assert_eq!(text(), text(), "{}", case.name);
    }
}

/// The resolved catalogue, as short as shows everything that was decided.
fn summary(catalogue: &Catalogue) -> String {
    let mut out = String::new();
    let flake = &catalogue.flake;
    let _ = writeln!(out, "flake: {flake:#?}\nextra.nix: {}", catalogue.has_extra);
    for entry in &catalogue.postgresqls {
        let _ = writeln!(out, "\npsql_{}: {} from {}", entry.name, entry.major, entry.base);
        if let Some(pinned) = &entry.pinned {
            let _ = writeln!(out, "  {} {}", pinned.version, source(&pinned.source));
        }
        let rest = (&entry.patches, entry.prerelease, &entry.settings);
        let _ = writeln!(out, "  patches, prerelease, settings: {rest:?}");
        if !entry.features.is_empty() {
            let _ = writeln!(out, "  features: {:?}", entry.features);
        }
    }
    for entry in &catalogue.cargo_pgrx {
        let _ = writeln!(
            out,
            "\ncargo-pgrx {}: {} {} {:?}",
            entry.version,
            entry.hash,
            vendor(&entry.vendor),
            entry.rust
        );
    }
    for extension in &catalogue.extensions {
        let _ = writeln!(out, "\n{} ({}): {}", extension.name, extension.kind.name(), extension.description);
        let _ = writeln!(
            out,
            "  {} {:?} changelog {:?}",
            extension.homepage, extension.licenses, extension.changelog
        );
        let _ = writeln!(
            out,
            "  sql {:?} preload {:?} after {:?}",
            extension.sql_names, extension.preload, extension.preload_after
        );
        let _ = writeln!(out, "  settings {:?} not for {:?}", extension.settings, extension.exclude_systems);
        let _ = writeln!(
            out,
            "  override {:?} attr {:?} requires {:?} broken {:?}",
            extension.override_file, extension.attrs, extension.requires, extension.broken
        );
        for version in &extension.versions {
            let _ = writeln!(
                out,
                "  {} = {} (sql {}){}",
                version.attr,
                version.version,
                version.sql_version,
                if version.prerelease { " prerelease" } else { "" }
            );
            let _ = writeln!(out, "    {}", source(&version.source));
            let _ = writeln!(
                out,
                "    requires {:?} preload {:?} broken {:?}",
                version.requires, version.preload, version.broken
            );
            let _ = writeln!(out, "    {:?}", version.build);
        }
        for (postgresql, fit) in &extension.fits {
            let text = match fit {
                Fit::Nixpkgs => "the package set's".to_owned(),
                Fit::Versions { default, all } => {
                    let version = |at: &usize| extension.versions[*at].version.as_str();
                    format!("{} of {:?}", version(default), all.iter().map(version).collect::<Vec<_>>())
                }
            };
            let _ = writeln!(out, "  psql_{postgresql}: {text}");
        }
    }
    out
}

fn vendor(vendor: &Vendor) -> String {
    match vendor {
        Vendor::Hash(hash) => hash.clone(),
        Vendor::Lock { file, output_hashes } => format!("{file} {output_hashes:?}"),
    }
}

fn source(source: &Source) -> String {
    let at = |at: &Revision| match at {
        Revision::Tag(tag) => format!("tag {tag}"),
        Revision::Rev(rev) => format!("rev {rev}"),
    };
    let from = match &source.fetcher {
        Fetcher::GitHub { owner, repo, at: revision, submodules } => {
            format!("github {owner}/{repo} {} submodules {submodules}", at(revision))
        }
        Fetcher::Url { url } => url.clone(),
        Fetcher::Git { url, at: revision, submodules } => {
            format!("git {url} {} submodules {submodules}", at(revision))
        }
    };
    format!("{from} {}", source.hash)
}
