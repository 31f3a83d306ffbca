//! The memory for the values of a session: one range of addresses, handed out to the threads'
//! heaps in blocks, and emptied of what nothing leads to any more.
//!
//! Objects never move. A collection marks the words that are in use; what lies between them are
//! holes, which heaps fill one after another as they would fill fresh memory.

use std::alloc::{GlobalAlloc, Layout, System, handle_alloc_error};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags, madvise, mmap_anonymous, mprotect, munmap};

use super::mark::{Marker, Roots};
use super::{ALIGN, Changed, PAGE};
use crate::error::Error;

/// Bytes of a block.
pub(super) const BLOCK: usize = 32 << 10;
/// Words that one word of marks is for.
const PER_MARK: usize = u64::BITS as usize;
const MARKS_PER_BLOCK: usize = BLOCK / ALIGN / PER_MARK;
/// Holes smaller than this are left empty.
const SMALLEST_HOLE: usize = 32;
/// Pieces that room is counted in; blocks that have less of it are full.
const PIECE: usize = 128;
const LEAST_ROOM: usize = 2 << 10;

/// Addresses to ask for; they cost nothing until they are used. Where there is a limit, less.
const MOST_ADDRESSES: usize = 64 << 30;
const LEAST_ADDRESSES: usize = 256 << 20;
/// What is made usable at once: this part of what there is, and so much at least and at most.
const STEP_PART: usize = 32;
const FIRST_STEP: usize = 64 << 10;
const LAST_STEP: usize = 1 << 20;

/// So much is allocated between two collections by one thread, and so many times as much more for each
/// further one, as they wait for each other then; or this part of the memory that is allowed, if that is less; or this
/// part of what was left by the last, if that is more.
const FRESH: usize = 8 << 20;
const FURTHER: usize = 4;
const FRESH_OF_LIMIT: usize = 16;
const FRESH_OF_LIVE: usize = 6;
/// A collection is a whole one when this is in use, or this part of the memory that is allowed if that
/// is less, and as many times what the last whole one left.
const WHOLE: usize = 256 << 20;
const WHOLE_OF_LIMIT: usize = 4;
const WHOLE_TIMES: usize = 3;

/// See the module's description.
pub struct Space {
    /// Bytes that all heaps of the session have taken, with what is charged to it.
    taken: AtomicUsize,
    /// Bytes handed out since the last collection, and how many the next is worth.
    fresh: AtomicUsize,
    enough: AtomicUsize,
    /// Bytes that the session may take.
    limit: usize,
    /// The session was told that it may take no more.
    short: AtomicBool,
    /// Some value is elsewhere, for want of addresses: nothing can be freed any more.
    spilled: AtomicBool,
    /// Address of the first block and how many bytes of addresses there are; nothing where the
    /// system gave none.
    range: OnceLock<Option<(usize, usize)>>,
    state: Mutex<State>,
    /// Memory beside the range, by its address.
    chunks: Mutex<Vec<(usize, Layout)>>,
    /// Errors, which own more than a heap frees. Their places do not change as there become more.
    #[allow(clippy::vec_box)]
    errors: Mutex<Vec<Box<Error>>>,
}

#[derive(Default)]
struct State {
    /// How many bytes of the addresses are usable.
    usable: usize,
    /// How many of those were ever handed out.
    used: usize,
    /// Which words were in use at the last collection. It starts from these: what has survived one
    /// is taken to be in use until so much has survived that a whole collection is due, which
    /// starts from nothing.
    marks: Vec<u64>,
    /// The next collection starts from nothing.
    whole_next: bool,
    /// Bytes in use at the last collection, and at the last whole one, with small holes.
    live: usize,
    live_whole: usize,
    /// Blocks with holes that nobody fills yet.
    partial: Vec<usize>,
    /// Runs of empty blocks: first, how many.
    empty: Vec<(usize, usize)>,
    /// Those of which the system has the memory back.
    returned: Vec<(usize, usize)>,
}

/// A block to allocate in.
pub(super) enum Block {
    /// The address of an empty one.
    Whole(usize),
    /// One with objects in it.
    Holes(Box<Holes>),
}

/// What is free in a block.
pub(super) struct Holes {
    base: usize,
    marks: [u64; MARKS_PER_BLOCK],
    /// The word to look on from.
    at: usize,
}

impl Holes {
    /// The next hole of at least `size` bytes: from where to where.
    pub(super) fn next(&mut self, size: usize) -> Option<(usize, usize)> {
        let need = size.max(SMALLEST_HOLE) / ALIGN;
        loop {
            let start = next_word(&self.marks, self.at, false)?;
            let end = next_word(&self.marks, start, true).unwrap_or(BLOCK / ALIGN);
            self.at = end;
            if end - start >= need {
                return Some((self.base + start * ALIGN, self.base + end * ALIGN));
            }
        }
    }
}

/// About how many bytes there are in holes worth filling: those of aligned pieces that are free.
fn room(marks: &[u64]) -> usize {
    const { assert!(PIECE / ALIGN == 16 && MARKS_PER_BLOCK < 1 << 16) };
    const LOW: u64 = 0x7fff_7fff_7fff_7fff;
    // The highest bit of each sixteen that are all zero, moved down and added up in place.
    let free = |bits: &u64| !((bits & LOW).wrapping_add(LOW) | bits | LOW) >> 15;
    let sums: u64 = marks.iter().map(free).sum();
    let pieces: u64 = (0..4).map(|n| sums >> (16 * n) & 0xffff).sum();
    pieces as usize * PIECE
}

/// The first word from `from` on that is marked, or that is not.
fn next_word(marks: &[u64], from: usize, marked: bool) -> Option<usize> {
    let flip = if marked { 0 } else { u64::MAX };
    let mut at = from / PER_MARK;
    let mut bits = (marks.get(at)? ^ flip) & (u64::MAX << (from % PER_MARK));
    while bits == 0 {
        at += 1;
        bits = marks.get(at)? ^ flip;
    }
    Some(at * PER_MARK + bits.trailing_zeros() as usize)
}

impl Space {
    /// The space of a session that may take `limit` bytes; it takes none yet.
    pub fn new(limit: usize) -> Self {
        Self {
            taken: AtomicUsize::new(0),
            fresh: AtomicUsize::new(0),
            enough: AtomicUsize::new(FRESH.min(limit / FRESH_OF_LIMIT)),
            limit,
            short: AtomicBool::new(false),
            spilled: AtomicBool::new(false),
            range: OnceLock::new(),
            state: Mutex::default(),
            chunks: Mutex::default(),
            errors: Mutex::default(),
        }
    }

    /// Memory beside the range, which goes with the space.
    pub(super) fn chunk(&self, layout: Layout) -> NonNull<u8> {
        // SAFETY: `layout` has a size that is not zero, as heaps ask for none of nothing.
        // The system's allocator: these come back all at once, so they are no business of a cleverer one.
        let start = unsafe { GlobalAlloc::alloc(&System, layout) };
        let Some(start) = NonNull::new(start) else { handle_alloc_error(layout) };
        let mut chunks = self.chunks.lock().unwrap_or_else(PoisonError::into_inner);
        chunks.push((start.as_ptr().expose_provenance(), layout));
        start
    }

    /// Keeps an error until the space goes.
    pub(super) fn keep_error(&self, error: Box<Error>) -> &'static Error {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let place = ptr::from_ref(&*error);
        errors.push(error);
        // SAFETY: the box is neither moved out of nor changed until the space is dropped, after which nobody uses
        // what was allocated in it: see `Pair::new`.
        unsafe { &*place }
    }

    /// Counts memory; how much the session has taken by now.
    pub(super) fn charge(&self, bytes: usize) -> usize {
        self.taken.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes)
    }

    /// Bytes that the session has taken.
    pub fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// Bytes that the session may take.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// Where the addresses begin and how many bytes of them there are, if any were taken yet.
    fn range(&self) -> Option<(usize, usize)> {
        self.range.get().copied().flatten()
    }

    /// Whether an address is in the space.
    pub(crate) fn holds(&self, place: *const u8) -> bool {
        self.range().is_some_and(|(base, len)| place.addr().wrapping_sub(base) < len)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next block for small objects; `None` if there are no more addresses.
    pub(super) fn block(&self) -> Option<Block> {
        let mut state = self.state();
        let Some(index) = state.partial.pop() else {
            drop(state);
            return self.blocks(1).map(Block::Whole);
        };
        let (base, _) = self.range()?;
        let mut marks = [0; MARKS_PER_BLOCK];
        marks.copy_from_slice(&state.marks[index * MARKS_PER_BLOCK..][..MARKS_PER_BLOCK]);
        Some(Block::Holes(Box::new(Holes { base: base + index * BLOCK, marks, at: 0 })))
    }

    /// The address of `count` empty blocks in a row.
    pub(super) fn blocks(&self, count: usize) -> Option<usize> {
        let (base, len) = (*self.range.get_or_init(reserve))?;
        let bytes = count.checked_mul(BLOCK)?;
        let mut state = self.state();
        self.fresh.fetch_add(bytes, Ordering::Relaxed);
        if let Some(first) = take_run(&mut state.empty, count) {
            return Some(base + first * BLOCK);
        }
        if let Some(first) = take_run(&mut state.returned, count) {
            self.charge(bytes);
            return Some(base + first * BLOCK);
        }
        let used = state.used.checked_add(bytes)?;
        if used > state.usable {
            let step = (state.usable / STEP_PART).clamp(FIRST_STEP, LAST_STEP).max(used - state.usable);
            let more = step.next_multiple_of(PAGE).min(len - state.usable);
            make_usable(base + state.usable, more)?;
            state.usable += more;
            self.charge(more);
        }
        if used > state.usable {
            return None;
        }
        let at = base + state.used;
        state.used = used;
        Some(at)
    }

    /// Counts a hole that is being filled.
    pub(super) fn fill(&self, bytes: usize) {
        self.fresh.fetch_add(bytes, Ordering::Relaxed);
    }

    /// From now on some values are elsewhere.
    pub(super) fn spill(&self) {
        self.spilled.store(true, Ordering::Relaxed);
    }

    /// Whether so much was allocated that a collection is worth its time.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.fresh.load(Ordering::Relaxed) >= self.enough.load(Ordering::Relaxed)
    }

    /// Somebody was told that there is no more memory: the next collection gives back what it can.
    pub fn run_short(&self) {
        self.short.store(true, Ordering::Relaxed);
    }

    /// The next collection is due, is a whole one, and gives back what it can.
    pub fn fill_up(&self) {
        self.run_short();
        self.state().whole_next = true;
        self.fresh.store(usize::MAX / 2, Ordering::Relaxed);
    }

    /// How many threads allocate from now on.
    pub fn used_by(&self, threads: usize) {
        self.plan(&self.state(), threads);
    }

    fn plan(&self, state: &State, threads: usize) {
        let fresh = FRESH.saturating_mul(FURTHER * (threads.max(1) - 1) + 1).min(self.limit / FRESH_OF_LIMIT);
        self.enough.store(fresh.max(state.live / FRESH_OF_LIVE), Ordering::Relaxed);
    }

    /// Frees everything that `roots` do not lead to; `threads` will allocate after that.
    ///
    /// # Safety
    /// From here on nobody uses a reference to a value, thunk, environment, set, list or string of
    /// this space unless `roots` lead to it, or it was allocated later; no other thread allocates or
    /// evaluates meanwhile; each heap of the space has given what it was told of to `changed`, and is
    /// [restarted](Heap::restart) before it allocates again.
    pub unsafe fn collect(&self, threads: usize, changed: Vec<Changed>, roots: impl FnOnce(&mut Roots<'_>)) {
        let (Some((base, _)), false) = (self.range(), self.spilled.load(Ordering::Relaxed)) else {
            self.fresh.store(0, Ordering::Relaxed);
            return;
        };
        let mut state = self.state();
        let mut marks = std::mem::take(&mut state.marks);
        let whole = std::mem::take(&mut state.whole_next)
            || state.live >= WHOLE.min(self.limit / WHOLE_OF_LIMIT).max(state.live_whole * WHOLE_TIMES)
            || marks.is_empty();
        if whole {
            marks.clear();
        }
        marks.resize(state.used / BLOCK * MARKS_PER_BLOCK, 0);
        let mut marker = Marker::new(base, marks);
        if !whole {
            changed.into_iter().for_each(|(thunk, env)| marker.changed(thunk, env));
        }
        roots(&mut Roots::of(&mut marker));
        state.marks = marker.finish();
        // They are found to be empty as the others are.
        self.charge(bytes_of(&std::mem::take(&mut state.returned)));
        state.sort_blocks();
        #[cfg(debug_assertions)]
        state.spoil(base);
        if whole {
            state.live_whole = state.live;
        }
        if self.short.swap(false, Ordering::Relaxed) {
            self.give_back(&mut state, base);
        }
        self.plan(&state, threads);
        drop(state);
        self.fresh.store(0, Ordering::Relaxed);
    }

    /// Gives the memory of the empty blocks back.
    fn give_back(&self, state: &mut State, base: usize) {
        state.returned = std::mem::take(&mut state.empty);
        #[cfg(target_os = "linux")]
        for (first, run) in &state.returned {
            let place = ptr::with_exposed_provenance_mut(base + first * BLOCK);
            // SAFETY: whole blocks of the space in which nothing is in use; they are zeros from then on.
            let _ = unsafe { madvise(place, run * BLOCK, Advice::LinuxDontNeed) };
        }
        self.taken.fetch_sub(bytes_of(&state.returned), Ordering::Relaxed);
    }
}

impl Drop for Space {
    /// No heap of it is left, so nobody allocates; and nobody uses what was allocated: see `Pair::new`.
    fn drop(&mut self) {
        if let Some((base, len)) = self.range() {
            // SAFETY: the whole of what `reserve` took; no reference into it is used any more.
            let _ = unsafe { munmap(ptr::with_exposed_provenance_mut(base), len) };
        }
        let chunks = self.chunks.get_mut().unwrap_or_else(PoisonError::into_inner);
        for (start, layout) in chunks.drain(..) {
            // SAFETY: allocated by `chunk` with this layout; as above.
            unsafe { GlobalAlloc::dealloc(&System, ptr::with_exposed_provenance_mut(start), layout) };
        }
    }
}

/// Takes addresses, as many as there may be: where they begin, how many bytes.
fn reserve() -> Option<(usize, usize)> {
    let mut len = MOST_ADDRESSES;
    while len >= LEAST_ADDRESSES {
        let (access, flags) = (ProtFlags::empty(), MapFlags::PRIVATE | MapFlags::NORESERVE);
        // SAFETY: a new mapping where the system likes; it overlaps nothing.
        if let Ok(start) = unsafe { mmap_anonymous(ptr::null_mut(), len, access, flags) } {
            return Some((start.expose_provenance(), len));
        }
        len /= 2;
    }
    None
}

fn bytes_of(runs: &[(usize, usize)]) -> usize {
    runs.iter().map(|(_, run)| run * BLOCK).sum()
}

/// The first of `count` blocks in a row.
fn take_run(runs: &mut Vec<(usize, usize)>, count: usize) -> Option<usize> {
    let at = runs.iter().rposition(|(_, run)| *run >= count)?;
    let (first, run) = runs[at];
    if run == count {
        runs.swap_remove(at);
    } else {
        runs[at] = (first + count, run - count);
    }
    Some(first)
}

fn make_usable(from: usize, bytes: usize) -> Option<()> {
    let place = ptr::with_exposed_provenance_mut(from);
    // SAFETY: addresses of the space that nothing was handed out of yet.
    unsafe { mprotect(place, bytes, MprotectFlags::READ | MprotectFlags::WRITE) }.ok()?;
    super::will_be_used(place, bytes);
    Some(())
}

impl State {
    /// Tells empty blocks from those with holes, by the marks, and what is in use.
    fn sort_blocks(&mut self) {
        self.partial.clear();
        self.empty.clear();
        self.live = 0;
        for (index, marks) in self.marks.chunks_exact(MARKS_PER_BLOCK).enumerate().rev() {
            let room = room(marks);
            self.live += BLOCK - room;
            if room == BLOCK {
                match self.empty.last_mut() {
                    Some((first, run)) if *first == index + 1 => (*first, *run) = (index, *run + 1),
                    _ => self.empty.push((index, 1)),
                }
            } else if room >= LEAST_ROOM {
                self.partial.push(index);
            }
        }
    }

    /// Overwrites what is free, so that whoever still uses it finds no value there.
    #[cfg(debug_assertions)]
    fn spoil(&self, base: usize) {
        let free = |word: &usize| self.marks[word / PER_MARK] >> (word % PER_MARK) & 1 == 0;
        for word in (0..self.marks.len() * PER_MARK).filter(free) {
            // SAFETY: inside the space, of a block that was handed out; nothing that is in use lies there.
            unsafe {
                ptr::with_exposed_provenance_mut::<usize>(base + word * ALIGN).write(super::thunk::FAILED)
            };
        }
    }
}

#[cfg(test)]
mod tests;
