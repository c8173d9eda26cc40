//! 100 goroutines that yield 20 000 times each.

use crate::timed;

const GOROUTINES: u64 = 100;
const YIELDS: u64 = 20_000;

pub(crate) fn run() -> f64 {
    timed(GOROUTINES * YIELDS, || {
        sortie::scope(|s| {
            for _ in 0..GOROUTINES {
                s.go(|| {
                    for _ in 0..YIELDS {
                        sortie::yield_now();
                    }
                });
            }
        });
    })
}
