//! `pgflakegen bump`.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::fetching::{self, Bars, Options};
use super::generate;
use super::{Context, Outcome};
use crate::catalogue::model::{Catalogue, Extension, Kind, Postgresql};
use crate::catalogue::{self, FOLDER, Files};
use crate::diag::{Code, Diagnostic, Diagnostics, Format, SourceMap, nearest};
use crate::tree::Guard;
use crate::upstream::Upstream;
use crate::upstream::bump::{self, BumpError, Bumped, Edited};
use crate::upstream::plan::Wish;

/// Options of `bump`.
#[derive(clap::Args, Debug, Default)]
pub struct Args {
    /// Extensions, NAME or NAME@VERSION; `postgresql` for all pinned PostgreSQLs, `postgresql@17` for one.
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    pub names: Vec<String>,

    /// Bump everything that is pinned.
    #[arg(long)]
    pub all: bool,

    /// Take alphas, betas and release candidates, too.
    #[arg(long)]
    pub prerelease: bool,

    /// Drop the version that the new one follows, in place of keeping both.
    #[arg(long)]
    pub replace: bool,

    /// Only say what would come in.
    #[arg(long, short = 'n')]
    pub dry_run: bool,

    /// Make one commit for each extension.
    #[arg(long, conflicts_with = "dry_run")]
    pub commit: bool,

    /// Bump what can be bumped when something else cannot; else nothing is changed then.
    #[arg(long)]
    pub keep_going: bool,

    /// Ask and fetch for N extensions at a time.
    #[arg(long, short, value_name = "N", default_value_t = 8)]
    pub jobs: usize,

    /// Print what came in as JSON.
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would show it as help")]
    pub fetching: Options,
}

/// What is to be bumped.
pub(super) enum Target<'a> {
    Extension(&'a Extension, Option<String>),
    Postgresql(&'a Postgresql),
}

impl Target<'_> {
    pub fn name(&self) -> String {
        match self {
            Self::Extension(extension, _) => extension.name.clone(),
            Self::Postgresql(postgresql) => format!("postgresql {}", postgresql.name),
        }
    }

    /// The catalogue file that says it, relative to the catalogue folder.
    fn file(&self) -> Utf8PathBuf {
        match self {
            Self::Extension(extension, _) => format!("extensions/{}.toml", extension.name).into(),
            Self::Postgresql(_) => "postgresql.toml".into(),
        }
    }
}

/// Everything that can be bumped.
pub(super) fn everything(catalogue: &Catalogue) -> Vec<Target<'_>> {
    let extensions = catalogue.extensions.iter().filter(|extension| {
        extension.kind != Kind::Nixpkgs && extension.broken.is_none() && !extension.versions.is_empty()
    });
    let postgresqls = catalogue.postgresqls.iter().filter(|postgresql| postgresql.pinned.is_some());
    extensions
        .map(|extension| Target::Extension(extension, None))
        .chain(postgresqls.map(Target::Postgresql))
        .collect()
}

/// What the names say; a finding for each that says nothing.
pub(super) fn targets<'a>(
    names: &[String],
    catalogue: &'a Catalogue,
    found: &mut Diagnostics,
) -> Vec<Target<'a>> {
    let mut targets = Vec::new();
    for text in names {
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (text.as_str(), None),
        };
        if name == "postgresql" {
            let pinned = catalogue.postgresqls.iter().filter(|postgresql| postgresql.pinned.is_some());
            let before = targets.len();
            targets
                .extend(pinned.filter(|p| version.is_none_or(|name| p.name == name)).map(Target::Postgresql));
            if targets.len() == before {
                found.push(Diagnostic::global(
                    Code::UnknownPostgresql,
                    format!("no pinned PostgreSQL is called {}", version.unwrap_or("so")),
                ));
            }
            continue;
        }
        match catalogue.extension(name) {
            Some(extension) if extension.kind == Kind::Nixpkgs => found.push(
                Diagnostic::global(
                    Code::NothingToBump,
                    format!("{name} is the package set's own, whatever version that is"),
                )
                .help("a newer nixpkgs in catalogue/flake.toml has newer ones"),
            ),
            Some(extension) => targets.push(Target::Extension(extension, version.map(str::to_owned))),
            None => {
                let mut finding =
                    Diagnostic::global(Code::NothingToBump, format!("no extension is called {name}"));
                if let Some(near) =
                    nearest(name, catalogue.extensions.iter().map(|extension| extension.name.as_str()))
                {
                    finding = finding.help(format!("did you mean `{near}`?"));
                }
                found.push(finding);
            }
        }
    }
    targets
}

/// A pool for lookups, which mostly wait.
pub(super) fn pool(jobs: usize) -> anyhow::Result<rayon::ThreadPool> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(jobs.clamp(1, 64)).build()?)
}

/// Runs it.
///
/// # Errors
/// When something cannot be read or written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let root = super::root(context.root.as_deref())?;
    let Some(catalogue) = super::load(&root)?.usable(context)? else { return Ok(Outcome::Findings) };
    let mut found = Diagnostics::new();
    let targets =
        if args.all { everything(&catalogue) } else { targets(&args.names, &catalogue, &mut found) };
    if found.has_errors() {
        fetching::emit(&found, context)?;
        return Ok(Outcome::Findings);
    }
    if args.commit {
        clean(&root)?;
    }
    let upstream = args.fetching.upstream()?;
    let bars = Bars::new(context);
    let results: Vec<(&Target<'_>, Result<Edited, BumpError>)> = pool(args.jobs)?.install(|| {
        targets
            .par_iter()
            .map(|target| (target, one(target, &catalogue, &root, &upstream, args, &bars)))
            .collect()
    });
    drop(bars);
    let mut edits = Vec::new();
    for (target, result) in results {
        match result {
            Ok(edited) if edited.bumped.is_empty() => {}
            Ok(edited) => edits.push((target, edited)),
            Err(error) => found.push(fetching::bump_finding(&target.name(), &error)),
        }
    }
    fetching::emit(&found, context)?;
    let failed = found.has_errors();
    if failed && !args.keep_going {
        context.say("nothing was changed; --keep-going bumps the others")?;
        return Ok(Outcome::Findings);
    }
    let done = if args.dry_run {
        edits.iter().flat_map(|(_, edited)| edited.bumped.clone()).collect()
    } else {
        match write(&edits, &catalogue, &root, &upstream, args, context)? {
            Some(done) => done,
            None => return Ok(Outcome::Findings),
        }
    };
    print(&done, args.json, context)?;
    if done.is_empty() && !failed {
        context.say("everything is up to date")?;
    }
    Ok(if failed { Outcome::Findings } else { Outcome::Clean })
}

/// Looks one up and, unless it is only to be said, fetches it.
fn one(
    target: &Target<'_>,
    catalogue: &Catalogue,
    root: &Utf8Path,
    upstream: &Upstream,
    args: &Args,
    bars: &Bars,
) -> Result<Edited, BumpError> {
    let path = root.join(FOLDER).join(target.file());
    let text = std::fs::read_to_string(&path).map_err(crate::upstream::UpstreamError::from)?;
    match target {
        Target::Extension(extension, version) => {
            let wish = Wish { version: version.as_deref(), prereleases: args.prerelease };
            let steps = bump::find(upstream, catalogue, extension, wish)?;
            if args.dry_run || steps.is_empty() {
                let bumped = steps.iter().map(|step| bump::describe(extension, step)).collect();
                return Ok(Edited { bumped, ..Edited::default() });
            }
            let bar = bars.bar(&extension.name);
            bump::extension(upstream, catalogue, extension, &steps, &text, args.replace, &bar)
        }
        Target::Postgresql(postgresql) => {
            let wish = Wish { version: None, prereleases: args.prerelease };
            let Some(release) = bump::find_postgresql(upstream, postgresql, wish)? else {
                return Ok(Edited::default());
            };
            if args.dry_run {
                return Ok(Edited {
                    bumped: vec![bump::describe_postgresql(postgresql, &release)],
                    ..Edited::default()
                });
            }
            let bar = bars.bar(&target.name());
            bump::postgresql(upstream, postgresql, &release, &text, &bar)
        }
    }
}

/// Writes the files and what is generated from them. `None`: there are findings, and nothing was written.
fn write(
    edits: &[(&Target<'_>, Edited)],
    catalogue: &Catalogue,
    root: &Utf8Path,
    upstream: &Upstream,
    args: &Args,
    context: &mut Context<'_>,
) -> anyhow::Result<Option<Vec<Bumped>>> {
    let mut done = Vec::new();
    let mut known: BTreeSet<String> =
        catalogue.cargo_pgrx.iter().map(|entry| entry.version.clone()).collect();
    let mut pending: BTreeMap<Utf8PathBuf, String> = BTreeMap::new();
    let folder = root.join(FOLDER);
    for (target, edited) in edits {
        let mut files = edited.files.clone();
        match target {
            // Several PostgreSQLs share a file: what one edit changed must not undo the other's.
            Target::Postgresql(_) => {
                let before = pending.get(&target.file()).cloned();
                let text = match before {
                    None => edited.text.clone(),
                    Some(before) => merged(&before, edited)?,
                };
                files.insert(target.file(), text);
            }
            Target::Extension(..) => {
                files.insert(target.file(), edited.text.clone());
            }
        }
        for version in &edited.cargo_pgrx {
            if known.contains(version) {
                continue;
            }
            let path = Utf8PathBuf::from("pgrx.toml");
            let text = match pending.get(&path).or_else(|| files.get(&path)) {
                Some(text) => text.clone(),
                None => std::fs::read_to_string(folder.join(&path)).unwrap_or_default(),
            };
            match bump::cargo_pgrx(upstream, version, &text) {
                Ok(text) => {
                    files.insert(path, text);
                    known.insert(version.clone());
                    context.say(format_args!("cargo-pgrx {version} added to catalogue/pgrx.toml"))?;
                }
                Err(error) => {
                    let mut found = Diagnostics::new();
                    found.push(fetching::bump_finding(&format!("cargo-pgrx {version}"), &error));
                    fetching::emit(&found, context)?;
                    context.say("nothing was changed")?;
                    return Ok(None);
                }
            }
        }
        pending.extend(files);
        done.extend(edited.bumped.iter().cloned());
        if args.commit {
            let files = std::mem::take(&mut pending);
            if !apply(root, &files, context)? || !generated(context)? {
                return Ok(None);
            }
            commit(root, &edited.bumped)?;
        }
    }
    if !pending.is_empty() && (!apply(root, &pending, context)? || !generated(context)?) {
        return Ok(None);
    }
    Ok(Some(done))
}

/// The edit of one PostgreSQL on top of another's.
fn merged(text: &str, edited: &Edited) -> anyhow::Result<String> {
    use crate::upstream::edit;
    let mut text = text.to_owned();
    for bumped in &edited.bumped {
        let name = bumped.name.trim_start_matches("postgresql ");
        let new = edit::block(&edited.text, "postgresql", "name", name)?;
        let old = edit::block(&text, "postgresql", "name", name)?;
        text.replace_range(old.range, &edited.text[new.range]);
    }
    Ok(text)
}

/// Checks the catalogue as it would be and then writes it, each file in one step.
pub(super) fn apply(
    root: &Utf8Path,
    files: &BTreeMap<Utf8PathBuf, String>,
    context: &mut Context<'_>,
) -> anyhow::Result<bool> {
    let _guard = Guard::acquire(root, || {}).with_context(|| format!("{root} cannot be locked"))?;
    let mut all = Files::read(root)?;
    for (path, text) in files {
        all.insert(path.clone(), text.as_bytes());
    }
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    catalogue::load_from(&all, &mut sources, &mut found);
    if found.has_errors() {
        crate::diag::emit(&found, &sources, Format::Text, context.colour_err, context.err)?;
        context.say("the catalogue would be wrong with the new versions; nothing was changed")?;
        return Ok(false);
    }
    // What others refer to first, so that a kill in between leaves a catalogue without mistakes.
    let refers = |path: &Utf8PathBuf| path.starts_with("extensions");
    for (path, text) in
        files.iter().filter(|(path, _)| !refers(path)).chain(files.iter().filter(|(path, _)| refers(path)))
    {
        replace(&root.join(FOLDER).join(path), text)?;
    }
    Ok(true)
}

/// A file's new text, all of it or none.
pub(super) fn replace(path: &Utf8Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().context("a file has a folder")?;
    std::fs::create_dir_all(folder)?;
    let mut new = tempfile::Builder::new().prefix(".pgflakegen-").tempfile_in(folder)?;
    new.write_all(text.as_bytes())?;
    let mode = std::fs::metadata(path).map_or_else(
        |_| <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644),
        |metadata| metadata.permissions(),
    );
    new.as_file().set_permissions(mode)?;
    new.persist(path).with_context(|| format!("{path} cannot be written"))?;
    Ok(())
}

pub(super) fn generated(context: &mut Context<'_>) -> anyhow::Result<bool> {
    Ok(generate::run(&generate::Args::default(), context)? == Outcome::Clean)
}

/// What a bump writes to.
const WRITTEN: [&str; 5] = ["catalogue", "generated", "schema", "flake.nix", "flake.lock"];

fn git(root: &Utf8Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = std::process::Command::new("git")
        .arg("-C")
        .arg(root)
        .args(arguments)
        .output()
        .context("git cannot be started")?;
    anyhow::ensure!(
        output.status.success(),
        "git {}: {}",
        arguments[0],
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A commit of ours must hold nothing of somebody else's.
fn clean(root: &Utf8Path) -> anyhow::Result<()> {
    let status = git(root, &[&["status", "--porcelain", "--"], &WRITTEN[..]].concat())?;
    anyhow::ensure!(
        status.is_empty(),
        "there are changes that are not committed; --commit wants none:\n{}",
        status.trim_end()
    );
    Ok(())
}

fn commit(root: &Utf8Path, bumped: &[Bumped]) -> anyhow::Result<()> {
    let there: Vec<&str> = WRITTEN.into_iter().filter(|path| root.join(path).exists()).collect();
    git(root, &[&["add", "--all", "--"], &there[..]].concat())?;
    let titles: Vec<String> = bumped.iter().map(|b| format!("{}: {} -> {}", b.name, b.from, b.to)).collect();
    let mut message = titles.first().cloned().unwrap_or_default();
    for title in titles.iter().skip(1) {
        message.push_str(&format!("\n\n{title}"));
    }
    for link in bumped.iter().flat_map(|b| b.changelog.iter().chain(&b.compare)) {
        message.push_str(&format!("\n\n{link}"));
    }
    git(root, &[&["commit", "--quiet", "-m", &message, "--"], &there[..]].concat())?;
    Ok(())
}

/// One bump as JSON.
pub(super) fn as_json(bumped: &Bumped) -> Value {
    json!({
        "name": bumped.name,
        "from": bumped.from,
        "to": bumped.to,
        "postgresql": bumped.postgresqls,
        "hash": bumped.hash,
        "changelog": bumped.changelog,
        "compare": bumped.compare,
        "dropped": bumped.dropped,
    })
}

fn print(done: &[Bumped], as_json_text: bool, context: &mut Context<'_>) -> anyhow::Result<()> {
    if as_json_text {
        let all: Vec<Value> = done.iter().map(as_json).collect();
        writeln!(context.out, "{:#}", Value::Array(all))?;
        return Ok(());
    }
    for bumped in done {
        writeln!(
            context.out,
            "{} {} → {} ({})",
            bumped.name,
            bumped.from,
            bumped.to,
            bumped.postgresqls.join(" ")
        )?;
        for link in bumped.changelog.iter().chain(&bumped.compare) {
            writeln!(context.out, "  {link}")?;
        }
        if !bumped.dropped.is_empty() {
            writeln!(context.out, "  no longer there: {}", bumped.dropped.join(", "))?;
        }
    }
    Ok(())
}
