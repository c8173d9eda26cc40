//! Counting with many goroutines: `x++` in three ways that are right.
//!
//! As it stands `x += 1` in two goroutines does not compile. A struct that guards its
//! number with a mutex, an atomic number, or a goroutine that owns the number and is
//! told by a channel: all three count to the same.

use sortie::chan::bounded;
use sortie::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Guards its own state. Who uses it does not see how.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    value: Mutex<u64>,
}

impl Counter {
    pub(crate) fn increment(&self) {
        // The guard unlocks at the end of the statement, by a panic too.
        *self.value.lock() += 1;
    }

    pub(crate) fn value(&self) -> u64 {
        *self.value.lock()
    }
}

pub(crate) fn with_a_mutex(goroutines: u64, each: u64) -> u64 {
    let counter = Counter::default();
    sortie::scope(|s| {
        for _ in 0..goroutines {
            s.go(|| (0..each).for_each(|_| counter.increment()));
        }
    });
    counter.value()
}

/// Go's `atomic.AddInt64(&x, 1)`.
pub(crate) fn with_an_atomic(goroutines: u64, each: u64) -> u64 {
    let counter = AtomicU64::new(0);
    sortie::scope(|s| {
        for _ in 0..goroutines {
            s.go(|| {
                for _ in 0..each {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    counter.into_inner()
}

pub(crate) fn with_a_channel(goroutines: u64, each: u64) -> u64 {
    let (increments, all) = bounded(64);
    let owner = sortie::go(move || all.into_iter().sum());
    for _ in 0..goroutines {
        let increments = increments.clone();
        sortie::go(move || (0..each).for_each(|_| increments.send(1).unwrap()));
    }
    // The sum is complete when nobody can send any more.
    drop(increments);
    owner.join().unwrap()
}

#[sortie::main]
pub(crate) fn main() {
    println!("mutex: {}", with_a_mutex(100, 1_000));
    println!("atomic: {}", with_an_atomic(100, 1_000));
    println!("channel: {}", with_a_channel(100, 1_000));
}
