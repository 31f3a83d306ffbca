//! Ctrl-C and its like: what must not stop half-way is finished, what is temporary goes, and then the process
//! ends by the signal, as whoever sent it expects (130 or 143 in a shell). A second signal does not wait.
//!
//! Must not know what is being written, or by which command.

mod temporary;

use std::io;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

pub use temporary::TemporaryDirectory;

struct State {
    /// How many [`Unbroken`] there are.
    held: usize,
    /// The process is about to end.
    ending: bool,
    /// Programs that do.
    running: Vec<Arc<Mutex<Child>>>,
}

static STATE: Mutex<State> = Mutex::new(State { held: 0, ending: false, running: Vec::new() });
static CHANGED: Condvar = Condvar::new();

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Signals closer together than this are one: a shell and a wrapper may both pass the same Ctrl-C on.
const ONE: Duration = Duration::from_millis(250);

/// Told of the signal, and whether something has to be finished first.
pub type Notice = fn(signal: i32, waits: bool);

/// From now on SIGINT, SIGTERM and SIGHUP end the process tidily, a second one at once. Where they are ignored, as in a
/// background job, they stay so.
pub fn install(notice: Notice) {
    let wanted = [SIGHUP, SIGINT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
    let Ok(mut signals) = Signals::new(wanted) else { return };
    // Without the thread the signals would do nothing at all, so they are given back.
    let handle = signals.handle();
    let thread = std::thread::Builder::new().name("signals".into()).spawn(move || {
        let mut first = None;
        for signal in signals.forever() {
            match first {
                Some(first) if Instant::now().duration_since(first) < ONE => {}
                Some(_) => {
                    let _ = emulate_default_handler(signal);
                }
                None => {
                    first = Some(Instant::now());
                    let ending = std::thread::Builder::new().name("ending".into());
                    if ending.spawn(move || end(signal, notice)).is_err() {
                        end(signal, notice);
                    }
                }
            }
        }
    });
    if thread.is_err() {
        handle.close();
    }
}

/// Linux tells; elsewhere a background job can be interrupted.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}

fn end(signal: i32, notice: Notice) {
    let mut state = state();
    state.ending = true;
    let waits = state.held > 0;
    drop(state);
    notice(signal, waits);
    let mut state = self::state();
    while state.held > 0 {
        state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    for child in &state.running {
        let mut child = child.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
    let _temporary = temporary::end();
    let _ = emulate_default_handler(signal);
}

/// While one of these lives, a signal waits.
#[derive(Debug)]
pub struct Unbroken(());

/// Begins something that must not stop half-way; may be nested.
pub fn unbroken() -> Unbroken {
    let mut state = state();
    // Too late: the process is ending.
    while state.ending && state.held == 0 {
        state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    state.held += 1;
    Unbroken(())
}

impl Drop for Unbroken {
    fn drop(&mut self) {
        state().held -= 1;
        CHANGED.notify_all();
    }
}

/// A program that ends with this process.
#[derive(Debug)]
pub struct Running {
    child: Arc<Mutex<Child>>,
    /// What it is told, if that is piped.
    pub stdin: Option<ChildStdin>,
    /// What it prints, if that is piped.
    pub stdout: Option<ChildStdout>,
    /// What it complains about, if that is piped.
    pub stderr: Option<ChildStderr>,
}

impl Running {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let mut state = state();
        let mut child = command.spawn()?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let child = Arc::new(Mutex::new(child));
        state.running.push(child.clone());
        Ok(Self { child, stdin, stdout, stderr })
    }

    fn child(&self) -> MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it.
    pub fn kill(&self) {
        let _ = self.child().kill();
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn wait(&self) -> io::Result<ExitStatus> {
        self.child().wait()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        state().running.retain(|other| !Arc::ptr_eq(other, &self.child));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_known() {
        use signal_hook::consts::signal::{SIGPIPE, SIGUSR2};
        // Every Rust program ignores it.
        assert!(is_ignored(SIGPIPE));
        assert!(!is_ignored(SIGUSR2));
    }
}
