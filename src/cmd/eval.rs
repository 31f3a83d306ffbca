//! `pgflakegen eval`: evaluates Nix as `nix-instantiate --eval` and `nix eval` do.

use std::sync::Arc;

use super::host::Host;
use super::program::{self, here, read};
use super::{Context, Outcome};
use crate::nix::eval::coerce::{Coerce, ContextSet};
use crate::nix::eval::eval_io::Machine;
use crate::nix::eval::report::render;
use crate::nix::eval::shared::Origin;
use crate::nix::eval::{Error, Ev, Kind, Result, Settings, Shared, Value};
use crate::ops::Program;
use crate::progress::progress;

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
    #[command(flatten)]
    #[allow(missing_docs)]
    pub program: program::Program,
}

/// A new session on the real machine.
pub fn session(settings: Settings) -> (Arc<Shared>, Ev) {
    let shared = Shared::new(settings, Arc::new(Machine), crate::nix::flake::HOOKS);
    // SAFETY: the commands that use it keep the session as long as they have a value.
    let ev = unsafe { Ev::new(shared.clone()) };
    (shared, ev)
}

/// Runs the command.
///
/// # Errors
/// When the result cannot be written.
pub fn run(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    if args.parse {
        return parse_only(args, context);
    }
    let mut args = args.clone();
    if let (true, Some(root)) = (args.program.is_flake(), &context.root) {
        let flake = super::program::flake_in(root)?;
        if args.attrs.is_empty() {
            args.attrs.push(String::new());
        }
        // What names a flake is taken as it is.
        for attr in args.attrs.iter_mut().filter(|attr| !attr.starts_with(['.', '/']) && !attr.contains(':'))
        {
            match attr.strip_prefix('#') {
                Some(fragment) => *attr = format!("{flake}#{fragment}"),
                None if attr.contains('#') => {}
                None => *attr = format!("{flake}#{attr}"),
            }
        }
    }
    let args = &args;
    let (shared, mut ev) = session(args.program.settings());
    let host = Host::new(context);
    let evaluating = progress(&host, "evaluating", 0);
    let result = args.program.program(None).and_then(|program| evaluate(&mut ev, args, &program));
    drop(evaluating);
    match result {
        Ok(lines) => {
            for line in lines {
                context.out.data(&line)?;
            }
            Ok(Outcome::Clean)
        }
        Err(error) => {
            context.err.write_all(render(&shared, &error, args.program.options.show_trace).as_bytes())?;
            Ok(Outcome::Findings)
        }
    }
}

fn parse_only(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let (shared, mut ev) = session(Settings { pure: false, ..args.program.settings() });
    let mut failed = false;
    let files = args.attrs.iter().chain(&args.program.file).map(|file| (Some(file.as_str()), None));
    let texts = files.chain(args.program.expr.iter().map(|text| (None, Some(text.clone().into_bytes()))));
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
            let dir = here()?;
            let origin = match file {
                // Where an error is, is looked up in the file.
                Some(file) if file != "-" => {
                    let file = std::path::absolute(file)?;
                    Origin::File(file.as_os_str().as_encoded_bytes().into())
                }
                _ => Origin::Text(String::from_utf8_lossy(&text).as_ref().into()),
            };
            ev.parse_bytes(text, origin, &dir)
        });
        if let Err(error) = result {
            failed = true;
            context.err.write_all(render(&shared, &error, args.program.options.show_trace).as_bytes())?;
        }
    }
    Ok(if failed { Outcome::Findings } else { Outcome::Clean })
}

fn evaluate(ev: &mut Ev, args: &Args, program: &Program) -> Result<Vec<Vec<u8>>> {
    let auto = program.auto_args(ev)?;
    let mut lines = Vec::new();
    if program.is_flake() {
        let wanted = if args.attrs.is_empty() { vec![String::new()] } else { args.attrs.clone() };
        for attr in wanted {
            let value = crate::nix::flake::attribute(ev, &attr, &program.inputs)?;
            lines.push(print(ev, value, args, true, &[])?);
        }
        return Ok(lines);
    }
    let root = program.load(ev)?;
    let paths: Vec<String> = args.program.attr.iter().chain(&args.attrs).cloned().collect();
    let paths = if paths.is_empty() { vec![String::new()] } else { paths };
    for path in paths {
        let value = ev.select_path(root, &path, auto)?;
        lines.push(print(ev, value, args, false, &[root, Value::Attrs(auto)])?);
    }
    Ok(lines)
}

/// The text of a value; `others` are used again later.
fn print(ev: &mut Ev, value: Value, args: &Args, flake: bool, others: &[Value]) -> Result<Vec<u8>> {
    let held = others.iter().chain([&value]).map(|value| ev.at(*value)).collect();
    // SAFETY: what is used of the values made so far are this one, which leads to all its parts, and the
    // others; the session has no other thread.
    unsafe { ev.collecting(held, |ev| text_of(ev, value, args, flake)) }
}

fn text_of(ev: &mut Ev, value: Value, args: &Args, flake: bool) -> Result<Vec<u8>> {
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
