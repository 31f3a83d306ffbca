//! Pages that are made from the program. `UPDATE_DOCS=1 cargo test --test docs` writes them.

use std::fmt::Write as _;
use std::path::Path;

use pgflakegen::catalogue;
use pgflakegen::diag::{Code, Diagnostics, Severity, SourceMap};
use pgflakegen::report;

#[track_caller]
fn same(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&file, text).expect("a writable page");
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(there == text, "{path} is out of date: UPDATE_DOCS=1 cargo test --test docs");
}

#[test]
fn codes() {
    let mut page = String::from(
        "# Codes\n\nEvery finding has a code that never changes its meaning. `pgflakegen explain CODE` prints what \
         stands here.\n",
    );
    for code in Code::ALL {
        let severity = match code.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Hint => "hint",
        };
        let _ = write!(
            page,
            "\n## {}: {}\n\n*{severity}*\n\n{}\n",
            code.id(),
            code.summary(),
            code.explanation()
        );
    }
    same("docs/codes.md", &page);
}

#[test]
fn picture_of_the_matrix() {
    let root = camino::Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let loaded = catalogue::load(root, &mut SourceMap::new(), &mut Diagnostics::new());
    let catalogue = loaded.expect("readable").expect("our own catalogue has no errors");
    let text = report::matrix(&catalogue).text(false);
    let shown: String = std::iter::once("$ pgflakegen matrix\n".to_owned())
        .chain(text.lines().take(26).map(|line| format!("{line}\n")))
        .chain([format!("… {} more\n", text.lines().count().saturating_sub(26))])
        .collect();
    same("docs/matrix.svg", &anstyle_svg::Term::new().render_svg(&shown));
}
