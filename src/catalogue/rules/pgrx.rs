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
         file only.",
        bad: r#"
            kind = "pgrx"

            [[version]]
            pgrx = "0.12.6"
        "#,
        says: "this version does not say how its crates are pinned",
        fixed: r#"
            kind = "pgrx"

            [[version]]
            pgrx = "0.12.6"
            cargo-hash = "sha256-ZNzq+dATZn9LUgeOczsaadr5hwdbt9y/+sAOPIdr77U="
        "#;
    RustToolchain =
        "rust pins the compiler to an exact release, all three numbers (1.81.0), which comes from the rust-overlay \
         input of flake.toml. Without rust, the package set's own Rust is used.",
        bad: r#"
            kind = "pgrx"

            [[version]]
            pgrx = "0.12.6"
            cargo-hash = "sha256-ZNzq+dATZn9LUgeOczsaadr5hwdbt9y/+sAOPIdr77U="
            rust = "1.81"
        "#,
        says: "`1.81` is no exact Rust version",
        fixed: r#"
            kind = "pgrx"

            [[version]]
            pgrx = "0.12.6"
            cargo-hash = "sha256-ZNzq+dATZn9LUgeOczsaadr5hwdbt9y/+sAOPIdr77U="
            rust = "1.81.0"

            # flake.toml
            [inputs.rust-overlay]
            url = "github:oxalica/rust-overlay"
            rev = "6c2fb7be53777ae6f7fcea50a46a2ab5a0f2ab6d"
            nar-hash = "sha256-HYIaIUntTbEFENJY2ryZ3kPobYIS/5VRNz4DaLXEvD0="
            last-modified = 1784796856
        "#;
};

fn check(cx: &Context<'_>, found: &mut Diagnostics) {
    for entry in &cx.raw.cargo_pgrx {
        let raw = &entry.value;
        vendor("this cargo-pgrx", entry.span, (&raw.cargo_hash, &raw.cargo_lock, &raw.output_hashes), found);
        rust(cx, &raw.rust, found);
    }
}
