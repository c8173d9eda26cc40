//! Wait groups, semaphores, error groups and single flights in a storm.

use crate::random::Random;
use sortie::context::Context;
use sortie::sync::{ErrGroup, Semaphore, SingleFlight, WaitGroup};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

type Scenario = fn(&mut Random);

pub(crate) const ALL: &[(&str, Scenario)] = &[
    ("groups_rounds", rounds),
    ("groups_permits", permits),
    ("groups_failures", failures),
    ("groups_flights", flights),
    ("groups_threads", threads),
];

fn micros(random: &mut Random, most: u32) -> Duration {
    Duration::from_micros(random.below(most).into())
}

/// One group for many rounds; some of those who wait give up.
fn rounds(random: &mut Random) {
    let group = WaitGroup::new();
    for _ in 0..40 {
        let left = Arc::new(AtomicUsize::new(0));
        for _ in 0..random.below(10) {
            left.fetch_add(1, SeqCst);
            let (left, mut random) = (left.clone(), random.split());
            group.go(move || {
                for _ in 0..random.below(4) {
                    sortie::yield_now();
                }
                left.fetch_sub(1, SeqCst);
                match random.below(8) {
                    0 => resume_unwind(Box::new("quietly")),
                    1 => sortie::task::exit(),
                    _ => {}
                }
            });
        }
        sortie::scope(|s| {
            for _ in 0..3 {
                let (group, left, mut random) = (&group, &left, random.split());
                s.go(move || {
                    let (context, cancel) = Context::background().with_cancel();
                    let over = match random.below(3) {
                        0 => group.wait_timeout(micros(&mut random, 60)),
                        1 => {
                            sortie::go(move || cancel.cancel());
                            group.wait_ctx(&context).is_ok()
                        }
                        _ => {
                            group.wait();
                            true
                        }
                    };
                    assert!(!over || left.load(SeqCst) == 0, "woken too early");
                });
            }
        });
        group.wait();
        assert_eq!(left.load(SeqCst), 0);
    }
}

/// Requests of all sizes, in every way there is.
fn permits(random: &mut Random) {
    let total = 1 + random.below(5) as usize;
    let semaphore = Arc::new(Semaphore::new(total));
    let out = AtomicUsize::new(0);
    sortie::scope(|s| {
        for _ in 0..12 {
            let (semaphore, out, mut random) = (&semaphore, &out, random.split());
            s.go(move || {
                for _ in 0..60 {
                    let weight = random.below(total as u32 + 1) as usize;
                    let timeout = micros(&mut random, 80);
                    let owned = semaphore.clone();
                    let permit = match random.below(5) {
                        0 => owned.try_acquire_owned(weight),
                        1 => owned.acquire_owned_timeout(weight, timeout),
                        2 => {
                            let (context, cancel) = Context::background().with_cancel();
                            sortie::go(move || cancel.cancel());
                            owned.acquire_owned_ctx(weight, &context).ok()
                        }
                        // Never there, and in nobody's way.
                        3 => owned.acquire_owned_timeout(total + 1, timeout),
                        _ => Some(owned.acquire_owned(weight)),
                    };
                    let Some(mut permit) = permit else { continue };
                    let weight = permit.permits();
                    assert!(out.fetch_add(weight, SeqCst) + weight <= total);
                    let part = permit.split(weight / 2);
                    if random.below(2) == 0 {
                        sortie::yield_now();
                    }
                    out.fetch_sub(weight, SeqCst);
                    // They come back one after the other, and elsewhere.
                    sortie::go(move || drop(permit));
                    drop(part);
                }
            });
        }
    });
    drop(semaphore.acquire(total));
    assert_eq!(semaphore.available_permits(), total);
}

/// Groups of which some members fail, panic, exit, or wait to be let go.
fn failures(random: &mut Random) {
    for _ in 0..30 {
        let (group, context) = ErrGroup::<u32>::with_context(&Context::background());
        if random.below(2) == 0 {
            group.set_limit(1 + random.below(4) as usize);
        }
        let fails = random.below(3);
        for i in 0..1 + random.below(8) {
            let (context, mut own) = (context.clone(), random.split());
            let work = move || match own.below(6) {
                0 if fails == 1 => Err(i),
                1 if fails == 2 => resume_unwind(Box::new("quietly")),
                2 => sortie::task::exit(),
                3 if fails != 0 && i == 0 => {
                    // Whether anybody fails or not.
                    let _ = context.done().recv_timeout(micros(&mut own, 500));
                    Ok(())
                }
                _ => {
                    sortie::yield_now();
                    Ok(())
                }
            };
            match random.below(4) {
                0 => drop(group.try_go(work)),
                1 => drop(group.go_timeout(Duration::from_micros(20), work)),
                _ => group.go(work),
            }
        }
        // Until everybody is done, and nothing is left to be told.
        loop {
            let outcome = AssertUnwindSafe(|| group.wait_timeout(micros(random, 50)));
            match catch_unwind(outcome) {
                Ok(None) => {}
                Ok(Some(Ok(()))) => break,
                Ok(Some(Err(_))) => assert_eq!(fails, 1),
                Err(_) => assert_eq!(fails, 2),
            }
        }
        assert!(context.err().is_some());
    }
}

/// Calls of a few keys that are waited for, forgotten, and fail.
fn flights(random: &mut Random) {
    let flights = SingleFlight::<u32, Box<u64>>::new();
    let (made, got) = (Arc::new(AtomicU64::new(0)), AtomicU64::new(0));
    sortie::scope(|s| {
        for _ in 0..10 {
            let (flights, made, got, mut random) = (&flights, &made, &got, random.split());
            s.go(move || {
                for _ in 0..60 {
                    let key = random.below(3);
                    let way = random.below(12);
                    let own = made.clone();
                    let call = move || {
                        own.fetch_add(1, SeqCst);
                        sortie::yield_now();
                        if way == 0 {
                            // For all who share it.
                            sortie::task::exit();
                        }
                        Box::new(u64::from(key))
                    };
                    let value = match way {
                        1..4 => flights.call_chan(key, call).recv().ok().map(|pair| pair.0),
                        4 => {
                            flights.forget(&key);
                            None
                        }
                        _ => catch_unwind(AssertUnwindSafe(|| flights.call(key, call).0)).ok(),
                    };
                    if let Some(value) = value {
                        assert_eq!(*value, u64::from(key));
                        got.fetch_add(1, SeqCst);
                    }
                }
            });
        }
    });
    assert!(got.into_inner() > 0 && made.load(SeqCst) > 0);
}

/// Plain threads and goroutines share a semaphore and a group.
fn threads(random: &mut Random) {
    let semaphore = Semaphore::new(2);
    let group = WaitGroup::new();
    let inside = AtomicUsize::new(0);
    let work = |random: &mut Random| {
        for _ in 0..60 {
            let weight = 1 + random.below(2) as usize;
            let timeout = micros(random, 60);
            if let Some(_permit) = semaphore.acquire_timeout(weight, timeout) {
                assert!(inside.fetch_add(weight, SeqCst) + weight <= 2);
                sortie::yield_now();
                inside.fetch_sub(weight, SeqCst);
            }
        }
    };
    group.add(6);
    std::thread::scope(|threads| {
        for _ in 0..3 {
            let (work, group, mut random) = (&work, &group, random.split());
            threads.spawn(move || {
                work(&mut random);
                group.done();
                group.wait();
            });
        }
        sortie::scope(|s| {
            for _ in 0..3 {
                let (work, group, mut random) = (&work, &group, random.split());
                s.go(move || {
                    work(&mut random);
                    group.done();
                    group.wait();
                });
            }
        });
    });
    assert_eq!(semaphore.available_permits(), 2);
}
