//! Workloads on threads alone.

use bench_program::{hash, scaled, speed_up, timed};
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// 50 000 threads (not 1 M) that only count down; the main thread waits for the last.
pub(crate) fn spawn() -> f64 {
    static LEFT: AtomicU64 = AtomicU64::new(0);
    let threads = scaled(50_000);
    timed(threads, || {
        LEFT.store(threads, Ordering::Relaxed);
        let main = thread::current();
        for _ in 0..threads {
            let main = main.clone();
            crate::start(move || {
                if LEFT.fetch_sub(1, Ordering::AcqRel) == 1 {
                    main.unpark();
                }
            });
        }
        while LEFT.load(Ordering::Acquire) != 0 {
            thread::park();
        }
    })
}

/// 100 threads that yield 20 000 times each.
pub(crate) fn yields() -> f64 {
    const THREADS: u64 = 100;
    let yields = scaled(20_000);
    timed(THREADS * yields, || {
        thread::scope(|s| {
            for _ in 0..THREADS {
                s.spawn(|| {
                    for _ in 0..yields {
                        thread::yield_now();
                    }
                });
            }
        });
    })
}

/// 8 threads that lock a mutex 4 M times in all, each time to add one.
pub(crate) fn mutex() -> f64 {
    const MEMBERS: u64 = 8;
    let each = scaled(500_000);
    let count = Mutex::new(0);
    timed(MEMBERS * each, || {
        thread::scope(|s| {
            for _ in 0..MEMBERS {
                s.spawn(|| {
                    for _ in 0..each {
                        *count.lock() += 1;
                    }
                });
            }
        });
        assert_eq!(*count.lock(), MEMBERS * each);
    })
}

/// SHA-256 over blocks of 64 MiB: how much faster with a thread for each CPU than with
/// one. Each thread takes the next block until there is none.
pub(crate) fn parallel() -> f64 {
    let cpus = thread::available_parallelism().map_or(1, usize::from);
    speed_up(cpus, |blocks, threads| {
        let (next, sum) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|s| {
            for _ in 0..threads {
                s.spawn(|| {
                    loop {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        if index >= blocks {
                            break;
                        }
                        sum.fetch_add(hash(index), Ordering::Relaxed);
                    }
                });
            }
        });
        sum.into_inner()
    })
}
