//! What a change rebuilds, per package, and the first causes.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::drvs::Job;
use super::sides::{Flake, How, Side};
use super::{Error, Host};
use crate::store::derivation_diff::{Cause, DerivationDiff};

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// A folder of the git repository with the flake.
    pub start: &'a Utf8Path,
    /// The revision before the change.
    pub before: &'a str,
    /// The revision after it; `None`: the files as they are.
    pub after: Option<&'a str>,
    /// How both are evaluated.
    pub how: How,
}

/// What a change does.
#[derive(Debug)]
pub struct Diff {
    /// The packages that change, or are not known.
    pub changes: Vec<Change>,
    /// How many packages there are, before or after.
    pub packages: usize,
}

/// What became of one package.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Change {
    /// The attribute path.
    pub attr: String,
    /// `added`, `removed`, `rebuilt`, `broken`, `mended`; `unknown` when it could not be evaluated, neither before
    /// nor after.
    pub change: &'static str,
    /// The derivation before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The derivation after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The first causes, and by which derivations they come to the package.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Cause>,
}

/// Each cause for which packages are rebuilt, with how many that are; what concerns most comes first.
pub fn packages_by_cause(changes: &[Change]) -> Vec<(String, usize)> {
    let mut causes: BTreeMap<String, usize> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.change == "rebuilt") {
        let all: BTreeSet<String> = change
            .reasons
            .iter()
            .map(|cause| match cause.by.last() {
                Some(name) => format!("{name}: {}", cause.what),
                None => format!("{}: {}", change.attr, cause.what),
            })
            .collect();
        for cause in all {
            *causes.entry(cause).or_default() += 1;
        }
    }
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    causes
}

/// Evaluates both sides and compares their packages.
///
/// # Errors
/// When a revision cannot be evaluated at all.
pub fn drv_diff(request: &Request<'_>, host: &dyn Host) -> Result<Diff, Error> {
    let (before, after) = both(request, host)?;
    Ok(compare(&before, &after))
}

/// Both sides, evaluated.
///
/// # Errors
/// As [`drv_diff`](fn@drv_diff).
pub(super) fn both(request: &Request<'_>, host: &dyn Host) -> Result<(Side, Side), Error> {
    let flake = Flake::around(request.start)?;
    let before = flake.side(Some(request.before), &request.how, host)?;
    Ok((before, flake.side(request.after, &request.how, host)?))
}

impl Side {
    /// Why the set that `path` is in cannot be looked into here.
    fn broken_around<'s>(&'s self, path: &[String]) -> Option<&'s Job> {
        self.jobs
            .values()
            .filter(|job| job.error.is_some())
            .find(|job| job.attr_path.len() < path.len() && path.starts_with(&job.attr_path))
    }

    /// Whether there is a package in the set at `path`.
    fn any_below(&self, path: &[String]) -> bool {
        self.jobs.values().any(|job| job.attr_path.len() > path.len() && job.attr_path.starts_with(path))
    }
}

/// What changes, and of how many packages.
pub(super) fn compare(before: &Side, after: &Side) -> Diff {
    let names: BTreeSet<&String> = before.jobs.keys().chain(after.jobs.keys()).collect();
    let mut packages = names.len();
    let mut causes = DerivationDiff::new(before.folder.path(), after.folder.path());
    let mut changes = Vec::new();
    for attr in names {
        let (mut old, mut new) = (before.jobs.get(attr), after.jobs.get(attr));
        // A set that cannot be looked into is not a package where the other side has packages in it; it is what is
        // wrong with each of them.
        let is_set = |job: Option<&Job>, other: &Side| {
            job.is_some_and(|job| job.error.is_some() && other.any_below(&job.attr_path))
        };
        if is_set(old, after) || is_set(new, before) {
            packages -= 1;
            continue;
        }
        if let (Some(job), None) = (old, new) {
            new = after.broken_around(&job.attr_path);
        } else if let (None, Some(job)) = (old, new) {
            old = before.broken_around(&job.attr_path);
        }
        let drv = |job: Option<&Job>| job.and_then(|job| job.drv_path.clone());
        let (old_drv, new_drv) = (drv(old), drv(new));
        let change = match (&old_drv, &new_drv) {
            (Some(old), Some(new)) if old == new => continue,
            (Some(_), Some(_)) => "rebuilt",
            (None, Some(_)) if old.is_some() => "mended",
            (None, Some(_)) => "added",
            (Some(_), None) if new.is_some() => "broken",
            (Some(_), None) => "removed",
            (None, None) if new.is_none() => "removed",
            (None, None) => "unknown",
        };
        let mut reasons = match (&old_drv, &new_drv) {
            (Some(old), Some(new)) => causes.of(old, new),
            _ => Vec::new(),
        };
        if let Some(error) = new.and_then(|job| job.error.as_ref()) {
            let what = error.lines().next().unwrap_or_default().to_owned();
            reasons.push(Cause { by: Vec::new(), what });
        }
        changes.push(Change { attr: attr.clone(), change, before: old_drv, after: new_drv, reasons });
    }
    Diff { changes, packages }
}
