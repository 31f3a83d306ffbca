//! A pinned PostgreSQL's bump.

use toml_edit::Value;

use super::{BumpError, Bumped, Edited};
use crate::catalogue::model::{Fetcher, Postgresql, Revision};
use crate::upstream::edit;
use crate::upstream::plan::{self, Wish};
use crate::upstream::prefetch::Upstream;
use crate::upstream::progress::Progress;
use crate::upstream::versions::{Release, newest};

/// The newest version of a PostgreSQL that is pinned, if it is newer; entries for one exact version
/// (`17_6`, or with `like`) stay as they are.
///
/// # Errors
/// When upstream cannot be asked.
pub fn find_postgresql(
    upstream: &Upstream,
    postgresql: &Postgresql,
    wish: Wish<'_>,
) -> Result<Option<Release>, BumpError> {
    let Some(pinned) = &postgresql.pinned else { return Ok(None) };
    let exact = postgresql.name == pinned.version.replace('.', "_");
    if exact && wish.version.is_none() {
        return Ok(None);
    }
    let releases = upstream.postgresql_versions(postgresql)?;
    let prereleases = wish.prereleases || postgresql.prerelease;
    Ok(match wish.version {
        Some(version) => {
            releases.into_iter().find(|release| release.version == version && version != pinned.version)
        }
        None => newest(&releases, &pinned.version, prereleases, |_| true).cloned(),
    })
}

/// What a PostgreSQL's new version is, before its source is known.
pub fn describe_postgresql(postgresql: &Postgresql, release: &Release) -> Bumped {
    Bumped {
        name: format!("postgresql {}", postgresql.name),
        from: postgresql.pinned.as_ref().map(|pinned| pinned.version.clone()).unwrap_or_default(),
        to: release.version.clone(),
        postgresqls: vec![postgresql.name.clone()],
        hash: None,
        changelog: release_notes(&release.version),
        compare: None,
        dropped: Vec::new(),
        remarks: Vec::new(),
    }
}

/// Fetches a PostgreSQL's new version and edits `postgresql.toml`, whose text is `text`.
///
/// # Errors
/// When the source cannot be had.
pub fn postgresql(
    upstream: &Upstream,
    postgresql: &Postgresql,
    release: &Release,
    text: &str,
    progress: &dyn Progress,
) -> Result<Edited, BumpError> {
    let Some(pinned) = &postgresql.pinned else { return Ok(Edited::default()) };
    let fetcher = plan::fetcher(&pinned.source.fetcher, &pinned.version, release);
    let fetched = upstream.fetch(&fetcher, progress)?;
    let name = postgresql.name.as_str();
    let changes =
        [("version", Value::from(release.version.as_str())), ("hash", Value::from(fetched.hash.to_sri()))];
    let mut new = edit::set(text, "postgresql", "name", name, &changes)?;
    let names = |fetcher: &Fetcher| match fetcher {
        Fetcher::GitHub { at, .. } | Fetcher::Git { at, .. } => match at {
            Revision::Tag(name) | Revision::Rev(name) => Some(name.clone()),
        },
        Fetcher::Url { .. } => None,
    };
    if let (Some(old), Some(tag)) = (names(&pinned.source.fetcher), &release.tag) {
        // A tag that is written out stands in the source; one with {version} follows by itself.
        let block = edit::block(&new, "postgresql", "name", name)?;
        let old = old.strip_prefix("refs/tags/").unwrap_or(&old);
        let table = new[block.range.clone()].replace(&format!("{old}\""), &format!("{tag}\""));
        new.replace_range(block.range, &table);
    }
    let mut bumped = describe_postgresql(postgresql, release);
    bumped.hash = Some(fetched.hash.to_sri());
    Ok(Edited { before: text.to_owned(), text: new, bumped: vec![bumped], ..Edited::default() })
}

/// Only PostgreSQL's own versions have a page: not `17_11` of a fork, not a beta.
fn release_notes(version: &str) -> Option<String> {
    let plain = version.chars().all(|c| c.is_ascii_digit() || c == '.') && version.contains('.');
    plain.then(|| format!("https://www.postgresql.org/docs/release/{version}/"))
}
