//! Forcing: a thunk is evaluated by the thread that claims it, and waited for by the others.

use super::error::{Error, Kind};
use super::heap::{Claim, Found, Lazy, Ref};
use super::machine::{Ev, Result};
use super::threads::Waited;
use super::value::Value;

impl Ev {
    #[inline(never)]
    pub(super) fn force_slow(&mut self, thunk: Ref) -> Result<Value> {
        let (lazy, claim) = loop {
            match thunk.claim(self.me.number()) {
                Found::Value(value) => return Ok(value),
                Found::Lazy(lazy, claim) => break (lazy, claim),
                Found::Busy(thread) => self.wait(thunk, thread)?,
                Found::Failed(error) => return Err(Box::new(error.clone())),
            }
        };
        if self.heap.exceeded() {
            claim.put_back();
            return self.out_of_memory();
        }
        if claim.is_old() {
            let env = if let Lazy::Code(_, env) = lazy { env } else { None };
            self.heap.changes(thunk, env);
        }
        self.forcing += 1;
        let result = self.with_stack(|ev| match lazy {
            Lazy::Code(expr, env) => ev.eval(expr, env),
            Lazy::Apply(function, arg) => {
                let function = ev.force(function)?;
                ev.call(function, &[arg], 0)
            }
            Lazy::Apply2(parts) => {
                let function = ev.force(parts[0])?;
                ev.call(function, &parts[1..], 0)
            }
            Lazy::File(file) => ev.eval_file(file),
        });
        self.forcing -= 1;
        match result {
            Ok(value) => {
                claim.finish(value);
                Ok(value)
            }
            Err(error) => Err(self.failed(thunk, claim, error)),
        }
    }

    /// Evaluating a thunk ends with an error.
    #[cold]
    #[inline(never)]
    fn failed(&mut self, thunk: Ref, claim: Claim, mut error: Box<Error>) -> Box<Error> {
        error.leave(std::ptr::from_ref(thunk).addr());
        match error.kind {
            // Another time, or another thread, may have more room.
            Kind::StackOverflow
            | Kind::MemoryLimit
            | Kind::StepLimit
            | Kind::TimeLimit
            | Kind::Unavailable => claim.put_back(),
            _ => {
                self.heap.charge(error.size_kept());
                claim.fail(self.lasting.keep_error(error.clone()));
            }
        }
        error
    }

    /// Waits for a thunk that a thread evaluates; if that is this one, or waits for it, the thunk needs itself.
    #[cold]
    #[inline(never)]
    fn wait(&mut self, thunk: Ref, thread: usize) -> Result<()> {
        let waited = if thread == self.me.number() { Waited::Cycle } else { self.me.wait(thunk) };
        match waited {
            Waited::Done => Ok(()),
            Waited::Cycle => Err(Error::recursion(std::ptr::from_ref(thunk).addr())),
            Waited::Gone => {
                let message = "internal error: the thread that evaluated this value ended before it had it";
                Err(Error::new(Kind::Other, message))
            }
        }
    }
}
