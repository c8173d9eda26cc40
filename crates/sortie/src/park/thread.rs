//! Waiting on a plain OS thread: the same contract, on a futex.

use super::Woken;
use crate::base::atomic::{AtomicU32, Ordering};
use crate::base::backoff::Backoff;
use crate::base::clock::{self, NEVER};
use crate::base::futex;
use crate::goroutine::claim::{Claim, Ticket};
use crate::sched::{Commit, deadlock};
use std::cell::Cell;

// Values of `word`.
const NOTHING: u32 = 0;
/// It was made ready.
const READY: u32 = 1;
/// It sleeps, or is about to.
const SLEEPS: u32 = 2;

/// Where a thread waits. Threads get one on first use, and leave it to another
/// thread at their end, so that a stale ticket always finds a claim.
#[derive(Debug)]
pub(crate) struct ThreadParker {
    /// One of the values below.
    word: AtomicU32,
    /// Whether the wait has no time-out, and counts for deadlocks.
    counts: AtomicU32,
    pub(crate) claim: Claim,
}

/// Parkers whose thread has ended.
static FREE: std::sync::Mutex<Vec<&'static ThreadParker>> = std::sync::Mutex::new(Vec::new());

/// A thread's own parker, returned at its end.
struct Own(Cell<Option<&'static ThreadParker>>);

impl Drop for Own {
    fn drop(&mut self) {
        if let (Some(parker), Ok(mut free)) = (self.0.get(), FREE.lock()) {
            free.push(parker);
        }
    }
}

impl ThreadParker {
    pub(crate) const fn new() -> Self {
        ThreadParker {
            word: AtomicU32::new(NOTHING),
            counts: AtomicU32::new(0),
            claim: Claim::new(),
        }
    }

    /// The calling thread's.
    pub(crate) fn current() -> &'static ThreadParker {
        thread_local! {
            static OWN: Own = const { Own(Cell::new(None)) };
        }
        let take = || FREE.lock().ok().and_then(|mut free| free.pop());
        let new = || -> &'static ThreadParker { Box::leak(Box::new(ThreadParker::new())) };
        OWN.try_with(|own| {
            if own.0.get().is_none() {
                own.0.set(Some(take().unwrap_or_else(new)));
            }
            own.0.get()
        })
        .ok()
        .flatten()
        // The thread is ending: a parker for one wait.
        .unwrap_or_else(new)
    }

    /// Makes the thread ready. After that the thread may end any moment; the
    /// parker stays.
    pub(crate) fn ready(&self) {
        if self.counts.swap(0, Ordering::AcqRel) == 1 {
            deadlock::thread_is_ready();
        }
        if self.word.swap(READY, Ordering::AcqRel) == SLEEPS {
            futex::wake_one(&self.word);
        }
    }

    /// # Safety
    /// As [`park`](super::park); the caller is this parker's thread.
    pub(super) unsafe fn park(&self, commit: Commit) {
        self.counts.store(1, Ordering::Release);
        deadlock::thread_waits();
        // SAFETY: called once.
        if unsafe { (commit.run)(commit.data) } {
            while !self.is_ready(NEVER) {}
        } else {
            self.undo();
        }
    }

    /// # Safety
    /// As [`park_claimed`](super::park_claimed); the caller is this parker's
    /// thread.
    pub(super) unsafe fn park_claimed(&self, ticket: Ticket, deadline: u64) -> Woken {
        if deadline == NEVER {
            self.counts.store(1, Ordering::Release);
            deadlock::thread_waits();
        }
        if !self.claim.arm(ticket) {
            // Somebody ended the wait before it began, and leaves the rest to us.
            self.undo();
            return Woken::Ready;
        }
        loop {
            // If somebody else won, he is about to make us ready.
            let until = if self.claim.is_open(ticket) {
                deadline
            } else {
                NEVER
            };
            if self.is_ready(until) {
                return Woken::Ready;
            }
            if clock::now() >= deadline && self.claim.win(ticket).is_some() {
                return Woken::TimedOut;
            }
        }
    }

    /// The thread does not wait after all.
    fn undo(&self) {
        if self.counts.swap(0, Ordering::AcqRel) == 1 {
            deadlock::thread_is_ready();
        }
    }

    /// Waits a while to be made ready, first awake: a peer that runs on another
    /// CPU is often faster than the kernel. Returns whether it was.
    fn is_ready(&self, deadline: u64) -> bool {
        let mut backoff = Backoff::new();
        while !backoff.is_over() {
            if self.word.load(Ordering::Relaxed) == READY {
                break;
            }
            backoff.snooze();
        }
        if self
            .word
            .compare_exchange(NOTHING, SLEEPS, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
        {
            futex::wait_until(&self.word, SLEEPS, deadline);
        }
        self.word.swap(NOTHING, Ordering::AcqRel) == READY
    }
}
