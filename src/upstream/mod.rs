//! Upstream: which versions there are, what their sources hash to, and how the catalogue takes them in.
//!
//! Owns the network: nothing else in the program opens a connection. Everything fetched is hostile until
//! hashed. Must not know of the command line or of rendering.

pub mod bounds;
pub mod bump;
pub mod caches;
pub mod cargo;
pub mod credentials;
pub mod detect;
pub mod edit;
pub mod entry;
mod hash_hazards;
pub mod http;
pub mod import;
pub mod inputs;
pub mod locator;
pub mod osv;
pub mod plan;
pub mod prefetch;
pub mod progress;
pub mod rust;
pub mod support;
pub mod usual;
pub mod verify;
pub mod versions;

pub use crate::catalogue::pattern;
pub use prefetch::{Endpoints, Prefetched, Upstream, UpstreamError};
