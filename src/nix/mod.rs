//! Nix: evaluation and flakes.

pub mod eval;
pub mod flake;
