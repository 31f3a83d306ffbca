//! Nix, the language and its tools' files.

pub mod syntax;
