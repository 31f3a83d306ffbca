//! Every file in `tests/cases/overrides/` judged; the findings are its snapshot.
//!
//! The file's name says how: `ok-*` has no findings, `pgfNNN-*` has at least that one, `custom-*` is the
//! override of a custom extension and `general-*` no override at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use pgflakegen::diag::{Code, Diagnostics, Format, SourceMap, emit, fix};
use pgflakegen::nix::syntax::decode;
use pgflakegen::overrides::index::Index;
use pgflakegen::overrides::{OverrideFacts, RULES, Role, lint_file, lint_override};

use crate::support::{self, ATTRIBUTES};

fn folder() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/overrides")
}

fn names() -> Vec<String> {
    let names = support::names("overrides");
    assert!(names.len() > 50, "the cases are there");
    names
}

fn facts(name: &str) -> OverrideFacts {
    // The override of an extension in Rust.
    let of_rust = name.contains("pgf322").then_some("cargo-pgrx");
    // No extension of the catalogue names the file.
    let known = !name.contains("of-nobody");
    OverrideFacts {
        extension: "example".into(),
        role: if name.starts_with("custom-") || name == "ok-custom" {
            Role::Derivation
        } else {
            Role::Attributes
        },
        versions: Some(vec!["1.0.0".into(), "1.1.0".into()]),
        attributes: known.then(|| ATTRIBUTES.into_iter().chain(of_rust).map(str::to_owned).collect()),
        directory: folder(),
        repository: folder(),
        index: Some(Arc::new(Index::bundled().expect("the repository carries it"))),
        ..OverrideFacts::default()
    }
}

fn judge(name: &str, bytes: Vec<u8>) -> (Diagnostics, SourceMap) {
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    let id = decode::add(format!("{name}.nix"), bytes, &mut sources, &mut found);
    if name.starts_with("general-") {
        lint_file(id, &sources, &mut found);
    } else {
        lint_override(id, &sources, &facts(name), &mut found);
    }
    (found, sources)
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.nix"))).expect("listed just now")
}

/// The code a case is for.
fn code_of(name: &str) -> Option<Code> {
    let part = name.strip_prefix("custom-").unwrap_or(name);
    Code::from_id(part.get(..6)?)
}

#[test]
fn cases_have_the_findings_of_their_snapshots() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/overrides");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let _guard = settings.bind_to_scope();
    for name in names() {
        let (found, sources) = judge(&name, read(&name));
        let mut text = Vec::new();
        emit(&found, &sources, Format::Text, false, &mut text).expect("a Vec takes everything");
        let text = String::from_utf8(text).expect("findings are UTF-8");
        match code_of(&name) {
            Some(code) => assert!(found.iter().any(|f| f.code == code), "{name} lacks its finding:\n{text}"),
            None => assert!(found.is_empty(), "{name} is to have no findings:\n{text}"),
        }
        // The too deep ones have lines of 100,000 characters.
        if !name.starts_with("pgf202") {
            insta::assert_snapshot!(name, text);
        }
    }
}

#[test]
fn every_code_has_a_rule_and_a_case() {
    let cased: BTreeSet<Code> = names().iter().filter_map(|name| code_of(name)).collect();
    let ruled: BTreeSet<Code> = RULES.iter().flat_map(|rule| rule.codes.iter().copied()).collect();
    for code in Code::ALL.iter().copied().filter(|code| ("PGF201".."PGF400").contains(&code.id())) {
        assert!(cased.contains(&code), "{} has no case", code.id());
        let elsewhere = code.id() < "PGF209" || code.id().starts_with("PGF23");
        assert!(elsewhere || ruled.contains(&code), "{} has no rule", code.id());
    }
}

#[test]
fn fixes_mend_what_they_are_for_and_leave_the_rest() {
    let mut mended = 0;
    for name in names() {
        let (found, sources) = judge(&name, read(&name));
        for finding in found.iter().filter(|finding| finding.fix.is_some()) {
            let id = finding.primary.as_ref().expect("a fix is about a place").span.source;
            let (text, count) = fix::apply(id, sources.text(id), finding.fix.iter());
            assert_eq!(count, 1, "{name}: {}", finding.message);
            let (left, _) = judge(&name, text.clone().into_bytes());
            let same = |d: &&pgflakegen::diag::Diagnostic| d.code == finding.code;
            assert!(left.iter().filter(same).count() < found.iter().filter(same).count(), "{name}:\n{text}");
            let comments = |text: &str| text.lines().filter(|l| l.contains("# ")).count();
            let lost = usize::from(finding.code == Code::AllowUnused);
            assert_eq!(comments(&text) + lost, comments(sources.text(id)), "{name}:\n{text}");
            mended += 1;
        }
    }
    assert!(mended > 10, "{mended}");
}
