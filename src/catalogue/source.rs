//! What is fetched: a `source` table and a version's own keys into one fetcher.

use super::model::{Fetcher, Revision};
use super::raw::{Field, RawFetched, RawSource, RawVersion};

/// Where the text that decides what is fetched stands, and whether it depends on the version.
pub enum Problem {
    /// Neither github, url nor git.
    NoFetcher,
    /// A repository without tag and rev.
    NoRevision,
    /// A tag or rev for a source that is one file.
    RevisionOfUrl,
}

/// `{version}` replaced.
pub fn expand(template: &str, version: &str) -> String {
    template.replace("{version}", version)
}

/// The fetcher of one version: what the version says goes before what the source says.
pub fn fetcher(source: Option<&RawFetched>, version: &RawVersion) -> Result<Fetcher, Problem> {
    let number = version.version.as_ref().map_or("", |v| v.value.as_str());
    if let Some(url) = &version.url {
        return Ok(Fetcher::Url { url: expand(&url.value, number) });
    }
    let source = source.ok_or(Problem::NoFetcher)?;
    of(source, (&version.tag, &version.rev), number)
}

/// The fetcher of a `source` table; `own` are a version's tag and rev.
pub fn of(
    source: &RawFetched,
    own: (&Field<String>, &Field<String>),
    version: &str,
) -> Result<Fetcher, Problem> {
    let at = match own {
        (None, None) => revision(&source.tag, &source.rev, version),
        (tag, rev) => revision(tag, rev, version),
    };
    let submodules = source.submodules.as_ref().is_some_and(|submodules| submodules.value);
    if let Some(github) = &source.github {
        let (owner, repo) = github.value.split_once('/').ok_or(Problem::NoFetcher)?;
        let at = at.ok_or(Problem::NoRevision)?;
        return Ok(Fetcher::GitHub { owner: owner.to_owned(), repo: repo.to_owned(), at, submodules });
    }
    if let Some(git) = &source.git {
        let at = at.ok_or(Problem::NoRevision)?;
        return Ok(Fetcher::Git { url: expand(&git.value, version), at, submodules });
    }
    let url = source.url.as_ref().ok_or(Problem::NoFetcher)?;
    if at.is_some() {
        return Err(Problem::RevisionOfUrl);
    }
    Ok(Fetcher::Url { url: expand(&url.value, version) })
}

fn revision(tag: &Field<String>, rev: &Field<String>, version: &str) -> Option<Revision> {
    if let Some(tag) = tag {
        let tag = expand(&tag.value, version);
        return Some(Revision::Tag(tag.strip_prefix("refs/tags/").map_or(tag.clone(), str::to_owned)));
    }
    rev.as_ref().map(|rev| Revision::Rev(expand(&rev.value, version)))
}

/// The table of a source that is fetched.
pub fn fetched(source: &Field<RawSource>) -> Option<&RawFetched> {
    match source.as_ref().map(|source| &source.value) {
        Some(RawSource::Fetched(fetched)) => Some(fetched),
        _ => None,
    }
}
