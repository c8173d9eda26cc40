//! The word that says how a node has ended, and whether that takes more than to say so.
//!
//! ```text
//!  bits          meaning
//!  0 . . 00      it has not ended
//!  . . . 01      it was cancelled
//!  . . . 10      its deadline has passed, or an ancestor's
//!  . . 1 ..      it has ended with its parent, whose cause is its own
//!  . 1 . ..      used: somebody has put something into it
//!  1 1 . ..      settled: all that was in it has ended as well
//! ```
//!
//! # The protocol
//! Most contexts are made, passed on, and end without anybody who waits for them. As long
//! as nothing is in a node one exchange ends it, [`end_bare`](State::end_bare), and no
//! lock is taken. Whoever puts something in *uses* it first, with the node's lock held:
//! both are exchanges of the same word from 0, so one of them fails, and
//! whoever uses a node has either been earlier or learns how it has ended.
//!
//! A node that was used stays so. From then on the word changes with the lock held.
//!
//! Nobody sees a node that has ended and is neither bare nor settled as done with:
//! there may be children that have not ended.

use super::error::ContextError;
use crate::base::atomic::{AtomicU8, Ordering};

const OPEN: u8 = 0;
const CANCELED: u8 = 1;
const DEADLINE_EXCEEDED: u8 = 2;
/// The bits of how it has ended.
const ENDED: u8 = 3;
const INHERITED: u8 = 4;
const USED: u8 = 8;
const SETTLED: u8 = 16;

/// How a node ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending(u8);

impl Ending {
    /// By itself.
    pub(super) fn own(error: ContextError) -> Self {
        Ending(match error {
            ContextError::Canceled => CANCELED,
            ContextError::DeadlineExceeded => DEADLINE_EXCEEDED,
        })
    }

    /// With its parent.
    pub(super) fn inherited(error: ContextError) -> Self {
        Ending(Ending::own(error).0 | INHERITED)
    }
}

/// The word.
#[derive(Debug)]
pub(super) struct State(AtomicU8);

impl State {
    /// Of a new node, used or not.
    pub(super) fn new(used: bool) -> Self {
        State(AtomicU8::new(if used { USED } else { OPEN }))
    }

    /// How it has ended, or is ending, if so.
    #[inline]
    pub(super) fn ended(&self) -> Option<ContextError> {
        match self.0.load(Ordering::Acquire) & ENDED {
            OPEN => None,
            CANCELED => Some(ContextError::Canceled),
            _ => Some(ContextError::DeadlineExceeded),
        }
    }

    /// Whether it has ended with its parent, for the same cause.
    pub(super) fn is_inherited(&self) -> bool {
        self.0.load(Ordering::Acquire) & INHERITED != 0
    }

    /// Whether it has ended, with all that was in it.
    #[inline]
    pub(super) fn is_settled(&self) -> bool {
        let word = self.0.load(Ordering::Acquire);
        word & SETTLED != 0 || word & ENDED != OPEN && word & USED == 0
    }

    /// Ends a node that was not used, and has not ended. Returns whether it was so.
    #[inline]
    pub(super) fn end_bare(&self, how: Ending) -> bool {
        self.0
            .compare_exchange(OPEN, how.0, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// Before something is put into the node: an error if it has ended, so that nothing
    /// may be. The caller holds the lock.
    #[inline]
    pub(super) fn make_used(&self) -> Result<(), ContextError> {
        if self.0.load(Ordering::Relaxed) == OPEN {
            // If that fails it has ended meanwhile.
            let _ = self
                .0
                .compare_exchange(OPEN, USED, Ordering::Relaxed, Ordering::Relaxed);
        }
        self.ended().map_or(Ok(()), Err)
    }

    /// Ends the node, used or not. Returns `false`, and does nothing, if it has ended.
    /// The caller holds the lock.
    pub(super) fn end(&self, how: Ending) -> bool {
        if self.end_bare(how) {
            return true;
        }
        let open = self.ended().is_none();
        if open {
            self.0.store(how.0 | USED, Ordering::Release);
        }
        open
    }

    /// It has ended, and nothing is left in it. The caller holds the lock.
    pub(super) fn settle(&self) {
        let word = self.0.load(Ordering::Relaxed);
        if word & USED != 0 {
            self.0.store(word | SETTLED, Ordering::Release);
        }
    }
}
