//! The timers of one processor.
//!
//! A heap under a lock, with the time of its first entry in an atomic, so that
//! looking whether anything is due costs one load. Cancelling a wait does
//! nothing here: its entry stays until it is due or until stale entries are the
//! majority, and then finds its ticket void. The lock is uncontended unless one
//! processor looks after another's timers.

use crate::base::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::base::clock::NEVER;
use crate::base::heap::Heap;
use crate::base::lock::Lock;
use crate::goroutine::claim::Ticket;
use crate::goroutine::{GRef, List};

/// What a timer does when it is due.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Alarm {
    /// Ends the wait of a goroutine, which finds [`TIMED_OUT`] as the outcome.
    Wake(GRef, Ticket),
}

/// Outcome of a wait that its timer ended.
pub(crate) const TIMED_OUT: usize = usize::MAX;

/// A processor's timers.
#[derive(Debug)]
pub(crate) struct Timers {
    /// When the first entry is due. Written under the lock.
    next: AtomicU64,
    /// How many entries were cancelled, about.
    stale: AtomicUsize,
    heap: Lock<Heap<Alarm>>,
}

impl Timers {
    pub(crate) const fn new() -> Self {
        Timers {
            next: AtomicU64::new(NEVER),
            stale: AtomicUsize::new(0),
            heap: Lock::new(Heap::new()),
        }
    }

    /// When the next timer is due, or [`NEVER`].
    #[inline(always)]
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Sets a timer. Returns whether it is now the first.
    pub(crate) fn add(&self, when: u64, alarm: Alarm) -> bool {
        let mut heap = self.heap.lock();
        heap.push(when, alarm);
        let first = heap.first().unwrap_or(NEVER);
        // Release, and a submitter's barrier after it: a machine that goes to
        // sleep looks here last.
        self.next.store(first, Ordering::Release);
        first == when
    }

    /// Notes that the wait of one entry ended otherwise.
    pub(crate) fn note_stale(&self) {
        let stale = self.stale.fetch_add(1, Ordering::Relaxed) + 1;
        if stale.is_multiple_of(64) {
            self.compact();
        }
    }

    /// Drops stale entries if they are the majority.
    fn compact(&self) {
        let mut heap = self.heap.lock();
        let stale = self.stale.load(Ordering::Relaxed);
        if stale * 2 > heap.len() {
            heap.retain(|alarm| match alarm {
                Alarm::Wake(g, ticket) => g.claim.is_open(*ticket),
            });
            self.stale.store(0, Ordering::Relaxed);
            self.next
                .store(heap.first().unwrap_or(NEVER), Ordering::Release);
        }
    }

    /// Takes what is due at `now`; whoever thereby became ready is added to
    /// `ready`.
    pub(crate) fn expire(&self, now: u64, ready: &mut List) {
        if self.next() > now {
            return;
        }
        let mut heap = self.heap.lock();
        while heap.first().is_some_and(|first| first <= now) {
            let Some((_, alarm)) = heap.pop() else { break };
            match alarm {
                Alarm::Wake(g, ticket) => {
                    // Always parked: its timer is set after it is.
                    if g.claim.win(ticket).is_some() {
                        g.outcome.set(TIMED_OUT);
                        ready.push_back(g);
                    }
                }
            }
        }
        self.next
            .store(heap.first().unwrap_or(NEVER), Ordering::Release);
    }

    /// Moves all timers to another processor's.
    pub(crate) fn move_to(&self, other: &Timers) {
        let entries = self.heap.lock().take();
        self.next.store(NEVER, Ordering::Release);
        for (when, alarm) in entries {
            other.add(when, alarm);
        }
    }
}
