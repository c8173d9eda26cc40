//! The reader-writer lock, by way of lock_api.

use super::super::raw_mutex::Afterwards;
use super::super::room::Role;
use super::raw::{CLAIMED, INSIDE, LOCKERS_WAIT, READERS_WAIT, RawRwLock, UPGRADABLE};
use super::writers::Keep;
use crate::base::atomic::Ordering;
use crate::base::clock;
use crate::park::wait_queue::Until;
use std::panic::Location;
use std::time::{Duration, Instant};

/// Until a time from now at most.
fn within(timeout: Duration) -> Until<'static> {
    Until::deadline(clock::after(timeout))
}

/// Until a moment at most.
fn until(deadline: Instant) -> Until<'static> {
    within(deadline.saturating_duration_since(Instant::now()))
}

impl RawRwLock {
    #[inline(always)]
    pub(in super::super) fn read(
        &self,
        recursive: bool,
        until: impl FnOnce() -> Until<'static>,
        location: &'static Location<'static>,
    ) -> bool {
        self.try_read() || self.read_slow(recursive, until(), location).is_ok()
    }
}

// SAFETY: a writer is alone inside.
unsafe impl lock_api::RawRwLock for RawRwLock {
    const INIT: Self = RawRwLock::new();

    // Any thread may unlock: the word does not know who holds it.
    type GuardMarker = lock_api::GuardSend;

    #[inline]
    #[track_caller]
    fn lock_shared(&self) {
        self.read(false, || Until::GRANTED, Location::caller());
    }

    #[inline]
    fn try_lock_shared(&self) -> bool {
        self.try_read_now(CLAIMED)
    }

    #[inline]
    unsafe fn unlock_shared(&self) {
        // SAFETY: as this function's.
        unsafe { self.read_release() }
    }

    #[inline]
    #[track_caller]
    fn lock_exclusive(&self) {
        if !self.try_write_alone() {
            let _ = self.write_slow(Until::GRANTED, Location::caller());
        }
    }

    #[inline]
    fn try_lock_exclusive(&self) -> bool {
        self.try_write()
    }

    #[inline]
    unsafe fn unlock_exclusive(&self) {
        // SAFETY: as this function's.
        unsafe { self.write_release() }
    }

    fn is_locked(&self) -> bool {
        let word = self.word.load(Ordering::SeqCst);
        word & (CLAIMED | UPGRADABLE) != 0 || self.all_readers(word) != 0
    }

    fn is_locked_exclusive(&self) -> bool {
        self.word.load(Ordering::Relaxed) & INSIDE != 0
    }
}

// SAFETY: as above.
unsafe impl lock_api::RawRwLockFair for RawRwLock {
    unsafe fn unlock_shared_fair(&self) {
        // A writer who waits is let in in any case.
        // SAFETY: as this function's.
        unsafe { self.read_release() }
    }

    unsafe fn unlock_exclusive_fair(&self) {
        self.end_claim(Keep::Nothing, true, Afterwards::MakeWay);
    }

    #[track_caller]
    unsafe fn bump_shared(&self) {
        if self.word.load(Ordering::Relaxed) & CLAIMED != 0 {
            // SAFETY: as this function's.
            unsafe { self.read_release() };
            lock_api::RawRwLock::lock_shared(self);
        }
    }

    #[track_caller]
    unsafe fn bump_exclusive(&self) {
        if self.word.load(Ordering::Relaxed) & (READERS_WAIT | LOCKERS_WAIT) != 0 {
            self.end_claim(Keep::Nothing, true, Afterwards::GoOn);
            lock_api::RawRwLock::lock_exclusive(self);
        }
    }
}

// SAFETY: as above.
unsafe impl lock_api::RawRwLockDowngrade for RawRwLock {
    unsafe fn downgrade(&self) {
        self.end_claim(Keep::Reader, false, Afterwards::GoOn);
    }
}

// SAFETY: as above.
unsafe impl lock_api::RawRwLockTimed for RawRwLock {
    type Duration = Duration;
    type Instant = Instant;

    #[inline]
    #[track_caller]
    fn try_lock_shared_for(&self, timeout: Duration) -> bool {
        self.read(false, || within(timeout), Location::caller())
    }

    #[inline]
    #[track_caller]
    fn try_lock_shared_until(&self, deadline: Instant) -> bool {
        self.read(false, || until(deadline), Location::caller())
    }

    #[inline]
    #[track_caller]
    fn try_lock_exclusive_for(&self, timeout: Duration) -> bool {
        self.try_write_alone() || self.write_slow(within(timeout), Location::caller()).is_ok()
    }

    #[inline]
    #[track_caller]
    fn try_lock_exclusive_until(&self, deadline: Instant) -> bool {
        self.try_write_alone() || self.write_slow(until(deadline), Location::caller()).is_ok()
    }
}

// SAFETY: as above.
unsafe impl lock_api::RawRwLockRecursive for RawRwLock {
    #[inline]
    #[track_caller]
    fn lock_shared_recursive(&self) {
        self.read(true, || Until::GRANTED, Location::caller());
    }

    #[inline]
    fn try_lock_shared_recursive(&self) -> bool {
        self.try_read() || self.try_read_beside(INSIDE)
    }
}

// SAFETY: as above.
unsafe impl lock_api::RawRwLockRecursiveTimed for RawRwLock {
    #[inline]
    #[track_caller]
    fn try_lock_shared_recursive_for(&self, timeout: Duration) -> bool {
        self.read(true, || within(timeout), Location::caller())
    }

    #[inline]
    #[track_caller]
    fn try_lock_shared_recursive_until(&self, deadline: Instant) -> bool {
        self.read(true, || until(deadline), Location::caller())
    }
}

// SAFETY: there is one upgradable reader at a time, and no writer beside him.
unsafe impl lock_api::RawRwLockUpgrade for RawRwLock {
    #[inline]
    #[track_caller]
    fn lock_upgradable(&self) {
        let _ = self.claim_slow(Role::Upgradable, Until::GRANTED, Location::caller());
    }

    fn try_lock_upgradable(&self) -> bool {
        self.try_claim(Role::Upgradable)
    }

    unsafe fn unlock_upgradable(&self) {
        self.end_claim(Keep::Nothing, false, Afterwards::MakeWay);
    }

    #[track_caller]
    unsafe fn upgrade(&self) {
        // SAFETY: as this function's.
        let _ = unsafe { self.upgrade_slow(Until::GRANTED, Location::caller()) };
    }

    unsafe fn try_upgrade(&self) -> bool {
        RawRwLock::try_upgrade(self)
    }
}

// SAFETY: as above.
unsafe impl lock_api::RawRwLockUpgradeFair for RawRwLock {
    unsafe fn unlock_upgradable_fair(&self) {
        self.end_claim(Keep::Nothing, true, Afterwards::MakeWay);
    }

    #[track_caller]
    unsafe fn bump_upgradable(&self) {
        if self.word.load(Ordering::Relaxed) & LOCKERS_WAIT != 0 {
            self.end_claim(Keep::Nothing, true, Afterwards::GoOn);
            lock_api::RawRwLockUpgrade::lock_upgradable(self);
        }
    }
}

// SAFETY: as above.
unsafe impl lock_api::RawRwLockUpgradeDowngrade for RawRwLock {
    unsafe fn downgrade_upgradable(&self) {
        self.end_claim(Keep::Reader, false, Afterwards::GoOn);
    }

    unsafe fn downgrade_to_upgradable(&self) {
        self.end_claim(Keep::Upgradable, false, Afterwards::GoOn);
    }
}

// SAFETY: as above.
unsafe impl lock_api::RawRwLockUpgradeTimed for RawRwLock {
    #[track_caller]
    fn try_lock_upgradable_for(&self, timeout: Duration) -> bool {
        self.claim_slow(Role::Upgradable, within(timeout), Location::caller())
            .is_ok()
    }

    #[track_caller]
    fn try_lock_upgradable_until(&self, deadline: Instant) -> bool {
        self.claim_slow(Role::Upgradable, until(deadline), Location::caller())
            .is_ok()
    }

    #[track_caller]
    unsafe fn try_upgrade_for(&self, timeout: Duration) -> bool {
        // SAFETY: as this function's.
        let upgraded = unsafe { self.upgrade_slow(within(timeout), Location::caller()) };
        upgraded.is_ok()
    }

    #[track_caller]
    unsafe fn try_upgrade_until(&self, deadline: Instant) -> bool {
        // SAFETY: as this function's.
        let upgraded = unsafe { self.upgrade_slow(until(deadline), Location::caller()) };
        upgraded.is_ok()
    }
}
