//! Native stack for the machine: a new piece where the one at hand is nearly used up, and an end to recursion without one.

use super::error::{Error, Kind};
use super::ir::Pos;
use super::machine::{Ev, Result};

/// Stack left at which a new piece is taken, and how large a piece is.
const RED_ZONE: usize = 192 << 10;
const STACK_PIECE: usize = 16 << 20;
/// Frames this far above the one that looked belong to the same piece of stack.
const CALLERS: usize = 16 << 10;
/// Stack pieces nested at most this deep: 4 GiB, beyond which recursion has no end.
const MAX_PIECES: u32 = 256;

impl Ev {
    /// Runs `work` with enough native stack.
    #[inline]
    pub fn with_stack<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if here().wrapping_sub(self.stack.0) < self.stack.1 {
            return work(self);
        }
        self.with_other_stack(work)
    }

    /// As [`Self::with_stack`], for what is inside of a value that is walked through: nesting counts as calls
    /// do, so that values without end are Nix's own error.
    pub(super) fn deeper<T>(&mut self, pos: Pos, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.may_go_deeper(pos)?;
        self.nested += 1;
        let result = self.with_stack(work);
        self.nested -= 1;
        result
    }

    #[inline]
    pub(super) fn may_go_deeper(&self, pos: Pos) -> Result<()> {
        if self.depth + self.nested >= self.shared.settings.max_call_depth {
            return Err(Error::at(Kind::StackOverflow, "stack overflow; max-call-depth exceeded", pos));
        }
        Ok(())
    }

    /// The stack is nearly used up, or is one that was not seen yet.
    #[cold]
    #[inline(never)]
    fn with_other_stack<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.look_at_stack() { work(self) } else { self.with_new_stack(work) }
    }

    /// Notes how much of the stack is usable; false if it is nearly used up.
    fn look_at_stack(&mut self) -> bool {
        match stacker::remaining_stack() {
            Some(left) if left < RED_ZONE => false,
            left => {
                let usable = left.unwrap_or(RED_ZONE) - RED_ZONE;
                self.stack = (here() - usable, usable + CALLERS);
                true
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn with_new_stack<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.pieces >= MAX_PIECES {
            return Err(Error::new(Kind::StackOverflow, "stack overflow (possible infinite recursion)"));
        }
        self.room_for((self.pieces as usize + 1) * STACK_PIECE)?;
        let before = self.stack;
        self.pieces += 1;
        let result = stacker::grow(STACK_PIECE, || {
            self.look_at_stack();
            work(self)
        });
        self.pieces -= 1;
        self.stack = before;
        result
    }
}

/// An address in the stack frame of the caller.
#[inline(always)]
fn here() -> usize {
    let mark = 0u8;
    (&raw const mark).addr()
}
