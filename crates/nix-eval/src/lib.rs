//! The evaluator: values, thunks, lowering to a resolved IR, the machine, builtins.
//!
//! Everything impure goes through [`EvalIo`]. What threads share is an [`Evaluator`]; each thread has a [`Session`] with
//! a heap of its own, and evaluates what no other thread has evaluated.

#![doc = include_str!("../README.md")]

mod access;
mod attrs;
mod builtins;
mod call;
mod coerce;
mod collect;
mod construct;
mod core_packages;
mod error;
mod eval_io;
mod flake;
mod force;
mod heap;
mod hints;
mod imported;
mod ir;
mod limits;
mod load;
mod lower;
mod machine;
mod meeting;
mod ops;
mod paths;
mod print;
mod quoting;
mod regex;
mod report;
mod select;
mod session;
mod shared;
mod stack;
mod symbol;
mod sync;
mod threads;
mod unpacked;
mod url;
mod value;
mod written;

pub use builtins::{Builtin, Package, all as builtins, compare_versions};
pub use error::{Kind as ErrorKind, suggest};
pub use eval_io::{Answer, Entry, EvalIo, Machine, Repository, Temporary, Unanswered};
pub use limits::parse_size;
pub use lower::{Lint, Lints};
pub use quoting::quote;
pub use session::{
    Attribute, Derivation, Error, Evaluator, Frame, Kept, Kind, Place, Pos, Result, Session, Text, Value,
    attribute_path, flakes,
};
pub use shared::{Messages, Settings, current_system};
