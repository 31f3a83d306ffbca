//! When values that nobody needs any more are freed: between the parts of a large result, while
//! no thread of the session evaluates anything.

use super::coerce::ContextSet;
use super::heap::{Changed, Ref};
use super::machine::Ev;
use super::meeting::Held;
use super::value::{Str, Value};

/// Whether a thread takes part, and how often memory had been freed when its heap was last told.
#[derive(Default)]
pub(super) struct Part {
    taken: bool,
    times: u64,
}

/// A thread that takes part. It leaves in a panic as well: others may be waiting for it.
struct Present<'h, H>(&'h mut H, fn(&mut H) -> &mut Ev);

impl<H> Drop for Present<'_, H> {
    fn drop(&mut self) {
        let ev = (self.1)(self.0);
        ev.leave();
        let me = ev.me.number();
        ev.shared.meeting.holds_nothing(me);
        // Where it would go on allocating is free to others now.
        ev.heap.restart();
    }
}

impl Ev {
    /// Lets memory be freed while `work` runs, whenever a [part is done](Self::part_done), and all other
    /// threads of the session have a part done as well or are idle.
    ///
    /// # Safety
    /// While `work` runs, neither it nor its callers use any value, or anything that a value leads to,
    /// but what `held` leads to, what the session itself keeps (globals, files, flakes), and what was made
    /// since the last part was done. All other threads of the session take part in the same way.
    pub unsafe fn collecting<T>(&mut self, held: Vec<Ref>, work: impl FnOnce(&mut Self) -> T) -> T {
        // SAFETY: the caller's.
        unsafe { Self::collecting_of(self, |ev| ev, held, work) }
    }

    /// As [`Self::collecting`], for what has an evaluator inside.
    ///
    /// # Safety
    /// As there.
    pub unsafe fn collecting_of<H, T>(
        holder: &mut H,
        ev: fn(&mut H) -> &mut Self,
        held: Vec<Ref>,
        work: impl FnOnce(&mut H) -> T,
    ) -> T {
        let own = ev(holder);
        let me = own.me.number();
        own.shared.meeting.holds(me, held);
        own.enter();
        work(Present(holder, ev).0)
    }

    /// Lets memory be freed from now on, whenever a [part is done](Self::part_done).
    ///
    /// # Safety
    /// The session has no other thread. When a part is done, nobody uses a value, or anything that a value leads to,
    /// but what handles lead to and the session itself keeps.
    pub(super) unsafe fn collecting_alone(&mut self) {
        self.enter();
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

    /// Waits for something; others may free memory meanwhile.
    pub fn idle<T>(&mut self, wait: impl FnOnce() -> T) -> T {
        if !self.part.taken {
            return wait();
        }
        self.leave();
        let result = wait();
        self.enter();
        result
    }

    fn enter(&mut self) {
        self.part.taken = true;
        let shared = self.shared.clone();
        shared.meeting.enter(|present, times| {
            self.heap.space().used_by(present);
            self.catch_up(times);
        });
    }

    fn leave(&mut self) {
        self.part.taken = false;
        self.shared.meeting.leave(
            || self.heap.take_changes(),
            |present| self.heap.space().used_by(present),
            |present, held, changed| self.collect(present, held, changed),
        );
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
        // enter; none forces or calls anything, so as `collecting` was vouched for, everything that somebody
        // will use is held or kept by the session. Heaps are restarted by their threads as they catch up.
        unsafe {
            self.heap.space().collect(present, changed, |roots| {
                held.iter().for_each(|(_, thunk)| roots.thunk(thunk));
                self.shared.add_roots(roots);
            });
        }
    }
}
