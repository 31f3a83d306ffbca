//! `pgflakegen eval`: evaluates Nix as `nix-instantiate --eval` and `nix eval` do.

use std::sync::Arc;

use super::host::Host;
use super::program::{self, here, read};
use super::{Context, Outcome};
use crate::nix::eval::{Error, ErrorKind, Machine, Result, Session, Settings, Text, Value};
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
    let session = Session::new(Arc::new(Machine), args.program.settings());
    let host = Host::new(context);
    let evaluating = progress(&host, "evaluating", 0);
    let result = args.program.program(None).and_then(|program| evaluate(&session, args, &program));
    drop(evaluating);
    match result {
        Ok(lines) => {
            for line in lines {
                context.out.data(&line)?;
            }
            Ok(Outcome::Clean)
        }
        Err(error) => {
            context.err.write_all(error.report(args.program.options.show_trace).as_bytes())?;
            Ok(Outcome::Findings)
        }
    }
}

fn parse_only(args: &Args, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    let settings = Settings { pure: false, ..args.program.settings() };
    let session = Session::new(Arc::new(Machine), settings);
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
            Error::new(ErrorKind::Io, format!("cannot read '{file}': {error}"))
        });
        let result = result.and_then(|text| match file {
            // Where an error is, is looked up in the file.
            Some(file) if file != "-" => {
                let file = std::path::absolute(file)?;
                session.lazy(Text::File(&text, &file)).map(drop)
            }
            _ => session.lazy(Text::Expression(&text, &here()?)).map(drop),
        });
        if let Err(error) = result {
            failed = true;
            context.err.write_all(error.report(args.program.options.show_trace).as_bytes())?;
        }
    }
    Ok(if failed { Outcome::Findings } else { Outcome::Clean })
}

fn evaluate(session: &Session, args: &Args, program: &Program) -> Result<Vec<Vec<u8>>> {
    let auto = program.auto_args(session)?;
    let mut lines = Vec::new();
    if program.is_flake() {
        let wanted = if args.attrs.is_empty() { vec![String::new()] } else { args.attrs.clone() };
        for attr in wanted {
            let value = session.flake_attribute(&attr, &program.inputs)?;
            lines.push(text_of(&value, args, true)?);
        }
        return Ok(lines);
    }
    let root = program.load(session)?;
    let paths: Vec<String> = args.program.attr.iter().chain(&args.attrs).cloned().collect();
    let paths = if paths.is_empty() { vec![String::new()] } else { paths };
    for path in paths {
        lines.push(text_of(&root.select(&path, &auto)?, args, false)?);
    }
    Ok(lines)
}

/// A value as it is printed.
fn text_of(value: &Value<'_>, args: &Args, flake: bool) -> Result<Vec<u8>> {
    if args.raw {
        return value.to_text();
    }
    let mut text = if args.json {
        value.to_json()?.into_bytes()
    } else if flake {
        value.to_nix()?
    } else {
        if args.strict {
            value.force_deep()?;
        }
        value.to_nix_lazily()?
    };
    text.push(b'\n');
    Ok(text)
}
