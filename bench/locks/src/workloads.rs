//! The workloads, for the locks of either library.

use sortie::sync::lock_api;

/// Data behind the locks of a library.
#[derive(Debug)]
pub(crate) struct Locks<M: lock_api::RawMutex, R: lock_api::RawRwLock> {
    mutex: lock_api::Mutex<M, u64>,
    rwlock: lock_api::RwLock<R, u64>,
}

/// A library's locks.
pub(crate) trait Family {
    type Mutex: lock_api::RawMutex + Send + Sync + 'static;
    type RwLock: lock_api::RawRwLockUpgrade + Send + Sync + 'static;

    fn locks() -> Locks<Self::Mutex, Self::RwLock> {
        Locks {
            mutex: lock_api::Mutex::new(0),
            rwlock: lock_api::RwLock::new(0),
        }
    }
}

impl<M, R> Family for (M, R)
where
    M: lock_api::RawMutex + Send + Sync + 'static,
    R: lock_api::RawRwLockUpgrade + Send + Sync + 'static,
{
    type Mutex = M;
    type RwLock = R;
}

/// Who locks.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Members {
    Goroutines,
    Threads,
}

impl Members {
    const COUNT: u64 = 8;

    /// Has all members do the same.
    fn run(self, member: impl Fn() + Sync) {
        match self {
            Members::Goroutines => sortie::run(|| {
                sortie::scope(|s| {
                    for _ in 0..Self::COUNT {
                        s.go(&member);
                    }
                });
            }),
            Members::Threads => std::thread::scope(|s| {
                for _ in 0..Self::COUNT {
                    s.spawn(&member);
                }
            }),
        }
    }
}

/// Locks that nobody else wants.
pub(crate) mod alone {
    use super::Family;
    use std::hint::black_box;

    pub(crate) fn mutex<F: Family>(locks: u64) {
        let data = F::locks();
        for _ in 0..locks {
            *black_box(&data).mutex.lock() += 1;
        }
        assert_eq!(*data.mutex.lock(), locks);
    }

    pub(crate) fn read<F: Family>(locks: u64) {
        let data = F::locks();
        for _ in 0..locks {
            black_box(*black_box(&data).rwlock.read());
        }
    }

    pub(crate) fn write<F: Family>(locks: u64) {
        let data = F::locks();
        for _ in 0..locks {
            *black_box(&data).rwlock.write() += 1;
        }
        assert_eq!(*data.rwlock.read(), locks);
    }

    pub(crate) fn upgradable_read<F: Family>(locks: u64) {
        let data = F::locks();
        for _ in 0..locks {
            black_box(*black_box(&data).rwlock.upgradable_read());
        }
    }
}

/// Locks that all members want.
pub(crate) mod together {
    use super::{Locks, Members};
    use sortie::sync::lock_api::{RawMutex, RawRwLock};
    use std::hint::black_box;

    /// Bounds of what threads share.
    pub(crate) trait Shared: Send + Sync + 'static {}
    impl<T: Send + Sync + 'static> Shared for T {}

    pub(crate) fn mutex(
        data: Locks<impl RawMutex + Shared, impl RawRwLock + Shared>,
        members: Members,
        locks: u64,
    ) {
        let each = locks / Members::COUNT;
        members.run(|| {
            for _ in 0..each {
                *data.mutex.lock() += 1;
            }
        });
        assert_eq!(*data.mutex.lock(), each * Members::COUNT);
    }

    /// As [`mutex`], with a hundred nanoseconds or so of work between.
    pub(crate) fn mutex_and_work(
        data: Locks<impl RawMutex + Shared, impl RawRwLock + Shared>,
        members: Members,
        locks: u64,
    ) {
        let each = locks / Members::COUNT;
        members.run(|| {
            let mut number = 1u64;
            for _ in 0..each {
                *data.mutex.lock() += 1;
                for _ in 0..100 {
                    number = black_box(number.wrapping_mul(7));
                }
            }
        });
        assert_eq!(*data.mutex.lock(), each * Members::COUNT);
    }

    /// One in so many writes.
    pub(crate) fn read<const ONE_IN: u64>(
        data: Locks<impl RawMutex + Shared, impl RawRwLock + Shared>,
        members: Members,
        locks: u64,
    ) {
        let each = locks / Members::COUNT;
        members.run(|| {
            for i in 1..=each {
                if i % ONE_IN == 0 {
                    *data.rwlock.write() += 1;
                } else {
                    black_box(*data.rwlock.read());
                }
            }
        });
        assert_eq!(*data.rwlock.read(), each / ONE_IN * Members::COUNT);
    }
}
