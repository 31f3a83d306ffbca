//! The threads of a session, and which waits for what: a value that one thread evaluates others wait
//! for, unless waiting would have no end.
//!
//! A thread that waits follows the thunk to the thread that evaluates it, from there to the thunk
//! that one waits for, and so on. Where that leads back to itself, each of these thunks needs the
//! next: infinite recursion, spread over several threads.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use super::heap::{Ref, State};

/// Looks at a thunk before the thread lets others run, and how long it does that before it sleeps.
const LOOKS: u32 = 200;
const AWAKE: Duration = Duration::from_micros(300);
const SLEEP: Duration = Duration::from_micros(50);

/// All threads of a session.
#[derive(Default)]
pub struct Threads(RwLock<Vec<Arc<Thread>>>);

#[derive(Default)]
struct Thread {
    waits_for: Mutex<Option<Ref>>,
    gone: AtomicBool,
}

/// One thread of a session, as it knows itself.
pub struct Me {
    number: usize,
    own: Arc<Thread>,
    all: Arc<Threads>,
}

/// How waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Nobody evaluates it any more.
    Done,
    /// The thunk needs what this thread evaluates.
    Cycle,
    /// The thread that evaluated it is gone.
    Gone,
}

fn evaluated_by(thunk: Ref) -> Option<usize> {
    if let State::Busy(thread) = thunk.state() { Some(thread) } else { None }
}

impl Threads {
    /// One thread more.
    pub fn join(self: &Arc<Self>) -> Me {
        let own: Arc<Thread> = Arc::default();
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.push(own.clone());
        Me { number: all.len(), own, all: self.clone() }
    }

    fn thread(&self, number: usize) -> Option<Arc<Thread>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(number.checked_sub(1)?).cloned()
    }

    fn waits_for(&self, number: usize) -> Option<Ref> {
        *self.thread(number)?.waits_for.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a thread of that number that still runs.
    fn runs(&self, number: usize) -> bool {
        self.thread(number).is_some_and(|thread| !thread.gone.load(Ordering::Acquire))
    }

    /// Whether the thread `me`, which waits for `thunk`, waits for itself.
    fn cycle(&self, me: usize, thunk: Ref) -> bool {
        let mut links: Vec<(Ref, usize)> = Vec::new();
        let mut next = thunk;
        loop {
            match evaluated_by(next) {
                None => return false,
                Some(thread) if thread == me => break,
                // A cycle of others.
                Some(thread) if links.iter().any(|(_, known)| *known == thread) => return false,
                Some(thread) => {
                    let Some(needs) = self.waits_for(thread) else { return false };
                    links.push((next, thread));
                    next = needs;
                }
            }
        }
        // The others did not stand still while this looked. Read from the end, where this thread, which
        // does stand still, holds the thunk, each link is one that cannot go away any more.
        links.iter().rev().all(|(held, thread)| {
            let stuck = self.waits_for(*thread).is_some_and(|needs| std::ptr::eq(needs, next));
            next = held;
            stuck && evaluated_by(held) == Some(*thread)
        })
    }
}

impl Me {
    /// The number of this thread in its session, from one.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Waits until nobody evaluates `thunk`, which another thread does.
    #[cold]
    pub fn wait(&self, thunk: Ref) -> Waited {
        for _ in 0..LOOKS {
            if evaluated_by(thunk).is_none() {
                return Waited::Done;
            }
            std::hint::spin_loop();
        }
        self.say(Some(thunk));
        let start = Instant::now();
        let waited = loop {
            let Some(thread) = evaluated_by(thunk) else { break Waited::Done };
            // Looked at again, as it may have finished before it went.
            if !self.all.runs(thread) && evaluated_by(thunk) == Some(thread) {
                break Waited::Gone;
            }
            if self.all.cycle(self.number, thunk) {
                break Waited::Cycle;
            }
            if start.elapsed() < AWAKE {
                std::thread::yield_now();
            } else {
                std::thread::sleep(SLEEP);
            }
        };
        self.say(None);
        waited
    }

    fn say(&self, thunk: Option<Ref>) {
        *self.own.waits_for.lock().unwrap_or_else(PoisonError::into_inner) = thunk;
    }
}

impl Drop for Me {
    /// What it left busy, which happens only in a panic, stays so.
    fn drop(&mut self) {
        self.own.gone.store(true, Ordering::Release);
    }
}
