//! `diff`: how two catalogues differ, in each of its forms.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::reports::is_report;
use crate::size::{built, make};
use crate::support::program::{git, run, stderr, stdout};

/// A repository whose HEAD is what `init` makes, generated.
fn repository() -> TempDir {
    let dir = TempDir::new().expect("a temporary directory");
    assert_eq!(run(dir.path(), &["init"]).status.code(), Some(0));
    assert_eq!(run(dir.path(), &[]).status.code(), Some(0));
    git(dir.path(), &["init", "--quiet", "-b", "main"]);
    commit(dir.path(), "first");
    dir
}

fn commit(root: &Path, message: &str) {
    git(root, &["add", "--all"]);
    git(root, &["commit", "--quiet", "-m", message]);
}

fn edit(path: impl AsRef<Path>, from: &str, to: &str) {
    let text = fs::read_to_string(&path).expect("a readable file");
    assert!(text.contains(from), "{} lacks {from:?}", path.as_ref().display());
    fs::write(path, text.replacen(from, to, 1)).expect("a writable file");
}

#[track_caller]
fn diff(root: &Path, args: &[&str]) -> String {
    let output = run(root, &[&["diff"], args].concat());
    exits(&output, 0);
    stdout(&output)
}

#[track_caller]
fn exits(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}\n{}", stdout(output), stderr(output));
}

/// The repository with one of each kind of change.
fn changed() -> TempDir {
    let dir = repository();
    let root = dir.path();
    let extensions = root.join("catalogue/extensions");
    edit(extensions.join("pgvector.toml"), "version = \"0.8.0\"", "version = \"0.8.1\"");
    edit(extensions.join("pgvector.toml"), "license = \"postgresql\"", "license = [\"postgresql\", \"tsl\"]");
    fs::remove_file(extensions.join("pg_cron.toml")).expect("removed");
    fs::write(
        extensions.join("new.toml"),
        "description = \"New\"\nlicense = \"mit\"\nkind = \"pgxs\"\nhomepage = \"https://example.org\"\n\
         source = { git = \"https://gitlab.com/g/new\", tag = \"{version}\" }\nsql = [\"new\"]\npreload = true\n\n\
         [[version]]\nversion = \"1.0\"\npostgresql = [\"17\"]\n\
         hash = \"sha256-UHJKDd5JrcJT5Z4CTYsY/va+ToU0GUPG1eHhuXTkP84=\"\n",
    )
    .expect("written");
    edit(root.join("catalogue/flake.toml"), "last-modified = ", "last-modified = 1");
    dir
}

#[test]
fn a_line_for_each() {
    let dir = changed();
    let text = diff(dir.path(), &[]);
    snapshot("diff-text", &text);
    let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    assert!(line("pgvector").contains("0.8.0 → 0.8.1 (16 17)"), "{text}");
    assert!(
        line("pgvector").ends_with("https://github.com/pgvector/pgvector/compare/v0.8.0...v0.8.1"),
        "{text}"
    );
    assert!(line("pgvector").contains("license PostgreSQL → PostgreSQL, tsl"), "{text}");
    assert!(line("pg_cron").starts_with("- pg_cron") && line("pg_cron").contains("removed"), "{text}");
    assert!(line("new ").starts_with("+ new") && line("new ").contains("new; 1.0 (17)"), "{text}");
    // Nobody asked for an exit code.
    exits(&run(dir.path(), &["diff", "--exit-code"]), 1);
    exits(&run(dir.path(), &["diff", "HEAD", "HEAD", "--exit-code"]), 0);
    // It writes nothing: what is generated is as it was.
    assert_eq!(git(dir.path(), &["status", "--porcelain", "generated", "flake.nix"]), "");
}

#[test]
fn the_same_of_two_revisions_and_two_folders() {
    let dir = changed();
    let (root, before) = (dir.path(), TempDir::new().expect("a folder"));
    let now = diff(root, &["HEAD"]);
    git(root, &["tag", "v1"]);
    git(root, &["worktree", "add", "--quiet", before.path().join("old").to_str().expect("UTF-8"), "v1"]);
    commit(root, "second");
    assert_eq!(diff(root, &["HEAD~1", "HEAD"]), now);
    assert_eq!(diff(root, &["v1"]), now);
    assert_eq!(diff(root, &["--since", "v1"]), now);
    assert_eq!(diff(root, &["--since"]), now);
    let old = before.path().join("old");
    assert_eq!(diff(root, &[old.to_str().expect("UTF-8"), "."]), now);
    // The other way round what came goes.
    let back = diff(root, &["HEAD", "HEAD~1"]);
    assert!(back.contains("- new") && back.contains("+ pg_cron") && back.contains("0.8.1 → 0.8.0"), "{back}");
}

#[test]
fn a_report_for_programs() {
    let dir = changed();
    let report = is_report("diff", &diff(dir.path(), &["--format", "json"]));
    assert_eq!((&report["from"], &report["to"]), (&json!("HEAD"), &Value::Null));
    let extensions = report["changes"]["extensions"].as_array().expect("a list");
    let named = |name: &str| extensions.iter().find(|one| one["name"] == name).expect("it is there");
    let pgvector = &named("pgvector")["moves"][0];
    assert_eq!(pgvector["what"], "moved");
    assert_eq!(pgvector["from"], json!({ "version": "0.8.0", "nixpkgs": false }));
    assert_eq!(named("pg_cron")["change"], "removed");
    assert_eq!(report["changes"]["inputs"][0]["name"], "nixpkgs");
    assert_eq!(report["builds"], Value::Null);
    // What cannot be compared is a report, too.
    let output = run(dir.path(), &["diff", "nowhere", "--format", "json"]);
    exits(&output, 2);
    let report = is_report("diff", &stdout(&output));
    assert_eq!(report["error"], "the repository has no revision nowhere");
}

#[test]
fn foreign_text_is_no_markup() {
    let dir = repository();
    let root = dir.path();
    edit(
        root.join("catalogue/extensions/pgvector.toml"),
        "license = ",
        "broken = \"<img src=x onerror=alert(1)> | [a](javascript:x) @team #1 **b** ](https://evil.example)\"\nlicense = ",
    );
    let markdown = diff(root, &["--format", "markdown"]);
    snapshot("diff-markdown", &markdown);
    for bad in ["<img", "[a](", "@team", " #1", "**b**", "](https://evil", " | ["] {
        assert!(!markdown.contains(bad), "{bad}: {markdown}");
    }
    // Each row has two cells.
    for row in markdown.lines().filter(|line| line.starts_with('|')) {
        let bars = row.replace("\\|", "").matches('|').count();
        assert_eq!(bars, 3, "{row}");
    }
    let html = diff(root, &["--format", "html"]);
    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;") && !html.contains("<img"), "{html}");
    assert!(html.contains("default-src 'none'") && !html.contains("<script"), "{html}");
}

#[test]
fn a_server_that_comes_is_one_line() {
    let dir = repository();
    let root = dir.path();
    edit(
        root.join("catalogue/postgresql.toml"),
        "[[postgresql]]",
        "[[postgresql]]\nname = \"18\"\nmajor = 18\n\n[[postgresql]]",
    );
    for entry in fs::read_dir(root.join("catalogue/extensions")).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("readable");
        fs::write(&path, text.replace("[\"16\", \"17\"]", "[\"16\", \"17\", \"18\"]")).expect("writable");
    }
    let text = diff(root, &[]);
    assert!(text.starts_with("PostgreSQL\n+ 18  new, "), "{text}");
    assert!(!text.contains("Extensions"), "{text}");
}

/// What nixpkgs has, as `index` writes it.
fn table(revision: &str, server: &str, cron: &str, more: &str) -> String {
    format!(
        "revision = \"{revision}\"\n\n[postgresql]\n16 = \"16.3\"\n17 = \"{server}\"\n\n[extensions.pg_cron]\n\
         licenses = [\"postgresql\"]\nversions = {{ 16 = \"{cron}\", 17 = \"{cron}\" }}\n{more}"
    )
}

#[test]
fn what_a_move_of_nixpkgs_means() {
    let dir = repository();
    let root = dir.path();
    let (flake, tables) = (root.join("catalogue/flake.toml"), root.join("catalogue/nixpkgs.toml"));
    let text = fs::read_to_string(&flake).expect("readable");
    let old = text.split("rev = \"").nth(1).and_then(|rest| rest.get(..40)).expect("a revision").to_owned();
    let new = "0123456789".repeat(4);
    fs::write(&tables, table(&old, "17.5", "1.6.4", "")).expect("written");
    let servers = "[[postgresql]]\nname = \"16\"\nmajor = 16\n\n[[postgresql]]\nname = \"17\"\nmajor = 17\n";
    fs::write(root.join("catalogue/postgresql.toml"), servers).expect("written");
    commit(root, "a table");
    edit(&flake, &old, &new);
    let refused = "refused = [{ why = \"broken\", postgresql = [16] }]\n";
    fs::write(&tables, table(&new, "17.6", "1.6.7", refused)).expect("written");
    let text = diff(root, &[]);
    let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap_or_default().to_owned();
    assert!(
        line("~ 17").contains("17.5 → 17.6; mends CVE-2025-8713, CVE-2025-8714, CVE-2025-8715;"),
        "{text}"
    );
    assert!(line("~ 17").contains("https://www.postgresql.org/docs/release/17.6/"), "{text}");
    assert!(line("~ pg_cron").contains("1.6.4 of nixpkgs → 1.6.7 of nixpkgs (16 17)"), "{text}");
    let moved = format!("{} (", &old[..12]);
    assert!(line("~ nixpkgs").contains(&moved) && line("~ nixpkgs").contains("/compare/"), "{text}");
    assert!(text.contains("    pg_cron is broken (16)\n"), "{text}");
    // Said once, of the extension itself.
    assert_eq!(text.matches("1.6.4").count(), 1, "{text}");
    let report = is_report("diff", &diff(root, &["--format", "json"]));
    assert_eq!(report["changes"]["inputs"][0]["meaning"]["refused"][0]["name"], "pg_cron");
}

#[test]
fn what_is_no_catalogue() {
    let dir = repository();
    let root = dir.path();
    let fails = |args: &[&str], code: i32, said: &str| {
        let output = run(root, &[&["diff"], args].concat());
        exits(&output, code);
        assert!(stderr(&output).contains(said), "{args:?}: {}", stderr(&output));
    };
    fails(&["catalogue"], 2, "no revision catalogue; the folder is ./catalogue");
    fails(&["./nowhere"], 2, "there is no such folder");
    fails(&["--since"], 2, "has no tag behind HEAD");
    fails(&["--since", "v1", "HEAD"], 2, "cannot be used with");
    // A revision with errors says so, and where.
    edit(root.join("catalogue/extensions/pgvector.toml"), "hash = ", "hsah = ");
    commit(root, "wrong");
    edit(root.join("catalogue/extensions/pgvector.toml"), "hsah = ", "hash = ");
    fails(&["HEAD"], 1, "HEAD:catalogue/extensions/pgvector.toml");
    git(root, &["rm", "-r", "--quiet", "--cached", "catalogue"]);
    git(root, &["commit", "--quiet", "-m", "none"]);
    fails(&["HEAD"], 2, "HEAD has no catalogue");
}

#[test]
fn links_in_a_revision_are_followed_inside_only() {
    let dir = repository();
    let root = dir.path();
    let extensions = root.join("catalogue/extensions");
    fs::rename(extensions.join("pgvector.toml"), root.join("catalogue/pgvector.entry.toml")).expect("moved");
    std::os::unix::fs::symlink("../pgvector.entry.toml", extensions.join("pgvector.toml")).expect("linked");
    commit(root, "a link");
    let output = run(root, &["diff", "HEAD", "HEAD~1"]);
    exits(&output, 0);
    assert_eq!(stdout(&output), "");
}

#[test]
fn builds_where_they_can_be_evaluated() {
    let dir = changed();
    // Its nixpkgs is not on this machine.
    let text = diff(dir.path(), &["--drvs"]);
    assert!(text.contains("Builds\n  not evaluated: "), "{text}");
    let hostpkgs = format!("path:{}", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostpkgs").display());
    assert_eq!(run(dir.path(), &[]).status.code(), Some(0));
    let args =
        ["--drvs", "--systems", "x86_64-linux", "--override-input", "nixpkgs", &hostpkgs, "--format", "json"];
    let report = is_report("diff", &diff(dir.path(), &args));
    let count = |kind: &str| {
        let counts = report["builds"]["counts"].as_array().expect("a list");
        counts.iter().find(|one| one[0] == kind).map(|one| one[1].as_u64().expect("a number"))
    };
    assert_eq!(report["builds"]["unknown"], Value::Null);
    assert!(count("rebuilt") > Some(0) && count("added") > Some(0), "{report:#}");
}

#[test]
fn sizes_where_they_are_known() {
    let dir = changed();
    let root = dir.path();
    let says = |args: &[&str]| diff(root, &[&["--sizes"], args].concat());
    // Its nixpkgs is not on this machine.
    assert!(says(&[]).contains("Sizes\n  not known: "), "{}", says(&[]));
    assert_eq!(run(root, &[]).status.code(), Some(0));
    git(root, &["add", "--all"]);
    let elsewhere = tempfile::tempdir().expect("a temporary directory");
    let store = elsewhere.path().join("store");
    fs::create_dir(&store).expect("a writable directory");
    let hostpkgs = format!("path:{}", Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostpkgs").display());
    let in_store = store.display().to_string();
    let measured = |args: &[&str]| {
        let how =
            ["--systems", "x86_64-linux", "--override-input", "nixpkgs", &hostpkgs, "--store", &in_store];
        says(&[&how, args].concat())
    };
    let nothing = measured(&[]);
    assert!(
        nothing.contains("not known, neither built here nor in a cache that was asked: psql_"),
        "{nothing}"
    );
    // What is built on one side has a size there, and no guess stands for the other.
    let now = built(root, ".", "psql_17/bin");
    make(&store, &now, 2 << 20, &[]);
    let half = measured(&[]);
    assert!(half.contains("~ psql_17/bin  unknown → 2.1 MiB\n    "), "{half}");
    let head = git(root, &["rev-parse", "HEAD"]);
    let before = built(root, &format!("git+file://{}?rev={}", root.display(), head.trim()), "psql_17/bin");
    make(&store, &before, 3 << 20, &[]);
    let both = measured(&[]);
    assert!(both.contains("~ psql_17/bin  3.1 MiB → 2.1 MiB (-1.0 MiB)\n"), "{both}");
    let report = is_report("diff", &measured(&["--format", "json"]));
    let padded = |length: usize| length.div_ceil(8) * 8 + 280;
    let list = report["sizes"]["list"].as_array().expect("a list");
    let [one] = list.as_slice() else { panic!("{report:#}") };
    assert_eq!(one["attribute"], "psql_17/bin");
    assert_eq!(one["before"], padded(3 << 20));
    assert_eq!(one["now"], padded(2 << 20));
    assert_eq!(report["builds"], Value::Null);
    assert!(
        measured(&["--format", "markdown"])
            .contains("### Sizes\n\n| | |\n|---|---|\n| psql\\_17/bin | 3.1 MiB → 2.1 MiB")
    );
    assert!(measured(&["--format", "html"]).contains("<h2>Sizes</h2>\n<table>\n"));
}

/// In the folder of all snapshots.
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn versions_side_by_side_are_a_change() {
    let dir = repository();
    let file = dir.path().join("catalogue/extensions/pgvector.toml");
    edit(&file, "license = ", "side-by-side = true\nlicense = ");
    let said = diff(dir.path(), &[]);
    assert!(said.contains("all versions in one server"), "{said}");
    commit(dir.path(), "side by side");
    edit(&file, "side-by-side = true\n", "");
    let said = diff(dir.path(), &[]);
    assert!(said.contains("one version in a server"), "{said}");
}

#[test]
fn tests_of_the_source_are_a_change_and_are_shown() {
    let dir = repository();
    let file = dir.path().join("catalogue/extensions/pgvector.toml");
    let known =
        "installcheck = { known-failures = [{ test = \"hnsw\", reason = \"another plan\" }] }\nlicense = ";
    edit(&file, "license = ", known);
    let said = diff(dir.path(), &[]);
    assert!(said.contains("other tests of its own"), "{said}");
    let shown = stdout(&run(dir.path(), &["show", "pgvector"]));
    assert!(shown.contains("own tests"), "{shown}");
    assert!(shown.contains("hnsw fails: another plan"), "{shown}");
}
