//! What is evaluated: a flake, a file or an expression, with arguments.

use crate::nix::eval::attrs::Attrs;
use crate::nix::eval::shared::Origin;
use crate::nix::eval::{Error, Ev, Kind, Result, Value};
use crate::nix::flake;

/// What is evaluated.
#[derive(Clone, Debug)]
pub enum Source {
    /// The outputs of the flake that this reference names; what stands after `#` is for whoever looks there.
    Flake(String),
    /// A file; `<NAME>` is looked up.
    File(String),
    /// An expression.
    Text(Vec<u8>),
}

/// An argument for a function.
#[derive(Clone, Debug)]
pub enum Argument {
    /// The value of an expression.
    Expr(String),
    /// A string.
    Text(String),
}

/// What is evaluated, and with what.
#[derive(Clone, Debug)]
pub struct Program {
    /// What.
    pub source: Source,
    /// Inputs in place of the flake's own: name and flake reference.
    pub inputs: Vec<(String, String)>,
    /// Arguments for functions, by name.
    pub arguments: Vec<(String, Argument)>,
    /// The folder that relative paths start in.
    pub here: Vec<u8>,
}

impl Program {
    /// A flake, without more.
    pub fn flake(reference: String, inputs: Vec<(String, String)>) -> Self {
        Self { source: Source::Flake(reference), inputs, arguments: Vec::new(), here: b"/".to_vec() }
    }

    /// Whether it is a flake.
    pub fn is_flake(&self) -> bool {
        matches!(self.source, Source::Flake(_))
    }

    /// The value of the file or expression; the outputs of the flake.
    ///
    /// # Errors
    /// What evaluation says.
    pub fn load(&self, ev: &mut Ev) -> Result<Value> {
        match &self.source {
            Source::Flake(reference) => {
                let flake = flake::split_fragment(reference).0;
                flake::outputs(ev, flake, &self.inputs).map_err(|error| of_registry(reference, error))
            }
            Source::File(file) => {
                let path = path_of(ev, file, &self.here)?;
                ev.import(&path, 0)
            }
            Source::Text(text) => {
                let shown = String::from_utf8_lossy(text).as_ref().into();
                let code = ev.parse_bytes(text.clone(), Origin::Text(shown), &self.here)?;
                ev.eval(code, None)
            }
        }
    }

    /// The set of the arguments.
    ///
    /// # Errors
    /// When one is no Nix.
    pub fn auto_args(&self, ev: &mut Ev) -> Result<&'static Attrs> {
        let mut attrs = Vec::new();
        for (name, argument) in &self.arguments {
            let value = match argument {
                Argument::Expr(text) => {
                    let code = ev.parse(text, Origin::Text(text.as_str().into()), &self.here)?;
                    ev.lazy(code)
                }
                Argument::Text(text) => ev.at(ev.string(text.as_bytes())),
            };
            attrs.push(ev.named(name, value));
        }
        Ok(ev.attrs_of(attrs))
    }
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

/// A bare name is a flake of a registry to Nix, and to people who type one an attribute.
fn of_registry(reference: &str, error: Box<Error>) -> Box<Error> {
    if error.kind != Kind::Unavailable || flake::is_reference(reference) || reference.contains('?') {
        return error;
    }
    let message = format!(
        "'{reference}' would be a flake of a registry, and none is asked; what this folder's flake calls so is '.#{reference}'"
    );
    Error::new(Kind::Unavailable, message)
}
