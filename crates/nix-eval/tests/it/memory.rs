//! The evaluator's memory under programs of every kind: those of `tests/cases/eval`, whole and mutilated, each printed
//! in full while what is not needed any more is collected. Whatever a program is, it has a value or an error.
//!
//! `cargo xtask asan` runs this with AddressSanitizer, and for as long as `NIX_EVAL_SECONDS` says.

#![allow(clippy::unwrap_used, reason = "a test that panics has failed")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix_eval::{Session, Settings, Value};

use crate::nothing::Nothing;

const MEMORY: usize = 64 << 20;
const STEPS: u64 = 1 << 18;

/// A program's value, as text and as it is. Its errors have a report.
fn run<'s>(session: &'s Session, text: &str) -> Option<(Vec<u8>, Value<'s>)> {
    let whole = session.eval_str(text).and_then(|value| Ok((value.to_nix()?, value)));
    if let Err(error) = &whole {
        assert!(!error.report(true).is_empty());
    }
    whole.ok()
}

fn session() -> Session {
    let settings = Settings {
        pure: true,
        max_call_depth: 1000,
        max_memory: MEMORY,
        max_steps: 100 * STEPS,
        max_part_time: Some(Duration::from_secs(20)),
        ..Settings::default()
    };
    Session::new(Arc::new(Nothing), settings)
}

fn programs() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases/eval");
    let mut files: Vec<PathBuf> = ["okay", "fail"]
        .iter()
        .flat_map(|kind| std::fs::read_dir(folder.join(kind)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "nix"))
        .collect();
    files.sort();
    assert!(files.len() > 400, "only {} programs", files.len());
    files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect()
}

/// The same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides.max(1) as u64).unwrap()
    }

    fn place(&mut self, text: &str) -> usize {
        let at = self.roll(text.len() + 1);
        (at..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
    }

    /// A program with a piece of another one in it, or without a piece.
    fn mutilated(&mut self, text: &str, other: &str) -> String {
        let (from, to) = (self.place(text), self.place(text));
        let (from, to) = (from.min(to), from.max(to));
        let (start, end) = (self.place(other), self.place(other));
        match self.roll(3) {
            0 => format!("{}{}", &text[..from], &text[to..]),
            1 => format!("{}{}{}", &text[..from], &other[start.min(end)..start.max(end)], &text[from..]),
            // What is a program by itself is one in the other's place, too.
            _ => format!("let a = {text}\n; b = {other}\n; in [ a b a (x: b) ]"),
        }
    }
}

/// Values that are kept are what they were, whatever is evaluated and freed after them.
fn all<'p>(programs: impl Iterator<Item = &'p str>) -> usize {
    let session = session();
    let mut kept = Vec::new();
    for (number, program) in programs.enumerate() {
        if let Some((text, value)) = run(&session, program) {
            kept.push((text, value));
        }
        if number % 50 == 49 {
            session.collect();
            for (text, value) in &kept {
                assert_eq!(value.to_nix().ok().as_ref(), Some(text));
            }
        }
    }
    kept.len()
}

#[test]
fn every_program_ends_in_a_value_or_an_error() {
    let programs = programs();
    let good: usize = programs.chunks(100).map(|some| all(some.iter().map(String::as_str))).sum();
    assert!(good > 200, "{good} of {} have a value", programs.len());
}

#[test]
fn whatever_is_made_of_programs_ends() {
    let programs = programs();
    let seconds = std::env::var("NIX_EVAL_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut count, mut good) = (0, 0);
    // The least that is run is a number of programs, not a time.
    while count < 300 || Instant::now() < end {
        let made: Vec<String> = (0..100)
            .map(|_| {
                let text = &programs[dice.roll(programs.len())];
                let other = &programs[dice.roll(programs.len())];
                dice.mutilated(text, other)
            })
            .collect();
        good += all(made.iter().map(String::as_str));
        count += made.len();
    }
    println!("{count} programs, {good} with a value");
    assert!(good > 0, "nothing that was made is a program");
}
