//! 100 goroutines that yield 20 000 times each.

use crate::{scaled, timed};

const GOROUTINES: u64 = 100;

pub(crate) fn run() -> f64 {
    let yields = scaled(20_000);
    timed(GOROUTINES * yields, || {
        sortie::scope(|s| {
            for _ in 0..GOROUTINES {
                s.go(|| {
                    for _ in 0..yields {
                        sortie::yield_now();
                    }
                });
            }
        });
    })
}
