//! Every package and its derivation, errors collected, in several threads.

mod queue;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use self::queue::{Below, End, Item, Queue};
use super::Host;
use super::program::{Program, Source};
use crate::nix::eval::attrs::Attrs;
use crate::nix::eval::current_system;
use crate::nix::eval::error::suggest;
use crate::nix::eval::eval_io::Machine;
use crate::nix::eval::report::render;
use crate::nix::eval::{Error, Ev, Kind, Result, Settings, Shared, Value};
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

/// Evaluation of the whole has failed.
pub struct Failed {
    shared: Arc<Shared>,
    error: Box<Error>,
}

impl Failed {
    /// What Nix would print, in several lines; `trace`: with the whole way to it.
    pub fn render(&self, trace: bool) -> String {
        render(&self.shared, &self.error, trace)
    }
}

impl fmt::Debug for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Failed").field(&self.error).finish()
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(false).trim_end())
    }
}

impl std::error::Error for Failed {}

/// All packages, sorted by attribute. One that fails is among them, with its error.
///
/// # Errors
/// When the whole fails.
pub fn drvs(args: &Request, host: &dyn Host) -> std::result::Result<Vec<Job>, Failed> {
    let shared = Shared::new(args.settings.clone(), Arc::new(Machine), crate::nix::flake::HOOKS);
    collect_in(&shared, args, host).map_err(|error| Failed { shared, error })
}

fn collect_in(shared: &Arc<Shared>, args: &Request, host: &dyn Host) -> Result<Vec<Job>> {
    let evaluating = progress(host, "evaluating", 0);
    // SAFETY: what is found is text; values stay in here.
    let mut ev = unsafe { Ev::new(shared.clone()) };
    let auto = args.program.auto_args(&mut ev)?;
    let whole = whole(&mut ev, args, auto);
    let roots = roots(&mut ev, args, &whole)?;
    let mut found = Found::default();
    let mut items = VecDeque::new();
    for (root, path) in roots.iter().enumerate() {
        match descend(&mut ev, auto, whole.clone(), path) {
            Ok(value) => items.push_back(Item { root, below: None, value: ev.at(value) }),
            Err(error) => found.jobs.push(failed(shared, path, &error)),
        }
    }
    let held: Vec<_> =
        items.iter().map(|item: &Item| item.value).chain([ev.at(Value::Attrs(auto))]).collect();
    evaluating.expect(items.len());
    let queue = Queue::new(items);
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
    let found = Mutex::new(found);
    let work = |ev: &mut Ev, end: End| {
        let mut mine = Found::default();
        while let Some(taken) = queue.try_take(end).or_else(|| ev.idle(|| queue.take(end))) {
            let Item { root, below, value } = taken.item;
            let path = taken.item.path(&roots[root]);
            let task = evaluating.begin(|| shown(&path));
            ev.begin_part();
            let value = ev.force(value).and_then(|value| ev.auto_call_inside(value, auto));
            match look(ev, args, value, &path, below.is_none()) {
                Ok(Seen::Package(job)) => mine.jobs.push(*job),
                Ok(Seen::Set(attrs)) => {
                    let inner = ev.sorted(attrs).into_iter().map(|attr| {
                        let name = ev.text(attr.name);
                        let name =
                            std::str::from_utf8(name.bytes).unwrap_or_else(|_| ev.keep_text(&name.lossy()));
                        let below = ev.keep_item(Below { name, up: below });
                        Item { root, below: Some(below), value: attr.value }
                    });
                    let inner: Vec<_> = inner.collect();
                    evaluating.expect(inner.len());
                    queue.add(end, &inner);
                }
                Ok(Seen::Other) => {}
                Err(error) => mine.fail(shared, &path, &error),
            }
            drop((task, taken));
            ev.part_done();
        }
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        found.jobs.extend(mine.jobs);
        found.unsure.extend(mine.unsure);
        found.short.extend(mine.short);
    };
    // SAFETY: once an item is done, what goes on being used are the values of the roots and of the other
    // items, which are attributes inside of these; all threads of the session are here.
    let run = |ev: &mut Ev, end: End| unsafe { ev.collecting(held.clone(), |ev| work(ev, end)) };
    std::thread::scope(|scope| {
        for n in 1..threads.unwrap_or(1).min(MOST_THREADS) {
            let builder = std::thread::Builder::new().name(format!("eval-{n}")).stack_size(32 << 20);
            let end = if n % 2 == 0 { End::Front } else { End::Back };
            let run = &run;
            // Fewer threads than wanted still do all the work.
            // SAFETY: as above; the queue with the values in it does not leave this function.
            let _ = builder.spawn_scoped(scope, move || run(&mut unsafe { Ev::new(shared.clone()) }, end));
        }
        run(&mut ev, End::Front);
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.short.sort();
    let short = std::mem::take(&mut found.short);
    // SAFETY: as above; what each begins with is a root.
    unsafe { ev.collecting(held, |ev| try_again(ev, args, auto, &whole, short, &mut found)) };
    evaluate_alone(shared, args, &mut found)?;
    found.jobs.sort_by(|a, b| a.attr_path.cmp(&b.attr_path));
    Ok(found.jobs)
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
    fn fail(&mut self, shared: &Shared, path: &[String], error: &Error) {
        match error.kind {
            Kind::MemoryLimit => self.short.push(path.to_vec()),
            _ if error.depends_on_order() => self.unsure.push(path.to_vec()),
            _ => {}
        }
        self.jobs.push(failed(shared, path, error));
    }
}

/// Evaluates again what had too little memory, one after the other, with all that is allowed for each.
fn try_again(
    ev: &mut Ev,
    args: &Request,
    auto: &'static Attrs,
    whole: &Result<Value>,
    short: Vec<Vec<String>>,
    found: &mut Found,
) {
    for path in short {
        ev.free_now();
        ev.begin_part();
        let value = descend(ev, auto, whole.clone(), &path);
        let job = match look(ev, args, value, &path, false) {
            Ok(Seen::Package(job)) => Some(*job),
            // What is in it was not looked into; that it could not be is what there is to say.
            Ok(Seen::Set(_)) => continue,
            Ok(Seen::Other) => None,
            Err(error) => Some(failed(&ev.shared, &path, &error)),
        };
        found.jobs.retain(|known| known.attr_path != path);
        found.jobs.extend(job);
    }
}

/// Evaluates what failed with such an error anew: alone, in the order of the paths, by one thread.
fn evaluate_alone(first: &Shared, args: &Request, found: &mut Found) -> Result<()> {
    if found.unsure.is_empty() {
        return Ok(());
    }
    found.unsure.sort();
    found.unsure.dedup();
    let again = std::mem::take(&mut found.unsure);
    let shared = first.anew();
    // SAFETY: what is found is text; values stay in here.
    let mut ev = unsafe { Ev::new(shared.clone()) };
    let auto = args.program.auto_args(&mut ev)?;
    let whole = whole(&mut ev, args, auto);
    let mut better: BTreeMap<Vec<String>, Job> = BTreeMap::new();
    let held = whole.iter().map(|value| ev.at(*value)).chain([ev.at(Value::Attrs(auto))]).collect();
    let mut ended = false;
    let work = |ev: &mut Ev| {
        for path in again {
            ev.begin_part();
            ev.part_done();
            let value = descend(ev, auto, whole.clone(), &path);
            let job = match look(ev, args, value, &path, false) {
                Ok(Seen::Package(job)) => *job,
                Ok(Seen::Set(_) | Seen::Other) => continue,
                // Then what was seen first has to do.
                Err(error) if matches!(error.kind, Kind::MemoryLimit | Kind::TimeLimit) => {
                    ended = true;
                    break;
                }
                Err(error) => failed(&shared, &path, &error),
            };
            better.insert(path, job);
        }
    };
    // SAFETY: from one path to the next what is used are the whole and the arguments, which are held.
    unsafe { ev.collecting(held, work) };
    if ended {
        first.message(
            "warning: too little memory or time is left to look at what failed again: some messages depend on what was evaluated before",
        );
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
    Err(Error::new(Kind::Other, message))
}

/// Attribute paths to start from.
fn roots(ev: &mut Ev, args: &Request, whole: &Result<Value>) -> Result<Vec<Vec<String>>> {
    let mut given: Vec<_> =
        args.attrs.iter().map(|path| crate::nix::eval::split_path(path)).collect::<Result<_>>()?;
    let Source::Flake(reference) = &args.program.source else {
        if given.is_empty() {
            given.push(Vec::new());
        }
        return Ok(given);
    };
    let Value::Attrs(outputs) = whole.clone()? else {
        return Err(Error::new(Kind::Type, "the outputs of the flake are no set"));
    };
    let (flake, fragment) = flake::split_fragment(reference);
    if !fragment.is_empty() {
        if !given.is_empty() {
            return usage(format!("'#{fragment}' and --attr both say where to look: give one of them"));
        }
        given.push(flake::locate(ev, Value::Attrs(outputs), flake, &fragment)?.0);
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
        let Some(found) = ev.shared.symbols.find(kind.as_bytes()).and_then(|name| outputs.get(name)) else {
            continue;
        };
        // What fails here fails again as a job of its own.
        let Ok(Value::Attrs(systems)) = ev.force(found.value) else {
            roots.push(vec![(*kind).to_owned()]);
            continue;
        };
        for attr in ev.sorted(systems) {
            let system = ev.text(attr.name).lossy().into_owned();
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
        return Err(Error::new(Kind::MissingAttribute, message));
    }
    Ok(roots)
}

fn attribute(ev: &mut Ev, attrs: &'static Attrs, name: &str) -> Result<Value> {
    match ev.shared.symbols.find(name.as_bytes()).and_then(|name| attrs.get(name)) {
        Some(attr) => ev.force(attr.value),
        None => {
            let mut error = Error::new(Kind::MissingAttribute, format!("attribute '{name}' missing"));
            let names: Vec<_> = attrs.flat().iter().map(|attr| ev.text(attr.name).lossy()).collect();
            error.suggestions = suggest(name, names);
            Err(error)
        }
    }
}

/// The value of the file, expression or flake.
fn whole(ev: &mut Ev, args: &Request, auto: &'static Attrs) -> Result<Value> {
    let value = args.program.load(ev)?;
    if args.program.is_flake() { Ok(value) } else { ev.auto_call(value, auto) }
}

/// What is at `path`; functions on the way are called, as [`collect_in`] calls them.
fn descend(ev: &mut Ev, auto: &'static Attrs, whole: Result<Value>, path: &[String]) -> Result<Value> {
    let mut value = whole?;
    for part in path {
        value = match value {
            Value::Attrs(attrs) => attribute(ev, attrs, part)?,
            _ => return Err(Error::new(Kind::Type, format!("'{part}' is looked for in what is no set"))),
        };
        value = ev.auto_call_inside(value, auto)?;
    }
    Ok(value)
}

fn failed(shared: &Shared, path: &[String], error: &Error) -> Job {
    Job {
        attr: shown(path),
        attr_path: path.to_vec(),
        drv_path: None,
        error: Some(render(shared, error, false)),
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
enum Seen {
    Package(Box<Job>),
    /// A set to look into.
    Set(&'static Attrs),
    Other,
}

/// Deeper than this nobody has packages.
const DEEPEST: usize = 64;

fn look(ev: &mut Ev, args: &Request, value: Result<Value>, path: &[String], root: bool) -> Result<Seen> {
    let attrs = match value? {
        Value::Attrs(attrs) => attrs,
        other if root => {
            let message = format!("expected a set of packages but found {}", other.describe());
            return Err(Error::new(Kind::Type, message));
        }
        _ => return Ok(Seen::Other),
    };
    let package = match ev.is_derivation(attrs) {
        // `type` itself may fail: that is this package's error. Among packages it is one of them.
        Err(_) if root => false,
        package => package?,
    };
    if package {
        return job(ev, args, attrs, path).map(|job| Seen::Package(Box::new(job)));
    }
    let in_checks = path.first().is_some_and(|first| first == "checks") && args.program.is_flake();
    let wanted = root || args.force_recurse || in_checks || ev.is_recursive(attrs)?;
    Ok(if wanted && path.len() < DEEPEST { Seen::Set(attrs) } else { Seen::Other })
}

fn job(ev: &mut Ev, args: &Request, attrs: &'static Attrs, path: &[String]) -> Result<Job> {
    let package = ev.package(attrs)?;
    Ok(Job {
        attr: shown(path),
        attr_path: path.to_vec(),
        meta: if args.meta { Some(ev.package_meta(attrs)?) } else { None },
        drv_path: Some(package.drv_path),
        error: None,
        input_drvs: package.inputs,
        name: Some(package.name),
        outputs: Some(package.outputs),
        required_system_features: package.features,
        system: package.system,
    })
}
