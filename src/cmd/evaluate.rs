//! Evaluating overrides, for the commands that do: what is generated goes in, findings come out.

use anyhow::bail;
use camino::{Utf8Path, Utf8PathBuf};

use super::inputs::Inputs;
use super::limits::Limits;
use super::program::messages;
use crate::catalogue::model::Catalogue;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, SourceId, SourceMap, nearest};
use crate::nix::eval::Settings;
use crate::nix::eval::shared::current_system;
use crate::overrides::evaluated::packages::{self, Nothing, Package};
use crate::overrides::evaluated::{self, Build, Outcome, Task};
use crate::render;
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder!(EvalLimit, PackageFails);

/// Options of what evaluates overrides.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct Options {
    /// Evaluate overrides for these systems [default: all of the catalogue; check: this machine's].
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub systems: Vec<String>,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub inputs: Inputs,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub limits: Limits,
}

impl Options {
    /// Whether one was given that has no sense without evaluation.
    pub(crate) fn any(&self) -> bool {
        !self.systems.is_empty() || !self.inputs.override_input.is_empty()
    }
}

/// How it went.
pub(crate) enum Evaluated {
    /// That many builds were evaluated.
    Builds(usize),
    /// An input is not here; the text says which, and how to get it.
    Missing(String),
    /// There is no override.
    Nothing,
}

/// The machine's system if the catalogue has it, else its first.
pub(crate) fn own_system(catalogue: &Catalogue) -> String {
    let own = current_system();
    let systems = &catalogue.flake.systems;
    if systems.contains(&own) { own } else { systems.first().cloned().unwrap_or(own) }
}

/// The systems asked for.
pub(crate) fn systems(catalogue: &Catalogue, options: &Options) -> anyhow::Result<Vec<String>> {
    let known = &catalogue.flake.systems;
    if let Some(unknown) = options.systems.iter().find(|system| !known.contains(system)) {
        let hint = nearest(unknown, known.iter().map(String::as_str));
        let hint = hint.map_or("; it".to_owned(), |hint| format!("; did you mean {hint}? It"));
        bail!("the catalogue has no system {unknown}{hint} has {}", known.join(", "));
    }
    Ok(if options.systems.is_empty() { known.clone() } else { options.systems.clone() })
}

/// The repository with what would be generated now.
pub(crate) fn task<'a>(
    root: &'a Utf8Path,
    catalogue: &Catalogue,
    inputs: &Inputs,
    limits: &Limits,
) -> Task<'a> {
    let files = render::render(catalogue).into_iter().map(|file| (file.path, file.text)).collect();
    let mut settings = Settings {
        pure: true,
        source_cache: inputs.source_cache.clone(),
        local_sources: inputs.allow_local,
        messages: messages(),
        ..Settings::default()
    };
    limits.bounded(&mut settings);
    Task { root, files, inputs: inputs.overrides(), settings, partial: false }
}

/// Evaluates the overrides for which `only` holds (it is handed paths relative to the root), and adds what it
/// finds to `sink`.
pub(crate) fn judge(
    root: &Utf8Path,
    catalogue: &Catalogue,
    options: &Options,
    only: &dyn Fn(&Utf8Path) -> bool,
    shown: &dyn Fn(&Utf8Path) -> Utf8PathBuf,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) -> anyhow::Result<Evaluated> {
    let builds: Vec<Build> =
        evaluated::builds(catalogue).into_iter().filter(|build| only(&build.file)).collect();
    let systems = systems(catalogue, options)?;
    if builds.is_empty() {
        return Ok(Evaluated::Nothing);
    }
    let mut found = Diagnostics::new();
    let mut task = task(root, catalogue, &options.inputs, &options.limits);
    let wishes = wishes(catalogue, &task.settings);
    task.partial = !catalogue.flake.systems.iter().all(|system| systems.contains(system));
    match evaluated::judge(task, &builds, &systems, shown, sources, &mut found) {
        Outcome::Missing(what) => Ok(Evaluated::Missing(missing(catalogue, what))),
        Outcome::Judged(count) => {
            let known = lines_with_errors(sink, sources);
            let with_wishes = |finding: Diagnostic| match finding.code {
                Code::EvalLimit => wishes.iter().fold(finding, |finding, wish| finding.help(wish)),
                _ => finding,
            };
            sink.extend(found.into_iter().map(with_wishes).filter(|finding| match &finding.primary {
                // The rules said it already, and what to write instead.
                Some(label) => {
                    let line = sources.line_column(label.span.source, label.span.start).line;
                    !known.contains(&(label.span.source, line))
                }
                None => true,
            }));
            Ok(Evaluated::Builds(count))
        }
    }
}

/// What the catalogue asks for that is more than it has: it comes from whoever made it, so that only whoever runs
/// this can grant it.
fn wishes(catalogue: &Catalogue, settings: &Settings) -> Vec<String> {
    let mut wishes = Vec::new();
    if let Some(memory) = catalogue.flake.max_memory.filter(|memory| *memory > settings.max_memory) {
        let (size, unit) = if memory % (1 << 30) == 0 { (memory >> 30, "G") } else { (memory >> 20, "M") };
        wishes.push(format!("this catalogue asks for {size} {unit}iB: --max-memory {size}{unit}"));
    }
    let time = settings.max_time.unwrap_or_default();
    if let Some(seconds) = catalogue.flake.max_time.filter(|seconds| *seconds > time.as_secs()) {
        wishes.push(format!("this catalogue asks for {seconds} s: --max-time {seconds}"));
    }
    wishes
}

/// Evaluates what comes from nixpkgs itself, and adds what it says to `sink`.
pub(crate) fn judge_members(
    root: &Utf8Path,
    catalogue: &Catalogue,
    options: &Options,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) -> anyhow::Result<Evaluated> {
    let systems = systems(catalogue, options)?;
    if !evaluated::members::any(catalogue) {
        return Ok(Evaluated::Nothing);
    }
    let task = task(root, catalogue, &options.inputs, &options.limits);
    let shown = |file: &Utf8Path| file.to_owned();
    Ok(match evaluated::members::judge(task, catalogue, &systems, &shown, sources, sink) {
        Outcome::Missing(what) => Evaluated::Missing(missing(catalogue, what)),
        Outcome::Judged(count) => Evaluated::Builds(count),
    })
}

/// Evaluates all that the flake offers, for all systems of the catalogue if none is named. The text says why nothing
/// could be.
pub(crate) fn everything(
    root: &Utf8Path,
    catalogue: &Catalogue,
    options: &Options,
) -> anyhow::Result<Result<Vec<Package>, String>> {
    let systems = systems(catalogue, options)?;
    let task = task(root, catalogue, &options.inputs, &options.limits);
    Ok(packages::all(task, &systems).map_err(|nothing| match nothing {
        Nothing::Missing(what) => missing(catalogue, what),
        Nothing::Fails(failure) => failure.message,
    }))
}

/// A finding for each cause for which packages fail.
pub(crate) fn failures(packages: &[Package], sink: &mut Diagnostics) {
    for packages::Cause { message, place, attributes } in packages::causes(packages) {
        let count = attributes.len();
        let verb = if count == 1 { "does" } else { "do" };
        let message = format!("{} {verb} not evaluate: {message}", super::plural(count, "attribute"));
        let mut names = attributes.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
        if count > SHOWN {
            names.push_str(&format!(" and {} more", count - SHOWN));
        }
        let mut finding = Diagnostic::global(Code::PackageFails, message).help(names);
        if let Some(place) = place {
            finding = finding.help(format!("the error comes from {place}"));
        }
        sink.push(finding);
    }
}

/// Attributes shown of those that fail for one reason.
const SHOWN: usize = 6;

/// What is missing, and how to get it.
pub(crate) fn missing(catalogue: &Catalogue, what: String) -> String {
    match catalogue.flake.inputs.iter().find(|input| what.contains(input.revision())) {
        Some(input) => format!(
            "{}'s source ({} at {}) is not on this machine. `nix flake archive` fetches it; a copy is taken with \
             --override-input {} path:DIR, or from a folder of sources with --source-cache DIR",
            input.name,
            input.place.name(),
            input.pin().short(),
            input.name
        ),
        None => what,
    }
}

fn lines_with_errors(found: &Diagnostics, sources: &SourceMap) -> Vec<(SourceId, usize)> {
    let errors = found.iter().filter(|finding| finding.severity() == Severity::Error);
    let places = errors.filter_map(|finding| finding.primary.as_ref().map(|label| label.span));
    places.map(|span| (span.source, sources.line_column(span.source, span.start).line)).collect()
}
