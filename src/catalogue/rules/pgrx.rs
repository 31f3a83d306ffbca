//! The versions of cargo-pgrx: their Rust can be had, their crates are pinned in one way.

use super::{Context, Rule};
use crate::catalogue::kinds::pgrx::{rust, vendor};
use crate::diag::Diagnostics;
use crate::rule::rule;

pub(super) const RULE: Rule = rule! {
    Catalogue, check;
    CargoVendor =
        "The crates of a Rust program are pinned either by cargo-hash, the hash of all of them as fetchCargoVendor \
         gives them, or by cargo-lock, a committed Cargo.lock. Exactly one of the two; output-hashes go with a lock \
         file only.";
    RustToolchain =
        "rust pins the compiler to an exact release, all three numbers (1.81.0), which comes from the rust-overlay \
         input of flake.toml. Without rust, the package set's own Rust is used.";
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for entry in &cx.raw.cargo_pgrx {
        let raw = &entry.value;
        vendor("this cargo-pgrx", entry.span, (&raw.cargo_hash, &raw.cargo_lock, &raw.output_hashes), found);
        rust(cx, &raw.rust, found);
    }
}
