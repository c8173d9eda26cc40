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
//!   events == seen?                    end the first wait
//!     then into the queue, unlock      unlock
//!     and park; else unlock
//!   again
//!   done, or failed otherwise?
//!     then end the next wait
//! ```
//!
//! What arrives before the number was read is found by trying. What arrives later is an
//! event, by which either the number differs, or the reader is in the queue. Nobody ever
//! *takes* readiness away, as Go's `pdReady` is taken, so any number may read at the same
//! time.
//!
//! # One at a time
//! An event may be about several things that arrived, or about an end that concerns all;
//! but if it is about one connection to a listener, most of those who wait would be woken
//! for nothing. So it wakes the first of them only, who has the *turn* now. If he finds
//! something there may be more, so he passes the turn on, whatever his operation came to;
//! if the kernel says `EAGAIN` there is not, and the turn ends: what arrives after that is
//! another event; who waits again after that comes first. If nobody else waited when the
//! turn began there is nobody to pass it to: who comes later tries first.
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
/// There was an event: it is his turn.
const READY: usize = 0;
/// The same, and others wait, too.
const READY_BEFORE_OTHERS: usize = 1;
/// The limit has changed.
const CHANGED: usize = 2;

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

impl Line {
    /// Lets the first of those who wait try.
    fn wake_one(&self, ready: &mut ToReady) {
        let answer = |_| {
            Some(match self.0.holds_several() {
                true => READY_BEFORE_OTHERS,
                false => READY,
            })
        };
        self.0.grant_by(answer, ready);
    }
}

/// The turn of one direction, if the caller was woken to try: passed on to the next who
/// waits when it is dropped, unless it has [ended](Self::end) by then.
#[derive(Debug)]
pub(crate) struct Turn<'a> {
    readiness: &'a Readiness,
    /// Whether others waited when it began.
    among_others: bool,
    /// Where the caller waits: where he was, if he has had his turn.
    end: End,
}

impl Turn<'_> {
    /// There was nothing: the caller is going to wait, or to give up.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.among_others = false;
    }

    /// The caller was woken.
    pub(crate) fn begin(&mut self, woken: Woken) {
        self.among_others = woken.among_others;
        if woken.had_waited {
            self.end = End::Front;
        }
    }

    /// Where in the queue to wait.
    pub(crate) fn place(&self) -> End {
        self.end
    }
}

impl Drop for Turn<'_> {
    #[inline]
    fn drop(&mut self) {
        if self.among_others {
            self.readiness.pass_on();
        }
    }
}

/// That there was an event.
#[derive(Debug, Clone, Copy)]
#[must_use]
pub(crate) struct Woken {
    among_others: bool,
    /// Whether it was for him.
    had_waited: bool,
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

    /// Waits for an event since `seen`, having tried in vain, at this end of the queue. The
    /// caller has the turn then, and is to try.
    ///
    /// # Errors
    /// If there is no point in trying any more.
    pub(crate) fn wait(
        &self,
        (seen, end): (Seen, End),
        until: Until<'_>,
        place: Place,
    ) -> Result<Woken, Refused> {
        loop {
            let line = self.line.lock();
            if self.events.load(Ordering::Relaxed) != seen.0 {
                // If others wait the event was theirs.
                return Ok(Woken {
                    among_others: false,
                    had_waited: false,
                });
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
            match wait_queue::wait(&self.line, line, end, 0, until, place) {
                Ended::Granted(answer @ (READY | READY_BEFORE_OTHERS)) => {
                    return Ok(Woken {
                        among_others: answer == READY_BEFORE_OTHERS,
                        had_waited: true,
                    });
                }
                Ended::Granted(_) | Ended::TimedOut => {}
                Ended::Interrupted => return Err(Refused::Interrupted),
            }
        }
    }

    /// The turn of one who operates on this direction, which has not begun.
    #[inline]
    pub(crate) fn turn(&self) -> Turn<'_> {
        Turn {
            readiness: self,
            among_others: false,
            end: End::Back,
        }
    }

    /// Gives the turn to the next who waits, if there is one.
    #[cold]
    #[inline(never)]
    fn pass_on(&self) {
        let mut ready = ToReady::new();
        let line = self.line.lock();
        line.wake_one(&mut ready);
        drop(line);
        drop(ready);
    }

    /// There was an event: the first wait ends. Who waited is woken when `ready` is
    /// dropped.
    pub(crate) fn notify(&self, ready: &mut ToReady) {
        let line = self.line.lock();
        let events = self.events.load(Ordering::Relaxed);
        self.events.store(events.wrapping_add(1), Ordering::Release);
        line.wake_one(ready);
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
