//! The heap of one evaluator thread: a bump allocator, thunks of 16 bytes, environments.
//!
//! All code of the evaluator that takes memory apart is here and in `heap/`; outside stand only the promises
//! that it asks for, of [a collection](Space::collect) and of [the end](super::machine::Ev::new). References into
//! it are `&'static` and copy for free. All memory belongs to the session's [`Space`], which gives it back when the
//! last heap and the session are gone: who makes an evaluator promises to use nothing of it any more. A lasting
//! heap keeps all that is allocated until then. The heap for values [is emptied](Space::collect) of what nothing
//! leads to any more: that happens only where its callers vouch for holding nothing but what they name.
//! Allocating is the business of one thread; what it allocated others may read, once a thunk or
//! variable leads there.

mod blocks;
mod mark;
mod space;
mod thunk;

use std::alloc::Layout;
use std::cell::{Cell, RefCell};
use std::ffi::c_void;
use std::mem::{align_of, size_of};
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::error::Error;

pub use blocks::{Attrs, Parts, Thin, Written};
pub use mark::Roots;
pub use space::Space;
use space::{BLOCK, Block, Holes};
pub use thunk::{Claim, Found, Lazy, Ref, Shareable, State, Thunk};

/// What is taken at once: this part of what a heap has, and so much at least and at most.
const CHUNK_PART: usize = 32;
const FIRST_CHUNK: usize = 256 << 10;
const LAST_CHUNK: usize = 1 << 20;
/// The largest of the usual pages that systems have.
const PAGE: usize = 64 << 10;
const ALIGN: usize = 8;

/// Has the system's allocator give large blocks back when they are freed, and take room for small ones
/// less often.
///
/// glibc raises the size it does the first from with the first such block: what parsing the largest file
/// took would be kept, and filled with small things, to the end. The room for small things it would
/// fit after each file that was parsed, a system call and new pages each time.
pub(super) fn return_large_blocks() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: sets numbers of the allocator; called before the evaluator starts threads.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 128 << 10);
        libc::mallopt(libc::M_TRIM_THRESHOLD, 512 << 10);
        libc::mallopt(libc::M_TOP_PAD, 256 << 10);
    }
}

/// Has the system provide memory that will be used soon: page by page, as each is written to first,
/// it takes a tenth of an evaluation's time. (Large pages would take less where there are some, and
/// more where the system has to make them.)
fn will_be_used(from: *mut c_void, bytes: usize) {
    #[cfg(target_os = "linux")]
    {
        use rustix::mm::{Advice, madvise};
        // SAFETY: changes nothing in the memory, which is new. A system that cannot do it says so.
        let _ = unsafe { madvise(from, bytes, Advice::LinuxPopulateWrite) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (from, bytes);
}

/// Objects larger than this do not end the hole they do not fit into.
const MEDIUM: usize = 128;

/// A bump allocator.
pub struct Heap {
    next: Cell<usize>,
    end: Cell<usize>,
    /// What ends here is not to be taken back.
    kept: Cell<usize>,
    /// How large the next chunk will be, and all chunks were.
    chunk: Cell<usize>,
    own: Cell<usize>,
    /// What all threads of the session have taken, as of this heap's last chunk.
    total: Cell<usize>,
    limit: usize,
    space: Arc<Space>,
    /// Whether what is allocated stays as long as the space.
    lasting: bool,
    /// The holes of the block that `next` points into.
    holes: Cell<Option<Box<Holes>>>,
    /// A whole block for objects that are too large for most holes: what is left of it.
    medium: Cell<(usize, usize)>,
    changed: RefCell<Vec<Changed>>,
}

/// The two heaps of a thread's evaluator, which go with it; what is in them goes with the space.
pub struct Pair([NonNull<Heap>; 2]);

impl Pair {
    /// One for values and one for what lasts, of a session's space.
    ///
    /// # Safety
    /// Nobody uses either heap once the pair is dropped, nor anything that was allocated in them once all heaps
    /// of the space and all other owners of it are gone.
    pub unsafe fn new(space: &Arc<Space>) -> (Self, &'static Heap, &'static Heap) {
        let pair = [Heap::collected(space.clone()), Heap::lasting(space.clone())];
        let pair = pair.map(|heap| NonNull::from(Box::leak(Box::new(heap))));
        // SAFETY: they are there until the pair is dropped, and the caller promised for later.
        let [values, lasting] = pair.map(|heap| unsafe { heap.as_ref() });
        (Self(pair), values, lasting)
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        for heap in self.0 {
            // SAFETY: made of a box by `new`, taken back once; nobody uses it any more, as its caller promised.
            drop(unsafe { Box::from_raw(heap.as_ptr()) });
        }
    }
}

/// Slices that are read as if they were there for ever, and go with the shelf.
pub struct Shelf<T>(Vec<NonNull<[T]>>);

// SAFETY: it owns the slices, and does nothing with them but to free them.
unsafe impl<T: Send> Send for Shelf<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shelf<T> {}

impl<T> Shelf<T> {
    /// An empty one.
    ///
    /// # Safety
    /// Once it is dropped nobody uses what was put into it.
    pub unsafe fn new() -> Self {
        Self(Vec::new())
    }

    /// Puts a slice into it.
    pub fn put(&mut self, items: Box<[T]>) -> &'static mut [T] {
        let mut place = NonNull::from(Box::leak(items));
        self.0.push(place);
        // SAFETY: nobody else uses it until the shelf is dropped, and the maker of the shelf promised for later.
        unsafe { place.as_mut() }
    }
}

impl<T> Drop for Shelf<T> {
    fn drop(&mut self) {
        for items in self.0.drain(..) {
            // SAFETY: a box that `put` was given, taken back once; nobody uses it any more, as promised.
            drop(unsafe { Box::from_raw(items.as_ptr()) });
        }
    }
}

/// A thunk that had survived a collection when it was forced, and the environment it was forced in: they
/// may lead to what is newer than they are.
pub type Changed = (Ref, Option<&'static Env>);

impl Heap {
    /// An empty lasting heap that reports [`Heap::exceeded`] beyond `limit` bytes.
    #[cfg(test)]
    pub fn new(limit: usize) -> Self {
        Self::lasting(Arc::new(Space::new(limit)))
    }

    /// An empty heap of a session, whose heaps together have the limit of its space; all stays as long as the space.
    pub fn lasting(space: Arc<Space>) -> Self {
        Self {
            next: Cell::new(0),
            end: Cell::new(0),
            kept: Cell::new(0),
            chunk: Cell::new(FIRST_CHUNK),
            own: Cell::new(0),
            total: Cell::new(0),
            limit: space.limit(),
            space,
            lasting: true,
            holes: Cell::new(None),
            medium: Cell::new((0, 0)),
            changed: RefCell::default(),
        }
    }

    /// An empty heap for values, in the session's space.
    pub fn collected(space: Arc<Space>) -> Self {
        Self { lasting: false, ..Self::lasting(space) }
    }

    /// Whether more was allocated than the limit allows.
    #[inline]
    pub fn exceeded(&self) -> bool {
        self.total.get() > self.limit
    }

    /// Whether `bytes` more would go beyond the limit.
    pub fn would_exceed(&self, bytes: usize) -> bool {
        self.total.get().saturating_add(bytes) > self.limit
    }

    /// The space it is part of.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Counts memory that is kept elsewhere.
    pub fn charge(&self, bytes: usize) {
        self.total.set(self.space.charge(bytes));
    }

    /// To be told of a thunk about to be forced that is [old](Claim::is_old). What forcing it
    /// changes is the thunk, and slots of `env` that were empty: each activation of a function gets an
    /// environment of its own, and code only ever runs in one that is new or that a thunk brought.
    #[cold]
    pub fn changes(&self, thunk: Ref, env: Option<&'static Env>) {
        self.changed.borrow_mut().push((thunk, env));
    }

    /// What it was told of since the last time.
    pub fn take_changes(&self) -> Vec<Changed> {
        self.changed.take()
    }

    /// Forgets the holes it had: the space was collected, and has them.
    pub fn restart(&self) {
        self.next.set(0);
        self.end.set(0);
        self.medium.set((0, 0));
        self.holes.set(None);
        self.charge(0);
    }

    #[inline]
    fn raw(&self, size: usize) -> NonNull<u8> {
        let size = (size + (ALIGN - 1)) & !(ALIGN - 1);
        let at = self.next.get();
        if size <= self.end.get() - at && size > 0 {
            self.next.set(at + size);
            // SAFETY: `at` lies inside a chunk, which is never at address zero.
            return unsafe { NonNull::new_unchecked(ptr::with_exposed_provenance_mut(at)) };
        }
        self.raw_slow(size)
    }

    #[cold]
    fn raw_slow(&self, size: usize) -> NonNull<u8> {
        if size == 0 {
            return NonNull::<u64>::dangling().cast();
        }
        if !self.lasting
            && let Some(at) = self.in_space(size)
        {
            // SAFETY: `at` lies inside the space, which is never at address zero.
            return unsafe { NonNull::new_unchecked(ptr::with_exposed_provenance_mut(at)) };
        }
        if !self.lasting {
            self.space.spill();
        }
        if size > FIRST_CHUNK / 4 && size > self.chunk.get() / 16 {
            // Large objects get a place of their own.
            return self.chunk(size, ALIGN);
        }
        let bytes = self.chunk.get().next_multiple_of(PAGE);
        let start = self.chunk(bytes, 4096);
        will_be_used(start.as_ptr().cast(), bytes);
        self.own.set(self.own.get() + bytes);
        self.chunk.set((self.own.get() / CHUNK_PART).clamp(FIRST_CHUNK, LAST_CHUNK));
        let at = start.as_ptr().expose_provenance();
        self.next.set(at + size);
        self.end.set(at + bytes);
        start
    }

    /// Room for `size` bytes in the space, `None` if it has none left.
    fn in_space(&self, size: usize) -> Option<usize> {
        if size > BLOCK {
            let at = self.space.blocks(size.div_ceil(BLOCK));
            self.charge(0);
            return at;
        }
        let mut holes = self.holes.take();
        if size > MEDIUM && holes.is_some() && self.end.get() > self.next.get() {
            self.holes.set(holes);
            let (mut at, mut end) = self.medium.get();
            if size > end - at {
                let block = self.space.blocks(1)?;
                at = if block == end { at } else { block };
                end = block + BLOCK;
                self.charge(0);
            }
            self.medium.set((at + size, end));
            return Some(at);
        }
        loop {
            if let Some((at, end)) = holes.as_mut().and_then(|holes| holes.next(size)) {
                self.space.fill(end - at);
                self.holes.set(holes);
                self.next.set(at + size);
                self.end.set(end);
                return Some(at);
            }
            match self.space.block()? {
                Block::Whole(block) => {
                    self.charge(0);
                    // Most often it follows where there was too little room, which is not lost then.
                    let at = if block == self.end.get() { self.next.get() } else { block };
                    self.next.set(at + size);
                    self.end.set(block + BLOCK);
                    return Some(at);
                }
                Block::Holes(more) => holes = Some(more),
            }
        }
    }

    fn chunk(&self, bytes: usize, align: usize) -> NonNull<u8> {
        self.charge(bytes);
        let Ok(layout) = Layout::from_size_align(bytes, align) else {
            std::alloc::handle_alloc_error(Layout::new::<u8>())
        };
        self.space.chunk(layout)
    }

    /// Moves `value` to the heap. Its destructor would never run, so it owns nothing.
    #[inline]
    pub fn alloc<T>(&self, value: T) -> &'static mut T {
        const { assert!(align_of::<T>() <= ALIGN && !std::mem::needs_drop::<T>()) };
        let place = self.raw(size_of::<T>()).cast::<T>();
        // SAFETY: fresh memory of the right size and alignment, there as long as the session, owned by nobody else.
        unsafe {
            place.write(value);
            &mut *place.as_ptr()
        }
    }

    /// Keeps an error, which owns more than its own words, as long as the session.
    pub fn keep_error(&self, error: Box<Error>) -> &'static Error {
        self.space.keep_error(error)
    }

    /// Copies a slice to the heap.
    #[inline]
    pub fn slice<T: Copy>(&self, items: &[T]) -> &'static [T] {
        const { assert!(align_of::<T>() <= ALIGN) };
        if items.is_empty() {
            return &[];
        }
        let place = self.raw(size_of_val(items)).cast::<T>();
        // SAFETY: as in `alloc`; the source is a valid slice and cannot overlap fresh memory.
        unsafe {
            ptr::copy_nonoverlapping(items.as_ptr(), place.as_ptr(), items.len());
            std::slice::from_raw_parts(place.as_ptr(), items.len())
        }
    }

    /// A new slice whose items `make` gives one by one.
    #[inline]
    pub fn slice_with<T: Copy>(&self, len: usize, mut make: impl FnMut(usize) -> T) -> &'static [T] {
        const { assert!(align_of::<T>() <= ALIGN) };
        if len == 0 {
            return &[];
        }
        let place = self.raw(size_of::<T>().saturating_mul(len)).cast::<T>();
        // SAFETY: as in `alloc`; each item is written before the slice is made. If `make` panics
        // the memory is lost, not read.
        unsafe {
            for i in 0..len {
                place.add(i).write(make(i));
            }
            std::slice::from_raw_parts(place.as_ptr(), len)
        }
    }

    /// The bytes of `pieces` one after another; `len` is their sum.
    pub fn concat(&self, pieces: &[&[u8]], len: usize) -> &'static [u8] {
        let place = self.raw(len);
        let mut at = 0;
        for piece in pieces {
            let room = len.saturating_sub(at).min(piece.len());
            // SAFETY: `room` bytes fit behind `at`; fresh memory cannot overlap the piece.
            unsafe { ptr::copy_nonoverlapping(piece.as_ptr(), place.as_ptr().add(at), room) };
            at += room;
        }
        // SAFETY: the first `at` bytes, at most `len`, were written above.
        unsafe { std::slice::from_raw_parts(place.as_ptr(), at) }
    }

    /// A new environment of `slots` empty slots below `up`.
    #[inline]
    pub fn env(&self, up: Option<&'static Env>, slots: usize) -> &'static Env {
        let size = size_of::<Env>() + slots * size_of::<Slot>();
        let place = if slots < MANY { self.raw(size) } else { self.counted(size, slots) }.cast::<Env>();
        let count = slots.min(MANY) << COUNT_SHIFT;
        let up = up.map_or(ptr::null(), ptr::from_ref);
        // SAFETY: room for the header and `slots` slots, all of which are written here.
        unsafe {
            place.write(Env { up: up.map_addr(|address| address | count), slots: [] });
            let first = (&raw mut (*place.as_ptr()).slots).cast::<Slot>();
            for i in 0..slots {
                first.add(i).write(Slot::new(ptr::null_mut()));
            }
            place.as_ref()
        }
    }

    /// Room for an environment of so many slots that their number stands before it.
    #[cold]
    fn counted(&self, size: usize, slots: usize) -> NonNull<u8> {
        let place = self.raw(size_of::<usize>() + size).cast::<usize>();
        // SAFETY: room for the number and what follows it.
        unsafe {
            place.write(slots);
            place.add(1).cast()
        }
    }
}

/// A thunk of `null`.
pub fn nothing() -> Ref {
    static NOTHING: Thunk = Thunk::new(crate::value::Value::Null);
    &NOTHING
}

impl Heap {
    /// Takes back an environment of `slots` slots that its maker is done with, if nothing was
    /// allocated since it was made: environments are held by thunks, closures and other
    /// environments only, so nobody can come back to it then. All of these lie where it does,
    /// but for the thunks that are part of a set: see [`Heap::keep_last`].
    ///
    /// # Safety
    /// `env` was made by this heap with so many slots, and its maker does not use it any more.
    #[inline]
    pub unsafe fn release_slots(&self, env: &'static Env, slots: usize) {
        let at = ptr::from_ref(env).addr();
        let end = at + size_of::<Env>() + slots * size_of::<Slot>();
        if self.next.get() == end && self.kept.get() != end {
            self.next.set(at);
        }
    }

    /// The environment made last may be held by what lies elsewhere: it stays. So do those before it, as
    /// they can be taken back after it only.
    fn keep_last(&self) {
        self.kept.set(self.next.get());
    }
}

/// A reference to a thunk, or null. Released and acquired: whoever finds a thunk in a variable sees all of
/// it, whichever thread made it.
type Slot = AtomicPtr<Thunk>;

/// The variables of one activation of a function, `let`, `rec` or `with`.
#[repr(C)]
pub struct Env {
    /// The environment around this one; in the bits that addresses of programs leave free, how many
    /// slots there are, or [`MANY`].
    up: *const Env,
    slots: [Slot; 0],
}

// SAFETY: `up` is a reference, and is never written after the environment is made.
unsafe impl Sync for Env {}
// SAFETY: as above.
unsafe impl Send for Env {}

const COUNT_SHIFT: u32 = 48;
const ADDRESS: usize = (1 << COUNT_SHIFT) - 1;
/// The number of slots, this or more, stands before the environment.
const MANY: usize = 0xffff;

impl Env {
    /// The environment around this one.
    #[inline]
    pub fn up(&self) -> Option<&'static Env> {
        // SAFETY: null, or what `Heap::env` was given.
        unsafe { self.up.map_addr(|address| address & ADDRESS).as_ref() }
    }

    /// How many slots there are.
    fn len(&self) -> usize {
        match self.up.addr() >> COUNT_SHIFT {
            // SAFETY: `Heap::counted` wrote it there.
            MANY => unsafe { *ptr::from_ref(self).cast::<usize>().sub(1) },
            count => count,
        }
    }

    /// Where it is and how many bytes it takes.
    fn place(&self) -> (usize, usize) {
        let (at, slots) = (ptr::from_ref(self).addr(), self.len());
        let before = if slots < MANY { 0 } else { size_of::<usize>() };
        (at - before, before + size_of::<Self>() + slots * size_of::<Slot>())
    }

    #[inline]
    fn slot(&self, slot: u32) -> &Slot {
        debug_assert!((slot as usize) < self.len(), "slot {slot} of {}", self.len());
        // SAFETY: lowering gives each variable a slot below the size it asks the environment to
        // be made with, and the header was made by `Heap::env` with room for all of them.
        unsafe { &*(&raw const self.slots).cast::<Slot>().add(slot as usize) }
    }

    /// The variable in `slot`; `None` before it is bound.
    #[inline]
    pub fn get(&self, slot: u32) -> Option<Ref> {
        let thunk = self.slot(slot).load(Ordering::Acquire);
        // SAFETY: null, or a reference that `set` was given.
        unsafe { thunk.as_ref() }
    }

    /// Binds the variable in `slot`.
    #[inline]
    pub fn set(&self, slot: u32, value: Ref) {
        self.slot(slot).store(ptr::from_ref(value).cast_mut(), Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;
    use proptest::prelude::*;

    #[test]
    fn environments() {
        let heap = Heap::new(usize::MAX);
        let env = heap.env(None, 3);
        let x: Ref = heap.alloc(Thunk::new(Value::Null));
        // SAFETY: of this heap, with so many slots, and not used any more; so those below.
        unsafe { heap.release_slots(env, 3) };
        assert!(!ptr::eq(env, heap.env(None, 3)), "a thunk was allocated since");
        let gone = heap.env(None, 4);
        unsafe { heap.release_slots(gone, 4) };
        assert!(ptr::eq(gone, heap.env(None, 4)));
        let (outer, held) = (heap.env(None, 2), heap.env(None, 2));
        heap.keep_last();
        let gone = heap.env(None, 4);
        unsafe { heap.release_slots(gone, 4) };
        unsafe { heap.release_slots(held, 2) };
        unsafe { heap.release_slots(outer, 2) };
        assert!(ptr::eq(gone, heap.env(None, 4)), "nothing before it may be taken back");
        assert!(env.get(2).is_none());
        env.set(2, x);
        assert!(env.get(2).is_some_and(|slot| ptr::eq(slot, x)) && env.get(1).is_none());
    }

    proptest! {
        #[test]
        fn allocations_do_not_overlap(sizes in proptest::collection::vec(0usize..100_000, 0..60)) {
            let heap = Heap::new(usize::MAX);
            let slices: Vec<&[u8]> = sizes.iter().enumerate().map(|(i, n)| heap.slice_with(*n, |_| i as u8)).collect();
            for (i, slice) in slices.iter().enumerate() {
                prop_assert!(slice.len() == sizes[i] && slice.iter().all(|byte| *byte == i as u8));
            }
            prop_assert!(heap.total.get() >= sizes.iter().sum());
        }
    }
}
