//! Waiting a moment for somebody who is just about to be done.

/// Waits longer each time: first a few instructions, then by yielding the CPU to
/// other threads.
#[derive(Debug)]
pub(crate) struct Backoff {
    step: u32,
}

/// Steps of spinning; each is twice as long as the one before.
const SPINS: u32 = 6;

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

    /// Whether it is time to sleep instead, where that is possible.
    pub(crate) fn is_over(&self) -> bool {
        self.step > STEPS
    }
}
