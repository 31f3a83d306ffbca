//! Every file in `tests/cases/evaluated/` evaluated as an override, on the package set in tests/hostpkgs; what
//! is found is its snapshot.
//!
//! The file's name says how: `ok-*` has no findings, `pgfNNN-*` has that one. They stand in for the override of
//! the extension `example`; `custom-*` for that of `whole`, `absent-*` for that of `absent`, and `extra-*` for
//! the catalogue's extra.nix. `*-git*` are in a git repository that has a secret in its configuration, and knows all
//! files but untracked ones; `*-memory` may take little.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use pgflakegen::catalogue;
use pgflakegen::diag::{Code, Diagnostics, Format, SourceMap, emit};
use pgflakegen::nix::eval::Settings;
use pgflakegen::overrides::evaluated::{Build, Outcome, Task, builds, judge, members};
use pgflakegen::render;

use crate::support;
use crate::support::program::{copy, git};

fn folder() -> Utf8PathBuf {
    Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/evaluated")
}

fn names() -> Vec<String> {
    let names = support::names("evaluated");
    assert!(names.len() > 20, "the cases are there");
    names
}

/// Where a case's file goes, below the catalogue.
fn place(name: &str) -> &'static str {
    match name.split_once("-pgf").map(|(role, _)| role) {
        Some("custom") => "overrides/whole.nix",
        Some("absent") => "overrides/absent.nix",
        Some("extra") => "extra.nix",
        _ => "overrides/example.nix",
    }
}

fn code_of(name: &str) -> Option<Code> {
    let at = name.find("pgf")?;
    Code::from_id(name.get(at..at + 6)?)
}

/// What is found in a case, and how many builds were evaluated.
fn evaluate(name: &str) -> (Diagnostics, SourceMap, usize) {
    let text = fs::read_to_string(folder().join(format!("{name}.nix"))).expect("a case");
    let mut settings = Settings { pure: true, ..Settings::default() };
    if name.ends_with("-memory") {
        settings.max_memory = 192 << 20;
    }
    let only = Utf8Path::new("catalogue").join(place(name));
    let all = name.starts_with("extra");
    evaluate_with(name, &text, settings, &|build| all || build.file == only)
}

/// As [`evaluate`], of the builds for which `only` holds.
fn evaluate_with(
    name: &str,
    text: &str,
    settings: Settings,
    only: &dyn Fn(&Build) -> bool,
) -> (Diagnostics, SourceMap, usize) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let root = Utf8Path::from_path(dir.path()).expect("UTF-8");
    copy(folder().join("catalogue").as_std_path(), &dir.path().join("catalogue"));
    let file = root.join("catalogue").join(place(name));
    if name.contains("-git") {
        fs::write(root.join("secret"), "untracked").expect("a writable directory");
        git(root.as_std_path(), &["init", "-q"]);
        git(root.as_std_path(), &["config", "http.extraheader", "a secret"]);
        let _ = fs::remove_file(&file);
        git(root.as_std_path(), &["add", "catalogue"]);
    }
    fs::write(&file, text).expect("a writable directory");
    if name.contains("-git") && !name.contains("untracked") {
        git(root.as_std_path(), &["add", "catalogue"]);
    }
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    let catalogue = catalogue::load(root, &mut sources, &mut found).expect("a readable catalogue");
    let catalogue = catalogue.expect("a catalogue without errors");
    let mut builds = builds(&catalogue);
    assert!(builds.len() > 20);
    builds.retain(only);
    let hostpkgs = format!("path:{}/tests/hostpkgs", env!("CARGO_MANIFEST_DIR"));
    let task = Task {
        root,
        files: render::render(&catalogue).into_iter().map(|file| (file.path, file.text)).collect(),
        inputs: vec![("nixpkgs".to_owned(), hostpkgs)],
        settings,
        partial: false,
        observer: &(),
    };
    let mut found = Diagnostics::new();
    let systems = &catalogue.flake.systems;
    let shown = |file: &Utf8Path| file.to_owned();
    match judge(task, &builds, systems, &shown, &mut sources, &mut found) {
        Outcome::Judged(count) => (found, sources, count),
        Outcome::Missing(what) => panic!("{name}: {what}"),
    }
}

#[test]
fn cases_have_the_findings_of_their_snapshots() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/evaluated");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    // Where in the package set is not ours to say.
    settings.add_filter(r"comes from (nixpkgs|lib)/\S+", "comes from $1/[…]");
    let _guard = settings.bind_to_scope();
    let (mut cased, mut wrong) = (BTreeSet::new(), Vec::new());
    for name in names() {
        let (found, sources, count) = evaluate(&name);
        let mut text = Vec::new();
        emit(&found, &sources, Format::Text, false, &mut text).expect("a Vec takes everything");
        let text = String::from_utf8(text).expect("findings are UTF-8");
        match code_of(&name) {
            Some(code) => {
                cased.insert(code);
                let codes: BTreeSet<_> = found.iter().map(|f| f.code).collect();
                if codes != BTreeSet::from([code]) {
                    wrong.push(format!("{name}:\n{text}"));
                }
            }
            None if found.is_empty() && count >= 4 => {}
            None => wrong.push(format!("{name} is to have no findings ({count} builds):\n{text}")),
        }
        insta::assert_snapshot!(name, text);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // That of `check --evaluate` is about no override: tests/it/overrides_cli.rs has it.
    let of_overrides =
        |code: &&Code| ("PGF400".."PGF420").contains(&code.id()) && **code != Code::PackageFails;
    for code in Code::ALL.iter().filter(of_overrides) {
        assert!(cased.contains(code), "{} has no case", code.id());
    }
}

/// What is found about extensions and PostgreSQLs that come from nixpkgs, by the catalogue of `tests/cases/pins`
/// with this `edit`, over the package set as of `pin`.
fn asked(pin: &str, edit: impl Fn(&Path)) -> (Diagnostics, SourceMap) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = tempfile::tempdir().expect("a temporary directory");
    copy(&root.join("tests/cases/pins/catalogue"), &dir.path().join("flake/catalogue"));
    edit(&dir.path().join("flake/catalogue"));
    copy(&root.join("tests/hostpkgs"), &dir.path().join("hostpkgs"));
    fs::write(dir.path().join("hostpkgs/pin.nix"), format!("import ./pins/{pin}.nix\n"))
        .expect("a writable directory");
    let flake = Utf8PathBuf::from_path_buf(dir.path().join("flake")).expect("UTF-8");
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    let catalogue = catalogue::load(&flake, &mut sources, &mut found).expect("a readable catalogue");
    let catalogue = catalogue.expect("a catalogue without errors");
    let task = Task {
        root: &flake,
        files: render::render(&catalogue).into_iter().map(|file| (file.path, file.text)).collect(),
        inputs: vec![("nixpkgs".to_owned(), format!("path:{}/hostpkgs", dir.path().display()))],
        settings: Settings { pure: true, ..Settings::default() },
        partial: false,
        observer: &(),
    };
    let mut found = Diagnostics::new();
    let shown = |file: &Utf8Path| file.to_owned();
    let systems = &catalogue.flake.systems;
    match members::judge(task, &catalogue, systems, &shown, &mut sources, &mut found) {
        Outcome::Judged(count) => assert!(count > 20, "{count}"),
        Outcome::Missing(what) => panic!("{what}"),
    }
    (found, sources)
}

fn replace(file: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(file).expect("the case");
    assert!(text.contains(old), "{text}");
    fs::write(file, text.replace(old, new)).expect("a writable directory");
}

#[test]
fn what_nixpkgs_says_is_found() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/evaluated");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.add_filter(r"nixpkgs/postgresql/extensions.nix:\d+", "nixpkgs/postgresql/extensions.nix:…");
    let _guard = settings.bind_to_scope();
    let as_it_is = |_: &Path| ();
    let required = |catalogue: &Path| {
        let line = "source = \"nixpkgs\"\n";
        let file = catalogue.join("extensions/pg_ed25519.toml");
        replace(&file, line, &format!("{line}required = true\n"));
    };
    let renamed = |catalogue: &Path| {
        replace(
            &catalogue.join("extensions/libversion.toml"),
            "[\"libversion\", \"pg_libversion\"]",
            "\"pg_libversion\"",
        );
    };
    let mut cased = BTreeSet::new();
    let mut snapshot = |name: &str, pin: &str, edit: &dyn Fn(&Path)| {
        let (found, sources) = asked(pin, edit);
        cased.extend(found.iter().map(|finding| finding.code));
        let mut text = Vec::new();
        emit(&found, &sources, Format::Text, false, &mut text).expect("a Vec takes everything");
        insta::assert_snapshot!(name, String::from_utf8(text).expect("findings are UTF-8"));
    };
    snapshot("nixpkgs-old", "2025-11", &as_it_is);
    snapshot("nixpkgs-at-the-pin", "2026-07", &as_it_is);
    snapshot("nixpkgs-mended", "2026-09", &as_it_is);
    snapshot("nixpkgs-required", "2026-07", &required);
    snapshot("nixpkgs-renamed", "2026-09", &renamed);
    let texts = include_str!("../../templates/lib/from-nixpkgs.nix");
    assert!(texts.contains("nixpkgs has no extension ${extension}"), "the judge knows it by that");
    // Those after them are the table's, which tests/it/overrides_cli.rs shows.
    for code in Code::ALL.iter().filter(|code| ("PGF420".."PGF425").contains(&code.id())) {
        assert!(cased.contains(code), "{} has no case", code.id());
    }
}

/// One override that passes a limit is one finding; the builds of all others are judged as they are without it.
#[test]
fn one_that_passes_a_limit_is_not_the_end_of_others() {
    let codes = |found: &Diagnostics| found.iter().map(|finding| finding.code).collect::<Vec<_>>();
    let settings = || Settings { pure: true, ..Settings::default() };
    let fine = fs::read_to_string(folder().join("ok-selector.nix")).expect("a case");
    let (found, _, all) = evaluate_with("ok", &fine, settings(), &|_| true);
    let others = codes(&found);
    let memory = fs::read_to_string(folder().join("pgf413-memory.nix")).expect("a case");
    let little = Settings { max_memory: 256 << 20, ..settings() };
    // Calls without end that take no memory at all.
    let mut busy = "{ }: old: let f0 = x: x;".to_owned();
    for n in 1..64 {
        busy += &format!(" f{n} = x: f{} x + f{} x;", n - 1, n - 1);
    }
    busy += " in { env = toString (f63 1); }";
    let part = Some(Duration::from_secs(2));
    let short = Settings { max_part_time: part, max_time: Some(Duration::from_secs(600)), ..settings() };
    for (text, settings) in [(memory, little), (busy, short)] {
        // One build of it is enough: each takes all that it may.
        let first = std::cell::Cell::new(true);
        let only = |build: &Build| !build.file.ends_with("example.nix") || first.replace(false);
        let (found, _, count) = evaluate_with("pgf413", &text, settings, &only);
        let (limits, rest): (Vec<_>, Vec<_>) =
            codes(&found).into_iter().partition(|code| *code == Code::EvalLimit);
        assert_eq!((limits.len(), &rest), (1, &others), "{found:#?}");
        assert!(count > 4 && count < all, "{count} of {all}");
    }
}
