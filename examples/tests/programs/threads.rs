//! Crates about threads: a goroutine is one.

use crate::program::programs;
use arc_swap::ArcSwap;
use rayon::prelude::*;
use sortie::chan::{bounded, unbounded};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

programs! {
    examples {}
    checks {
        rayon_computes_for_many_goroutines,
        rayon_sends_to_goroutines,
        a_goroutine_waits_inside_of_rayon,
        guards_of_arc_swap_are_held_over_waits,
        guards_of_crossbeam_epoch_are_held_over_waits,
        locks_of_parking_lot_are_held_over_waits,
        patterns_are_shared,
    }
}

fn rayon_computes_for_many_goroutines() {
    sortie::scope(|s| {
        let sums = (0..100_u64).map(|i| {
            s.go(move || {
                let sum: u64 = (0..10_000).into_par_iter().map(|n| n * i).sum();
                // Its goroutine, not one of rayon's threads.
                assert_eq!(rayon::current_thread_index(), None);
                sum
            })
        });
        for (i, sum) in sums.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(sum.join().unwrap(), 49_995_000 * i as u64);
        }
    });
}

/// rayon's threads are no goroutines: sending makes them wait on a futex.
fn rayon_sends_to_goroutines() {
    let (sender, receiver) = bounded(0);
    let sum = sortie::go(move || receiver.iter().sum::<u64>());
    sortie::runtime::blocking(|| {
        (0..1000)
            .into_par_iter()
            .for_each(|n| sender.send(n).unwrap());
    });
    drop(sender);
    assert_eq!(sum.join().unwrap(), 499_500);
}

/// Each of rayon's threads waits for an answer of a goroutine.
fn a_goroutine_waits_inside_of_rayon() {
    let (ask, asked) = unbounded::<(u64, sortie::chan::Sender<u64>)>();
    sortie::go(move || {
        for (n, answer) in asked {
            answer.send(n * n).unwrap();
        }
    });
    let squares: Vec<_> = (0..1000)
        .into_par_iter()
        .map(|n| {
            let (answer, square) = bounded(0);
            ask.send((n, answer)).unwrap();
            square.recv().unwrap()
        })
        .collect();
    assert!(squares.into_iter().eq((0..1000).map(|n| n * n)));
}

/// Each guard is a debt in a thread-local list. Were the list the OS thread's, goroutines
/// that move would pay each other's.
fn guards_of_arc_swap_are_held_over_waits() {
    let live = Arc::new(AtomicUsize::new(0));
    struct Counted(usize, Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let new = |value| {
        live.fetch_add(1, Ordering::Relaxed);
        Arc::new(Counted(value, Arc::clone(&live)))
    };
    let shared = ArcSwap::new(new(0));
    sortie::scope(|s| {
        for _ in 0..50 {
            s.go(|| {
                for _ in 0..200 {
                    let guards: Vec<_> = (0..4).map(|_| shared.load()).collect();
                    let before: Vec<_> = guards.iter().map(|guard| guard.0).collect();
                    sortie::yield_now();
                    assert!(guards.iter().map(|guard| guard.0).eq(before));
                }
            });
        }
        for value in 1..2_000 {
            shared.store(new(value));
            sortie::yield_now();
        }
    });
    assert_eq!(live.load(Ordering::Relaxed), 1);
    drop(shared);
    assert_eq!(live.load(Ordering::Relaxed), 0);
}

/// While a goroutine is pinned, what it looks at is not freed.
fn guards_of_crossbeam_epoch_are_held_over_waits() {
    use crossbeam_epoch::{Atomic, Owned, pin};
    let shared = Atomic::new(vec![0_u64; 100]);
    sortie::scope(|s| {
        for _ in 0..50 {
            s.go(|| {
                for _ in 0..200 {
                    let guard = pin();
                    let looked = shared.load(Ordering::Acquire, &guard);
                    // SAFETY: it was there when this goroutine was pinned, and is not null.
                    let value = unsafe { looked.deref() };
                    let before = value[0];
                    sortie::yield_now();
                    assert!(value.iter().all(|&n| n == before));
                }
            });
        }
        for n in 1..2_000 {
            let guard = pin();
            let new = Owned::new(vec![n; 100]);
            let old = shared.swap(new, Ordering::AcqRel, &guard);
            // SAFETY: nobody can find it any more.
            unsafe { guard.defer_destroy(old) };
            drop(guard);
            sortie::yield_now();
        }
    });
    // SAFETY: nobody else has it.
    drop(unsafe { shared.into_owned() });
}

/// A lock that blocks the thread may be held by a goroutine that is parked: others wait,
/// each with its thread, and are let in.
fn locks_of_parking_lot_are_held_over_waits() {
    let count = parking_lot::Mutex::new(0);
    let reentrant = parking_lot::ReentrantMutex::new(());
    sortie::scope(|s| {
        for _ in 0..20 {
            s.go(|| {
                for _ in 0..20 {
                    let mut count = count.lock();
                    let before = *count;
                    sortie::yield_now();
                    *count = before + 1;
                    drop(count);
                    // Belongs to a thread, by a thread-local's address.
                    let one = reentrant.lock();
                    sortie::yield_now();
                    let two = reentrant.try_lock();
                    assert!(two.is_some(), "the same goroutine, elsewhere");
                    drop((two, one));
                }
            });
        }
    });
    assert_eq!(*count.lock(), 400);
}

/// A regex has memory for each thread that uses it.
fn patterns_are_shared() {
    let pattern = regex::Regex::new(r"(\w+)@(\w+)\.org").unwrap();
    sortie::scope(|s| {
        for i in 0..1000 {
            let pattern = &pattern;
            s.go(move || {
                let text = format!("write to user{i}@host{i}.org, or do not");
                let found = pattern.captures(&text).unwrap();
                sortie::yield_now();
                assert_eq!(found[1], format!("user{i}"));
                assert_eq!(found[2], format!("host{i}"));
            });
        }
    });
}
