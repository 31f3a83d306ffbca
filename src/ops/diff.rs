//! How two catalogues differ: those of two revisions or folders, or one of them and the files as they are.

use std::collections::BTreeSet;
use std::path::Path;

use camino::Utf8Path;

use super::drv_diff::{self, both};
use super::evaluate::Evaluation;
use super::revision::{self, Side};
use super::sides::{self, How};
use super::size::Scales;
use super::{Error, Host};
use crate::accounts::changes::{Cause, Change, Changes, Rebuilt, Size, Sizes, compare};
use crate::layout;
use crate::progress::progress;
use crate::upstream::caches::{Caches, patience};

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// The side before.
    pub before: &'a Side,
    /// The side now; `None`: the files as they are.
    pub after: Option<&'a Side>,
    /// How both are evaluated, where one of the following is wanted.
    pub evaluation: Evaluation,
    /// What is rebuilt is wanted, too.
    pub builds: bool,
    /// And what it means for sizes.
    pub sizes: Option<Sizing<'a>>,
}

/// Where sizes are known.
#[derive(Clone, Copy, Debug)]
pub struct Sizing<'a> {
    /// The folder of the store.
    pub store: &'a Path,
    /// Binary caches that know what is not in the store.
    pub caches: &'a [String],
}

/// What differs.
#[derive(Debug)]
pub struct Diff {
    /// In the catalogues.
    pub changes: Changes,
    /// In the derivations, if that was asked for.
    pub rebuilt: Option<Rebuilt>,
    /// In what they are built to, if that was asked for.
    pub sizes: Option<Sizes>,
    /// Caches that could not be asked, and why.
    pub warnings: Vec<String>,
}

/// Compares. Nothing is written.
///
/// # Errors
/// When a side cannot be read, or has errors. That it cannot be evaluated is in the result.
pub fn diff(request: &Request<'_>, host: &dyn Host) -> Result<Diff, Error> {
    let comparing = progress(host, "comparing", 0);
    let before = revision::read(request.root, request.before)?;
    let after = match request.after {
        Some(side) => revision::read(request.root, side)?,
        None => revision::in_folder(request.root, None)?,
    };
    let changes = compare((&before.catalogue, &before.digests), (&after.catalogue, &after.digests));
    drop(comparing);
    let mut diff = Diff { changes, rebuilt: None, sizes: None, warnings: Vec::new() };
    if !request.builds && request.sizes.is_none() {
        return Ok(diff);
    }
    match evaluated(request, host) {
        Ok((before, after)) => {
            diff.rebuilt = request.builds.then(|| rebuilt(drv_diff::compare(&before, &after)));
            if let Some(sizing) = &request.sizes {
                let _looking = progress(host, "looking into store and caches", 0);
                let (caches, left_out) = Caches::reach(sizing.caches, patience(), false)?;
                diff.warnings = left_out.iter().map(ToString::to_string).collect();
                diff.sizes = Some(sizes((&before, &after), sizing.store, &caches, request.before.name())?);
            }
        }
        Err(why) => {
            let unknown = Some(why);
            if request.builds {
                diff.rebuilt = Some(Rebuilt { unknown: unknown.clone(), ..Rebuilt::default() });
            }
            if request.sizes.is_some() {
                diff.sizes = Some(Sizes { unknown, ..Sizes::default() });
            }
        }
    }
    Ok(diff)
}

/// Both sides, or why they cannot be had.
fn evaluated(request: &Request<'_>, host: &dyn Host) -> Result<(sides::Side, sides::Side), String> {
    let (Side::Revision(before), None | Some(Side::Revision(_))) = (request.before, request.after) else {
        return Err("only revisions of the repository can be evaluated, not other folders".into());
    };
    let evaluation = &request.evaluation;
    let wanted = drv_diff::Request {
        start: request.root,
        before,
        after: request.after.map(Side::name),
        how: How {
            systems: evaluation.systems.clone(),
            inputs: evaluation.inputs.clone(),
            settings: evaluation.settings.clone(),
            trace: false,
        },
    };
    both(&wanted, host).map_err(|error| first_line(&error.to_string()))
}

fn rebuilt(found: drv_diff::Diff) -> Rebuilt {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for kind in ["added", "removed", "rebuilt", "mended", "broken", "unknown"] {
        let count = found.changes.iter().filter(|change| change.change == kind).count();
        if count > 0 {
            counts.push((kind.to_owned(), count));
        }
    }
    let unknown_ones = found.changes.iter().filter(|change| change.change == "unknown").count();
    if unknown_ones > 0 && unknown_ones == found.packages {
        let why = found.changes.iter().flat_map(|change| &change.reasons).map(|cause| &cause.what).next();
        let why = why.map_or_else(|| "no package evaluates".to_owned(), |why| first_line(why));
        return Rebuilt { unknown: Some(why), ..Rebuilt::default() };
    }
    let causes = drv_diff::packages_by_cause(&found.changes).into_iter();
    let causes = causes.map(|(what, packages)| Cause { what, packages }).collect();
    Rebuilt { packages: found.packages, counts, causes, unknown: None }
}

/// What servers are delivered as: the environment, and that which the image is made of.
fn environments(side: &sides::Side) -> BTreeSet<(String, String)> {
    let names = side.jobs.keys().filter_map(|name| name.strip_prefix("packages.")?.split_once('.'));
    let delivered = names.filter(|(_, attribute)| layout::delivered(attribute).is_some());
    delivered.map(|(system, attribute)| (system.to_owned(), attribute.to_owned())).collect()
}

fn sizes(
    (before, after): (&sides::Side, &sides::Side),
    store: &Path,
    caches: &Caches,
    revision: &str,
) -> Result<Sizes, Error> {
    let (old, new) = (environments(before), environments(after));
    let mut jobs = before.jobs.values().chain(after.jobs.values());
    if old.is_empty()
        && new.is_empty()
        && let Some(error) = jobs.find_map(|job| job.error.as_ref())
    {
        return Ok(Sizes { unknown: Some(first_line(error)), ..Sizes::default() });
    }
    let mut scales =
        (Scales::new(before, store, caches, Some(revision))?, Scales::new(after, store, caches, None)?);
    let mut found = Sizes::default();
    for at in old.union(&new) {
        let (system, attribute) = at;
        let change = match (old.contains(at), new.contains(at)) {
            (false, _) => Change::Added,
            (_, false) => Change::Removed,
            _ => Change::Changed,
        };
        let was = old.contains(at).then(|| scales.0.bytes(system, attribute)).transpose();
        let is = new.contains(at).then(|| scales.1.bytes(system, attribute)).transpose();
        let unknown = was.as_ref().err().or(is.as_ref().err()).map(|error| first_line(&error.to_string()));
        let (was, is) = (was.ok().flatten(), is.ok().flatten());
        if was.is_none() && is.is_none() {
            found.unmeasured.push(format!("{attribute} ({system})"));
        } else if was == is {
            found.same += 1;
        } else {
            let (attribute, system) = (attribute.clone(), system.clone());
            found.list.push(Size { attribute, system, change, before: was, now: is, unknown });
        }
    }
    Ok(found)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}
