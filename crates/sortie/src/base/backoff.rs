//! Waiting a moment for somebody who is just about to be done.

use super::clock;

/// Waits longer each time: first a few instructions, then by yielding the CPU to
/// other threads.
#[derive(Debug)]
pub(crate) struct Backoff {
    step: u32,
}

/// Steps of spinning; each is twice as long as the one before.
const SPINS: u32 = 6;

/// How long who has lost an exchange leaves it to others, in nanoseconds.
const RETREAT: u64 = 4_000;
/// Pauses between two looks at the clock. One takes 10 to 50 nanoseconds.
const PAUSES: u32 = 16;

/// Steps after which a wait has been long enough to do it asleep.
const STEPS: u32 = 10;

impl Backoff {
    pub(crate) fn new() -> Self {
        Backoff { step: 0 }
    }

    /// Waits.
    pub(crate) fn snooze(&mut self) {
        if self.step <= SPINS {
            for _ in 0..1 << self.step {
                std::hint::spin_loop();
            }
        } else {
            std::thread::yield_now();
        }
        self.step = (self.step + 1).min(STEPS + 1);
    }

    /// Somebody else was faster. Leaves him alone for long enough that he can do the
    /// same many times over, while what both want stays in his CPU's cache: together
    /// they get more done than in turns.
    #[cold]
    pub(crate) fn retreat(&mut self) {
        let end = clock::now() + RETREAT;
        while clock::now() < end {
            for _ in 0..PAUSES {
                std::hint::spin_loop();
            }
        }
    }

    /// Whether it is time to sleep instead, where that is possible.
    pub(crate) fn is_over(&self) -> bool {
        self.step > STEPS
    }
}
