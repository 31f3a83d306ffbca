//! Every package and its derivation, errors collected, in several threads.

mod queue;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use self::queue::{Below, End, Item, Queue};
use super::Host;
use super::program::Program;
use crate::nix::eval::attrs::Attrs;
use crate::nix::eval::coerce::ContextSet;
use crate::nix::eval::error::suggest;
use crate::nix::eval::outside::Machine;
use crate::nix::eval::report::render;
use crate::nix::eval::shared::current_system;
use crate::nix::eval::{Error, Ev, Kind, Messages, Result, Settings, Shared, Value};
use crate::progress::progress;

/// Whose packages are wanted.
#[derive(Clone, Debug)]
pub struct Request {
    /// The flake, file or expression.
    pub program: Program,
    /// Attribute paths to start from; none: the whole, or of a flake `packages` and its like.
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
    /// Its `meta`, as far as that can be JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meta: Option<serde_json::Map<String, serde_json::Value>>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outputs: Option<BTreeMap<String, String>>,
    /// The system it is for.
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
    let whole = whole(&mut ev, args);
    let roots = roots(&mut ev, args, &whole)?;
    let mut found = Found::default();
    let mut items = VecDeque::new();
    for (root, path) in roots.iter().enumerate() {
        match follow(&mut ev, args, &whole, path) {
            Ok(value) => items.push_back(Item { root, below: None, value: ev.at(value) }),
            Err(error) => found.fail(shared, path, &error, None),
        }
    }
    let held: Vec<_> = items.iter().map(|item: &Item| item.value).collect();
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
            let value = ev.force(value);
            match look(ev, args, value, &path, below.is_none()) {
                Ok(Seen::Package(job)) => mine.jobs.push(*job),
                Ok(Seen::Set(attrs)) if below.is_none() || recurse(ev, args, attrs, &path) => {
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
                Ok(Seen::Set(_) | Seen::Other) => {}
                Err(error) => mine.fail(shared, &path, &error, Some(root)),
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
    unsafe { ev.collecting(held, |ev| try_again(ev, args, &whole, &roots, short, &mut found)) };
    look_again(shared, args, &roots, &mut found);
    found.jobs.sort_by(|a, b| a.attr_path.cmp(&b.attr_path));
    Ok(found.jobs)
}

/// More threads than this have nothing to do but wait.
const MOST_THREADS: usize = 256;

/// What was found so far.
#[derive(Default)]
struct Found {
    jobs: Vec<Job>,
    /// Paths of errors whose text depends on what was evaluated before, and their roots.
    unsure: Vec<(Vec<String>, usize)>,
    /// Those that had too little memory, perhaps for what others took.
    short: Vec<(Vec<String>, usize)>,
}

impl Found {
    /// A package, or what should be one, fails; below which root, if it is to be looked at again.
    fn fail(&mut self, shared: &Shared, path: &[String], error: &Error, root: Option<usize>) {
        match root {
            Some(root) if error.kind == Kind::MemoryLimit => self.short.push((path.to_vec(), root)),
            Some(root) if depends_on_order(error) => self.unsure.push((path.to_vec(), root)),
            _ => {}
        }
        self.jobs.push(failed(shared, path, error));
    }
}

/// Whether the text of an error depends on what was evaluated before: where a cycle was entered, which
/// parts of a value are thunks still, which of several names is the older one.
fn depends_on_order(error: &Error) -> bool {
    match error.kind {
        _ if error.by_order => true,
        Kind::InfiniteRecursion => true,
        Kind::Throw | Kind::Abort | Kind::MemoryLimit | Kind::TimeLimit => false,
        _ => error.message.contains(['{', '[']) && !error.message.starts_with("assertion '"),
    }
}

/// Evaluates again what had too little memory, one after the other, with all that is allowed for each.
fn try_again(
    ev: &mut Ev,
    args: &Request,
    whole: &Result<Value>,
    roots: &[Vec<String>],
    short: Vec<(Vec<String>, usize)>,
    found: &mut Found,
) {
    for (path, root) in short {
        ev.free_now();
        ev.begin_part();
        let root = roots.get(root).map_or(&[][..], Vec::as_slice);
        let value = follow(ev, args, whole, root).and_then(|mut value| {
            for part in &path[root.len()..] {
                if let Value::Attrs(attrs) = value {
                    value = attribute(ev, attrs, part)?;
                }
            }
            Ok(value)
        });
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
fn look_again(shared: &Shared, args: &Request, roots: &[Vec<String>], found: &mut Found) {
    if found.unsure.is_empty() {
        return;
    }
    found.unsure.sort();
    let again: BTreeMap<_, _> = std::mem::take(&mut found.unsure).into_iter().collect();
    let used = shared.memory_taken();
    let max_memory = shared.settings.max_memory.saturating_sub(used);
    let max_time = shared.time_left();
    let settings =
        Settings { max_memory, max_time, messages: Messages::nowhere(), ..shared.settings.clone() };
    let shared = Shared::new(settings, shared.outside.clone(), shared.hooks);
    // SAFETY: what is found is text; values stay in here.
    let mut ev = unsafe { Ev::new(shared.clone()) };
    let whole = whole(&mut ev, args);
    let mut known = BTreeMap::new();
    let mut better: BTreeMap<Vec<String>, Job> = BTreeMap::new();
    for (path, root) in again {
        ev.begin_part();
        let root = roots.get(root).map_or(&[][..], Vec::as_slice);
        let start = *known.entry(root).or_insert_with(|| follow(&mut ev, args, &whole, root).ok());
        let Some(mut value) = start else { continue };
        let mut inner = |part: &String| match value {
            Value::Attrs(attrs) => attribute(&mut ev, attrs, part).map(|inner| value = inner),
            _ => Ok(()),
        };
        let value = path[root.len()..].iter().try_for_each(&mut inner).map(|()| value);
        let job = match look(&mut ev, args, value, &path, false) {
            Ok(Seen::Package(job)) => *job,
            Ok(Seen::Set(_) | Seen::Other) => continue,
            // Then what was seen first has to do.
            Err(error) if matches!(error.kind, Kind::MemoryLimit | Kind::TimeLimit) => break,
            Err(error) => failed(&shared, &path, &error),
        };
        better.insert(path, job);
    }
    for job in found.jobs.iter_mut().filter(|job| job.error.is_some()) {
        if let Some(job_again) = better.get(&job.attr_path) {
            job.clone_from(job_again);
        }
    }
}

/// Attribute paths to start from.
fn roots(ev: &mut Ev, args: &Request, whole: &Result<Value>) -> Result<Vec<Vec<String>>> {
    if !args.program.is_flake() {
        if args.attrs.is_empty() {
            return Ok(vec![Vec::new()]);
        }
        return args.attrs.iter().map(|path| crate::nix::eval::split_path(path)).collect();
    }
    let Value::Attrs(outputs) = whole.clone()? else {
        return Err(Error::new(Kind::Type, "the outputs of the flake are no set"));
    };
    if !args.attrs.is_empty() {
        return args.attrs.iter().map(|path| crate::nix::eval::split_path(path)).collect();
    }
    let mut roots = Vec::new();
    for kind in ["packages", "legacyPackages", "checks", "devShells"] {
        let Some(found) = ev.shared.symbols.find(kind.as_bytes()).and_then(|name| outputs.get(name)) else {
            continue;
        };
        // What fails here fails again as a job of its own.
        let Ok(Value::Attrs(systems)) = ev.force(found.value) else {
            roots.push(vec![kind.to_owned()]);
            continue;
        };
        for attr in ev.sorted(systems) {
            let system = ev.text(attr.name).lossy().into_owned();
            if args.systems.is_empty() || args.systems.contains(&system) {
                roots.push(vec![kind.to_owned(), system]);
            }
        }
    }
    if roots.is_empty() && !args.systems.is_empty() {
        let message = format!(
            "the flake has nothing for {} (this machine is {})",
            args.systems.join(", "),
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
fn whole(ev: &mut Ev, args: &Request) -> Result<Value> {
    if args.program.is_flake() {
        return args.program.load(ev);
    }
    let auto = args.program.auto_args(ev)?;
    let value = args.program.load(ev)?;
    ev.auto_call(value, auto)
}

/// The root at `path`.
fn follow(ev: &mut Ev, args: &Request, whole: &Result<Value>, path: &[String]) -> Result<Value> {
    let mut value = whole.clone()?;
    let auto = args.program.auto_args(ev)?;
    for part in path {
        value = match value {
            Value::Attrs(attrs) => attribute(ev, attrs, part)?,
            _ => return Err(Error::new(Kind::Type, format!("'{part}' is looked for in what is no set"))),
        };
        value = ev.auto_call(value, auto)?;
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
    Set(&'static Attrs),
    Other,
}

fn look(ev: &mut Ev, args: &Request, value: Result<Value>, path: &[String], root: bool) -> Result<Seen> {
    let Value::Attrs(attrs) = value? else { return Ok(Seen::Other) };
    let kind = ev.shared.symbols.find(b"type").and_then(|name| attrs.get(name));
    let kind = kind.map(|attr| ev.force(attr.value));
    let kind = match kind {
        // `type` itself may fail: that is this package's error. Among packages it is one of them.
        Some(Err(error)) if !root => return Err(error),
        kind => kind.and_then(Result::ok),
    };
    if matches!(kind, Some(Value::String(text)) if text.bytes == b"derivation") {
        return job(ev, args, attrs, path).map(|job| Seen::Package(Box::new(job)));
    }
    Ok(Seen::Set(attrs))
}

/// Whether to look into a set that is no root.
fn recurse(ev: &mut Ev, args: &Request, attrs: &'static Attrs, path: &[String]) -> bool {
    let wanted = args.force_recurse
        || path.first().is_some_and(|first| first == "checks")
        || matches!(attribute(ev, attrs, "recurseForDerivations"), Ok(Value::Bool(true)));
    wanted && path.len() < 64
}

fn meta_of(ev: &mut Ev, attrs: &'static Attrs) -> serde_json::Map<String, serde_json::Value> {
    let mut all = serde_json::Map::new();
    let Ok(Value::Attrs(meta)) = attribute(ev, attrs, "meta") else { return all };
    for attr in ev.sorted(meta) {
        let mut text = Vec::new();
        let written = ev
            .force(attr.value)
            .and_then(|value| ev.write_json(value, false, &mut ContextSet::default(), &mut text, attr.pos));
        if written.is_ok()
            && let Ok(value) = serde_json::from_slice(&text)
        {
            all.insert(ev.text(attr.name).lossy().into_owned(), value);
        }
    }
    all
}

fn job(ev: &mut Ev, args: &Request, attrs: &'static Attrs, path: &[String]) -> Result<Job> {
    let text = |ev: &mut Ev, attrs: &'static Attrs, name: &str| match attribute(ev, attrs, name)? {
        Value::String(text) => Ok(text.lossy().into_owned()),
        other => {
            let message = format!("expected a string but found {} in '{name}'", other.describe());
            Err(Error::new(Kind::Type, message))
        }
    };
    let drv_path = text(ev, attrs, "drvPath")?;
    let name = text(ev, attrs, "name")?;
    let system = text(ev, attrs, "system").ok();
    let mut outputs = BTreeMap::new();
    let names = match attribute(ev, attrs, "outputs") {
        Ok(Value::List(list)) => {
            let mut names = Vec::new();
            for item in list.items {
                if let Value::String(text) = ev.force(item)? {
                    names.push(text.lossy().into_owned());
                }
            }
            names
        }
        _ => vec!["out".to_owned()],
    };
    for output in names {
        if let Value::Attrs(inner) = attribute(ev, attrs, &output)? {
            outputs.insert(output, text(ev, inner, "outPath")?);
        }
    }
    Ok(Job {
        attr: shown(path),
        attr_path: path.to_vec(),
        input_drvs: ev.input_drvs(&drv_path),
        meta: if args.meta { Some(meta_of(ev, attrs)) } else { None },
        drv_path: Some(drv_path),
        error: None,
        name: Some(name),
        outputs: Some(outputs),
        system,
    })
}
