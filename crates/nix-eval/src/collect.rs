//! When values that nobody needs any more are freed: between the parts of a large result, while
//! no thread of the session evaluates anything.

use super::coerce::ContextSet;
use super::heap::Changed;
use super::machine::Ev;
use super::meeting::Held;
use super::value::{Str, Value};

/// Whether a thread takes part, and how often memory had been freed when its heap was last told.
#[derive(Default)]
pub(super) struct Part {
    taken: bool,
    times: u64,
}

impl Ev {
    /// This thread may be evaluating from now on, until it [leaves](Self::leave). Memory may be freed whenever it has a
    /// [part done](Self::part_done), and all other threads that are there have a part done as well.
    ///
    /// # Safety
    /// When a part is done, and when the thread leaves, nobody goes on using a value that it gave, or anything that a
    /// value leads to, but what handles lead to and what the session itself keeps (globals, files, flakes).
    pub(super) unsafe fn enter(&mut self) {
        self.part.taken = true;
        let shared = self.shared.clone();
        shared.meeting.enter(|present, times| {
            self.heap.space().used_by(present);
            self.catch_up(times);
        });
    }

    /// See [`Self::enter`]; this may be what the others waited for.
    pub(super) fn leave(&mut self) {
        self.part.taken = false;
        self.shared.meeting.leave(
            self.me.number(),
            || self.heap.take_changes(),
            |present| self.heap.space().used_by(present),
            |present, held, changed| self.collect(present, held, changed),
        );
    }

    /// As [`Self::part_done`], whatever its time is worth: all is freed that can be.
    pub fn free_now(&mut self) {
        if self.part.taken && self.depth == 0 && self.forcing == 0 {
            self.heap.space().fill_up();
            self.meet();
        }
    }

    /// A part of a result is done: frees memory if that is worth its time.
    #[inline]
    pub fn part_done(&mut self) {
        if self.may_meet() {
            self.meet();
        }
    }

    /// What is a part of the result to the outermost printer is in the middle of something to one inside.
    #[inline]
    fn may_meet(&self) -> bool {
        self.part.taken && self.depth == 0 && self.forcing == 0 && self.heap.space().is_full()
    }

    /// As [`Self::part_done`], for one who also uses references that were collected.
    #[inline]
    pub(super) fn part_done_keeping(&mut self, set: &mut ContextSet) {
        if self.may_meet() {
            if let Some(context) = std::mem::take(set).finish(self.heap) {
                set.add(Some(context));
                let holder =
                    self.at(Value::String(self.heap.alloc(Str { bytes: b"", context: Some(context) })));
                self.shared.meeting.holds(self.me.number(), [holder]);
            }
            self.meet();
        }
    }

    #[cold]
    fn meet(&mut self) {
        let times = self.shared.meeting.meet(
            // Another thread may have had it done while this one waited for the lock.
            || self.heap.space().is_full(),
            || self.heap.take_changes(),
            |present, held, changed| self.collect(present, held, changed),
        );
        self.catch_up(times);
    }

    fn catch_up(&mut self, times: u64) {
        if self.part.times != times {
            self.part.times = times;
            self.heap.restart();
        }
    }

    fn collect(&self, present: usize, held: &Held, changed: Vec<Changed>) {
        // SAFETY: all threads that are present wait for this, the others take the lock before they
        // enter; none forces or calls anything, so as `enter` was vouched for, everything that somebody
        // will use is held or kept by the session. Heaps are restarted by their threads as they catch up.
        unsafe {
            self.heap.space().collect(present, changed, |roots| {
                held.iter().for_each(|(_, thunk)| roots.thunk(thunk));
                self.shared.add_roots(roots);
            });
        }
    }
}
