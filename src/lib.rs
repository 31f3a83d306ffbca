//! pgflakegen: a declarative catalogue of PostgreSQL versions and extensions becomes a Nix flake.
//!
//! Data flows one way: [`catalogue`] reads and checks, [`render`] makes texts of it, [`tree`] puts them on the
//! disk. [`diag`] says what is wrong on the way. [`ops`] is what can be done, for other programs and for [`cli`] and
//! [`cmd`], which are what a terminal sees.
//!
//! ```
//! use camino::Utf8Path;
//! use pgflakegen::ops;
//!
//! # let folder = tempfile::tempdir()?;
//! # let root = Utf8Path::from_path(folder.path()).expect("UTF-8").join("postgres");
//! ops::init::init(&ops::init::Request { dir: &root, bare: true }, &())?;
//! ops::generate(&ops::generate::Request { root: &root, dry_run: false, force: false }, &())?;
//!
//! let mut request = ops::check::Request::new(&root);
//! request.evaluate = false; // nixpkgs need not be on this machine
//! let checked = ops::check(&request, &())?;
//! assert!(checked.is_clean());
//! for finding in checked.loaded.diagnostics.iter() {
//!     println!("{}: {}", finding.code.id(), finding.message);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(not(test), forbid(unsafe_code))]

pub mod accounts;
pub mod catalogue;
pub mod cli;
pub mod cmd;
pub mod diag;
pub mod difference;
pub mod explorer;
pub mod git;
pub mod interrupt;
pub mod layout;
pub mod limited;
pub mod nix;
pub mod ops;
pub mod overrides;
pub mod progress;
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
