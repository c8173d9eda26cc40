//! How long goroutines are ready before they run: a sample of them.
//!
//! Reading the clock costs as much as a switch, so few are timed. A processor counts
//! those that become ready on it; at the end of an *interval* the next one gets a
//! stamp, and whoever runs it takes the stamp off. An interval is [`LONGEST`]
//! goroutines long, but ends early when the processor has had nothing to do, so that
//! a program that rarely does anything is seen as well. A sample counts for as many
//! as its interval had, which keeps busy and quiet times in proportion.
//!
//! # The stamp
//! The header's state says that there is one, on a cache line that whoever runs the
//! goroutine writes anyway. The stamp itself takes the place of "parked since", which
//! means nothing while a goroutine is runnable.
//!
//! Only who has a processor stamps. So while the world is stopped none appears, and
//! dumps may read "parked since".

use crate::base::clock;
use crate::base::histogram::Counts;
use crate::goroutine::GRef;
use std::cell::Cell;

/// Goroutines of which one is timed, at most.
const LONGEST: u32 = 128;
/// A round of fewer turns than this means that there was little to do.
const SHORT_ROUND: u64 = 32;
/// Bits of a stamp that hold the time.
const TIME: u32 = 56;

/// What a processor has for it.
#[derive(Debug)]
pub(crate) struct Latency {
    /// Goroutines left in this interval.
    left: Cell<u32>,
    /// Those it has had, when none is left.
    length: Cell<u32>,
    pub(crate) counts: Counts,
}

impl Latency {
    pub(super) const fn new() -> Self {
        Latency {
            left: Cell::new(LONGEST - 1),
            length: Cell::new(LONGEST),
            counts: Counts::new(),
        }
    }

    /// To be called with each goroutine that becomes ready on the processor, by
    /// whoever has that, before others can find it.
    #[inline(always)]
    pub(super) fn ready(&self, g: GRef) {
        // Two instructions.
        let (left, is_over) = self.left.get().overflowing_sub(1);
        self.left.set(left);
        if is_over {
            self.stamp(g);
        }
    }

    #[cold]
    #[inline(never)]
    fn stamp(&self, g: GRef) {
        let length = self.length.replace(LONGEST);
        self.left.set(LONGEST - 1);
        g.stamp(clock::now() << (64 - TIME) >> (64 - TIME) | u64::from(length) << TIME);
    }

    /// To be called with each goroutine that runs on the processor next.
    #[inline(always)]
    pub(super) fn runs(&self, g: GRef) {
        if g.is_stamped() {
            self.count(g);
        }
    }

    #[cold]
    #[inline(never)]
    fn count(&self, g: GRef) {
        let stamp = g.take_stamp();
        // Modulo, so that it does not matter how long the clock has been running.
        let passed = clock::now().wrapping_sub(stamp) << (64 - TIME) >> (64 - TIME);
        self.counts.add(passed, stamp >> TIME);
    }

    /// A round of so many turns is over.
    pub(super) fn round(&self, turns: u64) {
        if turns < SHORT_ROUND {
            let left = self.left.replace(0);
            self.length.set(self.length.get() - left);
        }
    }
}
