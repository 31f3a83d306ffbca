//! The pipelines that we generate: as actionlint, zizmor and ShellCheck see them, and as they run. Each step's script is
//! executed in order, with its variables, its outputs and its files, over a matrix of a real plan; `nix` and `gh` are
//! programs of ours that note what they are asked. Where the linters are missing, which `cargo xtask linters` installs,
//! these show as ignored.

mod expression;
mod machine;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::{Failed, Trial};
use serde_json::Value;
use tempfile::TempDir;

use self::machine::Machine;
use crate::support::program::{copy, git, run};

/// A program of `target/linters`, else of the PATH.
pub fn linter(name: &str) -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/linters/bin").join(name);
    if own.exists() {
        return Some(own);
    }
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// What `[ci]` says, by name.
const CASES: [(&str, &str); 5] = [
    ("plain", "\n[ci]\nprogram = \"github:o/pgflakegen/v1#pgflakegen\"\n"),
    (
        "s3",
        "\n[ci]\nprogram = \"github:o/pgflakegen/v1#pgflakegen\"\nservices = [\"github\", \"gitlab\", \"buildkite\"]\n\n\
         [[caches]]\nurl = \"https://bucket.s3.eu-central-1.amazonaws.com\"\n\
         public-key = \"a-1:wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI=\"\n\
         push = { s3 = \"bucket\", region = \"eu-central-1\", role = \"arn:aws:iam::123456789012:role/cache\" }\n",
    ),
    (
        "several",
        "\n[ci]\nprogram = \"github:o/pgflakegen/v1#pgflakegen\"\nsystems = [\"x86_64-linux\"]\ngroup-updates = true\npages = true\n\n\
         [[caches]]\nurl = \"https://name.cachix.org\"\n\
         public-key = \"a-1:wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI=\"\npush = { cachix = \"name\" }\n\n\
         [[caches]]\nurl = \"https://attic.example/name\"\n\
         public-key = \"b-1:wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI=\"\n\
         push = { attic = \"name\", server = \"https://attic.example\" }\n\n\
         [[caches]]\nurl = \"http://localhost:9000/bucket\"\n\
         public-key = \"c-1:wWFrV5/Qbm+lyt5x20E/bSbfJiGKMo4RCxZV8cl/WZI=\"\n\
         push = { s3 = \"bucket\", region = \"us-east-1\", endpoint = \"http://localhost:9000\" }\n",
    ),
    (
        "registries",
        "\n[ci]\nprogram = \"github:o/pgflakegen/v1#pgflakegen\"\n\n[image]\n\
         repositories = [\"ghcr.io/o/postgresql\", \"docker.io/o/postgresql\", \"registry.example.org:5000/o/postgresql\"]\n",
    ),
    (
        "machines",
        "\n[ci]\nprogram = \"github:o/pgflakegen/v1#pgflakegen\"\n\n[machine]\nregions = [\"eu-central-1\", \"us-east-1\"]\n\
         role = \"arn:aws:iam::123456789012:role/images\"\nshare = [\"all\"]\n",
    ),
];

/// A run of workflows, by a Python that reads YAML.
type Run = fn(&Path) -> Result<(), Failed>;

/// One for each linter and case, and the runs.
pub fn trials() -> Vec<Trial> {
    let expressions = || {
        expression::check();
        Ok(())
    };
    let mut trials = vec![Trial::test("workflows::expressions", expressions)];
    let python = linter("python").filter(|python| yaml(python, "a: 1").is_some());
    let cases = CASES.map(|(name, table)| (name, Some(table)));
    for (name, table) in cases.into_iter().chain([("own", None)]) {
        let made = move || table.map_or_else(own, generated);
        for tool in ["actionlint", "zizmor"] {
            let program = linter(tool);
            let missing = program.is_none();
            let check = move || lint(tool, &program.unwrap_or_default(), &made());
            trials.push(Trial::test(format!("workflows::{tool}_{name}"), check).with_ignored_flag(missing));
        }
        let (shellcheck, yaml) = (linter("shellcheck"), python.clone());
        let missing = shellcheck.is_none() || yaml.is_none();
        let check = move || run_blocks(&shellcheck.unwrap_or_default(), &yaml.unwrap_or_default(), &made());
        trials.push(Trial::test(format!("workflows::run_blocks_{name}"), check).with_ignored_flag(missing));
        let check = move || rights(&python_or_none(), &made());
        trials.push(
            Trial::test(format!("workflows::rights_{name}"), check).with_ignored_flag(python.is_none()),
        );
    }
    let jq = Command::new("jq").arg("--version").output().is_err();
    let runs: [(&str, Run); 5] = [
        ("a_pull_request_runs", a_pull_request_runs),
        ("what_fails_fails_the_last_job", what_fails_fails_the_last_job),
        ("an_update_is_a_pull_request", an_update_is_a_pull_request),
        ("a_release_has_a_table", a_release_has_a_table),
        ("a_release_publishes_the_explorer", a_release_publishes_the_explorer),
    ];
    for (name, test) in runs {
        let run = move || test(&python_or_none());
        let missing = jq || python.is_none();
        trials.push(Trial::test(format!("workflows::{name}"), run).with_ignored_flag(missing));
    }
    trials
}

fn python_or_none() -> PathBuf {
    linter("python").unwrap_or_default()
}

/// The catalogue that `init` makes, with a table, generated.
fn generated(table: &str) -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    assert!(run(dir.path(), &["init"]).status.success());
    // It is of somebody's who has no [ci].
    fs::remove_file(dir.path().join(".github/workflows/catalogue.yml")).expect("its workflow");
    let file = dir.path().join("catalogue/flake.toml");
    let text = fs::read_to_string(&file).expect("a file") + table;
    fs::write(&file, text).expect("a writable directory");
    let output = run(dir.path(), &["generate"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(workflows(dir.path()).len(), 3);
    dir
}

/// The workflow of this repository that no catalogue gives.
fn own() -> TempDir {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let folder = dir.path().join(".github/workflows");
    fs::create_dir_all(&folder).expect("a writable directory");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(".github/workflows/binaries.yml");
    fs::copy(file, folder.join("binaries.yml")).expect("it is there");
    git(dir.path(), &["init", "--quiet"]);
    dir
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn workflows(root: &Path) -> Vec<PathBuf> {
    let folder = root.join(".github/workflows");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("workflows").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    files
}

fn lint(tool: &str, program: &Path, dir: &TempDir) -> Result<(), Failed> {
    let mut command = Command::new(program);
    command.current_dir(dir.path()).env("PATH", path_with(program.parent().unwrap_or(Path::new("/"))));
    if tool == "zizmor" {
        command.args(["--offline", "--no-progress", "--persona", "pedantic"]);
    }
    let output = command.args(workflows(dir.path())).output()?;
    let text = said(&output);
    match output.status.success() && (tool == "actionlint" || text.contains("No findings to report")) {
        true => Ok(()),
        false => Err(text.into()),
    }
}

fn path_with(folder: &Path) -> String {
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default())
}

/// YAML as JSON.
fn yaml(python: &Path, text: &str) -> Option<Value> {
    use std::io::Write as _;
    let program = "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)";
    let mut child = Command::new(python)
        .args(["-c", program])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .ok()?;
    child.stdin.take()?.write_all(text.as_bytes()).ok()?;
    serde_json::from_slice(&child.wait_with_output().ok()?.stdout).ok()
}

fn read(python: &Path, file: &Path) -> Value {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    yaml(python, &text).unwrap_or_else(|| panic!("{} is no YAML", file.display()))
}

fn steps(workflow: &Value) -> impl Iterator<Item = (&String, &Value, &Value)> {
    let jobs = workflow["jobs"].as_object().expect("jobs");
    jobs.iter().flat_map(|(name, job)| {
        job["steps"].as_array().expect("steps").iter().map(move |step| (name, job, step))
    })
}

/// Everything that a shell gets, as ShellCheck sees it; no expression is part of it.
fn run_blocks(shellcheck: &Path, python: &Path, dir: &TempDir) -> Result<(), Failed> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    for file in workflows(dir.path()) {
        let workflow = read(python, &file);
        for (job, _, step) in steps(&workflow) {
            let Some(text) = step["run"].as_str() else { continue };
            if text.contains("${{") {
                return Err(
                    format!("{}: {job} has an expression in what it runs: {text}", file.display()).into()
                );
            }
            blocks.push((format!("{}-{job}", file.display()), text.to_owned()));
        }
    }
    let list = |value: &Value| -> String {
        value
            .as_array()
            .expect("lines")
            .iter()
            .map(|line| format!("{}\n", line.as_str().expect("text")))
            .collect()
    };
    if dir.path().join(".gitlab-ci.yml").exists() {
        let gitlab = read(python, &dir.path().join(".gitlab-ci.yml"));
        blocks.push(("gitlab".into(), list(&gitlab["plan"]["script"])));
        let buildkite = read(python, &dir.path().join(".buildkite/pipeline.yml"));
        blocks.push(("buildkite".into(), list(&buildkite["steps"][0]["commands"]).replace("$$", "$")));
    }
    assert!(blocks.len() > 3, "{}", blocks.len());
    for (name, text) in blocks {
        let file = dir.path().join("block.sh");
        // What GitHub puts in front.
        fs::write(&file, format!("set -eo pipefail\n{text}"))?;
        let output =
            Command::new(shellcheck).args(["--shell=bash", "--severity=style"]).arg(&file).output()?;
        if !output.status.success() {
            return Err(format!("{name}:\n{}", said(&output)).into());
        }
    }
    Ok(())
}

/// Least rights: nothing for all, something for who needs it; every action by its commit; no credentials left behind; a
/// time for each job; secrets and tokens of identity in jobs alone that forks do not run with them.
fn rights(python: &Path, dir: &TempDir) -> Result<(), Failed> {
    for file in workflows(dir.path()) {
        let text = fs::read_to_string(&file)?;
        let workflow = read(python, &file);
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let wrong = |what: String| -> Result<(), Failed> { Err(format!("{name}: {what}").into()) };
        if workflow["permissions"] != serde_json::json!({}) || workflow["concurrency"].is_null() {
            return wrong("rights or concurrency of all".into());
        }
        if text.contains("pull_request_target") || text.contains("workflow_run") {
            return wrong("strangers' code would run with our rights".into());
        }
        for (job, value) in workflow["jobs"].as_object().expect("jobs") {
            if value["timeout-minutes"].as_u64().is_none_or(|minutes| minutes > 360) {
                return wrong(format!("{job} has no end"));
            }
            let Some(rights) = value["permissions"].as_object() else {
                return wrong(format!("{job} says no rights"));
            };
            let oidc = rights.contains_key("id-token");
            let uses = value["steps"].to_string();
            let needs = ["configure-aws-credentials", "actions/attest", "actions/deploy-pages"];
            if oidc != needs.iter().any(|action| uses.contains(action)) {
                return wrong(format!("{job} and its identity"));
            }
            if rights.contains_key("pages") != uses.contains("actions/deploy-pages") {
                return wrong(format!("{job} and its pages"));
            }
        }
        for (job, _, step) in steps(&workflow) {
            if let Some(action) = step["uses"].as_str() {
                let rev = action.split_once('@').map_or("", |(_, rev)| rev);
                if rev.len() != 40 || !text.contains(&format!("{action} # v")) {
                    return wrong(format!("{job} uses {action}, which is no commit with its version"));
                }
                if action.starts_with("actions/checkout@") && step["with"]["persist-credentials"] != false {
                    return wrong(format!("{job} leaves credentials behind"));
                }
            }
            let secret = step["env"].to_string().contains("secrets.");
            let own = step["if"]
                .as_str()
                .is_some_and(|when| when.contains("head.repo.full_name == github.repository"));
            if name == "ci.yml" && secret && !own {
                return wrong(format!("{job} hands secrets to forks"));
            }
        }
    }
    Ok(())
}

/// A repository with a change in it, and the machine that runs its workflows.
fn machine(python: &Path, table: &str) -> (TempDir, Machine) {
    let dir = generated(table);
    let root = dir.path();
    git(root, &["init", "-q", "-b", "main"]);
    git(root, &["add", "-A"]);
    git(root, &["commit", "-qm", "first"]);
    git(root, &["checkout", "-q", "-b", "change"]);
    let file = root.join("catalogue/extensions/pgvector.toml");
    let text =
        fs::read_to_string(&file).expect("a file").replace("version = \"0.7.4\"", "version = \"0.7.3\"");
    fs::write(&file, text).expect("a writable directory");
    assert!(run(root, &["generate"]).status.success());
    git(root, &["commit", "-qam", "pgvector 0.7.3"]);
    git(root, &["checkout", "-q", "main"]);
    git(root, &["merge", "-q", "--no-ff", "-m", "merge", "change"]);
    let machine = Machine::new(root, python);
    (dir, machine)
}

fn pull_request() -> Value {
    serde_json::json!({
        "event_name": "pull_request",
        "repository": "o/r",
        "token": "token-of-the-workflow",
        "sha": "0",
        "ref": "refs/pull/7/merge",
        "event": { "pull_request": { "number": 7, "head": { "repo": { "full_name": "o/r" } } } },
    })
}

/// From the plan to the comment: only what the change needs is built and pushed, and no secret is in a log.
fn a_pull_request_runs(python: &Path) -> Result<(), Failed> {
    let (_dir, mut machine) = machine(python, CASES[1].1);
    machine.github = pull_request();
    machine.secrets = serde_json::json!({ "NIX_SIGNING_KEY": "a-1:THE-SECRET-KEY" });
    let results = machine.workflow("ci.yml");
    for (job, result) in &results {
        assert!(result == "success" || result == "skipped", "{job}: {result}\n{}", machine.log);
    }
    let of = |job: &str| results.iter().find(|(name, _)| name == job).map(|(_, result)| result.as_str());
    assert_eq!(of("plan"), Some("success"));
    assert_eq!(of("x86_64-linux-packages"), Some("success"), "{}", machine.log);
    assert_eq!(of("x86_64-linux-base"), Some("skipped"), "{}", machine.log);
    assert_eq!(of("ci"), Some("success"));
    let asked = machine.asked();
    assert!(asked.contains("nix build --no-link --print-out-paths --print-build-logs --keep-going .#packages.x86_64-linux.psql_17/exts/pgvector-0_7_3"), "{asked}");
    assert!(!asked.contains("pg_cron"), "what has not changed is not built: {asked}");
    assert!(
        asked.contains("nix copy --to s3://bucket?region=eu-central-1&compression=zstd&secret-key="),
        "{asked}"
    );
    assert!(asked.contains("/nix/store/11111111111111111111111111111111-built"), "{asked}");
    assert!(!asked.contains("/nix/store/22222222222222222222222222222222-fetched"), "{asked}");
    assert!(asked.contains("gh api --method POST repos/o/r/issues/7/comments"), "{asked}");
    let comment = machine.file("comment");
    for part in ["pgflakegen: what is rebuilt", "| pgvector | 0.7.4 | 0.7.3 |", "jobs** for", "MiB"] {
        assert!(comment.contains(part), "{part}: {comment}");
    }
    for secret in ["THE-SECRET-KEY", "token-of-the-workflow"] {
        assert!(
            !machine.log.contains(secret) && !asked.contains(secret) && !comment.contains(secret),
            "{secret}"
        );
    }
    // A stranger's pull request is planned and built, and nothing is pushed or said.
    machine.github["event"]["pull_request"]["head"]["repo"]["full_name"] = "stranger/r".into();
    machine.forget();
    let results = machine.workflow("ci.yml");
    assert!(results.iter().all(|(_, result)| result == "success" || result == "skipped"), "{}", machine.log);
    let asked = machine.asked();
    assert!(
        asked.contains("pgvector-0_7_3") && !asked.contains("nix copy") && !asked.contains("gh api --method"),
        "{asked}"
    );
    Ok(())
}

/// Disks that are full, networks that come back, compilers that do not; credentials that have expired.
fn what_fails_fails_the_last_job(python: &Path) -> Result<(), Failed> {
    let (_dir, mut machine) = machine(python, CASES[1].1);
    machine.github = pull_request();
    machine.secrets = serde_json::json!({ "NIX_SIGNING_KEY": "a-1:THE-SECRET-KEY" });
    let result = |results: &[(String, String)], job: &str| {
        results.iter().find(|(name, _)| name == job).map(|(_, result)| result.clone()).unwrap_or_default()
    };
    for (behaviour, job, word) in [
        ("compile", "failure", "does not build"),
        ("full", "failure", "the disk of this machine is full"),
        ("network", "success", "the network failed; try 2 of 3 follows"),
        ("expired", "failure", "the cache refuses the credentials"),
    ] {
        machine.forget();
        machine.behaviour = behaviour.to_owned();
        let results = machine.workflow("ci.yml");
        assert_eq!(result(&results, "x86_64-linux-packages"), job, "{behaviour}: {}", machine.log);
        assert_eq!(result(&results, "ci"), job, "{behaviour}: {}", machine.log);
        assert!(machine.log.contains(word), "{behaviour}: {word}: {}", machine.log);
        assert!(!machine.log.contains("THE-SECRET-KEY"), "{behaviour}");
        // What was built before is pushed all the same.
        assert!(machine.asked().contains("nix copy --to"), "{behaviour}: {}", machine.asked());
    }
    // No key: said, not pushed.
    machine.forget();
    machine.behaviour.clear();
    machine.secrets = serde_json::json!({});
    let results = machine.workflow("ci.yml");
    assert_eq!(result(&results, "ci"), "failure");
    assert!(machine.log.contains("NIX_SIGNING_KEY is not set") && !machine.asked().contains("nix copy"));
    // What does not evaluate is an annotation, and no plan.
    machine.forget();
    machine.behaviour = "evaluation".to_owned();
    let results = machine.workflow("ci.yml");
    assert_eq!((result(&results, "plan").as_str(), result(&results, "ci").as_str()), ("failure", "failure"));
    assert!(machine.log.contains("plan: failure"), "{}", machine.log);
    Ok(())
}

/// A pull request for what is new, renewed the next time, and left alone when somebody has worked on it.
fn an_update_is_a_pull_request(python: &Path) -> Result<(), Failed> {
    let (dir, mut machine) = machine(python, CASES[0].1);
    let origin = tempfile::tempdir()?;
    git(origin.path(), &["init", "-q", "--bare", "-b", "main"]);
    git(dir.path(), &["remote", "add", "origin", &origin.path().display().to_string()]);
    git(dir.path(), &["push", "-q", "origin", "main"]);
    machine.github = serde_json::json!({
        "event_name": "schedule", "repository": "o/r", "token": "token-of-the-workflow", "ref": "refs/heads/main",
    });
    machine.secrets = serde_json::json!({ "PGFLAKEGEN_TOKEN": "token-of-an-app" });
    let results = machine.workflow("update.yml");
    assert!(results.iter().all(|(_, result)| result == "success"), "{results:?} {}", machine.log);
    let asked = machine.asked();
    assert!(
        asked.contains("gh pr create --head pgflakegen/pgvector --base main --title pgvector 9.9.9"),
        "{asked}"
    );
    assert!(machine.file("body").contains("https://example.org/changelog"), "{}", machine.file("body"));
    let branches = git(origin.path(), &["branch", "--list"]);
    assert!(branches.contains("pgflakegen/pgvector"), "{branches}");
    let first = git(origin.path(), &["rev-parse", "pgflakegen/pgvector"]);
    // The branch before moves on: the open one is made anew on top of it.
    git(dir.path(), &["checkout", "-q", "main"]);
    git(dir.path(), &["commit", "-q", "--allow-empty", "-m", "more"]);
    git(dir.path(), &["push", "-q", "origin", "main"]);
    machine.forget();
    machine.behaviour = "open".to_owned();
    machine.workflow("update.yml");
    assert!(machine.asked().contains("gh pr edit 12 "), "{}", machine.asked());
    let second = git(origin.path(), &["rev-parse", "pgflakegen/pgvector"]);
    assert_ne!(first, second);
    let base = git(origin.path(), &["merge-base", "main", "pgflakegen/pgvector"]);
    assert_eq!(base, git(origin.path(), &["rev-parse", "main"]));
    // Somebody has worked on it.
    let clone = tempfile::tempdir()?;
    git(
        clone.path(),
        &["clone", "-q", "-b", "pgflakegen/pgvector", &origin.path().display().to_string(), "."],
    );
    git(clone.path(), &["commit", "-q", "--allow-empty", "-m", "mine"]);
    git(clone.path(), &["push", "-q", "origin", "HEAD"]);
    let mine = git(origin.path(), &["rev-parse", "pgflakegen/pgvector"]);
    machine.forget();
    machine.workflow("update.yml");
    assert_eq!(git(origin.path(), &["rev-parse", "pgflakegen/pgvector"]), mine);
    assert!(machine.log.contains("it stays as it is"), "{}", machine.log);
    // Nothing is new: there is nothing to do.
    machine.forget();
    machine.behaviour = "nothing".to_owned();
    let results = machine.workflow("update.yml");
    assert_eq!(results.iter().map(|(_, result)| result.as_str()).collect::<Vec<_>>(), ["success", "skipped"]);
    assert!(!machine.asked().contains("gh pr"));
    for secret in ["token-of-the-workflow", "token-of-an-app"] {
        assert!(!machine.log.contains(secret), "{secret}");
    }
    Ok(())
}

/// Images of both architectures become one tag, an attestation and a release; a second run changes nothing, and nothing
/// that a tag with a commit names is overwritten.
fn a_release_has_a_table(python: &Path) -> Result<(), Failed> {
    let (_dir, mut machine) = machine(python, CASES[0].1);
    let commit = "0123456789abcdef0123456789abcdef01234567";
    machine.github = serde_json::json!({
        "event_name": "push", "repository": "O/R", "token": "token-of-the-workflow", "actor": "somebody",
        "ref": "refs/tags/v1.0", "ref_name": "v1.0", "sha": commit,
    });
    let results = machine.workflow("release.yml");
    assert!(results.iter().all(|(_, result)| result == "success"), "{results:?} {}", machine.log);
    let asked = machine.asked();
    for part in [
        " docker://ghcr.io/o/r:17.6-0123456789ab-amd64\n",
        " docker://ghcr.io/o/r:17.6-0123456789ab-arm64\n",
        ":list docker://ghcr.io/o/r:17.6-0123456789ab\n",
        " docker://ghcr.io/o/r:17.6\n",
        " docker://ghcr.io/o/r:17\n",
        "gh release create v1.0 --verify-tag --title v1.0",
        "gh release upload v1.0 --clobber sboms/16.10-0123456789ab-amd64.cdx.json sboms/16.10-0123456789ab-amd64.spdx.json ",
    ] {
        assert!(asked.contains(part), "{part}: {asked}");
    }
    let table = machine.file("notes");
    assert!(
        table.contains("| `ghcr.io/o/r:16.10-0123456789ab` (16 16.10) | `sha256:")
            && table.contains("amd64 arm64"),
        "{table}"
    );
    // Each image has its own bill in it, and attested.
    let attested: Vec<&Value> = machine
        .attested
        .iter()
        .filter(|with| with["sbom-path"].is_string() && with["subject-name"] == "ghcr.io/o/r")
        .collect();
    assert_eq!(attested.len(), 4, "{attested:?}");
    for with in attested {
        let text = with["sbom"].as_str().expect("it was there");
        let bill: Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(bill["specVersion"], "1.7", "{text}");
        let digest = with["subject-digest"].as_str().expect("a digest").trim_start_matches("sha256:");
        let inside = machine.file(&format!("sbom-{digest}"));
        assert_eq!(inside, text, "the image has another one");
    }
    // Layers that another gzip has made are the same all the same.
    machine.forget();
    machine.behaviour = "there".to_owned();
    let results = machine.workflow("release.yml");
    assert!(results.iter().all(|(_, result)| result == "success"), "{results:?} {}", machine.log);
    let asked = machine.asked();
    assert!(!asked.contains(" oci:"), "{asked}");
    assert!(asked.contains("gh release edit v1.0"), "{asked}");
    assert_eq!(machine.file("notes"), table);
    for (behaviour, says) in [
        // What the commit names has been built anew, and is another.
        ("changed", "is there with another content, and is not overwritten"),
        ("foreign", "the image is for riscv64, not for amd64"),
        ("refused", "the registry refuses the credentials"),
        ("down", "the registry does not say whether ghcr.io/o/r:16.10-0123456789ab-amd64 is there"),
    ] {
        machine.forget();
        machine.behaviour = behaviour.to_owned();
        let results = machine.workflow("release.yml");
        assert!(results.iter().any(|(job, result)| job == "image" && result == "failure"), "{results:?}");
        assert!(machine.log.contains(says), "{says}: {}", machine.log);
        assert!(behaviour == "refused" || !machine.asked().contains("skopeo copy"), "{}", machine.asked());
    }
    // Another commit: what the registry says it has is looked at.
    machine.forget();
    machine.behaviour = "lost".to_owned();
    machine.github["sha"] = "1".repeat(40).into();
    let results = machine.workflow("release.yml");
    assert!(results.iter().any(|(job, result)| job == "image" && result == "failure"), "{results:?}");
    assert!(machine.log.contains("has nothing, and sha256:"), "{}", machine.log);
    Ok(())
}

/// The page is made of the whole history, and only the last job may publish it.
fn a_release_publishes_the_explorer(python: &Path) -> Result<(), Failed> {
    let (_dir, mut machine) = machine(python, CASES[2].1);
    machine.github = serde_json::json!({
        "event_name": "push", "repository": "O/R", "token": "token-of-the-workflow", "actor": "somebody",
        "ref": "refs/tags/v1.0", "ref_name": "v1.0", "sha": "0123456789abcdef0123456789abcdef01234567",
    });
    let results = machine.workflow("release.yml");
    assert!(results.iter().all(|(_, result)| result == "success"), "{results:?} {}", machine.log);
    assert_eq!(results.last().map(|(job, _)| job.as_str()), Some("pages"));
    let page = machine.artifact("github-pages/index.html");
    assert!(page.starts_with("<!doctype html>") && page.contains("pgvector"), "{}", machine.log);
    assert!(machine.log.contains("--- pages: Deploy"), "{}", machine.log);
    Ok(())
}
