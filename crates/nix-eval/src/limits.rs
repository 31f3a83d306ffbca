//! How much time evaluation may take. Memory is counted where it is [taken](super::heap).

use std::io::{self, Write};
use std::time::Instant;

use super::error::{Error, Kind};
use super::machine::{Ev, Result, TICKS};

impl Ev {
    /// A part of the work begins, which has a time of its own.
    pub fn begin_part(&mut self) {
        let now = Instant::now();
        let part = self.shared.settings.max_part_time.and_then(|time| now.checked_add(time));
        self.deadline = self.shared.deadline.into_iter().chain(part).min();
        // When the time of all is over, the first call of the next part says so.
        self.ticks = 1;
    }

    /// Counts a call, and looks at the clock now and then.
    #[inline]
    pub(super) fn tick(&mut self) -> Result<()> {
        self.ticks = self.ticks.wrapping_sub(1);
        if self.ticks == 0 { self.look_at_clock() } else { Ok(()) }
    }

    /// Fails when the time is over: from then on at each call.
    #[cold]
    #[inline(never)]
    pub(super) fn look_at_clock(&mut self) -> Result<()> {
        let Some(deadline) = self.deadline.filter(|deadline| Instant::now() >= *deadline) else {
            self.ticks = TICKS;
            return Ok(());
        };
        self.ticks = 1;
        let settings = &self.shared.settings;
        let seconds = |time: Option<std::time::Duration>| time.unwrap_or_default().as_secs_f64();
        let (all, part) = (seconds(settings.max_time), seconds(settings.max_part_time));
        let message = match self.shared.deadline == Some(deadline) {
            true => format!("evaluation takes longer than {all} s; allow more with --max-time"),
            false => format!(
                "evaluation takes longer than {part} s; each part has that much of the {all} s of --max-time"
            ),
        };
        Err(Error::new(Kind::TimeLimit, message))
    }

    /// Passes on what is written as long as there is time.
    pub(super) fn in_time<W: Write>(&self, out: W) -> InTime<W> {
        InTime { out, deadline: self.deadline }
    }
}

/// A writer that fails when the time is over.
pub(super) struct InTime<W> {
    out: W,
    deadline: Option<Instant>,
}

impl<W> InTime<W> {
    pub(super) fn into_inner(self) -> W {
        self.out
    }
}

impl<W: Write> Write for InTime<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "evaluation takes longer than --max-time allows",
            ));
        }
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// An amount of memory in bytes: `400` is MiB, `8G` and `8GiB` are what they say.
///
/// # Errors
/// What it has to look like.
pub fn parse_size(text: &str) -> std::result::Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "k" | "kib" => 1 << 10,
        "" | "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        _ => return Err("it is a number of MiB, or one with K, M or G behind it".to_owned()),
    };
    let number: usize = digits.trim().parse().map_err(|error| format!("{error}"))?;
    match number {
        0 => Err("nothing can be evaluated without memory".to_owned()),
        number => Ok(number.saturating_mul(unit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [("400", 400 << 20), ("8G", 8 << 30), ("8GiB", 8 << 30), ("64k", 64 << 10)] {
            assert_eq!(parse_size(text), Ok(expected), "{text}");
        }
        for wrong in ["", "G", "0", "8T", "-1", "1.5G"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }
}
