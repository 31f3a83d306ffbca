//! Which versions upstream has: tags, releases, PGXN, crates.io, a branch, ftp.postgresql.org.

use std::collections::HashSet;

use serde_json::Value;

use super::pattern::{Found, Pattern, glob};
use super::prefetch::{Upstream, UpstreamError, parse};
use crate::catalogue::model::{Extension, Fetcher, Postgresql, Revision, Version};
use crate::catalogue::version::{compare, is_prerelease};
use crate::git::GitError;

/// A version that upstream has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// As the catalogue writes it.
    pub version: String,
    /// The only PostgreSQL major that it is for.
    pub major: Option<u32>,
    /// The tag.
    pub tag: Option<String>,
    /// The commit, for a branch's head.
    pub rev: Option<String>,
}

/// What upstream has.
#[derive(Clone, Debug, Default)]
pub struct Releases {
    /// Oldest first.
    pub all: Vec<Release>,
    /// Why that they have nothing newer may not mean that there is nothing newer.
    pub doubt: Option<String>,
}

/// Why no versions can be found.
#[derive(Debug, thiserror::Error)]
pub enum VersionsError {
    /// Fetching.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The catalogue does not say enough.
    #[error("{0}")]
    Unknown(String),
    /// The server says something else than expected.
    #[error("{0}: the answer is not understood")]
    Answer(String),
}

impl From<GitError> for VersionsError {
    fn from(error: GitError) -> Self {
        Self::Upstream(error.into())
    }
}

/// Where an extension's versions are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Tags(String),
    Releases { owner: String, repo: String },
    Pgxn(String),
    Crates(String),
    Branch { url: String, branch: String },
}

/// The patterns of an extension's tags.
///
/// # Errors
/// When one in the catalogue is none.
pub fn patterns(
    extension: &Extension,
    majors: impl Fn(usize) -> Vec<u32>,
) -> Result<Vec<Pattern>, VersionsError> {
    let parse =
        |text: &String| Pattern::parse(text).map_err(|error| VersionsError::Unknown(error.to_string()));
    if !extension.follow.tags.is_empty() {
        return extension.follow.tags.iter().map(parse).collect();
    }
    let mut patterns: Vec<Pattern> = Vec::new();
    if extension.follow.versions_from.as_deref().is_some_and(|from| from.starts_with("tags:")) {
        patterns.extend(["v{version}", "{version}"].into_iter().filter_map(|text| Pattern::parse(text).ok()));
    }
    if let Some(template) = &extension.follow.template {
        patterns.extend(Pattern::parse(template).ok());
    }
    for (index, version) in extension.versions.iter().enumerate() {
        let (Fetcher::GitHub { at, .. } | Fetcher::Git { at, .. }) = &version.source.fetcher else {
            continue;
        };
        let tag = match at {
            Revision::Tag(tag) => tag.as_str(),
            Revision::Rev(rev) => match rev.strip_prefix("refs/tags/") {
                Some(tag) => tag,
                None => continue,
            },
        };
        let known = patterns
            .iter()
            .any(|pattern| pattern.read(tag).is_some_and(|found| found.version == version.version));
        if !known {
            patterns.extend(Pattern::infer(tag, &version.version, &majors(index)));
        }
    }
    Ok(patterns)
}

/// Reads tags; of several that say the same version for the same PostgreSQL the first counts.
pub fn read_tags<'a>(tags: impl IntoIterator<Item = &'a str>, patterns: &[Pattern]) -> Vec<Release> {
    let mut releases: Vec<Release> = Vec::new();
    let mut known = HashSet::new();
    for tag in tags {
        let found = patterns.iter().find_map(|pattern| pattern.read(tag));
        let Some(Found { version, major }) = found else { continue };
        if known.insert((version.clone(), major)) {
            releases.push(Release { version, major, tag: Some(tag.to_owned()), rev: None });
        }
    }
    releases
}

/// What is strange about a repository's tags: nothing can be said of what is newer then.
fn doubt_tags(
    extension: &Extension,
    tags: &[String],
    releases: &[Release],
    patterns: &[Pattern],
) -> Option<String> {
    let tag_of = |version: &Version| match &version.source.fetcher {
        Fetcher::GitHub { at: Revision::Tag(tag), .. } | Fetcher::Git { at: Revision::Tag(tag), .. } => {
            Some(tag.clone())
        }
        _ => None,
    };
    if tags.is_empty() {
        return Some("it has no tags upstream".to_owned());
    }
    // What is only followed elsewhere has its tags there.
    let followed = extension.follow.versions_from.is_some() || !extension.follow.tags.is_empty();
    let newest = extension.versions.iter().rev().find(|version| !version.prerelease);
    if let Some(own) = newest.and_then(tag_of).filter(|own| !followed && !tags.contains(own)) {
        return Some(format!("its own tag {own} is not upstream any more"));
    }
    if releases.is_empty() {
        return Some(format!("none of the {} tags upstream looks like those that are known", tags.len()));
    }
    let usual: Vec<Pattern> =
        ["v{version}", "{version}"].into_iter().filter_map(|text| Pattern::parse(text).ok()).collect();
    let known = releases.iter().map(|release| release.version.as_str()).max_by(|a, b| compare(a, b))?;
    let plain = |version: &str| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let newer: Vec<&str> = tags
        .iter()
        .map(String::as_str)
        .filter(|tag| patterns.iter().all(|pattern| pattern.read(tag).is_none()))
        .filter(|tag| {
            let found = usual.iter().find_map(|pattern| pattern.read(tag));
            found.is_some_and(|found| plain(&found.version) && compare(&found.version, known).is_gt())
        })
        .collect();
    if newer.is_empty() || followed {
        return None;
    }
    let some: Vec<&str> = newer.iter().copied().take(3).collect();
    Some(format!("upstream has tags that are called otherwise and look newer ({})", some.join(", ")))
}

impl Upstream {
    /// All versions of an extension that upstream has, ignored ones left out; oldest first.
    ///
    /// # Errors
    /// When they cannot be asked for, or the catalogue does not say where.
    pub fn releases(&self, extension: &Extension, patterns: &[Pattern]) -> Result<Releases, VersionsError> {
        let Some(from) = self.place(extension)? else { return Ok(Releases::default()) };
        let mut doubt = None;
        let without_pattern = || {
            VersionsError::Unknown(
                "it is not known what its tags look like; add tags = [\"v{version}\"]".into(),
            )
        };
        let mut releases = match &from {
            Place::Tags(url) => {
                if patterns.is_empty() {
                    return Err(without_pattern());
                }
                let tags = self.git.tags(url)?;
                let releases = read_tags(tags.iter().map(String::as_str), patterns);
                doubt = doubt_tags(extension, &tags, &releases, patterns);
                releases
            }
            Place::Releases { owner, repo } => {
                if patterns.is_empty() {
                    return Err(without_pattern());
                }
                self.github_releases(owner, repo, patterns)?
            }
            Place::Pgxn(name) => self.pgxn_versions(name)?.into_iter().map(bare).collect(),
            Place::Crates(name) => self.crate_versions(name)?.into_iter().map(bare).collect(),
            Place::Branch { url, branch } => self.branch_head(url, branch, extension)?.into_iter().collect(),
        };
        releases
            .retain(|release| !extension.follow.ignore.iter().any(|ignored| glob(ignored, &release.version)));
        releases.sort_by(|a, b| compare(&a.version, &b.version));
        Ok(Releases { all: releases, doubt })
    }

    /// `None`: the extension asks not to be looked for.
    fn place(&self, extension: &Extension) -> Result<Option<Place>, VersionsError> {
        let unknown = |why: &str| Err(VersionsError::Unknown(why.to_owned()));
        let repository = extension.versions.last().and_then(|version| match &version.source.fetcher {
            Fetcher::GitHub { owner, repo, .. } => Some((self.github_url(owner, repo), Some((owner, repo)))),
            Fetcher::Git { url, .. } => Some((url.clone(), None)),
            Fetcher::Url { .. } => None,
        });
        let text = extension.follow.versions_from.as_deref();
        let (what, name) = match text
            .map(|text| text.split_once(':').map_or((text, None), |(a, b)| (a, Some(b))))
        {
            Some(split) => split,
            None if repository.is_some() => ("tags", None),
            None => {
                return unknown(
                    "its source is a file, so versions-from must say where new ones are announced (tags:URL of its repository, pgxn:NAME, none)",
                );
            }
        };
        let own = || name.unwrap_or(&extension.name).to_owned();
        let no_repository = "its source is no repository";
        Ok(Some(match (what, repository) {
            ("none", _) => return Ok(None),
            ("tags", _) if name.is_some() => Place::Tags(self.mirrored_repository(name.unwrap_or_default())),
            ("tags", Some((url, _))) => Place::Tags(url),
            ("releases", Some((_, Some((owner, repo))))) => {
                Place::Releases { owner: owner.clone(), repo: repo.clone() }
            }
            ("releases", _) => return unknown("its source is not at GitHub, so it has no releases there"),
            ("branch", Some((url, _))) => Place::Branch { url, branch: name.unwrap_or("HEAD").to_owned() },
            ("tags" | "branch", None) => return unknown(no_repository),
            ("pgxn", _) => Place::Pgxn(own()),
            ("crates", _) => Place::Crates(own()),
            _ => return unknown("versions-from must be tags, releases, pgxn, crates, branch or none"),
        }))
    }

    fn json(&self, url: &str) -> Result<Value, VersionsError> {
        let text =
            self.client.text(&parse(url).map_err(UpstreamError::from)?).map_err(UpstreamError::from)?;
        serde_json::from_str(&text).map_err(|_| VersionsError::Answer(url.to_owned()))
    }

    /// The releases that are no drafts; GitHub's own mark for prereleases counts, too.
    fn github_releases(
        &self,
        owner: &str,
        repo: &str,
        patterns: &[Pattern],
    ) -> Result<Vec<Release>, VersionsError> {
        let url = format!("{}/repos/{owner}/{repo}/releases?per_page=100", self.endpoints.github_api);
        let answer = self.json(&url)?;
        let releases = answer.as_array().ok_or(VersionsError::Answer(url))?;
        let is = |release: &Value, key: &str| release.get(key).and_then(Value::as_bool).unwrap_or(false);
        let tags = releases
            .iter()
            .filter(|release| !is(release, "draft") && !is(release, "prerelease"))
            .filter_map(|release| release.get("tag_name")?.as_str());
        Ok(read_tags(tags, patterns))
    }

    /// PGXN's versions of a distribution. What is called testing or unstable there and has a stable version's
    /// number is left out, unless nothing is stable.
    ///
    /// # Errors
    /// When PGXN has no such distribution, or cannot be asked.
    pub fn pgxn_versions(&self, name: &str) -> Result<Vec<String>, VersionsError> {
        let url = format!("{}/dist/{}.json", self.endpoints.pgxn, name.to_lowercase());
        let answer = self.json(&url)?;
        let releases = answer.get("releases").and_then(Value::as_object).ok_or(VersionsError::Answer(url))?;
        let of = |list: &Value| -> Vec<String> {
            let all = list.as_array().into_iter().flatten();
            all.filter_map(|release| release.get("version")?.as_str().map(str::to_owned)).collect()
        };
        let (stable, mut others) = (releases.get("stable").map(of).unwrap_or_default(), Vec::new());
        for (_, list) in releases.iter().filter(|(state, _)| *state != "stable") {
            others.extend(of(list).into_iter().filter(|v| stable.is_empty() || is_prerelease(v)));
        }
        Ok(stable.into_iter().chain(others).collect())
    }

    /// A crate's versions that are not yanked, from the sparse index.
    ///
    /// # Errors
    /// When there is no such crate, or the index cannot be asked.
    pub fn crate_versions(&self, name: &str) -> Result<Vec<String>, VersionsError> {
        let lower = name.to_lowercase();
        let folder = match lower.as_bytes() {
            [] => return Err(VersionsError::Unknown("a crate needs a name".into())),
            [_] => "1".to_owned(),
            [_, _] => "2".to_owned(),
            [a, _, _] => format!("3/{}", char::from(*a)),
            [a, b, c, d, ..] if lower.is_ascii() => {
                format!("{}{}/{}{}", char::from(*a), char::from(*b), char::from(*c), char::from(*d))
            }
            _ => return Err(VersionsError::Unknown(format!("{name:?} cannot be a crate's name"))),
        };
        let url = format!("{}/{folder}/{lower}", self.endpoints.crates_index);
        let text =
            self.client.text(&parse(&url).map_err(UpstreamError::from)?).map_err(UpstreamError::from)?;
        let mut versions = Vec::new();
        for line in text.lines() {
            let entry: Value = serde_json::from_str(line).map_err(|_| VersionsError::Answer(url.clone()))?;
            let yanked = entry.get("yanked").and_then(Value::as_bool).unwrap_or(false);
            if let Some(version) = entry.get("vers").and_then(Value::as_str).filter(|_| !yanked) {
                versions.push(version.to_owned());
            }
        }
        Ok(versions)
    }

    /// GitHub's repositories are at its mirror.
    fn mirrored_repository(&self, url: &str) -> String {
        match url.strip_prefix("https://github.com/") {
            Some(rest) => format!("{}/{rest}", self.endpoints.github),
            None => url.to_owned(),
        }
    }

    /// A branch's head as nixpkgs writes it: the last version, `unstable`, the day of the commit. `None`: the
    /// catalogue has it.
    fn branch_head(
        &self,
        url: &str,
        branch: &str,
        extension: &Extension,
    ) -> Result<Option<Release>, VersionsError> {
        let commit = self.git.fetch(url, branch)?;
        let here = |at: &Revision| matches!(at, Revision::Rev(rev) if *rev == commit.id);
        let known = extension.versions.iter().any(|version| match &version.source.fetcher {
            Fetcher::GitHub { at, .. } | Fetcher::Git { at, .. } => here(at),
            Fetcher::Url { .. } => false,
        });
        if known {
            return Ok(None);
        }
        let date = self.git.date(&commit)?;
        let last = extension.versions.last().map_or("0", |version| version.version.as_str());
        let base = last.split("-unstable-").next().unwrap_or(last);
        let version = format!("{base}-unstable-{date}");
        Ok(Some(Release { version, major: None, tag: None, rev: Some(commit.id) }))
    }

    /// The versions of PostgreSQL itself that an entry could have: its own source's, of its major.
    ///
    /// # Errors
    /// When they cannot be asked for.
    pub fn postgresql_versions(&self, postgresql: &Postgresql) -> Result<Vec<Release>, VersionsError> {
        let Some(pinned) = &postgresql.pinned else { return Ok(Vec::new()) };
        let tagged = |url: String, at: &Revision| -> Result<Vec<Release>, VersionsError> {
            let (Revision::Tag(tag) | Revision::Rev(tag)) = at;
            let tag = tag.strip_prefix("refs/tags/").unwrap_or(tag);
            let pattern = Pattern::infer(tag, &pinned.version, &[]).ok_or_else(|| {
                VersionsError::Unknown(format!(
                    "PostgreSQL {}: the tag {tag} does not tell its version",
                    postgresql.name
                ))
            })?;
            let tags = self.git.tags(&url)?;
            Ok(read_tags(tags.iter().map(String::as_str), &[pattern]))
        };
        let mut releases = match &pinned.source.fetcher {
            Fetcher::GitHub { owner, repo, at, .. } => tagged(self.github_url(owner, repo), at)?,
            Fetcher::Git { url, at, .. } => tagged(url.clone(), at)?,
            Fetcher::Url { .. } => self.postgresql_tarballs()?.into_iter().map(bare).collect(),
        };
        releases.retain(|release| first_number(&release.version) == Some(postgresql.major));
        releases.sort_by(|a, b| compare(&a.version, &b.version));
        Ok(releases)
    }

    /// Every version that ftp.postgresql.org has: its index links to folders `v17.6/`.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub fn postgresql_tarballs(&self) -> Result<Vec<String>, VersionsError> {
        let url = format!("{}/", self.endpoints.postgresql);
        let page =
            self.client.text(&parse(&url).map_err(UpstreamError::from)?).map_err(UpstreamError::from)?;
        let links = page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let versions: Vec<String> = links
            .filter_map(|link| link.trim_end_matches('/').rsplit('/').next()?.strip_prefix('v'))
            .filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))
            .map(str::to_owned)
            .collect();
        if versions.is_empty() { Err(VersionsError::Answer(url)) } else { Ok(versions) }
    }
}

fn bare(version: String) -> Release {
    Release { version, major: None, tag: None, rev: None }
}

/// `17` of `17.6`, `17_11` and `17beta1`.
pub fn first_number(version: &str) -> Option<u32> {
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The newest that is newer than `than` and that `fits`; prereleases only when they are wanted, and versions with
/// letters (`2.3.2-build`) only where the one before has some.
pub fn newest<'a>(
    releases: &'a [Release],
    than: &str,
    prereleases: bool,
    fits: impl Fn(&Release) -> bool,
) -> Option<&'a Release> {
    let letters = |version: &str| version.bytes().any(|byte| byte.is_ascii_alphabetic());
    let usual = |release: &Release| {
        if is_prerelease(&release.version) {
            prereleases
        } else {
            letters(than) || !letters(&release.version)
        }
    };
    releases
        .iter()
        .rev()
        .filter(|release| release.rev.is_some() || usual(release))
        .find(|release| fits(release))
        .filter(|release| compare(&release.version, than).is_gt())
}
