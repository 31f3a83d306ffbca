//! `pgflakegen eval`: evaluates Nix as `nix-instantiate --eval` and `nix eval` do.

use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;

use super::{Context, Outcome};
use crate::nix::eval::attrs::Attrs;
use crate::nix::eval::coerce::{Coerce, ContextSet};
use crate::nix::eval::outside::Machine;
use crate::nix::eval::report::render;
use crate::nix::eval::shared::Origin;
use crate::nix::eval::{Error, Ev, Kind, Result, Settings, Shared, Value};

/// Options of everything that evaluates.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct EvalOptions {
    /// Look for <NAME> here: NAME=PATH, or a directory
    #[arg(short = 'I', value_name = "PATH")]
    pub include: Vec<String>,
    /// The system to evaluate for, instead of this machine's
    #[arg(long, value_name = "SYSTEM")]
    pub system: Option<String>,
    /// Memory that evaluation may take, in MiB
    #[arg(long, value_name = "MIB")]
    pub max_memory: Option<usize>,
    /// Calls nested at most this deep
    #[arg(long, value_name = "DEPTH", default_value_t = 10_000)]
    pub max_call_depth: u32,
    /// Folder with sources that were fetched already, named by their hash
    #[arg(long, value_name = "DIR", env = "PGFLAKEGEN_SOURCE_CACHE")]
    pub source_cache: Option<PathBuf>,
    /// Allow a feature Nix calls experimental: pipe-operators, ca-derivations
    #[arg(long, value_name = "FEATURE")]
    pub extra_experimental_features: Vec<String>,
    /// Show the whole way to an error
    #[arg(long)]
    pub show_trace: bool,
}

impl EvalOptions {
    /// The settings, for pure or impure evaluation.
    pub fn settings(&self, pure: bool) -> Settings {
        let mut settings = Settings { pure, max_call_depth: self.max_call_depth, ..Settings::default() };
        if let Some(system) = &self.system {
            settings.system.clone_from(system);
        }
        if let Some(mib) = self.max_memory {
            settings.max_memory = mib.saturating_mul(1 << 20);
        }
        settings.source_cache.clone_from(&self.source_cache);
        let features = || self.extra_experimental_features.iter().flat_map(|list| list.split([' ', ',']));
        settings.pipe_operators = features().any(|feature| feature == "pipe-operators");
        settings.ca_derivations = features().any(|feature| feature == "ca-derivations");
        let from_env = std::env::var("NIX_PATH").unwrap_or_default();
        let entries = self.include.iter().map(String::as_str).chain(from_env.split(':'));
        for entry in entries.filter(|entry| !entry.is_empty() && !pure) {
            let (prefix, path) = entry.split_once('=').unwrap_or(("", entry));
            settings.search_path.push((prefix.to_owned(), path.to_owned()));
        }
        settings
    }
}

/// Evaluate Nix: a file, an expression or attributes of a flake.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Attributes of the flake: NAME, or FLAKE#NAME; with --parse, files
    #[arg(value_name = "ATTR")]
    pub attrs: Vec<String>,
    /// Print JSON
    #[arg(long, conflicts_with = "raw")]
    pub json: bool,
    /// Print a string as it is, without quotes
    #[arg(long)]
    pub raw: bool,
    /// Evaluate all of the value before printing it
    #[arg(long)]
    pub strict: bool,
    /// Only check the syntax
    #[arg(long)]
    pub parse: bool,
    /// Evaluate this expression
    #[arg(long, short = 'E', value_name = "EXPR", conflicts_with = "file")]
    pub expr: Option<String>,
    /// Evaluate this file; - is standard input
    #[arg(long, short = 'f', value_name = "FILE")]
    pub file: Option<String>,
    /// Take this attribute of the file or expression
    #[arg(long = "attr", short = 'A', value_name = "PATH")]
    pub attr: Vec<String>,
    /// Argument for a function: name and expression
    #[arg(long, num_args = 2, value_names = ["NAME", "EXPR"], action = clap::ArgAction::Append)]
    pub arg: Vec<String>,
    /// Argument for a function: name and text
    #[arg(long, num_args = 2, value_names = ["NAME", "TEXT"], action = clap::ArgAction::Append)]
    pub argstr: Vec<String>,
    /// Let a flake see the environment, the time and all paths
    #[arg(long)]
    pub impure: bool,
    /// Take another flake for an input
    #[arg(long, num_args = 2, value_names = ["INPUT", "FLAKE"], action = clap::ArgAction::Append)]
    pub override_input: Vec<String>,
    /// Write the .drv files and sources that evaluation makes into this folder
    #[arg(long, value_name = "DIR")]
    pub write_drvs: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub options: EvalOptions,
}

/// A new session on the real machine.
pub fn session(settings: Settings) -> (Arc<Shared>, Ev) {
    let shared = Shared::new(settings, Arc::new(Machine), crate::nix::flake::HOOKS);
    let ev = Ev::new(shared.clone());
    (shared, ev)
}

/// Runs the command.
///
/// # Errors
/// When the result cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let flake = args.expr.is_none() && args.file.is_none();
    if args.parse {
        return parse_only(args, context);
    }
    let mut settings = args.options.settings(flake && !args.impure);
    settings.write_to.clone_from(&args.write_drvs);
    let (shared, mut ev) = session(settings);
    match evaluate(&mut ev, args, flake) {
        Ok(lines) => {
            for line in lines {
                context.out.write_all(&line)?;
            }
            Ok(Outcome::Clean)
        }
        Err(error) => {
            context.err.write_all(render(&shared, &error, args.options.show_trace).as_bytes())?;
            Ok(Outcome::Findings)
        }
    }
}

fn read(file: &str) -> io::Result<String> {
    if file == "-" {
        let mut text = String::new();
        io::stdin().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file)
}

fn parse_only(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let (shared, mut ev) = session(args.options.settings(false));
    let mut failed = false;
    let files = args.attrs.iter().chain(&args.file).map(|file| (Some(file.as_str()), None));
    let texts = files.chain(args.expr.iter().map(|text| (None, Some(text.clone()))));
    for (file, text) in texts {
        let text = match (file, text) {
            (_, Some(text)) => Ok(text),
            (Some(file), None) => read(file),
            (None, None) => continue,
        };
        let result = text.map_err(|error| {
            let file = file.unwrap_or_default();
            Error::new(Kind::Io, format!("cannot read '{file}': {error}"))
        });
        let result = result.and_then(|text| {
            let origin = match file {
                Some(file) if file != "-" => Origin::File(file.as_bytes().into()),
                _ => Origin::Text(text.as_str().into()),
            };
            let dir = here()?;
            ev.parse(&text, origin, &dir)
        });
        if let Err(error) = result {
            failed = true;
            context.err.write_all(render(&shared, &error, args.options.show_trace).as_bytes())?;
        }
    }
    Ok(if failed { Outcome::Findings } else { Outcome::Clean })
}

fn here() -> Result<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt;
    Ok(std::env::current_dir()?.into_os_string().into_vec())
}

/// The value of a file or expression.
pub fn load(ev: &mut Ev, file: Option<&str>, expr: Option<&str>) -> Result<Value> {
    let dir = here()?;
    if let (Some(file), None) = (file, expr)
        && file != "-"
    {
        let (_, path) = path_of(ev, file, &dir)?;
        return ev.import(&path, 0);
    }
    let text = match (file, expr) {
        (_, Some(expr)) => expr.to_owned(),
        (Some(file), None) => read(file)?,
        (None, None) => String::new(),
    };
    let code = ev.parse(&text, Origin::Text(text.as_str().into()), &dir)?;
    ev.eval(code, None)
}

/// A file's absolute path; `<name>` is looked up.
fn path_of(ev: &mut Ev, file: &str, dir: &[u8]) -> Result<((), Vec<u8>)> {
    if file.starts_with('<') {
        let code = ev.parse(file, Origin::Text(file.into()), dir)?;
        if let Value::Path(path) = ev.eval(code, None)? {
            return Ok(((), path.bytes.to_vec()));
        }
    }
    let path =
        if file.starts_with('/') { file.as_bytes().to_vec() } else { [dir, b"/", file.as_bytes()].concat() };
    Ok(((), crate::nix::eval::paths::canonical(&path)))
}

/// Calls `value` with the arguments of the command line if it is a function of named arguments.
pub fn auto_call(ev: &mut Ev, value: Value, args: &'static Attrs) -> Result<Value> {
    ev.auto_call(value, args)
}

/// The set of `--arg` and `--argstr`.
pub fn auto_args(ev: &mut Ev, arg: &[String], argstr: &[String]) -> Result<&'static Attrs> {
    let mut attrs = Vec::new();
    let dir = here()?;
    for pair in arg.chunks_exact(2) {
        let code = ev.parse(&pair[1], Origin::Text(pair[1].as_str().into()), &dir)?;
        let value = ev.lazy(code);
        attrs.push(ev.named(&pair[0], value));
    }
    for pair in argstr.chunks_exact(2) {
        let value = ev.at(ev.string(pair[1].as_bytes()));
        attrs.push(ev.named(&pair[0], value));
    }
    Ok(Attrs::from_unsorted(ev.heap, attrs))
}

fn evaluate(ev: &mut Ev, args: &Args, flake: bool) -> Result<Vec<Vec<u8>>> {
    let auto = auto_args(ev, &args.arg, &args.argstr)?;
    let mut lines = Vec::new();
    if flake {
        let overrides: Vec<_> =
            args.override_input.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        let wanted = if args.attrs.is_empty() { vec![String::new()] } else { args.attrs.clone() };
        for attr in wanted {
            let value = crate::nix::flake::attribute(ev, &attr, &overrides)?;
            lines.push(print(ev, value, args, true)?);
        }
        return Ok(lines);
    }
    let root = load(ev, args.file.as_deref(), args.expr.as_deref())?;
    let paths: Vec<String> = args.attr.iter().chain(&args.attrs).cloned().collect();
    let paths = if paths.is_empty() { vec![String::new()] } else { paths };
    for path in paths {
        let value = ev.select_path(root, &path, auto)?;
        lines.push(print(ev, value, args, false)?);
    }
    Ok(lines)
}

fn print(ev: &mut Ev, value: Value, args: &Args, flake: bool) -> Result<Vec<u8>> {
    let mut set = ContextSet::default();
    if args.raw {
        let how = Coerce { more: false, copy: false, canonical: true };
        return ev.coerce_public(value, &mut set, how).map(<[u8]>::to_vec);
    }
    let mut text = if args.json {
        let mut out = Vec::new();
        ev.write_json(value, flake, &mut set, &mut out, 0)?;
        out
    } else if flake {
        ev.print(value)?
    } else {
        if args.strict {
            let thunk = ev.at(value);
            ev.force_deep(thunk)?;
        }
        ev.print_instantiate(value)?
    };
    text.push(b'\n');
    Ok(text)
}
