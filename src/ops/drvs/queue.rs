//! What `drvs` has to do, shared by its threads.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use crate::nix::eval::Kept;

/// Something to look at.
pub(super) struct Item {
    /// Below which root.
    pub(super) root: usize,
    /// Where below it; `None` is the root itself.
    pub(super) below: Option<Arc<Below>>,
    /// What, not evaluated yet.
    pub(super) value: Kept,
}

/// A path, last part first.
pub(super) struct Below {
    pub(super) name: String,
    pub(super) up: Option<Arc<Below>>,
}

impl Item {
    /// The path from the root's.
    pub(super) fn path(&self, root: &[String]) -> Vec<String> {
        let below = std::iter::successors(self.below.as_deref(), |below| below.up.as_deref());
        let names = below.map(|below| below.name.clone());
        let mut path: Vec<String> = names.collect();
        path.extend(root.iter().rev().cloned());
        path.reverse();
        path
    }
}

/// What there is to do. Threads take from both ends, as neighbours tend to need the same things,
/// which one of two threads would have to wait for.
pub(super) struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    items: VecDeque<Item>,
    /// Items taken and not done, which may bring more.
    taken: usize,
    /// Threads that wait for them.
    waiting: usize,
}

/// Where a thread takes from.
#[derive(Clone, Copy)]
pub(super) enum End {
    Front,
    Back,
}

/// An item, until it is done.
pub(super) struct Taken<'q> {
    pub(super) item: Item,
    queue: &'q Queue,
}

impl Queue {
    pub(super) fn new(items: VecDeque<Item>) -> Self {
        Self { state: Mutex::new(State { items, taken: 0, waiting: 0 }), changed: Condvar::new() }
    }

    fn next(&self, state: &mut State, end: End) -> Option<Taken<'_>> {
        let item = match end {
            End::Front => state.items.pop_front(),
            End::Back => state.items.pop_back(),
        }?;
        state.taken += 1;
        Some(Taken { item, queue: self })
    }

    /// The next item; waits while there may be more. `None` when all is done.
    pub(super) fn take(&self, end: End) -> Option<Taken<'_>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(taken) = self.next(&mut state, end) {
                return Some(taken);
            }
            if state.taken == 0 {
                return None;
            }
            state.waiting += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }

    /// Adds what is inside of an item that was taken from `end`, to be next there.
    pub(super) fn add(&self, end: End, items: Vec<Item>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match end {
            End::Front => items.into_iter().rev().for_each(|item| state.items.push_front(item)),
            End::Back => state.items.extend(items),
        }
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut state = self.queue.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.taken -= 1;
        if state.taken == 0 && state.waiting > 0 {
            self.queue.changed.notify_all();
        }
    }
}
