//! Pages that are made from the program. `UPDATE_DOCS=1 cargo test --test it docs` writes them.

#[path = "../support/public_items.rs"]
mod public_items;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use pgflakegen::catalogue;
use pgflakegen::diag::{Code, Diagnostics, Severity, SourceMap};
use pgflakegen::nix::eval::{Machine, Session, Settings};
use pgflakegen::report;
use pgflakegen::rules;

#[track_caller]
pub fn same(path: &str, text: &str) {
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
        let _ =
            write!(page, "\n## {}: {}\n\n*{severity}*\n\n{}", code.id(), code.summary(), rules::page(*code));
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

/// Ordinary mistakes in Nix, with what Nix says, as `tests/listed/nix/mistakes.rs` recorded it, and what we say.
#[test]
fn messages() {
    let mut page = String::from(
        "# Messages\n\nOrdinary mistakes, what C++ Nix 2.34 says of them, and what `pgflakegen eval` says: the same \
         words, the place first, then what is wrong before that place or what to type, then the way there.\n",
    );
    let files = crate::support::cases("mistakes");
    assert!(files.len() >= 60, "only {} mistakes", files.len());
    for file in files {
        let session = Session::new(Arc::new(Machine), Settings::default());
        let value = session.eval_file(&file).and_then(|value| value.force_deep());
        let ours = value.expect_err("a mistake").report(false);
        let folder = file.parent().expect("a folder").display();
        let ours = ours.replace(&format!("{folder}/"), "");
        let text = std::fs::read_to_string(&file).expect("a program");
        let nix = std::fs::read_to_string(file.with_extension("err")).expect("what Nix says");
        let title = file.file_stem().expect("a name").to_string_lossy().replace('-', " ");
        let (text, nix, ours) = (text.trim_end(), trimmed(&nix), trimmed(&ours));
        let _ = write!(
            page,
            "\n## {title}\n\n```nix\n{text}\n```\n\nNix:\n\n```text\n{nix}\n```\n\npgflakegen:\n\n```text\n{ours}\n```\n"
        );
    }
    same("docs/messages.md", &page);
}

/// Without blanks at the ends of lines.
fn trimmed(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
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

/// What CONTRIBUTING.md shows can be done to this very tree; `cargo xtask walkthroughs` runs it.
#[test]
fn walkthroughs_apply() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("CONTRIBUTING.md")).expect("it is there");
    let mut count = 0;
    for entry in root.join("docs/walkthroughs").read_dir().expect("they are there") {
        let patch = entry.expect("it can be listed").path();
        let name = patch.file_name().expect("it has one").to_string_lossy().into_owned();
        assert!(text.contains(&format!("(docs/walkthroughs/{name})")), "{name} is not in CONTRIBUTING.md");
        let output = std::process::Command::new("git")
            .current_dir(root)
            .args(["apply", "--check"])
            .arg(&patch)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        count += 1;
    }
    assert_eq!(text.matches("(docs/walkthroughs/").count(), count);
}

/// What the README shows of a first run is what it prints.
#[test]
fn the_readme_knows_the_first_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_pgflakegen"));
        let output = command.current_dir(root).args(args).output().expect("it runs");
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
    };
    let said = run(&["check", "--no-evaluate"]);
    let files = said.split("up to date: ").nth(1).and_then(|rest| rest.split(' ').next());
    let files = files.unwrap_or_else(|| panic!("it is not up to date: {said}"));
    let counts = run(&["generate", "--dry-run"]);
    let counts = counts.lines().find(|line| line.contains(" builds")).expect("the second line");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("it is there");
    let shown = format!("    0 created, 0 updated, 0 removed, {files} unchanged\n    {counts}\n");
    assert!(readme.contains(&shown), "README.md does not show\n{shown}");
}

/// Links in the pages lead somewhere.
#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages: Vec<_> =
        ["README.md", "CONTRIBUTING.md", "SECURITY.md", "tests/README.md"].map(|page| root.join(page)).into();
    pages.extend(root.join("docs").read_dir().expect("pages").map(|entry| entry.expect("a page").path()));
    let link = regex::Regex::new(r"\]\(([^)#:]+)(#[^)]*)?\)").expect("a pattern");
    let mut seen = 0;
    for page in pages.iter().filter(|page| page.extension().is_some_and(|extension| extension == "md")) {
        let text = std::fs::read_to_string(page).expect("it can be read");
        for found in link.captures_iter(&text) {
            let target = page.parent().expect("a folder").join(&found[1]);
            assert!(target.exists(), "{}: {} leads nowhere", page.display(), &found[1]);
            seen += 1;
        }
    }
    assert!(seen > 20, "only {seen} links");
}

/// Every page is in the book.
#[test]
fn pages_are_in_the_summary() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let summary = std::fs::read_to_string(folder.join("SUMMARY.md")).expect("it is there");
    for entry in folder.read_dir().expect("pages") {
        let name = entry.expect("a page").file_name().to_string_lossy().into_owned();
        if name.ends_with(".md") && name != "SUMMARY.md" {
            assert!(summary.contains(&format!("({name})")), "{name} is not in docs/SUMMARY.md");
        }
    }
}
