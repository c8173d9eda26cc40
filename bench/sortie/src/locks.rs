//! Workloads on locks.

use crate::{scaled, timed};
use sortie::sync::Mutex;
use std::sync::Arc;

/// 8 goroutines that lock a mutex 4 M times in all, each time to add one.
pub(crate) fn mutex() -> f64 {
    const MEMBERS: u64 = 8;
    let each = scaled(500_000);
    let count = Arc::new(Mutex::new(0));
    timed(MEMBERS * each, || {
        let members: Vec<_> = (0..MEMBERS)
            .map(|_| {
                let count = count.clone();
                sortie::go(move || {
                    for _ in 0..each {
                        *count.lock() += 1;
                    }
                })
            })
            .collect();
        for member in members {
            member.join().unwrap();
        }
        assert_eq!(*count.lock(), MEMBERS * each);
    })
}

pub(crate) fn uncontended() -> f64 {
    let count = Mutex::new(0u64);
    timed(20_000_000, || {
        for _ in 0..20_000_000 {
            *count.lock() += 1;
        }
    })
}

fn rwmutex(one_in: u64) -> f64 {
    const MEMBERS: u64 = 8;
    let each = scaled(500_000);
    let count = Arc::new(sortie::sync::RwLock::new(0));
    timed(MEMBERS * each, || {
        let members: Vec<_> = (0..MEMBERS)
            .map(|_| {
                let count = count.clone();
                sortie::go(move || {
                    let mut sum = 0;
                    for i in 0..each {
                        if i % one_in == 0 {
                            *count.write() += 1;
                        } else {
                            sum += *count.read();
                        }
                    }
                    std::hint::black_box(sum);
                })
            })
            .collect();
        for member in members {
            member.join().unwrap();
        }
    })
}

pub(crate) fn rwmutex_100() -> f64 {
    rwmutex(100)
}

pub(crate) fn rwmutex_10() -> f64 {
    rwmutex(10)
}
pub(crate) fn rwmutex_only() -> f64 {
    rwmutex(1 << 40)
}
pub(crate) fn uncr() -> f64 {
    let count = sortie::sync::RwLock::new(0u64);
    timed(20_000_000, || {
        for _ in 0..20_000_000 {
            std::hint::black_box(*count.read());
        }
    })
}
pub(crate) fn uncw() -> f64 {
    let count = sortie::sync::RwLock::new(0u64);
    timed(20_000_000, || {
        for _ in 0..20_000_000 {
            *count.write() += 1;
        }
    })
}
