//! The Nix language: its syntax and what is built on it.

pub mod syntax;
