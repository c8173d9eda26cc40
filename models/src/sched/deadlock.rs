//! The count of threads that wait. No protocol reads it, so it is no step of a
//! model; but it has to be right.

use std::cell::Cell;

thread_local! {
    static WAITING: Cell<isize> = const { Cell::new(0) };
}

/// Forgets what an earlier execution left.
pub(crate) fn forget() {
    WAITING.set(0);
}

/// Checks that each thread that waited was made ready once.
pub(crate) fn nobody_waits() {
    assert_eq!(WAITING.get(), 0, "threads that are said to wait");
}

pub(crate) fn thread_waits() {
    WAITING.set(WAITING.get() + 1);
}

pub(crate) fn thread_is_ready() {
    WAITING.set(WAITING.get() - 1);
    assert!(WAITING.get() >= 0, "made ready twice");
}
