//! 1 M goroutines that only count down; the main goroutine waits for the last.

use crate::timed;
use sortie::sync::WaitGroup;

const GOROUTINES: usize = 1_000_000;

pub(crate) fn run() -> f64 {
    static LEFT: WaitGroup = WaitGroup::new();
    timed(GOROUTINES as u64, || {
        LEFT.add(GOROUTINES);
        for _ in 0..GOROUTINES {
            sortie::go(|| LEFT.done());
        }
        LEFT.wait();
    })
}
