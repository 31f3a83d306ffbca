//! See `checks/flake_lock.rs`, which tests/it/fuzz_seeds.rs runs, too.
#![no_main]

#[path = "../checks/flake_lock.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
