//! The join word: a result is taken or dropped once, and the header freed once.
//!
//! * *The goroutine* puts its result into its header, and exchanges OPEN or the
//!   waiter's address for DONE. If the handle is gone it drops the result itself,
//!   and frees the header.
//! * *The handle* exchanges OPEN for DETACHED when it is dropped, or for its owner's
//!   address when he wants to wait. Where the goroutine was first, result and header
//!   are the handle's.
//!
//! Checked, with the real parking: whichever is first, result and header are used by
//! one at a time, who sees what the other did, and each is done with once; the
//! waiter is looked at only while he waits.
//!
//! Seen to fail: with `Relaxed` for either half of `finish`'s exchange, or of
//! `leave`'s, or for the load of `is_done`; when `finish` stores DONE without looking.

use super::{Watched, explore};
use crate::base::atomic::known;
use crate::goroutine::join_word::{Handle, JoinWord};
use crate::park::{ThreadParker, park_on};
use crate::sched::deadlock;
use loom::thread;
use std::sync::Arc;

/// What the word guards.
#[derive(Debug)]
struct Header {
    word: JoinWord,
    /// The result; and whether it was there at all.
    result: Watched<Option<u32>>,
    frees: Watched<u32>,
}

/// What the goroutine wakes; on the waiter's stack.
struct Waiter {
    parker: ThreadParker,
    /// Whether it is still there.
    waits: Watched<bool>,
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
                Handle::Waits(waiter) => {
                    // SAFETY: the waiter waits until made ready, which is what
                    // the model checks.
                    let waiter = unsafe { &*(waiter as *const Waiter) };
                    waiter.waits.look(|waits| assert!(*waits));
                    waiter.parker.ready();
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

    /// The handle joins. `waiter` outlives the model, so that loom may notice what
    /// happens after the wait.
    fn join(&self, waiter: &Waiter) {
        if !self.word.is_done() {
            waiter.waits.change(|waits| *waits = true);
            let address = std::ptr::from_ref(waiter) as usize;
            park_on(&waiter.parker, || self.word.wait(address));
            assert!(self.word.is_done());
        }
        waiter.waits.change(|waits| *waits = false);
        assert_eq!(self.take(), Some(RESULT));
        self.free();
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
fn check(name: &str, handle: impl Fn(&Header, &Waiter) + Copy + Send + Sync + 'static) {
    for handle_first in [true, false] {
        explore(name, move || {
            let header = Header::new();
            let waiter = Arc::new(Waiter {
                parker: known(ThreadParker::new()),
                waits: Watched::new(false),
            });
            let other = {
                let (header, waiter) = (header.clone(), waiter.clone());
                thread::spawn(move || {
                    if handle_first {
                        header.run();
                    } else {
                        handle(&header, &waiter);
                    }
                })
            };
            if handle_first {
                handle(&header, &waiter);
            } else {
                header.run();
            }
            other.join().unwrap();
            header
                .frees
                .look(|frees| assert_eq!(*frees, 1, "freed once"));
            assert!(!header.has_result());
            deadlock::nobody_waits();
        });
    }
}

#[test]
fn joined() {
    check("join, joined", |header, waiter| header.join(waiter));
}

#[test]
fn dropped() {
    check("join, dropped", |header, _| header.drop_handle());
}

#[test]
fn looked_at_first() {
    check("join, looked at first", |header, waiter| {
        if header.word.is_done() {
            header.join(waiter);
        } else {
            header.drop_handle();
        }
    });
}
