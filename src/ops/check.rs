//! Checking: generating whose last step compares in place of writing. Overrides are evaluated where nixpkgs is here.

use camino::{Utf8Path, Utf8PathBuf};

use super::evaluate::{self, Evaluated, Evaluation};
use super::{Error, Host, Loaded, generate, licenses};
use crate::catalogue::model::Catalogue;
use crate::diag::{Code, Diagnostic, Span};
use crate::overrides::evaluated::packages::Package;
use crate::overrides::evaluated::{builds, table};
use crate::progress::progress;
use crate::rule::{Finder, finder};
use crate::tree::{Change, Comparison};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    OutOfDate =
        "The file differs from what pgflakegen makes of the catalogue as it is now: the catalogue was changed and \
         `pgflakegen` not run, or it was run in another version. Run `pgflakegen` and commit the result together \
         with the catalogue.";
};

/// What is to be checked.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// Whether overrides are evaluated, where the flake's inputs are on this machine.
    pub evaluate: bool,
    /// Whether all that the flake offers is evaluated as well, for all systems if none is named.
    pub everything: bool,
    /// The policy of this revision counts as well: on a pull request its base's.
    pub against: Option<&'a str>,
    /// How. Without systems: for this machine's.
    pub evaluation: Evaluation,
}

impl<'a> Request<'a> {
    /// Everything that can be checked of a repository on this machine.
    pub fn new(root: &'a Utf8Path) -> Self {
        let evaluation = Evaluation::default();
        Self { root, evaluate: true, everything: false, against: None, evaluation }
    }
}

/// What was found.
#[derive(Debug)]
pub struct Checked {
    /// What was found in the catalogue and its overrides.
    pub loaded: Loaded,
    /// The tree on the disk against what it should be, and what was not looked at; `None`: the catalogue has errors.
    pub compared: Option<Compared>,
}

/// A tree compared, and overrides looked at.
#[derive(Debug)]
pub struct Compared {
    /// The disk against what should be there.
    pub comparison: Comparison,
    /// Pages of the explorer that git tracks and that are not what the catalogue gives; each is a finding as well.
    pub pages: Vec<Utf8PathBuf>,
    /// What was not evaluated.
    pub unseen: Unseen,
    /// What the flake offers, evaluated, or why nothing of it could be; `None`: nobody asked.
    pub everything: Option<Everything>,
}

/// What the flake offers, or why nothing of it is known.
pub type Everything = Result<Vec<Package>, String>;

/// What was not looked at, since an input of the flake is not on this machine or nobody wanted it.
#[derive(Debug, Default)]
pub struct Unseen {
    /// Derivations with an override.
    pub overrides: usize,
    /// Why, and what is missing.
    pub why: Option<String>,
}

/// Reads and checks the catalogue, evaluates its overrides, and compares the tree with what it should be. Writes
/// nothing.
///
/// # Errors
/// When something cannot be read.
pub fn check(request: &Request<'_>, host: &dyn Host) -> Result<Checked, Error> {
    let _guard = super::locked(request.root, host)?;
    let _checking = progress(host, "checking", 0);
    let mut loaded = super::load_with_overrides(request.root)?;
    let Some(catalogue) = loaded.catalogue.take() else { return Ok(Checked { loaded, compared: None }) };
    if let Some(revision) = request.against {
        let policy = licenses::policy_of(request.root, revision)?;
        licenses::denied(&catalogue, &policy, Some(revision), &loaded.sources, &mut loaded.diagnostics);
    }
    let unseen = evaluate(request, &catalogue, &mut loaded, host)?;
    let evaluation = &request.evaluation;
    let everything = match request.everything {
        true => Some(evaluate::everything(evaluate::Asked {
            root: request.root,
            catalogue: &catalogue,
            evaluation,
            host,
        })?),
        false => None,
    };
    if let Some(Ok(packages)) = &everything {
        evaluate::failures(packages, &mut loaded.diagnostics);
    }
    let comparison = generate::compare(request.root, &catalogue)?;
    let pages = super::explorer::stale(request.root, &catalogue, &mut loaded.diagnostics)?;
    Ok(Checked { loaded, compared: Some(Compared { comparison, pages, unseen, everything }) })
}

impl Checked {
    /// Whether everything is as it should be, as far as it was looked at.
    pub fn is_clean(&self) -> bool {
        let same = self.compared.as_ref().is_some_and(|compared| compared.comparison.changes.is_empty());
        same && !self.loaded.diagnostics.has_errors()
    }

    /// Adds findings for the files that are not simply replaced. For those who show the differences themselves.
    pub fn add_conflicts(&mut self) {
        if let Some(compared) = &self.compared {
            generate::report_conflicts(&compared.comparison, false, &mut self.loaded);
        }
    }

    /// Adds a finding for each file that is not as it should be, in its place.
    pub fn add_differences(&mut self) {
        let Some(Compared { comparison, .. }) = &self.compared else { return };
        let loaded = &mut self.loaded;
        for change in &comparison.changes {
            let conflict = generate::conflict(change, comparison, &mut loaded.sources);
            let line = first_difference(change);
            let text = change.before.clone().unwrap_or_default();
            let source = loaded.sources.add(change.path.clone(), text);
            let span = Span::new(source, line);
            loaded.diagnostics.push(conflict.filter(|_| change.conflict.is_some()).unwrap_or_else(|| {
                Diagnostic::new(Code::OutOfDate, span, message(change))
                    .help("type `pgflakegen` and commit what it writes")
            }));
        }
    }
}

/// Evaluates the overrides and what comes from nixpkgs, if nixpkgs is at hand; what it has is looked up in the
/// catalogue's table otherwise.
fn evaluate(
    request: &Request<'_>,
    catalogue: &Catalogue,
    loaded: &mut Loaded,
    host: &dyn Host,
) -> Result<Unseen, Error> {
    let root = request.root;
    let mut evaluation = request.evaluation.clone();
    if evaluation.systems.is_empty() {
        evaluation.systems.push(evaluate::own_system(catalogue).into());
    }
    let asked = evaluate::Asked { root, catalogue, evaluation: &evaluation, host };
    let (sources, sink) = (&mut loaded.sources, &mut loaded.diagnostics);
    let shown = |file: &Utf8Path| file.to_owned();
    table::standing(root, catalogue, &shown, sources, sink);
    let mut unseen = Unseen::default();
    let judged = match request.evaluate {
        false => None,
        true => Some(evaluate::judge(asked, &|_| true, &shown, sources, sink)?),
    };
    match judged {
        Some(Evaluated::Builds(_) | Evaluated::Nothing) => {
            match evaluate::judge_members(asked, sources, sink)? {
                Evaluated::Missing(why) => unseen.why = Some(format!("nixpkgs was not asked: {why}")),
                Evaluated::Builds(_) | Evaluated::Nothing => return Ok(unseen),
            }
        }
        Some(Evaluated::Missing(why)) => {
            unseen.overrides = builds(catalogue).len();
            unseen.why = Some(format!("the overrides were not evaluated: {why}"));
        }
        None => unseen.overrides = builds(catalogue).len(),
    }
    let systems = evaluate::systems(catalogue, &evaluation.systems)?;
    table::judge(root, catalogue, &systems, &shown, sources, sink);
    Ok(unseen)
}

fn message(change: &Change) -> String {
    match (&change.before, &change.after) {
        (None, _) => format!("{} is missing", change.path),
        (_, None) => format!("{} belongs to nothing in the catalogue any more", change.path),
        _ => format!("{} is not what the catalogue gives", change.path),
    }
}

/// The first line of the old text that differs; the mark, which always does, does not count.
fn first_difference(change: &Change) -> std::ops::Range<usize> {
    let (before, after) =
        (change.before.as_deref().unwrap_or_default(), change.after.as_deref().unwrap_or_default());
    let mut start = 0;
    for (old, new) in before.split_inclusive('\n').zip(after.split_inclusive('\n')) {
        if old != new {
            return start..start + old.trim_end().len();
        }
        start += old.len();
    }
    start..start
}
