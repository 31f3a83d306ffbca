//! An extension's bump: its file with the new versions, and the other files that come with them.

use camino::Utf8PathBuf;
use toml_edit::Value;

use super::files::Files;
use super::{BumpError, Bumped, Edited, describe, pgrx};
use crate::catalogue::model::{Catalogue, Control, Extension, Fetcher, Fit, OneControl, Vendor, Version};
use crate::catalogue::names::{PgName, SqlName};
use crate::store::archive::SourceTree;
use crate::upstream::cargo::CargoError;
use crate::upstream::detect::control;
use crate::upstream::edit::{self, Block, Changes, EditError};
use crate::upstream::plan::{self, Step};
use crate::upstream::prefetch::{Upstream, UpstreamError};
use crate::upstream::progress::Progress;
use crate::upstream::support::{self, Support};

/// How a file is edited.
#[derive(Clone, Copy)]
pub struct How<'a> {
    /// The version that the new one follows goes.
    pub replace: bool,
    /// Told of the downloads.
    pub progress: &'a dyn Progress,
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
    how: How<'_>,
) -> Result<Edited, BumpError> {
    let mut edited = Edited { before: text.to_owned(), text: text.to_owned(), ..Edited::default() };
    let mut taken = Vec::new();
    for step in steps {
        let base = &extension.versions[step.base];
        let mut step = step.clone();
        let (fetcher, files) = match base.build.files.is_empty() {
            true => (plan::fetcher(&base.source.fetcher, &base.version, &step.release), None),
            false => {
                let files = Files::fetch(upstream, base, &step, how)?;
                (files.first.clone(), Some(files))
            }
        };
        let fetched = upstream.fetch(&fetcher, how.progress)?;
        let hash = fetched.hash.to_sri();
        let hazards: Vec<String> = fetched
            .hazards
            .iter()
            .map(|doubt| format!("the hash may be another one elsewhere: {doubt}"))
            .collect();
        let wants_tree = base.build.pgrx.is_some() || !extension.sql_names.is_empty();
        // A source that is no archive (a bare SQL file) has nothing more to tell.
        let tree = if wants_tree { fetched.into_tree(upstream.limits).ok() } else { None };
        let mut behind =
            files.as_ref().map_or_else(Vec::new, |files| files.leave_behind(catalogue, &mut step));
        if let Some(tree) = &tree {
            behind.extend(leave_behind(catalogue, base, &mut step, tree)?);
        }
        if step.postgresqls.is_empty() {
            edited.left_out.push(format!(
                "{} {} is left out: {}",
                extension.name,
                step.release.version,
                behind.join("; ")
            ));
            continue;
        }
        let mut bumped = describe(extension, &step);
        bumped.hash = Some(hash);
        bumped.remarks = behind;
        bumped.remarks.extend(hazards);
        let mut changes = own_keys(extension, base, &step, &fetcher, &bumped);
        if let Some(files) = files {
            changes.retain(|(key, _)| !matches!(*key, "hash" | "url"));
            changes.push(("hashes", Some(files.table())));
            bumped.remarks.extend(files.absent);
        }
        if let Some(tree) = &tree {
            sql_version(extension, base, &step.release.version, tree, &mut changes);
            control(extension, base, tree, &mut changes);
        }
        if let Some(old) = &base.build.pgrx {
            let label = || format!("{} {}", extension.name, step.release.version);
            let tree = tree.as_ref().ok_or_else(|| CargoError::NoLock(label()))?;
            let source_root = base.build.source_root.as_deref();
            pgrx::Source { upstream, catalogue, extension, old, source_root, tree }.keys(
                &mut bumped,
                &mut changes,
                &mut edited,
            )?;
        }
        let block = block(&edited.text, base)?;
        let all = lists_all(extension, &step);
        if !all {
            changes.push(("postgresql", Some(edit::strings(step.postgresqls.iter().map(PgName::as_str)))));
        }
        let table = edit::copy(&edited.text, &block, "version", &changes)?;
        edited.text = edit::insert(&edited.text, Some(&block), &table);
        if how.replace && all {
            drop_version(extension, step.base, &mut edited)?;
            bumped.dropped.push(base.version.clone());
        }
        edited.bumped.push(bumped);
        taken.push(step);
    }
    if let (Some(keep), false, false) = (extension.follow.keep, how.replace, taken.is_empty()) {
        drop_surplus(catalogue, extension, &taken, keep, &mut edited)?;
    }
    Ok(edited)
}

/// The table of a version. One version may have several, each with a source of its own.
fn block(text: &str, version: &Version) -> Result<Block, EditError> {
    let named = edit::blocks(text, "version", "version")?;
    let mut named = named.into_iter().filter(|block| block.name == version.version);
    let first = named.next().ok_or_else(|| EditError::NoTable {
        array: "version",
        key: "version",
        text: version.version.clone(),
    })?;
    let hash = |block: &Block| edit::string(&text[block.range.clone()], "version", "hash");
    let exact = |block: &Block| hash(block).as_deref() == Some(version.source.hash.as_str());
    if exact(&first) {
        return Ok(first);
    }
    Ok(named.find(exact).unwrap_or(first))
}

/// PostgreSQLs that the new source says it does not work with stay with what they have; why.
fn leave_behind(
    catalogue: &Catalogue,
    base: &Version,
    step: &mut Step,
    tree: &SourceTree,
) -> Result<Vec<String>, BumpError> {
    let folder = [
        base.build.source_root.as_deref(),
        base.build.pgrx.as_ref().and_then(|pgrx| pgrx.cargo_package.as_deref()),
    ];
    let folder = folder.into_iter().flatten().collect::<Vec<_>>().join("/");
    let folder = (!folder.is_empty()).then_some(folder.as_str());
    let mut behind = Vec::new();
    for name in std::mem::take(&mut step.postgresqls) {
        let major = catalogue.postgresql(&name).map(|postgresql| postgresql.major);
        let says = match major {
            Some(major) => {
                support::of(tree, base.build.pgrx.is_some(), folder, major).map_err(UpstreamError::from)?
            }
            None => Support::Unknown,
        };
        match says {
            Support::No(why) => behind.push(format!("PostgreSQL {name} stays with what it has: {why}")),
            Support::Yes | Support::Unknown => step.postgresqls.push(name),
        }
    }
    Ok(behind)
}

/// Whether the step is for all PostgreSQLs that have the base, so that their list can stay as it is written.
fn lists_all(extension: &Extension, step: &Step) -> bool {
    extension.fits.iter().all(|(name, fit)| match fit {
        Fit::Versions { all, .. } => {
            all.binary_search(&step.base).is_err() || step.postgresqls.contains(name)
        }
        Fit::Nixpkgs => true,
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
    let Some(text) = control_file(base, name, tree) else { return };
    let Some(found) = control::default_version(&text) else { return };
    changes.push(("sql-version", (found != version).then(|| Value::from(found))));
}

/// The control file of a SQL name: where the version is built, at the top, or else wherever the source has it.
fn control_file(base: &Version, name: &str, tree: &SourceTree) -> Option<String> {
    let below = base.build.source_root.as_ref().map_or(String::new(), |root| format!("{root}/"));
    let usual =
        [format!("{below}{name}.control"), format!("{name}.control"), format!("{below}{name}.control.in")];
    let read = |path: &str| tree.file(path).ok().flatten();
    let text = usual.iter().find_map(|path| read(path)).or_else(|| {
        let (plain, made) = (format!("/{name}.control"), format!("/{name}.control.in"));
        let mut all = tree.paths();
        all.retain(|path| path.ends_with(&plain) || path.ends_with(&made));
        let path = all.iter().min_by_key(|path| path.matches('/').count())?;
        read(path)
    })?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// `control`, where the control files say something else than what is said of all versions. Where nothing is, those
/// that say nothing add nothing.
fn control(extension: &Extension, base: &Version, tree: &SourceTree, changes: &mut Changes) {
    let rights = |name: &SqlName| Some((name.clone(), control::rights(&control_file(base, name, tree)?)?));
    let Some(found) = extension.sql_names.iter().map(rights).collect::<Option<_>>().map(Control) else {
        return;
    };
    let is_silent = found.0.values().all(|one| *one == OneControl::default());
    if found.0.is_empty() || (is_silent && base.control.is_none()) {
        return;
    }
    let is_said = extension.control.as_ref() == Some(&found);
    changes.push(("control", (!is_said).then(|| Value::from(control::key(&found)))));
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
            if let Some(Fit::Versions { default, all }) = after.fits.get_mut(name) {
                // A default that nobody pinned moves on.
                if all.last() == Some(default) {
                    *default = at;
                }
                all.push(at);
            }
        }
    }
    for at in plan::surplus(&after, keep).into_iter().filter(|at| *at < extension.versions.len()) {
        drop_version(extension, at, edited)?;
        if let Some(last) = edited.bumped.last_mut() {
            last.dropped.push(extension.versions[at].version.clone());
        }
    }
    Ok(())
}

/// Removes a version's table, and its lock file if no other version has the same.
fn drop_version(extension: &Extension, at: usize, edited: &mut Edited) -> Result<(), BumpError> {
    let version = &extension.versions[at];
    let block = block(&edited.text, version)?;
    edited.text = edit::remove(&edited.text, &block);
    if let Some(file) = lock_file(version) {
        let shared = (extension.versions.iter().enumerate())
            .any(|(other, version)| other != at && lock_file(version) == Some(file));
        if !shared && !edited.files.contains_key(file) {
            edited.removed.insert(file.clone());
        }
    }
    Ok(())
}

fn lock_file(version: &Version) -> Option<&Utf8PathBuf> {
    match &version.build.pgrx.as_ref()?.vendor {
        Vendor::Lock { file, .. } => Some(file),
        Vendor::Hash(_) => None,
    }
}
