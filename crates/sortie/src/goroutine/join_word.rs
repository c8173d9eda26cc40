//! Who gets the result of a goroutine: its handle or nobody.
//!
//! The goroutine ends at one time, the owner of its handle joins or drops that at
//! another. One word decides what was first.
//!
//! # Protocol
//! ```text
//!   goroutine, with the result in place    handle
//!     OPEN     -> DONE                       OPEN -> DETACHED   (drop)
//!     (waiter) -> DONE, wakes the waiter     OPEN -> (waiter)   (join, then sleeps)
//!     DETACHED: drops the result, frees      (waiter) -> OPEN   (waits no longer)
//!                                            DONE: takes or drops it, frees
//! ```
//! Every change is an exchange, so one of the two finds that the other was there
//! already, and that one is left with the result and the header. Each exchange
//! releases what its side did with the header before, and acquires what the other
//! did.
//!
//! A waiter is an address, of what the one who waits needs to be woken; it stays
//! where it is until the goroutine has woken him. Addresses are aligned, so they
//! differ from the states.

use crate::base::atomic::{AtomicUsize, Ordering};

/// The goroutine has not ended, and its handle exists.
const OPEN: usize = 0;
/// The handle is gone.
const DETACHED: usize = 1;
/// The goroutine has ended; its result is in the payload.
const DONE: usize = 2;

/// The word in a goroutine's header. Zeros are an open one.
#[derive(Debug, Default)]
pub(crate) struct JoinWord(AtomicUsize);

/// What a goroutine finds at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Handle {
    /// It exists; the result is its owner's now.
    Exists,
    /// Its owner waits, at this address, to be woken; the result is his now.
    Waits(usize),
    /// It is gone: the result is the goroutine's own.
    Gone,
}

impl JoinWord {
    /// For a goroutine that is being made, before others know it.
    #[inline(always)]
    pub(crate) fn reset(&self) {
        self.0.store(OPEN, Ordering::Relaxed);
    }

    /// Whether the handle is gone. That stays so.
    #[inline(always)]
    pub(crate) fn is_detached(&self) -> bool {
        self.0.load(Ordering::Acquire) == DETACHED
    }

    /// Whether the goroutine has ended with its handle there. That stays so.
    #[inline(always)]
    pub(crate) fn is_done(&self) -> bool {
        self.0.load(Ordering::Acquire) == DONE
    }

    /// The goroutine ends. Unless the handle is gone, header and result are its
    /// owner's from now on.
    #[inline(always)]
    pub(crate) fn finish(&self) -> Handle {
        let mut seen = self.0.load(Ordering::Acquire);
        while seen != DETACHED {
            match self
                .0
                .compare_exchange(seen, DONE, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(OPEN) => return Handle::Exists,
                Ok(waiter) => return Handle::Waits(waiter),
                Err(now) => seen = now,
            }
        }
        Handle::Gone
    }

    /// The handle's owner waits, and can be woken from now on. `false` if the
    /// goroutine has ended.
    #[inline]
    pub(crate) fn wait(&self, waiter: usize) -> bool {
        debug_assert!(waiter > DONE, "an address");
        self.leave(waiter)
    }

    /// The handle's owner, who waited, does not any more. `false` if the goroutine
    /// has ended, and has found him.
    #[inline]
    pub(crate) fn withdraw(&self, waiter: usize) -> bool {
        self.0
            .compare_exchange(waiter, OPEN, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// The handle is dropped. `false` if the goroutine has ended; what it left is
    /// the caller's then.
    #[inline]
    pub(crate) fn detach(&self) -> bool {
        self.leave(DETACHED)
    }

    #[inline(always)]
    fn leave(&self, word: usize) -> bool {
        self.0
            .compare_exchange(OPEN, word, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}
