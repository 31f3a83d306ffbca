//! When values that nobody needs any more are freed: between the parts of a large result, while
//! nothing is being evaluated.

use super::machine::{Ev, Result};
use super::value::Value;

impl Ev {
    /// Lets memory be freed between the parts of a result while `work` runs, which is given the
    /// values it may go on using.
    ///
    /// # Safety
    /// While `work` runs, neither it nor its callers use any value, or anything that a value leads to,
    /// but `held`, what these lead to, and what `work` makes itself and lets go of before it goes on to
    /// the next part.
    pub unsafe fn collecting<T>(
        &mut self,
        held: Vec<Value>,
        work: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let before = self.held.replace(held);
        let result = work(self);
        self.held = before;
        result
    }

    /// A part of a result is done: frees memory if that is allowed and worth it.
    #[inline]
    pub fn part_done(&mut self) {
        if self.depth == 0 && self.held.is_some() && self.heap.space().is_full() {
            self.collect();
        }
    }

    #[cold]
    fn collect(&mut self) {
        let held = self.held.iter().flatten().copied();
        let values = held.chain(self.flakes.values().copied());
        let thunks = self.globals.iter().chain(self.imports.values()).copied();
        // SAFETY: with no call under way and `collecting` in force, everything that somebody will use
        // is held, or one of what the evaluator keeps: these fields are all it has.
        unsafe {
            self.heap.space().collect(&[self.heap], |roots| {
                values.for_each(|value| roots.value(value));
                thunks.for_each(|thunk| roots.thunk(thunk));
            });
        }
    }
}
