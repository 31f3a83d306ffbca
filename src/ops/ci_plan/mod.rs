//! What a change has to have built, and by which machines: the packages and checks of the flake that are other than at
//! a revision, and that no cache has; one job for each that is worth a machine, in the order in which they need each
//! other.

mod chunks;
mod failures;
pub mod format;
mod jobs;

use std::collections::BTreeMap;

use camino::Utf8Path;
use serde_json::Value;

use super::cache_status::{CacheStatus, Derivations, Known};
use super::sides::{self, Flake, How, Side};
use super::{Error, Host, Loaded};
use crate::catalogue::ci::{Ci, pushes};
use crate::catalogue::model::Catalogue;
use crate::catalogue::names::System;
use crate::diag::{Code, Diagnostic, plural};
use crate::progress::progress;
use crate::rule::{Finder, finder};
use crate::upstream::caches::{Caches, NIXOS, patience};
use crate::upstream::http::Patience;

pub use self::chunks::{Entry, Matrix, matrices};
pub use self::jobs::{Job, Kind};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    CacheUnreachable =
        "A binary cache does not answer, or not every time, so that it is not known what it has; or it has no \
         nix-cache-info: then nothing was pushed there yet, or it is gone. The plan goes on as if it had nothing: more \
         is built than need be, and nothing too little. `curl -I CACHE/nix-cache-info` shows what it says; \
         credentials of caches that want some are in a netrc file.";
};
pub(crate) use self::chunks::FINDER as CHUNKS;
pub(crate) use self::failures::FINDER as FAILURES;
pub(crate) use self::jobs::FINDER as JOBS;

/// What is to be planned.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// The revision before the change; `None`: everything is new.
    pub since: Option<&'a str>,
    /// Whether caches are asked, and how patiently.
    pub caches: Option<Asking>,
    /// Seconds that builds took, by system and attribute.
    pub times: Times,
    /// How the flake is evaluated.
    pub how: How,
}

/// How caches are asked.
#[derive(Clone, Debug)]
pub struct Asking {
    /// Addresses; none: the catalogue's, and the one that every Nix asks.
    pub places: Vec<String>,
    /// How patiently.
    pub patience: Patience,
    /// Only files of this machine are.
    pub offline: bool,
}

impl Asking {
    /// Without waiting for one that is down.
    pub fn of(places: Vec<String>, offline: bool) -> Self {
        Self { places, patience: patience(), offline }
    }
}

/// Seconds that builds took, by system and attribute (`psql_17/exts/pgvector`).
pub type Times = BTreeMap<String, BTreeMap<String, u64>>;

/// What is to be built.
#[derive(Debug)]
pub struct Plan {
    /// What was found, in the catalogue and by evaluating it. An error means that the plan is not whole.
    pub loaded: Loaded,
    /// `[ci]`.
    pub ci: Ci,
    /// Where what is built is pushed to.
    pub pushes: Vec<Value>,
    /// The jobs, each after those that it needs.
    pub jobs: Vec<Job>,
    /// Packages and checks that there are.
    pub packages: usize,
    /// Of these, those that are other than before.
    pub changed: usize,
    /// Of the changed, those that a cache has.
    pub cached: usize,
}

/// Kinds of the flake's outputs that are planned.
const PLANNED: [&str; 2] = ["packages", "checks"];

/// Plans. Writes nothing.
///
/// # Errors
/// When the catalogue has errors or no `[ci]`, or a side cannot be evaluated at all.
pub fn plan(request: &Request<'_>, host: &dyn Host) -> Result<Plan, Error> {
    let mut loaded = super::load(request.root)?;
    let Some(catalogue) = loaded.catalogue.take() else { return Err(Error::Unusable(Box::new(loaded))) };
    let Some(ci) = catalogue.flake.ci.clone() else { return Err(Error::NoCi) };
    let mut how = request.how.clone();
    let known: Vec<String> = ci.systems.iter().map(|(system, _)| system.clone()).collect();
    if let Some(unknown) = how.systems.iter().find(|system| !known.contains(system)) {
        return Err(Error::UnknownSystem {
            system: unknown.clone(),
            near: None,
            known: known.iter().map(System::new).collect(),
        });
    }
    if how.systems.is_empty() {
        how.systems = known;
    }
    let (before, after) = both(request, &how, host)?;
    let wanted: Vec<&super::drvs::Job> = after
        .jobs
        .values()
        .filter(|job| job.attr_path.first().is_some_and(|kind| PLANNED.contains(&kind.as_str())))
        .collect();
    failures::report(&wanted, request.root, &catalogue, &mut loaded);
    let is_old = |drv: &str| {
        let name = drv.rsplit('/').next().unwrap_or(drv);
        before.as_ref().is_some_and(|side| side.folder.path().join(name).exists())
    };
    let mut roots: BTreeMap<String, Vec<&super::drvs::Job>> = BTreeMap::new();
    for job in &wanted {
        if let Some(drv) = job.drv_path.as_ref().filter(|drv| !is_old(drv)) {
            roots.entry(drv.clone()).or_default().push(job);
        }
    }
    let changed = roots.values().map(Vec::len).sum();
    let mut derivations = Derivations::of(after.folder.path());
    let status = match &request.caches {
        Some(asking) => {
            let _asking = progress(host, "asking caches", 0);
            let caches = reach(asking, &catalogue, &mut loaded)?;
            let status = caches
                .as_ref()
                .map(|caches| Known::look(roots.keys().cloned(), &mut derivations, caches, &is_old));
            if let Some((count, why)) = caches.and_then(|caches| caches.trouble()) {
                let message = format!("{} of caches had no answer: {why}", plural(count, "question"));
                loaded.diagnostics.push(unreachable(message));
            }
            status
        }
        None => None,
    };
    let is_built = |drv: &str| {
        let found = status.as_ref().and_then(|known| known.status(drv));
        found.is_some_and(|status| status != CacheStatus::NotBuilt)
    };
    let mut cached = 0;
    roots.retain(|drv, jobs| {
        let built = is_built(drv);
        cached += if built { jobs.len() } else { 0 };
        !built
    });
    // Without an older side and without caches nothing tells what of the whole closure must be built.
    let deep = before.is_some() || status.is_some();
    let to_build = |drv: &str| !is_old(drv) && !is_built(drv);
    let graph = jobs::Graph::of(&roots, &mut derivations, deep.then_some(&to_build));
    let jobs = jobs::jobs(&graph, &ci, &request.times, &mut loaded.diagnostics);
    let pushes = pushes(catalogue.flake.caches.iter().filter_map(|cache| cache.push.as_ref()));
    Ok(Plan { loaded, ci, pushes, jobs, packages: wanted.len(), changed, cached })
}

fn both(request: &Request<'_>, how: &How, host: &dyn Host) -> Result<(Option<Side>, Side), Error> {
    let Some(rev) = request.since else {
        let root = request.root.canonicalize_utf8();
        let root = root.map_err(|source| Error::Read { path: request.root.to_owned(), source })?;
        return Ok((None, sides::side(root.into_string(), "the files as they are", how, host)?));
    };
    let flake = Flake::around(request.root)?;
    let after = flake.side(None, how, host)?;
    // A system that is new has nothing before; what else is wrong with the older side makes everything new as well.
    let before = flake.side(Some(rev), how, host);
    match before {
        Ok(before) => Ok((Some(before), after)),
        Err(error @ Error::Evaluation(_)) => Err(error),
        Err(error) if how.systems.len() > 1 => {
            // Systems that were there before, one by one.
            let mut sides = how.systems.iter().filter_map(|system| {
                let how = How { systems: vec![system.clone()], ..how.clone() };
                flake.side(Some(rev), &how, host).ok()
            });
            match (sides.next(), sides.next()) {
                (Some(only), None) => Ok((Some(only), after)),
                _ => Err(error),
            }
        }
        Err(error) => Err(error),
    }
}

fn unreachable(message: String) -> Diagnostic {
    Diagnostic::global(Code::CacheUnreachable, message)
        .help("the plan goes on as if it had nothing: more is built than need be")
}

/// The caches that answer; a warning for each that does not.
fn reach(asking: &Asking, catalogue: &Catalogue, loaded: &mut Loaded) -> Result<Option<Caches>, Error> {
    let own = catalogue.flake.caches.iter().map(|cache| cache.url.clone());
    let places = match asking.places.is_empty() {
        true => own.chain([NIXOS.to_owned()]).collect(),
        false => asking.places.clone(),
    };
    let (caches, left_out) = Caches::reach(&places, asking.patience, asking.offline)?;
    for left in left_out {
        loaded.diagnostics.push(unreachable(left.to_string()));
    }
    Ok((!caches.is_empty()).then_some(caches))
}

impl Plan {
    /// Seconds that the jobs of a system take, as far as that is known, and how many it is not known of.
    pub fn estimate(&self) -> BTreeMap<&str, (u64, usize)> {
        let mut estimate: BTreeMap<&str, (u64, usize)> = BTreeMap::new();
        for job in &self.jobs {
            let (seconds, unknown) = estimate.entry(&job.system).or_default();
            match job.seconds {
                Some(known) => *seconds += known,
                None => *unknown += 1,
            }
        }
        estimate
    }
}
