//! Waiting until one direction of a descriptor is ready. Go's `pollDesc`.
//!
//! Whoever wants to read does not ask whether there is something; he tries. Only if the
//! kernel says `EAGAIN` he waits, until the poller tells that things have changed, and
//! tries again.
//!
//! ```text
//!   who reads                          poller
//!   seen = events                      an event came
//!   try; EAGAIN                        lock
//!   lock                               events += 1
//!   events == seen?                    end all waits
//!     then into the queue, unlock      unlock
//!     and park; else unlock
//!   again
//! ```
//!
//! What arrives before the number was read is found by trying. What arrives later is an
//! event, by which either the number differs, or the reader is in the queue. Nobody ever
//! *takes* readiness away, as Go's `pdReady` is taken, so any number may read at the same
//! time; each event wakes all of them, and who comes too late waits again.
//!
//! The *limit* is the time when waiting ends for all, now and later. Changing it wakes
//! them, to look at the new one. The last change closes.
//!
//! The order of memory is the lock's, but for the number that is read before trying: that
//! acquires, so that who sees an event also sees what the event is about.

use super::Place;
use super::wait_queue::{self, End, Ended, Queued, ToReady, Until, WaitQueue};
use crate::base::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::base::clock::{self, NEVER};
use crate::base::lock::Lock;

/// The limit of what is closed. No deadline is at 0.
const CLOSED: u64 = 0;

// Answers.
/// There was an event.
const READY: usize = 0;
/// The limit has changed.
const CHANGED: usize = 1;

/// One direction of a descriptor.
#[derive(Debug)]
pub(crate) struct Readiness {
    /// Counts events. It may wrap: nobody is behind that far.
    events: AtomicU32,
    /// When waiting ends for all. Changed under the lock.
    limit: AtomicU64,
    line: Lock<Line>,
}

#[derive(Debug)]
struct Line(WaitQueue);

impl Queued for Line {
    fn queue(&self) -> &WaitQueue {
        &self.0
    }
}

/// How many events there were, before trying.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen(u32);

/// Why there is no point in trying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The time of this wait has run out.
    TimedOut,
    /// The limit for all has passed.
    Expired,
    /// The interrupt happened.
    Interrupted,
    /// It is closed.
    Closed,
}

impl Readiness {
    pub(crate) const fn new() -> Self {
        Readiness {
            events: AtomicU32::new(0),
            limit: AtomicU64::new(NEVER),
            line: Lock::new(Line(WaitQueue::new())),
        }
    }

    /// To be called before trying.
    ///
    /// # Errors
    /// If there is no point in it, since it is closed, or the limit has passed.
    #[inline]
    pub(crate) fn begin(&self) -> Result<Seen, Refused> {
        let limit = self.limit.load(Ordering::Relaxed);
        if limit != NEVER {
            check(limit)?;
        }
        Ok(Seen(self.events.load(Ordering::Acquire)))
    }

    /// Waits for an event since `seen`, having tried in vain.
    ///
    /// # Errors
    /// If there is no point in trying any more.
    pub(crate) fn wait(&self, seen: Seen, until: Until<'_>, place: Place) -> Result<(), Refused> {
        loop {
            let line = self.line.lock();
            if self.events.load(Ordering::Relaxed) != seen.0 {
                return Ok(());
            }
            let limit = self.limit.load(Ordering::Relaxed);
            check(limit)?;
            if until.is_over() {
                return Err(Refused::TimedOut);
            }
            let until = Until {
                deadline: until.deadline.min(limit),
                ..until
            };
            match wait_queue::wait(&self.line, line, End::Back, 0, until, place) {
                Ended::Granted(READY) => return Ok(()),
                Ended::Granted(_) | Ended::TimedOut => {}
                Ended::Interrupted => return Err(Refused::Interrupted),
            }
        }
    }

    /// There was an event: ends all waits. Who waited is woken when `ready` is dropped.
    pub(crate) fn notify(&self, ready: &mut ToReady) {
        let line = self.line.lock();
        let events = self.events.load(Ordering::Relaxed);
        self.events.store(events.wrapping_add(1), Ordering::Release);
        line.0.grant_all(READY, ready);
    }

    /// Changes the limit, for those who wait as well, unless it is closed.
    pub(crate) fn set_limit(&self, limit: u64) {
        self.change(limit.max(1));
    }

    /// Closes it: all waits end, and none begins.
    pub(crate) fn close(&self) {
        self.change(CLOSED);
    }

    fn change(&self, limit: u64) {
        let mut ready = ToReady::new();
        let line = self.line.lock();
        if self.limit.load(Ordering::Relaxed) != CLOSED {
            self.limit.store(limit, Ordering::Relaxed);
            line.0.grant_all(CHANGED, &mut ready);
        }
        drop(line);
        drop(ready);
    }

    /// Whether it is closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.limit.load(Ordering::Relaxed) == CLOSED
    }

    /// Opens it again, for the next descriptor. Nobody waits.
    pub(super) fn reopen(&self) {
        let line = self.line.lock();
        debug_assert!(line.0.is_empty(), "somebody waits for what is dropped");
        self.limit.store(NEVER, Ordering::Relaxed);
    }
}

/// Whether a limit is in the future.
fn check(limit: u64) -> Result<(), Refused> {
    match limit {
        NEVER => Ok(()),
        CLOSED => Err(Refused::Closed),
        limit if clock::now() >= limit => Err(Refused::Expired),
        _ => Ok(()),
    }
}
