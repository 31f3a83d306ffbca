//! What is being done: how much of it is done, of how much, and what takes longest now. Threads say what they begin
//! and end, which costs next to nothing; one thread draws.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{line, screen, width};

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

/// Something that is being done, until this is dropped.
#[derive(Debug)]
pub struct Progress(Option<u64>);

/// A part of it that is being done, until this is dropped.
#[derive(Debug)]
pub struct Task(Option<(u64, u64)>);

/// Begins something; `what` is a participle, `total` how many parts it has (0: see [`Progress::expect`]).
pub fn progress(what: &'static str, total: usize) -> Progress {
    if !ON.load(Ordering::Relaxed) {
        return Progress(None);
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
    Progress(Some(number))
}

impl Progress {
    /// There are so many more parts.
    pub fn expect(&self, more: usize) {
        if let Some(doing) = self.0
            && let Some(doing) = state().of(doing)
        {
            doing.total += more;
        }
    }

    /// Begins a part; its name is asked for only if somebody sees it.
    pub fn begin<N: Into<String>>(&self, name: impl FnOnce() -> N) -> Task {
        let Some(number) = self.0 else { return Task(None) };
        let name = name().into();
        let mut state = state();
        let task = state.number();
        if let Some(doing) = state.of(number) {
            let running = Running { name, since: Instant::now(), bytes: 0, of: None };
            doing.running.insert(task, running);
        }
        drop(state);
        draw_if_eager();
        Task(Some((number, task)))
    }
}

impl Task {
    fn change(&self, change: impl FnOnce(&mut Running)) {
        if let Some((doing, task)) = self.0
            && let Some(running) = state().of(doing).and_then(|doing| doing.running.get_mut(&task))
        {
            change(running);
        }
    }

    /// So many bytes will come, if anybody knows; none did so far.
    pub fn expect_bytes(&self, total: Option<u64>) {
        self.change(|running| (running.bytes, running.of) = (0, total));
    }

    /// So many more bytes came.
    pub fn add_bytes(&self, more: u64) {
        self.change(|running| running.bytes += more);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some((number, task)) = self.0
            && let Some(doing) = state().of(number)
        {
            doing.running.remove(&task);
            doing.done += 1;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        let Some(number) = self.0 else { return };
        let mut state = state();
        state.doing.retain(|doing| doing.number != number);
        let idle = state.doing.is_empty();
        drop(state);
        CHANGED.notify_all();
        if idle {
            screen().clear();
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
