//! What can be put right without a decision: corrections that findings have, the layout of hand-written Nix, marks
//! that generated files have lost.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::check::{self, Checked};
use super::{Error, Host, generate};
use crate::diag::{Fix, SourceId, fix};
use crate::layout::CATALOGUE;
use crate::nix::syntax::format;
use crate::render::marker;
use crate::tree::{self, Conflict};

/// One correction can make room for another.
const ROUNDS: usize = 8;

/// Corrects the catalogue's own files, and generates where that can be done; gives the files that were corrected.
///
/// # Errors
/// When something cannot be read or written.
pub fn fix(root: &Utf8Path, host: &dyn Host) -> Result<BTreeSet<Utf8PathBuf>, Error> {
    drop(super::recovered(root, host)?);
    let mut fixed = BTreeSet::new();
    let mut checked = look(root, host)?;
    for _ in 0..ROUNDS {
        let old = write(root, &corrected(&checked), host)?;
        if old.is_empty() {
            break;
        }
        let again = look(root, host)?;
        if again.loaded.diagnostics.counts().0 > checked.loaded.diagnostics.counts().0 {
            // Ours to answer for: as it was.
            write(root, &old, host)?;
            break;
        }
        checked = again;
        fixed.extend(old.into_iter().map(|one| one.path));
    }
    fixed.extend(write(root, &unmarked(&checked), host)?.into_iter().map(|one| one.path));
    generate::generate(&generate::Request { root, dry_run: false, force: false }, host)?;
    Ok(fixed)
}

fn look(root: &Utf8Path, host: &dyn Host) -> Result<Checked, Error> {
    let request = check::Request { evaluate: false, ..check::Request::new(root) };
    check::check(&request, host)
}

/// A file with another text.
struct New {
    /// Relative to the root.
    path: Utf8PathBuf,
    /// What it is to replace.
    before: String,
    text: String,
}

/// Corrections of findings in the catalogue's files; the layout of its Nix where they leave nothing.
fn corrected(checked: &Checked) -> Vec<New> {
    let loaded = &checked.loaded;
    let mut by_file: BTreeMap<SourceId, Vec<&Fix>> = BTreeMap::new();
    for finding in loaded.diagnostics.iter() {
        let at = finding.fix.as_ref().and_then(|fix| Some((fix.edits.first()?.span.source, fix)));
        if let Some((source, fix)) = at {
            by_file.entry(source).or_default().push(fix);
        }
    }
    let mut all: Vec<New> = Vec::new();
    for (source, fixes) in by_file {
        let (path, before) = (loaded.sources.path(source), loaded.sources.text(source));
        let (text, fixes) = fix::apply(source, before, fixes);
        if fixes > 0 && path.starts_with(CATALOGUE) {
            all.push(New { path: path.to_owned(), before: before.to_owned(), text });
        }
    }
    if all.is_empty() {
        let nix = loaded
            .sources
            .iter()
            .filter(|(path, _)| path.starts_with(CATALOGUE) && path.extension() == Some("nix"));
        all.extend(nix.filter_map(|(path, before)| {
            let text = format::format(before).ok().filter(|text| text != before)?;
            Some(New { path: path.to_owned(), before: before.to_owned(), text })
        }));
    }
    all
}

/// Generated files that lack nothing but lines of their head, and with them the mark.
fn unmarked(checked: &Checked) -> Vec<New> {
    let changes = checked.compared.iter().flat_map(|compared| &compared.comparison.changes);
    let lost = changes.filter_map(|change| {
        let (before, after) = (change.before.as_ref()?, change.after.as_ref()?);
        let body = |line: &&str| !marker::is_ours(line) && !line.trim().is_empty();
        let lost = matches!(change.conflict, Some(Conflict::Foreign | Conflict::Edited { .. }))
            && !marker::is_ours(before)
            && before.lines().filter(body).eq(after.lines().filter(body));
        lost.then(|| New { path: change.path.clone(), before: before.clone(), text: after.clone() })
    });
    lost.collect()
}

/// Replaces each file in one step, unless it is another one by now or no plain file; gives what was there.
fn write(root: &Utf8Path, all: &[New], host: &dyn Host) -> Result<Vec<New>, Error> {
    let _guard = super::locked(root, host)?;
    let _unbroken = crate::interrupt::unbroken();
    let mut old = Vec::new();
    for one in all {
        let path = root.join(&one.path);
        let plain = std::fs::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
        let inside = path
            .canonicalize_utf8()
            .is_ok_and(|real| root.canonicalize_utf8().is_ok_and(|root| real == root.join(&one.path)));
        if !plain || !inside || std::fs::read(&path).ok().as_deref() != Some(one.before.as_bytes()) {
            continue;
        }
        tree::place::replace(&path, one.text.as_bytes())
            .map_err(|source| Error::Write { path: path.clone(), source })?;
        old.push(New { path: one.path.clone(), before: one.text.clone(), text: one.before.clone() });
    }
    Ok(old)
}
