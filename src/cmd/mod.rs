//! One file per subcommand. The only place for `anyhow`.

pub mod add;
pub mod bump;
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
pub mod man;
pub mod matrix;
pub mod outdated;
pub mod prefetch;
pub mod program;
pub mod schema;
pub mod show;
mod show_override;
pub mod validate;
pub mod verify;
pub(crate) mod writing;

pub use context::{Context, Outcome};

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};

use crate::catalogue::{self, model::Catalogue};
use crate::diag::{self, Diagnostics, Format, SourceMap};
use crate::tree::Guard;

/// The repository: the given directory, else the nearest one upwards that has a catalogue, else this one.
pub(crate) fn root(given: Option<&Utf8Path>) -> anyhow::Result<Utf8PathBuf> {
    if let Some(given) = given {
        anyhow::ensure!(given.is_dir(), "{given} is no directory; --root wants the repository's");
        return Ok(given.to_owned());
    }
    let here = std::env::current_dir().context("the current directory cannot be read")?;
    let here = Utf8PathBuf::try_from(here).context("the current directory's path is not UTF-8")?;
    let found = here.ancestors().find(|directory| directory.join("catalogue").is_dir());
    Ok(found.unwrap_or(&here).to_owned())
}

/// Holds the repository against other runs; says so when it has to wait for one.
pub(crate) fn locked(root: &Utf8Path, context: &mut Context<'_>) -> anyhow::Result<Guard> {
    let waiting = || {
        let _ = writeln!(context.err, "waiting for another pgflakegen in {root} to end …");
    };
    Guard::acquire(root, waiting).with_context(|| format!("{root} cannot be locked"))
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
        }
        Ok(self.catalogue)
    }
}

/// `1 error`, `2 errors`.
pub(crate) fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
