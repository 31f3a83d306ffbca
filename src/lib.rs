//! pgflakegen: a declarative catalogue of PostgreSQL versions and extensions becomes a Nix flake.
//!
//! Data flows one way: [`catalogue`] reads and checks, [`render`] makes texts of it, [`tree`] puts them on the
//! disk. [`diag`] says what is wrong on the way. [`cli`] and [`cmd`] are what a terminal sees.

pub mod catalogue;
pub mod cli;
pub mod cmd;
pub mod diag;
pub mod git;
pub mod interrupt;
pub mod limited;
pub mod nix;
pub mod overrides;
pub mod render;
pub mod report;
pub mod rule;
pub mod rules;
pub mod terminal;
pub mod threads;
pub mod tree;
pub mod upstream;

pub use cli::run;
pub use nix_store as store;
