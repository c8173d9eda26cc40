//! Mutexes: who gets them, and when.

use crate::crew::{Crew, pause};
use crate::parked::{until_all_parked, until_parked};
use crate::procs::Procs;
use sortie::context::Context;
use sortie::sync::lock_api::RawMutex as _;
use sortie::sync::{LockContext as _, Mutex, MutexGuard, RawMutex, ReentrantMutex};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(1000);
const SHORT: Duration = Duration::from_millis(1);
const LOCKING: &str = "sync.Mutex.Lock";

everywhere!(
    one_at_a_time,
    one_at_a_time_while_the_holder_lets_others_run,
    one_at_a_time_with_time_outs,
    a_guard_that_unwinding_drops_unlocks,
    bumping_lets_another_in,
    many_mutexes_at_once,
);

const MEMBERS: usize = 6;

fn one_at_a_time(crew: Crew) {
    const EACH: usize = 3_000;
    let count = Arc::new(Mutex::new(0usize));
    let own = count.clone();
    crew.all(MEMBERS, move |_| {
        for _ in 0..EACH {
            let mut count = own.lock();
            // Not one instruction.
            let before = *count;
            std::hint::black_box(&before);
            *count = before + 1;
        }
    });
    assert_eq!(*count.lock(), MEMBERS * EACH);
}

fn one_at_a_time_while_the_holder_lets_others_run(crew: Crew) {
    const EACH: usize = 100;
    let inside = Arc::new((Mutex::new(0usize), AtomicU32::new(0)));
    let own = inside.clone();
    crew.all(MEMBERS, move |_| {
        for _ in 0..EACH {
            let mut count = own.0.lock();
            assert_eq!(own.1.fetch_add(1, Ordering::Relaxed), 0);
            pause();
            *count += 1;
            assert_eq!(own.1.fetch_sub(1, Ordering::Relaxed), 1);
        }
    });
    assert_eq!(*inside.0.lock(), MEMBERS * EACH);
}

fn one_at_a_time_with_time_outs(crew: Crew) {
    const EACH: usize = 200;
    let count = Arc::new(Mutex::new(0usize));
    let own = count.clone();
    let locked = crew.all(MEMBERS, move |number| {
        let mut locked = 0;
        for turn in 0..EACH {
            let timeout = match (number + turn) % 4 {
                0 => Duration::ZERO,
                1 => Duration::from_micros(1),
                2 => Duration::from_micros(50),
                _ => LONG,
            };
            if let Some(mut count) = own.try_lock_for(timeout) {
                let before = *count;
                pause();
                *count = before + 1;
                locked += 1;
            } else {
                assert_ne!(timeout, LONG, "time cannot have run out");
            }
        }
        locked
    });
    assert_eq!(*count.lock(), locked.into_iter().sum());
}

fn a_guard_that_unwinding_drops_unlocks(crew: Crew) {
    let mutex = Arc::new(Mutex::new(0));
    let own = mutex.clone();
    crew.all(MEMBERS, move |_| {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut count = own.lock();
            *count += 1;
            std::panic::resume_unwind(Box::new("on purpose"));
        }));
        assert!(outcome.is_err());
    });
    assert_eq!(*mutex.lock(), MEMBERS);
}

fn bumping_lets_another_in(crew: Crew) {
    let entered = Arc::new((Mutex::new(()), AtomicBool::new(false)));
    let own = entered.clone();
    let mut guard = entered.0.lock();
    let other = crew.start(0, move || {
        let _guard = own.0.lock();
        own.1.store(true, Ordering::Relaxed);
    });
    while !entered.1.load(Ordering::Relaxed) {
        MutexGuard::bump(&mut guard);
        pause();
    }
    drop(guard);
    other.join();
}

/// Each has a room of its own, and takes it along from lock to lock.
fn many_mutexes_at_once(crew: Crew) {
    const EACH: usize = 300;
    let mutexes: Arc<Vec<Mutex<usize>>> = Arc::new((0..50).map(Mutex::new).collect());
    let own = mutexes.clone();
    crew.all(MEMBERS, move |number| {
        for turn in 0..EACH {
            let mut guard = own[(7 * number + turn) % own.len()].lock();
            pause();
            *guard += 1;
        }
    });
    let expected = MEMBERS * EACH + (0..mutexes.len()).sum::<usize>();
    assert_eq!(mutexes.iter().map(|m| *m.lock()).sum::<usize>(), expected);
}

#[test]
fn it_takes_two_words_at_most() {
    assert_eq!(size_of::<RawMutex>(), 8);
    static SHARED: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    SHARED.lock().push(1);
    assert_eq!(*SHARED.lock(), [1]);
}

#[test]
fn trying_succeeds_only_if_it_is_free() {
    let mutex = Mutex::new(0);
    let guard = mutex.try_lock().unwrap();
    assert!(mutex.is_locked());
    assert!(mutex.try_lock().is_none());
    assert!(mutex.try_lock_for(Duration::ZERO).is_none());
    assert!(mutex.try_lock_until(Instant::now()).is_none());
    drop(guard);
    assert!(!mutex.is_locked());
    // Whatever the time.
    assert!(mutex.try_lock_for(Duration::ZERO).is_some());
    assert!(mutex.try_lock_until(Instant::now()).is_some());
}

#[test]
fn time_runs_out_for_threads_and_goroutines() {
    let mutex = Mutex::new(());
    let guard = mutex.lock();
    let wait = || {
        let start = Instant::now();
        assert!(mutex.try_lock_for(SHORT).is_none());
        assert!(mutex.try_lock_until(start + 2 * SHORT).is_none());
        assert!(start.elapsed() >= 2 * SHORT);
    };
    wait();
    sortie::run(wait);
    drop(guard);
    assert!(mutex.try_lock().is_some(), "somebody seems to wait");
}

#[sortie::test]
fn who_gives_up_leaves_no_trace() {
    let mutex = Arc::new(Mutex::new(()));
    for _ in 0..100 {
        let guard = mutex.lock();
        let waiters = [(); 3].map(|()| {
            let mutex = mutex.clone();
            sortie::go(move || mutex.try_lock_for(SHORT).is_some())
        });
        for waiter in waiters {
            assert!(!waiter.join().unwrap());
        }
        drop(guard);
        assert!(mutex.try_lock().is_some());
    }
}

#[sortie::test]
fn who_waits_gets_it_when_another_gives_up() {
    let mutex = Arc::new(Mutex::new(()));
    let (context, cancel) = Context::background().with_cancel();
    let guard = mutex.lock();
    let own = mutex.clone();
    let impatient = sortie::go(move || own.lock_ctx(&context).is_ok());
    until_parked(impatient.goroutine().id(), LOCKING);
    let own = mutex.clone();
    let patient = sortie::go(move || drop(own.lock()));
    until_parked(patient.goroutine().id(), LOCKING);
    cancel.cancel();
    assert!(!impatient.join().unwrap());
    drop(guard);
    patient.join().unwrap();
}

/// With one processor nobody can overtake between an unlocking and the next's turn.
#[test]
fn fair_unlocking_goes_in_order() {
    let _procs = Procs::set(1);
    sortie::run(|| {
        let order = Arc::new(Mutex::new(Vec::new()));
        let guard = order.lock();
        let waiters: Vec<_> = (0..10)
            .map(|number| {
                let order = order.clone();
                let waiter = sortie::go(move || {
                    let mut order = order.lock();
                    order.push(number);
                    MutexGuard::unlock_fair(order);
                });
                until_parked(waiter.goroutine().id(), LOCKING);
                waiter
            })
            .collect();
        MutexGuard::unlock_fair(guard);
        for waiter in waiters {
            waiter.join().unwrap();
        }
        assert!(order.lock().is_sorted());
    });
}

#[sortie::test]
fn fair_unlocking_of_a_mutex_that_nobody_waits_for() {
    let mutex = Mutex::new(0);
    MutexGuard::unlock_fair(mutex.lock());
    MutexGuard::bump(&mut mutex.lock());
    assert!(mutex.try_lock().is_some());
}

/// Who has waited for more than a millisecond is handed it, however soon the holder locks
/// it again.
#[test]
fn a_starved_waiter_is_handed_it() {
    for procs in [1, 2, 8] {
        let _procs = Procs::set(procs);
        sortie::run(|| {
            let mutex = Arc::new(Mutex::new(false));
            let own = mutex.clone();
            let guard = mutex.lock();
            let waiter = sortie::go(move || *own.lock() = true);
            until_parked(waiter.goroutine().id(), LOCKING);
            let parked = Instant::now();
            while parked.elapsed() < 2 * SHORT {}
            drop(guard);
            assert!(*mutex.lock(), "the waiter was overtaken");
            waiter.join().unwrap();
        });
    }
}

/// The mutex is free for everybody when the last who was starved is through.
#[sortie::test]
fn starved_waiters_all_get_it() {
    let mutex = Arc::new(Mutex::new(0));
    let guard = mutex.lock();
    let waiters: Vec<_> = (0..20)
        .map(|_| {
            let mutex = mutex.clone();
            sortie::go(move || *mutex.lock() += 1)
        })
        .collect();
    let ids: Vec<_> = waiters.iter().map(|w| w.goroutine().id()).collect();
    until_all_parked(&ids, LOCKING);
    let parked = Instant::now();
    while parked.elapsed() < 2 * SHORT {}
    drop(guard);
    for waiter in waiters {
        waiter.join().unwrap();
    }
    assert_eq!(mutex.try_lock().as_deref(), Some(&20));
}

/// A goroutine that locks and unlocks all the time does not keep others out, not even
/// if they can run only when it lets them.
#[test]
fn one_that_always_locks_again_lets_others_in() {
    let _procs = Procs::set(1);
    sortie::run(|| {
        let mutex = Arc::new(Mutex::new(()));
        let stop = Arc::new(AtomicBool::new(false));
        let (own, stopped) = (mutex.clone(), stop.clone());
        let hog = sortie::go(move || {
            while !stopped.load(Ordering::Relaxed) {
                let guard = own.lock();
                sortie::yield_now();
                drop(guard);
            }
        });
        for _ in 0..20 {
            drop(mutex.lock());
        }
        stop.store(true, Ordering::Relaxed);
        hog.join().unwrap();
    });
}

#[sortie::test]
fn a_holder_may_sleep_join_and_receive() {
    let mutex = Arc::new(Mutex::new(0));
    let (sender, receiver) = sortie::chan::bounded(0);
    let mut guard = mutex.lock();
    sortie::sleep(SHORT);
    sortie::go(move || sender.send(1));
    *guard += receiver.recv().unwrap();
    *guard += sortie::go(|| 1).join().unwrap();
    drop(guard);
    assert_eq!(*mutex.lock(), 2);
}

#[sortie::test]
fn reentrant_mutexes_know_goroutines() {
    let mutex = Arc::new(ReentrantMutex::new(RefCell::new(0)));
    let outer = mutex.lock();
    let own = mutex.clone();
    let other = sortie::go(move || {
        assert!(own.try_lock().is_none());
        assert!(!own.is_owned_by_current_thread());
        *own.lock().borrow_mut() += 1;
    });
    until_parked(other.goroutine().id(), LOCKING);
    // Wherever it runs after waiting it is the same.
    sortie::sleep(SHORT);
    assert!(mutex.is_owned_by_current_thread());
    *mutex.lock().borrow_mut() += 1;
    assert_eq!(*outer.borrow(), 1);
    drop(outer);
    other.join().unwrap();
    assert_eq!(*mutex.lock().borrow(), 2);
}

/// Goroutines that run one after the other on one fiber are not the same.
#[test]
fn reentrant_mutexes_know_successors() {
    let _procs = Procs::set(1);
    sortie::run(|| {
        let mutex = Arc::new(ReentrantMutex::new(Cell::new(0)));
        let guard = mutex.lock();
        for _ in 0..10 {
            let own = mutex.clone();
            let locked = sortie::go(move || own.try_lock().is_some());
            assert!(!locked.join().unwrap());
        }
        drop(guard);
        for _ in 0..10 {
            let own = mutex.clone();
            let count = sortie::go(move || {
                let guard = own.lock();
                guard.replace(guard.get() + 1)
            });
            count.join().unwrap();
        }
        assert_eq!(mutex.lock().get(), 10);
    });
}

/// As a lock of somebody else's types.
#[test]
fn the_raw_mutex_is_for_lock_api() {
    fn twice<R: sortie::sync::lock_api::RawMutexTimed<Duration = Duration>>() {
        let mutex = sortie::sync::lock_api::Mutex::<R, _>::new(1);
        let guard = mutex.lock();
        assert!(mutex.try_lock_for(Duration::ZERO).is_none());
        drop(guard);
        assert_eq!(mutex.into_inner(), 1);
    }
    twice::<RawMutex>();
    let raw = RawMutex::INIT;
    raw.lock();
    assert!(raw.is_locked());
    // SAFETY: locked just before.
    unsafe { raw.unlock() };
}
