//! Sleeping on a word, by a mutex and a condition variable for each address.
//!
//! As the kernel does, the word is compared, and the sleeper enlisted, under the
//! lock that a waker takes too. A sleep with a deadline lets the time pass at once,
//! and returns: callers look at the word again, and cannot tell whether they were
//! woken, or early, or late. A sleep without is ended by a waker alone, so that a
//! lost wake-up is a deadlock, which loom reports.

use super::atomic::{AtomicU32, Ordering};
use super::clock::{self, NEVER};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// How often a word is looked at before sleeping on it. Once is as good as many
/// times, for there is another look in any case.
pub(crate) const SPINS: u32 = 1;

#[derive(Debug)]
struct Queue {
    lock: loom::sync::Mutex<()>,
    woken: loom::sync::Condvar,
}

thread_local! {
    /// loom's threads all run on the OS thread of their model.
    static QUEUES: RefCell<HashMap<usize, Arc<Queue>>> = RefCell::default();
}

/// Forgets what an earlier execution left.
pub(crate) fn forget() {
    QUEUES.with_borrow_mut(HashMap::clear);
}

fn queue(word: *const AtomicU32) -> Arc<Queue> {
    let new = || {
        Arc::new(Queue {
            lock: loom::sync::Mutex::new(()),
            woken: loom::sync::Condvar::new(),
        })
    };
    QUEUES.with_borrow_mut(|queues| queues.entry(word as usize).or_insert_with(new).clone())
}

pub(crate) fn wait_until(word: &AtomicU32, expected: u32, deadline: u64) {
    if deadline == NEVER {
        wait(word, expected);
    } else if word.load(Ordering::Relaxed) == expected {
        clock::pass(deadline);
    }
}

pub(crate) fn wait(word: &AtomicU32, expected: u32) {
    let queue = queue(word);
    let held = queue.lock.lock().expect("nobody panics with the lock held");
    if word.load(Ordering::Relaxed) == expected {
        drop(queue.woken.wait(held));
    }
}

pub(crate) fn wake_one(word: *const AtomicU32) {
    let queue = queue(word);
    let held = queue.lock.lock().expect("nobody panics with the lock held");
    queue.woken.notify_one();
    drop(held);
}
