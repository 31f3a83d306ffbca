//! `pgflakegen import`.

use std::collections::BTreeMap;

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use comfy_table::{Table, presets};

use super::bump::{generated, replace};
use super::{Context, Outcome};
use crate::catalogue::model::Catalogue;
use crate::catalogue::{self, FOLDER, Files};
use crate::diag::{Diagnostics, Severity, SourceMap};
use crate::tree::Guard;
use crate::upstream::import::{self, Imported};

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
        /// Nix files with one derivation each.
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
    let Some(catalogue) = super::load(&root)?.usable(context)? else { return Ok(Outcome::Findings) };
    let lowest = catalogue.postgresqls.iter().map(|postgresql| postgresql.major).min().unwrap_or(14);
    let mut all = match &args.from {
        From::Nix { files } => files.iter().map(|file| nix(file, lowest)).collect(),
        From::VersionsJson { file, nix_dir } => versions_json(file, nix_dir, lowest)?,
    };
    let taken = take(&mut all, args, &root, &catalogue)?;
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["extension", "taken over", "what to look at"]);
    for imported in &all {
        let mut what = imported.remarks.clone();
        what.extend(imported.refused.clone());
        table.add_row([imported.name.as_str(), imported.extent(), &what.join("; ")]);
    }
    writeln!(context.out, "{}", table.trim_fmt())?;
    let count = |extent: &str| all.iter().filter(|imported| imported.extent() == extent).count();
    context.say(format_args!(
        "{} in full, {} in part, {} not",
        count("in full"),
        count("in part"),
        count("not")
    ))?;
    if !args.dry_run && taken && !generated(context)? {
        return Ok(Outcome::Findings);
    }
    Ok(if count("not") == 0 { Outcome::Clean } else { Outcome::Findings })
}

/// The name that a file stands for.
fn name(file: &Utf8Path) -> &str {
    match file.file_stem() {
        Some("default" | "package") => file.parent().and_then(Utf8Path::file_name).unwrap_or("extension"),
        stem => stem.unwrap_or("extension"),
    }
}

fn patch_reader(file: &Utf8Path) -> impl Fn(&str) -> Option<String> {
    let folder = file.parent().unwrap_or(Utf8Path::new("")).to_owned();
    move |path: &str| std::fs::read_to_string(folder.join(path)).ok()
}

fn nix(file: &Utf8Path, lowest: u32) -> Imported {
    let own = name(file);
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) => return Imported::refused(own, format!("{file} cannot be read: {error}")),
    };
    match import::read(&text) {
        Some(derivation) => import::entry(own, &derivation, None, lowest, &patch_reader(file)),
        None => Imported::refused(own, "there is no derivation with a source in it"),
    }
}

fn versions_json(file: &Utf8Path, nix_dir: &Utf8Path, lowest: u32) -> anyhow::Result<Vec<Imported>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{file} cannot be read"))?;
    let all = import::versions_json(&text).map_err(|error| anyhow::anyhow!("{file}: {error}"))?;
    let listing: Vec<Utf8PathBuf> = walkdir::WalkDir::new(nix_dir)
        .max_depth(2)
        .sort_by_file_name()
        .into_iter()
        .filter_map(Result::ok)
        .filter_map(|entry| Utf8PathBuf::try_from(entry.into_path()).ok())
        .filter(|path| path.extension() == Some("nix"))
        .collect();
    let mut out = Vec::new();
    for (key, versions) in &all {
        // The keys are SQL names; the files may be called otherwise.
        let fold = |text: &str| text.to_lowercase().replace(['-', '_'], "");
        let by_name = listing.iter().find(|path| fold(name(path)) == fold(key));
        let mentions = |path: &&Utf8PathBuf| {
            std::fs::read_to_string(path).is_ok_and(|text| text.contains(&format!("pname = \"{key}\"")))
        };
        out.push(match by_name.or_else(|| listing.iter().find(mentions)) {
            None => Imported::refused(key, format!("there is no Nix file for it in {nix_dir}")),
            Some(file) => match std::fs::read_to_string(file).ok().and_then(|text| import::read(&text)) {
                None => Imported::refused(key, format!("{file} has no derivation with a source in it")),
                Some(derivation) => {
                    import::entry(key, &derivation, Some(versions), lowest, &patch_reader(file))
                }
            },
        });
    }
    Ok(out)
}

/// Writes what the catalogue takes, one extension after another; whatever makes it wrong is refused.
fn take(all: &mut [Imported], args: &Args, root: &Utf8Path, catalogue: &Catalogue) -> anyhow::Result<bool> {
    let _guard = Guard::acquire(root, || {}).with_context(|| format!("{root} cannot be locked"))?;
    let mut files = Files::read(root)?;
    let mut good: BTreeMap<Utf8PathBuf, String> = BTreeMap::new();
    for imported in all.iter_mut().filter(|imported| imported.refused.is_none()) {
        if catalogue.extension(&imported.name).is_some() && !args.force {
            imported.refused = Some("it is in the catalogue already; --force replaces it".into());
            continue;
        }
        let missing = imported
            .cargo_pgrx
            .iter()
            .find(|version| !catalogue.cargo_pgrx.iter().any(|entry| entry.version == **version));
        if let Some(version) = missing {
            imported.refused =
                Some(format!("it needs cargo-pgrx {version}, which is not in catalogue/pgrx.toml"));
            continue;
        }
        let mut with = files.clone();
        for (path, text) in &imported.files {
            with.insert(path.clone(), text.as_bytes());
        }
        let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
        catalogue::load_from(&with, &mut sources, &mut found);
        let first = found.iter().find(|finding| finding.severity() == Severity::Error);
        match first {
            Some(finding) => {
                imported.refused = Some(format!("{} ({})", finding.message, finding.code.id()));
            }
            None => {
                files = with;
                good.extend(imported.files.clone());
            }
        }
    }
    if !args.dry_run {
        for (path, text) in &good {
            replace(&root.join(FOLDER).join(path), text)?;
        }
    }
    Ok(!good.is_empty())
}
