//! `pgflakegen drvs`: every package and its derivation, errors collected, in several threads.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::program::Program;
use super::{Context, Outcome};
use crate::nix::eval::attrs::Attrs;
use crate::nix::eval::coerce::ContextSet;
use crate::nix::eval::error::suggest;
use crate::nix::eval::outside::Machine;
use crate::nix::eval::report::render;
use crate::nix::eval::shared::current_system;
use crate::nix::eval::{Error, Ev, Kind, Result, Shared, Value};

/// List every package: attribute, name, derivation, outputs.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// The flake [default: the one in this directory]
    #[arg(value_name = "FLAKE")]
    pub flake: Option<String>,
    /// Systems of the flake to look at [default: all it has]
    #[arg(long, value_name = "SYSTEM", value_delimiter = ',')]
    pub systems: Vec<String>,
    /// One JSON object per line, as nix-eval-jobs prints
    #[arg(long)]
    pub json: bool,
    /// Look into every set, not only those with recurseForDerivations
    #[arg(long)]
    pub force_recurse: bool,
    /// Also print the packages' meta attributes; JSON only
    #[arg(long, requires = "json")]
    pub meta: bool,
    /// Threads [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub program: Program,
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

/// Runs the command.
///
/// # Errors
/// When the list cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let (shared, result) = collect(args);
    let jobs = match result {
        Ok(jobs) => jobs,
        Err(error) => {
            context.err.write_all(render(&shared, &error, args.program.options.show_trace).as_bytes())?;
            return Ok(Outcome::Findings);
        }
    };
    for job in &jobs {
        match (&job.drv_path, &job.error) {
            _ if args.json => writeln!(context.out, "{}", serde_json::to_string(job)?)?,
            (Some(drv), _) => {
                let name = job.name.as_deref().unwrap_or_default();
                let outputs: Vec<_> =
                    job.outputs.iter().flatten().map(|(output, _)| output.as_str()).collect();
                writeln!(context.out, "{}\t{name}\t{drv}\t{}", job.attr, outputs.join(","))?;
            }
            (None, Some(error)) => write!(context.err, "{}: {error}", job.attr)?,
            (None, None) => {}
        }
    }
    let failed = jobs.iter().any(|job| job.error.is_some());
    Ok(if failed { Outcome::Findings } else { Outcome::Clean })
}

/// All packages, sorted by attribute.
pub fn collect(args: &Args) -> (Arc<Shared>, Result<Vec<Job>>) {
    let shared = Shared::new(args.program.settings(), Arc::new(Machine), crate::nix::flake::HOOKS);
    let result = collect_in(&shared, args);
    (shared, result)
}

fn collect_in(shared: &Arc<Shared>, args: &Args) -> Result<Vec<Job>> {
    let mut ev = Ev::new(shared.clone());
    let roots = roots(&mut ev, args)?;
    // What there is to do: the names directly below each root, dealt out to the threads.
    let mut work: Vec<(usize, String)> = Vec::new();
    let mut jobs = Vec::new();
    for (n, root) in roots.iter().enumerate() {
        match value_of(&mut ev, args, root) {
            Ok(Value::Attrs(attrs)) if !is_derivation(&mut ev, attrs) => {
                let names = ev.sorted(attrs);
                work.extend(names.iter().map(|attr| (n, ev.text(attr.name).lossy().into_owned())));
            }
            Ok(_) => work.push((n, String::new())),
            Err(error) => jobs.push(failed(shared, root, &error)),
        }
    }
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok().map(usize::from));
    let threads = threads.unwrap_or(1).clamp(1, work.len().max(1));
    let next = AtomicUsize::new(0);
    let found = Mutex::new(jobs);
    let work = &work;
    let roots = &roots;
    let run = |ev: &mut Ev| {
        let mut mine = Vec::new();
        let mut values: BTreeMap<usize, Value> = BTreeMap::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((n, name)) = work.get(at) else { break };
            let root = match values.get(n) {
                Some(value) => *value,
                None => match value_of(ev, args, &roots[*n]) {
                    Ok(value) => {
                        values.insert(*n, value);
                        value
                    }
                    Err(error) => {
                        mine.push(failed(&ev.shared.clone(), &roots[*n], &error));
                        continue;
                    }
                },
            };
            let mut path = roots[*n].clone();
            if name.is_empty() {
                visit(ev, args, Ok(root), &mut path, true, &mut mine);
                continue;
            }
            let value = match root {
                Value::Attrs(attrs) => attribute(ev, attrs, name),
                _ => continue,
            };
            path.push(name.clone());
            visit(ev, args, value, &mut path, false, &mut mine);
        }
        found.lock().unwrap_or_else(PoisonError::into_inner).extend(mine);
    };
    std::thread::scope(|scope| {
        for n in 1..threads {
            let builder = std::thread::Builder::new().name(format!("eval-{n}")).stack_size(32 << 20);
            // Fewer threads than wanted still do all the work.
            let _ = builder.spawn_scoped(scope, || run(&mut Ev::new(shared.clone())));
        }
        run(&mut ev);
    });
    let mut jobs = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    jobs.sort_by(|a, b| a.attr_path.cmp(&b.attr_path));
    Ok(jobs)
}

/// Attribute paths to start from.
fn roots(ev: &mut Ev, args: &Args) -> Result<Vec<Vec<String>>> {
    if !args.program.is_flake() {
        if args.program.attr.is_empty() {
            return Ok(vec![Vec::new()]);
        }
        return args.program.attr.iter().map(|path| crate::nix::eval::split_path(path)).collect();
    }
    let Value::Attrs(outputs) = value_of(ev, args, &[])? else {
        return Err(Error::new(Kind::Type, "the outputs of the flake are no set"));
    };
    if !args.program.attr.is_empty() {
        return args.program.attr.iter().map(|path| crate::nix::eval::split_path(path)).collect();
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

fn value_of(ev: &mut Ev, args: &Args, path: &[String]) -> Result<Value> {
    let auto = args.program.auto_args(ev)?;
    let mut value = if !args.program.is_flake() {
        let value = args.program.load(ev)?;
        ev.auto_call(value, auto)?
    } else {
        let overrides = args.program.inputs.overrides();
        crate::nix::flake::outputs(ev, args.flake.as_deref().unwrap_or("."), &overrides)?
    };
    for part in path {
        value = match value {
            Value::Attrs(attrs) => attribute(ev, attrs, part)?,
            _ => return Err(Error::new(Kind::Type, format!("'{part}' is looked for in what is no set"))),
        };
        value = ev.auto_call(value, auto)?;
    }
    Ok(value)
}

fn is_derivation(ev: &mut Ev, attrs: &'static Attrs) -> bool {
    matches!(attribute(ev, attrs, "type"), Ok(Value::String(text)) if text.bytes == b"derivation")
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

fn visit(
    ev: &mut Ev,
    args: &Args,
    value: Result<Value>,
    path: &mut Vec<String>,
    top: bool,
    jobs: &mut Vec<Job>,
) {
    let shared = ev.shared.clone();
    let result = value.and_then(|value| match value {
        Value::Attrs(attrs) => {
            // `type` itself may fail: that is this package's error.
            let derivation = match ev.shared.symbols.find(b"type").and_then(|name| attrs.get(name)) {
                Some(attr) => {
                    matches!(ev.force(attr.value)?, Value::String(text) if text.bytes == b"derivation")
                }
                None => false,
            };
            if derivation {
                return job(ev, args, attrs, path).map(|job| jobs.push(job));
            }
            let recurse = top
                || args.force_recurse
                || path.first().is_some_and(|first| first == "checks")
                || matches!(attribute(ev, attrs, "recurseForDerivations"), Ok(Value::Bool(true)));
            if recurse && path.len() < 64 {
                for attr in ev.sorted(attrs) {
                    let value = ev.force(attr.value);
                    path.push(ev.text(attr.name).lossy().into_owned());
                    visit(ev, args, value, path, false, jobs);
                    path.pop();
                }
            }
            Ok(())
        }
        _ => Ok(()),
    });
    if let Err(error) = result {
        jobs.push(failed(&shared, path, &error));
    }
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

fn job(ev: &mut Ev, args: &Args, attrs: &'static Attrs, path: &[String]) -> Result<Job> {
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
