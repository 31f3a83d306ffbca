//! Every package and its derivation, errors collected, in several threads.

mod aggregates;
mod queue;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

pub use self::aggregates::Parts;
use self::queue::{Below, End, Item, Queue};
use super::Host;
use super::program::{Program, Source};
use crate::nix::eval::{
    Attribute, Error, ErrorKind, Evaluator, Kind, Machine, Result, Session, Settings, Text, Value,
    attribute_path, current_system,
};
use crate::nix::flake;
use crate::progress::progress;

/// Whose packages are wanted.
#[derive(Clone, Debug)]
pub struct Request {
    /// The flake, file or expression.
    pub program: Program,
    /// Attribute paths to start from; none: the whole, or of a flake `packages` and its like, or what the reference's
    /// fragment says.
    pub attrs: Vec<String>,
    /// Systems of the flake to look at; none: all it has.
    pub systems: Vec<String>,
    /// Every set is looked into, not only those with `recurseForDerivations`.
    pub force_recurse: bool,
    /// The packages' `meta` is wanted, too.
    pub meta: bool,
    /// A function that makes of the whole, or of what the reference's fragment says, the set to look into. It gets a
    /// flake with `inputs` and `outputs`.
    pub select: Option<String>,
    /// A function of a package, which makes a set of it that is wanted, too.
    pub apply: Option<String>,
    /// What Hydra's aggregates are made of is wanted, too: they need the derivations, which are in this folder (where
    /// `settings` has them written), and come to be there themselves.
    pub constituents: Option<PathBuf>,
    /// Threads; `None`: as many as there are processors.
    pub threads: Option<usize>,
    /// How to evaluate.
    pub settings: Settings,
}

/// One package, in the fields of nix-eval-jobs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    /// The attribute path as text.
    pub attr: String,
    /// The attribute path.
    pub attr_path: Vec<String>,
    /// The derivation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drv_path: Option<String>,
    /// Why there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What it was applied to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_value: Option<serde_json::Value>,
    /// What a Hydra aggregate is made of.
    #[serde(flatten)]
    pub parts: Option<Parts>,
    /// Derivations it needs, and which of their outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_drvs: Option<BTreeMap<String, Vec<String>>>,
    /// Its `meta`, as far as that is one to Nix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<serde_json::Map<String, serde_json::Value>>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its outputs, and their paths where they are known before the build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<BTreeMap<String, Option<String>>>,
    /// What the machine that builds it must be able to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required_system_features: Option<Vec<String>>,
    /// The system it is built on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
}

/// All packages, sorted by attribute. One that fails is among them, with its error.
///
/// # Errors
/// When the whole fails.
pub fn drvs(args: &Request, host: &dyn Host) -> Result<Vec<Job>> {
    let evaluating = progress(host, "evaluating", 0);
    let evaluator = Evaluator::new(Arc::new(Machine), args.settings.clone());
    let session = evaluator.session();
    let auto = args.program.auto_args(&session)?;
    // What is no Nix is said once.
    for function in [&args.select, &args.apply].into_iter().flatten() {
        session.lazy(Text::Expression(function.as_bytes(), &args.program.here))?;
    }
    let whole = whole(&session, args, &auto);
    let roots = roots(&session, args, &whole)?;
    let mut found = Found::default();
    let mut items = VecDeque::new();
    for (root, path) in roots.iter().enumerate() {
        match descend(&auto, &whole, path) {
            Ok(value) => items.push_back(Item { root, below: None, value: value.kept() }),
            Err(error) => found.jobs.push(failed(path, &error)),
        }
    }
    evaluating.expect(items.len());
    let queue = Queue::new(items);
    let found = Mutex::new(found);
    let arguments = auto.kept();
    let work = |session: &Session, end: End| {
        let mut mine = Found::default();
        let auto = session.value(&arguments);
        while let Some(taken) = queue.take(end) {
            let root = taken.item.root;
            let path = taken.item.path(&roots[root]);
            let task = evaluating.begin(|| shown(&path));
            let seen = session.part(|| {
                let value = session.value(&taken.item.value).auto_call_inside(&auto);
                look(args, value, &path, taken.item.below.is_none())
            });
            match seen {
                Ok(Seen::Package(job)) => mine.jobs.push(*job),
                Ok(Seen::Set(attrs)) => {
                    let inner = attrs.into_iter().map(|attr| {
                        let name = String::from_utf8_lossy(&attr.name).into_owned();
                        let below = Below { name, up: taken.item.below.clone() };
                        Item { root, below: Some(Arc::new(below)), value: attr.value.kept() }
                    });
                    let inner: Vec<_> = inner.collect();
                    evaluating.expect(inner.len());
                    queue.add(end, inner);
                }
                Ok(Seen::Other) => {}
                Err(error) => mine.fail(&path, &error),
            }
            drop((task, taken));
        }
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        found.jobs.extend(mine.jobs);
        found.unsure.extend(mine.unsure);
        found.short.extend(mine.short);
    };
    std::thread::scope(|scope| {
        for n in 1..threads(args.threads) {
            let builder = std::thread::Builder::new().name(format!("eval-{n}")).stack_size(32 << 20);
            let end = if n % 2 == 0 { End::Front } else { End::Back };
            let (evaluator, work) = (&evaluator, &work);
            // Fewer threads than wanted still do all the work.
            let _ = builder.spawn_scoped(scope, move || work(&evaluator.session(), end));
        }
        work(&session, End::Front);
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.short.sort();
    let short = std::mem::take(&mut found.short);
    try_again(&session, args, &auto, &whole, short, &mut found);
    evaluate_alone(&evaluator, args, &mut found)?;
    found.jobs.sort_by(|a, b| a.attr_path.cmp(&b.attr_path));
    if let Some(folder) = &args.constituents {
        aggregates::join(&mut found.jobs, folder, |text| evaluator.message(text));
    }
    Ok(found.jobs)
}

/// How many there are where so many are asked for, or nobody says how many.
pub fn threads(asked: Option<usize>) -> usize {
    let processors = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.unwrap_or_else(processors).min(MOST_THREADS)
}

/// More threads than this have nothing to do but wait.
const MOST_THREADS: usize = 256;

/// What was found so far.
#[derive(Default)]
struct Found {
    jobs: Vec<Job>,
    /// Paths of errors whose text depends on what was evaluated before.
    unsure: Vec<Vec<String>>,
    /// Those that had too little memory, perhaps for what others took.
    short: Vec<Vec<String>>,
}

impl Found {
    /// A package, or what should be one, fails; it may be looked at again.
    fn fail(&mut self, path: &[String], error: &Error) {
        match error.kind() {
            ErrorKind::MemoryLimit => self.short.push(path.to_vec()),
            _ if error.depends_on_order() => self.unsure.push(path.to_vec()),
            _ => {}
        }
        self.jobs.push(failed(path, error));
    }
}

/// Evaluates again what had too little memory, one after the other, with all that is allowed for each.
fn try_again(
    session: &Session,
    args: &Request,
    auto: &Value<'_>,
    whole: &Result<Value<'_>>,
    short: Vec<Vec<String>>,
    found: &mut Found,
) {
    for path in short {
        session.collect();
        let job = match session.part(|| look(args, descend(auto, whole, &path), &path, false)) {
            Ok(Seen::Package(job)) => Some(*job),
            // What is in it was not looked into; that it could not be is what there is to say.
            Ok(Seen::Set(_)) => continue,
            Ok(Seen::Other) => None,
            Err(error) => Some(failed(&path, &error)),
        };
        found.jobs.retain(|known| known.attr_path != path);
        found.jobs.extend(job);
    }
}

/// Evaluates what failed with such an error anew: alone, in the order of the paths, by one thread.
fn evaluate_alone(first: &Evaluator, args: &Request, found: &mut Found) -> Result<()> {
    if found.unsure.is_empty() {
        return Ok(());
    }
    found.unsure.sort();
    found.unsure.dedup();
    let again = std::mem::take(&mut found.unsure);
    let session = first.anew().session();
    let auto = args.program.auto_args(&session)?;
    let whole = whole(&session, args, &auto);
    let mut better: BTreeMap<Vec<String>, Job> = BTreeMap::new();
    for path in again {
        let job = match session.part(|| look(args, descend(&auto, &whole, &path), &path, false)) {
            Ok(Seen::Package(job)) => *job,
            Ok(Seen::Set(_) | Seen::Other) => continue,
            // Then what was seen first has to do.
            Err(error) if matches!(error.kind(), ErrorKind::MemoryLimit | ErrorKind::TimeLimit) => {
                first.message(
                    "warning: too little memory or time is left to look at what failed again: some messages depend on what was evaluated before",
                );
                break;
            }
            Err(error) => failed(&path, &error),
        };
        better.insert(path, job);
    }
    for job in found.jobs.iter_mut().filter(|job| job.error.is_some()) {
        if let Some(job_again) = better.get(&job.attr_path) {
            job.clone_from(job_again);
        }
    }
    Ok(())
}

/// Outputs of flakes with packages by system.
const BY_SYSTEM: [&str; 4] = ["packages", "legacyPackages", "checks", "devShells"];

fn usage<T>(message: impl Into<String>) -> Result<T> {
    Err(Error::new(ErrorKind::Other, message))
}

/// Attribute paths to start from.
fn roots(session: &Session, args: &Request, whole: &Result<Value<'_>>) -> Result<Vec<Vec<String>>> {
    if args.select.is_some() {
        whole.clone()?;
        return Ok(vec![Vec::new()]);
    }
    let mut given: Vec<_> = args.attrs.iter().map(|path| attribute_path(path)).collect::<Result<_>>()?;
    let Source::Flake(reference) = &args.program.source else {
        if given.is_empty() {
            given.push(Vec::new());
        }
        return Ok(given);
    };
    let outputs = whole.clone()?;
    if !outputs.is_set()? {
        return Err(Error::new(ErrorKind::Type, "the outputs of the flake are no set"));
    }
    let (flake, fragment) = flake::split_fragment(reference);
    if !fragment.is_empty() {
        if !given.is_empty() {
            return usage(format!("'#{fragment}' and --attr both say where to look: give one of them"));
        }
        given.push(session.flake_output(&outputs, flake, &fragment)?.0);
    }
    // A whole kind is looked into by system.
    let whole_kind = match given.as_slice() {
        [path] => match path.as_slice() {
            [name] => BY_SYSTEM.iter().find(|kind| *kind == name),
            _ => None,
        },
        _ => None,
    };
    let kinds = match (given.is_empty(), whole_kind) {
        (true, _) => &BY_SYSTEM[..],
        (false, Some(kind)) => std::slice::from_ref(kind),
        (false, None) if !args.systems.is_empty() => {
            return usage(format!("--systems is for all of a flake, and '#{fragment}' is a part of it"));
        }
        (false, None) => return Ok(given),
    };
    let mut roots = Vec::new();
    let mut seen = BTreeSet::new();
    for kind in kinds {
        let Some(found) = outputs.attr(kind)? else { continue };
        // What fails here fails again as a job of its own.
        if !matches!(found.is_set(), Ok(true)) {
            roots.push(vec![(*kind).to_owned()]);
            continue;
        }
        for name in found.names()? {
            let system = String::from_utf8_lossy(&name).into_owned();
            if args.systems.is_empty() || args.systems.contains(&system) {
                roots.push(vec![(*kind).to_owned(), system.clone()]);
            }
            seen.insert(system);
        }
    }
    let unknown: Vec<_> = args.systems.iter().filter(|system| !seen.contains(*system)).cloned().collect();
    if !unknown.is_empty() {
        let has = match seen.is_empty() {
            true => String::new(),
            false => format!("; it has {}", seen.iter().cloned().collect::<Vec<_>>().join(", ")),
        };
        let message = format!(
            "the flake has nothing for {} (this machine is {}){has}",
            unknown.join(", "),
            current_system()
        );
        return Err(Error::new(ErrorKind::MissingAttribute, message));
    }
    Ok(roots)
}

fn attribute<'s>(set: &Value<'s>, name: &str) -> Result<Value<'s>> {
    match set.attr(name)? {
        Some(value) => Ok(value),
        None => {
            let names = set.names()?;
            let names = names.iter().map(|name| String::from_utf8_lossy(name));
            let error = Error::new(ErrorKind::MissingAttribute, format!("attribute '{name}' missing"));
            Err(error.suggesting(name, names))
        }
    }
}

/// The value of the file, expression or flake.
fn whole<'s>(session: &'s Session, args: &Request, auto: &Value<'s>) -> Result<Value<'s>> {
    let value = args.program.load(session)?;
    let value = if args.program.is_flake() { value } else { value.auto_call(auto)? };
    let Some(select) = &args.select else { return Ok(value) };
    let value = match &args.program.source {
        Source::Flake(reference) => match flake::split_fragment(reference) {
            (flake, fragment) if fragment.is_empty() => session.whole_flake(flake, &args.program.inputs)?,
            (flake, fragment) => session.flake_output(&value, flake, &fragment)?.1,
        },
        _ => value,
    };
    applied(session, args, "--select", select, &value)
}

/// What a function of the command line makes of a value: a set.
fn applied<'s>(
    session: &'s Session,
    args: &Request,
    option: &str,
    function: &str,
    value: &Value<'_>,
) -> Result<Value<'s>> {
    let function = session.eval(Text::Expression(function.as_bytes(), &args.program.here))?;
    let made = function.call(value)?;
    if !made.is_set()? {
        let message = format!("{option} must make a set, and makes {}", made.describe()?);
        return Err(Error::new(ErrorKind::Type, message));
    }
    Ok(made)
}

/// What is at `path`; functions on the way are called, as [`drvs`] calls them.
fn descend<'s>(auto: &Value<'s>, whole: &Result<Value<'s>>, path: &[String]) -> Result<Value<'s>> {
    let mut value = whole.clone()?;
    for part in path {
        if !value.is_set()? {
            let message = format!("'{part}' is looked for in what is no set");
            return Err(Error::new(ErrorKind::Type, message));
        }
        value = attribute(&value, part)?.auto_call_inside(auto)?;
    }
    Ok(value)
}

fn failed(path: &[String], error: &Error) -> Job {
    Job {
        attr: shown(path),
        attr_path: path.to_vec(),
        drv_path: None,
        error: Some(error.report(false)),
        extra_value: None,
        parts: None,
        input_drvs: None,
        meta: None,
        name: None,
        outputs: None,
        required_system_features: None,
        system: None,
    }
}

fn shown(path: &[String]) -> String {
    let part = |part: &String| if part.contains('.') { format!("\"{part}\"") } else { part.clone() };
    path.iter().map(part).collect::<Vec<_>>().join(".")
}

/// What is at a path.
enum Seen<'s> {
    Package(Box<Job>),
    /// A set to look into.
    Set(Vec<Attribute<'s>>),
    Other,
}

/// Deeper than this nobody has packages.
const DEEPEST: usize = 64;

fn look<'s>(args: &Request, value: Result<Value<'s>>, path: &[String], root: bool) -> Result<Seen<'s>> {
    let value = value?;
    if !matches!(value.force()?, Kind::Attrs(_)) {
        if root {
            let message = format!("expected a set of packages but found {}", value.describe()?);
            return Err(Error::new(ErrorKind::Type, message));
        }
        return Ok(Seen::Other);
    }
    let package = match value.is_derivation() {
        // `type` itself may fail: that is this package's error. Among packages it is one of them.
        Err(_) if root => false,
        package => package?,
    };
    if package {
        return job(args, &value, path).map(|job| Seen::Package(Box::new(job)));
    }
    let in_checks = path.first().is_some_and(|first| first == "checks") && args.program.is_flake();
    let wanted = root || args.force_recurse || in_checks || value.is_recursive()?;
    Ok(if wanted && path.len() < DEEPEST { Seen::Set(value.attrs()?) } else { Seen::Other })
}

fn job(args: &Request, derivation: &Value<'_>, path: &[String]) -> Result<Job> {
    let package = derivation.package()?;
    let package = package.ok_or_else(|| Error::new(ErrorKind::Type, "expected a derivation"))?;
    let parts = args.constituents.as_ref().map(|_| Parts::of(derivation)).transpose()?;
    let extra_value = match &args.apply {
        Some(apply) => {
            let made = applied(derivation.session(), args, "--apply", apply, derivation)?;
            // It was written as JSON just now.
            serde_json::from_str(&made.to_json()?).ok()
        }
        None => None,
    };
    Ok(Job {
        attr: shown(path),
        attr_path: path.to_vec(),
        extra_value,
        parts,
        meta: if args.meta { Some(derivation.meta()?) } else { None },
        drv_path: Some(package.drv_path),
        error: None,
        input_drvs: package.inputs,
        name: Some(package.name),
        outputs: Some(package.outputs),
        required_system_features: package.features,
        system: package.system,
    })
}
