//! Values: sixteen bytes, copied freely, pointing into the heap.

use super::attrs::Attrs;
use super::error::Error;
use super::heap::{Env, Ref, Thin};
use super::ir::{Lambda, Pos};
use super::machine::{Ev, Result};

/// A value in weak head normal form. The discriminants are odd so that a thunk can tell a value
/// from a pointer by its first byte; they take a whole word so that a value is moved as two words,
/// which a `bool` right behind a smaller one would prevent.
#[derive(Clone, Copy)]
#[repr(u64)]
pub enum Value {
    /// `null`.
    Null = 1,
    /// `true` or `false`.
    Bool(bool) = 3,
    /// A 64-bit integer.
    Int(i64) = 5,
    /// A double.
    Float(f64) = 7,
    /// A string with its context.
    String(&'static Str) = 9,
    /// An absolute path.
    Path(&'static Str) = 11,
    /// A list.
    List(&'static List) = 13,
    /// An attribute set.
    Attrs(&'static Attrs) = 15,
    /// A function.
    Closure(&'static Closure) = 17,
    /// A builtin.
    Builtin(&'static Builtin) = 19,
    /// A builtin with some of its arguments.
    Partial(&'static Partial) = 21,
}

/// A byte string. Nix strings need not be UTF-8.
#[derive(Clone, Copy)]
pub struct Str {
    /// The bytes.
    pub bytes: &'static [u8],
    /// The store paths it refers to.
    pub context: Option<&'static Context>,
}

impl Str {
    /// A string without context.
    pub const fn plain(bytes: &'static [u8]) -> Self {
        Self { bytes, context: None }
    }

    /// For messages.
    pub fn lossy(&self) -> std::borrow::Cow<'static, str> {
        String::from_utf8_lossy(self.bytes)
    }
}

/// The empty string.
pub static EMPTY_STR: Str = Str::plain(b"");
/// The empty list.
pub static EMPTY_LIST: List = List { items: &[] };

/// One reference of a string to the store. Ordered as Nix orders them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContextElement {
    /// A store path (its base name).
    Path(&'static str),
    /// A derivation and everything it needs.
    DrvDeep(&'static str),
    /// An output of a derivation.
    Output {
        /// The derivation's base name.
        drv: &'static str,
        /// Which output.
        output: &'static str,
    },
}

/// A set of references: sorted, without duplicates, not empty.
pub struct Context {
    /// The references.
    pub elements: &'static [ContextElement],
}

/// A list.
pub struct List {
    /// The elements.
    pub items: &'static [Ref],
}

/// A function together with the variables around it.
pub struct Closure {
    /// Its code.
    pub lambda: &'static Lambda,
    /// The variables.
    pub env: Option<&'static Env>,
    /// Arguments given already, if it takes several.
    pub args: Thin<Ref>,
}

/// A builtin with some of its arguments.
pub struct Partial {
    /// Which.
    pub builtin: &'static Builtin,
    /// Fewer than it takes.
    pub args: Thin<Ref>,
}

impl Value {
    /// As `builtins.typeOf` names it.
    pub const fn type_of(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Float(_) => "float",
            Self::String(_) => "string",
            Self::Path(_) => "path",
            Self::List(_) => "list",
            Self::Attrs(_) => "set",
            Self::Closure(_) | Self::Builtin(_) | Self::Partial(_) => "lambda",
        }
    }

    /// As an error message names it.
    pub fn describe(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(_) => "a Boolean".to_owned(),
            Self::Int(_) => "an integer".to_owned(),
            Self::Float(_) => "a float".to_owned(),
            Self::String(string) if string.context.is_some() => "a string with context".to_owned(),
            Self::String(_) => "a string".to_owned(),
            Self::Path(_) => "a path".to_owned(),
            Self::List(_) => "a list".to_owned(),
            Self::Attrs(_) => "a set".to_owned(),
            Self::Closure(_) => "a function".to_owned(),
            Self::Builtin(builtin) => format!("the built-in function '{}'", builtin.shown_name()),
            Self::Partial(partial) => {
                format!("the partially applied built-in function '{}'", partial.builtin.shown_name())
            }
        }
    }

    /// Whether it can be called without a `__functor`.
    pub const fn is_function(&self) -> bool {
        matches!(self, Self::Closure(_) | Self::Builtin(_) | Self::Partial(_))
    }
}

/// How a builtin is run: the machine, the arguments, where it is called.
pub(crate) type Run = fn(&mut Ev, &[Ref], Pos) -> Result<Value>;

/// A builtin function.
pub struct Builtin {
    /// Its name in `builtins`.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arity: u8,
    /// Whether it is global under its own name; otherwise under `__name`.
    pub bare: bool,
    /// Whether what it gives depends on what is outside of the program.
    pub impure: bool,
    /// The names of its arguments, with a `!` before those that are evaluated whenever it gives a value.
    pub args: &'static str,
    /// What it does, for people.
    pub doc: &'static str,
    /// What it does.
    pub(crate) run: Run,
}

impl Builtin {
    /// The name that messages use.
    pub(crate) fn shown_name(&self) -> &'static str {
        self.name
    }

    /// Adds "while calling the 'x' builtin".
    #[cold]
    pub(crate) fn frame(&self, error: Box<Error>, pos: Pos) -> Box<Error> {
        if matches!(self.name, "addErrorContext" | "throw" | "abort") {
            return error;
        }
        error.frame(pos, format!("while calling the '{}' builtin", self.name))
    }
}
