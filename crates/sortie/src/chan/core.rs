//! What all channels have: a lock and two queues of those who wait.

use super::wait::{Node, Queue};
use crate::base::atomic::{AtomicU32, AtomicU64, Ordering, fence};
use crate::base::lock::RawLock;
use crate::goroutine::WaitReason;
use crate::park::Place;
use std::mem;
use std::panic::Location;

/// Whose queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Receivers = 0,
    Senders = 1,
}

impl Side {
    /// Its bit in [`Core::waiting`].
    #[inline(always)]
    pub(super) const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The lock and the queues: one line of the cache.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Core {
    lock: RawLock,
    queues: [Queue; 2],
    /// A bit for each side whose queue is not empty, for those who do not have
    /// the lock; and one for a channel that is closed.
    waiting: AtomicU32,
    /// How many have come to wait that others can meet.
    arrivals: AtomicU64,
    origin: &'static Location<'static>,
}

/// The bit of [`Core::waiting`] for a channel that is closed.
pub(super) const CLOSED: u32 = 4;

// SAFETY: the queues are used only with the lock held.
unsafe impl Send for Core {}
// SAFETY: as above.
unsafe impl Sync for Core {}

impl Core {
    pub(super) fn new(origin: &'static Location<'static>) -> Self {
        Core {
            waiting: AtomicU32::new(0),
            lock: RawLock::new(),
            arrivals: AtomicU64::new(0),
            queues: [Queue::new(), Queue::new()],
            origin,
        }
    }

    /// Where the channel was made.
    pub(super) fn origin(&self) -> &'static Location<'static> {
        self.origin
    }

    /// Who waits, and whether the channel is closed.
    #[inline(always)]
    pub(super) fn flags(&self) -> u32 {
        self.waiting.load(Ordering::SeqCst)
    }

    /// A number that changes whenever somebody comes to wait, or closes it.
    pub(super) fn version(&self) -> u64 {
        let arrivals = self.arrivals.load(Ordering::SeqCst);
        arrivals * 2 + u64::from(self.flags() & CLOSED != 0)
    }

    /// As [`lock`](Self::lock), by somebody who expects to meet somebody of this side.
    #[inline(always)]
    pub(super) fn lock_to_meet(&self, side: Side) -> Held<'_> {
        self.queues[side as usize].prefetch();
        self.lock()
    }

    #[inline(always)]
    pub(super) fn lock(&self) -> Held<'_> {
        self.lock.lock();
        Held { core: self }
    }

    /// Releases the lock that a [`Held`] was [`kept`](Held::keep) of.
    ///
    /// # Safety
    /// The caller has it.
    #[inline(always)]
    pub(super) unsafe fn unlock(&self) {
        // SAFETY: as this function's.
        unsafe { self.lock.unlock() };
    }

    /// Why and where somebody waits for this channel.
    #[inline(always)]
    pub(super) fn place(&self, reason: WaitReason, location: &'static Location<'static>) -> Place {
        Place {
            reason,
            location,
            origin: Some(self.origin),
        }
    }
}

/// The lock, held; released when dropped.
#[derive(Debug)]
#[must_use]
pub(super) struct Held<'a> {
    core: &'a Core,
}

impl Held<'_> {
    /// Goes on holding the lock, for [`Core::unlock`].
    #[inline(always)]
    pub(super) fn keep(self) {
        mem::forget(self);
    }

    #[inline(always)]
    pub(super) fn queue(&self, side: Side) -> &Queue {
        &self.core.queues[side as usize]
    }

    #[inline(always)]
    fn change(&self, set: u32, clear: u32) {
        // Changed only with the lock held.
        let before = self.core.waiting.load(Ordering::Relaxed);
        let after = (before | set) & !clear;
        if after != before {
            self.core.waiting.store(after, Ordering::Release);
        }
    }

    /// Puts a node into a queue. Followed by a full barrier, so that the caller
    /// may look whether it has to wait after all, if `announce`.
    ///
    /// # Safety
    /// As [`Queue::push`].
    #[inline(always)]
    pub(super) unsafe fn enqueue(&self, side: Side, node: &Node, announce: bool) {
        // SAFETY: as this function's.
        unsafe { self.queue(side).push(node) };
        let arrivals = &self.core.arrivals;
        arrivals.store(arrivals.load(Ordering::Relaxed) + 1, Ordering::Release);
        self.change(side.bit(), 0);
        if announce {
            fence(Ordering::SeqCst);
        }
    }

    /// Corrects the flags after nodes were taken out.
    #[inline(always)]
    pub(super) fn refresh(&self, side: Side) {
        if self.queue(side).is_empty() {
            self.change(0, side.bit());
        }
    }

    /// Takes a node out on behalf of its own waiter. Returns whether it was there.
    ///
    /// # Safety
    /// As [`Queue::remove`].
    pub(super) unsafe fn dequeue(&self, side: Side, node: &Node) -> bool {
        // SAFETY: as this function's.
        let was_there = unsafe { self.queue(side).remove(node) };
        self.refresh(side);
        was_there
    }

    /// Marks the channel closed. Returns whether it was open.
    pub(super) fn close(&self) -> bool {
        let open = !self.is_closed();
        self.change(CLOSED, 0);
        open
    }

    #[inline(always)]
    pub(super) fn is_closed(&self) -> bool {
        self.core.waiting.load(Ordering::Relaxed) & CLOSED != 0
    }
}

impl Drop for Held<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: held.
        unsafe { self.core.lock.unlock() };
    }
}
