//! Counts of readers, one for each processor, of a lock that many read.
//!
//! Readers who count themselves in the lock's word all need the same cache line, so on
//! many CPUs they are no faster together than one alone. When that is noticed, the
//! lock gets *shards*, a line for each processor, and readers count there. One who
//! comes on one processor and leaves on another makes one shard too large by one, and
//! another too small; only the sum means something. So it is with the word, by which some
//! come and go as well.
//!
//! # Protocol
//! ```text
//!   reader                         writer
//!   own shard += 1                 claim the lock
//!   is the lock claimed?           sum of all shards
//!     then shard -= 1, wait
//! ```
//! All are sequentially consistent: either the reader sees the claim, or the writer
//! counts the reader. After the claim nobody who stays adds to a shard. So the sum may
//! be too large, by readers who are about to see the claim, but never too small,
//! although it is not taken in one moment; and it is right when it is 0. (The word belongs to
//! the sum, and the writer goes inside by exchanging it, if it still counts as many.)
//!
//! This is how Linux's `percpu_rw_semaphore` counts (Mikulas Patocka, Oleg Nesterov,
//! 2012). That, and BRAVO (Dave Dice and Alex Kogan, *BRAVO: Biased Locking for
//! Reader-Writer Locks*, 2019), do without a locked instruction for readers, for which
//! writers must pass a barrier on all CPUs, or wait. Here a writer has to read a few
//! lines only, so that locks which are written now and then are fast too.

use crate::base::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::base::padded::Padded;
use crate::sched::hint;
use std::ptr;

/// One line.
type Shard = Padded<AtomicUsize>;

/// Shards at most: a writer looks at each.
const MOST: usize = 32;

/// The shards of a lock, if it has any.
///
/// Until then, the place of a reader who has lately met another: a number that is no
/// address, one more than the place, or 0.
#[derive(Debug)]
pub(super) struct Shards(AtomicPtr<Shard>);

/// Places that are told from one another.
const PLACES: usize = 1 << 10;

/// How many shards a lock has, less one: as many as CPUs when the first were made, at
/// a power of two.
static MASK: AtomicUsize = AtomicUsize::new(usize::MAX);

impl Shards {
    pub(super) const fn none() -> Self {
        Shards(AtomicPtr::new(ptr::null_mut()))
    }

    /// Takes note of where a reader is who has met another. Returns whether the last
    /// one was somewhere else.
    pub(super) fn note_place(&self) -> bool {
        let own = hint::place() % PLACES + 1;
        let last = self.0.load(Ordering::Relaxed);
        if last.addr() > PLACES || last.addr() == own {
            return false;
        }
        let own = ptr::without_provenance_mut(own);
        let _ = self
            .0
            .compare_exchange(last, own, Ordering::Relaxed, Ordering::Relaxed);
        !last.is_null()
    }

    /// Makes them, unless they are there.
    pub(super) fn make(&self) {
        let mask = hint::parallelism().next_power_of_two().min(MOST) - 1;
        let _ = MASK.compare_exchange(usize::MAX, mask, Ordering::Relaxed, Ordering::Relaxed);
        let mut last = self.0.load(Ordering::Relaxed);
        if last.addr() > PLACES {
            return;
        }
        let new: Box<[Shard]> = (0..count()).map(|_| Shard::default()).collect();
        let new = Box::into_raw(new);
        while let Err(seen) =
            self.0
                .compare_exchange(last, new.cast(), Ordering::Release, Ordering::Relaxed)
        {
            last = seen;
            if last.addr() > PLACES {
                // SAFETY: made above, and nobody else knows it.
                return drop(unsafe { Box::from_raw(new) });
            }
        }
    }

    /// The first of them.
    #[inline(always)]
    fn first(&self) -> *const Shard {
        let first = self.0.load(Ordering::Acquire);
        debug_assert!(first.addr() > PLACES, "the lock has no shards");
        first
    }

    /// That of the caller's processor. There are shards.
    #[inline(always)]
    pub(super) fn own(&self) -> &AtomicUsize {
        let first = self.first();
        let place = hint::place() & MASK.load(Ordering::Relaxed);
        // SAFETY: the lock has shards, and this many of them; they stay as long as it.
        unsafe { &*first.add(place) }
    }

    /// Readers that are counted here. It may be below 0, wrapped around.
    pub(super) fn sum(&self) -> usize {
        // SAFETY: as in `own`.
        let all = unsafe { std::slice::from_raw_parts(self.first(), count()) };
        let counts = all.iter().map(|shard| shard.load(Ordering::SeqCst));
        counts.fold(0, usize::wrapping_add)
    }
}

impl Drop for Shards {
    fn drop(&mut self) {
        let first = self.0.load(Ordering::Acquire);
        if first.addr() > PLACES {
            let all = ptr::slice_from_raw_parts_mut(first, count());
            // SAFETY: made by `make`; the lock is gone, and with it all who used them.
            drop(unsafe { Box::from_raw(all) });
        }
    }
}

/// How many shards locks have that have any.
fn count() -> usize {
    MASK.load(Ordering::Relaxed) + 1
}
