//! Who wakes an idle machine, and who need not.
//!
//! Two counts, of idle processors and of machines that search for work, decide
//! whether somebody who made a goroutine runnable has to wake a machine: only if
//! a processor is idle and nobody searches already.
//!
//! # Protocol
//! ```text
//!   submitter                      searcher, about to sleep
//!   put work where it is found     idle += 1, searching -= 1
//!   light barrier                  heavy barrier
//!   idle > 0 and searching = 0?    look everywhere once more
//!     then searching 0 -> 1,
//!     and wake a machine
//! ```
//! If the submitter does not see the searcher's counts, the searcher sees its
//! work. A machine that is woken starts as a searcher, on behalf of whom the
//! count was raised; when a searcher finds work and nobody else searches, it
//! wakes the next before it runs what it found: one wake-up at a time, as long
//! as there is work. For submitters who saw it search have left their work to it;
//! so a machine that finds some in its last look counts as a searcher again, and
//! a submitter who cannot keep his promise to wake one takes it back before the next
//! processor can become idle. The searchers are at most half of the busy processors, so
//! that not all CPU time goes into searching.
//!
//! This is the protocol of Go's scheduler (runtime/proc.go, "Worker thread
//! parking/unparking"), with the submitter's fence made asymmetric.

use crate::base::atomic::{AtomicU32, Ordering};
use crate::base::barrier;

/// The two counts.
#[derive(Debug)]
pub(crate) struct WakeGate {
    /// Processors that no machine has. Changed under the scheduler's idle lock.
    idle: AtomicU32,
    /// Machines that search for work.
    searching: AtomicU32,
}

impl WakeGate {
    pub(crate) const fn new() -> Self {
        WakeGate {
            idle: AtomicU32::new(0),
            searching: AtomicU32::new(0),
        }
    }

    pub(crate) fn idle(&self) -> u32 {
        self.idle.load(Ordering::Relaxed)
    }

    pub(crate) fn searching(&self) -> u32 {
        self.searching.load(Ordering::Relaxed)
    }

    /// Whether a machine should be woken for work that was just submitted. If
    /// so, the caller has become responsible for one more searcher: it wakes a
    /// machine that counts as one; or, if no processor is idle any more, calls
    /// [`stop_searching`](Self::stop_searching) under the idle lock.
    #[inline(always)]
    #[must_use]
    pub(crate) fn should_wake(&self) -> bool {
        barrier::light();
        // Acquire: a searcher who had stopped before it became idle does not count.
        if self.idle.load(Ordering::Acquire) == 0 || self.searching.load(Ordering::Relaxed) != 0 {
            return false;
        }
        self.searching
            .compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    }

    /// Tries to become a searcher beside others, if they are less than half of
    /// the `busy` processors.
    #[must_use]
    pub(crate) fn may_search(&self, busy: u32) -> bool {
        if 2 * self.searching.load(Ordering::Relaxed) >= busy {
            return false;
        }
        self.searching.fetch_add(1, Ordering::AcqRel);
        true
    }

    /// Becomes a searcher again, having found work in the last look.
    pub(crate) fn start_searching(&self) {
        self.searching.fetch_add(1, Ordering::AcqRel);
    }

    /// A processor became idle.
    pub(crate) fn add_idle(&self) {
        self.idle.fetch_add(1, Ordering::AcqRel);
    }

    /// An idle processor was taken.
    pub(crate) fn remove_idle(&self) {
        self.idle.fetch_sub(1, Ordering::AcqRel);
    }

    /// A searcher stops. Returns whether it was the last.
    pub(crate) fn stop_searching(&self) -> bool {
        let before = self.searching.fetch_sub(1, Ordering::AcqRel);
        debug_assert!(before > 0, "nobody searches");
        before == 1
    }

    /// To be called between announcing idleness and the last look around.
    pub(crate) fn before_last_look(&self) {
        barrier::heavy();
    }
}
