//! What of `sync`, `context` and `time` keeps goroutines apart, and what only seems to.

use crate::shared::{Shared, join_all};
use sortie::context::Context;
use sortie::sync::{
    Barrier, Condvar, ErrGroup, Mutex, MutexGuard, Once, OnceLock, RwLock,
    RwLockUpgradableReadGuard, RwLockWriteGuard, Semaphore, SingleFlight, WaitGroup,
};
use sortie::time::Timer;
use std::sync::Arc;
use std::time::Duration;

static SHARED: Shared = Shared::new(0);

/// Programs without a race.
pub(crate) mod clean {
    use super::*;
    use crate::program::programs;

    programs! {
        sortie_mutex,
        sortie_mutex_handed_over,
        sortie_mutex_in_time,
        sortie_mutex_of_threads_and_goroutines,
        sortie_rwlock,
        sortie_rwlock_in_shards,
        upgrading_and_downgrading,
        condition_variable,
        sortie_once,
        sortie_once_lock,
        barrier,
        semaphore,
        wait_group,
        error_group,
        single_flight,
        the_end_of_a_context,
        a_function_after_a_context,
        a_function_after_some_time,
    }

    fn sortie_mutex() {
        static LOCK: Mutex<()> = Mutex::new(());
        join_all([0; 4].map(|_| {
            sortie::go(|| {
                for _ in 0..200 {
                    let _guard = LOCK.lock();
                    SHARED.increment();
                    sortie::yield_now();
                }
            })
        }));
        assert_eq!(SHARED.get(), 800);
    }

    fn sortie_mutex_handed_over() {
        static LOCK: Mutex<()> = Mutex::new(());
        join_all([0; 4].map(|_| {
            sortie::go(|| {
                for _ in 0..200 {
                    let guard = LOCK.lock();
                    SHARED.increment();
                    sortie::yield_now();
                    MutexGuard::unlock_fair(guard);
                }
            })
        }));
        assert_eq!(SHARED.get(), 800);
    }

    fn sortie_mutex_in_time() {
        static LOCK: Mutex<()> = Mutex::new(());
        join_all([0; 4].map(|_| {
            sortie::go(|| {
                for _ in 0..100 {
                    if let Some(_guard) = LOCK.try_lock_for(Duration::from_micros(5)) {
                        SHARED.increment();
                        sortie::yield_now();
                    }
                }
            })
        }));
        let _guard = LOCK.lock();
        assert!(SHARED.get() <= 400);
    }

    fn sortie_mutex_of_threads_and_goroutines() {
        static LOCK: Mutex<()> = Mutex::new(());
        fn work() {
            for _ in 0..200 {
                let _guard = LOCK.lock();
                SHARED.increment();
            }
        }
        let thread = std::thread::spawn(work);
        join_all([0; 2].map(|_| sortie::go(work)));
        thread.join().unwrap();
        assert_eq!(SHARED.get(), 600);
    }

    fn readers_and_writers(lock: &'static RwLock<()>, writes: u64) {
        join_all((0..4).map(|number| {
            sortie::go(move || {
                for i in 0..200 {
                    if i % 4 == number && i < 4 * writes {
                        let _guard = lock.write();
                        SHARED.increment();
                    } else {
                        let _guard = lock.read();
                        assert!(SHARED.get() <= 4 * writes);
                        sortie::yield_now();
                    }
                }
            })
        }));
        assert_eq!(SHARED.get(), 4 * writes);
    }

    fn sortie_rwlock() {
        static LOCK: RwLock<()> = RwLock::new(());
        readers_and_writers(&LOCK, 50);
    }

    /// Many who only read, until they are counted on each processor.
    fn sortie_rwlock_in_shards() {
        static LOCK: RwLock<()> = RwLock::new(());
        join_all([0; 8].map(|_| {
            sortie::go(|| {
                for _ in 0..2_000 {
                    let _guard = LOCK.read();
                    assert_eq!(SHARED.get(), 0);
                }
            })
        }));
        readers_and_writers(&LOCK, 10);
    }

    fn upgrading_and_downgrading() {
        static LOCK: RwLock<()> = RwLock::new(());
        join_all([0; 4].map(|_| {
            sortie::go(|| {
                for _ in 0..100 {
                    let guard = LOCK.upgradable_read();
                    let before = SHARED.get();
                    let guard = RwLockUpgradableReadGuard::upgrade(guard);
                    SHARED.increment();
                    let guard = RwLockWriteGuard::downgrade(guard);
                    assert_eq!(SHARED.get(), before + 1);
                    drop(guard);
                }
            })
        }));
        assert_eq!(SHARED.get(), 400);
    }

    fn condition_variable() {
        static TURN: Mutex<u32> = Mutex::new(0);
        static CHANGED: Condvar = Condvar::new();
        join_all([0, 1].map(|own| {
            sortie::go(move || {
                for _ in 0..100 {
                    let mut turn = TURN.lock();
                    CHANGED.wait_while(&mut turn, |turn| *turn != own);
                    drop(turn);
                    // Nobody else has his turn.
                    SHARED.increment();
                    *TURN.lock() = 1 - own;
                    CHANGED.notify_one();
                }
            })
        }));
        assert_eq!(SHARED.get(), 200);
    }

    fn sortie_once() {
        static ONCE: Once = Once::new();
        join_all([0; 8].map(|_| {
            sortie::go(|| {
                ONCE.call_once(|| {
                    sortie::yield_now();
                    SHARED.increment();
                });
                assert_eq!(SHARED.get(), 1);
            })
        }));
    }

    fn sortie_once_lock() {
        static ONCE: OnceLock<Vec<u64>> = OnceLock::new();
        let waits = sortie::go(|| ONCE.wait()[0]);
        join_all([0; 8].map(|_| sortie::go(|| assert_eq!(ONCE.get_or_init(|| vec![7])[0], 7))));
        assert_eq!(waits.join().unwrap(), 7);
    }

    fn barrier() {
        const MEMBERS: usize = 4;
        static BARRIER: Barrier = Barrier::new(MEMBERS);
        join_all([0; MEMBERS].map(|_| {
            sortie::go(|| {
                for round in 0..50 {
                    if BARRIER.wait().is_leader() {
                        SHARED.increment();
                    }
                    BARRIER.wait();
                    assert_eq!(SHARED.get(), round + 1);
                }
            })
        }));
    }

    fn semaphore() {
        let one = Arc::new(Semaphore::new(1));
        join_all([0; 4].map(|_| {
            let one = one.clone();
            sortie::go(move || {
                for _ in 0..100 {
                    let _permit = one.acquire(1);
                    SHARED.increment();
                    sortie::yield_now();
                }
            })
        }));
        assert_eq!(SHARED.get(), 400);
    }

    fn wait_group() {
        for round in 1..=100 {
            let group = WaitGroup::new();
            group.go(|| SHARED.increment());
            group.wait();
            assert_eq!(SHARED.get(), round);
        }
    }

    fn error_group() {
        for round in 1..=100 {
            let group = ErrGroup::<()>::new();
            group.go(|| {
                SHARED.increment();
                Ok(())
            });
            assert_eq!(group.wait(), Ok(()));
            assert_eq!(SHARED.get(), round);
        }
    }

    fn single_flight() {
        let flights = Arc::new(SingleFlight::new());
        for round in 0..50 {
            join_all([0; 4].map(|_| {
                let flights = flights.clone();
                sortie::go(move || {
                    let made = || vec![round];
                    assert_eq!(flights.call("key", made).0, [round]);
                })
            }));
        }
    }

    fn the_end_of_a_context() {
        let (context, cancel) = Context::background().with_cancel();
        let (child, _cancel) = context.with_cancel();
        let waits = sortie::go(move || {
            child.done().recv().unwrap_err();
            SHARED.get()
        });
        let looks = sortie::go(move || {
            while context.err().is_none() {
                sortie::yield_now();
            }
            SHARED.get()
        });
        SHARED.increment();
        cancel.cancel();
        assert_eq!(join_all([waits, looks]), [1, 1]);
    }

    fn a_function_after_a_context() {
        let (context, cancel) = Context::background().with_cancel();
        let (sender, receiver) = sortie::chan::bounded(0);
        let stop = context.after_func(move || {
            SHARED.increment();
            sender.send(()).unwrap();
        });
        SHARED.increment();
        cancel.cancel();
        receiver.recv().unwrap();
        assert_eq!(SHARED.get(), 2);
        assert!(!stop.stop());
    }

    fn a_function_after_some_time() {
        let (sender, receiver) = sortie::chan::bounded(0);
        SHARED.increment();
        let _timer = Timer::after_func(Duration::from_millis(1), move || {
            SHARED.increment();
            sender.send(()).unwrap();
        });
        receiver.recv().unwrap();
        assert_eq!(SHARED.get(), 2);
    }
}

/// Programs with a race.
pub(crate) mod caught {
    use super::*;
    use crate::program::programs;
    use crate::shared::Contested;

    static SHARED: Contested = Contested::new(0);

    programs! {
        only_one_locks_sorties_mutex,
        who_reads_must_not_write,
        another_lock_of_the_same_kind,
        two_permits_are_no_lock,
        who_is_notified_has_no_lock_any_more,
        a_context_says_nothing_of_what_comes_after,
    }

    fn only_one_locks_sorties_mutex() {
        static LOCK: Mutex<()> = Mutex::new(());
        let locks = sortie::go(|| {
            let _guard = LOCK.lock();
            SHARED.increment();
        });
        let does_not = sortie::go(|| SHARED.increment());
        join_all([locks, does_not]);
    }

    fn who_reads_must_not_write() {
        static LOCK: RwLock<()> = RwLock::new(());
        let barrier = Arc::new(Barrier::new(2));
        join_all([0; 2].map(|_| {
            let barrier = barrier.clone();
            sortie::go(move || {
                let _guard = LOCK.read();
                // Both are inside.
                barrier.wait();
                SHARED.increment();
            })
        }));
    }

    fn another_lock_of_the_same_kind() {
        join_all([0; 2].map(|_| {
            let lock = Mutex::new(());
            sortie::go(move || {
                let _guard = lock.lock();
                SHARED.increment();
            })
        }));
    }

    fn two_permits_are_no_lock() {
        let two = Arc::new(Semaphore::new(2));
        let barrier = Arc::new(Barrier::new(2));
        join_all([0; 2].map(|_| {
            let (two, barrier) = (two.clone(), barrier.clone());
            sortie::go(move || {
                let _permit = two.acquire(1);
                // Both are inside.
                barrier.wait();
                SHARED.increment();
            })
        }));
    }

    fn who_is_notified_has_no_lock_any_more() {
        static READY: Mutex<bool> = Mutex::new(false);
        static CHANGED: Condvar = Condvar::new();
        let waits = sortie::go(|| {
            CHANGED.wait_while(&mut READY.lock(), |ready| !*ready);
            SHARED.increment();
        });
        *READY.lock() = true;
        CHANGED.notify_one();
        SHARED.increment();
        waits.join().unwrap();
    }

    fn a_context_says_nothing_of_what_comes_after() {
        let (context, cancel) = Context::background().with_cancel();
        let waits = sortie::go(move || {
            context.done().recv().unwrap_err();
            SHARED.increment();
        });
        cancel.cancel();
        SHARED.increment();
        waits.join().unwrap();
    }
}
