//! Pages that are made from the program. `UPDATE_DOCS=1 cargo test --test it docs` writes them.

#[path = "../support/public_items.rs"]
mod public_items;

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
    assert!(there == text, "{path} is out of date: UPDATE_DOCS=1 cargo test --test it docs");
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

/// From the evaluator's own table.
#[test]
fn builtins() {
    let mut page = String::from(
        "# Builtins\n\nWhat the evaluator of `pgflakegen eval`, `validate --evaluate` and `drvs` has in `builtins`. All \
         behave as those of Nix do. An argument with `!` is evaluated whenever the builtin gives a value. *Impure*: what \
         it gives depends on what is outside of the program; in pure evaluation that is only what is locked or in the \
         store. *Global*: in scope under its own name, too.\n",
    );
    let mut all: Vec<_> = nix_eval::builtins().collect();
    all.sort_by_key(|builtin| builtin.name);
    for builtin in all {
        let notes = [(builtin.impure, "impure"), (builtin.bare, "global")];
        let notes: Vec<_> = notes.iter().filter(|(is, _)| *is).map(|(_, note)| *note).collect();
        let notes = if notes.is_empty() { String::new() } else { format!(" *({})*", notes.join(", ")) };
        let (name, args, doc) = (builtin.name, builtin.args, builtin.doc);
        let _ = write!(page, "\n- `{name} {args}`{notes}: {doc}");
    }
    page.push('\n');
    same("docs/builtins.md", &page);
}

/// What other programs may use of each crate. A change of such a list is one of the next version.
#[test]
fn public_items() {
    for name in ["nix-eval", "nix-store", "nix-syntax"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates").join(name);
        let list = public_items::of(&folder);
        assert!(list.lines().count() > 20, "{name}: {list}");
        assert!(!list.contains("internal"), "{name}");
        same(&format!("crates/{name}/PUBLIC.txt"), &list);
    }
}
