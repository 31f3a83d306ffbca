//! A machine that runs a workflow: jobs after what they need, each entry of a matrix, steps in order with their variables,
//! outputs and files. Actions that fetch and keep artifacts copy files; the others do nothing.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::{copy, expression, read};
use crate::support::program::PROGRAM;

/// Where programs of ours stand in the PATH before others.
const PROGRAMS: [(&str, &str); 4] = [
    ("nix", include_str!("programs/nix.sh")),
    ("gh", include_str!("programs/gh.sh")),
    ("skopeo", include_str!("programs/skopeo.sh")),
    ("sudo", "true"),
];

pub struct Machine {
    /// The repository as it is pushed.
    root: PathBuf,
    python: PathBuf,
    state: TempDir,
    /// Of the event.
    pub github: Value,
    pub secrets: Value,
    /// How programs of ours behave: which of their failures they have.
    pub behaviour: String,
    /// What all steps have said.
    pub log: String,
    /// What steps that attest were given, and the text of the SBOM.
    pub attested: Vec<Value>,
}

impl Machine {
    pub fn new(root: &Path, python: &Path) -> Self {
        let state = tempfile::tempdir().expect("a temporary directory");
        let bin = state.path().join("bin");
        fs::create_dir(&bin).expect("a writable directory");
        let hostpkgs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hostpkgs");
        let pgflakegen = include_str!("programs/pgflakegen.sh")
            .replace("@program@", PROGRAM)
            .replace("@hostpkgs@", &hostpkgs.display().to_string());
        let own = state.path().join("pgflakegen/bin");
        fs::create_dir_all(&own).expect("a writable directory");
        let programs = PROGRAMS.map(|(name, text)| (bin.join(name), text.to_owned()));
        for (file, text) in programs.into_iter().chain([(own.join("pgflakegen"), pgflakegen)]) {
            fs::write(&file, format!("#!/usr/bin/env bash\n{text}")).expect("a writable directory");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a file of ours");
        }
        let (github, secrets) = (Value::Null, json!({}));
        let mut machine = Self {
            root: root.to_owned(),
            python: python.to_owned(),
            state,
            github,
            secrets,
            behaviour: String::new(),
            log: String::new(),
            attested: Vec::new(),
        };
        machine.forget();
        machine
    }

    /// As if nothing had run.
    pub fn forget(&mut self) {
        self.log.clear();
        self.attested.clear();
        for folder in ["notes", "artifacts"] {
            let _ = fs::remove_dir_all(self.state.path().join(folder));
            fs::create_dir(self.state.path().join(folder)).expect("a writable directory");
        }
    }

    /// What programs of ours were asked, a line each.
    pub fn asked(&self) -> String {
        self.file("asked")
    }

    /// A note that a program of ours has made.
    pub fn file(&self, name: &str) -> String {
        fs::read_to_string(self.state.path().join("notes").join(name)).unwrap_or_default()
    }

    /// A file of an artifact.
    pub fn artifact(&self, path: &str) -> String {
        fs::read_to_string(self.state.path().join("artifacts").join(path)).unwrap_or_default()
    }

    /// Runs all jobs; their results, in the order of the file.
    pub fn workflow(&mut self, name: &str) -> Vec<(String, String)> {
        let workflow = read(&self.python, &self.root.join(".github/workflows").join(name));
        let jobs = workflow["jobs"].as_object().expect("jobs").clone();
        let mut done: BTreeMap<String, Value> = BTreeMap::new();
        // Jobs stand in the file after those that they need.
        let mut results = Vec::new();
        for (id, job) in &jobs {
            let needs: Vec<String> = match &job["needs"] {
                Value::String(one) => vec![one.clone()],
                Value::Array(all) => all.iter().map(|id| id.as_str().expect("a name").to_owned()).collect(),
                _ => Vec::new(),
            };
            let needed: Map<String, Value> =
                needs.iter().map(|id| (id.clone(), done.get(id).expect("it came before").clone())).collect();
            let all_well = needed.values().all(|job| job["result"] == "success");
            let mut context =
                json!({ "github": self.github, "secrets": self.secrets, "needs": needed, "inputs": {} });
            let starts = match job["if"].as_str() {
                Some(when) if when.contains("always()") || when.contains("cancelled()") => {
                    expression::holds(&expression::value(when, &context))
                }
                Some(when) => all_well && expression::holds(&expression::value(when, &context)),
                None => all_well,
            };
            let mut result = if starts { "success" } else { "skipped" };
            let mut outputs = Value::Null;
            if starts {
                let matrix = match &job["strategy"]["matrix"] {
                    Value::String(text) => expression::value(text, &context),
                    other => other.clone(),
                };
                let entries = matrix["include"].as_array().cloned();
                assert!(
                    entries.as_ref().is_none_or(|entries| !entries.is_empty()),
                    "{id}: GitHub takes no empty matrix"
                );
                for (index, entry) in entries.unwrap_or_else(|| vec![Value::Null]).into_iter().enumerate() {
                    context["matrix"] = entry;
                    context["strategy"] = json!({ "job-index": index });
                    let (good, given) = self.job(id, job, &context);
                    outputs = given;
                    if !good {
                        result = "failure";
                    }
                }
            }
            results.push((id.clone(), result.to_owned()));
            done.insert(id.clone(), json!({ "result": result, "outputs": outputs }));
        }
        results
    }

    /// Runs one job on a fresh clone; whether it went well, and its outputs.
    fn job(&mut self, id: &str, job: &Value, context: &Value) -> (bool, Value) {
        let place = tempfile::tempdir().expect("a temporary directory");
        copy(&self.root, place.path());
        let temporary = tempfile::tempdir().expect("a temporary directory");
        let file = |name: &str| {
            let file = temporary.path().join(name);
            fs::write(&file, "").expect("a writable directory");
            file
        };
        let (output, path) = (file("output"), file("path"));
        let mut context = context.clone();
        context["steps"] = json!({});
        let mut good = true;
        for step in job["steps"].as_array().expect("steps") {
            let when = step["if"].as_str();
            let anyway = when.is_some_and(|when| when.contains("always()") || when.contains("cancelled()"));
            let wanted = when.is_none_or(|when| expression::holds(&expression::value(when, &context)));
            if !wanted || !(good || anyway) {
                continue;
            }
            let name = step["name"].as_str().unwrap_or_default();
            self.log.push_str(&format!("--- {id}: {name}\n"));
            let went = match (step["uses"].as_str(), step["run"].as_str()) {
                (Some(action), _) => self.action(action, step, &context, place.path()),
                (None, Some(script)) => {
                    let mut command = Command::new("bash");
                    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]);
                    self.surround(&mut command, place.path(), &path);
                    command.env("GITHUB_OUTPUT", &output).env("GITHUB_PATH", &path);
                    command.env("RUNNER_TEMP", temporary.path()).env("TMPDIR", temporary.path());
                    for (name, value) in step["env"].as_object().into_iter().flatten() {
                        let value = match value {
                            Value::String(text) => expression::fill(text, &context),
                            other => other.to_string(),
                        };
                        command.env(name, value);
                    }
                    let output = command.output().expect("bash runs");
                    self.log.push_str(&super::said(&output));
                    output.status.success()
                }
                _ => panic!("{id}: {name} does nothing"),
            };
            if !went && step["continue-on-error"] != true {
                good = false;
            }
            if let Some(step) = step["id"].as_str() {
                context["steps"][step] = json!({ "outputs": outputs(&output) });
            }
        }
        let given: Map<String, Value> = job["outputs"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, text)| {
                (name.clone(), expression::fill(text.as_str().expect("text"), &context).into())
            })
            .collect();
        (good, Value::Object(given))
    }

    fn surround(&self, command: &mut Command, place: &Path, path: &Path) {
        let more = fs::read_to_string(path).unwrap_or_default();
        let more: String = more.lines().map(|folder| format!("{folder}:")).collect();
        let own = self.state.path().join("bin");
        let rest = std::env::var("PATH").unwrap_or_default();
        command
            .current_dir(place)
            .env_clear()
            .env("HOME", self.state.path())
            .env("PATH", format!("{more}{}:{rest}", own.display()))
            .env("LC_ALL", "C.UTF-8")
            .env("GITHUB_ACTIONS", "true")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("PAUSE", "0")
            .env("NOTES", self.state.path().join("notes"))
            .env("STATE", self.state.path())
            .env("BEHAVIOUR", &self.behaviour);
    }

    fn action(&mut self, action: &str, step: &Value, context: &Value, place: &Path) -> bool {
        let artifacts = self.state.path().join("artifacts");
        let with = |key: &str| step["with"][key].as_str().map(|text| expression::fill(text, context));
        if action.starts_with("actions/attest@") {
            let mut given = Map::new();
            for key in ["subject-name", "subject-digest", "sbom-path"] {
                given.extend(with(key).map(|text| (key.to_owned(), text.into())));
            }
            if let Some(path) = with("sbom-path") {
                let Ok(text) = fs::read_to_string(place.join(path)) else { return false };
                given.insert("sbom".to_owned(), text.into());
            }
            self.attested.push(given.into());
            return true;
        }
        if action.starts_with("actions/upload-pages-artifact@") {
            copy(&place.join(with("path").expect("a folder")), &artifacts.join("github-pages"));
            return true;
        }
        if action.starts_with("actions/upload-artifact@") {
            let folder = artifacts.join(with("name").expect("a name"));
            let mut found = false;
            for pattern in with("path").expect("paths").lines() {
                let files: Vec<PathBuf> = match pattern.strip_suffix("/*") {
                    Some(folder) => {
                        let entries = fs::read_dir(place.join(folder)).into_iter().flatten();
                        entries.map(|entry| entry.expect("a file").path()).collect()
                    }
                    None => vec![place.join(pattern)],
                };
                for file in files.iter().filter(|file| file.is_file()) {
                    fs::create_dir_all(&folder).expect("a writable directory");
                    fs::copy(file, folder.join(file.file_name().expect("a name"))).expect("a copy");
                    found = true;
                }
            }
            return found || step["with"]["if-no-files-found"] != "error";
        }
        if action.starts_with("actions/download-artifact@") {
            let to = with("path").map_or(place.to_owned(), |path| place.join(path));
            let pattern = with("pattern").or(with("name")).unwrap_or_default();
            let prefix = pattern.trim_end_matches('*').to_owned();
            for entry in fs::read_dir(&artifacts).into_iter().flatten() {
                let entry = entry.expect("an artifact");
                if entry.file_name().to_string_lossy().starts_with(&prefix) {
                    fs::create_dir_all(&to).expect("a writable directory");
                    copy(&entry.path(), &to);
                }
            }
        }
        true
    }
}

fn outputs(file: &Path) -> Value {
    let text = fs::read_to_string(file).expect("the outputs");
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    Value::Object(pairs.map(|(name, value)| (name.to_owned(), value.into())).collect())
}
