//! The evaluator: values, thunks, lowering to a resolved IR, the machine, builtins.
//!
//! Everything impure goes through [`eval_io::EvalIo`]. One [`shared::Shared`] serves a session;
//! each thread has its own [`machine::Ev`] with a heap of its own, and evaluates what no other
//! thread has evaluated.

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

pub use builtins::{Builtin, all as builtins};
pub use error::Kind as ErrorKind;
pub use eval_io::{Answer, Entry, EvalIo, Machine, Repository, Temporary, Unanswered};
pub use limits::parse_size;
pub use lower::{Lint, Lints};
pub use session::{Derivation, Error, Kind, Result, Session, Value};
pub use shared::{Messages, Settings, current_system};

/// What pgflakegen still uses of the inside: no part of what is promised. It gives out references into the
/// session's memory, and making an evaluator is `unsafe` for that.
#[doc(hidden)]
pub mod internal {
    pub use super::error::{Error, Kind};
    pub use super::machine::{Ev, Result};
    pub use super::select::split_path;
    pub use super::shared::Shared;
    pub use super::value::Value;

    macro_rules! inside {
        ($($module:ident: $($item:ident),*;)*) => {
            $(#[allow(missing_docs)] pub mod $module { pub use crate::$module::{$($item),*}; })*
        };
    }
    inside! {
        attrs: Attr, Attrs;
        builtins: Package, compare_versions;
        coerce: Coerce, ContextSet;
        error: suggest;
        flake: HOOKS, attribute, git_root, in_place, is_reference, locate, outputs, place_of, reference_to, split_fragment;
        heap: Ref;
        ir: Pos;
        paths: canonical;
        quoting: quote;
        report: headline, render;
        shared: Origin;
        value: Closure;
    }
}
