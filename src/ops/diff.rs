//! How two catalogues differ: those of two revisions or folders, or one of them and the files as they are.

use camino::Utf8Path;

use super::drv_diff::{self, drv_diff};
use super::evaluate::Evaluation;
use super::revision::{self, Side};
use super::sides::How;
use super::{Error, Host};
use crate::accounts::changes::{Cause, Changes, Rebuilt, compare};
use crate::progress::progress;

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// The side before.
    pub before: &'a Side,
    /// The side now; `None`: the files as they are.
    pub after: Option<&'a Side>,
    /// What is rebuilt is wanted, too.
    pub builds: Option<Evaluation>,
}

/// What differs.
#[derive(Debug)]
pub struct Diff {
    /// In the catalogues.
    pub changes: Changes,
    /// In the derivations, if that was asked for.
    pub rebuilt: Option<Rebuilt>,
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
    let rebuilt = request.builds.as_ref().map(|builds| rebuilt(request, builds, host));
    Ok(Diff { changes, rebuilt })
}

fn rebuilt(request: &Request<'_>, builds: &Evaluation, host: &dyn Host) -> Rebuilt {
    let unknown = |why: String| Rebuilt { unknown: Some(why), ..Rebuilt::default() };
    let (Side::Revision(before), None | Some(Side::Revision(_))) = (request.before, request.after) else {
        return unknown("only revisions of the repository can be evaluated, not other folders".into());
    };
    let wanted = drv_diff::Request {
        start: request.root,
        before,
        after: request.after.map(Side::name),
        how: How {
            systems: builds.systems.clone(),
            inputs: builds.inputs.clone(),
            settings: builds.settings.clone(),
            trace: false,
        },
    };
    let found = match drv_diff(&wanted, host) {
        Ok(found) => found,
        Err(error) => return unknown(first_line(&error.to_string())),
    };
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
        return unknown(why.map_or_else(|| "no package evaluates".to_owned(), |why| first_line(why)));
    }
    let causes = drv_diff::packages_by_cause(&found.changes).into_iter();
    let causes = causes.map(|(what, packages)| Cause { what, packages }).collect();
    Rebuilt { packages: found.packages, counts, causes, unknown: None }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().to_owned()
}
