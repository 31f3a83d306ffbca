//! Git: the one place where it is run and read.
//!
//! Owns how the program is started ([`run`]), what is asked of repositories on this machine ([`Repository`]) and
//! of those elsewhere ([`remote`]). Must not know of catalogues, flakes or what the answers are for.
//!
//! **The program, not a library.** gix was weighed for reading in process. It would read trees and references
//! faster than a process can start (2 ms), but a reading here is a handful of processes, one for all objects of a
//! tree, beside an evaluation of a second. It does not read what users have made with newer gits (SHA-256,
//! reftable), keeps its own rules of whom to trust and what attributes and ignore files mean, of which every
//! difference would be a wrong answer without a message, and is sixty crates. Fetching needs the program in any
//! case: for ssh, credential helpers, proxies. So there is one git, the user's, and its answers are git's own.
//!
//! **Nothing of a repository runs.** Each run has no hooks, monitor, filter, external diff, textconv, pager,
//! editor, prompt, signature program or ssh command that a repository's own configuration names; no transport but
//! those that the caller allows; no lazy fetching, replaced objects or optional locks; limits of time and size.
//! `tests.rs` takes each of these away and sees the attack succeed.

mod address;
mod config;
mod error;
mod listing;
pub mod patience;
pub mod remote;
mod repository;
pub mod run;

#[cfg(test)]
mod tests;

pub use address::{printable, redacted, shown};
pub use error::GitError;
pub use listing::{Entry, Objects, Status, entries, statuses};
pub use repository::{File, Pending, Repository, is_commit};
