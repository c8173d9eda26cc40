//! Condition variables.

use crate::crew::{Crew, pause};
use crate::parked::until_parked;
use sortie::sync::{Condvar, Mutex};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(1000);
const SHORT: Duration = Duration::from_millis(1);
const WAITING: &str = "sync.Cond.Wait";

everywhere!(
    a_queue_with_room_for_one,
    a_queue_with_room_for_one_and_time_outs,
    each_notification_ends_one_wait,
    all_at_once_again_and_again,
);

/// A queue with room for one.
#[derive(Default)]
struct Queue {
    items: Mutex<VecDeque<usize>>,
    filled: Condvar,
    emptied: Condvar,
}

impl Queue {
    fn push(&self, item: usize) {
        let mut items = self.items.lock();
        self.emptied
            .wait_while(&mut items, |items| !items.is_empty());
        items.push_back(item);
        drop(items);
        self.filled.notify_one();
    }

    fn pop(&self) -> usize {
        let mut items = self.items.lock();
        self.filled.wait_while(&mut items, |items| items.is_empty());
        let item = items.pop_front().unwrap();
        self.emptied.notify_one();
        item
    }

    /// As `pop`, in a hurry.
    fn pop_within(&self, timeout: Duration) -> Option<usize> {
        let mut items = self.items.lock();
        while items.is_empty() {
            if self.filled.wait_for(&mut items, timeout).timed_out() {
                break;
            }
        }
        let item = items.pop_front()?;
        self.emptied.notify_one();
        Some(item)
    }
}

fn a_queue_with_room_for_one(crew: Crew) {
    const SIDES: usize = 3;
    const EACH: usize = 300;
    let queue = Arc::new(Queue::default());
    let sums = crew.all(2 * SIDES, move |number| {
        if number < SIDES {
            (0..EACH).for_each(|item| queue.push(item));
            0
        } else {
            (0..EACH).map(|_| queue.pop()).sum()
        }
    });
    assert_eq!(sums.iter().sum::<usize>(), SIDES * (0..EACH).sum::<usize>());
}

/// A notification that ends a wait whose time has run out would be lost for the others.
fn a_queue_with_room_for_one_and_time_outs(crew: Crew) {
    const SIDES: usize = 3;
    const EACH: usize = 200;
    let queue = Arc::new((Queue::default(), AtomicUsize::new(SIDES * EACH)));
    let sums = crew.all(2 * SIDES, move |number| {
        let (queue, left) = &*queue;
        if number < SIDES {
            (0..EACH).for_each(|item| queue.push(item));
            return 0;
        }
        let mut sum = 0;
        while left.load(Ordering::Relaxed) > 0 {
            if let Some(item) = queue.pop_within(Duration::from_micros(30)) {
                left.fetch_sub(1, Ordering::Relaxed);
                sum += item;
            }
        }
        sum
    });
    assert_eq!(sums.iter().sum::<usize>(), SIDES * (0..EACH).sum::<usize>());
}

fn each_notification_ends_one_wait(crew: Crew) {
    const MEMBERS: usize = 8;
    let shared = Arc::new((Mutex::new(0usize), Condvar::new()));
    let members: Vec<_> = (0..MEMBERS)
        .map(|number| {
            let shared = shared.clone();
            crew.start(number, move || {
                let mut count = shared.0.lock();
                *count += 1;
                shared.1.wait(&mut count);
                *count -= 1;
            })
        })
        .collect();
    while *shared.0.lock() < MEMBERS {
        pause();
    }
    for left in (0..MEMBERS).rev() {
        assert!(shared.1.notify_one());
        while *shared.0.lock() > left {
            pause();
        }
    }
    assert!(!shared.1.notify_one());
    for member in members {
        member.join();
    }
}

fn all_at_once_again_and_again(crew: Crew) {
    const MEMBERS: usize = 6;
    const ROUNDS: usize = 100;
    let shared = Arc::new((Mutex::new((0usize, 0usize)), Condvar::new()));
    crew.all(MEMBERS, move |_| {
        for round in 1..=ROUNDS {
            let mut state = shared.0.lock();
            state.0 += 1;
            if state.0 == MEMBERS {
                *state = (0, round);
                shared.1.notify_all();
            } else {
                shared.1.wait_while(&mut state, |state| state.1 < round);
            }
        }
    });
}

#[test]
fn time_runs_out_for_threads_and_goroutines() {
    let wait = || {
        let (mutex, condvar) = (Mutex::new(0), Condvar::new());
        let mut guard = mutex.lock();
        let start = Instant::now();
        assert!(condvar.wait_for(&mut guard, SHORT).timed_out());
        assert!(
            condvar
                .wait_until(&mut guard, start + 2 * SHORT)
                .timed_out()
        );
        assert!(start.elapsed() >= 2 * SHORT);
        assert!(condvar.wait_for(&mut guard, Duration::ZERO).timed_out());
        assert!(mutex.try_lock().is_none(), "it is locked again");
        let mut calls = 0;
        let again = |_: &mut i32| {
            calls += 1;
            true
        };
        let result = condvar.wait_while_for(&mut guard, again, SHORT);
        assert!(result.timed_out());
        assert_eq!(calls, 1);
        // What does not hold is not waited for.
        let result = condvar.wait_while_for(&mut guard, |_| false, LONG);
        assert!(!result.timed_out());
        assert!(!condvar.notify_one(), "somebody seems to wait");
    };
    wait();
    sortie::run(wait);
}

#[sortie::test]
fn a_wait_with_a_time_out_may_be_notified() {
    let shared = Arc::new((Mutex::new(()), Condvar::new()));
    let own = shared.clone();
    let waiter = sortie::go(move || own.1.wait_for(&mut own.0.lock(), LONG).timed_out());
    until_parked(waiter.goroutine().id(), WAITING);
    assert!(shared.1.notify_one());
    assert!(!waiter.join().unwrap());
}

/// One that gives up does not count.
#[sortie::test]
fn a_notification_goes_to_one_who_still_waits() {
    let shared = Arc::new((Mutex::new(()), Condvar::new()));
    for _ in 0..100 {
        let own = shared.clone();
        let impatient = sortie::go(move || own.1.wait_for(&mut own.0.lock(), SHORT).timed_out());
        let own = shared.clone();
        let patient = sortie::go(move || own.1.wait(&mut own.0.lock()));
        until_parked(patient.goroutine().id(), WAITING);
        let mut notified = 0;
        while !patient.is_finished() {
            notified += usize::from(shared.1.notify_one());
            sortie::yield_now();
        }
        patient.join().unwrap();
        let timed_out = impatient.join().unwrap();
        assert_eq!(notified, if timed_out { 1 } else { 2 });
    }
}

/// As in Go, and other than with parking_lot, they may be of several mutexes.
#[sortie::test]
fn with_several_mutexes() {
    let shared = Arc::new((Mutex::new(()), Mutex::new(()), Condvar::new()));
    let own = shared.clone();
    let first = sortie::go(move || own.2.wait(&mut own.0.lock()));
    until_parked(first.goroutine().id(), WAITING);
    let own = shared.clone();
    let second = sortie::go(move || own.2.wait(&mut own.1.lock()));
    until_parked(second.goroutine().id(), WAITING);
    assert_eq!(shared.2.notify_all(), 2);
    first.join().unwrap();
    second.join().unwrap();
}

/// The mutex is waited for like by anybody else.
#[sortie::test]
fn notified_while_the_mutex_is_locked() {
    let shared = Arc::new((Mutex::new(0), Condvar::new()));
    let own = shared.clone();
    let waiter = sortie::go(move || {
        let mut guard = own.0.lock();
        own.1.wait(&mut guard);
        *guard
    });
    until_parked(waiter.goroutine().id(), WAITING);
    let mut guard = shared.0.lock();
    shared.1.notify_one();
    until_parked(waiter.goroutine().id(), "sync.Mutex.Lock");
    *guard = 7;
    drop(guard);
    assert_eq!(waiter.join().unwrap(), 7);
}

/// A condition that panics leaves the mutex to its guard.
#[sortie::test]
fn a_condition_that_panics() {
    let mutex = Mutex::new(());
    let condvar = Condvar::new();
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        condvar.wait_while(&mut mutex.lock(), |()| {
            std::panic::resume_unwind(Box::new("on purpose"))
        });
    }));
    assert!(outcome.is_err());
    assert!(mutex.try_lock().is_some());
}
