//! What is evaluated: a flake, a file or an expression, with arguments.

use std::path::PathBuf;

use crate::nix::eval::{Error, ErrorKind, Result, Session, Text, Value};
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
    pub here: PathBuf,
}

impl Program {
    /// A flake, without more.
    pub fn flake(reference: String, inputs: Vec<(String, String)>) -> Self {
        Self { source: Source::Flake(reference), inputs, arguments: Vec::new(), here: "/".into() }
    }

    /// Whether it is a flake.
    pub fn is_flake(&self) -> bool {
        matches!(self.source, Source::Flake(_))
    }

    /// The value of the file or expression; the outputs of the flake.
    ///
    /// # Errors
    /// What evaluation says.
    pub fn load<'s>(&self, session: &'s Session) -> Result<Value<'s>> {
        match &self.source {
            Source::Flake(reference) => {
                let flake = flake::split_fragment(reference).0;
                session.flake(flake, &self.inputs).map_err(|error| of_registry(reference, error))
            }
            Source::File(file) => session.eval_file_in(file, &self.here),
            Source::Text(text) => session.eval(Text::Expression(text, &self.here)),
        }
    }

    /// The set of the arguments.
    ///
    /// # Errors
    /// When one is no Nix.
    pub fn auto_args<'s>(&self, session: &'s Session) -> Result<Value<'s>> {
        let mut attrs = Vec::new();
        for (name, argument) in &self.arguments {
            let value = match argument {
                Argument::Expr(text) => session.lazy(Text::Expression(text.as_bytes(), &self.here))?,
                Argument::Text(text) => session.string(text.as_bytes()),
            };
            attrs.push((name.as_str(), value));
        }
        Ok(session.set(attrs))
    }
}

/// A bare name is a flake of a registry to Nix, and to people who type one an attribute.
fn of_registry(reference: &str, error: Error) -> Error {
    if error.kind() != ErrorKind::Unavailable || flake::is_reference(reference) || reference.contains('?') {
        return error;
    }
    let message = format!(
        "'{reference}' would be a flake of a registry, and none is asked; what this folder's flake calls so is '.#{reference}'"
    );
    Error::new(ErrorKind::Unavailable, message)
}
