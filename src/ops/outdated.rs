//! What upstream has newer versions of.

use camino::Utf8Path;

use super::bump::{describe, everything, look_for, targets};
use super::{Error, Host, failures};
use crate::diag::Diagnostics;
use crate::upstream::Upstream;
use crate::upstream::bump::Bumped;

pub use super::bump::LOOKUPS;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// Only these, as for [`super::bump`]; none: everything.
    pub names: &'a [String],
    /// Alphas, betas and release candidates count, too.
    pub prereleases: bool,
    /// Lookups at a time.
    pub jobs: usize,
}

/// What there is.
#[derive(Debug)]
pub struct Outdated {
    /// What would come in.
    pub news: Vec<Bumped>,
    /// What could not be looked up, and why.
    pub failed: Diagnostics,
}

/// Asks upstream for what is new.
///
/// # Errors
/// When the catalogue cannot be read or has errors.
pub fn outdated(request: &Request<'_>, upstream: &Upstream, host: &dyn Host) -> Result<Outdated, Error> {
    let catalogue = super::usable(request.root, host)?;
    let mut failed = Diagnostics::new();
    let targets = match request.names {
        [] => everything(&catalogue),
        names => targets(names, &catalogue, &mut failed),
    };
    let mut news = Vec::new();
    let looked = look_for(&targets, &catalogue, upstream, request.prereleases, request.jobs, host);
    for (target, looked) in targets.iter().zip(looked) {
        match looked {
            Ok(found) => news.extend(describe(target, &found)),
            Err(error) => failed.push(failures::bump_finding(&target.name(), &error)),
        }
    }
    Ok(Outdated { news, failed })
}
