//! The crate as others use it, and which of its modules may use which.

mod builtins;
mod layers;
mod memory;
mod nothing;
mod session;
