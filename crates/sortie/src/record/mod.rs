//! The recorder: where traces come from. Below the scheduler, which tells it what
//! happens; what is done with it is `observe::trace`'s.
//!
//! # Purpose
//! Each machine has a [`Log`](log::Log), and writes events into a *block* of memory of
//! its own: no lock, no locked instruction, no allocation, no thread-local. Threads
//! that are no machines share a log under a lock. Full blocks queue up for a writer
//! thread, or stay in a ring for a flight recorder, and go back to the [`pool`]. There
//! is a fixed number of blocks. If none is free, events are dropped and counted.
//!
//! # Off and on
//! [`SESSION`] is 0 while nobody records, and each place that has something to tell
//! looks at it first. Otherwise it is a number that goes up whenever blocks should
//! end early: at the start of a recording, and once a second, so that a file is never
//! far behind. A machine whose block is of another session takes a new one. What is in the
//! block of one that sleeps is written as it is, when the next session is over as well: until it
//! wakes up nothing is added, and then it takes a new one.
//!
//! # Protocol
//! ```text
//!   machine                              whoever wants all there is
//!   write bytes behind `len`             lock the pool
//!   store `len` (release)                for each block in use:
//!   block full, or session over:           load `len` (acquire)
//!     lock the pool                        read the bytes before it
//!     queue the block, take another      unlock
//! ```
//! Bytes before `len` never change as long as the block has its owner, and it changes
//! hands under the pool's lock only.
//!
//! # Roads not taken
//! * *A buffer for each processor*: goroutines that lost theirs have something to
//!   tell, too.
//! * *Fixed records*: three times the bytes. *Varints by the bit*: a branch for each
//!   byte; here one byte tells the lengths of all fields, each of which is stored
//!   at once.

pub(crate) mod encode;
pub(crate) mod log;
pub(crate) mod pool;
pub(crate) mod sites;
pub(crate) mod ticks;

use crate::base::atomic::{AtomicU32, Ordering};
use std::sync::OnceLock;

/// See the essay.
pub(crate) static SESSION: AtomicU32 = AtomicU32::new(0);

/// Whether anybody records.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    SESSION.load(Ordering::Relaxed) != 0
}

/// What is to be done as the process is about to end: a file to complete, a socket to
/// remove.
static LAST_WISHES: [OnceLock<fn()>; 2] = [const { OnceLock::new() }; 2];

/// Adds what is to be done before the process ends in any way but by a signal. It
/// may be called in a signal handler, and with any lock held. There is room for two.
pub(crate) fn at_end(wish: fn()) {
    let added = LAST_WISHES.iter().any(|place| place.set(wish).is_ok());
    debug_assert!(added, "there is no room for a third");
}

/// To be called before the process ends.
pub(crate) fn end() {
    for wish in LAST_WISHES.iter().filter_map(OnceLock::get) {
        wish();
    }
}
