//! [`nix_eval`], with this machine as its outside: temporary folders that go with the process, and git.

pub use nix_eval::internal::*;

/// The world outside.
pub mod outside {
    pub use nix_eval::internal::outside::*;

    pub use crate::nix::machine::Machine;
}
