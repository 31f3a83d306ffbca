//! [`nix_eval`], with this machine as its outside: temporary folders that go with the process, and git.

pub use nix_eval::internal::*;
pub use nix_eval::{Lint, Lints, Messages, Settings, current_system, parse_size};

/// The world outside.
pub mod eval_io {
    pub use nix_eval::{Answer, Entry, EvalIo, Repository, Temporary, Unanswered};

    pub use crate::nix::machine::Machine;
}
