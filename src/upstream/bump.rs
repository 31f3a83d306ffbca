//! One extension's or one PostgreSQL's bump: new versions found, fetched, hashed, and its file's new text.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use toml_edit::{InlineTable, Value};

use super::archive::SourceTree;
use super::cargo::{CargoError, Lock};
use super::edit::{self, Changes, EditError};
use super::plan::{self, Step, Wish};
use super::prefetch::{Upstream, UpstreamError};
use super::progress::Progress;
use super::versions::{VersionsError, newest};
use crate::catalogue::model::{Catalogue, Extension, Fetcher, Postgresql, Vendor, Version};

/// Why a bump did not work.
#[derive(Debug, thiserror::Error)]
pub enum BumpError {
    /// Versions.
    #[error(transparent)]
    Versions(#[from] VersionsError),
    /// The source.
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    /// The crates.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// The file.
    #[error(transparent)]
    Edit(#[from] EditError),
    /// The version asked for.
    #[error("{name} has no version {version} upstream that is not in the catalogue{nearest}")]
    NoVersion {
        /// The extension.
        name: String,
        /// The version.
        version: String,
        /// What there is.
        nearest: String,
    },
}

/// A version that came in.
#[derive(Clone, Debug)]
pub struct Bumped {
    /// The extension, or `postgresql NAME`.
    pub name: String,
    /// The version before.
    pub from: String,
    /// The version now.
    pub to: String,
    /// For which PostgreSQLs.
    pub postgresqls: Vec<String>,
    /// The source's hash.
    pub hash: Option<String>,
    /// Where the changes are told.
    pub changelog: Option<String>,
    /// Where they are shown.
    pub compare: Option<String>,
    /// Versions that go.
    pub dropped: Vec<String>,
}

/// The outcome of a bump.
#[derive(Clone, Debug, Default)]
pub struct Edited {
    /// The file's new text.
    pub text: String,
    /// Other files, relative to the catalogue folder.
    pub files: BTreeMap<Utf8PathBuf, String>,
    /// What came in.
    pub bumped: Vec<Bumped>,
    /// Versions of cargo-pgrx that are needed.
    pub cargo_pgrx: BTreeSet<String>,
}

/// What would come in, without fetching it.
///
/// # Errors
/// When upstream cannot be asked.
pub fn find(
    upstream: &Upstream,
    catalogue: &Catalogue,
    extension: &Extension,
    wish: Wish<'_>,
) -> Result<Vec<Step>, BumpError> {
    let patterns = plan::patterns(extension, catalogue)?;
    let mut extension_to_ask = extension.clone();
    if wish.version.is_some() {
        extension_to_ask.follow.ignore.clear();
    }
    let releases = upstream.releases(&extension_to_ask, &patterns)?;
    let steps = plan::steps(extension, catalogue, &releases, wish);
    match wish.version {
        Some(version)
            if steps.is_empty() && !extension.versions.iter().any(|known| known.version == version) =>
        {
            let names: Vec<&str> =
                releases.iter().rev().take(5).map(|release| release.version.as_str()).collect();
            let nearest = if names.is_empty() {
                String::new()
            } else {
                format!("; the newest are {}", names.join(", "))
            };
            Err(BumpError::NoVersion { name: extension.name.clone(), version: version.to_owned(), nearest })
        }
        _ => Ok(steps),
    }
}

/// What a step is, before its source is known.
pub fn describe(extension: &Extension, step: &Step) -> Bumped {
    let base = &extension.versions[step.base];
    let fetcher = plan::fetcher(&base.source.fetcher, &base.version, &step.release);
    let (changelog, compare) = plan::links(extension, &base.source.fetcher, &fetcher, &step.release);
    Bumped {
        name: extension.name.clone(),
        from: base.version.clone(),
        to: step.release.version.clone(),
        postgresqls: step.postgresqls.clone(),
        hash: None,
        changelog,
        compare,
        dropped: Vec::new(),
    }
}

/// Fetches what `steps` say and edits the extension's file, whose text is `text`.
///
/// # Errors
/// When a source cannot be had; then nothing is to be changed.
pub fn extension(
    upstream: &Upstream,
    catalogue: &Catalogue,
    extension: &Extension,
    steps: &[Step],
    text: &str,
    replace: bool,
    progress: &dyn Progress,
) -> Result<Edited, BumpError> {
    let mut edited = Edited { text: text.to_owned(), ..Edited::default() };
    for step in steps {
        let base = &extension.versions[step.base];
        let fetcher = plan::fetcher(&base.source.fetcher, &base.version, &step.release);
        let fetched = upstream.fetch(&fetcher, progress)?;
        let mut bumped = describe(extension, step);
        bumped.hash = Some(fetched.hash.to_sri());
        let mut changes = own_keys(extension, base, step, &fetcher, &bumped);
        let wants_tree = base.build.pgrx.is_some() || !extension.sql_names.is_empty();
        // A source that is no archive (a bare SQL file) has nothing more to tell.
        let tree = if wants_tree { fetched.into_tree(upstream.limits).ok() } else { None };
        if let Some(tree) = &tree {
            sql_version(extension, base, &step.release.version, tree, &mut changes);
        }
        if base.build.pgrx.is_some() {
            let label = format!("{} {}", extension.name, step.release.version);
            let tree = tree.as_ref().ok_or_else(|| CargoError::NoLock(label.clone()))?;
            pgrx(upstream, extension, base, step, tree, &label, &mut changes, &mut edited)?;
        }
        let block = edit::block(&edited.text, "version", "version", &base.version)?;
        let all = plan_lists_all(extension, step);
        if !all {
            changes.push(("postgresql", Some(edit::strings(step.postgresqls.iter().map(String::as_str)))));
        }
        let table = edit::copy(&edited.text, &block, "version", &changes)?;
        edited.text = edit::insert(&edited.text, Some(&block), &table);
        if replace && all {
            let block = edit::block(&edited.text, "version", "version", &base.version)?;
            edited.text = edit::remove(&edited.text, &block);
            bumped.dropped.push(base.version.clone());
        }
        edited.bumped.push(bumped);
    }
    if let (Some(keep), false) = (extension.follow.keep, replace) {
        drop_surplus(catalogue, extension, steps, keep, &mut edited)?;
    }
    Ok(edited)
}

/// Whether the step is for all PostgreSQLs that have the base, so that their list can stay as it is written.
fn plan_lists_all(extension: &Extension, step: &Step) -> bool {
    extension.fits.iter().all(|(name, fit)| match fit {
        crate::catalogue::model::Fit::Versions { all, .. } => {
            !all.contains(&step.base) || step.postgresqls.contains(name)
        }
        crate::catalogue::model::Fit::Nixpkgs => true,
    })
}

fn own_keys(
    extension: &Extension,
    base: &Version,
    step: &Step,
    fetcher: &Fetcher,
    bumped: &Bumped,
) -> Changes {
    let text = |text: &str| Some(Value::from(text));
    let release = &step.release;
    let mut changes: Changes = vec![
        ("version", text(&release.version)),
        ("hash", bumped.hash.as_deref().and_then(text)),
        ("broken", None),
    ];
    if matches!(fetcher, Fetcher::Url { .. }) {
        // Its tags only tell which versions there are.
    } else if let Some(rev) = &release.rev {
        changes.extend([("rev", text(rev)), ("tag", None)]);
    } else if let Some(tag) = &release.tag {
        let template = extension.follow.template.as_ref().map(|t| t.replace("{version}", &release.version));
        let own = (template.as_deref() != Some(tag.as_str())).then(|| Value::from(tag.as_str()));
        changes.extend([("rev", None), ("tag", own)]);
    }
    if let (Fetcher::Url { url: old }, Fetcher::Url { url: new }) = (&base.source.fetcher, fetcher)
        && old == new
    {
        // The address does not tell the version: the same key would give the same file.
        changes.push(("url", text(new)));
    }
    changes
}

/// `sql-version`, where the control file says another one.
fn sql_version(
    extension: &Extension,
    base: &Version,
    version: &str,
    tree: &SourceTree,
    changes: &mut Changes,
) {
    let Some(name) = extension.sql_names.first() else { return };
    let below = base.build.source_root.as_ref().map_or(String::new(), |root| format!("{root}/"));
    let control =
        [format!("{below}{name}.control"), format!("{name}.control"), format!("{below}{name}.control.in")];
    let text = control.iter().find_map(|path| tree.file(path).ok().flatten());
    let Some(text) = text else { return };
    let Some(found) = super::guess::control::default_version(&String::from_utf8_lossy(&text)) else { return };
    changes.push(("sql-version", (found != version).then(|| Value::from(found))));
}

#[allow(clippy::too_many_arguments, reason = "one step of `extension`, apart for its length")]
fn pgrx(
    upstream: &Upstream,
    extension: &Extension,
    base: &Version,
    step: &Step,
    tree: &SourceTree,
    label: &str,
    changes: &mut Changes,
    edited: &mut Edited,
) -> Result<(), BumpError> {
    let Some(old) = &base.build.pgrx else { return Ok(()) };
    let lock = Lock::of_source(tree, base.build.source_root.as_deref(), label)?;
    let version = lock.version("pgrx").ok_or_else(|| CargoError::NoPgrx(label.into()))?;
    edited.cargo_pgrx.insert(version.to_owned());
    changes.push(("pgrx", Some(version.into())));
    match &old.vendor {
        Vendor::Hash(_) => changes.push(("cargo-hash", Some(upstream.vendor_hash(&lock)?.to_sri().into()))),
        Vendor::Lock { .. } => {
            let path = Utf8PathBuf::from(format!("locks/{}-{}.lock", extension.name, step.release.version));
            changes.push(("cargo-lock", Some(path.as_str().into())));
            let hashes = upstream.output_hashes(&lock)?;
            let table: InlineTable =
                hashes.iter().map(|(name, hash)| (name.as_str(), hash.to_sri())).collect();
            changes.push(("output-hashes", (!table.is_empty()).then_some(Value::InlineTable(table))));
            edited.files.insert(path, lock.text);
        }
    }
    Ok(())
}

/// Removes what no PostgreSQL keeps, counting what came in.
fn drop_surplus(
    catalogue: &Catalogue,
    extension: &Extension,
    steps: &[Step],
    keep: usize,
    edited: &mut Edited,
) -> Result<(), BumpError> {
    let mut after = extension.clone();
    for step in steps {
        let at = after.versions.len();
        let mut new = extension.versions[step.base].clone();
        new.version.clone_from(&step.release.version);
        after.versions.push(new);
        for name in step.postgresqls.iter().filter(|name| catalogue.postgresql(name).is_some()) {
            if let Some(crate::catalogue::model::Fit::Versions { default, all }) = after.fits.get_mut(name) {
                // A default that nobody pinned moves on.
                if all.last() == Some(default) {
                    *default = at;
                }
                all.push(at);
            }
        }
    }
    for at in plan::surplus(&after, keep).into_iter().filter(|at| *at < extension.versions.len()) {
        let version = &extension.versions[at].version;
        let block = edit::block(&edited.text, "version", "version", version)?;
        edited.text = edit::remove(&edited.text, &block);
        if let Some(last) = edited.bumped.last_mut() {
            last.dropped.push(version.clone());
        }
    }
    Ok(())
}

/// The newest version of a PostgreSQL that is pinned, if it is newer; entries for one exact version
/// (`17_6`, or with `like`) stay as they are.
///
/// # Errors
/// When upstream cannot be asked.
pub fn find_postgresql(
    upstream: &Upstream,
    postgresql: &Postgresql,
    wish: Wish<'_>,
) -> Result<Option<super::versions::Release>, BumpError> {
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
pub fn describe_postgresql(postgresql: &Postgresql, release: &super::versions::Release) -> Bumped {
    Bumped {
        name: format!("postgresql {}", postgresql.name),
        from: postgresql.pinned.as_ref().map(|pinned| pinned.version.clone()).unwrap_or_default(),
        to: release.version.clone(),
        postgresqls: vec![postgresql.name.clone()],
        hash: None,
        changelog: release_notes(&release.version),
        compare: None,
        dropped: Vec::new(),
    }
}

/// Fetches a PostgreSQL's new version and edits `postgresql.toml`, whose text is `text`.
///
/// # Errors
/// When the source cannot be had.
pub fn postgresql(
    upstream: &Upstream,
    postgresql: &Postgresql,
    release: &super::versions::Release,
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
            crate::catalogue::model::Revision::Tag(name) | crate::catalogue::model::Revision::Rev(name) => {
                Some(name.clone())
            }
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
    Ok(Edited { text: new, bumped: vec![bumped], ..Edited::default() })
}

/// Only PostgreSQL's own versions have a page: not `17_11` of a fork, not a beta.
fn release_notes(version: &str) -> Option<String> {
    let plain = version.chars().all(|c| c.is_ascii_digit() || c == '.') && version.contains('.');
    plain.then(|| format!("https://www.postgresql.org/docs/release/{version}/"))
}

/// `pgrx.toml` with a version of cargo-pgrx more, in the order of versions.
///
/// # Errors
/// When it cannot be fetched.
pub fn cargo_pgrx(upstream: &Upstream, version: &str, text: &str) -> Result<String, BumpError> {
    let (hash, cargo_hash) = upstream.cargo_pgrx(version)?;
    let blocks = edit::blocks(text, "cargo-pgrx", "version")?;
    let before =
        blocks.iter().rev().find(|block| crate::catalogue::version::compare(&block.name, version).is_lt());
    let changes: Changes = vec![
        ("version", Some(version.into())),
        ("hash", Some(hash.to_sri().into())),
        ("cargo-hash", Some(cargo_hash.to_sri().into())),
    ];
    Ok(edit::insert(text, before.or(blocks.last()), &edit::table("cargo-pgrx", &changes)))
}
