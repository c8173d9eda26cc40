//! A processor's run queue: one owner, many thieves, first in first out.
//!
//! A ring of a fixed number of slots. Only the owner pushes. The owner and the
//! thieves take from the head by compare-and-swap; a thief takes half of what
//! is there at once. When the ring is full the owner takes half of it out and
//! gives that to somebody else.
//!
//! # Protocol
//! `tail` is written by the owner alone; a slot is written before `tail` moves
//! past it (release), and read after `tail` was read (acquire). `head` only
//! grows, by successful exchanges, so whoever exchanges it from `h` to `h + n`
//! owns the entries `h..h + n`: they were read before, and had any been taken
//! or overwritten meanwhile, `head` would have moved and the exchange failed.
//! Indices wrap; a slot is `index % N`. An exchange would be fooled only if
//! `head` went all the way round, 2^32 entries, between a read and the exchange.
//!
//! After Go's `runqput`, `runqget` and `runqgrab` (runtime/proc.go).

use super::atomic::{AtomicPtr, AtomicU32, Ordering};
use super::padded::Padded;
use std::ptr::{self, NonNull};

/// The queue. Entries are plain pointers; what they point at is none of its
/// business, and whatever is in it when it is dropped is forgotten.
#[derive(Debug)]
pub(crate) struct RunQueue<T, const N: usize> {
    /// Where to take; written by all.
    head: Padded<AtomicU32>,
    /// Where to push; written by the owner.
    tail: AtomicU32,
    slots: [AtomicPtr<T>; N],
}

impl<T, const N: usize> RunQueue<T, N> {
    const POWER_OF_TWO: () = assert!(N.is_power_of_two() && N >= 2);

    pub(crate) fn new() -> Self {
        let () = Self::POWER_OF_TWO;
        RunQueue {
            head: Padded(AtomicU32::new(0)),
            tail: AtomicU32::new(0),
            slots: std::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
        }
    }

    #[inline(always)]
    fn slot(&self, index: u32) -> &AtomicPtr<T> {
        &self.slots[index as usize % N]
    }

    /// How many entries there seem to be, for anybody.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // Head first: it cannot overtake the tail, so the difference is not
        // negative, at worst too large.
        let head = self.head.load(Ordering::Acquire);
        let tail = self.tail.load(Ordering::Acquire);
        (tail.wrapping_sub(head) as usize).min(N)
    }

    /// Whether it seems empty, for anybody.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Which entry is the first, counted since the start. For anybody: while it stays
    /// the same, nothing was taken.
    pub(crate) fn first_index(&self) -> Option<u32> {
        let head = self.head.load(Ordering::Acquire);
        (self.tail.load(Ordering::Acquire) != head).then_some(head)
    }

    /// Adds an entry at the end. If the queue is full it is not taken, and comes
    /// back.
    ///
    /// # Safety
    /// The caller is the owner.
    #[inline(always)]
    pub(crate) unsafe fn push(&self, entry: NonNull<T>) -> Result<(), NonNull<T>> {
        let tail = self.tail.load(Ordering::Relaxed);
        // Acquire: thieves have read a slot before it is written again.
        let head = self.head.load(Ordering::Acquire);
        if tail.wrapping_sub(head) as usize >= N {
            return Err(entry);
        }
        self.slot(tail).store(entry.as_ptr(), Ordering::Relaxed);
        self.tail.store(tail.wrapping_add(1), Ordering::Release);
        Ok(())
    }

    /// Takes the first entry.
    ///
    /// # Safety
    /// The caller is the owner.
    #[inline(always)]
    pub(crate) unsafe fn pop(&self) -> Option<NonNull<T>> {
        let tail = self.tail.load(Ordering::Relaxed);
        let mut head = self.head.load(Ordering::Acquire);
        while head != tail {
            let entry = self.slot(head).load(Ordering::Relaxed);
            match self.head.compare_exchange_weak(
                head,
                head.wrapping_add(1),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return NonNull::new(entry),
                Err(now) => head = now,
            }
        }
        None
    }

    /// Takes the first half of a full queue out, and hands each entry to `sink`
    /// in order. Does nothing if a thief was faster.
    ///
    /// # Safety
    /// The caller is the owner.
    pub(crate) unsafe fn spill(&self, mut sink: impl FnMut(NonNull<T>)) {
        let half = (N / 2) as u32;
        let head = self.head.load(Ordering::Acquire);
        let tail = self.tail.load(Ordering::Relaxed);
        if (tail.wrapping_sub(head) as usize) < N {
            return;
        }
        if self
            .head
            .compare_exchange(
                head,
                head.wrapping_add(half),
                Ordering::AcqRel,
                Ordering::Relaxed,
            )
            .is_ok()
        {
            // Only the owner writes slots, so they still hold what was there.
            for offset in 0..half {
                let entry = self.slot(head.wrapping_add(offset)).load(Ordering::Relaxed);
                sink(NonNull::new(entry).expect("a slot behind the tail was written"));
            }
        }
    }

    /// Takes half of the entries, rounded up, out of a queue that is somebody
    /// else's. Keeps the last of them for itself and puts the others into
    /// `own`, which has room for them. `None` if there was nothing.
    ///
    /// # Safety
    /// The caller is the owner of `own`, which is another queue and empty.
    pub(crate) unsafe fn steal_into(&self, own: &Self) -> Option<NonNull<T>> {
        let own_tail = own.tail.load(Ordering::Relaxed);
        let mut head = self.head.load(Ordering::Acquire);
        loop {
            // Acquire: the slots up to it are written.
            let tail = self.tail.load(Ordering::Acquire);
            let available = tail.wrapping_sub(head);
            let count = available - available / 2;
            if count == 0 {
                return None;
            }
            if count as usize > N / 2 {
                // The two reads do not belong together.
                head = self.head.load(Ordering::Acquire);
                continue;
            }
            for offset in 0..count {
                let entry = self.slot(head.wrapping_add(offset)).load(Ordering::Relaxed);
                own.slot(own_tail.wrapping_add(offset))
                    .store(entry, Ordering::Relaxed);
            }
            match self.head.compare_exchange(
                head,
                head.wrapping_add(count),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => {
                    let kept = own_tail.wrapping_add(count - 1);
                    let entry = own.slot(kept).load(Ordering::Relaxed);
                    if count > 1 {
                        own.tail.store(kept, Ordering::Release);
                    }
                    return NonNull::new(entry);
                }
                Err(now) => head = now,
            }
        }
    }
}
