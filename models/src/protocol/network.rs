//! One descriptor, one event, and the kernel's part of polling, for
//! [`machines`](super::machines): `driver::poller` without its list of events.
//!
//! The eventfd is edge-triggered and never read: a write is an event of the next wait, or
//! of one that goes on. So is a change of `changes` here, which who polls has read before
//! it says that it does.

use crate::base::atomic::{AtomicU32, Ordering};
use crate::base::futex;
use crate::base::lock::Lock;

#[derive(Debug)]
pub(super) struct Network {
    /// Waits that are going on.
    waits: AtomicU32,
    /// 1 while there is a watcher. Changed under the idle lock.
    watched: AtomicU32,
    /// Held by who polls.
    turn: Lock<()>,
    /// 1 while there is an event that nobody has taken.
    event: AtomicU32,
    /// Changes with each event, also of the eventfd.
    changes: AtomicU32,
    /// 1 once who waits for the descriptor was told.
    told: AtomicU32,
}

impl Network {
    pub(super) fn new() -> Self {
        Network {
            waits: AtomicU32::new(0),
            watched: AtomicU32::new(0),
            turn: Lock::new(()),
            event: AtomicU32::new(0),
            changes: AtomicU32::new(0),
            told: AtomicU32::new(0),
        }
    }

    // Who waits.

    /// Also a full barrier.
    pub(super) fn wait_begins(&self) {
        self.waits.fetch_add(1, Ordering::SeqCst);
        crate::base::barrier::light();
    }

    pub(super) fn wait(&self) {
        while self.told.load(Ordering::Acquire) == 0 {
            futex::wait(&self.told, 0);
        }
    }

    pub(super) fn wait_ends(&self) {
        self.waits.fetch_sub(1, Ordering::Release);
    }

    pub(super) fn is_waited_for(&self) -> bool {
        self.waits.load(Ordering::SeqCst) != 0
    }

    // The watcher.

    pub(super) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed) == 1
    }

    pub(super) fn set_watched(&self, watched: bool) {
        self.watched.store(u32::from(watched), Ordering::Relaxed);
    }

    // The poller.

    /// The kernel has something.
    pub(super) fn happen(&self) {
        self.event.store(1, Ordering::Release);
        self.wake();
    }

    pub(super) fn wake(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        futex::wake_one(&self.changes);
    }

    /// Looks, unless somebody else does.
    pub(super) fn look(&self) {
        if let Some(_turn) = self.turn.try_lock() {
            self.take_event();
        }
    }

    /// Sleeps until something is there, or it is woken. Returns whether there was.
    pub(super) fn sleep(&self, begin: impl FnOnce() -> bool) -> bool {
        let _turn = self.turn.lock();
        let changes = self.changes.load(Ordering::Acquire);
        if !begin() {
            return false;
        }
        if self.take_event() {
            return true;
        }
        futex::wait(&self.changes, changes);
        self.take_event()
    }

    fn take_event(&self) -> bool {
        let is_there = self.event.swap(0, Ordering::AcqRel) == 1;
        if is_there {
            self.told.store(1, Ordering::Release);
            futex::wake_one(&self.told);
        }
        is_there
    }
}
