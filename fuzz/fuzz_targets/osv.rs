//! See `checks/osv.rs`, which tests/it/fuzz_seeds.rs runs, too.
#![no_main]

#[path = "../checks/osv.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
