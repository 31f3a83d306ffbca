//! `pgflakegen bump`.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::fetching::{self, Options};
use super::writing::{self, Edit, Edits};
use super::{Context, Outcome};
use crate::catalogue::FOLDER;
use crate::catalogue::model::{Catalogue, Extension, Postgresql};
use crate::diag::{Code, Diagnostic, Diagnostics, nearest};
use crate::limited;
use crate::rule::{Finder, finder};
use crate::terminal::{self, Progress};
use crate::threads::Pool;
use crate::upstream::Upstream;
use crate::upstream::bump::{self, BumpError, Bumped, Edited, How};
use crate::upstream::plan::{Step, Wish};
use crate::upstream::versions::Release;

/// What is found here.
pub(crate) const FINDER: Finder = finder!(NothingToBump, UnknownPostgresql);

pub(super) use super::writing::{apply, generated};

/// Options of `bump`.
#[derive(clap::Args, Debug, Default)]
pub struct Args {
    /// Extensions, NAME or NAME@VERSION; `postgresql` for all pinned PostgreSQLs, `postgresql@17` for one; `inputs`
    /// for the flake's inputs, `inputs nixpkgs` for one.
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    pub names: Vec<String>,

    /// With `inputs NAME`: move it to this commit, branch or tag [default: where its branch is].
    #[arg(long, value_name = "REV", conflicts_with = "all")]
    pub to: Option<String>,

    /// With `inputs`: take over what flake.lock has, which `nix flake update` or a bot has changed.
    #[arg(long, conflicts_with = "all")]
    pub from_lock: bool,

    /// Bump everything that is pinned, but for the inputs.
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

    /// Fetch N sources at a time; lookups are made all at once.
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
        !extension.kind.is_package_sets() && extension.broken.is_none() && !extension.versions.is_empty()
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
            Some(extension) if extension.kind.is_package_sets() => found.push(
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

/// Runs it.
///
/// # Errors
/// When something cannot be read or written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    if let Some((first, names)) = args.names.split_first()
        && first == "inputs"
    {
        return super::bump_inputs::run(args, names, context);
    }
    anyhow::ensure!(args.to.is_none() && !args.from_lock, "--to and --from-lock go with `bump inputs`");
    let root = super::root(context.root.as_deref())?;
    if !args.dry_run {
        drop(super::recovered(&root, context)?);
    }
    let Some(catalogue) = super::load(&root)?.usable(context)? else { return Ok(Outcome::Findings) };
    let mut found = Diagnostics::new();
    let targets =
        if args.all { everything(&catalogue) } else { targets(&args.names, &catalogue, &mut found) };
    if found.has_errors() {
        fetching::emit(&found, context)?;
        return Ok(Outcome::Findings);
    }
    if args.commit {
        writing::clean(&root)?;
    }
    let upstream = args.fetching.upstream()?;
    let asking = terminal::progress("asking upstream", targets.len());
    let wish = |target: &Target<'_>| {
        let _asked = asking.begin(|| target.name());
        look(target, &catalogue, &upstream, args.prerelease)
    };
    let looked: Vec<Result<News, BumpError>> =
        Pool::of(LOOKUPS).install(|| targets.par_iter().map(wish).collect());
    drop(asking);
    let fetching = terminal::progress("fetching", targets.len());
    let results: Vec<(&Target<'_>, Result<Edited, BumpError>)> = Pool::of(args.jobs).install(|| {
        let one = |(target, news): (_, Result<News, BumpError>)| {
            (target, news.and_then(|news| one(target, &news, &catalogue, &root, &upstream, args, &fetching)))
        };
        targets.par_iter().zip(looked).map(one).collect()
    });
    drop(fetching);
    let (mut edits, mut left_out) = (Vec::new(), Vec::new());
    for (target, result) in results {
        match result {
            Ok(edited) => {
                left_out.extend(edited.left_out.iter().cloned());
                if !edited.bumped.is_empty() {
                    edits.push((target, edited));
                }
            }
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
        match write(edits, &catalogue, &root, &upstream, args, context)? {
            Some(done) => done,
            None => return Ok(Outcome::Findings),
        }
    };
    print(&done, args.json, context)?;
    for line in &left_out {
        context.say(line)?;
    }
    if done.is_empty() && left_out.is_empty() && !failed {
        context.say("everything is up to date")?;
    }
    Ok(if failed { Outcome::Findings } else { Outcome::Clean })
}

/// How many lookups are made at a time: they do nothing but wait.
pub(super) const LOOKUPS: usize = 64;

/// What upstream has.
pub(super) enum News {
    Extension(Vec<Step>),
    Postgresql(Option<Release>),
}

/// Asks upstream.
pub(super) fn look(
    target: &Target<'_>,
    catalogue: &Catalogue,
    upstream: &Upstream,
    prereleases: bool,
) -> Result<News, BumpError> {
    Ok(match target {
        Target::Extension(extension, version) => {
            let wish = Wish { version: version.as_deref(), prereleases };
            News::Extension(bump::find(upstream, catalogue, extension, wish)?)
        }
        Target::Postgresql(postgresql) => {
            let wish = Wish { version: None, prereleases };
            News::Postgresql(bump::find_postgresql(upstream, postgresql, wish)?)
        }
    })
}

/// What would come in.
pub(super) fn describe(target: &Target<'_>, news: &News) -> Vec<Bumped> {
    match (target, news) {
        (Target::Extension(extension, _), News::Extension(steps)) => {
            steps.iter().map(|step| bump::describe(extension, step)).collect()
        }
        (Target::Postgresql(postgresql), News::Postgresql(release)) => {
            release.iter().map(|release| bump::describe_postgresql(postgresql, release)).collect()
        }
        _ => Vec::new(),
    }
}

/// Fetches what is new, unless it is only to be said.
fn one(
    target: &Target<'_>,
    news: &News,
    catalogue: &Catalogue,
    root: &Utf8Path,
    upstream: &Upstream,
    args: &Args,
    fetching: &Progress,
) -> Result<Edited, BumpError> {
    let bumped = describe(target, news);
    if args.dry_run || bumped.is_empty() {
        return Ok(Edited { bumped, ..Edited::default() });
    }
    let path = root.join(FOLDER).join(target.file());
    let text = limited::text(&path).map_err(crate::upstream::UpstreamError::from)?;
    let task = fetching.begin(|| target.name());
    match (target, news) {
        (Target::Extension(extension, _), News::Extension(steps)) => {
            let how = How { replace: args.replace, progress: &task };
            bump::extension(upstream, catalogue, extension, steps, &text, how)
        }
        (Target::Postgresql(postgresql), News::Postgresql(Some(release))) => {
            bump::postgresql(upstream, postgresql, release, &text, &task)
        }
        _ => Ok(Edited::default()),
    }
}

/// The catalogue's files as this run has made them so far.
struct Desk<'a> {
    root: &'a Utf8Path,
    /// Not written yet.
    pending: Edits,
    /// Written by an earlier commit of this run.
    written: BTreeMap<Utf8PathBuf, Option<String>>,
}

impl Desk<'_> {
    /// A file as it is now; `None`: not there.
    fn current(&self, path: &Utf8Path) -> Option<String> {
        match (self.pending.get(path), self.written.get(path)) {
            (Some(edit), _) => edit.after.clone(),
            (None, Some(text)) => text.clone(),
            (None, None) => limited::text(self.root.join(FOLDER).join(path)).ok(),
        }
    }

    /// `before` is what the edit was made from, where it was made from something.
    fn put(&mut self, path: Utf8PathBuf, before: Option<String>, after: Option<String>) {
        let before = if self.written.contains_key(&path) { self.current(&path) } else { before };
        self.pending.entry(path).or_insert_with(|| Edit { before, after: None }).after = after;
    }

    /// Writes what is pending; `false`: there are findings, and nothing was written.
    fn write(&mut self, context: &mut Context<'_>) -> anyhow::Result<bool> {
        let pending = std::mem::take(&mut self.pending);
        let good = writing::write(self.root, &pending, context)?;
        self.written.extend(pending.into_iter().map(|(path, edit)| (path, edit.after)));
        Ok(good)
    }
}

/// Writes the files and what is generated from them. `None`: there are findings; what was not committed before
/// is as it was.
fn write(
    edits: Vec<(&Target<'_>, Edited)>,
    catalogue: &Catalogue,
    root: &Utf8Path,
    upstream: &Upstream,
    args: &Args,
    context: &mut Context<'_>,
) -> anyhow::Result<Option<Vec<Bumped>>> {
    let mut done = Vec::new();
    let mut known: BTreeSet<String> =
        catalogue.cargo_pgrx.iter().map(|entry| entry.version.clone()).collect();
    let mut desk = Desk { root, pending: Edits::new(), written: BTreeMap::new() };
    for (target, mut edited) in edits {
        for version in std::mem::take(&mut edited.cargo_pgrx) {
            if known.contains(&version) {
                continue;
            }
            let path = Utf8PathBuf::from("pgrx.toml");
            let before = desk.current(&path);
            let text = before.as_deref().unwrap_or_default();
            let fetching = terminal::progress("fetching", 1);
            let task = fetching.begin(|| format!("cargo-pgrx {version}"));
            let result = Pool::of(args.jobs).install(|| bump::cargo_pgrx(upstream, &version, text));
            drop((task, fetching));
            match result {
                Ok(text) => {
                    desk.put(path, before, Some(text));
                    edited.bumped.iter_mut().for_each(|bumped| {
                        bumped.remarks.push(format!("cargo-pgrx {version} added to {FOLDER}/pgrx.toml"));
                    });
                    known.insert(version);
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
        let text = match (target, desk.current(&target.file())) {
            // Several PostgreSQLs share a file: what one edit changed must not undo the other's.
            (Target::Postgresql(_), Some(current)) if current != edited.before => merged(&current, &edited)?,
            _ => std::mem::take(&mut edited.text),
        };
        desk.put(target.file(), Some(edited.before), Some(text));
        for (path, text) in edited.files {
            let before = desk.current(&path);
            desk.put(path, before, Some(text));
        }
        for path in edited.removed {
            let before = desk.current(&path);
            desk.put(path, before, None);
        }
        if args.commit {
            // A signal comes before or after, not between the files and their commit.
            let _unbroken = crate::interrupt::unbroken();
            if !desk.write(context)? {
                return Ok(None);
            }
            writing::commit(root, &edited.bumped)?;
        }
        done.extend(edited.bumped);
    }
    if !desk.pending.is_empty() && !desk.write(context)? {
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
        "remarks": bumped.remarks,
    })
}

fn print(done: &[Bumped], as_json_text: bool, context: &mut Context<'_>) -> anyhow::Result<()> {
    if as_json_text {
        let all: Vec<Value> = done.iter().map(as_json).collect();
        context.json(&Value::Array(all))?;
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
        for remark in &bumped.remarks {
            writeln!(context.out, "  {remark}")?;
        }
        if !bumped.dropped.is_empty() {
            writeln!(context.out, "  no longer there: {}", bumped.dropped.join(", "))?;
        }
    }
    Ok(())
}
