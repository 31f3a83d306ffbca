//! Where the threads of a session meet to have memory freed: each says when it is present, that is when it may be
//! evaluating or hold values, and that it has arrived where it does neither. The last to arrive, or the one whose
//! leaving leaves only those who have, frees; the others wait for it.
//!
//! Must not know how memory is freed.

use crate::heap::{Changed, Ref};
use crate::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What is used besides what the session itself keeps, and the number of the thread that uses it.
pub type Held = Vec<(usize, Ref)>;

/// See above.
#[derive(Default)]
pub struct Meeting {
    state: Mutex<State>,
    over: Condvar,
}

#[derive(Default)]
struct State {
    /// Threads that may be evaluating or hold values.
    present: usize,
    /// How many of them wait for the others.
    arrived: usize,
    /// How often memory was freed.
    times: u64,
    held: Held,
    /// What the threads' heaps were told of.
    changed: Vec<Changed>,
}

impl Meeting {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread uses these from now on.
    pub fn holds(&self, thread: usize, held: impl IntoIterator<Item = Ref>) {
        self.state().held.extend(held.into_iter().map(|thunk| (thread, thunk)));
    }

    /// A thread is present from now on. `entered` is told, before memory can be freed again, how many are and how often
    /// it was.
    pub fn enter(&self, entered: impl FnOnce(usize, u64)) {
        let mut state = self.state();
        state.present += 1;
        entered(state.present, state.times);
    }

    /// A thread is present and uses anything no more, which may be what the others waited for: then `free` is called, with how many they
    /// are, what they hold and what has changed.
    pub fn leave(
        &self,
        thread: usize,
        changed: impl FnOnce() -> Vec<Changed>,
        left: impl FnOnce(usize),
        free: impl FnOnce(usize, &Held, Vec<Changed>),
    ) {
        let mut state = self.state();
        state.held.retain(|(other, _)| *other != thread);
        state.changed.extend(changed());
        state.present -= 1;
        left(state.present);
        if state.arrived > 0 && state.arrived == state.present {
            self.freed(&mut state, free);
        }
    }

    /// A thread that is present uses nothing but what it holds. If memory `is_full`, waits until all are so far, and the
    /// last one calls `free`. Gives how often memory was freed.
    pub fn meet(
        &self,
        is_full: impl FnOnce() -> bool,
        changed: impl FnOnce() -> Vec<Changed>,
        free: impl FnOnce(usize, &Held, Vec<Changed>),
    ) -> u64 {
        let mut state = self.state();
        if is_full() {
            state.changed.extend(changed());
            state.arrived += 1;
            if state.arrived == state.present {
                self.freed(&mut state, free);
            } else {
                let times = state.times;
                while state.times == times {
                    state = self.over.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        state.times
    }

    fn freed(&self, state: &mut State, free: impl FnOnce(usize, &Held, Vec<Changed>)) {
        let changed = std::mem::take(&mut state.changed);
        free(state.present, &state.held, changed);
        state.arrived = 0;
        state.times += 1;
        self.over.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sync::thread;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    const FULL: usize = 3;

    /// Memory that a number stands for, and threads that use it or do not.
    #[derive(Default)]
    struct World {
        meeting: Meeting,
        taken: AtomicUsize,
        freed: AtomicUsize,
        uses: [AtomicBool; 3],
    }

    impl World {
        fn free(&self, present: usize) {
            assert!(present <= self.uses.len());
            for other in &self.uses {
                thread::yield_now();
                assert!(!other.load(Ordering::SeqCst), "a thread uses what is freed");
            }
            self.taken.store(0, Ordering::SeqCst);
            self.freed.fetch_add(1, Ordering::SeqCst);
        }

        fn enter(&self, me: usize, known: &mut u64) {
            self.meeting.enter(|_, times| *known = times);
            self.uses[me].store(true, Ordering::SeqCst);
        }

        fn leave(&self, me: usize) {
            self.uses[me].store(false, Ordering::SeqCst);
            self.meeting.leave(me, Vec::new, |_| (), |present, _, _| self.free(present));
        }

        /// Takes memory, has parts done, and idles between two of them.
        fn work(&self, me: usize, parts: usize) {
            let mut known = 0;
            self.enter(me, &mut known);
            for part in 0..parts {
                self.taken.fetch_add(1, Ordering::SeqCst);
                thread::yield_now();
                if (part + me) % 3 == 2 {
                    self.leave(me);
                    thread::yield_now();
                    self.enter(me, &mut known);
                }
                self.uses[me].store(false, Ordering::SeqCst);
                let is_full = || self.taken.load(Ordering::SeqCst) >= FULL;
                let times = self.meeting.meet(is_full, Vec::new, |present, _, _| self.free(present));
                self.uses[me].store(true, Ordering::SeqCst);
                assert!(times >= known && times <= known + 1, "one was missed: {times} after {known}");
                known = times;
            }
            self.leave(me);
        }
    }

    /// Nobody uses anything while memory is freed, everybody is told of each time, and nobody waits for ever.
    fn all_meet() {
        let world = World::default();
        thread::scope(|scope| {
            for me in 0..world.uses.len() {
                let world = &world;
                scope.spawn(move || world.work(me, 4));
            }
        });
        assert!(world.freed.load(Ordering::SeqCst) > 0 || world.taken.load(Ordering::SeqCst) < 12);
    }

    #[cfg(not(shuttle))]
    #[test]
    fn nobody_is_at_work_while_memory_is_freed() {
        for _ in 0..200 {
            all_meet();
        }
    }

    #[cfg(shuttle)]
    #[test]
    fn in_many_orders() {
        crate::sync::in_many_orders(all_meet);
    }
}
