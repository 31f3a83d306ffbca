//! One file per subcommand. The only place for `anyhow`.

pub mod add;
pub mod bump;
pub(crate) mod bump_inputs;
pub mod check;
pub mod completions;
mod context;
pub mod drv_diff;
pub mod drvs;
pub mod eval;
pub mod evaluate;
pub mod explain;
pub(crate) mod fetching;
pub mod generate;
pub mod import;
pub mod index;
pub mod init;
pub mod inputs;
pub mod limits;
pub mod list;
pub(crate) mod lock;
pub mod man;
pub mod matrix;
pub mod merge_driver;
pub mod outdated;
pub mod prefetch;
pub mod program;
mod root;
pub mod schema;
pub mod show;
mod show_override;
pub mod validate;
pub mod verify;
pub(crate) mod writing;

pub use context::{Context, Outcome};
pub(crate) use root::root;

use anyhow::Context as _;
use camino::Utf8Path;

use crate::catalogue::{self, model::Catalogue};
use crate::diag::{self, Code, Diagnostic, Diagnostics, Format, SourceMap};
use crate::rule::{Finder, finder};
use crate::tree::{self, Guard};

/// What finds something here.
pub const FINDERS: &[Finder] = &[
    FINDER,
    add::FINDER,
    bump::FINDER,
    bump_inputs::FINDER,
    check::FINDER,
    evaluate::FINDER,
    fetching::FINDER,
    generate::FINDER,
    lock::FINDER,
    verify::FINDER,
    writing::FINDER,
];

/// What is found here.
pub(crate) const FINDER: Finder = finder!(Interrupted);

/// Holds the repository against other runs; says so when it has to wait for one.
pub(crate) fn locked(root: &Utf8Path, context: &mut Context<'_>) -> anyhow::Result<Guard> {
    let waiting = || {
        let _ = writeln!(context.err, "waiting for another pgflakegen in {root} to end …");
    };
    Guard::acquire(root, waiting).with_context(|| format!("{root} cannot be locked"))
}

/// As [`locked`], for commands that write: what an interrupted run has left to do is done first.
pub(crate) fn recovered(root: &Utf8Path, context: &mut Context<'_>) -> anyhow::Result<Guard> {
    let guard = locked(root, context)?;
    let done =
        guard.recover().with_context(|| format!("what an interrupted run left in {root} is not complete"))?;
    if let Some(tree::Interrupted { pending, changed }) = done {
        let files = plural(pending.len(), "file");
        context.say(format_args!("an interrupted run's changes to the catalogue are complete: {files}"))?;
        for path in changed {
            context.say(format_args!("{path} was changed since then; it stays as it is"))?;
        }
    }
    Ok(guard)
}

/// A catalogue with what was found in it.
pub(crate) struct Loaded {
    /// `None` when there are errors.
    pub catalogue: Option<Catalogue>,
    pub sources: SourceMap,
    pub diagnostics: Diagnostics,
}

/// Reads and checks the catalogue below `root`.
pub(crate) fn load(root: &Utf8Path) -> anyhow::Result<Loaded> {
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let catalogue = catalogue::load(root, &mut sources, &mut diagnostics)
        .with_context(|| format!("the catalogue in {root} cannot be read"))?;
    let left = match tree::interrupted(root) {
        Ok(None) => None,
        Ok(Some(left)) => {
            Some(format!("an interrupted run has {} left to change", plural(left.pending.len(), "file")))
        }
        // Where there is no folder, that is said elsewhere.
        Err(error) => root.is_dir().then(|| error.to_string()),
    };
    if let Some(message) = left {
        diagnostics.push(
            Diagnostic::global(Code::Interrupted, message).help("type `pgflakegen`, which completes it"),
        );
    }
    Ok(Loaded { catalogue, sources, diagnostics })
}

/// As [`load`], for commands that make Nix of the catalogue: its hand-written Nix is judged as well, and
/// an error in it is an error.
pub(crate) fn load_with_overrides(root: &Utf8Path) -> anyhow::Result<Loaded> {
    let mut loaded = load(root)?;
    if let Some(catalogue) = &loaded.catalogue {
        validate::judge_catalogue(catalogue, root, &mut loaded.sources, &mut loaded.diagnostics)?;
        if loaded.diagnostics.has_errors() {
            loaded.catalogue = None;
        }
    }
    Ok(loaded)
}

impl Loaded {
    /// Writes the findings to stderr (text) or stdout (formats for programs), and a last line that counts.
    pub fn emit(&self, format: Format, context: &mut Context<'_>) -> anyhow::Result<()> {
        if self.diagnostics.is_empty() {
            return Ok(());
        }
        match format {
            Format::Text => {
                let (colour, fold) = (context.colour_err, context.fold);
                diag::emit_text(&self.diagnostics, &self.sources, colour, fold, context.err)?;
                let (errors, warnings) = self.diagnostics.counts();
                context.say(format_args!("{}, {}", plural(errors, "error"), plural(warnings, "warning")))?;
            }
            _ => diag::emit(&self.diagnostics, &self.sources, format, context.colour_out, context.out)?,
        }
        Ok(())
    }

    /// The catalogue for commands that only look at it; findings go to stderr.
    pub fn usable(self, context: &mut Context<'_>) -> anyhow::Result<Option<Catalogue>> {
        if self.catalogue.is_none() {
            self.emit(Format::Text, context)?;
        } else {
            let mut interrupted = Diagnostics::new();
            interrupted
                .extend(self.diagnostics.iter().filter(|found| found.code == Code::Interrupted).cloned());
            diag::emit(&interrupted, &self.sources, Format::Text, context.colour_err, context.err)?;
        }
        Ok(self.catalogue)
    }
}

/// `1 error`, `2 errors`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
