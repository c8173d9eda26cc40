//! The recorder's clock: the CPU's time-stamp counter, or nanoseconds.

use crate::base::atomic::{AtomicBool, Ordering};
use crate::base::clock;
use std::arch::x86_64::{__cpuid, _rdtsc};

/// Whether the counter runs at the same pace on all CPUs, whatever they do.
static INVARIANT: AtomicBool = AtomicBool::new(false);

/// Finds out which clock to use. Called before anybody records.
pub(crate) fn prepare() {
    const POWER: u32 = 0x8000_0007;
    let known = __cpuid(0x8000_0000).eax >= POWER;
    let invariant = known && __cpuid(POWER).edx & (1 << 8) != 0;
    INVARIANT.store(invariant, Ordering::Relaxed);
}

/// The time. How many ticks a nanosecond has is found by comparing with the clock.
#[inline(always)]
pub(crate) fn now() -> u64 {
    if INVARIANT.load(Ordering::Relaxed) {
        // SAFETY: every CPU of this architecture has it.
        unsafe { _rdtsc() }
    } else {
        clock::now()
    }
}
