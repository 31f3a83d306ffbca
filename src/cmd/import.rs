//! `pgflakegen import`.

use camino::Utf8PathBuf;
use comfy_table::{ContentArrangement, Table, presets};

use super::fetching::Options;
use super::host::Host;
use super::{Context, Outcome, generate};
use crate::diag::foreign;
use crate::ops;
use crate::ops::import::{self, Existing, Request, Taken};

/// Options of `import`.
#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(subcommand)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub from: From,

    /// Only say what would be taken over.
    #[arg(long, short = 'n', global = true)]
    pub dry_run: bool,

    /// Replace entries that are there already.
    #[arg(long, global = true)]
    pub force: bool,

    /// Add versions that entries lack, and change nothing else in them.
    #[arg(long, global = true, conflicts_with = "force")]
    pub merge: bool,

    /// Take cargo-pgrx from a versions.json of its own: { version: { hash, rust: { version: { cargoHash } } } }.
    #[arg(long, value_name = "FILE", global = true)]
    pub cargo_pgrx: Option<Utf8PathBuf>,

    /// Fetch for N extensions at a time.
    #[arg(long, short, value_name = "N", default_value_t = 8, global = true)]
    pub jobs: usize,

    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub fetching: Options,
}

/// What is imported.
#[derive(clap::Subcommand, Debug)]
pub enum From {
    /// Take over a versions.json with the Nix files beside it.
    #[command(
        after_help = "Example: pgflakegen import versions-json nix/ext/versions.json --nix-dir nix/ext"
    )]
    VersionsJson {
        /// The file: { extension: { version: { postgresql, hash, … } } }.
        #[arg(value_name = "FILE")]
        file: Utf8PathBuf,
        /// Where NAME.nix or NAME/default.nix are.
        #[arg(long, value_name = "DIR")]
        nix_dir: Utf8PathBuf,
    },
    /// Take over hand-written derivations of extensions.
    #[command(after_help = "Example: pgflakegen import nix ext/*.nix")]
    Nix {
        /// Nix files with one derivation each, or folders of them.
        #[arg(value_name = "FILE", required = true)]
        files: Vec<Utf8PathBuf>,
    },
}

/// Runs it.
///
/// # Errors
/// When something cannot be read or written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let root = super::root(context.root.as_deref())?;
    let request = Request {
        root: &root,
        from: match &args.from {
            From::Nix { files } => import::From::Nix(files),
            From::VersionsJson { file, nix_dir } => import::From::VersionsJson { file, nix_dir },
        },
        dry_run: args.dry_run,
        existing: match (args.merge, args.force) {
            (true, _) => Existing::Merge,
            (false, true) => Existing::Replace,
            (false, false) => Existing::Keep,
        },
        cargo_pgrx: args.cargo_pgrx.as_deref(),
        jobs: args.jobs,
    };
    let Taken { all, changed } = import::import(&request, &args.fetching.upstream()?, &Host::new(context))?;
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["extension", "taken over", "what to look at"]);
    if context.colour_out {
        // On a terminal, so that long remarks wrap within their column.
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    for imported in &all {
        let what = match &imported.refused {
            Some(why) => foreign::block(why).into_owned(),
            None => foreign::block(&imported.remarks.join("\n")).into_owned(),
        };
        table.add_row([imported.name.as_str(), imported.extent(), &what]);
    }
    writeln!(context.out, "{}", table.trim_fmt())?;
    let count = |extent: &str| all.iter().filter(|imported| imported.extent() == extent).count();
    context.say(format_args!(
        "{} in full, {} in part, {} not",
        count("in full"),
        count("in part"),
        count("not")
    ))?;
    if !args.dry_run && changed && !generated(context)? {
        return Ok(Outcome::Findings);
    }
    Ok(if count("not") == 0 { Outcome::Clean } else { Outcome::Findings })
}

/// Generates from a catalogue that was just changed.
fn generated(context: &mut Context<'_>) -> anyhow::Result<bool> {
    match generate::run(&generate::Args::default(), context) {
        Ok(outcome) => Ok(outcome == Outcome::Clean),
        Err(error) => Err(match error.downcast::<ops::Error>() {
            Ok(error) => error.after_the_catalogue().into(),
            Err(error) => error,
        }),
    }
}
