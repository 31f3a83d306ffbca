//! Jobs as the matrices of GitHub: at most 256 entries each, and all of them together below the size of a job's
//! outputs. Where there are more jobs, an entry has several, one after the other.

use serde::Serialize;

use super::jobs::{Job, Kind};
use crate::diag::{Code, Diagnostic, plural};
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    TooManyJobs =
        "GitHub takes 256 jobs of a matrix and one megabyte of outputs of a job. Entries of a plan have several \
         jobs where that is needed, but this one is too large all the same. Plan for some of the systems at a time \
         (--systems), or only what has changed (--since, --check-cache-status).";
};

/// Entries of a matrix.
pub const ENTRIES: usize = 256;
/// Bytes that the outputs of a job may have, in UTF-16, with room for those that are no matrix.
pub const BYTES: usize = (1 << 20) - (16 << 10);
/// Seconds that are reckoned with where none are known.
const USUAL: u64 = 120;

/// One entry: jobs that one machine does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What it is called in a list of jobs.
    pub name: String,
    /// The system.
    pub system: String,
    /// The machine.
    pub runner: String,
    /// Attributes to build.
    pub attrs: Vec<String>,
    /// Derivations to build that no attribute stands for.
    pub drvs: Vec<String>,
    /// The PostgreSQL, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub psql: Option<String>,
    /// The extension, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
}

/// The entries of a system and kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matrix {
    /// The system.
    pub system: String,
    /// The kind.
    pub kind: Kind,
    /// At least none, at most as many as GitHub takes in one.
    pub entries: Vec<Entry>,
}

impl Matrix {
    /// `x86_64-linux-packages`.
    pub fn name(&self) -> String {
        format!("{}-{}", self.system, self.kind.name())
    }

    /// As GitHub takes it.
    pub fn json(&self) -> String {
        serde_json::json!({ "include": self.entries }).to_string()
    }
}

/// A matrix for each system and kind, also where nothing is to be built.
///
/// # Errors
/// When not even one entry for each would be small enough.
pub fn matrices(jobs: &[Job], systems: &[String]) -> Result<Vec<Matrix>, Box<Diagnostic>> {
    within(jobs, systems, ENTRIES, BYTES)
}

fn within(
    jobs: &[Job],
    systems: &[String],
    entries: usize,
    bytes: usize,
) -> Result<Vec<Matrix>, Box<Diagnostic>> {
    let mut most = entries;
    loop {
        let mut matrices = Vec::new();
        for system in systems {
            for kind in Kind::ALL {
                let of: Vec<&Job> =
                    jobs.iter().filter(|job| job.system == *system && job.kind == kind).collect();
                matrices.push(Matrix { system: system.clone(), kind, entries: chunked(&of, most) });
            }
        }
        let size: usize = matrices.iter().map(|matrix| matrix.json().encode_utf16().count() * 2).sum();
        if size <= bytes {
            return Ok(matrices);
        }
        if most == 1 {
            let message = format!(
                "{} do not fit into the outputs of a GitHub job: {size} bytes where {bytes} may be",
                plural(jobs.len(), "job")
            );
            let finding = Diagnostic::global(Code::TooManyJobs, message).help(
                "plan for fewer systems at a time with --systems, or against an older revision with --since",
            );
            return Err(Box::new(finding));
        }
        most = most.div_ceil(2);
    }
}

/// At most `most` entries of about the same cost; jobs stay in order, and on their runners.
fn chunked(jobs: &[&Job], most: usize) -> Vec<Entry> {
    let mut by_runner: Vec<(&str, Vec<&Job>)> = Vec::new();
    for job in jobs {
        match by_runner.iter_mut().find(|(runner, _)| *runner == job.runner) {
            Some((_, of)) => of.push(job),
            None => by_runner.push((&job.runner, vec![job])),
        }
    }
    if jobs.len() <= most {
        return jobs.iter().map(|job| entry(&[job])).collect();
    }
    let cost = |job: &Job| job.seconds.unwrap_or(USUAL).max(1);
    let share = (most / by_runner.len().max(1)).max(1);
    let mut entries = Vec::new();
    for (_, of) in by_runner {
        let total: u64 = of.iter().map(|job| cost(job)).sum();
        let target = total.div_ceil(share as u64);
        let (mut chunk, mut costs): (Vec<&Job>, u64) = (Vec::new(), 0);
        for job in of {
            chunk.push(job);
            costs += cost(job);
            if costs >= target {
                entries.push(entry(&std::mem::take(&mut chunk)));
                costs = 0;
            }
        }
        if !chunk.is_empty() {
            entries.push(entry(&chunk));
        }
    }
    entries
}

fn entry(jobs: &[&Job]) -> Entry {
    let first = jobs[0];
    let same = |of: fn(&Job) -> &Option<String>| {
        of(first).clone().filter(|value| jobs.iter().all(|job| of(job).as_ref() == Some(value)))
    };
    let label = |job: &Job| match &job.psql {
        Some(psql) => format!("{} ({psql})", job.name),
        None => job.name.clone(),
    };
    Entry {
        name: match jobs.len() {
            1 => label(first),
            count => format!("{} and {} more", label(first), count - 1),
        },
        system: first.system.clone(),
        runner: first.runner.clone(),
        attrs: jobs.iter().flat_map(|job| job.attrs.iter().cloned()).collect(),
        drvs: jobs
            .iter()
            .filter(|job| job.kind == Kind::Base)
            .flat_map(|job| job.drvs.iter().cloned())
            .collect(),
        psql: same(|job| &job.psql),
        extension: same(|job| &job.extension),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(count: usize) -> Vec<Job> {
        let job = |at: usize| Job {
            id: format!("x86_64-linux-packages-{at}"),
            kind: Kind::Packages,
            system: "x86_64-linux".into(),
            runner: "ubuntu-24.04".into(),
            features: Vec::new(),
            name: format!("extension-{at}"),
            drvs: Vec::new(),
            attrs: vec![format!("packages.x86_64-linux.psql_17/exts/extension-{at}")],
            psql: Some("17".into()),
            extension: Some(format!("extension-{at}")),
            needs: Vec::new(),
            besides: Vec::new(),
            seconds: at.is_multiple_of(7).then_some(at as u64),
        };
        (0..count).map(job).collect()
    }

    #[test]
    fn no_more_entries_than_github_takes_and_every_job_once() {
        let systems = ["x86_64-linux".to_owned(), "aarch64-linux".to_owned()];
        for count in [0, 1, 255, 256, 257, 511, 513, 3000] {
            let jobs = jobs(count);
            let matrices = matrices(&jobs, &systems).expect("it fits");
            assert_eq!(matrices.len(), 6);
            let entries: Vec<&Entry> = matrices.iter().flat_map(|matrix| &matrix.entries).collect();
            assert!(
                entries.len() <= ENTRIES && entries.len() >= count.min(100),
                "{count}: {}",
                entries.len()
            );
            let attrs: Vec<&String> = entries.iter().flat_map(|entry| &entry.attrs).collect();
            let wanted: Vec<&String> = jobs.iter().flat_map(|job| &job.attrs).collect();
            assert_eq!(attrs, wanted, "{count}");
        }
    }

    #[test]
    fn entries_are_joined_until_all_is_small_enough() {
        let (jobs, systems) = (jobs(200), ["x86_64-linux".to_owned()]);
        let size = |matrices: &[Matrix]| -> usize {
            matrices.iter().map(|matrix| matrix.json().encode_utf16().count() * 2).sum()
        };
        let whole = within(&jobs, &systems, ENTRIES, BYTES).expect("it fits");
        let bytes = size(&whole) * 2 / 3;
        let joined = within(&jobs, &systems, ENTRIES, bytes).expect("it fits");
        let entries = joined.iter().map(|matrix| matrix.entries.len()).sum::<usize>();
        assert!(entries < 200 && entries > 1 && size(&joined) <= bytes, "{entries}");
        let error = within(&jobs, &systems, ENTRIES, 1000).expect_err("nothing does");
        assert_eq!(error.code, Code::TooManyJobs);
    }

    #[test]
    fn a_runner_of_its_own_has_entries_of_its_own() {
        let mut jobs = jobs(600);
        jobs.iter_mut().step_by(5).for_each(|job| job.runner = "ubuntu-26.04".into());
        let matrices = matrices(&jobs, &["x86_64-linux".to_owned()]).expect("it fits");
        let entries: Vec<&Entry> = matrices.iter().flat_map(|matrix| &matrix.entries).collect();
        assert!(entries.len() <= ENTRIES);
        assert_eq!(entries.iter().map(|entry| entry.attrs.len()).sum::<usize>(), 600);
        let other = entries.iter().filter(|entry| entry.runner == "ubuntu-26.04");
        assert_eq!(other.map(|entry| entry.attrs.len()).sum::<usize>(), 120);
    }
}
