//! The terminal has one owner: this module. Text goes out by whole lines, through [`stdout`] and [`stderr`], from
//! any thread; the line that shows progress is drawn below them and taken away before anything else is written.
//!
//! Nobody holds a stream for longer than one write takes: a command that did would wait for its own threads.
//!
//! Must not know what is being done, nor by which command.

mod line;
mod progress;

use std::io::{self, BufWriter, IsTerminal as _, LineWriter, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

pub use self::progress::Line;

/// When progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum When {
    /// On a terminal, of what takes longer than a second; not where CI is set.
    #[default]
    Auto,
    /// On a terminal, from the first moment.
    Always,
    /// Never.
    Never,
}

/// What is on the screen.
struct Screen {
    /// The line of progress is, and the cursor stands at its start.
    drawn: bool,
    /// The last text had no end of line: nothing may be drawn over it.
    open: bool,
}

static SCREEN: Mutex<Screen> = Mutex::new(Screen { drawn: false, open: false });
/// The process is ending: nothing is drawn any more.
static ENDING: AtomicBool = AtomicBool::new(false);
/// `--quiet`.
static QUIET: AtomicBool = AtomicBool::new(false);

fn screen() -> MutexGuard<'static, Screen> {
    SCREEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From now on progress is shown, if there is a terminal to show it on.
pub fn install(when: When, quiet: bool) {
    QUIET.store(quiet, Ordering::Relaxed);
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let able = io::stderr().is_terminal() && set("TERM").is_some_and(|term| term != "dumb");
    let wanted = match when {
        When::Never => false,
        When::Always => true,
        When::Auto => set("CI").is_none_or(|ci| ci == "false"),
    };
    progress::install(able && wanted && !quiet, when == When::Always);
}

impl Screen {
    /// Takes the line of progress away. The cursor is at its start, so this also clears what a terminal that
    /// became narrower made of it.
    fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let _ = io::stderr().write_all(b"\r\x1b[J");
        }
    }

    /// Puts `line` where the cursor is. It must be shorter than the terminal is wide.
    fn draw(&mut self, line: &str) {
        if !self.open && !ENDING.load(Ordering::Relaxed) && in_foreground() {
            self.drawn = io::stderr().write_all(format!("\r{line}\x1b[K\r").as_bytes()).is_ok();
        }
    }
}

/// A job that was put into the background leaves the terminal to others.
fn in_foreground() -> bool {
    rustix::termios::tcgetpgrp(io::stderr()).is_ok_and(|group| group == rustix::process::getpgrp())
}

/// How many columns there are; terminals that do not say have 80.
fn width() -> usize {
    let columns = rustix::termios::tcgetwinsize(io::stderr()).map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { 80 } else { columns }
}

/// One of the two streams. A line that is written at once stays whole.
#[derive(Debug)]
pub struct Stream {
    error: bool,
    terminal: bool,
}

/// Findings, progress, summaries: each line goes out as it is complete.
pub fn stderr() -> LineWriter<Stream> {
    LineWriter::new(Stream { error: true, terminal: io::stderr().is_terminal() })
}

/// What was asked for. On a terminal, where both streams meet, in the order in which it is written.
pub fn stdout() -> Box<dyn Write> {
    let terminal = io::stdout().is_terminal();
    let stream = Stream { error: false, terminal };
    if terminal { Box::new(LineWriter::new(stream)) } else { Box::new(BufWriter::new(stream)) }
}

impl Stream {
    fn put(&self, bytes: &[u8]) -> io::Result<()> {
        if self.error {
            return io::stderr().write_all(bytes);
        }
        let mut stdout = io::stdout();
        stdout.write_all(bytes)?;
        stdout.flush()
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.terminal {
            let mut screen = screen();
            screen.clear();
            self.put(bytes)?;
            screen.open = bytes.last().is_some_and(|last| *last != b'\n');
        } else {
            self.put(bytes)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One message on stderr, from any thread. Where nobody listens nothing is said.
pub fn message(text: &str) {
    let mut stream = Stream { error: true, terminal: io::stderr().is_terminal() };
    let _ = stream.write_all(format!("{text}\n").as_bytes());
}

/// A signal came, and the process ends; `waits` when something is finished first. Says so, and leaves the terminal
/// as it was found.
pub fn interrupted(signal: i32, waits: bool) {
    ENDING.store(true, Ordering::Relaxed);
    let name = signal_hook::low_level::signal_name(signal).unwrap_or("a signal");
    let rest =
        if waits { "; what is being written is finished first (a second one ends it at once)" } else { "" };
    let text = format!("pgflakegen: stopped by {name}{rest}\n");
    // Whoever writes at this moment may do so for ever: a pipe that nobody reads, a terminal that is held.
    for _ in 0..100 {
        match SCREEN.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(10)),
            Err(TryLockError::Poisoned(_)) => return,
            Ok(mut screen) => {
                screen.clear();
                if !QUIET.load(Ordering::Relaxed) {
                    // Ours stands over the terminal's own `^C`.
                    let end: &[u8] = match std::mem::take(&mut screen.open) {
                        true => b"\n",
                        false if io::stderr().is_terminal() => b"\r",
                        false => b"",
                    };
                    let _ = io::stderr().write_all(&[end, text.as_bytes()].concat());
                }
                return;
            }
        }
    }
}
