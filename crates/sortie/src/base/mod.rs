//! Ground: the operating system and data structures. Nothing here knows what a
//! goroutine is.
//!
//! Files that hold a protocol (`run_queue`, `lock`) take their atomics from
//! [`atomic`], so that the models can compile the very same file against a model
//! checker's.

pub(crate) mod affinity;
pub(crate) mod atomic;
pub(crate) mod backoff;
pub(crate) mod barrier;
pub(crate) mod clock;
pub(crate) mod futex;
pub(crate) mod heap;
pub(crate) mod hint;
pub(crate) mod histogram;
pub(crate) mod identity;
pub(crate) mod instant;
pub(crate) mod lock;
pub(crate) mod memory;
pub(crate) mod padded;
pub(crate) mod rng;
pub(crate) mod run_queue;
pub(crate) mod sleepers;
pub(crate) mod syscall;
