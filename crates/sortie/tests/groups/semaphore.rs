//! `Semaphore`: who is served, and when.

use crate::crew::{Crew, Member, complains, pause};
use crate::parked::until_parked;
use sortie::context::{Context, ContextError};
use sortie::sync::Semaphore;
use sortie::task::JoinHandle;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const SHORT: Duration = Duration::from_millis(5);
const LONG: Duration = Duration::from_secs(1000);

everywhere![
    no_more_than_there_are,
    one_permit_is_a_lock,
    time_outs_race_with_grants,
    contexts_race_with_grants,
    large_requests_among_small_ones,
];

fn no_more_than_there_are(crew: Crew) {
    const PERMITS: usize = 5;
    let semaphore = Arc::new(Semaphore::new(PERMITS));
    let inside = Arc::new(AtomicUsize::new(0));
    crew.all(12, {
        let semaphore = semaphore.clone();
        move |number| {
            for i in 0..40 {
                let weight = 1 + (number * 3 + i) % PERMITS;
                let permit = semaphore.acquire(weight);
                assert_eq!(permit.permits(), weight);
                assert!(inside.fetch_add(weight, Relaxed) + weight <= PERMITS);
                pause();
                inside.fetch_sub(weight, Relaxed);
            }
        }
    });
    assert_eq!(semaphore.available_permits(), PERMITS);
}

/// What is done with the permit is visible to the next who has it.
fn one_permit_is_a_lock(crew: Crew) {
    let semaphore = Arc::new(Semaphore::new(1));
    let count = Arc::new(AtomicUsize::new(0));
    crew.all(6, {
        let count = count.clone();
        move |_| {
            for _ in 0..300 {
                let _permit = semaphore.acquire(1);
                count.store(count.load(Relaxed) + 1, Relaxed);
            }
        }
    });
    assert_eq!(count.load(Relaxed), 1800);
}

fn time_outs_race_with_grants(crew: Crew) {
    let semaphore = Arc::new(Semaphore::new(2));
    let inside = Arc::new(AtomicUsize::new(0));
    let granted = crew.all(8, {
        let semaphore = semaphore.clone();
        move |number| {
            let enter = |weight| {
                assert!(inside.fetch_add(weight, Relaxed) + weight <= 2);
                pause();
                inside.fetch_sub(weight, Relaxed);
            };
            let mut granted = 0;
            for i in 0..150 {
                let weight = 1 + i % 2;
                let timeout = Duration::from_micros((i * 7 + number) as u64 % 80);
                if let Some(_permit) = semaphore.acquire_timeout(weight, timeout) {
                    enter(weight);
                    granted += 1;
                }
            }
            // Nobody is left behind by those who gave up.
            let _permit = semaphore.acquire(2);
            enter(2);
            granted
        }
    });
    assert!(granted.iter().sum::<usize>() > 0);
    assert_eq!(semaphore.available_permits(), 2);
    assert!(semaphore.try_acquire(2).is_some(), "nobody waits");
}

fn contexts_race_with_grants(crew: Crew) {
    let semaphore = Arc::new(Semaphore::new(1));
    for round in 0..150 {
        let (context, cancel) = Context::background().with_cancel();
        let held = semaphore.clone().acquire_owned(1);
        let members = [0, 1].map(|number| {
            let (semaphore, context) = (semaphore.clone(), context.clone());
            crew.start(number, move || {
                let result = semaphore.acquire_ctx(1, &context);
                result.map(|_permit| pause()).map_err(|error| {
                    assert_eq!(context.err(), Some(error));
                })
            })
        });
        let canceller = crew.start(round, move || {
            for _ in 0..round % 5 {
                pause();
            }
            cancel.cancel();
        });
        pause();
        drop(held);
        // It is served whatever becomes of the others.
        drop(semaphore.acquire(1));
        members.into_iter().for_each(|member| _ = member.join());
        canceller.join();
        assert_eq!(semaphore.available_permits(), 1);
    }
}

/// Small requests come all the time, and there is always room for one.
fn large_requests_among_small_ones(crew: Crew) {
    const PERMITS: usize = 3;
    let semaphore = Arc::new(Semaphore::new(PERMITS));
    let large = Arc::new(AtomicUsize::new(0));
    crew.all(6, move |number| {
        if number == 0 {
            for _ in 0..50 {
                drop(semaphore.acquire(PERMITS));
                large.fetch_add(1, Relaxed);
            }
        } else {
            while large.load(Relaxed) < 50 {
                let _permit = semaphore.acquire(1);
                pause();
            }
        }
    });
}

type Log = Arc<Mutex<Vec<usize>>>;

/// Starts a goroutine that acquires so many, notes that, and waits until it is told to
/// give them back. Returns when it waits for them.
fn waits_for(semaphore: &Arc<Semaphore>, weight: usize, log: &Log) -> JoinHandle<()> {
    let (semaphore, log) = (semaphore.clone(), log.clone());
    let handle = sortie::go(move || {
        let _permit = semaphore.acquire(weight);
        log.lock().unwrap().push(weight);
    });
    until_parked(handle.goroutine().id(), "semacquire");
    handle
}

#[test]
fn first_come_first_served() {
    let semaphore = Arc::new(Semaphore::new(10));
    let log = Log::default();
    let all = semaphore.acquire(10);
    let weights = [7, 1, 10, 3, 2, 9, 5];
    let members = weights.map(|weight| waits_for(&semaphore, weight, &log));
    drop(all);
    members
        .into_iter()
        .for_each(|member| member.join().unwrap());
    // Who is granted at the same time may note it in another order: 7 with 1, 3 with 2.
    let mut log = std::mem::take(&mut *log.lock().unwrap());
    log[..2].sort_unstable();
    log[3..5].sort_unstable();
    assert_eq!(log, [1, 7, 10, 2, 3, 9, 5]);
}

#[test]
fn who_asks_for_much_is_not_overtaken() {
    let semaphore = Arc::new(Semaphore::new(3));
    let log = Log::default();
    let mut held = semaphore.acquire(3);
    let large = waits_for(&semaphore, 3, &log);
    drop(held.split(2).unwrap());
    // There would be enough for these.
    assert_eq!(semaphore.available_permits(), 2);
    assert!(semaphore.try_acquire(1).is_none());
    assert!(semaphore.try_acquire(0).is_none());
    assert!(semaphore.acquire_timeout(1, SHORT).is_none());
    let small = waits_for(&semaphore, 1, &log);
    assert!(log.lock().unwrap().is_empty());
    drop(held);
    large.join().unwrap();
    small.join().unwrap();
    assert_eq!(*log.lock().unwrap(), [3, 1]);
    assert_eq!(semaphore.available_permits(), 3);
}

/// The first gives up, and who is behind him is served without anything coming back.
#[test]
fn giving_up_passes_the_turn_on() {
    let semaphore = Arc::new(Semaphore::new(3));
    let log = Log::default();
    let held = semaphore.acquire(1);
    let (context, cancel) = Context::background().with_cancel();
    let large = {
        let (semaphore, context) = (semaphore.clone(), context.clone());
        sortie::go(move || semaphore.acquire_ctx(3, &context).map(drop))
    };
    until_parked(large.goroutine().id(), "semacquire");
    let small = [1, 1].map(|weight| waits_for(&semaphore, weight, &log));
    cancel.cancel();
    assert_eq!(large.join().unwrap(), Err(ContextError::Canceled));
    small.into_iter().for_each(|member| member.join().unwrap());
    drop(held);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn running_out_of_time_passes_the_turn_on() {
    let semaphore = Arc::new(Semaphore::new(2));
    let held = semaphore.acquire(1);
    let large = {
        let semaphore = semaphore.clone();
        sortie::go(move || semaphore.acquire_timeout(2, 10 * SHORT).is_some())
    };
    // It waits, or has given up: in either case this one is served.
    drop(semaphore.acquire(1));
    assert!(!large.join().unwrap());
    drop(held);
}

#[test]
fn permits_in_time() {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = semaphore.acquire(1);
    let waits = {
        let semaphore = semaphore.clone();
        sortie::go(move || semaphore.acquire_timeout(1, LONG).is_some())
    };
    until_parked(waits.goroutine().id(), "semacquire");
    drop(held);
    assert!(waits.join().unwrap());
    // What is there is granted whatever the time.
    assert!(semaphore.acquire_timeout(1, Duration::ZERO).is_some());
    let _held = semaphore.acquire(1);
    assert!(semaphore.acquire_timeout(1, Duration::ZERO).is_none());
    let start = Instant::now();
    assert!(semaphore.acquire_timeout(1, SHORT).is_none());
    assert!(semaphore.clone().acquire_owned_timeout(1, SHORT).is_none());
    assert!(start.elapsed() >= 2 * SHORT);
}

#[test]
fn a_context_that_has_ended_gets_nothing() {
    let semaphore = Arc::new(Semaphore::new(1));
    let (context, cancel) = Context::background().with_cancel();
    assert!(semaphore.acquire_ctx(1, &context).is_ok());
    assert!(semaphore.clone().acquire_owned_ctx(1, &context).is_ok());
    assert!(semaphore.acquire_ctx(1, &Context::background()).is_ok());
    cancel.cancel();
    let refused = semaphore.acquire_ctx(1, &context);
    assert_eq!(refused.unwrap_err(), ContextError::Canceled);
    let refused = semaphore.clone().acquire_owned_ctx(1, &context);
    assert_eq!(refused.unwrap_err(), ContextError::Canceled);
    assert_eq!(semaphore.available_permits(), 1);
}

/// A goroutine that is granted its permit after the context has ended, before it is
/// awake.
#[test]
fn granted_to_one_who_is_not_wanted_any_more() {
    let semaphore = Arc::new(Semaphore::new(1));
    for _ in 0..100 {
        let held = semaphore.acquire(1);
        let (context, cancel) = Context::background().with_cancel();
        let waits = {
            let (semaphore, context) = (semaphore.clone(), context.clone());
            sortie::go(move || semaphore.acquire_ctx(1, &context).map(drop))
        };
        until_parked(waits.goroutine().id(), "semacquire");
        let canceller = sortie::go(move || cancel.cancel());
        drop(held);
        canceller.join().unwrap();
        let outcome = waits.join().unwrap();
        assert!(outcome.is_ok() || outcome == Err(ContextError::Canceled));
        assert_eq!(semaphore.available_permits(), 1);
    }
}

#[test]
fn asking_for_more_than_there_are() {
    let semaphore = Arc::new(Semaphore::new(2));
    let words = ["acquiring 3 permits", "has 2 in all", "ask for fewer"];
    complains(&words, || semaphore.acquire(3));
    complains(&words, || semaphore.clone().acquire_owned(3));
    complains(&words, || semaphore.acquire_timeout(3, Duration::MAX));
    let background = Context::background();
    complains(&words, || semaphore.acquire_ctx(3, &background));
    assert!(semaphore.try_acquire(3).is_none());
    assert!(semaphore.try_acquire(usize::MAX).is_none());
    let start = Instant::now();
    assert!(semaphore.acquire_timeout(3, SHORT).is_none());
    assert!(start.elapsed() >= SHORT);
    assert_eq!(semaphore.available_permits(), 2);
    assert!(semaphore.try_acquire(2).is_some());
}

/// Who can only wait for his time to run out holds up nobody.
#[test]
fn asking_for_too_much_stands_in_no_line() {
    let semaphore = Arc::new(Semaphore::new(2));
    let (context, cancel) = Context::background().with_cancel();
    let doomed = {
        let (semaphore, context) = (semaphore.clone(), context.clone());
        sortie::go(move || semaphore.acquire_ctx(3, &context).map(drop))
    };
    until_parked(doomed.goroutine().id(), "semacquire");
    for _ in 0..10 {
        drop(semaphore.acquire(2));
        assert!(semaphore.try_acquire(1).is_some());
    }
    cancel.cancel();
    assert_eq!(doomed.join().unwrap(), Err(ContextError::Canceled));
}

/// Nobody can be at the head of the line for ever.
#[test]
fn there_come_to_be_too_few() {
    let semaphore = Arc::new(Semaphore::new(3));
    let log = Log::default();
    let mut held = semaphore.acquire(2);
    let (context, cancel) = Context::background().with_cancel();
    let hopes = {
        let (semaphore, context) = (semaphore.clone(), context.clone());
        sortie::go(move || semaphore.acquire_ctx(3, &context).map(drop))
    };
    until_parked(hopes.goroutine().id(), "semacquire");
    let panics = waits_for(&semaphore, 3, &log);
    let small = waits_for(&semaphore, 1, &log);
    held.split(1).unwrap().forget();
    small.join().unwrap();
    complains(&["acquiring 3 permits", "has 2 in all"], || {
        panics
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    until_parked(hopes.goroutine().id(), "semacquire");
    cancel.cancel();
    assert_eq!(hopes.join().unwrap(), Err(ContextError::Canceled));
    drop(held);
    assert_eq!(semaphore.available_permits(), 2);
    drop(semaphore.acquire(2));
}

#[test]
fn nothing_of_nothing() {
    let semaphore = Arc::new(Semaphore::new(0));
    assert_eq!(semaphore.acquire(0).permits(), 0);
    assert!(semaphore.try_acquire(0).is_some());
    assert!(semaphore.try_acquire(1).is_none());
    complains(&["has 0 in all"], || semaphore.acquire(1));
    // Nothing stands in line too.
    let semaphore = Arc::new(Semaphore::new(1));
    let log = Log::default();
    let held = semaphore.acquire(1);
    let one = waits_for(&semaphore, 1, &log);
    let nothing = waits_for(&semaphore, 0, &log);
    drop(held);
    one.join().unwrap();
    nothing.join().unwrap();
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn goroutines_and_threads_stand_in_one_line() {
    let semaphore = Arc::new(Semaphore::new(1));
    let log = Log::default();
    let held = semaphore.acquire(1);
    let goroutine = waits_for(&semaphore, 1, &log);
    let members: Vec<_> = (0..10)
        .map(|number| {
            let semaphore = semaphore.clone();
            Crew::Mixed.start(number, move || drop(semaphore.acquire(1)))
        })
        .collect();
    drop(held);
    goroutine.join().unwrap();
    members.into_iter().for_each(Member::join);
    assert_eq!(semaphore.available_permits(), 1);
}
