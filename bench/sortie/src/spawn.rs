//! 1 M goroutines that only count down; the main goroutine waits for the last.

use crate::timed;
use std::sync::atomic::{AtomicU64, Ordering};

const GOROUTINES: u64 = 1_000_000;

pub(crate) fn run() -> f64 {
    static LEFT: AtomicU64 = AtomicU64::new(GOROUTINES);
    timed(GOROUTINES, || {
        let mut last = None;
        for _ in 0..GOROUTINES {
            last = Some(sortie::go(|| {
                LEFT.fetch_sub(1, Ordering::AcqRel);
            }));
        }
        // The last one made is not the last to run: wait for the count.
        last.into_iter()
            .for_each(|handle| handle.join().expect("it does not panic"));
        while LEFT.load(Ordering::Acquire) != 0 {
            sortie::yield_now();
        }
    })
}
