//! Time, of which each thread has its own: it passes while the thread sleeps.

use std::cell::Cell;

pub(crate) const NEVER: u64 = u64::MAX;

loom::thread_local! {
    static NOW: Cell<u64> = Cell::new(0);
}

pub(crate) fn now() -> u64 {
    NOW.with(Cell::get)
}

pub(crate) fn after(duration: std::time::Duration) -> u64 {
    let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(NEVER);
    now().saturating_add(nanoseconds)
}

/// Lets time pass until `deadline`.
pub(crate) fn pass(deadline: u64) {
    NOW.with(|now| now.set(deadline.max(now.get())));
}
