//! What upstream has newer versions of.

use camino::Utf8Path;

use rayon::prelude::*;

use super::bump::{describe, everything, look_for, targets};
use super::{Error, Host, failures};
use crate::catalogue::model::Input;
use crate::diag::Diagnostics;
use crate::progress::progress;
use crate::threads::Pool;
use crate::upstream::Upstream;
use crate::upstream::bump::Bumped;
use crate::upstream::inputs::{InputError, revision};

pub use super::bump::LOOKUPS;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// Only these, as for [`super::bump`], or `inputs`; none: everything.
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
    let (of_inputs, names): (Vec<String>, Vec<String>) =
        request.names.iter().cloned().partition(|name| name == "inputs");
    let targets = match request.names {
        [] => everything(&catalogue),
        _ => targets(&names, &catalogue, &mut failed),
    };
    let mut news = Vec::new();
    let looked = look_for(&targets, &catalogue, upstream, request.prereleases, request.jobs, host);
    for (target, looked) in targets.iter().zip(looked) {
        match looked {
            Ok(found) => news.extend(describe(target, &found)),
            Err(error) => failed.push(failures::bump_finding(&target.name(), &error)),
        }
    }
    if request.names.is_empty() || !of_inputs.is_empty() {
        moved(&catalogue.flake.inputs, upstream, request.jobs, host, &mut news, &mut failed);
    }
    Ok(Outdated { news, failed })
}

/// Inputs whose branches are elsewhere. What has no commits is only known when it is fetched.
fn moved(
    inputs: &[Input],
    upstream: &Upstream,
    jobs: usize,
    host: &dyn Host,
    news: &mut Vec<Bumped>,
    failed: &mut Diagnostics,
) {
    let asking = progress(host, "asking upstream", inputs.len());
    let asked: Vec<Result<Option<String>, InputError>> = Pool::of(jobs).install(|| {
        let one = |input: &Input| {
            let _asked = asking.begin(|| format!("inputs {}", input.name));
            revision(upstream, &input.place, None)
        };
        inputs.par_iter().map(one).collect()
    });
    drop(asking);
    for (input, revision) in inputs.iter().zip(asked) {
        match revision {
            Ok(Some(revision)) if Some(&revision) != input.rev.as_ref() => news.push(Bumped {
                name: format!("inputs {}", input.name),
                from: input.pin().short().to_owned(),
                to: revision.get(..12).unwrap_or(&revision).to_owned(),
                postgresqls: Vec::new(),
                hash: None,
                changelog: None,
                compare: None,
                dropped: Vec::new(),
                remarks: Vec::new(),
            }),
            Ok(_) => {}
            Err(error) => failed.push(super::inputs::finding(input, &error)),
        }
    }
}
