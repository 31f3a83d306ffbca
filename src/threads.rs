//! Threads that work side by side, as many as the system gives: under a limit of processes all is done by fewer,
//! in the end by the one that there is.
//!
//! Must not know what is being done.

use rayon::{ThreadPool, ThreadPoolBuilder};

/// More threads than this have nothing to do but wait.
const MOST: usize = 64;

/// Makes the calling thread, which is the first of the program, work together with others. rayon's own pool,
/// which it makes where there is none, ends the program when it cannot have all the threads that it wants.
pub fn install() {
    let wanted = std::thread::available_parallelism().map_or(1, usize::from).min(MOST);
    if let Some(pool) = fewer(wanted, |threads| {
        ThreadPoolBuilder::new().num_threads(threads).use_current_thread().build().ok()
    }) {
        // It is there until the program ends.
        std::mem::forget(pool);
    }
}

/// Threads of their own for one kind of work.
#[derive(Debug)]
pub struct Pool(Option<ThreadPool>);

impl Pool {
    /// At most `wanted` threads.
    pub fn of(wanted: usize) -> Self {
        Self(fewer(wanted.clamp(1, MOST), |threads| {
            ThreadPoolBuilder::new().num_threads(threads).build().ok()
        }))
    }

    /// Does some work there, or where the caller is if no thread could be had.
    pub fn install<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match &self.0 {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

fn fewer<T>(wanted: usize, build: impl Fn(usize) -> Option<T>) -> Option<T> {
    let mut threads = wanted;
    loop {
        match build(threads) {
            None if threads > 1 => threads /= 2,
            built => return built,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_threads_than_wanted() {
        assert_eq!(fewer(10, |threads| (threads < 3).then_some(threads)), Some(2));
        assert_eq!(fewer(4, |threads| (threads == 1).then_some(threads)), Some(1));
        assert_eq!(fewer(4, |_| None::<usize>), None);
        assert_eq!(Pool(None).install(|| 1), 1);
        assert_eq!(Pool::of(2).install(rayon::current_num_threads), 2);
    }
}
