//! A plan as the services read it.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::Plan;
use super::chunks::matrices;
use super::jobs::{Job, Kind};
use crate::diag::Diagnostic;

/// The script that builds, where a pipeline finds it.
pub const BUILD: &str = "bash generated/ci/build.sh";
/// The script that pushes.
pub const PUSH: &str = "bash generated/ci/push.sh";
/// GitLab's limit of `needs`.
const GITLAB_NEEDS: usize = 50;

impl Plan {
    fn systems(&self) -> Vec<String> {
        self.ci.systems.iter().map(|(system, _)| system.clone()).collect()
    }

    /// For `$GITHUB_OUTPUT`: a matrix and whether there is anything in it, for each system and kind; and `any`.
    ///
    /// # Errors
    /// When there are more jobs than fit.
    pub fn github(&self) -> Result<String, Box<Diagnostic>> {
        let mut text = String::new();
        for matrix in matrices(&self.jobs, &self.systems())? {
            let name = matrix.name();
            // Writing to a string does not fail.
            let _ = writeln!(text, "{name}={}", matrix.json());
            let _ = writeln!(text, "any-{name}={}", !matrix.entries.is_empty());
        }
        let _ = writeln!(text, "any={}", !self.jobs.is_empty());
        Ok(text)
    }

    /// A child pipeline of GitLab's, in JSON, which is YAML. One without jobs is an error there, so that it has one
    /// that says so.
    pub fn gitlab(&self) -> Value {
        let mut pipeline = Map::new();
        let push = Value::from(self.pushes.clone()).to_string();
        pipeline.insert("variables".into(), json!({ "PUSH": push }));
        pipeline.insert("stages".into(), json!(Kind::ALL.map(Kind::name)));
        // Pipelines of merge requests, too.
        pipeline.insert("workflow".into(), json!({ "rules": [{ "when": "always" }] }));
        for job in &self.jobs {
            let mut value = json!({
                "stage": job.kind.name(),
                "tags": [job.system],
                "variables": variables(job),
                "script": [BUILD],
                "after_script": [PUSH],
                "interruptible": true,
                "timeout": format!("{} minutes", self.ci.timeout),
            });
            if job.needs.len() <= GITLAB_NEEDS {
                value["needs"] = json!(job.needs);
            }
            pipeline.insert(job.id.clone(), value);
        }
        if self.jobs.is_empty() {
            let nothing = json!({ "stage": "base", "needs": [], "script": ["echo nothing is to be built"] });
            pipeline.insert("nothing".into(), nothing);
        }
        Value::Object(pipeline)
    }

    /// Steps of Buildkite's, in JSON, which is YAML.
    pub fn buildkite(&self) -> Value {
        let step = |job: &Job| {
            json!({
                "label": format!("{} {}", job.name, job.system),
                "key": job.id,
                "depends_on": job.needs.iter().map(|id| json!({ "step": id, "allow_failure": false })).collect::<Vec<_>>(),
                "agents": { "system": job.system },
                "env": variables(job),
                "command": format!("{BUILD}; status=$?; {PUSH} || status=1; exit $status").replace('$', "$$"),
                "concurrency": self.ci.max_parallel,
                "concurrency_group": format!("pgflakegen/{}", job.system),
                "timeout_in_minutes": self.ci.timeout,
            })
        };
        let mut steps: Vec<Value> = self.jobs.iter().map(step).collect();
        if steps.is_empty() {
            steps.push(
                json!({ "label": "nothing to build", "command": "true", "skip": "no package has changed" }),
            );
        }
        json!({ "env": { "PUSH": Value::from(self.pushes.clone()).to_string() }, "steps": steps })
    }

    /// As `hydra-eval-jobs` prints jobs: an object by name. What is built together is a job for each attribute.
    pub fn hydra(&self) -> Value {
        let mut all = Map::new();
        for job in &self.jobs {
            for attr in job.attrs.iter().filter(|_| job.kind != Kind::Base) {
                let name: String =
                    attr.chars().map(|c| if matches!(c, '/' | '"') { '.' } else { c }).collect();
                let value = json!({
                    "nixName": job.name,
                    "system": job.system,
                    "drvPath": job.drvs.first(),
                    "requiredSystemFeatures": job.features,
                    "schedulingPriority": match job.kind { Kind::Base => 200, Kind::Packages => 100, Kind::Checks => 50 },
                    "timeout": u64::from(self.ci.timeout) * 60,
                    "maxSilent": 7200,
                    "isChannel": false,
                });
                all.insert(name, value);
            }
        }
        Value::Object(all)
    }

    /// Everything, for programs.
    pub fn json(&self) -> Value {
        let estimate: Map<String, Value> = self
            .estimate()
            .into_iter()
            .map(|(system, (seconds, unknown))| {
                (system.to_owned(), json!({ "seconds": seconds, "unknown": unknown }))
            })
            .collect();
        json!({
            "packages": self.packages,
            "changed": self.changed,
            "cached": self.cached,
            "jobs": self.jobs,
            "estimate": estimate,
        })
    }
}

/// What the scripts are told.
fn variables(job: &Job) -> Value {
    let drvs = if job.kind == Kind::Base { job.drvs.as_slice() } else { &[] };
    json!({ "ATTRS": json!(job.attrs).to_string(), "DRVS": json!(drvs).to_string() })
}
