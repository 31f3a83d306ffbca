//! Nix, the language and its tools' files.

pub mod eval;
pub mod flake;
pub mod syntax;
