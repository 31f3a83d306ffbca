//! `sbom` and `licenses` of this repository's own flake, evaluated over tests/hostpkgs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::reports::is_report;
use crate::support::program::{copy, git, run, stderr, stdout};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Options that put tests/hostpkgs in the place of nixpkgs.
pub fn hostpkgs() -> Vec<String> {
    let folder = |path: &str| format!("path:{}", here().join(path).display());
    [
        "--override-input",
        "nixpkgs",
        &folder("tests/hostpkgs"),
        "--override-input",
        "rust-overlay",
        &folder("tests/hostpkgs/rust-overlay"),
        "--system",
        "x86_64-linux",
    ]
    .map(str::to_owned)
    .into()
}

fn with_hostpkgs(root: &Path, args: &[&str]) -> Output {
    let options = hostpkgs();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    run(root, &[args, &options].concat())
}

#[track_caller]
fn json_of(output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    serde_json::from_str(&stdout(output)).expect("JSON")
}

fn component<'v>(document: &'v Value, name: &str) -> &'v Value {
    let all = document["components"].as_array().expect("a list");
    all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{name} is not in {document:#}"))
}

fn properties(component: &Value, name: &str) -> Vec<String> {
    let all = component["properties"].as_array().into_iter().flatten();
    all.filter(|one| one["name"] == name).map(|one| one["value"].as_str().expect("text").to_owned()).collect()
}

#[test]
fn an_environment_by_its_derivations() {
    let output = with_hostpkgs(here(), &["sbom", "psql_17/bin"]);
    let document = json_of(&output);
    assert_eq!((&document["bomFormat"], &document["specVersion"]), (&json!("CycloneDX"), &json!("1.7")));
    let pgvector = component(&document, "pgvector");
    assert_eq!(pgvector["version"], "0.8.7");
    assert_eq!(pgvector["purl"], "pkg:github/pgvector/pgvector@v0.8.7");
    assert_eq!(pgvector["cpe"], "cpe:2.3:a:pgvector:pgvector:0.8.7:*:*:*:*:*:*:*");
    assert_eq!(pgvector["scope"], "required");
    assert_eq!(pgvector["licenses"][0]["license"]["id"], "PostgreSQL");
    // Two licences, of which spdx.org knows one.
    let named: Vec<&Value> = component(&document, "timescaledb")["licenses"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["license"])
        .collect();
    assert_eq!(named[0]["id"], "Apache-2.0");
    assert_eq!(named[1]["name"], "tsl");
    let server = component(&document, "postgresql");
    assert_eq!(server["cpe"], "cpe:2.3:a:postgresql:postgresql:17.12:*:*:*:*:*:*:*");
    let purl = server["purl"].as_str().expect("a purl");
    assert!(purl.starts_with("pkg:generic/postgresql@17.12?checksum=sha256:"), "{purl}");
    // What it is built with is not in it (a crate may be called so); and what was not built is not said to be known.
    let names: BTreeSet<&str> = document["components"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|one| !one["purl"].as_str().is_some_and(|purl| purl.starts_with("pkg:cargo/")))
        .map(|one| one["name"].as_str().expect("a name"))
        .collect();
    for tool in ["cmake", "pkg-config", "bison", "flex"] {
        assert!(!names.contains(tool), "{names:?}");
    }
    assert_eq!(document["compositions"][0]["aggregate"], "unknown");
    // Every reference leads to a component, and no two have one name.
    let refs: Vec<&str> = document["components"]
        .as_array()
        .expect("a list")
        .iter()
        .chain([&document["metadata"]["component"]])
        .map(|one| one["bom-ref"].as_str().expect("a name"))
        .collect();
    let unique: BTreeSet<&str> = refs.iter().copied().collect();
    assert_eq!(unique.len(), refs.len());
    for dependency in document["dependencies"].as_array().expect("a list") {
        let needed = dependency["dependsOn"].as_array().expect("a list").iter().chain([&dependency["ref"]]);
        for one in needed {
            assert!(unique.contains(one.as_str().expect("a name")), "{one}");
        }
    }
    let root = document["metadata"]["component"]["bom-ref"].as_str().expect("a name");
    let needs = document["dependencies"].as_array().expect("a list").iter().find(|one| one["ref"] == root);
    let needs = needs.expect("the root")["dependsOn"].as_array().expect("a list");
    assert!(needs.contains(&pgvector["bom-ref"]), "{needs:?}");
    // The same again, to the byte.
    assert_eq!(stdout(&with_hostpkgs(here(), &["sbom", "psql_17/bin"])), stdout(&output));
}

#[test]
fn tools_are_excluded() {
    let document = json_of(&with_hostpkgs(here(), &["sbom", "psql_17/exts/timescaledb", "--tools"]));
    assert_eq!(document["metadata"]["component"]["name"], "timescaledb");
    let cmake = component(&document, "cmake");
    assert_eq!(cmake["scope"], "excluded");
    assert_eq!(properties(cmake, "pgflakegen:reason"), ["tool of the build"]);
}

#[test]
fn patches_are_patches() {
    let document = json_of(&with_hostpkgs(here(), &["sbom", "psql_18/exts/pgvector-0_8_0"]));
    let patches = &document["metadata"]["component"]["pedigree"]["patches"];
    assert_eq!(patches[0]["diff"]["url"], "0.8.0-postgresql-18.patch");
    let document =
        json_of(&with_hostpkgs(here(), &["sbom", "psql_18/exts/pgvector-0_8_0", "--format", "spdx-2.3"]));
    let relations = document["relationships"].as_array().expect("a list");
    assert!(relations.iter().any(|one| one["relationshipType"] == "PATCH_FOR"), "{relations:?}");
    let document =
        json_of(&with_hostpkgs(here(), &["sbom", "psql_18/exts/pgvector-0_8_0", "--format", "spdx"]));
    let graph = document["@graph"].as_array().expect("a list");
    assert!(graph.iter().any(|one| one["relationshipType"] == "patchedBy"), "{graph:?}");
}

#[test]
fn crates_are_known_by_a_lock_file_only() {
    let output = with_hostpkgs(here(), &["sbom", "psql_17/exts/pg_graphql"]);
    let document = json_of(&output);
    let why = properties(&document["metadata"]["component"], "pgflakegen:crates");
    assert!(why.len() == 1 && why[0].starts_with("not known: "), "{why:?}");
    assert!(stderr(&output).contains("the crates of 1 are not known"), "{}", stderr(&output));
    // With a lock file in the catalogue.
    let dir = TempDir::new().expect("a folder");
    copy(&here().join("catalogue"), &dir.path().join("catalogue"));
    let entry = dir.path().join("catalogue/extensions/pg_graphql.toml");
    let text = fs::read_to_string(&entry).expect("readable");
    let hash = "cargo-hash = \"sha256-pgwx8Axctd37J79nUTbCGp6g2PGiHdgt99pMqGGLmyA=\"";
    assert!(text.contains(hash));
    fs::write(&entry, text.replace(hash, "cargo-lock = \"files/pg_graphql.lock\"")).expect("writable");
    let lock = "version = 3\n\n[[package]]\nname = \"pg_graphql\"\nversion = \"1.6.1\"\ndependencies = [\"pgrx\"]\n\n\
                [[package]]\nname = \"pgrx\"\nversion = \"0.16.1\"\n\
                source = \"registry+https://github.com/rust-lang/crates.io-index\"\n\
                checksum = \"0000000000000000000000000000000000000000000000000000000000000001\"\n";
    fs::write(dir.path().join("catalogue/files/pg_graphql.lock"), lock).expect("writable");
    let generated = run(dir.path(), &[]);
    assert_eq!(generated.status.code(), Some(0), "{}", stderr(&generated));
    let document = json_of(&with_hostpkgs(dir.path(), &["sbom", "psql_17/exts/pg_graphql"]));
    let pgrx = component(&document, "pgrx");
    assert_eq!(pgrx["purl"], "pkg:cargo/pgrx@0.16.1");
    assert_eq!(pgrx["hashes"][0]["alg"], "SHA-256");
}

/// A store in which the subject refers to one of two things that its derivation names.
fn store(document: &Value, referred: &str) -> TempDir {
    let dir = TempDir::new().expect("a folder");
    let outputs = |one: &Value| -> Vec<PathBuf> {
        let all = one["properties"].as_array().expect("a list").iter();
        all.filter(|one| one["name"].as_str().is_some_and(|name| name.starts_with("nix:output:")))
            .map(|one| {
                dir.path().join(one["value"].as_str().expect("a path").trim_start_matches("/nix/store/"))
            })
            .collect()
    };
    let root = &outputs(&document["metadata"]["component"])[0];
    fs::create_dir_all(root.join("bin")).expect("made");
    let to = &outputs(component(document, referred))[0];
    let name = to.file_name().expect("a name").to_str().expect("UTF-8");
    std::os::unix::fs::symlink(format!("/nix/store/{name}/bin/x"), root.join("bin/x")).expect("linked");
    dir
}

#[test]
fn what_is_built_says_what_it_refers_to() {
    let document = json_of(&with_hostpkgs(here(), &["sbom", "psql_17/bin"]));
    let dir = store(&document, "pgvector");
    let flag = format!("--store={}", dir.path().display());
    let built = json_of(&with_hostpkgs(here(), &["sbom", "psql_17/bin", &flag]));
    let names: Vec<&Value> =
        built["components"].as_array().expect("a list").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["pgvector"]);
    assert_eq!(built["metadata"]["lifecycles"][0]["phase"], "post-build");
    // What is not built, or packed, is not measured.
    for (attribute, said) in [("psql_16/bin", "build it first"), ("psql_17/docker", "an image is packed")] {
        let output = with_hostpkgs(here(), &["sbom", attribute, &flag]);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
}

#[test]
fn what_cannot_be_evaluated() {
    let output = with_hostpkgs(here(), &["sbom", "psql_17/bim"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("psql_17/bim cannot be evaluated"), "{}", stderr(&output));
    let output = run(here(), &["sbom", "psql_17/bin"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is not on this machine"), "{}", stderr(&output));
}

#[test]
fn texts_of_licences_that_are_at_hand() {
    let dir = TempDir::new().expect("a temporary directory");
    let store = dir.path().display().to_string();
    let texts = |more: &[&str]| {
        let output = with_hostpkgs(
            here(),
            &[&["licenses", "psql_17/bin", "--texts", "--store", &store], more].concat(),
        );
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let nothing = texts(&[]);
    assert!(nothing.starts_with("=== No text is at hand of\n\n"), "{nothing}");
    assert!(nothing.contains("\npgvector 0.8.7: its source is not in the store\n"), "{nothing}");
    // A source that is a folder, and a package with documentation.
    let attribute = "legacyPackages.x86_64-linux.psql_17.exts.pgvector.src.outPath";
    let source = with_hostpkgs_to_evaluate(attribute);
    let source = dir.path().join(source.trim_start_matches("/nix/store/"));
    fs::create_dir(&source).expect("made");
    fs::write(source.join("LICENSE"), "Permission\x1b[31m to use\r\n").expect("written");
    fs::write(source.join("vector.c"), "no licence").expect("written");
    let document = json_of(&with_hostpkgs(here(), &["sbom", "psql_17/bin"]));
    let properties = component(&document, "pg_cron")["properties"].as_array().expect("a list").clone();
    let output = properties.iter().find(|one| one["name"] == "nix:output:out").expect("an output");
    let package =
        dir.path().join(output["value"].as_str().expect("a path").trim_start_matches("/nix/store/"));
    fs::create_dir_all(package.join("share/doc/pg_cron")).expect("made");
    fs::write(package.join("share/doc/pg_cron/COPYING"), "Copy it\n").expect("written");
    let shown = texts(&[]);
    assert!(shown.contains("=== pgvector 0.8.7: LICENSE\n\nPermission\\u{1b}[31m to use\n"), "{shown}");
    assert!(shown.contains("/share/doc/pg_cron/COPYING\n\nCopy it\n"), "{shown}");
    assert!(!shown.contains("\npgvector 0.8.7: its source"), "{shown}");
    let report = is_report("licenses", &texts(&["--json"]));
    assert_eq!(report["texts"].as_array().expect("a list").len(), 2, "{report:#}");
    assert!(!report["without-text"].as_array().expect("a list").is_empty());
}

/// What an attribute of this repository's flake is.
fn with_hostpkgs_to_evaluate(attribute: &str) -> String {
    let options = hostpkgs();
    let options: Vec<&str> =
        options.iter().map(String::as_str).filter(|one| !one.contains("system")).collect();
    let options = &options[..options.len() - 1];
    let output = run(here(), &[&["eval", &format!(".#{attribute}"), "--raw"], options].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

#[test]
fn a_table_of_licences() {
    let output = run(here(), &["licenses"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    snapshot("licenses", &text);
    let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    assert!(line("timescaledb").contains("Apache-2.0; Timescale License (tsl), unfree"), "{text}");
    let report = is_report("licenses", &stdout(&run(here(), &["licenses", "--json"])));
    let rows = report["licenses"].as_array().expect("a list");
    assert!(rows.iter().any(|row| row["name"] == "pgvector" && row["licences"][0]["spdx"] == "PostgreSQL"));
    // Of what is in an environment, libraries among it.
    let report =
        is_report("licenses", &stdout(&with_hostpkgs(here(), &["licenses", "psql_17/bin", "--json"])));
    let rows = report["licenses"].as_array().expect("a list");
    assert!(rows.iter().any(|row| row["name"] == "pgvector"), "{report:#}");
    assert_eq!(report["attribute"], "psql_17/bin");
}

#[test]
fn components_are_audited_too() {
    let dir = TempDir::new().expect("a folder");
    assert_eq!(run(dir.path(), &["init"]).status.code(), Some(0));
    let extra = "{ nixpkgs, ... }:
      let
        pkgs = nixpkgs.legacyPackages.x86_64-linux;
        inner = pkgs.stdenv.mkDerivation {
          pname = \"inner\";
          version = \"0.6.0\";
          src = pkgs.fetchFromGitHub {
            owner = \"pgvector\";
            repo = \"pgvector\";
            tag = \"v0.6.0\";
            hash = \"sha256-qwPaguQUdDHV8q6GDneLq5MuhVroPizpbqt7f08gKJI=\";
          };
          meta.license = pkgs.lib.licenses.postgresql;
        };
        tool = pkgs.stdenv.mkDerivation {
          pname = \"tool\";
          version = \"1.0\";
          buildInputs = [ inner ];
        };
      in
      { packages.x86_64-linux.tool = tool; }
    ";
    fs::write(dir.path().join("catalogue/extra.nix"), extra).expect("written");
    let generated = run(dir.path(), &[]);
    assert_eq!(generated.status.code(), Some(0), "{}", stderr(&generated));
    let document = json_of(&with_hostpkgs(dir.path(), &["sbom", "tool"]));
    let inner = component(&document, "inner");
    assert_eq!(inner["purl"], "pkg:github/pgvector/pgvector@v0.6.0");
    assert_eq!(inner["licenses"][0]["license"]["id"], "PostgreSQL");
    let database = here().join("tests/cases/audit/osv").display().to_string();
    let args = ["audit", "tool", "--database", &database, "--date", "2026-11-27", "--format", "json"];
    let report = is_report("audit", &stdout(&with_hostpkgs(dir.path(), &args)));
    // Besides what the catalogue itself has.
    let hits = report["vulnerabilities"].as_array().expect("a list").iter();
    let ids: Vec<&Value> = hits.filter(|hit| hit["of"] == "inner").map(|hit| &hit["id"]).collect();
    assert_eq!(ids, ["GHSA-pgve-ctor-0001"]);
}

/// A repository with a policy, committed.
fn with_policy(policy: &str) -> TempDir {
    let dir = TempDir::new().expect("a folder");
    assert_eq!(run(dir.path(), &["init"]).status.code(), Some(0));
    let file = dir.path().join("catalogue/flake.toml");
    let text = fs::read_to_string(&file).expect("readable");
    fs::write(&file, format!("{text}\n{policy}\n")).expect("writable");
    git(dir.path(), &["init", "--quiet", "-b", "main"]);
    git(dir.path(), &["add", "--all"]);
    git(dir.path(), &["commit", "--quiet", "-m", "first"]);
    dir
}

#[test]
fn the_base_has_the_say() {
    let dir = with_policy("[policy]\ndeny = [\"AGPL-3.0-only\"]");
    let root = dir.path();
    // A change that brings such a licence, and drops the policy.
    let file = root.join("catalogue/flake.toml");
    let text = fs::read_to_string(&file).expect("readable");
    fs::write(&file, text.replace("[policy]\ndeny = [\"AGPL-3.0-only\"]", "")).expect("writable");
    let entry = root.join("catalogue/extensions/pgvector.toml");
    let text = fs::read_to_string(&entry).expect("readable");
    fs::write(&entry, text.replace("license = \"postgresql\"", "license = \"agpl3Only\"")).expect("writable");
    assert_eq!(run(root, &["generate"]).status.code(), Some(0));
    let check = |args: &[&str]| run(root, &[&["check", "--no-evaluate"], args].concat());
    assert_eq!(check(&[]).status.code(), Some(0));
    let output = check(&["--against", "HEAD"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stderr(&output);
    assert!(
        said.contains("PGF162") && said.contains("the policy of HEAD denies the license `agpl3Only`"),
        "{said}"
    );
    assert!(said.contains("catalogue/extensions/pgvector.toml"), "{said}");
    let output = run(root, &["licenses", "--against", "HEAD"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).lines().any(|line| line.starts_with("pgvector") && line.ends_with("denied")));
    assert_eq!(run(root, &["licenses"]).status.code(), Some(0));
    assert_eq!(run(root, &["licenses", "--against", "nowhere"]).status.code(), Some(2));
}

/// In the folder of all snapshots.
fn snapshot(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
