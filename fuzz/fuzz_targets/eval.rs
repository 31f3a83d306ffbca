//! Any program has a value or an error: no panic, no overflow, no end of memory or time. The world
//! is empty.
//!
//! A program without end is cut by bounds, all of them errors: calls nest at most 2,000 deep; what
//! loops without calls, as comparing and printing, counts its steps; everything else takes memory.
//! Each has a session of its own, which gives back all that it took.
#![no_main]

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use nix_eval::{Outside, Session, Settings};
use nix_store::nar::FileType;

struct Nothing;

fn nothing<T>() -> io::Result<T> {
    Err(io::ErrorKind::NotFound.into())
}

impl Outside for Nothing {
    fn read_file(&self, _: &[u8]) -> io::Result<Vec<u8>> {
        nothing()
    }
    fn file_size(&self, _: &[u8]) -> io::Result<u64> {
        nothing()
    }
    fn read_dir(&self, _: &[u8]) -> io::Result<Vec<(Vec<u8>, FileType)>> {
        nothing()
    }
    fn file_type(&self, _: &[u8]) -> io::Result<Option<FileType>> {
        Ok(None)
    }
    fn read_link(&self, _: &[u8]) -> io::Result<Vec<u8>> {
        nothing()
    }
    fn real_path(&self, _: &[u8]) -> PathBuf {
        PathBuf::from("/nonexistent")
    }
    fn env(&self, _: &str) -> Option<Vec<u8>> {
        None
    }
    fn now(&self) -> i64 {
        0
    }
}

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
