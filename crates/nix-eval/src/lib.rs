//! The evaluator: values, thunks, lowering to a resolved IR, the machine, builtins.
//!
//! Everything impure goes through [`outside::Outside`]. One [`shared::Shared`] serves a session;
//! each thread has its own [`machine::Ev`] with a heap of its own, and evaluates what no other
//! thread has evaluated.

#![doc = include_str!("../README.md")]

mod access;
pub mod attrs;
pub mod builtins;
mod call;
pub mod coerce;
mod collect;
mod construct;
pub mod error;
pub mod flake;
mod force;
pub mod heap;
pub mod imported;
pub mod ir;
mod limits;
mod load;
mod lower;
pub mod machine;
mod ops;
pub mod outside;
pub mod paths;
pub mod print;
mod regex;
pub mod report;
mod select;
pub mod shared;
pub mod symbol;
mod threads;
pub mod unpacked;
pub mod url;
pub mod value;
mod written;

pub use access::Last;
pub use error::{Error, Kind};
pub use limits::parse_size;
pub use machine::{Ev, Result};
pub use select::split_path;
pub use shared::{Messages, Settings, Shared};
pub use value::Value;
