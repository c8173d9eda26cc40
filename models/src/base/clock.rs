//! Time, of which each thread has its own: it passes while the thread sleeps.

use std::cell::Cell;

pub(crate) const NEVER: u64 = u64::MAX;

loom::thread_local! {
    static NOW: Cell<u64> = Cell::new(0);
}

pub(crate) fn now() -> u64 {
    NOW.with(Cell::get)
}

/// Lets time pass until `deadline`.
pub(super) fn pass(deadline: u64) {
    NOW.with(|now| now.set(deadline.max(now.get())));
}
