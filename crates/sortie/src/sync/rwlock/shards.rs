//! Counts of readers, some for each processor, of a lock that is read much more often than
//! it is written.
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
//!   reader                           writer
//!   own shard: one more has come     claim the lock
//!   are there shards, and no claim?  from all shards: who has left
//!     else one more has left         from all shards: who has come
//! ```
//! All are sequentially consistent: either the reader sees the claim, or the writer
//! counts the reader. After the claim nobody who stays adds to a shard; and the writer
//! looks for who has come when he knows who has left, so he does not count anybody out
//! whom he does not count in. So the sum may be too large, by readers who are about to
//! see the claim, but never too small, although it is not taken in one moment; and it is
//! right when it is 0. (The word belongs to the sum, and the writer goes inside by
//! exchanging it, if it still counts as many.)
//!
//! # Giving them up
//! Where it is written often shards do harm: a writer has to look at all of them,
//! and readers find each time that a writer has taken the word's line away. So
//! writers compare from time to time how many readers have come since with how many
//! writers have. If they were too few the writer clears the word's flag when he goes
//! inside. What the word counts too much then the shards count too little, or the
//! other way round; he moves it from the word to his shard. The memory stays for the next
//! time, which is the later the more often that has happened.
//!
//! That the flag is clear makes nobody look at the shards any more. So a reader has to
//! see the flag after he has counted himself in a shard, or he goes by the word. When he
//! leaves he goes by [`are_used`](Shards::are_used) alone: that is set after the flag, by
//! a reader, and cleared before the flag is missed, by a writer, so it does not change
//! to `false` while he is inside; and if it says so the flag is set.
//!
//! This is how Linux's `percpu_rw_semaphore` counts (Mikulas Patocka, Oleg Nesterov,
//! 2012); two numbers for each processor are from its SRCU (Paul E. McKenney). The former, and
//! BRAVO (Dave Dice and Alex Kogan, *BRAVO: Biased Locking for
//! Reader-Writer Locks*, 2019), do without a locked instruction for readers, for which
//! writers must pass a barrier on all CPUs, or wait. Here a writer has to read a few
//! lines only, so that locks which are written now and then are fast too.

use super::shard::{Shard, Sum};
use crate::base::atomic::{AtomicPtr, AtomicUsize, Ordering};
use crate::base::padded::Padded;
use crate::sched::hint;
use std::alloc::{self, Layout};
use std::ptr;

/// Shards at most: a writer looks at each.
const MOST: usize = 32;
/// Readers for each writer, at least, that shards are worth while for.
const READERS: usize = 32;
/// Writers after which that is looked at.
const WRITERS: usize = 16;
/// So many readers must be in each other's way until the lock gets shards, as a power of
/// two.
const PATIENCE: u32 = 5;
/// The same when it has given them up again and again.
const MOST_PATIENCE: u32 = 12;
/// Places that are told from one another.
const PLACES: usize = 1 << 10;

/// In the address of the shards: readers count in them.
const USED: usize = 1;

/// The shards of a lock, if it has any: the address of a [`Memory`], perhaps with
/// [`USED`].
///
/// Until then, the place of a reader who has lately met another: a number that is no
/// address, but even, or 0.
#[derive(Debug)]
pub(super) struct Shards(AtomicPtr<Memory>);

/// What is in front of the shards. They follow, each in its own line.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Memory {
    /// The place of a reader who has lately met another.
    place: AtomicUsize,
    /// Writers since it was looked at whether shards are worth while.
    writers: AtomicUsize,
    /// Readers who had come by then.
    come: AtomicUsize,
    /// How often readers have to meet, as a power of two.
    patience: AtomicUsize,
}

/// How many shards a lock has, less one: as many as CPUs when the first were made, at
/// a power of two.
static MASK: AtomicUsize = AtomicUsize::new(usize::MAX);

impl Shards {
    pub(super) const fn none() -> Self {
        Shards(AtomicPtr::new(ptr::null_mut()))
    }

    /// Whether readers count in them.
    #[inline(always)]
    pub(super) fn are_used(&self) -> bool {
        // Acquire: who sees it finds them, and sees the word's flag.
        self.0.load(Ordering::Acquire).addr() & USED != 0
    }

    /// Takes note of where a reader is who has met another. Returns whether the last
    /// one was somewhere else, and how often that has to be so.
    pub(super) fn note_place(&self) -> (bool, u32) {
        let own = (hint::place() % PLACES + 1) * 2;
        let last = self.0.load(Ordering::Acquire);
        if last.addr() <= 2 * PLACES {
            if last.addr() != own {
                let own = ptr::without_provenance_mut(own);
                let _ = self
                    .0
                    .compare_exchange(last, own, Ordering::Relaxed, Ordering::Relaxed);
            }
            return (!last.is_null() && last.addr() != own, PATIENCE);
        }
        // SAFETY: it is an address, so they were made, and they stay as long as the lock.
        let memory = unsafe { &*last.map_addr(|address| address & !USED) };
        let last = memory.place.load(Ordering::Relaxed);
        if last != own {
            memory.place.store(own, Ordering::Relaxed);
        }
        let patience = memory.patience.load(Ordering::Relaxed) as u32;
        (last != own, patience)
    }

    /// Makes them, unless they are there.
    pub(super) fn make(&self) {
        let mask = hint::parallelism().next_power_of_two().min(MOST) - 1;
        let _ = MASK.compare_exchange(usize::MAX, mask, Ordering::Relaxed, Ordering::Relaxed);
        let mut last = self.0.load(Ordering::Relaxed);
        if last.addr() > 2 * PLACES {
            return;
        }
        let new = Memory::make();
        while let Err(seen) =
            self.0
                .compare_exchange(last, new, Ordering::Release, Ordering::Relaxed)
        {
            last = seen;
            if last.addr() > 2 * PLACES {
                // SAFETY: made above, and nobody else knows it.
                return unsafe { Memory::free(new) };
            }
        }
    }

    /// From now on readers count in them. The caller is a reader, they were made, and the
    /// word has its flag.
    pub(super) fn take_up(&self) {
        self.set_use(USED);
    }

    /// From now on they do not. The caller is the writer inside, and so many readers who
    /// left by shards had come by the word.
    pub(super) fn give_up(&self, readers: usize) {
        self.own().come.fetch_add(readers, Ordering::SeqCst);
        self.set_use(0);
    }

    /// Readers set it, and a writer clears it, so that none does the other's meanwhile.
    fn set_use(&self, used: usize) {
        let memory = self.0.load(Ordering::Relaxed);
        // Release: who sees it sees the word's flag.
        self.0.store(
            memory.map_addr(|address| address & !USED | used),
            Ordering::Release,
        );
    }

    /// Their memory. They were made.
    #[inline(always)]
    fn memory(&self) -> *const Memory {
        let memory = self.0.load(Ordering::Acquire);
        debug_assert!(memory.addr() > 2 * PLACES, "the lock has no shards");
        memory.map_addr(|address| address & !USED)
    }

    /// That of the caller's processor. They were made.
    #[inline(always)]
    pub(super) fn own(&self) -> &Shard {
        let place = hint::place() & MASK.load(Ordering::Relaxed);
        // SAFETY: the lock has shards, and this many of them; they stay as long as it.
        unsafe { &*Memory::shards(self.memory()).add(place) }
    }

    /// What they count. They were made.
    pub(super) fn sum(&self) -> Sum {
        // SAFETY: as in `own`.
        let all = unsafe { std::slice::from_raw_parts(Memory::shards(self.memory()), count()) };
        Sum::of(all.iter().map(|shard| &shard.0))
    }

    /// A writer goes inside, with this sum. Returns whether they are still worth while.
    pub(super) fn note_writer(&self, sum: Sum) -> bool {
        // SAFETY: as in `own`.
        let memory = unsafe { &*self.memory() };
        // A writer at a time changes it, so that none is lost.
        let writers = memory.writers.load(Ordering::Relaxed) + 1;
        if writers < WRITERS {
            memory.writers.store(writers, Ordering::Relaxed);
            return true;
        }
        let come = memory.come.load(Ordering::Relaxed);
        memory.come.store(sum.come, Ordering::Relaxed);
        memory.writers.store(0, Ordering::Relaxed);
        let worth = sum.come.wrapping_sub(come) >= WRITERS * READERS;
        let patience = memory.patience.load(Ordering::Relaxed) as u32;
        let patience = match worth {
            true => patience.saturating_sub(1).max(PATIENCE),
            false => (patience + 1).min(MOST_PATIENCE),
        };
        memory.patience.store(patience as usize, Ordering::Relaxed);
        worth
    }
}

impl Memory {
    fn layout() -> Layout {
        // Of the same size and alignment as a shard's line.
        Layout::array::<Padded<Shard>>(1 + count()).expect("it is a few lines")
    }

    /// Makes shards.
    fn make() -> *mut Memory {
        let layout = Self::layout();
        // SAFETY: there is room for a line at least.
        let memory = unsafe { alloc::alloc_zeroed(layout) }.cast::<Memory>();
        if memory.is_null() {
            alloc::handle_alloc_error(layout);
        }
        // SAFETY: there is room for it; zero is what all the rest begins with.
        unsafe { (*memory).patience = AtomicUsize::new(PATIENCE as usize) };
        memory
    }

    /// Frees them.
    ///
    /// # Safety
    /// They were made, and nobody uses them any more.
    unsafe fn free(memory: *mut Memory) {
        // SAFETY: as this function's; the number of shards does not change.
        unsafe { alloc::dealloc(memory.cast(), Self::layout()) };
    }

    /// The first of the shards.
    #[inline(always)]
    fn shards(memory: *const Memory) -> *const Padded<Shard> {
        memory.wrapping_add(1).cast()
    }
}

const _: () = assert!(size_of::<Memory>() == size_of::<Padded<Shard>>());

impl Drop for Shards {
    fn drop(&mut self) {
        let memory = self.0.load(Ordering::Acquire);
        if memory.addr() > 2 * PLACES {
            // SAFETY: made by `make`; the lock is gone, and with it all who used them.
            unsafe { Memory::free(memory.map_addr(|address| address & !USED)) };
        }
    }
}

/// How many shards locks have that have any.
fn count() -> usize {
    MASK.load(Ordering::Relaxed) + 1
}
