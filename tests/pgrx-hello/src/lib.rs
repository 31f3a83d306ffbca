//! The smallest extension that proves the pgrx builder: one function, one type.

use pgrx::prelude::*;

::pgrx::pg_module_magic!(name, version);

/// Greets whom it is given.
#[pg_extern(immutable, parallel_safe)]
fn hello_pgrx(name: &str) -> String {
    format!("Hello, {name}")
}
