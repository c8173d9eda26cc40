//! Goroutines that are locked to their OS thread.
//!
//! While a goroutine is locked, its machine runs nothing else, and it runs on no
//! other machine. When it parks, the machine passes its processor on and sleeps;
//! whoever finds the goroutine runnable gives its own processor to that machine.

use super::machine::M;
use super::processor::P;
use super::trace;
use crate::base::atomic::Ordering;
use crate::base::clock::NEVER;
use crate::goroutine::{GRef, current};
use sortie_fiber::race;
use std::ptr;

/// Locks the calling goroutine to its machine; nests. Does nothing on a thread.
pub(crate) fn lock() {
    if let Some(g) = current::current() {
        let _hidden = race::hide();
        let m = M::of(g);
        let depth = g.lock_depth.get();
        g.lock_depth.set(
            depth
                .checked_add(1)
                .expect("lock_os_thread nested too often"),
        );
        if depth == 0 {
            m.scheduler.confinement.set_locked(m, true);
            m.locked.set(Some(g));
            g.locked
                .store(ptr::from_ref(m).cast_mut().cast(), Ordering::Relaxed);
        }
    }
}

/// Undoes one [`lock`].
pub(crate) fn unlock() {
    if let Some(g) = current::current() {
        let _hidden = race::hide();
        let depth = g.lock_depth.get() - 1;
        g.lock_depth.set(depth);
        if depth == 0 {
            let m = M::of(g);
            m.locked.set(None);
            m.scheduler.confinement.set_locked(m, false);
            g.locked.store(ptr::null_mut(), Ordering::Relaxed);
        }
    }
}

impl M {
    /// Waits, without a processor, until the goroutine that is locked to this
    /// machine can run. Returns the processor to run it on.
    pub(super) fn wait_for_locked(&'static self, p: Option<&'static P>) -> Option<&'static P> {
        if let Some(p) = p {
            trace::releases(self, None);
            self.seat.set(ptr::null_mut());
            self.scheduler.hand_off(p);
        }
        loop {
            self.sleep(NEVER);
            if let Some(p) = self.take_given() {
                super::find::acquire(self, p);
                self.chosen.set(self.locked.get());
                return Some(p);
            }
        }
    }

    /// Gives this machine's processor to the machine that `g` is locked to.
    pub(super) fn hand_to_locked(&'static self, p: &'static P, g: GRef) {
        // SAFETY: set from a `&'static M`.
        let target: &'static M = unsafe { &*g.locked.load(Ordering::Relaxed).cast() };
        trace::releases(self, None);
        self.seat.set(ptr::null_mut());
        target.give(p, false);
        target.wake();
    }
}
