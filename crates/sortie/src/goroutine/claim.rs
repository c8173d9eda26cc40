//! One winner for each wait that several parties may end.
//!
//! A goroutine that waits with a time-out, or on several channels, may be made
//! ready by several parties at once; exactly one of them must do it. Each wait
//! has a *ticket*, an even number that is never used again for this header.
//! Whoever wants to end the wait tries to exchange the ticket for the odd number
//! after it. One succeeds; for a stale ticket nobody does.

use crate::base::atomic::{AtomicU64, Ordering};

/// The claim word.
#[derive(Debug)]
pub(crate) struct Claim(AtomicU64);

/// Names one wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

impl Ticket {
    /// No wait.
    pub(crate) const NONE: Ticket = Ticket(0);
}

impl Claim {
    /// A claim for memory that was never used.
    pub(crate) const fn new() -> Self {
        Claim(AtomicU64::new(1))
    }

    /// Lets tickets start after `past`. For a header whose memory was given back
    /// in between, `past` is the time in nanoseconds, which is ahead of any
    /// ticket used before: nobody waits a billion times a second.
    pub(crate) fn start_after(&self, past: u64) {
        self.0.store(past | 1, Ordering::Relaxed);
    }

    /// Opens the next wait. The caller is the one who waits.
    #[inline]
    pub(crate) fn open(&self) -> Ticket {
        let ticket = self.0.load(Ordering::Relaxed).wrapping_add(1);
        debug_assert!(ticket.is_multiple_of(2), "a wait is open already");
        // Relaxed: the ticket reaches others through a lock.
        self.0.store(ticket, Ordering::Relaxed);
        Ticket(ticket)
    }

    /// Tries to be the one to end a wait. Whoever gets `true` must.
    #[inline]
    pub(crate) fn win(&self, ticket: Ticket) -> bool {
        self.0
            .compare_exchange(ticket.0, ticket.0 + 1, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// Whether the wait is still open. It may end any moment.
    #[inline]
    pub(crate) fn is_open(&self, ticket: Ticket) -> bool {
        self.0.load(Ordering::Acquire) == ticket.0
    }
}
