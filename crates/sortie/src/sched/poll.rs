//! The network poller as the scheduler sees it: started when somebody first has to wait
//! for a descriptor, looked at by whoever has nothing to do.
//!
//! # Nobody waits in vain
//! ```text
//!   who waits                     machine, about to sleep
//!   waits += 1                    its processor is idle
//!   (locked: a full barrier)      heavy barrier (the last look)
//!                                 waits > 0, and nobody watches?
//!                                   then sleep in the poller
//! ```
//! A goroutine that waits leaves a machine behind, which sooner or later comes to the
//! right side itself. A thread does not; so it wakes a machine if a processor is idle and
//! nobody watches. While all processors are busy, machines look in passing, and sysmon
//! does when they do not. A watcher that went to work, and computes for long while another
//! processor is idle, is replaced by sysmon.

use super::processor::P;
use super::scheduler::Scheduler;
use crate::base::atomic::Ordering;
use crate::base::clock;
use crate::driver::poller::Poller;
use crate::goroutine::{List, current};
use std::io;
use std::ptr;

/// A wait for a descriptor, while it lives.
#[derive(Debug)]
pub(crate) struct IoWait(&'static Poller);

impl Drop for IoWait {
    fn drop(&mut self) {
        self.0.wait_ends();
    }
}

impl Scheduler {
    /// The poller, if there is one.
    #[inline(always)]
    pub(crate) fn poller(&self) -> Option<&'static Poller> {
        // SAFETY: set from a leaked box.
        unsafe { self.poller.load(Ordering::Acquire).as_ref() }
    }

    /// The poller, which is made if there is none.
    ///
    /// # Errors
    /// If that fails.
    pub(crate) fn start_poller(&self) -> io::Result<&'static Poller> {
        if let Some(poller) = self.poller() {
            return Ok(poller);
        }
        let new = Box::into_raw(Box::new(Poller::new()?));
        let exchange =
            self.poller
                .compare_exchange(ptr::null_mut(), new, Ordering::AcqRel, Ordering::Acquire);
        if exchange.is_err() {
            // SAFETY: nobody else knows it.
            drop(unsafe { Box::from_raw(new) });
        }
        Ok(self.poller().expect("somebody has just made it"))
    }

    /// The caller is about to wait for a descriptor, until the result is dropped. The
    /// poller exists.
    pub(crate) fn io_wait(&self) -> IoWait {
        let poller = self.poller().expect("something is watched");
        poller.wait_begins();
        if !self.keeper.watches() && current::current().is_none() {
            self.wake_for_work();
        }
        IoWait(poller)
    }

    /// Whether anybody waits for the network.
    pub(super) fn is_network_waited_for(&self) -> bool {
        self.poller().is_some_and(Poller::is_waited_for)
    }

    /// Whether anybody waits for the network, and nobody sleeps there.
    pub(super) fn lacks_watcher(&self) -> bool {
        self.is_network_waited_for() && !self.keeper.watches()
    }

    /// Makes ready whatever the network has, on `p`, which the caller has. Returns whether
    /// it looked, since nobody else does.
    #[cold]
    #[inline(never)]
    pub(super) fn look_at_network(&'static self, poller: &Poller, p: &'static P, now: u64) -> bool {
        let mut ready = List::new();
        let looked = poller.look(now, &mut ready);
        // SAFETY: the caller has the processor.
        unsafe { self.deliver(p, ready) };
        looked
    }

    /// Looks for a searcher who has found nothing else. Returns whether somebody who does not
    /// sleep there is just looking, and may soon have more than he can run.
    pub(super) fn search_network(&'static self, p: &'static P) -> bool {
        let Some(poller) = self.poller() else {
            return false;
        };
        poller.is_waited_for()
            && !self.keeper.watches()
            && !self.look_at_network(poller, p, clock::now())
    }

    /// Whether a machine that has nothing to do could watch, and none does.
    pub(super) fn could_watch(&self) -> bool {
        self.gate.idle() != 0 && self.lacks_watcher()
    }

    /// The same without a processor, if nobody has looked for long; before that it wakes a
    /// machine to look, if there is one. Returns whether there was anything.
    pub(super) fn look_if_overdue(&self, now: u64) -> bool {
        let Some(poller) = self.poller() else {
            return false;
        };
        if self.keeper.watches() || !poller.is_neglected(now) {
            return false;
        }
        if self.could_watch() {
            // Having found nothing to do, it will sleep there.
            self.wake_for_work();
        }
        if !poller.is_overdue(now) {
            return false;
        }
        let mut ready = List::new();
        poller.look(now, &mut ready);
        let found = !ready.is_empty();
        self.ready_anywhere(ready);
        found
    }

    /// Makes goroutines that waited runnable, on `p`.
    ///
    /// # Safety
    /// - the caller has the processor;
    /// - the goroutines are its own, and wait.
    pub(super) unsafe fn deliver(&self, p: &P, ready: List) {
        let count = ready.len();
        // SAFETY: as this function's.
        unsafe { self.ready_at(p, ready) };
        if count > 1 {
            self.wake_for_work();
        }
    }
}
