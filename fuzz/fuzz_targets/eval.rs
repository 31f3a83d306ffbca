//! Any program has a value or an error: no panic, no overflow, no end of memory or time. The world
//! is empty.
//!
//! A program without end is cut by bounds, all of them errors: calls nest at most 2,000 deep; what
//! loops without calls, as comparing and printing, counts its steps; everything else takes memory.
//! Each has a session of its own, which gives back all that it took.
#![no_main]

#[path = "../../crates/nix-eval/tests/it/nothing.rs"]
mod nothing;

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use nix_eval::{Session, Settings};
use nothing::Nothing;

const MEMORY: usize = 64 << 20;
const STEPS: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let settings = Settings {
        pure: true,
        max_call_depth: 2000,
        max_memory: MEMORY,
        max_steps: STEPS,
        ..Settings::default()
    };
    let session = Session::new(Arc::new(Nothing), settings);
    if let Ok(value) = session.eval_str(text) {
        let _ = value.to_nix();
        let _ = value.to_json();
    }
});
