//! Nix text: reading it, quoting what goes into it, laying it out.
//!
//! Knows the grammar only; what programs mean is `nix::eval`'s.

pub mod format;
pub mod quote;
