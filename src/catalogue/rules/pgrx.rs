//! The versions of cargo-pgrx: their Rust can be had, their crates are pinned in one way.

use super::{Context, Rule};
use crate::catalogue::kinds::pgrx::{rust, vendor};
use crate::diag::Diagnostics;
use crate::rule::rule;

pub(super) const RULE: Rule = rule!(Catalogue, check, [CargoVendor, RustToolchain]);

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for entry in &cx.raw.cargo_pgrx {
        let raw = &entry.value;
        vendor("this cargo-pgrx", entry.span, (&raw.cargo_hash, &raw.cargo_lock, &raw.output_hashes), found);
        rust(cx, &raw.rust, found);
    }
}
