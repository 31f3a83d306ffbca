//! Hand-written Nix, judged on its syntax and, when asked to, evaluated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::evaluate::{self, Evaluated, Evaluation};
use super::{Error, Host};
use crate::catalogue::Catalogue;
use crate::diag::{Diagnostic, Diagnostics, SourceId, SourceMap, fix};
use crate::layout::{self, CATALOGUE};
use crate::limited;
use crate::nix::syntax::decode;
use crate::overrides::{OverrideFacts, facts_of, index::Index, lint_file, lint_override};
use crate::progress::progress;
use crate::tree;

/// Rounds of `--fix`: one correction can make room for another.
const ROUNDS: usize = 8;

/// What is to be judged.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// Nix files, or folders of them; without any, the catalogue's overrides and extra.nix. An override of the
    /// catalogue is judged as one, any other file by the rules that hold for all Nix.
    pub files: &'a [Utf8PathBuf],
    /// Corrections that are safe are applied.
    pub fix: bool,
    /// Overrides are evaluated besides, and how.
    pub evaluation: Option<Evaluation>,
    /// Paths below this folder are shown relative to it.
    pub here: Option<&'a Utf8Path>,
}

/// What was found.
#[derive(Debug)]
pub struct Validated {
    /// The texts that findings point into, with what was corrected.
    pub sources: SourceMap,
    /// What is left.
    pub diagnostics: Diagnostics,
    /// How many files were judged.
    pub files: usize,
    /// How many corrections were applied, and in how many files.
    pub fixed: (usize, usize),
    /// How many builds were evaluated, where there was one to evaluate.
    pub builds: Option<usize>,
}

/// A file to judge.
struct Job {
    /// As it can be opened.
    path: Utf8PathBuf,
    /// As it is shown.
    shown: Utf8PathBuf,
    facts: Option<Arc<OverrideFacts>>,
}

/// Judges hand-written Nix, and writes nothing but corrections that are asked for.
///
/// # Errors
/// When a file cannot be read, or with a correction written; when what is to be evaluated is not here.
pub fn validate(request: &Request<'_>, host: &dyn Host) -> Result<Validated, Error> {
    let root = request.root;
    let overrides = overrides(root)?;
    let jobs = jobs(request, &overrides)?;
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let mut fixed = (0, 0);
    let ids = read(&jobs, &mut sources, &mut diagnostics)?;
    let checking = progress(host, "checking", jobs.len());
    if request.fix {
        for (job, id) in jobs.iter().zip(&ids) {
            let count = correct(job, &mut sources, *id)?;
            fixed = (fixed.0 + count, fixed.1 + usize::from(count > 0));
        }
    }
    let found: Vec<Diagnostics> = jobs
        .par_iter()
        .zip(&ids)
        .map(|(job, id)| {
            let _task = checking.begin(|| job.shown.as_str());
            judge(job, *id, &sources)
        })
        .collect();
    drop(checking);
    found.into_iter().for_each(|found| diagnostics.append(found));
    let mut builds = None;
    if let Some(evaluation) = &request.evaluation {
        let files: BTreeSet<Utf8PathBuf> = jobs.iter().map(|job| canonical(&job.path)).collect();
        let only = |file: &Utf8Path| request.files.is_empty() || files.contains(&canonical(file));
        builds = evaluate(request, evaluation, only, host, &mut sources, &mut diagnostics)?;
    }
    Ok(Validated { sources, diagnostics, files: jobs.len(), fixed, builds })
}

/// Evaluates the catalogue's overrides among the files; how many builds that were. Without a catalogue that
/// can be generated from there is nothing to evaluate, and `check` says why.
fn evaluate(
    request: &Request<'_>,
    evaluation: &Evaluation,
    only: impl Fn(&Utf8Path) -> bool,
    host: &dyn Host,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) -> Result<Option<usize>, Error> {
    let root = request.root;
    let Some(catalogue) = super::load(root)?.catalogue else { return Err(Error::CatalogueHasErrors) };
    let shown = |file: &Utf8Path| request.shown(&root.join(file));
    let only = |file: &Utf8Path| only(&root.join(file));
    let asked = evaluate::Asked { root, catalogue: &catalogue, evaluation, host };
    match evaluate::judge(asked, &only, &shown, sources, sink)? {
        Evaluated::Builds(count) => Ok(Some(count)),
        Evaluated::Missing(what) => Err(Error::NotEvaluated(what)),
        Evaluated::Nothing => Ok(None),
    }
}

fn judge(job: &Job, id: SourceId, sources: &SourceMap) -> Diagnostics {
    let mut found = Diagnostics::new();
    match &job.facts {
        Some(facts) => lint_override(id, sources, facts, &mut found),
        None => lint_file(id, sources, &mut found),
    }
    found
}

/// The overrides that the catalogue names, by path, and what is known of the extensions they are for.
///
/// Findings about the catalogue itself are `check`'s; without a usable catalogue the files in its
/// folder are still overrides, of extensions that nothing is known of.
/// Files in folders beside overrides are what overrides import, unless the catalogue names them.
fn overrides(root: &Utf8Path) -> Result<BTreeMap<Utf8PathBuf, Option<Arc<OverrideFacts>>>, Error> {
    let folder = root.join(CATALOGUE);
    let mut all = BTreeMap::new();
    let index = index(root)?.map(Arc::new);
    let unknown = |name: &str| OverrideFacts {
        extension: name.to_owned(),
        directory: folder.join(layout::OVERRIDES),
        repository: root.to_owned(),
        index: index.clone(),
        ..OverrideFacts::default()
    };
    for path in nix_files(&folder.join(layout::OVERRIDES))? {
        let name = path.file_stem().unwrap_or_default().to_owned();
        let helper = path.parent() != Some(&folder.join(layout::OVERRIDES));
        all.insert(canonical(&path), (!helper).then(|| Arc::new(unknown(&name))));
    }
    if !folder.is_dir() {
        return Ok(all);
    }
    if let Some(catalogue) = super::load(root)?.catalogue {
        for (file, facts) in catalogue_facts(&catalogue, root, index) {
            all.insert(canonical(&file), Some(Arc::new(facts)));
        }
    }
    Ok(all)
}

/// The override files of a catalogue, each with what the linter needs to know.
pub(crate) fn catalogue_facts(
    catalogue: &Catalogue,
    root: &Utf8Path,
    index: Option<Arc<Index>>,
) -> Vec<(Utf8PathBuf, OverrideFacts)> {
    let mut all = Vec::new();
    for extension in &catalogue.extensions {
        let Some(file) = &extension.override_file else { continue };
        let path = root.join(CATALOGUE).join(file);
        let mut facts = facts_of(extension, catalogue);
        facts.directory = path.parent().unwrap_or(root).to_owned();
        facts.repository = root.to_owned();
        facts.index.clone_from(&index);
        all.push((path, facts));
    }
    all
}

/// Judges a catalogue's overrides and its extra.nix.
///
/// # Errors
/// When one of them, or the index of nixpkgs' names, cannot be read.
pub(crate) fn judge_catalogue(
    catalogue: &Catalogue,
    root: &Utf8Path,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) -> Result<(), Error> {
    let index = index(root)?.map(Arc::new);
    let facts = catalogue_facts(catalogue, root, index)
        .into_iter()
        .map(|(path, facts)| (path, Some(Arc::new(facts))));
    let extra = root.join(CATALOGUE).join(layout::EXTRA_NIX);
    let jobs: Vec<Job> = facts
        .chain(catalogue.has_extra.then_some((extra, None)))
        .map(|(path, facts)| Job { shown: path.strip_prefix(root).unwrap_or(&path).to_owned(), path, facts })
        .collect();
    let ids = read(&jobs, sources, sink)?;
    let found: Vec<Diagnostics> = jobs.par_iter().zip(ids).map(|(job, id)| judge(job, id, sources)).collect();
    found.into_iter().for_each(|found| sink.append(found));
    Ok(())
}

/// The repository's own index of nixpkgs' names, else the one that comes with the program.
pub(crate) fn index(root: &Utf8Path) -> Result<Option<Index>, Error> {
    let own = root.join(CATALOGUE).join(layout::NIXPKGS_INDEX);
    match limited::read(&own) {
        Ok(bytes) => Index::read(&bytes).map(Some).map_err(|source| Error::Index { path: own, source }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Index::bundled().ok()),
        Err(source) => Err(Error::Read { path: own, source }),
    }
}

fn canonical(path: &Utf8Path) -> Utf8PathBuf {
    path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned())
}

fn jobs(
    request: &Request<'_>,
    overrides: &BTreeMap<Utf8PathBuf, Option<Arc<OverrideFacts>>>,
) -> Result<Vec<Job>, Error> {
    let root = request.root;
    let mut paths = Vec::new();
    if request.files.is_empty() {
        paths.extend(overrides.keys().cloned());
        paths.extend(Some(root.join(CATALOGUE).join(layout::EXTRA_NIX)).filter(|path| path.is_file()));
        let folder = canonical(&root.join(CATALOGUE));
        if let Some(out) = paths.iter().find(|path| !canonical(path).starts_with(&folder)) {
            return Err(Error::LeadsOut { path: out.clone(), folder: CATALOGUE });
        }
    }
    for given in request.files {
        if given.is_dir() {
            paths.extend(nix_files(given)?);
        } else {
            paths.push(given.clone());
        }
    }
    let jobs = paths.into_iter().map(|path| Job {
        shown: request.shown(&path),
        facts: overrides.get(&canonical(&path)).cloned().flatten(),
        path,
    });
    Ok(jobs.collect())
}

impl Request<'_> {
    /// A path as it is to be read: below the current directory, relative to it.
    fn shown(&self, path: &Utf8Path) -> Utf8PathBuf {
        self.here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path).to_owned()
    }
}

/// The `.nix` files below a folder, in order; a folder that is not there has none.
fn nix_files(folder: &Utf8Path) -> Result<Vec<Utf8PathBuf>, Error> {
    let mut files = Vec::new();
    if !folder.exists() {
        return Ok(files);
    }
    let hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
    let walk = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || !hidden(entry.file_name())) {
        let entry = entry.map_err(|error| Error::Walk { folder: folder.to_owned(), source: error })?;
        if !entry.file_type().is_file() || entry.path().extension().is_none_or(|extension| extension != "nix")
        {
            continue;
        }
        match Utf8PathBuf::from_path_buf(entry.into_path()) {
            Ok(path) => files.push(path),
            Err(path) => return Err(Error::NotUtf8(path.display().to_string())),
        }
    }
    Ok(files)
}

fn read(jobs: &[Job], sources: &mut SourceMap, sink: &mut Diagnostics) -> Result<Vec<SourceId>, Error> {
    let texts: Vec<Result<Vec<u8>, Error>> = jobs
        .par_iter()
        .map(|job| limited::read(&job.path).map_err(|source| Error::Read { path: job.path.clone(), source }))
        .collect();
    jobs.iter().zip(texts).map(|(job, bytes)| Ok(decode::add(&job.shown, bytes?, sources, sink))).collect()
}

/// Applies what can be applied, until nothing is left to apply, and writes the file once.
fn correct(job: &Job, sources: &mut SourceMap, id: SourceId) -> Result<usize, Error> {
    let mut total = 0;
    for _ in 0..ROUNDS {
        let found = judge(job, id, sources);
        let text = sources.text(id).to_owned();
        let fixes: Vec<_> = found.iter().filter_map(|finding: &Diagnostic| finding.fix.as_ref()).collect();
        let (fixed, count) = fix::apply(id, &text, fixes);
        // A correction that does not parse would be ours to answer for.
        let worse = |text: &str| {
            let mut map = SourceMap::new();
            let id = map.add(&job.shown, text);
            judge(job, id, &map).iter().filter(|d| d.code.id() < "PGF209").count()
        };
        if count == 0 || worse(&fixed) > worse(&text) {
            break;
        }
        sources.replace(id, fixed);
        total += count;
    }
    if total > 0 {
        write(&job.path, sources.text(id))?;
    }
    Ok(total)
}

/// Replaces a file in one step, keeping its permissions; killed at any moment, the user has the old
/// text or the new one.
fn write(path: &Utf8Path, text: &str) -> Result<(), Error> {
    let path = canonical(path);
    let _unbroken = crate::interrupt::unbroken();
    tree::place::replace(&path, text.as_bytes()).map_err(|source| Error::Write { path, source })
}
