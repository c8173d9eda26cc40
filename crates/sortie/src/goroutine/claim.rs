//! One winner for each wait that several parties may end.
//!
//! A goroutine that waits with a time-out, or on several channels, may be made
//! ready by several parties at once; exactly one of them must do it. Each wait
//! has a *ticket*, a number that is never used again for this header. The claim
//! word goes through four values for each:
//!
//! ```text
//!  word        meaning
//!  ticket      open: others may know of the wait, but its owner still runs
//!  ticket + 1  parked: its owner can be made ready
//!  ticket + 2  won: somebody has ended it
//! ```
//!
//! Whoever wants to end the wait exchanges the word for `ticket + 2`. One
//! succeeds; for a stale ticket nobody does. The winner of a parked wait makes
//! its owner ready. The winner of an open one does not: the owner finds that out
//! when it tries to [`arm`](Claim::arm) the wait, and goes on by itself.
//!
//! This is what lets a `select` put itself into one channel's queue after the
//! other without holding all their locks.

use crate::base::atomic::{AtomicU64, Ordering};

/// The claim word.
#[derive(Debug)]
pub(crate) struct Claim(AtomicU64);

/// Names one wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// In which state somebody found a wait that he ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "the owner of a parked wait must be made ready"]
pub(crate) enum Won {
    /// Its owner is parked, and the winner makes it ready.
    Parked,
    /// Its owner still runs, and will notice.
    Early,
}

impl Ticket {
    /// No wait.
    pub(crate) const NONE: Ticket = Ticket(0);

    const STEP: u64 = 4;

    const fn parked(self) -> u64 {
        self.0 + 1
    }

    const fn won(self) -> u64 {
        self.0 + 2
    }
}

impl Claim {
    /// A claim for memory that was never used.
    pub(crate) const fn new() -> Self {
        Claim(AtomicU64::new(Ticket::NONE.won()))
    }

    /// Lets tickets start after `past`. For a header whose memory was given back
    /// in between, `past` is the time in nanoseconds, which is ahead of any
    /// ticket used before: nobody waits 250 million times a second.
    pub(crate) fn start_after(&self, past: u64) {
        self.0.store(past | Ticket(0).won(), Ordering::Relaxed);
    }

    /// Opens the next wait. The caller is the one who waits.
    #[inline]
    pub(crate) fn open(&self) -> Ticket {
        let last = self.0.load(Ordering::Relaxed);
        debug_assert!(last % Ticket::STEP >= 2, "a wait is open already");
        let ticket = (last - last % Ticket::STEP).wrapping_add(Ticket::STEP);
        // Relaxed: the ticket reaches others through a lock.
        self.0.store(ticket, Ordering::Relaxed);
        Ticket(ticket)
    }

    /// Turns an open wait into a parked one. `false` if it has been won already.
    #[inline]
    #[must_use]
    pub(crate) fn arm(&self, ticket: Ticket) -> bool {
        self.0
            .compare_exchange(
                ticket.0,
                ticket.parked(),
                Ordering::AcqRel,
                Ordering::Acquire,
            )
            .is_ok()
    }

    /// Tries to be the one to end a wait.
    #[inline]
    pub(crate) fn win(&self, ticket: Ticket) -> Option<Won> {
        let exchange = |from| {
            self.0
                .compare_exchange(from, ticket.won(), Ordering::AcqRel, Ordering::Acquire)
        };
        match exchange(ticket.parked()) {
            Ok(_) => Some(Won::Parked),
            Err(seen) if seen == ticket.0 => match exchange(ticket.0) {
                Ok(_) => Some(Won::Early),
                // Its owner has parked meanwhile.
                Err(seen) if seen == ticket.parked() => {
                    exchange(seen).is_ok().then_some(Won::Parked)
                }
                Err(_) => None,
            },
            Err(_) => None,
        }
    }

    /// Whether nobody has ended the wait. Somebody may at any moment.
    #[inline]
    pub(crate) fn is_open(&self, ticket: Ticket) -> bool {
        let word = self.0.load(Ordering::Acquire);
        word == ticket.0 || word == ticket.parked()
    }
}
