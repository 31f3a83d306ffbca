//! `pgflakegen validate`: hand-written Nix judged on its syntax and, when asked to, evaluated.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::evaluate::{self, Evaluated};
use super::{Context, Outcome, plural};
use crate::catalogue::{Catalogue, FOLDER};
use crate::diag::{self, Diagnostic, Diagnostics, Format, SourceId, SourceMap, fix};
use crate::limited;
use crate::nix::syntax::decode;
use crate::overrides::{OverrideFacts, facts_of, index::Index, lint_file, lint_override};
use crate::terminal;
use crate::tree;

/// Rounds of `--fix`: one correction can make room for another.
const ROUNDS: usize = 8;

/// Options of `validate`.
#[derive(clap::Args, Debug, Default)]
pub struct Args {
    /// Show all findings on a terminal, where those of a kind beyond 50 are only counted otherwise.
    #[arg(long)]
    pub all: bool,

    /// The Nix files, or folders of them; without any, the catalogue's overrides and extra.nix.
    ///
    /// An override of the catalogue is judged as one, any other file by the rules that hold for all Nix.
    #[arg(value_name = "FILE")]
    pub files: Vec<Utf8PathBuf>,

    /// Apply the corrections that are safe, and show what is left.
    #[arg(long)]
    pub fix: bool,

    /// Choose how findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Evaluate the overrides besides: every build that has one, with it and without it (implied by --systems
    /// and --override-input).
    #[arg(long)]
    pub evaluate: bool,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub evaluation: evaluate::Options,
}

/// A file to judge.
struct Job {
    /// As it can be opened.
    path: Utf8PathBuf,
    /// As it is shown.
    shown: Utf8PathBuf,
    facts: Option<Arc<OverrideFacts>>,
}

/// Runs it.
///
/// # Errors
/// When a file cannot be read, or with `--fix` written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.fold &= !args.all;
    let root = super::root(context.root.as_deref())?;
    let overrides = overrides(&root)?;
    let jobs = jobs(args, &root, &overrides)?;
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let mut fixed = (0, 0);
    let ids = read(&jobs, &mut sources, &mut diagnostics)?;
    let checking = terminal::progress("checking", jobs.len());
    if args.fix {
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
    let mut evaluated = None;
    if args.evaluate || args.evaluation.any() {
        let files: BTreeSet<Utf8PathBuf> = jobs.iter().map(|job| canonical(&job.path)).collect();
        let only = |file: &Utf8Path| args.files.is_empty() || files.contains(&canonical(file));
        evaluated = evaluate(args, &root, only, &mut sources, &mut diagnostics)?;
    }
    emit(&diagnostics, &sources, args.format, context)?;
    if fixed.0 > 0 {
        context.say(format_args!(
            "{} applied in {}",
            plural(fixed.0, "fix").replace("fixs", "fixes"),
            plural(fixed.1, "file")
        ))?;
    }
    let (errors, warnings) = diagnostics.counts();
    let summary = match (errors, warnings) {
        (0, 0) => format!("{}: nothing found", plural(jobs.len(), "file")),
        _ => format!(
            "{}: {}, {}",
            plural(jobs.len(), "file"),
            plural(errors, "error"),
            plural(warnings, "warning")
        ),
    };
    let summary = match evaluated {
        Some(builds) => format!("{summary}; {} evaluated", plural(builds, "build")),
        None => summary,
    };
    context.say(summary)?;
    Ok(if diagnostics.has_errors() { Outcome::Findings } else { Outcome::Clean })
}

/// Evaluates the catalogue's overrides among the files; how many builds that were. Without a catalogue that
/// can be generated from there is nothing to evaluate, and `check` says why.
fn evaluate(
    args: &Args,
    root: &Utf8Path,
    only: impl Fn(&Utf8Path) -> bool,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) -> anyhow::Result<Option<usize>> {
    let Some(catalogue) = super::load(root)?.catalogue else {
        anyhow::bail!(
            "the catalogue has errors, so that no override can be evaluated; see `pgflakegen check`"
        );
    };
    let shown = shown_from_here();
    let shown = |file: &Utf8Path| shown(&root.join(file));
    let only = |file: &Utf8Path| only(&root.join(file));
    match evaluate::judge(root, &catalogue, &args.evaluation, &only, &shown, sources, sink)? {
        Evaluated::Builds(count) => Ok(Some(count)),
        Evaluated::Missing(what) => anyhow::bail!("the overrides cannot be evaluated: {what}"),
        Evaluated::Nothing => Ok(None),
    }
}

fn emit(
    diagnostics: &Diagnostics,
    sources: &SourceMap,
    format: Format,
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    match format {
        Format::Text => {
            diag::emit_text(diagnostics, sources, context.colour_err, context.fold, context.err)?;
        }
        _ => diag::emit(diagnostics, sources, format, context.colour_out, context.out)?,
    }
    Ok(())
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
fn overrides(root: &Utf8Path) -> anyhow::Result<BTreeMap<Utf8PathBuf, Arc<OverrideFacts>>> {
    let folder = root.join(FOLDER);
    let mut all = BTreeMap::new();
    let index = index(root)?.map(Arc::new);
    let unknown = |name: &str| OverrideFacts {
        extension: name.to_owned(),
        directory: folder.join("overrides"),
        repository: root.to_owned(),
        index: index.clone(),
        ..OverrideFacts::default()
    };
    for path in nix_files(&folder.join("overrides"))? {
        let name = path.file_stem().unwrap_or_default().to_owned();
        all.insert(canonical(&path), Arc::new(unknown(&name)));
    }
    if !folder.is_dir() {
        return Ok(all);
    }
    if let Some(catalogue) = super::load(root)?.catalogue {
        for (file, facts) in catalogue_facts(&catalogue, root, index) {
            all.insert(canonical(&file), Arc::new(facts));
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
        let path = root.join(FOLDER).join(file);
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
) -> anyhow::Result<()> {
    let index = index(root)?.map(Arc::new);
    let facts = catalogue_facts(catalogue, root, index)
        .into_iter()
        .map(|(path, facts)| (path, Some(Arc::new(facts))));
    let extra = root.join(FOLDER).join("extra.nix");
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
pub(crate) fn index(root: &Utf8Path) -> anyhow::Result<Option<Index>> {
    let own = root.join(FOLDER).join(super::index::FILE);
    match limited::read(&own) {
        Ok(bytes) => Ok(Some(
            Index::read(&bytes)
                .with_context(|| format!("{own} is no index; `pgflakegen index` renews it"))?,
        )),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Index::bundled().ok()),
        Err(error) => Err(error).with_context(|| format!("{own} cannot be read")),
    }
}

fn canonical(path: &Utf8Path) -> Utf8PathBuf {
    path.canonicalize_utf8().unwrap_or_else(|_| path.to_owned())
}

fn jobs(
    args: &Args,
    root: &Utf8Path,
    overrides: &BTreeMap<Utf8PathBuf, Arc<OverrideFacts>>,
) -> anyhow::Result<Vec<Job>> {
    let mut paths = Vec::new();
    if args.files.is_empty() {
        paths.extend(overrides.keys().cloned());
        paths.extend(Some(root.join(FOLDER).join("extra.nix")).filter(|path| path.is_file()));
        let folder = canonical(&root.join(FOLDER));
        if let Some(out) = paths.iter().find(|path| !canonical(path).starts_with(&folder)) {
            anyhow::bail!("{out} is a link that leads out of {FOLDER}/: only what is inside is read");
        }
    }
    for given in &args.files {
        if given.is_dir() {
            paths.extend(nix_files(given)?);
        } else {
            paths.push(given.clone());
        }
    }
    let shown = shown_from_here();
    let jobs = paths.into_iter().map(|path| Job {
        shown: shown(&path),
        facts: overrides.get(&canonical(&path)).cloned(),
        path,
    });
    Ok(jobs.collect())
}

/// Paths as they are to be read: below the current directory, relative to it.
fn shown_from_here() -> impl Fn(&Utf8Path) -> Utf8PathBuf {
    let here = std::env::current_dir().ok().and_then(|here| Utf8PathBuf::try_from(here).ok());
    move |path| match &here {
        Some(here) => path.strip_prefix(here).unwrap_or(path).to_owned(),
        None => path.to_owned(),
    }
}

/// The `.nix` files below a folder, in order; a folder that is not there has none.
fn nix_files(folder: &Utf8Path) -> anyhow::Result<Vec<Utf8PathBuf>> {
    let mut files = Vec::new();
    if !folder.exists() {
        return Ok(files);
    }
    let hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
    let walk = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter();
    for entry in walk.filter_entry(|entry| entry.depth() == 0 || !hidden(entry.file_name())) {
        let entry = entry.with_context(|| format!("{folder} cannot be read"))?;
        if !entry.file_type().is_file() || entry.path().extension().is_none_or(|extension| extension != "nix")
        {
            continue;
        }
        match Utf8PathBuf::from_path_buf(entry.into_path()) {
            Ok(path) => files.push(path),
            Err(path) => anyhow::bail!("{} is not UTF-8", path.display()),
        }
    }
    Ok(files)
}

fn read(jobs: &[Job], sources: &mut SourceMap, sink: &mut Diagnostics) -> anyhow::Result<Vec<SourceId>> {
    let texts: Vec<anyhow::Result<Vec<u8>>> = jobs
        .par_iter()
        .map(|job| limited::read(&job.path).with_context(|| format!("{} cannot be read", job.path)))
        .collect();
    jobs.iter().zip(texts).map(|(job, bytes)| Ok(decode::add(&job.shown, bytes?, sources, sink))).collect()
}

/// Applies what can be applied, until nothing is left to apply, and writes the file once.
fn correct(job: &Job, sources: &mut SourceMap, id: SourceId) -> anyhow::Result<usize> {
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
fn write(path: &Utf8Path, text: &str) -> anyhow::Result<()> {
    let path = canonical(path);
    let _unbroken = crate::interrupt::unbroken();
    tree::place::replace(&path, text.as_bytes()).with_context(|| format!("{path} cannot be written"))
}
