//! A number of permits, and those who wait for some: strictly first come, first
//! served. A semaphore is made of it.
//!
//! ```text
//!  63                           1   0
//! +------------------------------+---+
//! | free permits                 | W |     W: somebody waits
//! +------------------------------+---+
//! ```
//!
//! * *Taking* is one exchange of the word if W is not set and there are enough.
//!   Otherwise it takes the lock and sets W: from then on nobody takes permits who
//!   does not hold the lock. If nobody is in the queue and there are enough now, it
//!   takes them; else it stands in the queue before the lock is released.
//! * *Giving back* is one exchange of the word. If it finds W it takes the lock too,
//!   and *serves*: gives permits to the first in the queue, and again, until there
//!   are not enough for who is first then. If the queue is empty it clears W.
//!
//! So W is set while anybody is in the queue. Permits that come back before W was set
//! are seen by who set it, and those that come back later are served by who brings
//! them: nobody waits for what is there. Who is first and asks for much is waited for
//! by the rest, or small requests could keep him out for ever. Who gives up passes his
//! turn on: he serves as well.
//!
//! Permits may be destroyed, so that there are fewer in all. Who asks for more than
//! there are could only hold up the others; so he leaves the queue as soon as he is
//! first in it, and waits elsewhere, for his time to run out.
//!
//! Memory is ordered by the word, whose changes are all exchanges: giving back
//! releases, and who takes acquires, be it for himself or for somebody in the queue.

use crate::base::atomic::{AtomicUsize, Ordering};
use crate::base::lock::{Guard, Lock};
use crate::park::wait_queue::{self, End, Ended, Queued, ToReady, Until, WaitQueue};
use crate::park::{Place, Woken};

/// Somebody waits.
const WAITS: usize = 1;
/// One permit.
const ONE: usize = 2;

// Answers.
/// What was asked for was taken out of the word.
const TAKEN: usize = 0;
/// There will never be as many.
const TOO_MANY: usize = 1;

/// Permits to take and give back.
#[derive(Debug)]
pub(crate) struct Permits {
    word: AtomicUsize,
    line: Lock<Line>,
}

#[derive(Debug)]
struct Line {
    queue: WaitQueue,
    /// Permits that exist, free or not.
    total: usize,
}

impl Queued for Line {
    fn queue(&self) -> &WaitQueue {
        &self.queue
    }
}

/// Why permits were not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    TimedOut,
    Interrupted,
    /// It would have waited for ever: this is how many there are in all.
    Never(usize),
}

impl Permits {
    /// Permits at most.
    pub(crate) const MOST: usize = usize::MAX / ONE;

    pub(crate) const fn new(total: usize) -> Self {
        assert!(
            total <= Self::MOST,
            "more permits than a semaphore can have"
        );
        Permits {
            word: AtomicUsize::new(total * ONE),
            line: Lock::new(Line {
                queue: WaitQueue::new(),
                total,
            }),
        }
    }

    /// How many are free.
    pub(crate) fn free(&self) -> usize {
        self.word.load(Ordering::Relaxed) / ONE
    }

    /// Takes permits if they are there and nobody waits.
    #[inline]
    pub(crate) fn try_take(&self, count: usize) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITS == 0 && word / ONE >= count {
            match self.word.compare_exchange_weak(
                word,
                word - count * ONE,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
        false
    }

    /// Takes permits, or waits for them. It may be that they were there already.
    #[cold]
    #[inline(never)]
    pub(crate) fn take(&self, count: usize, until: Until<'_>, place: Place) -> Result<(), Refused> {
        loop {
            let line = self.line.lock();
            let word = self.word.fetch_or(WAITS, Ordering::Acquire);
            let nobody = line.queue.first_demand().is_none();
            if nobody && word / ONE >= count {
                // Others only add to it now.
                self.word.fetch_sub(count * ONE + WAITS, Ordering::Relaxed);
                return Ok(());
            }
            if count > line.total {
                let total = line.total;
                self.nobody_waits(&line);
                drop(line);
                return Err(never(total, until, place));
            }
            match wait_queue::wait(&self.line, line, End::Back, count, until, place) {
                Ended::Granted(TAKEN) => return Ok(()),
                Ended::Granted(_) => {}
                Ended::TimedOut => {
                    self.serve();
                    return Err(Refused::TimedOut);
                }
                Ended::Interrupted => {
                    self.serve();
                    return Err(Refused::Interrupted);
                }
            }
        }
    }

    /// Gives permits back.
    #[inline]
    pub(crate) fn give(&self, count: usize) {
        let before = self.word.fetch_add(count * ONE, Ordering::Release);
        if before & WAITS != 0 {
            self.serve();
        }
    }

    /// Destroys permits that the caller has taken.
    pub(crate) fn destroy(&self, count: usize) {
        let mut ready = ToReady::new();
        let mut line = self.line.lock();
        line.total -= count;
        // The first may ask for too many now.
        self.serve_line(&line, &mut ready);
        drop(line);
        drop(ready);
    }

    /// Gives what is there to those who wait.
    #[cold]
    #[inline(never)]
    fn serve(&self) {
        let mut ready = ToReady::new();
        let line = self.line.lock();
        self.serve_line(&line, &mut ready);
        drop(line);
        drop(ready);
    }

    fn serve_line(&self, line: &Guard<'_, Line>, ready: &mut ToReady) {
        loop {
            let free = self.word.load(Ordering::Acquire) / ONE;
            let mut answer = TAKEN;
            let decide = |demand| {
                answer = if demand > line.total { TOO_MANY } else { TAKEN };
                (answer == TOO_MANY || demand <= free).then_some(answer)
            };
            match line.queue.grant_by(decide, ready) {
                // He may have gone on and given them back already, which harms nobody:
                // only we take, and we know of `free` alone.
                Some(demand) if answer == TAKEN => {
                    self.word.fetch_sub(demand * ONE, Ordering::Relaxed);
                }
                Some(_) => {}
                None => break,
            }
        }
        self.nobody_waits(line);
    }

    /// Takes W away if that is so.
    fn nobody_waits(&self, line: &Guard<'_, Line>) {
        if line.queue.is_empty() {
            self.word.fetch_and(!WAITS, Ordering::Relaxed);
        }
    }
}

/// Waits for time to run out, in no queue.
fn never(total: usize, until: Until<'_>, place: Place) -> Refused {
    if until.is_endless() {
        return Refused::Never(total);
    }
    match wait_queue::wait_for_nothing(&until, place) {
        Woken::Interrupted => Refused::Interrupted,
        Woken::TimedOut | Woken::Ready => Refused::TimedOut,
    }
}
