//! `ci plan`: a small catalogue over tests/hostpkgs, a change in it, caches that have some of it.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::reports::is_report;
use crate::support::program::{git, run, stderr, stdout};

const CI: &str = "\n[ci]\nprogram = \"github:o/pgflakegen/v1#pgflakegen\"\nsystems = [\"x86_64-linux\"]\n";

/// The catalogue that `init` makes, with `[ci]`, generated and committed.
pub fn repository(more: &str) -> TempDir {
    let dir = TempDir::new().expect("a temporary directory");
    assert_eq!(run(dir.path(), &["init"]).status.code(), Some(0));
    let file = dir.path().join("catalogue/flake.toml");
    fs::write(&file, fs::read_to_string(&file).expect("a file") + CI + more).expect("a writable directory");
    commit(dir.path(), "first");
    dir
}

fn commit(root: &Path, message: &str) {
    let output = run(root, &["generate"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    if !root.join(".git").exists() {
        git(root, &["init", "-q"]);
    }
    git(root, &["add", "-A"]);
    git(root, &["commit", "-qm", message]);
}

fn plan(root: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let hostpkgs = format!("path:{}/tests/hostpkgs", env!("CARGO_MANIFEST_DIR"));
    let output = run(root, &[&["ci", "plan"], args, &["--override-input", "nixpkgs", &hostpkgs]].concat());
    (output.status.code(), stdout(&output), stderr(&output))
}

fn json(root: &Path, args: &[&str]) -> Value {
    let (code, out, err) = plan(root, &[args, &["--format", "json"]].concat());
    assert_eq!(code, Some(0), "{err}");
    is_report("ci-plan", &out)
}

/// Attributes of the jobs, without kind and system.
fn attrs(plan: &Value) -> Vec<String> {
    let jobs = plan["jobs"].as_array().expect("jobs");
    let attrs = jobs.iter().flat_map(|job| job["attrs"].as_array().expect("attributes"));
    let mut all: Vec<String> = attrs
        .map(|attr| attr.as_str().expect("text").splitn(3, '.').last().unwrap_or_default().to_owned())
        .collect();
    all.sort();
    all
}

fn edit(root: &Path, file: &str, from: &str, to: &str) {
    let file = root.join("catalogue").join(file);
    let text = fs::read_to_string(&file).expect("a file");
    assert!(text.contains(from), "{text}");
    fs::write(file, text.replace(from, to)).expect("a writable directory");
}

#[test]
fn only_what_has_changed_and_what_is_made_of_it() {
    let dir = repository("");
    let root = dir.path();
    let all = json(root, &[]);
    assert!(attrs(&all).len() > 15, "{all:#}");
    assert_eq!(json(root, &["--since", "HEAD"])["jobs"], Value::Array(Vec::new()));
    // Another version of one extension, for one PostgreSQL.
    edit(root, "extensions/pgvector.toml", "version = \"0.7.4\"", "version = \"0.7.3\"");
    commit(root, "pgvector 0.7.3");
    let changed = json(root, &["--since", "HEAD~1"]);
    for attr in attrs(&changed) {
        assert!(attr.contains("pgvector-0_7_3") || attr.contains("update-pgvector"), "{attr}: {changed:#}");
    }
    let names: Vec<String> = attrs(&changed);
    assert!(names.contains(&"psql_17/exts/pgvector-0_7_3".to_owned()), "{names:?}");
    assert!(names.contains(&"psql_16-update-pgvector".to_owned()), "{names:?}");
    // Each comes after what it needs.
    let jobs = changed["jobs"].as_array().expect("jobs");
    for (at, job) in jobs.iter().enumerate() {
        for needed in job["needs"].as_array().expect("jobs") {
            let before = jobs.iter().position(|job| job["id"] == *needed);
            assert!(before.is_some_and(|before| before < at), "{job:#}");
        }
    }
    let update = jobs.iter().find(|job| job["attrs"][0] == "checks.x86_64-linux.psql_16-update-pgvector");
    let update = update.expect("the check of updates");
    assert_eq!(update["kind"], "checks");
    assert!(update["needs"].to_string().contains("pgvector-0_7_3"), "{update:#}");
    assert!(
        jobs.iter().flat_map(|job| job["besides"].as_array().expect("names")).any(|name| name == "source"),
        "sources are built by who needs them: {changed:#}"
    );
}

#[test]
fn what_many_need_comes_first_and_once() {
    let dir = repository("");
    let root = dir.path();
    // Another server: everything of it is built anew, the server itself once.
    edit(root, "postgresql.toml", "major = 16", "major = 16\nfeatures = { ldap = true }");
    commit(root, "with LDAP");
    let plan = json(root, &["--since", "HEAD~1"]);
    let jobs = plan["jobs"].as_array().expect("jobs");
    let base: Vec<&Value> = jobs.iter().filter(|job| job["kind"] == "base").collect();
    let names: Vec<&str> = base.iter().map(|job| job["name"].as_str().expect("text")).collect();
    // No receipts and wrappers, which take no time.
    assert_eq!(names, ["postgresql-16.14"], "{plan:#}");
    assert_eq!(jobs[0], *base[0], "it is the first");
    let id = base[0]["id"].to_string();
    let packages: Vec<&Value> = jobs.iter().filter(|job| job["kind"] == "packages").collect();
    assert!(
        packages.len() >= 3 && packages.iter().all(|job| job["needs"].to_string().contains(&id)),
        "{plan:#}"
    );
    assert!(jobs.iter().all(|job| job["psql"] != "17"), "{plan:#}");
    // An environment takes no time, and comes after what it has in it.
    let bin = jobs.iter().find(|job| job["attrs"].to_string().contains("psql_16/bin")).expect("bin");
    assert!(bin["kind"] == "checks" && bin["needs"].to_string().contains("pgvector"), "{bin:#}");
}

/// A cache in a folder with the paths of some jobs.
fn cache(outputs: impl Iterator<Item = String>) -> TempDir {
    let dir = TempDir::new().expect("a temporary directory");
    fs::write(dir.path().join("nix-cache-info"), "StoreDir: /nix/store\n").expect("a writable directory");
    for path in outputs {
        let hash = path.rsplit('/').next().and_then(|name| name.get(..32)).expect("a store path").to_owned();
        fs::write(dir.path().join(hash + ".narinfo"), format!("StorePath: {path}\n"))
            .expect("a writable directory");
    }
    dir
}

fn drvs(root: &Path, args: &[&str]) -> Vec<Value> {
    let hostpkgs = format!("path:{}/tests/hostpkgs", env!("CARGO_MANIFEST_DIR"));
    let output =
        run(root, &[&["drvs", ".", "--json", "--override-input", "nixpkgs", &hostpkgs], args].concat());
    stdout(&output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn what_caches_have_is_not_built() {
    let dir = repository("");
    let root = dir.path();
    let outputs = |of: &dyn Fn(&str) -> bool| {
        let jobs = drvs(root, &["--systems", "x86_64-linux"]);
        let jobs: Vec<Value> =
            jobs.into_iter().filter(|job| of(job["attr"].as_str().expect("text"))).collect();
        jobs.into_iter()
            .flat_map(|job| {
                job["outputs"].as_object().expect("outputs").values().cloned().collect::<Vec<_>>()
            })
            .map(|path| path.as_str().expect("a path").to_owned())
            .collect::<Vec<_>>()
    };
    // What was never pushed to, or is gone, has nothing, and that is said.
    let empty = TempDir::new().expect("a temporary directory");
    let url = format!("file://{}", empty.path().display());
    let (code, _, said) = plan(root, &["--check-cache-status", "--cache", &url, "--offline"]);
    assert!(code == Some(0) && said.contains("it has no nix-cache-info"), "{said}");
    let all = cache(outputs(&|attr| !attr.contains("pgvector-0_7_4")).into_iter());
    let url = format!("file://{}", all.path().display());
    let asked = json(root, &["--check-cache-status", "--cache", &url, "--offline"]);
    let names = attrs(&asked);
    assert_eq!(names.iter().filter(|name| name.starts_with("psql_")).count(), 2, "{names:?}");
    assert!(
        names.iter().all(|name| !name.starts_with("psql_") || name.contains("pgvector-0_7_4")),
        "{names:?}"
    );
    assert_eq!(asked["changed"], asked["packages"]);
    assert!(asked["cached"].as_u64().expect("a number") > 15);
    // As nix-eval-jobs says it.
    let job = drvs(root, &["--systems", "x86_64-linux", "--check-cache-status", "--cache", &url])
        .into_iter()
        .filter(|job| job["attr"].as_str().is_some_and(|attr| attr.starts_with("packages.")))
        .map(|job| (job["attr"].as_str().expect("text").to_owned(), job))
        .collect::<std::collections::BTreeMap<_, _>>();
    let there = &job["packages.x86_64-linux.psql_17/exts/pgvector"];
    assert_eq!((&there["cacheStatus"], &there["isCached"]), (&"cached".into(), &true.into()));
    assert_eq!(there["neededBuilds"], Value::Array(Vec::new()));
    assert!(there["neededSubstitutes"].as_array().is_some_and(|paths| !paths.is_empty()));
    let missing = &job["packages.x86_64-linux.psql_17/exts/pgvector-0_7_4"];
    assert_eq!((&missing["cacheStatus"], &missing["isCached"]), (&"notBuilt".into(), &false.into()));
    assert!(missing["neededBuilds"].as_array().expect("builds").contains(&missing["drvPath"]));
    // One that cannot be asked is a warning, and everything is built.
    let (code, out, err) =
        plan(root, &["--check-cache-status", "--cache", "http://127.0.0.1:9", "--format", "github"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("::warning") && err.contains("http://127.0.0.1:9 cannot be asked"), "{err}");
    assert!(out.contains("any-x86_64-linux-packages=true"), "{out}");
}

#[test]
fn what_does_not_evaluate_is_said_where_it_stands() {
    let dir = repository("");
    let root = dir.path();
    edit(root, "extensions/pgvector.toml", "kind = ", "override = \"overrides/pgvector.nix\"\nkind = ");
    fs::create_dir_all(root.join("catalogue/overrides")).expect("a writable directory");
    let text =
        "{ lib }:\nold: lib.optionalAttrs (old.version == \"0.7.4\") { name = throw \"no such luck\"; }\n";
    fs::write(root.join("catalogue/overrides/pgvector.nix"), text).expect("a writable directory");
    commit(root, "broken");
    let (code, out, err) = plan(root, &["--format", "github"]);
    assert_eq!(code, Some(1), "{err}");
    let file = fs::read_to_string(root.join("catalogue/extensions/pgvector.toml")).expect("a file");
    let line = file.lines().position(|line| line == "version = \"0.7.4\"").expect("the version") + 1;
    let place = format!("::error file=catalogue/extensions/pgvector.toml,line={line},");
    assert!(err.contains(&place) && err.contains("no such luck"), "{place}: {err}");
    // What evaluates is planned all the same.
    assert!(out.contains("any-x86_64-linux-packages=true") && !out.contains("pgvector-0_7_4"), "{out}");
}

#[test]
fn every_form_is_what_its_service_reads() {
    let dir = repository("");
    let root = dir.path();
    let (_, out, _) = plan(root, &["--format", "github"]);
    let mut outputs = 0;
    for line in out.lines() {
        let (name, value) = line.split_once('=').expect("NAME=VALUE");
        if let Some(of) = name.strip_prefix("any-") {
            let matrix =
                out.lines().find_map(|line| line.strip_prefix(&format!("{of}="))).expect("its matrix");
            let matrix: Value = serde_json::from_str(matrix).expect("JSON");
            let entries = matrix["include"].as_array().expect("entries");
            assert_eq!(value, (!entries.is_empty()).to_string(), "{name}");
            assert!(entries.iter().all(|entry| entry["runner"] == "ubuntu-24.04"), "{matrix:#}");
            outputs += 1;
        }
    }
    assert_eq!(outputs, 3, "{out}");
    let value = |format: &str, more: &[&str]| -> Value {
        let (code, out, err) = plan(root, &[more, &["--format", format]].concat());
        assert_eq!(code, Some(0), "{err}");
        serde_json::from_str(&out).expect("JSON")
    };
    let gitlab = value("gitlab", &[]);
    let jobs = gitlab.as_object().expect("a pipeline");
    let of = |job: &Value| job["needs"].as_array().into_iter().flatten().cloned().collect::<Vec<_>>();
    assert!(jobs.values().flat_map(of).all(|id| jobs.contains_key(id.as_str().expect("a name"))));
    assert!(
        jobs.values()
            .any(|job| job["variables"]["ATTRS"].as_str().is_some_and(|attrs| attrs.contains("psql_17")))
    );
    let nothing = value("gitlab", &["--since", "HEAD"]);
    assert!(
        nothing["nothing"]["script"].is_array(),
        "a pipeline without jobs is an error there: {nothing:#}"
    );
    let buildkite = value("buildkite", &[]);
    let steps = buildkite["steps"].as_array().expect("steps");
    assert!(steps.iter().all(|step| step["agents"]["system"] == "x86_64-linux"), "{buildkite:#}");
    let hydra = value("hydra", &[]);
    let one = &hydra["packages.x86_64-linux.psql_17.exts.pgvector"];
    assert!(one["drvPath"].as_str().is_some_and(|path| path.ends_with(".drv")), "{hydra:#}");
    // How long it took before.
    fs::write(root.join("times.json"), "{\"x86_64-linux\":{\"psql_17/exts/pgvector\":61}}").expect("a file");
    let known = json(root, &["--times", "times.json"]);
    assert_eq!(known["estimate"]["x86_64-linux"]["seconds"], 61, "{known:#}");
    fs::write(root.join("times.json"), "[]").expect("a file");
    assert_eq!(plan(root, &["--times", "times.json"]).0, Some(2));
}

#[test]
fn without_a_table_nothing_is_planned_or_generated() {
    let dir = TempDir::new().expect("a temporary directory");
    assert_eq!(run(dir.path(), &["init"]).status.code(), Some(0));
    assert_eq!(run(dir.path(), &["generate"]).status.code(), Some(0));
    assert!(
        !dir.path().join("generated/ci").exists() && !dir.path().join(".github/workflows/ci.yml").exists()
    );
    let (code, out, err) = plan(dir.path(), &[]);
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert!(err.contains("has no [ci]") && err.contains("program = "), "{err}");
    let repository = repository("");
    let (code, _, err) = plan(repository.path(), &["--systems", "riscv64-linux"]);
    assert!(code == Some(2) && err.contains("has no system riscv64-linux"), "{err}");
}

#[test]
fn a_pipeline_written_by_hand_stays() {
    let dir = repository("services = [\"github\", \"gitlab\"]\n");
    let root = dir.path();
    let read = |path: &str| fs::read_to_string(root.join(path)).expect("a file");
    assert!(read(".github/workflows/ci.yml").contains("permissions: {}"));
    fs::write(root.join(".github/workflows/ci.yml"), "name: mine\n").expect("a writable directory");
    for arguments in [&["generate"][..], &["generate", "--force"], &["check", "--no-evaluate"]] {
        let output = run(root, arguments);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{said}");
        assert!(
            said.contains("PGF631") && said.contains(".github/workflows/ci.yml was written by hand"),
            "{said}"
        );
        assert_eq!(read(".github/workflows/ci.yml"), "name: mine\n");
    }
    // An edit of ours is one, as everywhere.
    fs::write(root.join(".gitlab-ci.yml"), read(".gitlab-ci.yml") + "# more\n")
        .expect("a writable directory");
    let output = run(root, &["check", "--no-evaluate"]);
    assert!(output.status.code() == Some(1) && stderr(&output).contains("PGF602"), "{}", stderr(&output));
    git(root, &["checkout", "-q", ".gitlab-ci.yml"]);
    // Without [ci] ours go, and what is somebody else's stays.
    let file = root.join("catalogue/flake.toml");
    let text = fs::read_to_string(&file).expect("a file");
    fs::write(&file, text.split("\n[ci]").next().expect("the rest")).expect("a writable directory");
    assert_eq!(run(root, &["generate"]).status.code(), Some(0));
    assert!(!root.join(".gitlab-ci.yml").exists() && !root.join(".github/workflows/update.yml").exists());
    assert!(!root.join("generated/ci").exists());
    assert_eq!(read(".github/workflows/ci.yml"), "name: mine\n");
    assert!(root.join(".github/workflows/catalogue.yml").exists());
}

#[test]
fn hydra_has_jobs_and_aggregates_of_them() {
    let dir = repository("");
    let hostpkgs = format!("path:{}/tests/hostpkgs", env!("CARGO_MANIFEST_DIR"));
    let output = run(
        dir.path(),
        &["drvs", ".#hydraJobs", "--force-recurse", "--json", "--override-input", "nixpkgs", &hostpkgs],
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let jobs: std::collections::BTreeMap<String, Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .map(|job| (job["attr"].as_str().expect("text").trim_start_matches("hydraJobs.").to_owned(), job))
        .collect();
    for attr in [
        "aggregates.psql_16",
        "aggregates.aarch64-darwin",
        "channel",
        "checks.psql_17-smoke.x86_64-linux",
        "psql_16.exts.pgvector-0_7_4.aarch64-linux",
        "psql_17.bin.aarch64-darwin",
        "psql_17.docker.x86_64-linux",
        "tested",
    ] {
        assert!(jobs.contains_key(attr), "{attr}: {:?}", jobs.keys());
    }
    assert!(!jobs.contains_key("psql_17.docker.aarch64-darwin"));
    let inputs = |attr: &str| jobs[attr]["inputDrvs"].as_object().expect("inputs").clone();
    let drv = |attr: &str| jobs[attr]["drvPath"].as_str().expect("a path").to_owned();
    // An aggregate has what it stands for as its constituents.
    for (aggregate, of) in [
        ("aggregates.psql_16", "psql_16.exts.pgvector-0_7_4.aarch64-linux"),
        ("aggregates.x86_64-linux", "checks.psql_17-smoke.x86_64-linux"),
        ("tested", "aggregates.psql_16"),
        ("channel", "tested"),
    ] {
        assert!(inputs(aggregate).contains_key(&drv(of)), "{aggregate} has not {of}");
    }
    assert!(!inputs("aggregates.psql_16").contains_key(&drv("psql_17.bin.x86_64-linux")));
    // A package is the same, by whatever name.
    let packages = drvs(dir.path(), &["--systems", "x86_64-linux"]);
    let bin = packages.iter().find(|job| job["attr"] == "packages.x86_64-linux.psql_17/bin").expect("bin");
    assert_eq!(bin["drvPath"], jobs["psql_17.bin.x86_64-linux"]["drvPath"]);
}
