//! Numbers that are smaller in models.

use std::cell::Cell;

/// Blocks of two slots, so that a few messages cross from one to the next.
pub(super) const TURN: u64 = 3;

thread_local! {
    // loom's threads all run on the OS thread of their model.
    static STREAK: Cell<u64> = const { Cell::new(u64::MAX) };
    static WAIT: Cell<u64> = const { Cell::new(0) };
}

/// Forgets what an earlier model has set: lanes are never biased.
pub(crate) fn forget() {
    STREAK.set(u64::MAX);
    WAIT.set(0);
}

/// Sets after how many moves in a row a lane is biased, and which part of them a wait
/// costs; if it is too much the lane is revoked.
pub(super) fn set(streak: u64, wait: u64) {
    STREAK.set(streak);
    WAIT.set(wait);
}

pub(super) fn streak() -> u64 {
    STREAK.get()
}

pub(super) fn wait() -> u64 {
    WAIT.get()
}
