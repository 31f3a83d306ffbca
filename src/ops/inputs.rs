//! Moving the flake's inputs: their sources fetched and hashed, the catalogue and the table of what nixpkgs has
//! changed, and what that means.

use std::path::{Path, PathBuf};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::bump::LOOKUPS;
use super::evaluate::{self, Evaluation};
use super::lock::said;
use super::writing::{self, Edit, Edits};
use super::{Error, Host, Loaded, Notice, failures};
use crate::catalogue::Files;
use crate::catalogue::input::Place;
use crate::catalogue::lock::{Difference, Lock, Pin};
use crate::catalogue::model::{Catalogue, Input};
use crate::catalogue::moved::{self, Meaning};
use crate::catalogue::nixpkgs::{self, Table};
use crate::diag::foreign::line;
use crate::diag::{Code, Diagnostic, Diagnostics, Span, nearest};
use crate::interrupt::TemporaryDirectory;
use crate::layout::{CATALOGUE, FLAKE_LOCK, FLAKE_TOML, NIXPKGS_INDEX, NIXPKGS_TOML};
use crate::limited;
use crate::nix::eval::Settings;
use crate::overrides::evaluated::packages::{self, Nothing, Package};
use crate::overrides::index::{Coverage, Index};
use crate::overrides::{names, postgresql_facts};
use crate::progress::{Progress, progress};
use crate::render;
use crate::rule::{Finder, finder};
use crate::threads::Pool;
use crate::upstream::Upstream;
use crate::upstream::bump::Bumped;
use crate::upstream::inputs::{self, Fetched, InputError};

/// What is found here.
pub(crate) const FINDER: Finder = finder! {
    BadInputSource =
        "What was fetched for an input of the flake is no flake (it has no flake.nix), for nixpkgs no package \
         set that evaluates, or not to be had in the way that was asked for: archives and folders have no \
         revisions. Nothing was changed. The input's `url` is in catalogue/flake.toml.";
    HashDiffers;
    NixpkgsTooOld;
    NotThere;
    NothingToBump;
};

/// What is to be moved, and how.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The repository.
    pub root: &'a Utf8Path,
    /// Inputs; none: all.
    pub names: &'a [String],
    /// Where to.
    pub to: To<'a>,
    /// Nothing is to be written.
    pub dry_run: bool,
    /// A commit is made.
    pub commit: bool,
    /// Sources fetched at a time.
    pub jobs: usize,
    /// Whether it is evaluated what would be rebuilt.
    pub rebuilt: bool,
    /// How nixpkgs and the flake are evaluated.
    pub evaluation: Evaluation,
}

/// Where inputs are moved to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To<'a> {
    /// Where their branches are.
    Branch,
    /// One of them to a commit, branch or tag.
    Revision(&'a str),
    /// What `flake.lock` has.
    Lock {
        /// Nothing is fetched: it is believed.
        offline: bool,
    },
}

/// An input that was moved, or would be.
#[derive(Clone, Debug)]
pub struct Moved {
    /// The input.
    pub name: String,
    /// Where it is from.
    pub place: Place,
    /// What it was pinned to; `None`: it is new.
    pub from: Option<Pin>,
    /// What it is pinned to.
    pub to: Pin,
}

/// What was done, and what it means.
#[derive(Clone, Debug)]
pub struct Report {
    /// The inputs that move; none: everything is up to date.
    pub moved: Vec<Moved>,
    /// What another nixpkgs means; `None`: it is the same, or was not fetched.
    pub means: Option<Meaning>,
    /// Whether it was known what the nixpkgs before had.
    pub known: bool,
    /// What of nixpkgs does not evaluate, and is not in its table.
    pub failed: Vec<String>,
    /// What would be built anew.
    pub rebuilt: Rebuilt,
}

/// What would be built anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rebuilt {
    /// Nobody asked.
    Unasked,
    /// Why it is not known.
    Unknown(String),
    /// Evaluated before and after, for this machine's system.
    Counted {
        /// Attributes that are there before and after.
        all: usize,
        /// Those whose derivation is another.
        rebuilt: usize,
        /// Those that evaluate no longer.
        broken: Vec<String>,
        /// Those that evaluate again.
        mended: Vec<String>,
    },
}

/// An input that moves.
struct Move<'a> {
    input: &'a Input,
    to: Pin,
    /// Where its source is now; `None`: it was not fetched.
    folder: Option<PathBuf>,
}

/// Moves inputs.
///
/// # Errors
/// When something cannot be read, had or written; then nothing was changed.
pub fn inputs(request: &Request<'_>, upstream: &Upstream, host: &dyn Host) -> Result<Report, Error> {
    let root = request.root;
    if !request.dry_run {
        drop(super::recovered(root, host)?);
    }
    let catalogue = with_new_inputs(root, host)?;
    let wanted = wanted(request, &catalogue)?;
    if request.commit {
        writing::clean(root)?;
    }
    let temporary = TemporaryDirectory::new("inputs-")?;
    let fetching = Fetching { upstream, temporary: &temporary, jobs: request.jobs, host };
    let moves = match request.to {
        To::Lock { offline } => from_lock(root, &catalogue, &wanted, offline, &fetching)?,
        To::Branch => newest(&wanted, None, &fetching)?,
        To::Revision(to) => newest(&wanted, Some(to), &fetching)?,
    };
    let mut report = Report {
        moved: moves.iter().map(Move::moved).collect(),
        means: None,
        known: catalogue.nixpkgs_table().is_some(),
        failed: Vec::new(),
        rebuilt: Rebuilt::Unasked,
    };
    if moves.is_empty() {
        return Ok(report);
    }
    let table = match table(&moves, &catalogue, &request.evaluation, host)? {
        Some((table, failed)) => {
            report.means = Some(moved::meaning(&catalogue, catalogue.nixpkgs_table(), &table));
            report.failed = failed;
            Some(table)
        }
        None => None,
    };
    let (edits, new) = edits(root, &moves, table.as_ref(), host)?;
    if request.rebuilt && report.moved.iter().any(|moved| moved.from.is_none()) {
        report.rebuilt = Rebuilt::Unknown("an input is new".to_owned());
    } else if request.rebuilt {
        report.rebuilt = rebuilt(request, &catalogue, &new, &moves, host);
    }
    if !request.dry_run {
        let index = index(root, &moves, &request.evaluation, host)?;
        // A signal comes before or after, not between the files and their commit.
        let _unbroken = crate::interrupt::unbroken();
        writing::write(root, &edits, host)?;
        if let Some(index) = index {
            super::index::write(None, root, NIXPKGS_INDEX, &index)?;
        }
        if request.commit {
            writing::commit(root, &moves.iter().map(Move::bumped).collect::<Vec<_>>())?;
        }
    }
    Ok(report)
}

impl Move<'_> {
    fn moved(&self) -> Moved {
        Moved {
            name: self.input.name.clone(),
            place: self.input.place.clone(),
            from: Some(self.input.pin()).filter(|pin| pin.nar_hash != inputs::UNKNOWN_HASH),
            to: self.to.clone(),
        }
    }

    /// For a commit.
    fn bumped(&self) -> Bumped {
        let moved = self.moved();
        Bumped {
            name: format!("inputs {}", moved.name),
            from: moved.from.as_ref().map_or_else(|| "nothing".to_owned(), said),
            to: said(&moved.to),
            postgresqls: Vec::new(),
            hash: Some(moved.to.nar_hash.clone()),
            changelog: None,
            compare: moved.compare(),
            dropped: Vec::new(),
            remarks: Vec::new(),
        }
    }
}

impl Moved {
    /// Where the changes are shown.
    pub fn compare(&self) -> Option<String> {
        let Place::GitHub { owner, repo, .. } = &self.place else { return None };
        let (from, to) = (self.from.as_ref()?.rev.as_ref()?, self.to.rev.as_ref()?);
        Some(format!("https://github.com/{owner}/{repo}/compare/{from}...{to}"))
    }

    /// `inputs nixpkgs e2587caef70c (2026-07-23) → 151fa4e8ddfd (2026-10-06)`.
    pub fn line(&self) -> String {
        let from = self.from.as_ref().map_or_else(|| "(new)".to_owned(), said);
        format!("inputs {} {from} → {}", line(&self.name), said(&self.to))
    }
}

/// The catalogue, in which inputs may say no more than where they are from.
fn with_new_inputs(root: &Utf8Path, host: &dyn Host) -> Result<Catalogue, Error> {
    let text = limited::text(root.join(CATALOGUE).join(FLAKE_TOML)).unwrap_or_default();
    if let Some(filled) = inputs::with_new(&text, |_| true) {
        let mut files = Files::read(root)?;
        files.insert(Utf8PathBuf::from(FLAKE_TOML), filled.as_bytes());
        let mut loaded = Loaded::default();
        let found = crate::catalogue::load_from(&files, &mut loaded.sources, &mut loaded.diagnostics);
        if let Some(catalogue) = found {
            return Ok(catalogue);
        }
    }
    super::usable(root, host)
}

/// The inputs that are named.
fn wanted<'a>(request: &Request<'_>, catalogue: &'a Catalogue) -> Result<Vec<&'a Input>, Error> {
    let mut found = Diagnostics::new();
    let (inputs, names) = (&catalogue.flake.inputs, request.names);
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
    if matches!(request.to, To::Revision(_)) && wanted.len() > 1 {
        found.push(
            Diagnostic::global(Code::NothingToBump, "--to is a revision of one input")
                .help("name the input: `pgflakegen bump inputs nixpkgs --to …`"),
        );
    }
    if found.has_errors() { Err(Error::Findings(found)) } else { Ok(wanted) }
}

/// Where sources come from and go to.
struct Fetching<'a> {
    upstream: &'a Upstream,
    temporary: &'a TemporaryDirectory,
    jobs: usize,
    host: &'a dyn Host,
}

/// Asks where each is to be, and fetches what is not there yet.
fn newest<'a>(
    wanted: &[&'a Input],
    to: Option<&str>,
    fetching: &Fetching<'_>,
) -> Result<Vec<Move<'a>>, Error> {
    let asking = progress(fetching.host, "asking upstream", wanted.len());
    let asked: Vec<Result<Option<String>, InputError>> = Pool::of(LOOKUPS).install(|| {
        let one = |input: &&Input| {
            let _task = asking.begin(|| input.name.clone());
            inputs::revision(fetching.upstream, &input.place, to)
        };
        wanted.par_iter().map(one).collect()
    });
    drop(asking);
    let (mut found, mut goals) = (Diagnostics::new(), Vec::new());
    for (input, revision) in wanted.iter().copied().zip(asked) {
        match revision {
            Ok(revision) if revision.is_some() && revision == input.rev => {}
            Ok(rev) => goals.push(Goal { input, rev, pin: None }),
            Err(error) => found.push(finding(input, &error)),
        }
    }
    if found.has_errors() { Err(Error::Refused(found)) } else { fetched(goals, fetching) }
}

/// What is to be fetched.
struct Goal<'a> {
    input: &'a Input,
    rev: Option<String>,
    /// What it must be.
    pin: Option<Pin>,
}

/// Fetches all. What is as it was is left out.
fn fetched<'a>(goals: Vec<Goal<'a>>, fetching: &Fetching<'_>) -> Result<Vec<Move<'a>>, Error> {
    let doing = progress(fetching.host, "fetching", goals.len());
    let results: Vec<(&Goal<'a>, Result<Move<'a>, InputError>)> = Pool::of(fetching.jobs)
        .install(|| goals.par_iter().map(|goal| (goal, one(goal, fetching, &doing))).collect());
    drop(doing);
    let (mut moves, mut found) = (Vec::new(), Diagnostics::new());
    for (goal, result) in results {
        match result {
            Ok(moved) if moved.to == goal.input.pin() => {}
            Ok(moved) => moves.push(moved),
            Err(error) => found.push(finding(goal.input, &error)),
        }
    }
    if found.has_errors() { Err(Error::Refused(found)) } else { Ok(moves) }
}

fn one<'a>(goal: &Goal<'a>, fetching: &Fetching<'_>, doing: &Progress<'_>) -> Result<Move<'a>, InputError> {
    let Goal { input, rev, pin } = goal;
    let task = doing.begin(|| input.name.clone());
    let fetched: Fetched = inputs::fetch(fetching.upstream, &input.place, rev.as_deref(), &task)?;
    if let Some(pin) = pin.as_ref().filter(|pin| pin.nar_hash != fetched.pin.nar_hash) {
        let (expected, found) = (pin.nar_hash.clone(), fetched.pin.nar_hash);
        return Err(InputError::Hash { said: FLAKE_LOCK, expected, found });
    }
    inputs::usable(input, &fetched)?;
    let folder = fetched.folder(&fetching.temporary.path().join(&input.name))?;
    // Versions of Nix differ in what they take for a time; the lock file's is that of one of them.
    let to = match pin.clone() {
        Some(pin) if pin.last_modified > 0 => pin,
        _ => fetched.pin,
    };
    Ok(Move { input, to, folder: Some(folder) })
}

/// What the lock file pins that the catalogue does not.
fn from_lock<'a>(
    root: &Utf8Path,
    catalogue: &'a Catalogue,
    wanted: &[&'a Input],
    offline: bool,
    fetching: &Fetching<'_>,
) -> Result<Vec<Move<'a>>, Error> {
    let path = root.join(FLAKE_LOCK);
    let text = limited::text(&path).map_err(|source| Error::Read { path, source })?;
    let ours = render::lock::lock(&catalogue.flake.inputs);
    let differences = match (Lock::parse(&text), Lock::parse(&ours)) {
        (Ok(lock), Ok(ours)) => lock.differences(&ours),
        (Err(_), _) | (_, Err(_)) => vec![Difference::Other(String::new())],
    };
    if differences.iter().any(|difference| matches!(difference, Difference::Other(_))) {
        let mut loaded = Loaded::default();
        let source = loaded.sources.add(Utf8PathBuf::from(FLAKE_LOCK), text.clone());
        loaded.diagnostics.push(super::lock::finding(&text, &ours, Span::new(source, 0..0)));
        fetching.host.notice(Notice::Found(&loaded));
        return Err(Error::Refused(Diagnostics::new()));
    }
    let mut goals = Vec::new();
    for difference in differences {
        let Difference::Moved { name, to, .. } = difference else { continue };
        if let Some(input) = wanted.iter().find(|input| input.name == name) {
            goals.push(Goal { input, rev: to.rev.clone(), pin: Some(to) });
        }
    }
    if !offline {
        return fetched(goals, fetching);
    }
    // What the lock file says has to do; the table stays as it is, and `check` says so.
    let believed = |goal: Goal<'a>| {
        let mut to = goal.pin?;
        if to.last_modified == 0 {
            to.last_modified = goal.input.last_modified;
        }
        Some(Move { input: goal.input, to, folder: None })
    };
    Ok(goals.into_iter().filter_map(believed).collect())
}

/// The folder of the nixpkgs that is moved to, with its revision; `None`: it stays where it is, or was not fetched.
fn nixpkgs_of<'m>(moves: &'m [Move<'_>]) -> Option<(&'m Move<'m>, &'m Path, String)> {
    let moved = moves.iter().find(|moved| moved.input.name == "nixpkgs")?;
    let revision = moved.to.rev.clone().unwrap_or_else(|| moved.to.nar_hash.clone());
    Some((moved, moved.folder.as_deref()?, revision))
}

/// How a package set is evaluated, not as part of a flake.
fn impure(evaluation: &Evaluation) -> Settings {
    Settings { pure: false, local_sources: true, ..evaluation.settings.clone() }
}

/// What that nixpkgs has, and what of it does not evaluate.
fn table(
    moves: &[Move<'_>],
    catalogue: &Catalogue,
    evaluation: &Evaluation,
    host: &dyn Host,
) -> Result<Option<(Table, Vec<String>)>, Error> {
    let Some((moved, folder, revision)) = nixpkgs_of(moves) else { return Ok(None) };
    let systems = &catalogue.flake.systems;
    let asked = postgresql_facts::of_tree(folder, revision, systems, &impure(evaluation), host);
    let what = || format!("{} at {}", moved.input.place.name(), said(&moved.to));
    match asked {
        Ok((table, _)) if table.postgresql.is_empty() => {
            let message = format!("{} is no nixpkgs: it has no PostgreSQL", what());
            Err(Error::refused(Diagnostic::global(Code::BadInputSource, message)))
        }
        Ok((table, _)) if !table.lacks.is_empty() => {
            let lacks: Vec<&str> = table.lacks.iter().map(String::as_str).collect();
            let message = format!("{} is too old: it has no {}", what(), lacks.join(", "));
            let help = format!("the oldest that works is that of {}", nixpkgs::OLDEST);
            Err(Error::refused(Diagnostic::global(Code::NixpkgsTooOld, message).help(help)))
        }
        Ok(known) => Ok(Some(known)),
        Err(why) => {
            let why = why.replace(&folder.display().to_string(), "nixpkgs");
            let why: String = why.split_whitespace().collect::<Vec<_>>().join(" ");
            let message = format!("{} cannot be evaluated: {why}", what());
            Err(Error::refused(Diagnostic::global(Code::BadInputSource, message)))
        }
    }
}

/// The list of names made anew, where the catalogue has one of its own.
fn index(
    root: &Utf8Path,
    moves: &[Move<'_>],
    evaluation: &Evaluation,
    host: &dyn Host,
) -> Result<Option<Vec<u8>>, Error> {
    let Some((_, folder, revision)) = nixpkgs_of(moves) else { return Ok(None) };
    if !root.join(CATALOGUE).join(NIXPKGS_INDEX).exists() {
        return Ok(None);
    }
    let names = names::of_tree(folder, impure(evaluation), host);
    let names = names.map_err(|why| Error::NoPackages { tree: "nixpkgs".into(), why })?;
    Ok(Some(Index::new(revision, Coverage::Complete, names).write()?))
}

/// The catalogue's files as they are to be, and the catalogue that they make.
fn edits(
    root: &Utf8Path,
    moves: &[Move<'_>],
    table: Option<&Table>,
    host: &dyn Host,
) -> Result<(Edits, Catalogue), Error> {
    let before = limited::text(root.join(CATALOGUE).join(FLAKE_TOML))?;
    let is_moved = |name: &str| moves.iter().any(|moved| moved.input.name == name);
    let mut after = inputs::with_new(&before, is_moved).unwrap_or_else(|| before.clone());
    for moved in moves {
        after = inputs::edited(&after, &moved.input.name, &moved.to)
            .map_err(|error| Error::refused(finding(moved.input, &error.into())))?;
    }
    let mut all = Files::read(root)?;
    all.insert(Utf8PathBuf::from(FLAKE_TOML), after.as_bytes());
    let mut edits = Edits::from([(FLAKE_TOML.into(), Edit { before: Some(before), after: Some(after) })]);
    if let Some(table) = table {
        let (path, text) = (Utf8PathBuf::from(NIXPKGS_TOML), table.write());
        all.insert(path.clone(), text.as_bytes());
        let before = limited::text(root.join(CATALOGUE).join(&path)).ok();
        edits.insert(path, Edit { before, after: Some(text) });
    }
    let mut loaded = Loaded::default();
    match crate::catalogue::load_from(&all, &mut loaded.sources, &mut loaded.diagnostics) {
        Some(new) => Ok((edits, new)),
        None => {
            host.notice(Notice::Found(&loaded));
            Err(Error::Refused(Diagnostics::new()))
        }
    }
}

/// Evaluates the flake before and after, for this machine's system.
fn rebuilt(
    request: &Request<'_>,
    old: &Catalogue,
    new: &Catalogue,
    moves: &[Move<'_>],
    host: &dyn Host,
) -> Rebuilt {
    let system = [evaluate::own_system(old)];
    let side = |catalogue: &Catalogue, inputs: Vec<(String, String)>| -> Result<Vec<Package>, String> {
        // What is put in place of an input is on this machine.
        let settings = Settings { local_sources: true, ..request.evaluation.settings.clone() };
        let evaluation = Evaluation { inputs, settings, ..request.evaluation.clone() };
        let asked = evaluate::Asked { root: request.root, catalogue, evaluation: &evaluation, host };
        packages::all(evaluate::task(asked), &system).map_err(|nothing| match nothing {
            Nothing::Missing(what) => evaluate::missing(catalogue, what),
            Nothing::Fails(failure) => failure.message,
        })
    };
    let mut overrides = Vec::new();
    for moved in moves {
        let Some(folder) = &moved.folder else {
            return Rebuilt::Unknown(format!("{} was not fetched", moved.input.name));
        };
        overrides.push((moved.input.name.clone(), format!("path:{}", folder.display())));
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
        // Both are in the order of their attributes.
        let Ok(was) = before.binary_search_by(|was| was.attr.cmp(&package.attr)) else { continue };
        all += 1;
        match (&before[was].result, &package.result) {
            (Ok(was), Ok(is)) if was == is => {}
            (Ok(_), Ok(_)) => rebuilt += 1,
            (Ok(_), Err(_)) => broken.push(package.attr.clone()),
            (Err(_), Ok(_)) => mended.push(package.attr.clone()),
            (Err(_), Err(_)) => {}
        }
    }
    Rebuilt::Counted { all, rebuilt, broken, mended }
}

/// The finding that an error is.
pub(super) fn finding(input: &Input, error: &InputError) -> Diagnostic {
    let named = |code: Code| Diagnostic::global(code, format!("inputs {}: {error}", line(&input.name)));
    match error {
        InputError::Upstream(inner) if !inputs::is_gone(error) => {
            let finding = failures::finding(inner);
            Diagnostic { message: format!("inputs {}: {}", line(&input.name), finding.message), ..finding }
        }
        InputError::Upstream(_) | InputError::Short(_) => named(Code::NotThere),
        InputError::Hash { .. } => named(Code::HashDiffers)
            .help("find out which of the two is right before you take either: `nix flake update` once more, for one"),
        InputError::Edit(_) => {
            let finding = named(Code::BadInputSource);
            finding.help(format!("write the input as a table of its own in {CATALOGUE}/{FLAKE_TOML}"))
        }
        InputError::Folder { .. } | InputError::NoRevisions | InputError::Other(_) => {
            named(Code::BadInputSource)
        }
    }
}
