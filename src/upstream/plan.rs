//! Which versions come in: an extension's releases against what each PostgreSQL has of it.

use std::collections::BTreeMap;

use super::pattern::Pattern;
use super::versions::{Release, first_number, newest};
use crate::catalogue::model::{Catalogue, Extension, Fetcher, Fit, Revision, Version};
use crate::catalogue::names::PgName;
use crate::catalogue::version::{compare, is_prerelease};

/// One version that comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Position of the version whose entry is copied: the newest that these PostgreSQLs have.
    pub base: usize,
    /// What comes in.
    pub release: Release,
    /// For which PostgreSQLs, in the catalogue's order.
    pub postgresqls: Vec<PgName>,
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    /// Exactly this version.
    pub version: Option<&'a str>,
    /// Prereleases, too.
    pub prereleases: bool,
}

/// The newest stable version that each PostgreSQL has, else its newest.
fn current(extension: &Extension) -> BTreeMap<&str, usize> {
    let fits = extension.fits.iter().filter_map(|(name, fit)| match fit {
        Fit::Nixpkgs => None,
        Fit::Versions { all, .. } => {
            let stable = all.iter().rev().find(|at| !extension.versions[**at].prerelease);
            stable.or(all.last()).map(|at| (name.as_str(), *at))
        }
    });
    fits.collect()
}

/// Majors of the PostgreSQLs that take a version.
pub fn majors(extension: &Extension, catalogue: &Catalogue, version: usize) -> Vec<u32> {
    let mut majors: Vec<u32> = extension
        .fits
        .iter()
        .filter(|(_, fit)| matches!(fit, Fit::Versions { all, .. } if all.binary_search(&version).is_ok()))
        .filter_map(|(name, _)| catalogue.postgresql(name).map(|postgresql| postgresql.major))
        .collect();
    majors.sort_unstable();
    majors.dedup();
    majors
}

/// The versions that come in; `releases` are in ascending order.
pub fn steps(
    extension: &Extension,
    catalogue: &Catalogue,
    releases: &[Release],
    wish: Wish<'_>,
) -> Vec<Step> {
    let current = current(extension);
    let Some(front) = current.values().max().copied() else { return Vec::new() };
    let mut steps: Vec<Step> = Vec::new();
    for postgresql in &catalogue.postgresqls {
        let Some(base) = current.get(postgresql.name.as_str()).copied() else { continue };
        let have = &extension.versions[base].version;
        let fits = |release: &Release| match release.major {
            Some(major) => major == postgresql.major,
            // What stayed behind the others stayed behind for a reason.
            None if extension.follow.by_major => first_number(&release.version) == first_number(have),
            None => base == front,
        };
        let wanted = match wish.version {
            Some(version) => releases.iter().find(|release| release.version == version && fits(release)),
            // Whoever has a prerelease wants the next one.
            None => newest(releases, have, wish.prereleases || is_prerelease(have), fits),
        };
        let Some(release) = wanted else { continue };
        // One version has one source for PostgreSQLs of one major.
        let taken = |known: &&Version| {
            release.major.is_none_or(|major| known.majors.contains(&major) || known.majors.is_empty())
        };
        if extension.versions.iter().filter(|known| known.version == release.version).any(|v| taken(&v)) {
            continue;
        }
        match steps.iter_mut().find(|step| step.release == *release) {
            Some(step) => {
                step.postgresqls.push(postgresql.name.clone());
                if compare(have, &extension.versions[step.base].version).is_gt() {
                    step.base = base;
                }
            }
            None => steps.push(Step {
                base,
                release: release.clone(),
                postgresqls: vec![postgresql.name.clone()],
            }),
        }
    }
    steps
}

/// The fetcher of the new version: the old one's, at the new place.
pub fn fetcher(old: &Fetcher, from: &str, release: &Release) -> Fetcher {
    let mut new = old.clone();
    match &mut new {
        Fetcher::GitHub { at, .. } | Fetcher::Git { at, .. } => {
            if let Some(rev) = &release.rev {
                *at = Revision::Rev(rev.clone());
            } else if let Some(tag) = &release.tag {
                *at = Revision::Tag(tag.clone());
            }
        }
        Fetcher::Url { url } => *url = url.replace(from, &release.version),
    }
    new
}

/// Positions of versions that no PostgreSQL keeps: each keeps the `keep` newest.
pub fn surplus(extension: &Extension, keep: usize) -> Vec<usize> {
    let mut kept = vec![false; extension.versions.len()];
    for fit in extension.fits.values() {
        let Fit::Versions { default, all } = fit else { continue };
        kept[*default] = true;
        all.iter().rev().take(keep).for_each(|at| kept[*at] = true);
    }
    let taken = |at: usize| {
        extension
            .fits
            .values()
            .any(|fit| matches!(fit, Fit::Versions { all, .. } if all.binary_search(&at).is_ok()))
    };
    (0..kept.len()).filter(|at| !kept[*at] && taken(*at)).collect()
}

/// Where to read what changed.
pub fn links(
    extension: &Extension,
    from: &Fetcher,
    to: &Fetcher,
    release: &Release,
) -> (Option<String>, Option<String>) {
    let changelog =
        extension.changelog.as_ref().map(|template| template.replace("{version}", &release.version));
    let name = |at: &Revision| match at {
        Revision::Tag(name) | Revision::Rev(name) => {
            name.strip_prefix("refs/tags/").unwrap_or(name).to_owned()
        }
    };
    let compare = match (from, to) {
        (Fetcher::GitHub { at: old, .. }, Fetcher::GitHub { owner, repo, at: new, .. }) => {
            Some(format!("https://github.com/{owner}/{repo}/compare/{}...{}", name(old), name(new)))
        }
        _ => None,
    };
    (changelog, compare)
}

/// The patterns of an extension's tags.
///
/// # Errors
/// When one in the catalogue is none.
pub fn patterns(
    extension: &Extension,
    catalogue: &Catalogue,
) -> Result<Vec<Pattern>, super::versions::VersionsError> {
    super::versions::patterns(extension, |at| majors(extension, catalogue, at))
}
