//! `pgflakegen bump inputs`: the flake's inputs moved, with the table of what nixpkgs has, and what that means.

use std::path::PathBuf;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::bump::{Args, LOOKUPS};
use super::limits::Limits;
use super::lock::said;
use super::writing::{self, Edit, Edits};
use super::{Context, Outcome, evaluate, fetching, plural};
use crate::catalogue::lock::{self, Difference, Lock, Pin};
use crate::catalogue::model::{Catalogue, Input};
use crate::catalogue::moved::{self, Meaning};
use crate::catalogue::nixpkgs::{self, Table};
use crate::catalogue::{FOLDER, Files};
use crate::diag::foreign::line;
use crate::diag::{Code, Diagnostic, Diagnostics, SourceMap, Span, nearest};
use crate::interrupt::TemporaryDirectory;
use crate::limited;
use crate::nix::eval::Settings;
use crate::overrides::evaluated::packages::{self, Nothing, Package};
use crate::overrides::index::{Coverage, Index};
use crate::overrides::{names, postgresql_facts};
use crate::render;
use crate::rule::{Finder, finder};
use crate::terminal::{self, Progress};
use crate::threads::Pool;
use crate::upstream::Upstream;
use crate::upstream::inputs::{self, Fetched, InputError};

/// What is found here.
pub(crate) const FINDER: Finder =
    finder!(BadInputSource, HashDiffers, NixpkgsTooOld, NotThere, NothingToBump);

/// The file of the inputs, below the catalogue's folder.
const FLAKE: &str = "flake.toml";

/// An input that moves.
struct Move<'a> {
    input: &'a Input,
    to: Pin,
    /// Where its source is now; `None`: it was not fetched.
    folder: Option<PathBuf>,
}

/// Runs it; `names` are of inputs, none for all.
pub(super) fn run(args: &Args, names: &[String], context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    anyhow::ensure!(!args.replace && !args.prerelease, "--replace and --prerelease are of no use to inputs");
    anyhow::ensure!(!args.from_lock || args.to.is_none(), "--from-lock says what to move to; so does --to");
    let root = super::root(context.root.as_deref())?;
    if !args.dry_run {
        drop(super::recovered(&root, context)?);
    }
    let Some(catalogue) = super::load(&root)?.usable(context)? else { return Ok(Outcome::Findings) };
    let mut found = Diagnostics::new();
    let wanted = wanted(names, args, &catalogue, &mut found);
    if found.has_errors() {
        fetching::emit(&found, context)?;
        return Ok(Outcome::Findings);
    }
    if args.commit {
        writing::clean(&root)?;
    }
    let upstream = args.fetching.upstream()?;
    let temporary = TemporaryDirectory::new("inputs-")?;
    let moves = if args.from_lock {
        from_lock(&root, &catalogue, &wanted, &upstream, args, &temporary, context)?
    } else {
        newest(&wanted, &upstream, args, &temporary, context)?
    };
    let Some(moves) = moves else {
        context.say("nothing was changed")?;
        return Ok(Outcome::Findings);
    };
    if moves.is_empty() {
        if args.json {
            context.json(&Value::Array(Vec::new()))?;
        }
        context.say("everything is up to date")?;
        return Ok(Outcome::Clean);
    }
    let table = match table(&moves, &catalogue) {
        Ok(table) => table,
        Err(finding) => {
            found.push(*finding);
            fetching::emit(&found, context)?;
            context.say("nothing was changed")?;
            return Ok(Outcome::Findings);
        }
    };
    let meaning = table.as_ref().map(|table| moved::meaning(&catalogue, catalogue.known(), table));
    let Some((edits, new)) = edits(&root, &moves, table.as_ref(), context)? else {
        return Ok(Outcome::Findings);
    };
    let rebuilt = rebuilt(&root, &catalogue, &new, &moves);
    if !args.dry_run {
        // A signal comes before or after, not between the files and their commit.
        let _unbroken = crate::interrupt::unbroken();
        if !writing::write(&root, &edits, context)? {
            return Ok(Outcome::Findings);
        }
        index(&root, &moves, context)?;
        if args.commit {
            writing::commit(&root, &moves.iter().map(bumped).collect::<Vec<_>>())?;
        }
    }
    print(&moves, &catalogue, meaning.as_ref(), &rebuilt, args.json, context)?;
    Ok(Outcome::Clean)
}

/// The inputs that are named; a finding for each name that is none.
fn wanted<'a>(
    names: &[String],
    args: &Args,
    catalogue: &'a Catalogue,
    found: &mut Diagnostics,
) -> Vec<&'a Input> {
    let inputs = &catalogue.flake.inputs;
    for name in names.iter().filter(|name| catalogue.flake.input(name).is_none()) {
        let finding =
            Diagnostic::global(Code::NothingToBump, format!("the catalogue has no input {}", line(name)));
        found.push(match nearest(name, inputs.iter().map(|input| input.name.as_str())) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding,
        });
    }
    let wanted: Vec<&Input> =
        inputs.iter().filter(|input| names.is_empty() || names.contains(&input.name)).collect();
    if args.to.is_some() && wanted.len() > 1 {
        found.push(
            Diagnostic::global(Code::NothingToBump, "--to is a revision of one input")
                .help("name the input: `pgflakegen bump inputs nixpkgs --to …`"),
        );
    }
    wanted
}

/// Asks where each is to be, and fetches what is not there yet. `None`: something failed, and was said.
fn newest<'a>(
    wanted: &[&'a Input],
    upstream: &Upstream,
    args: &Args,
    temporary: &TemporaryDirectory,
    context: &mut Context<'_>,
) -> anyhow::Result<Option<Vec<Move<'a>>>> {
    let asking = terminal::progress("asking upstream", wanted.len());
    let asked: Vec<Result<Option<String>, InputError>> = Pool::of(LOOKUPS).install(|| {
        let one = |input: &&Input| {
            let _task = asking.begin(|| input.name.clone());
            inputs::revision(upstream, &input.place, args.to.as_deref())
        };
        wanted.par_iter().map(one).collect()
    });
    drop(asking);
    let mut found = Diagnostics::new();
    let mut goals = Vec::new();
    for (input, revision) in wanted.iter().zip(asked) {
        match revision {
            Ok(revision) if revision.is_some() && revision == input.rev => {}
            Ok(revision) => goals.push((*input, revision)),
            Err(error) => found.push(finding(input, &error)),
        }
    }
    if found.has_errors() {
        fetching::emit(&found, context)?;
        return Ok(None);
    }
    let goals: Vec<Goal<'_>> = goals.into_iter().map(|(input, rev)| Goal { input, rev, pin: None }).collect();
    fetched(goals, upstream, args, temporary, context)
}

/// What is to be fetched.
struct Goal<'a> {
    input: &'a Input,
    rev: Option<String>,
    /// What it must be.
    pin: Option<Pin>,
}

/// Fetches all; `None`: something failed, and was said. What is as it was is left out.
fn fetched<'a>(
    goals: Vec<Goal<'a>>,
    upstream: &Upstream,
    args: &Args,
    temporary: &TemporaryDirectory,
    context: &mut Context<'_>,
) -> anyhow::Result<Option<Vec<Move<'a>>>> {
    let fetching = terminal::progress("fetching", goals.len());
    let results: Vec<(&Goal<'a>, Result<Move<'a>, InputError>)> = Pool::of(args.jobs)
        .install(|| goals.par_iter().map(|goal| (goal, one(goal, upstream, temporary, &fetching))).collect());
    drop(fetching);
    let (mut moves, mut found) = (Vec::new(), Diagnostics::new());
    for (goal, result) in results {
        match result {
            Ok(moved) if moved.to == goal.input.pin() => {}
            Ok(moved) => moves.push(moved),
            Err(error) => found.push(finding(goal.input, &error)),
        }
    }
    fetching::emit(&found, context)?;
    Ok(if found.has_errors() { None } else { Some(moves) })
}

fn one<'a>(
    goal: &Goal<'a>,
    upstream: &Upstream,
    temporary: &TemporaryDirectory,
    fetching: &Progress,
) -> Result<Move<'a>, InputError> {
    let Goal { input, rev, pin } = goal;
    let task = fetching.begin(|| input.name.clone());
    let fetched: Fetched = inputs::fetch(upstream, &input.place, rev.as_deref(), &task)?;
    if let Some(pin) = pin.as_ref().filter(|pin| pin.nar_hash != fetched.pin.nar_hash) {
        let (expected, found) = (pin.nar_hash.clone(), fetched.pin.nar_hash);
        return Err(InputError::Hash { said: lock::FILE, expected, found });
    }
    inputs::usable(input, &fetched)?;
    let folder = fetched.folder(&temporary.path().join(&input.name))?;
    // Of an archive, Nix versions differ in what they take for its time; the lock file's is that of a Nix.
    let to = match pin.clone() {
        Some(pin) if pin.last_modified > 0 => pin,
        _ => fetched.pin,
    };
    Ok(Move { input, to, folder: Some(folder) })
}

/// What the lock file pins that the catalogue does not. `None`: it cannot be taken over, and that was said.
#[allow(clippy::too_many_arguments)]
fn from_lock<'a>(
    root: &Utf8Path,
    catalogue: &'a Catalogue,
    wanted: &[&'a Input],
    upstream: &Upstream,
    args: &Args,
    temporary: &TemporaryDirectory,
    context: &mut Context<'_>,
) -> anyhow::Result<Option<Vec<Move<'a>>>> {
    let text = match limited::text(root.join(lock::FILE)) {
        Ok(text) => text,
        Err(error) => anyhow::bail!("{} cannot be read: {error}", lock::FILE),
    };
    let ours = render::lock::lock(&catalogue.flake.inputs);
    let differences = match (Lock::parse(&text), Lock::parse(&ours)) {
        (Ok(lock), Ok(ours)) => lock.differences(&ours),
        (Err(_), _) | (_, Err(_)) => vec![Difference::Other(String::new())],
    };
    if differences.iter().any(|difference| matches!(difference, Difference::Other(_))) {
        let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
        let source = sources.add(Utf8PathBuf::from(lock::FILE), text.clone());
        found.push(super::lock::finding(&text, &ours, Span::new(source, 0..0)));
        let format = crate::diag::Format::Text;
        crate::diag::emit(&found, &sources, format, context.colour_err, context.err)?;
        return Ok(None);
    }
    let mut goals = Vec::new();
    for difference in differences {
        let Difference::Moved { name, to, .. } = difference else { continue };
        if let Some(input) = wanted.iter().find(|input| input.name == name) {
            goals.push(Goal { input, rev: to.rev.clone(), pin: Some(to) });
        }
    }
    if args.fetching.offline {
        // What the lock file says has to do; the table stays as it is, and says so.
        let moved = |goal: Goal<'a>| {
            let mut to = goal.pin?;
            if to.last_modified == 0 {
                to.last_modified = goal.input.last_modified;
            }
            Some(Move { input: goal.input, to, folder: None })
        };
        return Ok(Some(goals.into_iter().filter_map(moved).collect()));
    }
    fetched(goals, upstream, args, temporary, context)
}

/// What the nixpkgs that is moved to has; `None`: it stays where it is, or was not fetched.
fn table(moves: &[Move<'_>], catalogue: &Catalogue) -> Result<Option<Table>, Box<Diagnostic>> {
    let Some(moved) = moves.iter().find(|moved| moved.input.name == "nixpkgs") else { return Ok(None) };
    let Some(folder) = &moved.folder else { return Ok(None) };
    let revision = moved.to.rev.clone().unwrap_or_else(|| moved.to.nar_hash.clone());
    let mut settings = Settings { pure: false, local_sources: true, ..Settings::default() };
    Limits::default().bounded(&mut settings);
    let asked = postgresql_facts::of_tree(folder, revision, &catalogue.flake.systems, &settings);
    let place = moved.input.place.name();
    match asked {
        Ok((table, _)) if table.postgresql.is_empty() => {
            let message = format!("{place} at {} is no nixpkgs: it has no PostgreSQL", said(&moved.to));
            Err(Box::new(Diagnostic::global(Code::BadInputSource, message)))
        }
        Ok((table, _)) if !table.lacks.is_empty() => {
            let lacks: Vec<&str> = table.lacks.iter().map(String::as_str).collect();
            let message =
                format!("{place} at {} is too old: it has no {}", said(&moved.to), lacks.join(", "));
            let help = format!("the oldest that works is that of {}", nixpkgs::OLDEST);
            Err(Box::new(Diagnostic::global(Code::NixpkgsTooOld, message).help(help)))
        }
        Ok((table, _)) => Ok(Some(table)),
        Err(why) => {
            let why = why.replace(&folder.display().to_string(), "nixpkgs");
            let why: String = why.split_whitespace().collect::<Vec<_>>().join(" ");
            let message = format!("{place} at {} cannot be evaluated: {why}", said(&moved.to));
            Err(Box::new(Diagnostic::global(Code::BadInputSource, message)))
        }
    }
}

/// Makes the list of names anew, where the catalogue has one of its own.
fn index(root: &Utf8Path, moves: &[Move<'_>], context: &mut Context<'_>) -> anyhow::Result<()> {
    let moved = moves.iter().find(|moved| moved.input.name == "nixpkgs");
    let Some((moved, folder)) = moved.and_then(|moved| Some((moved, moved.folder.as_ref()?))) else {
        return Ok(());
    };
    if !root.join(FOLDER).join(super::index::FILE).exists() {
        return Ok(());
    }
    let revision = moved.to.rev.clone().unwrap_or_else(|| moved.to.nar_hash.clone());
    let mut settings = Settings { pure: false, local_sources: true, ..Settings::default() };
    Limits::default().bounded(&mut settings);
    match names::of_tree(folder, settings) {
        Ok(names) => {
            let bytes = Index::new(revision, Coverage::Complete, names).write()?;
            super::index::write(None, root, super::index::FILE, &bytes)
        }
        Err(why) => {
            let why: String = why.split_whitespace().collect::<Vec<_>>().join(" ");
            context.say(format_args!("{FOLDER}/{} is as it was: {}", super::index::FILE, line(&why)))?;
            Ok(())
        }
    }
}

/// The catalogue's files as they are to be, and the catalogue that they make. `None`: they would be wrong, which was
/// said.
fn edits(
    root: &Utf8Path,
    moves: &[Move<'_>],
    table: Option<&Table>,
    context: &mut Context<'_>,
) -> anyhow::Result<Option<(Edits, Catalogue)>> {
    let before = limited::text(root.join(FOLDER).join(FLAKE))?;
    let mut after = before.clone();
    for moved in moves {
        after = match inputs::edited(&after, &moved.input.name, &moved.to) {
            Ok(after) => after,
            Err(error) => {
                let mut found = Diagnostics::new();
                found.push(finding(moved.input, &error.into()));
                fetching::emit(&found, context)?;
                context.say("nothing was changed")?;
                return Ok(None);
            }
        };
    }
    let mut all = Files::read(root)?;
    all.insert(Utf8PathBuf::from(FLAKE), after.as_bytes());
    let mut edits = Edits::from([(FLAKE.into(), Edit { before: Some(before), after: Some(after) })]);
    if let Some(table) = table {
        let (path, text) = (Utf8PathBuf::from(nixpkgs::FILE), table.write());
        all.insert(path.clone(), text.as_bytes());
        let before = limited::text(root.join(FOLDER).join(&path)).ok();
        edits.insert(path, Edit { before, after: Some(text) });
    }
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::new());
    match crate::catalogue::load_from(&all, &mut sources, &mut found) {
        Some(new) => Ok(Some((edits, new))),
        None => {
            let format = crate::diag::Format::Text;
            crate::diag::emit(&found, &sources, format, context.colour_err, context.err)?;
            context.say("the catalogue would be wrong; nothing was changed")?;
            Ok(None)
        }
    }
}

/// What would be built anew.
enum Rebuilt {
    /// Of that many that are there before and after, those that differ, and those that evaluate on one side only.
    Counted { all: usize, rebuilt: usize, broken: Vec<String>, mended: Vec<String> },
    /// Why it is not known.
    Unknown(String),
}

/// Evaluates the flake before and after, for this machine's system.
fn rebuilt(root: &Utf8Path, old: &Catalogue, new: &Catalogue, moves: &[Move<'_>]) -> Rebuilt {
    let system = [evaluate::own_system(old)];
    let side = |catalogue: &Catalogue, overrides: Vec<String>| -> Result<Vec<Package>, String> {
        let source_cache = std::env::var_os("PGFLAKEGEN_SOURCE_CACHE").map(PathBuf::from);
        let inputs = super::inputs::Inputs { override_input: overrides, source_cache, allow_local: true };
        let task = evaluate::task(root, catalogue, &inputs, &Limits::default());
        packages::all(task, &system).map_err(|nothing| match nothing {
            Nothing::Missing(what) => evaluate::missing(catalogue, what),
            Nothing::Fails(failure) => failure.message,
        })
    };
    let mut overrides = Vec::new();
    for moved in moves {
        let Some(folder) = &moved.folder else {
            return Rebuilt::Unknown(format!("{} was not fetched", moved.input.name));
        };
        overrides.extend([moved.input.name.clone(), format!("path:{}", folder.display())]);
    }
    let before = match side(old, Vec::new()) {
        Ok(before) => before,
        Err(why) => return Rebuilt::Unknown(why),
    };
    let after = match side(new, overrides) {
        Ok(after) => after,
        Err(why) => return Rebuilt::Unknown(why),
    };
    let (mut all, mut rebuilt, mut broken, mut mended) = (0, 0, Vec::new(), Vec::new());
    for package in &after {
        let Some(was) = before.iter().find(|was| was.attr == package.attr) else { continue };
        all += 1;
        match (&was.result, &package.result) {
            (Ok(was), Ok(is)) if was == is => {}
            (Ok(_), Ok(_)) => rebuilt += 1,
            (Ok(_), Err(_)) => broken.push(package.attr.clone()),
            (Err(_), Ok(_)) => mended.push(package.attr.clone()),
            (Err(_), Err(_)) => {}
        }
    }
    Rebuilt::Counted { all, rebuilt, broken, mended }
}

/// For a commit.
fn bumped(moved: &Move<'_>) -> crate::upstream::bump::Bumped {
    crate::upstream::bump::Bumped {
        name: format!("inputs {}", moved.input.name),
        from: said(&moved.input.pin()),
        to: said(&moved.to),
        postgresqls: Vec::new(),
        hash: Some(moved.to.nar_hash.clone()),
        changelog: None,
        compare: compare(moved),
        dropped: Vec::new(),
        remarks: Vec::new(),
    }
}

/// Where the changes are shown.
fn compare(moved: &Move<'_>) -> Option<String> {
    let crate::catalogue::input::Place::GitHub { owner, repo, .. } = &moved.input.place else { return None };
    let (from, to) = (moved.input.rev.as_ref()?, moved.to.rev.as_ref()?);
    Some(format!("https://github.com/{owner}/{repo}/compare/{from}...{to}"))
}

fn print(
    moves: &[Move<'_>],
    catalogue: &Catalogue,
    meaning: Option<&Meaning>,
    rebuilt: &Rebuilt,
    as_json: bool,
    context: &mut Context<'_>,
) -> anyhow::Result<()> {
    if as_json {
        let pin = |pin: &Pin| json!({ "rev": pin.rev, "nar-hash": pin.nar_hash, "last-modified": pin.last_modified });
        let moves = moves.iter().map(|moved| {
            let mut value = json!({
                "name": format!("inputs {}", moved.input.name),
                "from": pin(&moved.input.pin()),
                "to": pin(&moved.to),
                "compare": compare(moved),
            });
            if moved.input.name == "nixpkgs" {
                value["means"] = json!(meaning);
            }
            value
        });
        let moves: Vec<Value> = moves.collect();
        let rebuilt = match rebuilt {
            Rebuilt::Counted { all, rebuilt, broken, mended } => {
                json!({ "packages": all, "rebuilt": rebuilt, "broken": broken, "mended": mended })
            }
            Rebuilt::Unknown(why) => json!({ "unknown": why }),
        };
        context.json(&json!({ "inputs": moves, "derivations": rebuilt }))?;
        return Ok(());
    }
    for moved in moves {
        writeln!(
            context.out,
            "inputs {} {} → {}",
            line(&moved.input.name),
            said(&moved.input.pin()),
            said(&moved.to)
        )?;
        if let Some(link) = compare(moved) {
            writeln!(context.out, "  {link}")?;
        }
        if moved.input.name != "nixpkgs" {
            continue;
        }
        for text in meaning.map(Meaning::lines).unwrap_or_default() {
            writeln!(context.out, "  {}", line(&text))?;
        }
        if meaning.is_none() {
            context.say("what this nixpkgs has is not known: `pgflakegen index` makes the table of it")?;
        } else if catalogue.known().is_none() {
            context.say("what the nixpkgs before had is not known, so not what changes either")?;
        }
    }
    match rebuilt {
        Rebuilt::Counted { all, rebuilt, broken, mended } => {
            writeln!(context.out, "{rebuilt} of {} would be rebuilt", plural(*all, "package"))?;
            for (names, what) in [(broken, "evaluates no longer"), (mended, "evaluates again")] {
                for name in names {
                    writeln!(context.out, "  {} {what}", line(name))?;
                }
            }
        }
        Rebuilt::Unknown(why) => {
            context.say(format_args!("what would be rebuilt is not known: {}", line(why)))?;
        }
    }
    Ok(())
}

/// The finding that an error is.
pub(super) fn finding(input: &Input, error: &InputError) -> Diagnostic {
    let named = |code: Code| Diagnostic::global(code, format!("inputs {}: {error}", line(&input.name)));
    match error {
        InputError::Upstream(inner) if !inputs::is_gone(error) => {
            let finding = fetching::finding(inner);
            Diagnostic { message: format!("inputs {}: {}", line(&input.name), finding.message), ..finding }
        }
        InputError::Upstream(_) | InputError::Short(_) => named(Code::NotThere),
        InputError::Hash { .. } => named(Code::HashDiffers)
            .help("find out which of the two is right before you take either: `nix flake update` once more, for one"),
        InputError::Edit(_) => {
            let finding = named(Code::BadInputSource);
            finding.help(format!("write the input as a table of its own in {FOLDER}/{FLAKE}"))
        }
        InputError::Folder { .. } | InputError::NoRevisions | InputError::Other(_) => named(Code::BadInputSource),
    }
}
