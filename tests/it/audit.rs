//! `audit`: against a server that answers as osv.dev does, a folder with its records, and PostgreSQL's own advisories.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::reports::is_report;
use crate::support::program::{PROGRAM, copy, run, stderr, stdout};
use crate::upstream::server::{Answer, Server};

/// A catalogue with an old server, an old pgvector and a Rust extension.
fn repository(policy: &str) -> TempDir {
    let dir = TempDir::new().expect("a folder");
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/audit/catalogue"),
        &dir.path().join("catalogue"),
    );
    let file = dir.path().join("catalogue/flake.toml");
    let text = fs::read_to_string(&file).expect("readable");
    fs::write(&file, format!("{text}\n{policy}")).expect("writable");
    dir
}

fn database() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/audit/osv").display().to_string()
}

fn audit(root: &Path, args: &[&str], server: Option<&Server>) -> Output {
    let mut command = Command::new(PROGRAM);
    command.current_dir(root).arg("audit").args(args).env_remove("GITHUB_TOKEN");
    if let Some(server) = server {
        command.env("PGFLAKEGEN_MIRROR_OSV", server.address());
    }
    command.output().expect("the program starts")
}

const DAY: [&str; 2] = ["--date", "2026-11-27"];

/// The ids in a report, with what has them.
fn ids(report: &Value) -> Vec<(String, String)> {
    let all = report["vulnerabilities"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    all.map(|one| (text(&one["of"]), text(&one["id"]))).collect()
}

#[test]
fn planted_old_versions_are_found() {
    let dir = repository("");
    let output =
        audit(dir.path(), &[&DAY[..], &["--database", &database(), "--format", "json"]].concat(), None);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let report = is_report("audit", &stdout(&output));
    let found = ids(&report);
    let has = |of: &str, id: &str| found.contains(&(of.to_owned(), id.to_owned()));
    // PostgreSQL's own: 15.18 has what August mended, and not what May did.
    assert!(has("postgresql 15", "CVE-2026-14669") && !has("postgresql 15", "CVE-2026-6473"), "{found:?}");
    assert!(!found.iter().any(|(of, _)| of == "postgresql 17"), "{found:?}");
    // An extension by its tag; only the old version.
    let pgvector: Vec<_> = report["vulnerabilities"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| one["of"] == "pgvector")
        .collect();
    assert_eq!(pgvector.len(), 1);
    assert_eq!((&pgvector[0]["version"], &pgvector[0]["fixed"]), (&json!("0.7.4"), &json!(["0.8.2"])));
    assert_eq!(pgvector[0]["postgresql"], json!(["15"]));
    // A crate by the lock file; the same under GitHub's and RustSec's name is one.
    let of_rust: Vec<_> = found.iter().filter(|(of, _)| of == "rusty").collect();
    assert_eq!(of_rust, [&("rusty".to_owned(), "GHSA-aaaa-bbbb-cccc".to_owned())]);
    assert_eq!(report["database"], "2026-11-20");
    // What nothing can be told of is said.
    assert_eq!(report["unknown"], json!(["archived 1.0", "postgresql fork"]));
    let codes: Vec<&Value> =
        report["findings"].as_array().expect("a list").iter().map(|one| &one["code"]).collect();
    assert!(codes.contains(&&json!("PGF702")) && codes.contains(&&json!("PGF705")), "{codes:?}");
}

/// The explorer shows them, but for what is put up with.
#[test]
fn the_explorer_shows_a_report() {
    let dir = repository("");
    let report =
        audit(dir.path(), &[&DAY[..], &["--database", &database(), "--format", "json"]].concat(), None);
    fs::write(dir.path().join("audit.json"), &report.stdout).expect("written");
    let shown = |file: &str| run(dir.path(), &["explorer", "--no-history", "--audit", file]);
    let page = stdout(&shown("audit.json"));
    for (of, id) in ids(&is_report("audit", &stdout(&report))) {
        assert!(page.contains(&format!("\"id\":\"{id}\"")), "{of}: {id}");
    }
    assert!(page.contains("\"severity\":\"high\""));
    fs::write(dir.path().join("none.json"), "{\"version\":1,\"findings\":[],\"error\":\"no\"}")
        .expect("written");
    let refused = shown("none.json");
    assert!(
        refused.status.code() == Some(2)
            && stderr(&refused).contains("no report of `pgflakegen audit --format json`"),
        "{}",
        stderr(&refused)
    );
}

#[test]
fn findings_stand_in_their_places() {
    let dir = repository("");
    let output = audit(dir.path(), &[&DAY[..], &["--database", &database()]].concat(), None);
    let said = stderr(&output);
    for part in [
        "pgvector 0.7.4 has GHSA-pgve-ctor-0001, high (8.1): Heap overflow in an index build",
        "catalogue/extensions/pgvector.toml",
        "mended in 0.8.2",
        "rusty 2.0.0 (its crate leaky 1.2.2) has GHSA-aaaa-bbbb-cccc",
        "PostgreSQL 15.18 has CVE-2026-14669, high (8.8)",
        "PostgreSQL 15.18 is older than 15.19",
        "PostgreSQL's advisories as of 2026-08-30; 5 components looked up, as of 2026-11-20",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let sarif =
        audit(dir.path(), &[&DAY[..], &["--database", &database(), "--format", "sarif"]].concat(), None);
    let log: Value = serde_json::from_str(&stdout(&sarif)).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("a list");
    assert!(
        results.iter().any(|one| one["ruleId"] == "PGF701" && one["locations"][0].is_object()),
        "{log:#}"
    );
}

#[test]
fn what_is_put_up_with() {
    let ignore = |id: &str, until: &str| {
        format!("[[policy.ignore]]\nid = \"{id}\"\nreason = \"not reachable\"\nuntil = \"{until}\"\n\n")
    };
    let all = ignore("GHSA-pgve-ctor-0001", "2026-11-27")
        + &ignore("RUSTSEC-2026-0001", "2026-11-26")
        + &ignore("CVE-1999-0001", "2030-01-01");
    let dir = repository(&all);
    let run = |day: &str| {
        let output = audit(dir.path(), &["--date", day, "--database", &database(), "--format", "json"], None);
        is_report("audit", &stdout(&output))
    };
    let report = run("2026-11-27");
    let of = |report: &Value, name: &str| -> Value {
        let all = report["vulnerabilities"].as_array().expect("a list").iter();
        all.clone().find(|one| one["of"] == name).expect("it is there").clone()
    };
    // Up to and with the day; by another of its names, too.
    assert_eq!(of(&report, "pgvector")["ignored"], "not reachable (until 2026-11-27)");
    assert_eq!(of(&report, "rusty")["ignored"], Value::Null);
    let messages = |report: &Value, code: &str| -> Vec<String> {
        let all = report["findings"].as_array().expect("a list").iter();
        all.filter(|one| one["code"] == code)
            .map(|one| one["message"].as_str().expect("text").to_owned())
            .collect()
    };
    assert_eq!(
        messages(&report, "PGF703"),
        ["RUSTSEC-2026-0001 was to be ignored until 2026-11-26, and is still there"]
    );
    assert_eq!(messages(&report, "PGF704"), ["nothing has CVE-1999-0001"]);
    assert_eq!(messages(&run("2026-11-28"), "PGF703").len(), 2);
    assert_eq!(messages(&run("2026-11-26"), "PGF703").len(), 0);
    // A day before all of that.
    assert!(messages(&run("2027-01-01"), "PGF706")[0].contains("42 days before 2027-01-01"));
}

#[test]
fn a_server_is_asked_once_for_each() {
    let dir = repository("");
    let server = Server::start();
    // In the order of the questions: crates by name, then repositories.
    let results = json!({ "results": [
        { "vulns": [{ "id": "RUSTSEC-2026-0001" }], "next_page_token": "more" },
        {},
        {},
        { "vulns": [{ "id": "GHSA-pgve-ctor-0001" }] },
        {},
    ] });
    let more = json!({ "results": [{ "vulns": [{ "id": "RUSTSEC-2026-0002" }] }] });
    let bytes = |value: &Value| Answer::Bytes(value.to_string().into_bytes());
    server.on(
        "/v1/querybatch",
        Answer::InTurn(vec![Answer::Status(503, "Retry-After: 0\r\n".into()), bytes(&results), bytes(&more)]),
    );
    let read = |name: &str| fs::read(Path::new(&database()).join(name)).expect("a record");
    server.on("/v1/vulns/RUSTSEC-2026-0001", Answer::Bytes(read("RUSTSEC-2026-0001.json")));
    let second = json!({ "id": "RUSTSEC-2026-0002", "summary": "second \u{1b}[31mpage", "affected": [] });
    server.on("/v1/vulns/RUSTSEC-2026-0002", bytes(&second));
    server.on("/v1/vulns/GHSA-pgve-ctor-0001", Answer::Bytes(read("GHSA-pgve-ctor-0001.json")));
    let output = audit(dir.path(), &[&DAY[..], &["--format", "json"]].concat(), Some(&server));
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let report = is_report("audit", &stdout(&output));
    let found = ids(&report);
    for (of, id) in
        [("rusty", "RUSTSEC-2026-0001"), ("rusty", "RUSTSEC-2026-0002"), ("pgvector", "GHSA-pgve-ctor-0001")]
    {
        assert!(found.contains(&(of.to_owned(), id.to_owned())), "{id}: {found:?}");
    }
    assert_eq!(server.count("/v1/querybatch"), 3);
    assert_eq!(report["database"], Value::Null);
    assert!(!stdout(&output).contains('\u{1b}'));
}

#[test]
fn who_does_not_answer_is_no_all_clear() {
    let dir = repository("");
    let server = Server::start();
    for (answer, said) in [
        (Answer::Bytes(b"{\"results\":[]}".to_vec()), "0 answers to 5 questions"),
        (Answer::Bytes(b"<html>".to_vec()), "that is no answer of OSV"),
        (Answer::Status(404, String::new()), "/v1/querybatch"),
    ] {
        server.on("/v1/querybatch", answer);
        let output = audit(dir.path(), &DAY, Some(&server));
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
    let output = audit(dir.path(), &[&DAY[..], &["--offline"]].concat(), None);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--offline"), "{}", stderr(&output));
    // Without anybody: PostgreSQL's own advisories.
    let output = audit(dir.path(), &[&DAY[..], &["--own", "--offline"]].concat(), None);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("nobody was asked"), "{}", stderr(&output));
}

#[test]
fn what_is_no_database() {
    let dir = repository("");
    let folder = TempDir::new().expect("a folder");
    let run = || {
        let path = folder.path().display().to_string();
        let output = audit(dir.path(), &[&DAY[..], &["--database", &path]].concat(), None);
        assert_eq!(output.status.code(), Some(2));
        stderr(&output)
    };
    assert!(run().contains("it has no records"));
    fs::write(folder.path().join("a.json"), "{").expect("written");
    assert!(run().contains("it is no record of OSV"));
    let output = audit(dir.path(), &["--date", "tomorrow"], None);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("write a day as 2026-12-31"), "{}", stderr(&output));
}
