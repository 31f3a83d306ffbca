//! The threads of a session, and which waits for what: a value that one thread evaluates others wait
//! for, unless waiting would have no end.
//!
//! A thread that waits follows the thunk to the thread that evaluates it, from there to the thunk
//! that one waits for, and so on. Where that leads back to itself, each of these thunks needs the
//! next: infinite recursion, spread over several threads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::heap::{Ref, State};
use super::sync::atomic::{AtomicBool, Ordering};
use super::sync::{Mutex, PoisonError, RwLock, thread};

/// Looks at a thunk before the thread lets others run, and how long it does that before it sleeps.
const LOOKS: u32 = if cfg!(shuttle) { 1 } else { 200 };
const AWAKE: Duration = Duration::from_micros(300);
const SLEEP: Duration = Duration::from_micros(50);

/// All threads of a session.
#[derive(Default)]
pub struct Threads(RwLock<Vec<Arc<Thread>>>);

#[derive(Default)]
struct Thread {
    waits_for: Mutex<Option<Ref>>,
    gone: AtomicBool,
}

/// One thread of a session, as it knows itself.
pub struct Me {
    number: usize,
    own: Arc<Thread>,
    all: Arc<Threads>,
}

/// How waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// Nobody evaluates it any more.
    Done,
    /// The thunk needs what this thread evaluates.
    Cycle,
    /// The thread that evaluated it is gone.
    Gone,
}

fn evaluated_by(thunk: Ref) -> Option<usize> {
    if let State::Busy(thread) = thunk.state() { Some(thread) } else { None }
}

impl Threads {
    /// One thread more.
    pub fn join(self: &Arc<Self>) -> Me {
        let own: Arc<Thread> = Arc::default();
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        all.push(own.clone());
        Me { number: all.len(), own, all: self.clone() }
    }

    fn thread(&self, number: usize) -> Option<Arc<Thread>> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(number.checked_sub(1)?).cloned()
    }

    fn waits_for(&self, number: usize) -> Option<Ref> {
        *self.thread(number)?.waits_for.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a thread of that number that still runs.
    fn runs(&self, number: usize) -> bool {
        self.thread(number).is_some_and(|thread| !thread.gone.load(Ordering::Acquire))
    }

    /// Whether the thread `me`, which waits for `thunk`, waits for itself.
    fn cycle(&self, me: usize, thunk: Ref) -> bool {
        let mut links: Vec<(Ref, usize)> = Vec::new();
        let mut next = thunk;
        loop {
            match evaluated_by(next) {
                None => return false,
                Some(thread) if thread == me => break,
                // A cycle of others.
                Some(thread) if links.iter().any(|(_, known)| *known == thread) => return false,
                Some(thread) => {
                    let Some(needs) = self.waits_for(thread) else { return false };
                    links.push((next, thread));
                    next = needs;
                }
            }
        }
        // The others did not stand still while this looked. Read from the end, where this thread, which
        // does stand still, holds the thunk, each link is one that cannot go away any more.
        links.iter().rev().all(|(held, thread)| {
            let stuck = self.waits_for(*thread).is_some_and(|needs| std::ptr::eq(needs, next));
            next = held;
            stuck && evaluated_by(held) == Some(*thread)
        })
    }
}

impl Me {
    /// The number of this thread in its session, from one.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Waits until nobody evaluates `thunk`, which another thread does.
    #[cold]
    pub fn wait(&self, thunk: Ref) -> Waited {
        for _ in 0..LOOKS {
            if evaluated_by(thunk).is_none() {
                return Waited::Done;
            }
            std::hint::spin_loop();
        }
        self.say(Some(thunk));
        let start = Instant::now();
        let waited = loop {
            let Some(thread) = evaluated_by(thunk) else { break Waited::Done };
            // Looked at again, as it may have finished before it went.
            if !self.all.runs(thread) && evaluated_by(thunk) == Some(thread) {
                break Waited::Gone;
            }
            if self.all.cycle(self.number, thunk) {
                break Waited::Cycle;
            }
            if start.elapsed() < AWAKE {
                thread::yield_now();
            } else {
                thread::sleep(SLEEP);
            }
        };
        self.say(None);
        waited
    }

    fn say(&self, thunk: Option<Ref>) {
        *self.own.waits_for.lock().unwrap_or_else(PoisonError::into_inner) = thunk;
    }
}

impl Drop for Me {
    /// What it left busy, which happens only in a panic, stays so.
    fn drop(&mut self) {
        self.own.gone.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Kind};
    use crate::heap::{Found, Heap, Lazy, Space, Thunk};
    use crate::ir::Expr;
    use crate::value::Value;
    use proptest::collection::vec;
    use proptest::prelude::*;
    use std::sync::atomic::AtomicUsize;

    /// Thunks that need others: each is one more than the sum of those it needs.
    struct Graph {
        /// What any thread allocates, the others use.
        space: Arc<Space>,
        thunks: Vec<Ref>,
        needs: Vec<Vec<usize>>,
        /// How often each was begun, and how often it is to be given up for now.
        begun: Vec<AtomicUsize>,
        give_up: Vec<usize>,
    }

    #[derive(Debug, PartialEq, Eq)]
    enum Stop {
        Cycle,
        GivenUp,
    }

    impl Graph {
        fn new(space: &Arc<Space>, needs: &[Vec<usize>], give_up: &[usize]) -> Self {
            let heap = Heap::lasting(space.clone());
            let thunk = |n: usize| -> Ref {
                let expr: &'static Expr = heap.alloc(Expr::CurPos { pos: n as u32 });
                heap.alloc(Thunk::lazy(Lazy::Code(expr, None)))
            };
            Self {
                space: space.clone(),
                thunks: (0..needs.len()).map(thunk).collect(),
                needs: needs.to_vec(),
                begun: needs.iter().map(|_| AtomicUsize::new(0)).collect(),
                give_up: give_up.to_vec(),
            }
        }

        /// As `Ev::force` does.
        fn force(&self, me: &Me, heap: &Heap, n: usize) -> Result<i64, Stop> {
            let (lazy, claim) = loop {
                match self.thunks[n].claim(me.number()) {
                    Found::Value(Value::Int(number)) => return Ok(number),
                    Found::Value(_) => panic!("another value than was given"),
                    Found::Failed(error) => {
                        assert_eq!(error.kind, Kind::InfiniteRecursion);
                        return Err(Stop::Cycle);
                    }
                    Found::Busy(thread) if thread == me.number() => return Err(Stop::Cycle),
                    Found::Busy(_) => match me.wait(self.thunks[n]) {
                        Waited::Done => {}
                        Waited::Cycle => return Err(Stop::Cycle),
                        Waited::Gone => panic!("nobody went"),
                    },
                    Found::Lazy(lazy, claim) => break (lazy, claim),
                }
            };
            assert!(matches!(lazy, Lazy::Code(Expr::CurPos { pos }, None) if *pos as usize == n));
            assert!(matches!(self.thunks[n].state(), State::Busy(thread) if thread == me.number()));
            let before = self.begun[n].fetch_add(1, Ordering::Relaxed);
            if n.is_multiple_of(3) {
                thread::yield_now();
            }
            let needs = self.needs[n].iter().map(|need| self.force(me, heap, *need));
            let mut result = needs.sum::<Result<i64, Stop>>();
            if before < self.give_up[n] && result != Err(Stop::Cycle) {
                result = Err(Stop::GivenUp);
            }
            match &result {
                Ok(sum) => claim.finish(Value::Int(sum + 1)),
                Err(Stop::Cycle) => claim.fail(heap.keep_error(Error::recursion(0))),
                Err(Stop::GivenUp) => claim.put_back(),
            }
            result.map(|sum| sum + 1)
        }

        /// Forces all from several threads, each in an order of its own.
        fn force_all(&self, threads: usize) -> Vec<Vec<Result<i64, Stop>>> {
            let session = Arc::new(Threads::default());
            let len = self.thunks.len();
            let one = |turn: usize| {
                let (me, heap) = (session.join(), Heap::lasting(self.space.clone()));
                let mut found: Vec<_> = (0..len).map(|_| Err(Stop::GivenUp)).collect();
                for i in 0..len {
                    let at = if turn.is_multiple_of(2) { i } else { len - 1 - i };
                    let n = (at + turn / 2 * len / 3) % len;
                    while found[n] == Err(Stop::GivenUp) {
                        found[n] = self.force(&me, &heap, n);
                    }
                }
                found
            };
            thread::scope(|scope| {
                let running: Vec<_> = (0..threads).map(|turn| scope.spawn(move || one(turn))).collect();
                running.into_iter().map(|thread| thread.join().expect("a thread")).collect()
            })
        }
    }

    /// What forcing each node gives, alone: `None` for what leads to a cycle.
    fn expected(needs: &[Vec<usize>]) -> Vec<Option<i64>> {
        fn value(n: usize, needs: &[Vec<usize>], known: &mut Vec<Option<Option<i64>>>) -> Option<i64> {
            if let Some(known) = known[n] {
                return known;
            }
            // Under way: a cycle.
            known[n] = Some(None);
            let mut sum = Some(1);
            for need in &needs[n] {
                sum = value(*need, needs, known).and_then(|value| Some(sum? + value));
            }
            known[n] = Some(sum);
            sum
        }
        // Each from the start, as a node is unknown while a cycle through it is looked at.
        (0..needs.len()).map(|n| value(n, needs, &mut vec![None; needs.len()])).collect()
    }

    /// A few small graphs: a ring, one with a way out, two rings with a thunk between them, a tree that is shared.
    #[cfg(shuttle)]
    #[test]
    fn in_many_orders() {
        let graphs: [&[&[usize]]; 5] = [
            &[&[1], &[0]],
            &[&[1], &[2], &[0], &[]],
            &[&[1, 2], &[0], &[3], &[2]],
            &[&[1, 2], &[3], &[3], &[]],
            &[&[1], &[2, 3], &[], &[1, 2]],
        ];
        for (graph, threads) in graphs.iter().flat_map(|graph| [(*graph, 2), (*graph, 3)]) {
            let needs: Vec<Vec<usize>> = graph.iter().map(|needs| needs.to_vec()).collect();
            let expected: Vec<_> =
                expected(&needs).into_iter().map(|value| value.ok_or(Stop::Cycle)).collect();
            crate::sync::in_many_orders(move || {
                let space = Arc::new(Space::new(usize::MAX));
                let give_up: Vec<usize> = (0..needs.len()).map(|n| n % 2).collect();
                let graph = Graph::new(&space, &needs, &give_up);
                for found in graph.force_all(threads) {
                    assert_eq!(found, expected);
                }
            });
        }
    }

    const NODES: usize = 24;

    #[cfg(not(shuttle))]
    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        /// Without cycles each thunk is evaluated once, by whichever thread, and all see its value.
        #[test]
        fn each_thunk_is_evaluated_once(
            needs in vec(vec(any::<prop::sample::Index>(), 0..3), NODES),
            threads in 2usize..6,
        ) {
            let needs: Vec<Vec<usize>> = (0..).zip(&needs)
                .map(|(n, all)| if n == 0 { vec![] } else { all.iter().map(|need| need.index(n)).collect() })
                .collect();
            let space = Arc::new(Space::new(usize::MAX));
            let graph = Graph::new(&space, &needs, &[0; NODES]);
            let expected: Vec<_> = expected(&needs).into_iter().map(|value| value.ok_or(Stop::Cycle)).collect();
            for found in graph.force_all(threads) {
                prop_assert_eq!(&found, &expected);
            }
            for begun in &graph.begun {
                prop_assert_eq!(begun.load(Ordering::Relaxed), 1);
            }
        }

        /// What needs itself, through however many threads, is an error to all of them, and nothing
        /// else is; thunks that are given up for now are taken up again.
        #[test]
        fn cycles_end(
            needs in vec(vec(0..NODES, 0..3), NODES),
            give_up in vec(0usize..3, NODES),
            threads in 1usize..6,
        ) {
            let space = Arc::new(Space::new(usize::MAX));
            let graph = Graph::new(&space, &needs, &give_up);
            let expected: Vec<_> = expected(&needs).into_iter().map(|value| value.ok_or(Stop::Cycle)).collect();
            for found in graph.force_all(threads) {
                prop_assert_eq!(&found, &expected);
            }
        }
    }

    /// Two threads that meet in the middle of a ring, many times over.
    #[cfg(not(shuttle))]
    #[test]
    fn rings() {
        let space = Arc::new(Space::new(usize::MAX));
        for size in 2..200 {
            let needs: Vec<Vec<usize>> = (0..size).map(|n| vec![(n + 1) % size]).collect();
            let graph = Graph::new(&space, &needs, &vec![0; size]);
            for found in graph.force_all(2 + size % 3) {
                assert!(found.iter().all(|result| *result == Err(Stop::Cycle)));
            }
        }
    }

    /// A thread that panicked is not waited for.
    #[cfg(not(shuttle))]
    #[test]
    fn a_thread_that_is_gone() {
        let space = Arc::new(Space::new(usize::MAX));
        let graph = Graph::new(&space, &[vec![]], &[0]);
        let thunk = graph.thunks[0];
        let session = Arc::new(Threads::default());
        let me = session.join();
        let other = session.join();
        let Found::Lazy(_, claim) = thunk.claim(other.number()) else { panic!("lazy") };
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| me.wait(thunk));
            std::thread::sleep(Duration::from_millis(5));
            drop(other);
            assert_eq!(waiting.join().expect("a thread"), Waited::Gone);
        });
        claim.put_back();
        assert_eq!(me.wait(thunk), Waited::Done);
    }
}
