//! Nix as the rest of the program uses it: the crates [`nix_syntax`] and [`nix_eval`], joined to this machine, its
//! git and our findings.

pub mod eval;
pub mod flake;
mod machine;
pub mod syntax;
