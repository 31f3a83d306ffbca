//! `pgflakegen import`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use comfy_table::{ContentArrangement, Table, presets};
use rayon::prelude::*;

use super::bump::generated;
use super::fetching::Options;
use super::{Context, Outcome};
use crate::catalogue::model::Catalogue;
use crate::catalogue::version::compare;
use crate::catalogue::{self, FOLDER, Files};
use crate::diag::{Diagnostics, Severity, SourceMap, foreign};
use crate::limited;
use crate::terminal;
use crate::threads::Pool;
use crate::tree::{self, Change, Comparison};
use crate::upstream::import::{self, CargoPgrx, Draft, Imported, Request, Versions};
use crate::upstream::{Upstream, bump, edit};

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

    /// Do not use the network: leave out what only the sources tell.
    #[arg(long, global = true)]
    pub offline: bool,
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

/// What a file gave: a draft, or why there is none.
type Read = Result<Draft, Imported>;

/// The repository that a folder is in, by its real name; without one the folder itself.
fn home_of(folder: &Utf8Path) -> Utf8PathBuf {
    let here = if folder.as_str().is_empty() { Utf8Path::new(".") } else { folder };
    let Ok(real) = here.canonicalize_utf8() else { return folder.to_owned() };
    let home = real.ancestors().find(|above| above.join(".git").exists());
    home.map_or_else(|| real.clone(), Utf8Path::to_owned)
}

/// Runs it.
///
/// # Errors
/// When something cannot be read or written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let root = super::root(context.root.as_deref())?;
    if !args.dry_run {
        drop(super::recovered(&root, context)?);
    }
    let Some(catalogue) = super::load(&root)?.usable(context)? else { return Ok(Outcome::Findings) };
    let postgresqls: Vec<(String, u32)> =
        catalogue.postgresqls.iter().map(|postgresql| (postgresql.name.clone(), postgresql.major)).collect();
    let place = Place { root: &root, postgresqls: &postgresqls };
    let tools = match &args.cargo_pgrx {
        Some(file) => {
            let text = limited::given(file).with_context(|| format!("{file} cannot be read"))?;
            import::cargo_pgrx(&text).map_err(|error| anyhow::anyhow!("{file}: {error}"))?
        }
        None => Vec::new(),
    };
    let read = match &args.from {
        From::Nix { files } => merged(listed(files)?.iter().map(|file| place.nix(file))),
        From::VersionsJson { file, nix_dir } => place.versions_json(file, nix_dir)?,
    };
    let options = Options { offline: args.offline, max_size: 4 << 30, ..Options::default() };
    let upstream = options.upstream()?;
    let drafts = complete(read, args, &upstream)?;
    let (all, taken) = take(drafts, args, &root, &catalogue, &tools, &upstream, context)?;
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

/// The files that are meant: a folder's are NAME.nix, NAME/default.nix and NAME/package.nix in it.
fn listed(files: &[Utf8PathBuf]) -> anyhow::Result<Vec<Utf8PathBuf>> {
    let mut all = Vec::new();
    for file in files {
        if !file.is_dir() {
            all.push(file.clone());
            continue;
        }
        let before = all.len();
        let walk = walkdir::WalkDir::new(file).min_depth(1).max_depth(2).sort_by_file_name();
        for entry in walk {
            let entry = entry.with_context(|| format!("{file} cannot be read"))?;
            let Ok(path) = Utf8PathBuf::try_from(entry.path().to_owned()) else { continue };
            let top = entry.depth() == 1 && path.file_name() != Some("default.nix");
            let inner = entry.depth() == 2 && matches!(path.file_name(), Some("default.nix" | "package.nix"));
            if path.extension() == Some("nix") && (top || inner) && path.is_file() {
                all.push(path);
            }
        }
        anyhow::ensure!(all.len() > before, "{file} has no Nix files");
    }
    Ok(all)
}

/// Where files are taken to.
struct Place<'a> {
    root: &'a Utf8Path,
    postgresqls: &'a [(String, u32)],
}

impl Place<'_> {
    /// A path as it is shown in the catalogue: nothing of the machine's folders.
    fn shown(&self, file: &Utf8Path) -> String {
        let absolute = file.canonicalize_utf8().unwrap_or_else(|_| file.to_owned());
        if let Ok(inside) = absolute.strip_prefix(self.root) {
            return inside.to_string();
        }
        let parts: Vec<&str> = absolute.components().rev().take(2).map(|part| part.as_str()).collect();
        parts.into_iter().rev().filter(|part| *part != "/").collect::<Vec<_>>().join("/")
    }

    fn read(
        &self,
        file: &Utf8Path,
        own: &str,
        versions: Option<(&str, &Versions)>,
        provenance: &str,
    ) -> Read {
        let text = match limited::read(file) {
            Ok(bytes) => crate::nix::syntax::decode::decode(bytes).0,
            Err(error) => return Err(Imported::refused(own, format!("{file} cannot be read: {error}"))),
        };
        let good =
            own.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) && !own.starts_with('-');
        if !good {
            return Err(Imported::refused(
                own,
                "its name is none for the catalogue (letters, digits, - and _)",
            ));
        }
        let folder = file.parent().unwrap_or(Utf8Path::new("")).to_owned();
        // Patches and locks that it names: of the repository that it is in, and of no other place.
        let home = home_of(&folder);
        let files = |path: &str| {
            let place = folder.join(path).canonicalize_utf8().ok()?;
            place.starts_with(&home).then(|| limited::text(&place).ok())?
        };
        let request =
            Request { name: own, provenance, versions, postgresqls: self.postgresqls, files: &files };
        import::read(&text, &request).map_err(|why| Imported::refused(own, why))
    }

    fn nix(&self, file: &Utf8Path) -> Read {
        self.read(file, name(file), None, &self.shown(file))
    }

    fn versions_json(&self, file: &Utf8Path, nix_dir: &Utf8Path) -> anyhow::Result<Vec<Read>> {
        let text = limited::given(file).with_context(|| format!("{file} cannot be read"))?;
        let all = import::versions_json(&text).map_err(|error| anyhow::anyhow!("{file}: {error}"))?;
        let listing: Vec<Utf8PathBuf> = walkdir::WalkDir::new(nix_dir)
            .max_depth(2)
            .sort_by_file_name()
            .into_iter()
            .filter_map(Result::ok)
            .filter_map(|entry| Utf8PathBuf::try_from(entry.into_path()).ok())
            .filter(|path| path.extension() == Some("nix") && path.is_file())
            .collect();
        let mut out = Vec::new();
        for (key, versions) in &all {
            out.push(match nix_file(key, &listing) {
                None => Err(Imported::refused(key, format!("there is no Nix file for it in {nix_dir}"))),
                Some(nix) => {
                    let provenance = format!("{} and {}", self.shown(file), self.shown(nix));
                    self.read(nix, key, Some((key, versions)), &provenance)
                }
            });
        }
        Ok(out)
    }
}

/// The Nix file for a key of a versions.json. The keys are SQL names; the files may be called otherwise.
fn nix_file<'a>(key: &str, listing: &'a [Utf8PathBuf]) -> Option<&'a Utf8PathBuf> {
    let fold = |text: &str| text.to_lowercase().replace(['-', '_'], "");
    let by_name = listing.iter().find(|path| fold(name(path)) == fold(key));
    let mentions = |path: &&Utf8PathBuf| {
        limited::text(path).is_ok_and(|text| {
            text.contains(&format!("pname = \"{key}\""))
                || text.contains("versions.json") && text.contains(&format!(").{key};"))
        })
    };
    by_name.or_else(|| listing.iter().find(mentions))
}

/// Files of one name are versions of one extension.
fn merged(read: impl Iterator<Item = Read>) -> Vec<Read> {
    let mut all: Vec<Read> = Vec::new();
    for one in read {
        let known = |known: &&mut Read| match (known, &one) {
            (Ok(known), Ok(one)) => known.name == one.name,
            _ => false,
        };
        match (all.iter_mut().find(known), one) {
            (Some(Ok(known)), Ok(one)) => known.merge(one),
            (_, one) => all.push(one),
        }
    }
    all
}

/// Fetches what the files leave open.
fn complete(read: Vec<Read>, args: &Args, upstream: &Upstream) -> anyhow::Result<Vec<Read>> {
    let completing = terminal::progress("completing", read.len());
    let one = |read: Read| {
        let name = match &read {
            Ok(draft) => draft.name.clone(),
            Err(refused) => refused.name.clone(),
        };
        let task = completing.begin(|| name);
        read.map(|mut draft| {
            draft.sift();
            if draft.is_incomplete() {
                draft.complete(upstream, &task);
            }
            draft
        })
    };
    Ok(Pool::of(args.jobs).install(|| read.into_par_iter().map(one).collect()))
}

/// Writes what the catalogue takes, one extension after another; whatever makes it wrong is refused.
fn take(
    drafts: Vec<Read>,
    args: &Args,
    root: &Utf8Path,
    catalogue: &Catalogue,
    tools: &[CargoPgrx],
    upstream: &Upstream,
    context: &mut Context<'_>,
) -> anyhow::Result<(Vec<Imported>, bool)> {
    let guard = if args.dry_run { super::locked(root, context) } else { super::recovered(root, context) }?;
    let mut files = Files::read(root)?;
    let mut good: BTreeMap<Utf8PathBuf, String> = BTreeMap::new();
    let mut all = Vec::new();
    let mut cargo_pgrx = Tools {
        text: limited::text(root.join(FOLDER).join(TOOLS)).unwrap_or_default(),
        known: catalogue.cargo_pgrx.iter().map(|entry| entry.version.clone()).collect(),
        listed: tools,
        upstream,
        failed: BTreeMap::new(),
    };
    let taking = terminal::progress("taking over", drafts.len());
    for draft in drafts {
        let _task = taking.begin(|| match &draft {
            Ok(draft) => draft.name.clone(),
            Err(refused) => refused.name.clone(),
        });
        let draft = match draft {
            Ok(draft) => draft,
            Err(refused) => {
                all.push(refused);
                continue;
            }
        };
        let name = draft.name.clone();
        let path = Utf8PathBuf::from(format!("extensions/{name}.toml"));
        let there = files.get(&path).is_some();
        let mut imported = match (there, args.merge) {
            (true, true) => match limited::text(root.join(FOLDER).join(&path)) {
                Ok(old) => draft.merge_into(&old).unwrap_or_else(|error| {
                    Imported::refused(&name, format!("its entry cannot be edited: {error}"))
                }),
                Err(error) => Imported::refused(&name, format!("its entry cannot be read: {error}")),
            },
            (true, false) if !args.force => Imported::refused(
                &name,
                "it is in the catalogue already; --force replaces it, --merge adds versions",
            ),
            _ => draft.write(),
        };
        if imported.refused.is_none() {
            imported.refused = cargo_pgrx.bring(&imported.cargo_pgrx).err();
        }
        if imported.refused.is_none() {
            let mut with = files.clone();
            with.insert(Utf8PathBuf::from(TOOLS), cargo_pgrx.text.as_bytes());
            for (path, text) in &imported.files {
                with.insert(path.clone(), text.as_bytes());
            }
            let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
            catalogue::load_from(&with, &mut sources, &mut found);
            match found.iter().find(|finding| finding.severity() == Severity::Error) {
                Some(finding) => {
                    imported.refused = Some(format!("{} ({})", finding.message, finding.code.id()));
                }
                None => {
                    files = with;
                    good.extend(imported.files.clone());
                }
            }
        }
        all.push(imported);
    }
    if !args.dry_run && !good.is_empty() {
        let mut new = good.clone();
        new.insert(TOOLS.into(), cargo_pgrx.text);
        let change = |(path, text): (Utf8PathBuf, String)| {
            let path = Utf8Path::new(FOLDER).join(path);
            let before = std::fs::read_to_string(root.join(&path)).ok();
            let same = before.as_deref().unwrap_or_default() == text;
            (!same).then_some(Change {
                path,
                before,
                after: Some(text),
                conflict: None,
                committed_edit: false,
            })
        };
        let changes = new.into_iter().filter_map(change).collect();
        tree::write(&guard, &Comparison { changes, ..Comparison::default() })
            .context("the catalogue's files cannot be written")?;
    }
    Ok((all, !good.is_empty()))
}

const TOOLS: &str = "pgrx.toml";

/// The versions of cargo-pgrx, with those that come in.
struct Tools<'a> {
    text: String,
    known: BTreeSet<String>,
    listed: &'a [CargoPgrx],
    upstream: &'a Upstream,
    failed: BTreeMap<String, String>,
}

impl Tools<'_> {
    /// Brings in what is needed, or says why that cannot be.
    fn bring(&mut self, needed: &BTreeSet<String>) -> Result<(), String> {
        for version in needed {
            if self.known.contains(version) {
                continue;
            }
            if let Some(why) = self.failed.get(version) {
                return Err(why.clone());
            }
            match self.add(version) {
                Ok(text) => {
                    self.text = text;
                    self.known.insert(version.clone());
                }
                Err(why) => {
                    let why = format!(
                        "it needs cargo-pgrx {version}, which is not in {FOLDER}/{TOOLS} and cannot be fetched: {why}"
                    );
                    self.failed.insert(version.clone(), why.clone());
                    return Err(why);
                }
            }
        }
        Ok(())
    }

    fn add(&self, version: &str) -> Result<String, String> {
        let Some(listed) = self.listed.iter().find(|listed| listed.version == version) else {
            return bump::cargo_pgrx(self.upstream, version, &self.text).map_err(|error| error.to_string());
        };
        let changes: edit::Changes = vec![
            ("version", Some(version.into())),
            ("hash", Some(listed.hash.as_str().into())),
            ("cargo-hash", Some(listed.cargo_hash.as_str().into())),
            ("rust", Some(listed.rust.as_str().into())),
        ];
        let blocks = edit::blocks(&self.text, "cargo-pgrx", "version").map_err(|error| error.to_string())?;
        let before = blocks.iter().rev().find(|block| compare(&block.name, version).is_lt());
        Ok(edit::insert(&self.text, before.or(blocks.last()), &edit::table("cargo-pgrx", &changes)))
    }
}
