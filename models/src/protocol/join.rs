//! The join word: a result is taken or dropped once, and the header freed once.
//!
//! * *The goroutine* puts its result into its header, and exchanges OPEN or the
//!   waiter's address for DONE. If the handle is gone it drops the result itself,
//!   and frees the header.
//! * *The handle* exchanges OPEN for DETACHED when it is dropped, or for its owner's
//!   address when he wants to wait. Where the goroutine was first, result and header
//!   are the handle's.
//! * *An owner who waits no longer*, because of a deadline or an interrupt, exchanges
//!   his address for OPEN. If he is too late he waits until the goroutine is done with
//!   what it has found there.
//!
//! Checked, with the real parking: whichever is first, result and header are used by
//! one at a time, who sees what the other did, and each is done with once; the
//! waiter's record is looked at only while it is there (dropping its cells counts as a
//! change); whoever stops waiting may wait once more, or drop the handle.
//!
//! Seen to fail: with `Relaxed` for either half of `finish`'s exchange, or of
//! `leave`'s, or for the load of `is_done`; when `finish` stores DONE without looking;
//! when who comes too late to take his address back does not wait; when the goroutine
//! makes him ready without having won his ticket, or does not finish the record then.

use super::{Watched, explore_bounded};
use crate::base::atomic::known;
use crate::base::clock;
use crate::base::lock::Lock;
use crate::goroutine::WaitReason;
use crate::goroutine::join_word::{Handle, JoinWord};
use crate::park::wait_queue::{End, Entry, Interrupt, ToReady, Until, WaitQueue};
use crate::park::{Place, Waiter, Woken, park_claimed};
use crate::sched::deadlock;
use crate::task::{end_joiner, wait_for_end};
use loom::thread;
use std::panic::Location;
use std::sync::Arc;

/// What the word guards.
#[derive(Debug)]
struct Header {
    word: JoinWord,
    /// The result; and whether it was there at all.
    result: Watched<Option<u32>>,
    frees: Watched<u32>,
}

const RESULT: u32 = 42;

impl Header {
    fn new() -> Arc<Self> {
        let header = known(Header {
            word: JoinWord::default(),
            result: Watched::new(None),
            frees: Watched::new(0),
        });
        header.word.reset();
        Arc::new(header)
    }

    fn take(&self) -> Option<u32> {
        self.result.change(Option::take)
    }

    fn has_result(&self) -> bool {
        self.result.look(Option::is_some)
    }

    fn free(&self) {
        assert!(!self.has_result(), "the result was forgotten");
        self.frees.change(|frees| *frees += 1);
    }

    /// The goroutine: runs, and ends as `task::join::complete` has it.
    fn run(&self) {
        self.result.change(|result| *result = Some(RESULT));
        loop {
            if self.word.is_detached() {
                self.take();
            }
            match self.word.finish() {
                Handle::Exists => return,
                Handle::Waits(joiner) => {
                    // SAFETY: the joiner waits until made ready, which is what the
                    // model checks.
                    unsafe {
                        if let Some(waiter) = end_joiner(joiner) {
                            waiter.ready();
                        }
                    }
                    return;
                }
                Handle::Gone if self.has_result() => {}
                Handle::Gone => {
                    self.free();
                    return;
                }
            }
        }
    }

    /// The handle joins. Returns whether it did, while there was time.
    fn join(&self, until: &Until<'_>) -> bool {
        // SAFETY: this is the handle.
        if !unsafe { wait_for_end(&self.word, until, place()) } {
            return false;
        }
        assert!(self.word.is_done());
        assert_eq!(self.take(), Some(RESULT));
        self.free();
        true
    }

    /// Nobody uses it any more.
    fn is_over(&self) {
        self.frees.look(|frees| assert_eq!(*frees, 1, "freed once"));
        assert!(!self.has_result());
        deadlock::nobody_waits();
    }

    /// The handle is dropped.
    fn drop_handle(&self) {
        // Until now the header is the handle's to look at.
        self.frees.look(|frees| assert_eq!(*frees, 0));
        if !self.word.detach() {
            assert_eq!(self.take(), Some(RESULT));
            self.free();
        }
    }
}

/// A goroutine against what is done with its handle. Each of them is once the thread
/// that loom lets run first: it does not find all orders from one end (see the crate's
/// essay).
/// Waits with a deadline have many steps: they are run with few `preemptions`.
fn check(
    name: &str,
    preemptions: Option<usize>,
    handle: impl Fn(&Header) + Copy + Send + Sync + 'static,
) {
    for handle_first in [true, false] {
        explore_bounded(name, preemptions, move || {
            let header = Header::new();
            let other = {
                let header = header.clone();
                thread::spawn(move || {
                    if handle_first {
                        header.run();
                    } else {
                        handle(&header);
                    }
                })
            };
            if handle_first {
                handle(&header);
            } else {
                header.run();
            }
            other.join().unwrap();
            header.is_over();
            if handle_first {
                nobody_else_wakes_us();
            }
        });
    }
}

/// Checks, when all others have ended, that they have not left us a wake-up.
fn nobody_else_wakes_us() {
    let waiter = Waiter::current();
    let ticket = waiter.open();
    let deadline = clock::now() + 1;
    // SAFETY: ours, and nobody knows the ticket.
    let woken = unsafe { park_claimed(waiter, ticket, deadline, place()) };
    assert_eq!(woken, Woken::TimedOut);
}

#[track_caller]
fn place() -> Place {
    Place {
        reason: WaitReason::Join,
        location: Location::caller(),
        origin: None,
    }
}

#[test]
fn joined() {
    check("join, joined", None, |header| {
        assert!(header.join(&Until::GRANTED))
    });
}

#[test]
fn dropped() {
    check("join, dropped", None, |header| header.drop_handle());
}

#[test]
fn looked_at_first() {
    check("join, looked at first", None, |header| {
        if header.word.is_done() {
            assert!(header.join(&Until::NOW));
        } else {
            header.drop_handle();
        }
    });
}

#[test]
fn joined_in_time_or_dropped() {
    check("join, with a deadline, then dropped", Some(4), |header| {
        if !header.join(&Until::deadline(1)) {
            header.drop_handle();
        }
    });
}

#[test]
fn joined_in_time_or_later() {
    check("join, with a deadline, then without", Some(4), |header| {
        if !header.join(&Until::deadline(1)) {
            assert!(header.join(&Until::GRANTED));
        }
    });
}

/// Something that happens, as a context ends.
#[derive(Debug)]
struct Happening(Lock<(bool, WaitQueue)>);

impl Happening {
    fn new() -> Self {
        Happening(Lock::new((false, WaitQueue::new())))
    }

    fn happen(&self) {
        let mut ready = ToReady::new();
        let mut inner = self.0.lock();
        inner.0 = true;
        inner.1.grant_all(0, &mut ready);
        drop(inner);
    }
}

// SAFETY: entries are in a queue under the lock; after withdrawing they are not.
unsafe impl Interrupt for Happening {
    unsafe fn enlist(&self, entry: &Entry) -> bool {
        let inner = self.0.lock();
        if !inner.0 {
            // SAFETY: the lock is held; all else as this function's.
            unsafe { inner.1.push(entry, End::Back) };
        }
        !inner.0
    }

    unsafe fn withdraw(&self, entry: &Entry) {
        // SAFETY: the lock is held; all else as this function's.
        unsafe { self.0.lock().1.remove(entry) };
    }
}

#[test]
fn interrupted_while_the_goroutine_ends() {
    explore_bounded("join, interrupted", 2, || {
        let header = Header::new();
        let happening = Arc::new(known(Happening::new()));
        let goroutine = {
            let header = header.clone();
            thread::spawn(move || header.run())
        };
        let interrupter = {
            let happening = happening.clone();
            thread::spawn(move || happening.happen())
        };
        let until = Until {
            interrupt: Some(&*happening),
            ..Until::GRANTED
        };
        if !header.join(&until) {
            header.drop_handle();
        }
        goroutine.join().unwrap();
        interrupter.join().unwrap();
        header.is_over();
        nobody_else_wakes_us();
    });
}
