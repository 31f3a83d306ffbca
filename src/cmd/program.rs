//! What is evaluated and how: the options that the evaluating commands share.

use std::io::{self, Read};
use std::path::PathBuf;

use camino::Utf8Path;

use super::inputs::Inputs;
use super::limits::Limits;
use crate::diag::guard;
use crate::limited;
use crate::nix::eval::attrs::Attrs;
use crate::nix::eval::shared::Origin;
use crate::nix::eval::{Ev, Messages, Result, Settings, Value};
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
    /// Allow a feature Nix calls experimental: pipe-operators, ca-derivations
    #[arg(long, value_name = "FEATURE")]
    pub extra_experimental_features: Vec<String>,
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
        let from_env = std::env::var("NIX_PATH").unwrap_or_default();
        let entries = self.include.iter().map(String::as_str).chain(search_entries(&from_env));
        for entry in entries.filter(|entry| !entry.is_empty() && !pure) {
            let (prefix, path) = entry.split_once('=').unwrap_or(("", entry));
            settings.search_path.push((prefix.to_owned(), path.to_owned()));
        }
        settings
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

    /// The value of the file or expression.
    pub fn load(&self, ev: &mut Ev) -> Result<Value> {
        let dir = here()?;
        if let (Some(file), None) = (&self.file, &self.expr)
            && file != "-"
        {
            let path = path_of(ev, file, &dir)?;
            return ev.import(&path, 0);
        }
        let text = match (&self.file, &self.expr) {
            (_, Some(expr)) => expr.clone().into_bytes(),
            (Some(file), None) => read(file)?,
            (None, None) => Vec::new(),
        };
        let shown = String::from_utf8_lossy(&text).as_ref().into();
        let code = ev.parse_bytes(text, Origin::Text(shown), &dir)?;
        ev.eval(code, None)
    }

    /// The set of `--arg` and `--argstr`.
    pub fn auto_args(&self, ev: &mut Ev) -> Result<&'static Attrs> {
        let mut attrs = Vec::new();
        let dir = here()?;
        for pair in self.arg.chunks_exact(2) {
            let code = ev.parse(&pair[1], Origin::Text(pair[1].as_str().into()), &dir)?;
            let value = ev.lazy(code);
            attrs.push(ev.named(&pair[0], value));
        }
        for pair in self.argstr.chunks_exact(2) {
            let value = ev.at(ev.string(pair[1].as_bytes()));
            attrs.push(ev.named(&pair[0], value));
        }
        Ok(ev.attrs_of(attrs))
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
pub(super) fn here() -> Result<Vec<u8>> {
    use std::os::unix::ffi::OsStringExt;
    Ok(std::env::current_dir()?.into_os_string().into_vec())
}

/// A file's absolute path; `<name>` is looked up.
fn path_of(ev: &mut Ev, file: &str, dir: &[u8]) -> Result<Vec<u8>> {
    if file.starts_with('<') {
        let code = ev.parse(file, Origin::Text(file.into()), dir)?;
        if let Value::Path(path) = ev.eval(code, None)? {
            return Ok(path.bytes.to_vec());
        }
    }
    let path =
        if file.starts_with('/') { file.as_bytes().to_vec() } else { [dir, b"/", file.as_bytes()].concat() };
    Ok(crate::nix::eval::paths::canonical(&path))
}
