//! 1 M goroutines that only count down; the main goroutine waits for the last.

use crate::{scaled, timed};
use sortie::sync::WaitGroup;

pub(crate) fn run() -> f64 {
    static LEFT: WaitGroup = WaitGroup::new();
    let goroutines = scaled(1_000_000);
    timed(goroutines, || {
        LEFT.add(goroutines as usize);
        for _ in 0..goroutines {
            sortie::go(|| LEFT.done());
        }
        LEFT.wait();
    })
}
