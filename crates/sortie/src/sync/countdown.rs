//! A count of members, and those who wait until none is left. `WaitGroup` and
//! `ErrGroup` are made of it.
//!
//! ```text
//!  63            32 31      1   0
//! +----------------+---------+---+
//! | members, signed|    -    | W |     W: somebody waits
//! +----------------+---------+---+
//! ```
//!
//! * *Counting* is one exchange of the word, up or down. Who counts down to 0 and
//!   finds W set takes the lock, and if the count is 0 still, clears W and ends all
//!   waits. If it is not, somebody will count down to 0 again.
//! * *Waiting* sets W, with the lock held and only while the count is not 0, and
//!   stands in the queue before the lock is released. So whoever counts down to 0
//!   after that finds W, and then finds the waiter too.
//!
//! A waiter that gives up takes W away if it was the last. So W says that somebody is
//! waiting *now*, which the checks for misuse rely on: whoever counts up from 0 and
//! finds W set starts a new round while those who wait for the old one have not been
//! told yet. Go's checks are these, and the words of its panics. They also are why
//! all who are in the queue may be told at once: they wait for the same round.
//!
//! Memory is ordered by the word: each count down releases, and each waiter acquires by
//! looking at it before he goes on, whoever ended his wait. All changes are exchanges,
//! even where something is undone, so that nothing breaks the chain.
//!
//! Go has the number of waiters in the word, and a semaphore for them. Here they are
//! in a queue in any case, since each may give up.

use crate::base::atomic::{AtomicU64, Ordering};
use crate::base::lock::Lock;
use crate::park::Place;
use crate::park::wait_queue::{self, End, Ended, Queued, ToReady, Until, WaitQueue};

/// Somebody waits.
const WAITS: u64 = 1;
/// One member.
const ONE: u64 = 1 << 32;
/// Members at most.
const MOST: usize = i32::MAX as usize;

/// A count of members to wait for.
#[derive(Debug)]
pub(crate) struct Countdown {
    word: AtomicU64,
    waiting: Lock<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    queue: WaitQueue,
}

impl Queued for Waiting {
    fn queue(&self) -> &WaitQueue {
        &self.queue
    }
}

/// How many members a word tells of. Below 0 while a mistake is undone.
fn members(word: u64) -> i32 {
    (word >> 32) as i32
}

impl Countdown {
    pub(crate) const fn new() -> Self {
        Countdown {
            word: AtomicU64::new(0),
            waiting: Lock::new(Waiting {
                queue: WaitQueue::new(),
            }),
        }
    }

    /// How many members there are.
    pub(crate) fn members(&self) -> usize {
        usize::try_from(members(self.word.load(Ordering::Relaxed))).unwrap_or(0)
    }

    /// Counts members up.
    ///
    /// # Panics
    /// If they are too many, or come too late for those who wait.
    #[inline]
    #[track_caller]
    pub(crate) fn add(&self, count: usize) {
        if count == 0 {
            return;
        }
        assert!(count <= MOST, "{TOO_MANY}");
        let before = self.word.fetch_add(count as u64 * ONE, Ordering::Relaxed);
        if before == WAITS || i64::from(members(before)) + count as i64 > MOST as i64 {
            self.refuse(count, before);
        }
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn refuse(&self, count: usize, before: u64) {
        // As if they had been members for a moment: somebody may wait for them.
        let now = self.word.fetch_sub(count as u64 * ONE, Ordering::Relaxed);
        if members(now) as usize == count {
            self.end_waits(now);
        }
        if before == WAITS {
            panic!("{LATE}");
        }
        panic!("{TOO_MANY}");
    }

    /// Counts a member down.
    ///
    /// # Panics
    /// If there is none.
    #[inline]
    #[track_caller]
    pub(crate) fn done(&self) {
        let before = self.word.fetch_sub(ONE, Ordering::Release);
        // It was the last one, or none.
        if (before as i64) <= (ONE | WAITS) as i64 {
            self.last(before);
        }
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn last(&self, before: u64) {
        if members(before) == 1 {
            self.end_waits(before);
        } else {
            self.word.fetch_add(ONE, Ordering::Relaxed);
            panic!("{NEGATIVE}");
        }
    }

    /// The count went from that to 0.
    fn end_waits(&self, before: u64) {
        if before & WAITS == 0 {
            return;
        }
        let mut ready = ToReady::new();
        let waiting = self.waiting.lock();
        // They may have been told, or all have given up, and others wait for the next
        // round by now.
        if members(self.word.load(Ordering::Relaxed)) <= 0 {
            self.word.fetch_and(!WAITS, Ordering::Relaxed);
            waiting.queue.grant_all(0, &mut ready);
        }
        drop(waiting);
        drop(ready);
    }

    /// Waits until no member is left.
    ///
    /// # Panics
    /// If there are members again by the time the caller is awake.
    #[inline]
    #[track_caller]
    pub(crate) fn wait(&self, until: Until<'_>, place: Place) -> Ended {
        if members(self.word.load(Ordering::Acquire)) <= 0 {
            return Ended::Granted(0);
        }
        self.wait_slow(until, place)
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn wait_slow(&self, until: Until<'_>, place: Place) -> Ended {
        let waiting = self.waiting.lock();
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            if members(word) <= 0 {
                return Ended::Granted(0);
            }
            match self.word.compare_exchange_weak(
                word,
                word | WAITS,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => break,
                Err(now) => word = now,
            }
        }
        let ended = wait_queue::wait(&self.waiting, waiting, End::Back, 0, until, place);
        if let Ended::Granted(_) = ended {
            if members(self.word.load(Ordering::Acquire)) > 0 {
                panic!("{REUSED}");
            }
            return ended;
        }
        let waiting = self.waiting.lock();
        if waiting.queue.is_empty() {
            self.word.fetch_and(!WAITS, Ordering::Relaxed);
        }
        drop(waiting);
        // The last member may have been done in the last moment.
        if members(self.word.load(Ordering::Acquire)) <= 0 {
            return Ended::Granted(0);
        }
        ended
    }
}

const NEGATIVE: &str = "sync: negative WaitGroup counter: somebody counted down who was not \
    counted; call `add` before starting what calls `done`, once for each";

const LATE: &str = "sync: WaitGroup misuse: Add called concurrently with Wait: the last member \
    is done, and those who wait have not been told yet; count new members before waiting, or \
    while another is not done";

const REUSED: &str = "sync: WaitGroup is reused before previous Wait has returned: new members \
    were counted while somebody was still on his way out of `wait`; count them when every `wait` \
    has returned, or use another group";

const TOO_MANY: &str = "sync: WaitGroup has room for 2147483647 members";
