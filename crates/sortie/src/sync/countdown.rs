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
//! Memory is ordered by the word: each count down releases, the last acquires, and so
//! does who finds the count at 0. Counting is an exchange even where it goes wrong, so
//! that nothing breaks the chain.
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
        let now = self.word.fetch_sub(count as u64 * ONE, Ordering::AcqRel);
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
        let before = self.word.fetch_sub(ONE, Ordering::AcqRel);
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
        if members(self.word.load(Ordering::Acquire)) <= 0 {
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
            if members(self.word.load(Ordering::Acquire)) != 0 {
                panic!("{REUSED}");
            }
        } else {
            let waiting = self.waiting.lock();
            if waiting.queue.is_empty() {
                self.word.fetch_and(!WAITS, Ordering::Relaxed);
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::goroutine::WaitReason;
    use crate::park::Waiter;
    use crate::park::wait_queue::{Entry, Interrupt};
    use std::panic::{AssertUnwindSafe, Location, catch_unwind};
    use std::sync::{Arc, Mutex};
    use std::thread;

    fn here() -> Place {
        Place {
            reason: WaitReason::WaitGroup,
            location: Location::caller(),
            origin: None,
        }
    }

    /// What a panic said.
    fn complaint(f: impl FnOnce()) -> String {
        let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
        *payload.downcast().expect("a message")
    }

    fn until_somebody_waits(group: &Countdown) {
        while group.word.load(Ordering::Relaxed) & WAITS == 0 {
            thread::yield_now();
        }
    }

    /// Between the last `done` and the end of the waits.
    #[test]
    fn adding_before_those_who_wait_were_told() {
        let group = Arc::new(Countdown::new());
        group.add(1);
        let waits = {
            let group = group.clone();
            thread::spawn(move || group.wait(Until::GRANTED, here()))
        };
        until_somebody_waits(&group);
        let before = group.word.fetch_sub(ONE, Ordering::AcqRel);
        assert_eq!(before, ONE | WAITS);
        let message = complaint(|| group.add(1));
        assert!(message.contains("Add called concurrently with Wait"));
        // What was refused does not count; and the wait is over, whoever told.
        assert_eq!(waits.join().unwrap(), Ended::Granted(0));
        assert_eq!(group.word.load(Ordering::Relaxed), 0);
        group.end_waits(before);
        group.add(1);
        assert_eq!(group.members(), 1);
    }

    #[test]
    fn adding_before_the_waiter_is_awake() {
        let group = Arc::new(Countdown::new());
        group.add(1);
        let waits = {
            let group = group.clone();
            thread::spawn(move || complaint(|| drop(group.wait(Until::GRANTED, here()))))
        };
        until_somebody_waits(&group);
        // The lock keeps who is told from looking at the word, if he was not parked;
        // and nobody has told him if he was.
        let mut ready = ToReady::new();
        let waiting = group.waiting.lock();
        group.word.fetch_sub(ONE | WAITS, Ordering::AcqRel);
        group.add(1);
        waiting.queue.grant_all(0, &mut ready);
        drop(waiting);
        drop(ready);
        assert!(waits.join().unwrap().contains("is reused before"));
    }

    #[test]
    fn nobody_waits_after_giving_up() {
        let group = Countdown::new();
        group.add(1);
        assert_eq!(group.wait(Until::deadline(0), here()), Ended::TimedOut);
        assert_eq!(group.word.load(Ordering::Relaxed), ONE);
        group.done();
        group.add(1);
        group.done();
    }

    /// Who counted down to 0 comes with the news when the next round is under way.
    #[test]
    fn late_news_does_not_end_the_next_wait() {
        let group = Arc::new(Countdown::new());
        group.add(1);
        let before = group.word.fetch_sub(ONE, Ordering::AcqRel) | WAITS;
        group.add(1);
        let waits = {
            let group = group.clone();
            thread::spawn(move || group.wait(Until::GRANTED, here()))
        };
        until_somebody_waits(&group);
        group.end_waits(before);
        assert_eq!(group.word.load(Ordering::Relaxed), ONE | WAITS);
        group.done();
        assert_eq!(waits.join().unwrap(), Ended::Granted(0));
    }

    #[test]
    fn counting_too_far_changes_nothing() {
        let group = Countdown::new();
        assert!(complaint(|| group.done()).contains("negative WaitGroup counter"));
        assert!(complaint(|| group.add(MOST + 1)).contains("has room for"));
        group.add(MOST);
        assert!(complaint(|| group.add(1)).contains("has room for"));
        assert!(complaint(|| group.add(MOST)).contains("has room for"));
        assert_eq!(group.members(), MOST);
        group.add(0);
        group.done();
        group.add(1);
        assert_eq!(group.members(), MOST);
    }

    /// An interrupt that happens when it is told to.
    struct Bell {
        line: Lock<Line>,
    }

    struct Line {
        queue: WaitQueue,
        rung: bool,
    }

    impl Bell {
        fn new() -> Self {
            Bell {
                line: Lock::new(Line {
                    queue: WaitQueue::new(),
                    rung: false,
                }),
            }
        }

        fn ring(&self) {
            let mut ready = ToReady::new();
            let mut line = self.line.lock();
            line.rung = true;
            line.queue.grant_all(0, &mut ready);
            drop(line);
            drop(ready);
        }
    }

    // SAFETY: entries are in a queue under a lock; those withdrawn are in none.
    unsafe impl Interrupt for Bell {
        unsafe fn enlist(&self, entry: &Entry) -> bool {
            let line = self.line.lock();
            if !line.rung {
                // SAFETY: locked; the rest is this function's.
                unsafe { line.queue.push(entry, End::Back) };
            }
            !line.rung
        }

        unsafe fn withdraw(&self, entry: &Entry) {
            let line = self.line.lock();
            // SAFETY: locked; it was enlisted here.
            unsafe { line.queue.remove(entry) };
        }
    }

    #[test]
    fn an_interrupt_ends_a_wait() {
        let (group, bell) = (Arc::new(Countdown::new()), Arc::new(Bell::new()));
        group.add(1);
        let waits = {
            let (group, bell) = (group.clone(), bell.clone());
            move || {
                let until = Until {
                    interrupt: Some(&*bell),
                    ..Until::GRANTED
                };
                group.wait(until, here())
            }
        };
        let early = thread::spawn(waits.clone());
        until_somebody_waits(&group);
        bell.ring();
        assert_eq!(early.join().unwrap(), Ended::Interrupted);
        assert_eq!(group.word.load(Ordering::Relaxed), ONE);
        // It has rung for whoever comes later too.
        assert_eq!(waits(), Ended::Interrupted);
        group.done();
        assert_eq!(waits(), Ended::Granted(0));
    }

    /// Whoever is first ends the wait, and there is no other end.
    #[test]
    fn interrupts_race_with_the_last_member() {
        for round in 0..500 {
            let (group, bell) = (Countdown::new(), Bell::new());
            group.add(1);
            let until = Until {
                interrupt: Some(&bell),
                ..Until::GRANTED
            };
            let results = Mutex::new(Vec::new());
            thread::scope(|s| {
                for _ in 0..2 {
                    s.spawn(|| {
                        let ended = group.wait(until, here());
                        results.lock().unwrap().push(ended);
                    });
                }
                s.spawn(|| group.done());
                s.spawn(|| {
                    for _ in 0..round % 7 {
                        thread::yield_now();
                    }
                    bell.ring();
                });
            });
            for ended in results.into_inner().unwrap() {
                match ended {
                    Ended::Granted(_) => {}
                    Ended::Interrupted => assert!(bell.line.lock().rung),
                    Ended::TimedOut => panic!("there was no deadline"),
                }
            }
            assert_eq!(group.word.load(Ordering::Relaxed), 0);
        }
    }

    #[test]
    fn a_goroutine_and_a_thread_wait_for_the_same() {
        let group = Arc::new(Countdown::new());
        group.add(2);
        let wait = |group: Arc<Countdown>| {
            move || {
                assert!(matches!(
                    group.wait(Until::GRANTED, here()),
                    Ended::Granted(0)
                ));
                matches!(Waiter::current(), Waiter::Goroutine(_))
            }
        };
        let goroutine = crate::go(wait(group.clone()));
        let thread = thread::spawn(wait(group.clone()));
        group.done();
        until_somebody_waits(&group);
        group.done();
        assert!(goroutine.join().unwrap());
        assert!(!thread.join().unwrap());
    }
}
