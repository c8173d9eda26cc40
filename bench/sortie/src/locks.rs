//! Workloads on locks.

use crate::{scaled, timed};
use sortie::sync::{Mutex, RwLock};
use std::hint::black_box;

/// Goroutines that want the same lock.
const MEMBERS: u64 = 8;
/// How often each of them locks it.
const EACH: u64 = 500_000;
/// How often one alone locks it.
const ALONE: u64 = 20_000_000;

/// Has all members do the same.
fn together(member: impl Fn() + Copy + Send + 'static) {
    let members: Vec<_> = (0..MEMBERS).map(|_| sortie::go(member)).collect();
    for member in members {
        member.join().unwrap();
    }
}

/// 8 goroutines that lock a mutex 4 M times in all, each time to add one.
pub(crate) fn mutex() -> f64 {
    let each = scaled(EACH);
    let count: &'static Mutex<u64> = Box::leak(Box::default());
    timed(MEMBERS * each, || {
        together(move || {
            for _ in 0..each {
                *count.lock() += 1;
            }
        });
        assert_eq!(*count.lock(), MEMBERS * each);
    })
}

/// A mutex that nobody else wants, 20 M times.
pub(crate) fn mutex_alone() -> f64 {
    let alone = scaled(ALONE);
    // Somewhere that the compiler knows nothing of, as in the other programs.
    let count: &Mutex<u64> = black_box(Box::leak(Box::default()));
    timed(alone, || {
        for _ in 0..alone {
            *count.lock() += 1;
        }
        assert_eq!(*count.lock(), alone);
    })
}

/// 8 goroutines that lock 4 M times in all, one time in so many to write.
fn read_mostly(one_in: u64) -> f64 {
    let each = scaled(EACH);
    let count: &'static RwLock<u64> = Box::leak(Box::default());
    timed(MEMBERS * each, || {
        together(move || {
            for i in 0..each {
                if i % one_in == 0 {
                    *count.write() += 1;
                } else {
                    black_box(*count.read());
                }
            }
        });
        assert_eq!(*count.read(), MEMBERS * each.div_ceil(one_in));
    })
}

/// One time in 100 to write.
pub(crate) fn read_mostly_100() -> f64 {
    read_mostly(100)
}

/// One time in 10 to write.
pub(crate) fn read_mostly_10() -> f64 {
    read_mostly(10)
}

/// As good as never to write.
pub(crate) fn read_only() -> f64 {
    read_mostly(EACH)
}

/// A lock that nobody else wants, 20 M times to read.
pub(crate) fn read_alone() -> f64 {
    let alone = scaled(ALONE);
    let count: &RwLock<u64> = black_box(Box::leak(Box::default()));
    timed(alone, || {
        for _ in 0..alone {
            black_box(*count.read());
        }
    })
}

/// A lock that nobody else wants, 20 M times to write.
pub(crate) fn write_alone() -> f64 {
    let alone = scaled(ALONE);
    let count: &RwLock<u64> = black_box(Box::leak(Box::default()));
    timed(alone, || {
        for _ in 0..alone {
            *count.write() += 1;
        }
        assert_eq!(*count.read(), alone);
    })
}
