//! Any program has a value or an error: no panic, no overflow, no end of memory or time. The world
//! is empty.
//!
//! A program without end is cut by bounds, all of them errors: calls nest at most 2,000 deep; what
//! loops without calls, as comparing and printing, counts its steps; everything else takes memory.
//! Evaluation never frees: the process grows, and leaks are not looked for (see README.md).
#![no_main]

use std::cell::RefCell;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use pgflakegen::nix::eval::outside::Outside;
use pgflakegen::nix::eval::report::render;
use pgflakegen::nix::eval::shared::Origin;
use pgflakegen::nix::eval::{Ev, Settings, Shared};
use pgflakegen::nix::flake::HOOKS;
use pgflakegen::store::nar::FileType;

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

thread_local! {
    static EV: RefCell<Ev> = RefCell::new(Ev::new(Shared::new(
        Settings { pure: true, max_call_depth: 2000, max_memory: MEMORY, ..Settings::default() },
        Arc::new(Nothing),
        HOOKS,
    )));
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    EV.with_borrow_mut(|ev| {
        ev.heap.set_limit(ev.heap.total() + MEMORY);
        ev.steps = STEPS;
        let run = |ev: &mut Ev| {
            let code = ev.parse(text, Origin::Text(text.into()), b"/")?;
            let value = ev.eval(code, None)?;
            let thunk = ev.at(value);
            // SAFETY: of what was made before, this value alone is used.
            unsafe {
                ev.collecting(vec![thunk], |ev| {
                    ev.force_deep(thunk)?;
                    ev.print_instantiate(value)?;
                    ev.print(value)
                })
            }
        };
        if let Err(error) = run(ev) {
            let shared = ev.shared.clone();
            render(&shared, &error, true);
        }
    });
});
