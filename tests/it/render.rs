//! What is generated from the catalogues in `cases/render/`: one snapshot a case.

use camino::{Utf8Path, Utf8PathBuf};
use pgflakegen::catalogue;
use pgflakegen::diag::{Diagnostics, Format, SourceMap, emit};
use pgflakegen::nix::syntax::format::format;
use pgflakegen::render::{Generated, marker, render};

fn cases() -> Vec<Utf8PathBuf> {
    let directory = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/render");
    let mut cases: Vec<_> = directory
        .read_dir_utf8()
        .expect("the cases")
        .map(|entry| entry.expect("a readable directory").into_path())
        .collect();
    cases.sort();
    assert!(cases.len() >= 3);
    cases
}

#[track_caller]
fn generated(root: &Utf8Path) -> Vec<Generated> {
    let (mut sources, mut findings) = (SourceMap::new(), Diagnostics::new());
    let loaded = catalogue::load(root, &mut sources, &mut findings).expect("a readable catalogue");
    let Some(catalogue) = loaded else {
        let mut text = Vec::new();
        emit(&findings, &sources, Format::Text, false, &mut text).expect("a Vec takes everything");
        panic!("{root}: {}", String::from_utf8_lossy(&text));
    };
    render(&catalogue)
}

/// Parts that are the same for every catalogue have nothing to tell here.
fn particular(file: &Generated) -> bool {
    let path = file.path.as_str();
    !path.starts_with("schema/")
        && (!path.starts_with("generated/lib/") || path.ends_with("cargo-pgrx.nix"))
        && !path.starts_with("generated/machine/")
        && !path.starts_with("generated/tools/")
        && !path.starts_with("generated/checks/")
}

#[test]
fn cases_give_their_snapshots() {
    for case in cases() {
        let text: String = generated(&case)
            .iter()
            .filter(|file| particular(file))
            .map(|file| format!("──── {}\n{}", file.path, file.text))
            .collect();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("../../snapshots");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.add_filter(r"(the version that did\.)\n\d[^\n]*", "$1\nVERSION");
        let name = format!("render-{}", case.file_name().expect("a name"));
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}

#[test]
fn everything_is_formatted_marked_and_the_same_every_time() {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    for case in cases().into_iter().chain([root.to_owned()]) {
        let files = generated(&case);
        assert_eq!(files, generated(&case), "{case}");
        for file in &files {
            if file.path != "flake.lock" {
                assert!(marker::is_ours(&file.text), "{case}: {}", file.path);
            }
            if file.path.extension() == Some("nix") {
                assert_eq!(format(&file.text).as_ref(), Ok(&file.text), "{case}: {}", file.path);
                let parsed = rnix::Root::parse(&file.text);
                assert!(parsed.errors().is_empty(), "{case}: {}: {:?}", file.path, parsed.errors());
            }
            assert!(file.text.ends_with('\n') && !file.text.contains('\r'), "{case}: {}", file.path);
        }
    }
}

/// This repository is its own first user.
#[test]
fn this_repository_is_up_to_date() {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let comparison = pgflakegen::tree::compare(root, &generated(root)).expect("a readable tree");
    let changes: Vec<_> = comparison.changes.iter().map(|change| &change.path).collect();
    assert!(changes.is_empty(), "type `cargo run`: {changes:?}");
}
