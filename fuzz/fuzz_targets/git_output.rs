//! See `checks/git_output.rs`, which tests/it/fuzz_seeds.rs runs, too.
#![no_main]

#[path = "../checks/git_output.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
