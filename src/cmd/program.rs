//! What is evaluated and how: the options that the evaluating commands share.

use std::io::{self, Read};
use std::path::PathBuf;

use camino::Utf8Path;

use super::inputs::Inputs;
use super::limits::Limits;
use super::{Context, Outcome};
use crate::diag::guard;
use crate::limited;
use crate::nix::eval::{Error, Lint, Lints, Messages, Result, Settings};
use crate::ops::program::{self as ops, Argument, Source};
use crate::ops::sides::How;
use crate::terminal;

/// Options of everything that evaluates.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct EvalOptions {
    #[allow(rustdoc::invalid_html_tags)]
    /// Look for <NAME> here: NAME=PATH, or a directory
    #[arg(short = 'I', value_name = "PATH")]
    pub include: Vec<String>,
    /// The system to evaluate for, instead of this machine's
    #[arg(long, value_name = "SYSTEM")]
    pub system: Option<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub limits: Limits,
    /// Calls nested at most this deep
    #[arg(long, value_name = "DEPTH", default_value_t = 10_000)]
    pub max_call_depth: u32,
    /// Allow a feature Nix calls experimental: pipe-operators, ca-derivations, parse-toml-timestamps
    #[arg(long, value_name = "FEATURE")]
    pub extra_experimental_features: Vec<String>,
    /// Unquoted URLs: ignore, warn or fatal
    #[arg(long, value_name = "LEVEL", default_value = "ignore", hide_default_value = true, value_parser = lint)]
    pub lint_url_literals: Lint,
    /// Paths as a/b in place of ./a/b: ignore, warn or fatal
    #[arg(long, value_name = "LEVEL", default_value = "ignore", hide_default_value = true, value_parser = lint)]
    pub lint_short_path_literals: Lint,
    /// Absolute paths and ~/a: ignore, warn or fatal
    #[arg(long, value_name = "LEVEL", default_value = "ignore", hide_default_value = true, value_parser = lint)]
    pub lint_absolute_path_literals: Lint,
    /// Show the whole way to an error
    #[arg(long)]
    pub show_trace: bool,
}

impl EvalOptions {
    /// The settings, for pure or impure evaluation.
    fn settings(&self, pure: bool) -> Settings {
        let mut settings = Settings { pure, max_call_depth: self.max_call_depth, ..Settings::default() };
        if let Some(system) = &self.system {
            settings.system.clone_from(system);
        }
        self.limits.free(&mut settings);
        settings.messages = messages();
        let features = || self.extra_experimental_features.iter().flat_map(|list| list.split([' ', ',']));
        settings.pipe_operators = features().any(|feature| feature == "pipe-operators");
        settings.ca_derivations = features().any(|feature| feature == "ca-derivations");
        settings.toml_timestamps = features().any(|feature| feature == "parse-toml-timestamps");
        settings.lints = Lints {
            url_literals: self.lint_url_literals,
            short_path_literals: self.lint_short_path_literals,
            absolute_path_literals: self.lint_absolute_path_literals,
        };
        let from_env = std::env::var("NIX_PATH").unwrap_or_default();
        let entries = self.include.iter().map(String::as_str).chain(search_entries(&from_env));
        for entry in entries.filter(|entry| !entry.is_empty() && !pure) {
            let (prefix, path) = entry.split_once('=').unwrap_or(("", entry));
            settings.search_path.push((prefix.to_owned(), path.to_owned()));
        }
        settings
    }
}

fn lint(text: &str) -> std::result::Result<Lint, String> {
    match text {
        "ignore" => Ok(Lint::Ignore),
        "warn" => Ok(Lint::Warn),
        "fatal" => Ok(Lint::Fatal),
        _ => Err("it is ignore, warn or fatal".to_owned()),
    }
}

/// The entries of NIX_PATH: colons separate, but for the first of a URL.
fn search_entries(mut text: &str) -> Vec<&str> {
    let mut entries = Vec::new();
    while !text.is_empty() {
        let first = text.find(':').unwrap_or(text.len());
        let from = text[..first].rfind('=').map_or(0, |at| at + 1);
        let scheme = &text[from..first];
        let is_url = ["channel", "flake"].contains(&scheme)
            || (text[first..].starts_with("://")
                && ["http", "https", "file", "git", "s3", "ssh"].contains(&scheme));
        let end = match is_url {
            true => text[first + 1..].find(':').map_or(text.len(), |at| first + 1 + at),
            false => first,
        };
        entries.push(&text[..end]);
        text = text.get(end + 1..).unwrap_or_default();
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::search_entries;

    #[test]
    fn urls_have_colons() {
        for (text, entries) in [
            ("", &[][..]),
            ("/a:b=/c", &["/a", "b=/c"]),
            ("nixpkgs=flake:nixpkgs:/a", &["nixpkgs=flake:nixpkgs", "/a"]),
            ("https://a/b.tar.gz:x=file:///c.tar:d", &["https://a/b.tar.gz", "x=file:///c.tar", "d"]),
            ("n=channel:nixos-25.05", &["n=channel:nixos-25.05"]),
            ("a::b", &["a", "", "b"]),
        ] {
            assert_eq!(search_entries(text), entries, "{text}");
        }
    }
}

/// A file or an expression in place of a flake, and what is done with it.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Program {
    /// Evaluate this file; - is standard input
    #[arg(long, short = 'f', value_name = "FILE")]
    pub file: Option<String>,
    /// Evaluate this expression
    #[arg(long, short = 'E', value_name = "EXPR", conflicts_with = "file")]
    pub expr: Option<String>,
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
    /// Write the .drv files and sources that evaluation makes into this folder
    #[arg(long, value_name = "DIR")]
    pub write_drvs: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub inputs: Inputs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub options: EvalOptions,
}

/// How sides of a comparison are evaluated: a flake, purely, and other people's work.
pub(super) fn sides(systems: &[String], inputs: &Inputs, options: &EvalOptions) -> How {
    let program = Program { inputs: inputs.clone(), options: options.clone(), ..Program::default() };
    How {
        systems: systems.to_vec(),
        inputs: inputs.overrides(),
        settings: program.bounded_settings(),
        trace: options.show_trace,
    }
}

impl Program {
    /// Whether it is a flake: neither a file nor an expression.
    pub fn is_flake(&self) -> bool {
        self.file.is_none() && self.expr.is_none()
    }

    /// How it is to be evaluated: a flake purely, unless told otherwise.
    pub fn settings(&self) -> Settings {
        let mut settings = self.options.settings(self.is_flake() && !self.impure);
        settings.write_to.clone_from(&self.write_drvs);
        settings.source_cache.clone_from(&self.inputs.source_cache);
        settings
    }

    /// As [`Self::settings`], for commands that look at other people's work.
    pub fn bounded_settings(&self) -> Settings {
        let mut settings = self.settings();
        self.options.limits.bounded(&mut settings);
        settings.local_sources = self.inputs.allow_local;
        settings
    }

    /// What is to be evaluated; `flake` is the reference, where it is one. Standard input is read here.
    pub fn program(&self, flake: Option<&str>) -> Result<ops::Program> {
        let source = match (&self.file, &self.expr) {
            (_, Some(text)) => Source::Text(text.clone().into_bytes()),
            (Some(file), None) if file == "-" => Source::Text(read(file)?),
            (Some(file), None) => Source::File(file.clone()),
            (None, None) => Source::Flake(flake.unwrap_or(".").to_owned()),
        };
        let pairs = |list: &[String], argument: fn(String) -> Argument| -> Vec<(String, Argument)> {
            list.chunks_exact(2).map(|pair| (pair[0].clone(), argument(pair[1].clone()))).collect()
        };
        Ok(ops::Program {
            source,
            inputs: self.inputs.overrides(),
            arguments: [pairs(&self.arg, Argument::Expr), pairs(&self.argstr, Argument::Text)].concat(),
            here: here()?,
        })
    }
}

/// Messages of evaluation go to stderr, each in one piece.
pub(super) fn messages() -> Messages {
    Messages::to(|text| terminal::message(&guard::log(text)))
}

/// What is in a file; `-` is standard input.
pub(super) fn read(file: &str) -> io::Result<Vec<u8>> {
    if file == "-" {
        let mut text = Vec::new();
        io::stdin().read_to_end(&mut text)?;
        return Ok(text);
    }
    limited::given_bytes(file)
}

/// The flake of the repository that `--root` names, as a reference.
pub(super) fn flake_in(root: &Utf8Path) -> io::Result<String> {
    Ok(root.canonicalize_utf8()?.into_string())
}

/// Where relative paths of the command line start.
pub(super) fn here() -> Result<PathBuf> {
    Ok(std::env::current_dir()?)
}

/// Says why there is nothing to evaluate.
pub(super) fn refused(error: &Error, trace: bool, context: &mut Context<'_>) -> anyhow::Result<Outcome> {
    context.err.write_all(error.report(trace).as_bytes())?;
    Ok(Outcome::Findings)
}
