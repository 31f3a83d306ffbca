//! Evaluating overrides, for the operations that do: what is generated goes in, findings come out.

use camino::{Utf8Path, Utf8PathBuf};

use super::{Error, Host};
use crate::catalogue::model::Catalogue;
use crate::catalogue::names::System;
use crate::diag::{Code, Diagnostic, Diagnostics, Severity, SourceId, SourceMap, few, nearest, plural};
use crate::nix::eval::Settings;
use crate::nix::eval::current_system;
use crate::overrides::evaluated::packages::{self, Nothing, Package};
use crate::overrides::evaluated::{self, Build, Outcome, Task};
use crate::render;
use crate::rule::{Finder, finder};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    EvalLimit;
    PackageFails =
        "`check --evaluate` evaluates every package, check, shell and app of the flake, as `nix flake check` does, \
         and these fail for the same reason. `pgflakegen eval .#packages.SYSTEM.\"psql_15/bin\" --show-trace` shows \
         the way to it.";
};

/// How overrides are evaluated.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// For these systems of the catalogue; none: for all.
    pub systems: Vec<String>,
    /// Inputs in place of the flake's own: name and flake reference.
    pub inputs: Vec<(String, String)>,
    /// Limits, where sources are, where messages go. It is pure, whatever stands there.
    pub settings: Settings,
}

/// Without limits, for all systems.
impl Default for Evaluation {
    fn default() -> Self {
        let settings = Settings { pure: true, local_sources: false, ..Settings::default() };
        Self { systems: Vec::new(), inputs: Vec::new(), settings }
    }
}

/// Who asks for an evaluation, of what, and how.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub root: &'a Utf8Path,
    pub catalogue: &'a Catalogue,
    pub evaluation: &'a Evaluation,
    pub host: &'a dyn Host,
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
pub(crate) fn own_system(catalogue: &Catalogue) -> System {
    let own = System::new(current_system());
    let systems = &catalogue.flake.systems;
    if systems.contains(&own) { own } else { systems.first().cloned().unwrap_or(own) }
}

/// The systems asked for.
pub(crate) fn systems(catalogue: &Catalogue, asked: &[String]) -> Result<Vec<System>, Error> {
    let known = &catalogue.flake.systems;
    if asked.is_empty() {
        return Ok(known.clone());
    }
    if let Some(unknown) = asked.iter().find(|system| !known.iter().any(|known| known == *system)) {
        let near = nearest(unknown, known.iter().map(System::as_str)).map(str::to_owned);
        return Err(Error::UnknownSystem { system: unknown.clone(), near, known: known.clone() });
    }
    Ok(asked.iter().map(System::new).collect())
}

/// The repository with what would be generated now.
pub(crate) fn task<'a>(asked: Asked<'a>) -> Task<'a> {
    let Asked { root, catalogue, evaluation, host } = asked;
    let files = render::render(catalogue).into_iter().map(|file| (file.path, file.text)).collect();
    let settings = Settings { pure: true, ..evaluation.settings.clone() };
    Task { root, files, inputs: evaluation.inputs.clone(), settings, partial: false, observer: host }
}

/// Evaluates the overrides for which `only` holds (it is handed paths relative to the root), and adds what it
/// finds to `sink`.
pub(crate) fn judge(
    asked: Asked<'_>,
    only: &dyn Fn(&Utf8Path) -> bool,
    shown: &dyn Fn(&Utf8Path) -> Utf8PathBuf,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) -> Result<Evaluated, Error> {
    let catalogue = asked.catalogue;
    let builds: Vec<Build> =
        evaluated::builds(catalogue).into_iter().filter(|build| only(&build.file)).collect();
    let systems = systems(catalogue, &asked.evaluation.systems)?;
    if builds.is_empty() {
        return Ok(Evaluated::Nothing);
    }
    let mut found = Diagnostics::new();
    let mut task = task(asked);
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
    asked: Asked<'_>,
    sources: &mut SourceMap,
    sink: &mut Diagnostics,
) -> Result<Evaluated, Error> {
    let catalogue = asked.catalogue;
    let systems = systems(catalogue, &asked.evaluation.systems)?;
    if !evaluated::members::any(catalogue) {
        return Ok(Evaluated::Nothing);
    }
    let task = task(asked);
    let shown = |file: &Utf8Path| file.to_owned();
    Ok(match evaluated::members::judge(task, catalogue, &systems, &shown, sources, sink) {
        Outcome::Missing(what) => Evaluated::Missing(missing(catalogue, what)),
        Outcome::Judged(count) => Evaluated::Builds(count),
    })
}

/// Evaluates all that the flake offers, for all systems of the catalogue if none is named. The text says why nothing
/// could be.
pub(crate) fn everything(asked: Asked<'_>) -> Result<Result<Vec<Package>, String>, Error> {
    let systems = systems(asked.catalogue, &asked.evaluation.systems)?;
    Ok(packages::all(task(asked), &systems).map_err(|nothing| match nothing {
        Nothing::Missing(what) => missing(asked.catalogue, what),
        Nothing::Fails(failure) => failure.message,
    }))
}

/// A finding for each cause for which packages fail.
pub(crate) fn failures(packages: &[Package], sink: &mut Diagnostics) {
    for packages::Cause { message, place, attributes } in packages::failures_by_cause(packages) {
        let message = fails(attributes.len(), message);
        let mut finding = Diagnostic::global(Code::PackageFails, message).help(few(&attributes, SHOWN));
        if let Some(place) = place {
            finding = finding.help(format!("the error comes from {place}"));
        }
        sink.push(finding);
    }
}

/// That attributes fail, and why.
pub(crate) fn fails(count: usize, why: &str) -> String {
    let verb = if count == 1 { "does" } else { "do" };
    format!("{} {verb} not evaluate: {why}", plural(count, "attribute"))
}

/// Attributes shown of those that fail for one reason.
pub(crate) const SHOWN: usize = 6;

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
