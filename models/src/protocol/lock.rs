//! The lock: one holder, and nobody sleeps for ever.
//!
//! * *Locking* exchanges FREE for HELD; who fails marks the word CONTENDED, and
//!   sleeps while it is.
//! * *Unlocking* exchanges whatever is there for FREE, and wakes one sleeper if it
//!   was CONTENDED. Who wakes locks as CONTENDED, since others may sleep too.
//!
//! Checked: the data are never accessed by two threads at once, nor without having
//! seen what the last holder did; everybody gets the lock in the end.
//!
//! Seen to fail: with `Relaxed` for the `Acquire` of the first or last exchange that
//! takes the lock, or for the `Release` of the one that frees it; when a sleeper takes
//! the lock as HELD (somebody sleeps for ever); when unlocking wakes nobody.

use super::{Watched, explore, explore_bounded};
use crate::base::atomic::known;
use crate::base::lock::Lock;
use loom::thread;
use std::sync::Arc;

/// So many threads add to a number so many times each.
fn count(threads: usize, times: usize) {
    let lock = Arc::new(known(Lock::new(Watched::new(0))));
    let add = move |lock: &Lock<Watched<usize>>| {
        for _ in 0..times {
            lock.lock().change(|number| *number += 1);
        }
    };
    let others: Vec<_> = (1..threads)
        .map(|_| {
            let lock = lock.clone();
            thread::spawn(move || add(&lock))
        })
        .collect();
    add(&lock);
    for other in others {
        other.join().unwrap();
    }
    lock.lock()
        .look(|number| assert_eq!(*number, threads * times));
}

#[test]
fn two_threads_lock_twice() {
    explore("lock, two threads twice", || count(2, 2));
}

#[test]
fn three_threads_lock_once() {
    explore_bounded("lock, three threads", 3, || count(3, 1));
}
