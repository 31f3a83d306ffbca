//! Verifying: every source of the catalogue fetched and hashed again.

use camino::Utf8Path;
use rayon::prelude::*;

use super::{Error, Host, failures};
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap, Span};
use crate::layout::{self, CATALOGUE};
use crate::limited;
use crate::progress::progress;
use crate::rule::{Finder, finder};
use crate::threads::Pool;
use crate::upstream::Upstream;
use crate::upstream::verify::{self as sources_of, Claim, Source};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    HashDiffers =
        "What upstream serves today has another hash than the catalogue's. Either the hash was copied from \
         elsewhere, or the tag was moved, or the file was replaced. Do not take the new hash before you know which: \
         compare the two sources, or ask upstream.";
};

/// What is to be verified.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// Only these: an extension, postgresql, cargo-pgrx or inputs; none: everything but the inputs, which are large.
    pub names: &'a [String],
    /// A Nix store, or a folder of downloaded files, to look in first.
    pub cache: Option<&'a Utf8Path>,
    /// Sources fetched at a time.
    pub jobs: usize,
}

/// What was found.
#[derive(Debug)]
pub struct Verified {
    /// The texts that findings point into.
    pub sources: SourceMap,
    /// What differs, and what cannot be had.
    pub diagnostics: Diagnostics,
    /// Sources that are as the catalogue says.
    pub good: usize,
    /// Those that are not.
    pub differ: usize,
    /// Those that cannot be had.
    pub unknown: usize,
}

/// Fetches and hashes every source again.
///
/// # Errors
/// When the catalogue cannot be read or has errors, or has nothing of these names.
pub fn verify(request: &Request<'_>, upstream: &Upstream, host: &dyn Host) -> Result<Verified, Error> {
    let root = request.root;
    let catalogue = super::usable(root, host)?;
    let read = |path: &Utf8Path| limited::text(root.join(CATALOGUE).join(path)).ok();
    let all = sources_of::claims(&catalogue, &read);
    let wanted = |claim: &&Claim| {
        (request.names.is_empty() && !claim.name.starts_with(sources_of::INPUTS))
            || request.names.iter().any(|name| claim.name.split(' ').next() == Some(name.as_str()))
    };
    let claims: Vec<&Claim> = all.iter().filter(wanted).collect();
    if claims.is_empty() {
        return Err(Error::NothingCalled(request.names.to_vec()));
    }
    let fetching = progress(host, "fetching", claims.len());
    let results: Vec<_> = Pool::of(request.jobs).install(|| {
        let one = |claim: &&Claim| {
            let task = fetching.begin(|| &claim.name);
            sources_of::verify(upstream, claim, request.cache.map(Utf8Path::as_std_path), &task)
        };
        claims.par_iter().map(one).collect()
    });
    drop(fetching);
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    let mut place = |claim: &Claim| -> Option<Span> {
        let path = layout::in_catalogue(&claim.file);
        let text = limited::text(root.join(&path)).ok()?;
        let version = claim.name.rsplit(' ').next().unwrap_or_default();
        // The same hash may stand twice; the right one follows its version's name.
        let after = text.find(&format!("\"{version}\"")).unwrap_or(0);
        let start =
            text[after..].find(&claim.text).map(|at| after + at).or_else(|| text.find(&claim.text))?;
        let end = start + claim.text.len();
        Some(Span::new(sources.add(path, text), start..end))
    };
    let (mut good, mut unknown) = (0, 0);
    for (claim, result) in claims.iter().zip(results) {
        match result {
            Ok(hash) if hash.to_sri() == claim.hash => good += 1,
            Ok(hash) => {
                let message = match &claim.source {
                    Source::LockFile(..) => format!("this is not the Cargo.lock of {}", claim.name),
                    Source::Crates(..) | Source::CargoPgrxCrates(_) => {
                        format!("the crates of {} are {hash} today", claim.name)
                    }
                    Source::GitCrate(url, _) => format!("the crates from {url} are {hash} today"),
                    Source::Fetcher(_) | Source::CargoPgrx(_) => format!("{} is {hash} today", claim.name),
                };
                let finding = match place(claim) {
                    Some(span) => Diagnostic::new(Code::HashDiffers, span, message),
                    None => Diagnostic::global(Code::HashDiffers, message),
                };
                found.push(finding.help("find out which of the two is right before you change the hash"));
            }
            Err(error) => {
                unknown += 1;
                found.push(failures::bump_finding(&claim.name, &error.into()));
            }
        }
    }
    let differ = claims.len() - good - unknown;
    Ok(Verified { sources, diagnostics: found, good, differ, unknown })
}
