//! The generated tree on disk: comparing it with what should be there, and replacing it in one step.
//!
//! Owns the rules on whose file is whose. A file is ours when it carries our mark; `flake.lock`, which can
//! carry none, when it is as the tree's `catalogue.json` says we wrote it.

mod compare;
mod guard;
mod write;

pub use compare::{Change, Comparison, Conflict, compare};
pub use guard::Guard;
pub use write::write;

/// Where new files wait, below the root, while a tree is being replaced.
const STAGING: &str = ".pgflakegen";
/// The directories of which every file with our mark belongs to the plan or goes.
const DIRECTORIES: [&str; 2] = ["generated", "schema"];
