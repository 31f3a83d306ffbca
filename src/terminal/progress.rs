//! What is being done: how much of it is done, of how much, and what takes longest now. Threads say what they begin
//! and end, which costs next to nothing; one thread draws.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{line, screen, width};
use crate::progress::Observer;

/// Nobody wonders about what is shorter.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two drawings.
const PAUSE: Duration = Duration::from_millis(100);

static ON: AtomicBool = AtomicBool::new(false);
/// Everything is drawn, at once.
static EAGER: AtomicBool = AtomicBool::new(false);

pub(super) fn install(on: bool, eager: bool) {
    ON.store(on, Ordering::Relaxed);
    EAGER.store(eager, Ordering::Relaxed);
}

struct State {
    /// What is being done; the last is part of the ones before.
    doing: Vec<Doing>,
    /// The next number, of [`Doing`] or [`Running`].
    next: u64,
    /// There is a thread that draws.
    drawing: bool,
}

pub(super) struct Doing {
    number: u64,
    pub(super) what: &'static str,
    pub(super) since: Instant,
    pub(super) done: usize,
    /// 0: nobody knows.
    pub(super) total: usize,
    /// By number, so that the first is the one that began first.
    pub(super) running: BTreeMap<u64, Running>,
}

pub(super) struct Running {
    pub(super) name: String,
    pub(super) since: Instant,
    pub(super) bytes: u64,
    pub(super) of: Option<u64>,
}

impl Doing {
    #[cfg(test)]
    pub(super) fn new(
        what: &'static str,
        since: Instant,
        done: usize,
        total: usize,
        running: BTreeMap<u64, Running>,
    ) -> Self {
        Self { number: 0, what, since, done, total, running }
    }
}

static STATE: Mutex<State> = Mutex::new(State { doing: Vec::new(), next: 0, drawing: false });
static CHANGED: Condvar = Condvar::new();

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn of(&mut self, number: u64) -> Option<&mut Doing> {
        self.doing.iter_mut().find(|doing| doing.number == number)
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// Shows what is being done, on the line below the text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line;

fn change(doing: u64, part: u64, change: impl FnOnce(&mut Running)) {
    if let Some(running) = state().of(doing).and_then(|doing| doing.running.get_mut(&part)) {
        change(running);
    }
}

impl Observer for Line {
    fn begin(&self, what: &'static str, total: usize) -> Option<u64> {
        if !ON.load(Ordering::Relaxed) {
            return None;
        }
        let mut state = state();
        let number = state.number();
        let since = Instant::now();
        state.doing.push(Doing { number, what, since, done: 0, total, running: BTreeMap::new() });
        if !state.drawing {
            let thread = std::thread::Builder::new().name("progress".into()).spawn(keep_drawing);
            // Without the thread there is no progress to see, and nothing else is missing.
            state.drawing = thread.is_ok();
        }
        drop(state);
        draw_if_eager();
        Some(number)
    }

    fn expect(&self, doing: u64, more: usize) {
        if let Some(doing) = state().of(doing) {
            doing.total += more;
        }
    }

    fn end(&self, doing: u64) {
        let mut state = state();
        state.doing.retain(|one| one.number != doing);
        let idle = state.doing.is_empty();
        drop(state);
        CHANGED.notify_all();
        if idle {
            screen().clear();
        }
    }

    fn begin_part(&self, doing: u64, name: String) -> u64 {
        let mut state = state();
        let part = state.number();
        if let Some(doing) = state.of(doing) {
            doing.running.insert(part, Running { name, since: Instant::now(), bytes: 0, of: None });
        }
        drop(state);
        draw_if_eager();
        part
    }

    fn expect_bytes(&self, doing: u64, part: u64, total: Option<u64>) {
        change(doing, part, |running| (running.bytes, running.of) = (0, total));
    }

    fn add_bytes(&self, doing: u64, part: u64, more: u64) {
        change(doing, part, |running| running.bytes += more);
    }

    fn end_part(&self, doing: u64, part: u64) {
        if let Some(doing) = state().of(doing) {
            doing.running.remove(&part);
            doing.done += 1;
        }
    }
}

/// The line to show now, if there is something to show.
fn current(eager: bool) -> Option<String> {
    let state = state();
    let first = state.doing.first()?;
    let now = Instant::now();
    if !eager && now.duration_since(first.since) < PATIENCE {
        return None;
    }
    state.doing.last().map(|doing| line::of(doing, now, width()))
}

/// Draws. The line is asked for with the screen in hand, so that none is drawn after its end.
fn draw(eager: bool) {
    let mut screen = screen();
    if let Some(line) = current(eager) {
        screen.draw(&line);
    }
}

fn draw_if_eager() {
    if EAGER.load(Ordering::Relaxed) {
        draw(true);
    }
}

fn keep_drawing() {
    let mut state = state();
    while !state.doing.is_empty() {
        state = CHANGED.wait_timeout(state, PAUSE).map_or_else(|e| e.into_inner().0, |(state, _)| state);
        if !state.doing.is_empty() {
            drop(state);
            draw(EAGER.load(Ordering::Relaxed));
            state = self::state();
        }
    }
    state.drawing = false;
}
