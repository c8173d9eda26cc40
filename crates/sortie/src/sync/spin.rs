//! Waiting awake, for a moment, before waiting asleep.

use crate::sched::hint;

/// Looks that one waits for awake.
const LOOKS: u32 = 4;
/// Pauses of the CPU between two looks: a microsecond or so. Each look takes the
/// cache line away from who holds the lock, so they are few.
const PAUSES: u32 = 30;

/// How long somebody waits awake. Go's `sync.Mutex` has the same numbers.
#[derive(Debug)]
pub(super) struct Spin {
    looks: u32,
}

impl Spin {
    pub(super) fn new() -> Self {
        Spin { looks: 0 }
    }

    /// Waits until it is time for another look. `false` if it is not worth while (any
    /// more).
    pub(super) fn wait(&mut self) -> bool {
        if self.looks == LOOKS || !hint::may_spin() {
            return false;
        }
        self.looks += 1;
        for _ in 0..PAUSES {
            std::hint::spin_loop();
        }
        true
    }
}

/// Lets the goroutine that the caller has just made ready run at once, if the caller
/// is a goroutine too.
pub(super) fn make_way() {
    if crate::goroutine::current::current().is_some() {
        crate::sched::yield_now();
    }
}
