//! Thunks: a value, or how to get it. Any thread may read one, one at a time evaluates it.
//!
//! The first word says what a thunk is. It goes from lazy to busy by compare-and-exchange, which
//! gives the thread that did it a [`Claim`]; from busy to a value or an error, which are final; or
//! back to lazy as it was. The second word is written before the first one says so, and by the
//! holder of the claim alone.

use std::cell::UnsafeCell;
use std::mem::{MaybeUninit, align_of, size_of, transmute};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::Env;
use crate::error::Error;
use crate::ir::{Expr, File};
use crate::sync::step;
use crate::value::Value;

/// Where a value is or will be.
pub type Ref = &'static Thunk;

/// A value, or how to get it. Sixteen bytes: values have an odd first word, all others keep a
/// pointer there, whose lowest three bits say what it is.
#[repr(C)]
pub struct Thunk {
    first: AtomicPtr<u8>,
    second: UnsafeCell<MaybeUninit<*const u8>>,
}

// SAFETY: what it leads to may be used by several threads (`CROSS` below). Before a thunk is shared
// its maker has written both words. After that `second` is written by the holder of a `Claim` only,
// of which there is one at a time: `first` went from lazy to busy for it, and stays busy until it is
// used up. `second` is read by that holder, and by whoever acquired from `first` that the thunk is
// finished; that was released after the last write to `second`.
unsafe impl Sync for Thunk {}
// SAFETY: as above; it owns nothing.
unsafe impl Send for Thunk {}

const CROSS: fn() = || {
    fn may_cross<T: Send + Sync + 'static>() {}
    may_cross::<Value>();
    may_cross::<Error>();
    may_cross::<Env>();
    may_cross::<Expr>();
    may_cross::<File>();
};
const _: fn() = CROSS;

const _: () = assert!(size_of::<Value>() == 16 && size_of::<Thunk>() == 16 && align_of::<Expr>() >= 8);
const _: () = assert!(align_of::<Thunk>() >= 8 && align_of::<Value>() == align_of::<Thunk>());
const _: () = assert!(cfg!(target_pointer_width = "64"));

const TAG: usize = 7;
/// An expression and its environment.
const CODE: usize = 0;
/// A function and its argument.
const APPLY: usize = 2;
/// The second word says more; the rest of the first what it is.
const OTHER: usize = 4;
const APPLY2: usize = OTHER;
const FILE: usize = OTHER | 8;
/// The second word is the thunk to look at instead.
const ELSEWHERE: usize = OTHER | 16;
/// The rest of the first word is the thread that evaluates it; zero is none: evaluation failed.
const BUSY: usize = 6;
pub(super) const FAILED: usize = BUSY;

/// In the second word of a lazy thunk, beside the pointer: it has survived a collection.
const OLD: usize = 1;

/// What to do for the value of a thunk.
#[derive(Clone, Copy)]
pub enum Lazy {
    /// Evaluate an expression.
    Code(&'static Expr, Option<&'static Env>),
    /// Call a function.
    Apply(Ref, Ref),
    /// Call a function with two arguments.
    Apply2(&'static [Ref; 3]),
    /// Evaluate a file.
    File(&'static File),
}

/// What is found where a value is needed.
pub enum Found {
    /// The value.
    Value(Value),
    /// Something to evaluate, which is the finder's to do now.
    Lazy(Lazy, Claim),
    /// Somebody evaluates it: the number of the thread.
    Busy(usize),
    /// Evaluation failed, and would fail again.
    Failed(&'static Error),
}

/// A look at a thunk.
pub enum State {
    /// It has a value.
    Value(Value),
    /// Somebody evaluates it: the number of the thread.
    Busy(usize),
    /// It was not evaluated, or failed.
    Other,
}

/// The right and the duty to say what becomes of a busy thunk.
#[must_use]
pub struct Claim {
    thunk: Ref,
    was: *mut u8,
}

impl Thunk {
    /// A finished value.
    #[inline]
    pub const fn new(value: Value) -> Self {
        let (first, second) = words(value);
        Self { first: AtomicPtr::new(first), second: UnsafeCell::new(second) }
    }

    /// An error.
    pub fn failed(error: &'static Error) -> Self {
        Self::of(ptr::without_provenance(FAILED), ptr::from_ref(error).cast())
    }

    /// A value to be computed.
    #[inline]
    pub fn lazy(lazy: Lazy) -> Self {
        let tagged = |pointer: *const u8, tag: usize| pointer.map_addr(|address| address | tag);
        match lazy {
            Lazy::Code(expr, env) => {
                let env = env.map_or(ptr::null(), |env| ptr::from_ref(env).cast());
                Self::of(tagged(ptr::from_ref(expr).cast(), CODE), env)
            }
            Lazy::Apply(f, arg) => {
                Self::of(tagged(ptr::from_ref(f).cast(), APPLY), ptr::from_ref(arg).cast())
            }
            Lazy::Apply2(parts) => Self::of(ptr::without_provenance(APPLY2), ptr::from_ref(parts).cast()),
            Lazy::File(file) => Self::of(ptr::without_provenance(FILE), ptr::from_ref(file).cast()),
        }
    }

    #[inline]
    fn of(first: *const u8, second: *const u8) -> Self {
        Self { first: AtomicPtr::new(first.cast_mut()), second: UnsafeCell::new(MaybeUninit::new(second)) }
    }

    /// What stands for `thunk` where there is room for a thunk only. Nobody evaluates it: see
    /// [`Thunk::elsewhere`].
    pub fn instead_of(thunk: Ref) -> Self {
        Self::of(ptr::without_provenance(ELSEWHERE), ptr::from_ref(thunk).cast())
    }

    /// The thunk that this one stands for.
    #[inline]
    pub fn elsewhere(&self) -> Option<Ref> {
        if self.first.load(Ordering::Acquire).addr() != ELSEWHERE {
            return None;
        }
        // SAFETY: written by `instead_of`, and never again.
        Some(unsafe { &*(*self.second.get()).assume_init().cast() })
    }

    /// A thunk whose value its maker, the thread of this number, brings later.
    pub fn promised(thread: usize) -> Self {
        Self::of(busy(thread), ptr::null())
    }

    /// Keeps the promise of [`Thunk::promised`].
    pub fn keep(&'static self, thread: usize, value: Value) {
        if matches!(self.state(), State::Busy(found) if found == thread) {
            Claim { thunk: self, was: ptr::null_mut() }.finish(value);
        }
    }

    /// The value, if it is there.
    #[inline]
    pub fn value(&self) -> Option<Value> {
        // SAFETY: an odd word is a value's discriminant, and was acquired.
        if self.first.load(Ordering::Acquire).addr() & 1 == 1 { Some(unsafe { self.read() }) } else { None }
    }

    /// # Safety
    /// `first` was acquired and is a value's.
    #[inline]
    unsafe fn read(&self) -> Value {
        // SAFETY: both words are those of a value, and nobody writes to them any more.
        unsafe { *ptr::from_ref(self).cast() }
    }

    /// What it is just now.
    pub fn state(&self) -> State {
        step();
        let first = self.first.load(Ordering::Acquire).addr();
        match first & TAG {
            // SAFETY: acquired just now, and odd.
            _ if first & 1 == 1 => State::Value(unsafe { self.read() }),
            BUSY if first != FAILED => State::Busy(first >> 3),
            _ => State::Other,
        }
    }

    /// The value or error, or else the claim to it for the thread of this number, which is not zero.
    #[inline]
    pub fn claim(&'static self, thread: usize) -> Found {
        step();
        let mut first = self.first.load(Ordering::Acquire);
        loop {
            step();
            let address = first.addr();
            if address & 1 == 1 {
                // SAFETY: acquired above or by the exchange that did not happen, and odd.
                return Found::Value(unsafe { self.read() });
            }
            if address == FAILED {
                // SAFETY: the thunk is finished, which was acquired, and `second` is its error.
                return Found::Failed(unsafe { &*(*self.second.get()).assume_init().cast() });
            }
            if address & TAG == BUSY {
                return Found::Busy(address >> 3);
            }
            let busy = busy(thread).cast_mut();
            match self.first.compare_exchange(first, busy, Ordering::Acquire, Ordering::Acquire) {
                Ok(_) => break,
                Err(now) => first = now,
            }
        }
        // SAFETY: claimed, so `second` is ours; it was lazy.
        let lazy = unsafe { self.what(first) };
        Found::Lazy(lazy, Claim { thunk: self, was: first })
    }

    /// What to do for the value of a thunk whose first word is, or was, this.
    ///
    /// # Safety
    /// It is the first word of a lazy thunk, and nobody writes the second.
    #[inline]
    unsafe fn what(&self, first: *mut u8) -> Lazy {
        // SAFETY: both words are pointers as `lazy` wrote them: 8-aligned references to 'static objects,
        // the first with its tag, the second with its age, or null for no environment.
        unsafe {
            let second = (*self.second.get()).assume_init().map_addr(|address| address & !OLD);
            let pointer = first.map_addr(|address| address & !TAG);
            match first.addr() & TAG {
                CODE => Lazy::Code(&*pointer.cast(), second.cast::<Env>().as_ref()),
                APPLY => Lazy::Apply(&*pointer.cast(), &*second.cast()),
                _ if first.addr() == APPLY2 => Lazy::Apply2(&*second.cast()),
                _ => Lazy::File(&*second.cast()),
            }
        }
    }

    /// For a collection: the value, or what is to be done for it, or nothing after an error. What is to be
    /// done is noted to have survived it.
    ///
    /// # Safety
    /// No other thread uses the thunk meanwhile.
    pub(super) unsafe fn survive(&self) -> Result<Value, Option<Lazy>> {
        let first = self.first.load(Ordering::Acquire);
        match first.addr() & TAG {
            // SAFETY: odd, and acquired.
            tag if tag & 1 == 1 => Ok(unsafe { self.read() }),
            BUSY => Err(None),
            // SAFETY: lazy, and nobody else is there.
            _ => unsafe {
                let second = &mut *self.second.get();
                second.write(second.assume_init().map_addr(|address| address | OLD));
                Err(Some(self.what(first)))
            },
        }
    }
}

impl Claim {
    /// It has this value.
    #[inline]
    pub fn finish(self, value: Value) {
        let (first, second) = words(value);
        // SAFETY: the claim; see `Sync`.
        unsafe { *self.thunk.second.get() = second }
        step();
        self.thunk.first.store(first, Ordering::Release);
    }

    /// Whether the thunk survived a collection while it was lazy.
    #[inline]
    pub fn is_old(&self) -> bool {
        // SAFETY: the claim, which was to a lazy thunk, and `second` is as it was then.
        unsafe { (*self.thunk.second.get()).assume_init().addr() & OLD != 0 }
    }

    /// It fails, now and always.
    pub fn fail(self, error: &'static Error) {
        // SAFETY: the claim; see `Sync`.
        unsafe { *self.thunk.second.get() = MaybeUninit::new(ptr::from_ref(error).cast()) }
        step();
        self.thunk.first.store(ptr::without_provenance_mut(FAILED), Ordering::Release);
    }

    /// It is lazy as before: another time it may be different.
    pub fn put_back(self) {
        step();
        self.thunk.first.store(self.was, Ordering::Release);
    }
}

fn busy(thread: usize) -> *const u8 {
    debug_assert!(thread != 0);
    ptr::without_provenance(BUSY | thread << 3)
}

/// The two words of a value. The second may be nothing, wholly or in part.
#[inline]
const fn words(value: Value) -> (*mut u8, MaybeUninit<*const u8>) {
    // SAFETY: of the same size; the first word is the discriminant, which is a whole word and always
    // there, as `Value` is `repr(u64)`.
    unsafe {
        let [first, second]: [MaybeUninit<*const u8>; 2] = transmute(value);
        (first.assume_init().cast_mut(), second)
    }
}

/// A finished value that is part of code.
pub struct Shareable(Thunk);

impl Shareable {
    /// `None` if `value` could lead to something that is to be evaluated.
    pub const fn new(value: Value) -> Option<Self> {
        match value {
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Path(_) => {
                Some(Self(Thunk::new(value)))
            }
            Value::String(string) if string.context.is_none() => Some(Self(Thunk::new(value))),
            Value::List(list) if list.items.is_empty() => Some(Self(Thunk::new(value))),
            Value::Attrs(attrs) if attrs.is_empty() => Some(Self(Thunk::new(value))),
            _ => None,
        }
    }

    /// The value.
    #[inline]
    pub fn get(&'static self) -> Ref {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::heap::Heap;

    fn claimed(thunk: Ref) -> (Lazy, Claim) {
        match thunk.claim(1) {
            Found::Lazy(lazy, claim) => (lazy, claim),
            _ => panic!("not lazy"),
        }
    }

    #[test]
    fn a_thunk_keeps_what_it_is_given() {
        let heap = Heap::new(usize::MAX);
        let (f, x): (Ref, Ref) =
            (heap.alloc(Thunk::new(Value::Int(-1))), heap.alloc(Thunk::new(Value::Null)));
        assert!(matches!(f.value(), Some(Value::Int(-1))) && matches!(x.value(), Some(Value::Null)));
        let thunk: Ref = heap.alloc(Thunk::lazy(Lazy::Apply(f, x)));
        assert!(thunk.value().is_none() && matches!(thunk.state(), State::Other));
        for _ in 0..2 {
            let (lazy, claim) = claimed(thunk);
            assert!(matches!(lazy, Lazy::Apply(a, b) if ptr::eq(a, f) && ptr::eq(b, x)));
            assert!(matches!(thunk.state(), State::Busy(1)));
            assert!(matches!(thunk.claim(2), Found::Busy(1)) && thunk.value().is_none());
            claim.put_back();
        }
        let parts = heap.alloc([f, x, f]);
        let (lazy, claim) = claimed(heap.alloc(Thunk::lazy(Lazy::Apply2(parts))));
        assert!(matches!(lazy, Lazy::Apply2(p) if ptr::eq(p[1], x)));
        claim.put_back();
        let env = heap.env(None, 3);
        let expr: &'static Expr = heap.alloc(Expr::CurPos { pos: 7 });
        let (lazy, claim) = claimed(heap.alloc(Thunk::lazy(Lazy::Code(expr, Some(env)))));
        assert!(matches!(lazy, Lazy::Code(e, Some(v)) if ptr::eq(e, expr) && ptr::eq(v, env)));
        claim.put_back();
        let file = heap.alloc(File { code: expr, path: b"/a" });
        let thunk: Ref = heap.alloc(Thunk::lazy(Lazy::File(file)));
        let (lazy, claim) = claimed(thunk);
        assert!(matches!(lazy, Lazy::File(f) if f.path == b"/a" && ptr::eq(f.code, expr)));
        claim.finish(Value::Float(1.5));
        assert!(matches!(thunk.value(), Some(Value::Float(x)) if x == 1.5));
        assert!(matches!(thunk.claim(2), Found::Value(Value::Float(x)) if x == 1.5));
    }

    #[test]
    fn errors_and_promises() {
        let heap = Heap::new(usize::MAX);
        let error = heap.keep_error(Error::new(Kind::Throw, "no"));
        let failed = |thunk: Ref| matches!(thunk.claim(3), Found::Failed(error) if &*error.message == "no");
        assert!(failed(heap.alloc(Thunk::failed(error))));
        let expr: &'static Expr = heap.alloc(Expr::CurPos { pos: 7 });
        let thunk: Ref = heap.alloc(Thunk::lazy(Lazy::Code(expr, None)));
        claimed(thunk).1.fail(error);
        assert!(failed(thunk) && thunk.value().is_none());
        let promised: Ref = heap.alloc(Thunk::promised(5));
        assert!(matches!(promised.claim(1), Found::Busy(5)));
        promised.keep(5, Value::Bool(true));
        promised.keep(5, Value::Null);
        assert!(matches!(promised.value(), Some(Value::Bool(true))));
    }
}
