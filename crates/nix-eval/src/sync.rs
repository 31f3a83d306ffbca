//! What threads wait for each other with: the standard library's, or in `cargo xtask shuttle` what runs the threads of
//! a test in many orders, one step at a time.

#[cfg(all(test, shuttle))]
pub use shuttle::{
    sync::{Condvar, Mutex, MutexGuard, RwLock, atomic},
    thread,
};
pub use std::sync::PoisonError;
#[cfg(not(all(test, shuttle)))]
pub use std::{
    sync::{Condvar, Mutex, MutexGuard, RwLock, atomic},
    thread,
};

/// Between two accesses to what is shared but has to stay as small as it is: another thread may run here.
#[inline(always)]
pub fn step() {
    #[cfg(all(test, shuttle))]
    thread::yield_now();
}

/// Runs a test in many orders of its threads' steps: at random, and such that few threads give way (PCT), which finds what
/// takes a rare order of few steps. NIX_EVAL_ORDERS says in how many of each.
#[cfg(all(test, shuttle))]
pub fn in_many_orders(test: impl Fn() + Send + Sync + 'static) {
    use shuttle::scheduler::{PctScheduler, RandomScheduler, Scheduler};
    let orders = std::env::var("NIX_EVAL_ORDERS").ok().and_then(|text| text.parse().ok()).unwrap_or(1000);
    let test = std::sync::Arc::new(test);
    let run = |scheduler: Box<dyn Scheduler + Send>| {
        let mut config = shuttle::Config::new();
        config.stack_size = 1 << 20;
        let test = test.clone();
        shuttle::Runner::new(scheduler, config).run(move || test());
    };
    run(Box::new(RandomScheduler::new(orders)));
    run(Box::new(PctScheduler::new(3, orders)));
}

#[cfg(all(test, shuttle))]
mod tests {
    use super::*;

    /// Otherwise the silence of the other tests would mean nothing.
    #[test]
    #[should_panic(expected = "one was lost")]
    fn in_many_orders_a_race_is_found() {
        in_many_orders(|| {
            let count = atomic::AtomicUsize::new(0);
            thread::scope(|scope| {
                for _ in 0..2 {
                    scope.spawn(|| {
                        let seen = count.load(atomic::Ordering::SeqCst);
                        count.store(seen + 1, atomic::Ordering::SeqCst);
                    });
                }
            });
            assert_eq!(count.load(atomic::Ordering::SeqCst), 2, "one was lost");
        });
    }
}
