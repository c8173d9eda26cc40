//! Waiting a moment: by letting others run, which is how loom gets out of a loop
//! that waits for them. Where one may sleep instead, one does at once.
//!
//! Two who wait for a third could take turns for ever, and loom would try that. So
//! once somebody has waited a few times for the same thing, loom goes on in one fair
//! order only, until he has got it.

use std::cell::Cell;

/// Waits of one party in which loom tries all orders.
const EXPLORED: u32 = 1;

thread_local! {
    /// How many wait for longer. loom's threads all run on the OS thread of their
    /// model.
    static WAITING: Cell<u32> = const { Cell::new(0) };
}

/// Forgets what an earlier execution left.
pub(crate) fn forget() {
    WAITING.set(0);
}

#[derive(Debug)]
pub(crate) struct Backoff {
    waits: u32,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Backoff { waits: 0 }
    }

    pub(crate) fn snooze(&mut self) {
        self.waits += 1;
        if self.waits == EXPLORED + 1 && WAITING.replace(WAITING.get() + 1) == 0 {
            loom::stop_exploring();
        }
        loom::thread::yield_now();
    }

    pub(crate) fn retreat(&mut self) {
        self.snooze();
    }

    pub(crate) fn is_over(&self) -> bool {
        true
    }
}

impl Drop for Backoff {
    fn drop(&mut self) {
        if self.waits > EXPLORED && !std::thread::panicking() {
            WAITING.set(WAITING.get() - 1);
            if WAITING.get() == 0 {
                loom::explore();
            }
        }
    }
}
