//! [`nix_eval`], with this machine as its outside: temporary folders that go with the process, and git.

pub use nix_eval::internal::*;

/// The world outside.
pub mod eval_io {
    pub use nix_eval::internal::eval_io::*;

    pub use crate::nix::machine::Machine;
}
