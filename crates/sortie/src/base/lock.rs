//! A short lock that blocks the OS thread.
//!
//! Protects a few instructions of the runtime. It is never held over a switch of
//! stacks, but for locks that a parking goroutine hands to its commit function.
//! After a short spin a waiter sleeps on a futex.
//!
//! ```text
//!  word  meaning
//!   0    free
//!   1    held, nobody sleeps
//!   2    held, somebody may sleep
//! ```
//!
//! The algorithm is the third mutex of Ulrich Drepper, *Futexes Are Tricky*
//! (2011). std's mutex is the same but for poison, which a lock must not have
//! that is unlocked by another function than locked it.

use super::atomic::{AtomicU32, Ordering};
use super::futex;
use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};

const FREE: u32 = 0;
const HELD: u32 = 1;
const CONTENDED: u32 = 2;

/// The lock without data.
#[derive(Debug)]
pub(crate) struct RawLock(AtomicU32);

impl RawLock {
    pub(crate) const fn new() -> Self {
        RawLock(AtomicU32::new(FREE))
    }

    #[inline(always)]
    pub(crate) fn lock(&self) {
        if self
            .0
            .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            self.lock_slow();
        }
    }

    fn try_lock(&self) -> bool {
        self.0
            .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[cold]
    #[inline(never)]
    fn lock_slow(&self) {
        for _ in 0..futex::SPINS {
            match self.0.load(Ordering::Relaxed) {
                FREE if self.try_lock() => return,
                CONTENDED => break,
                _ => std::hint::spin_loop(),
            }
        }
        while self.0.swap(CONTENDED, Ordering::Acquire) != FREE {
            futex::wait(&self.0, CONTENDED);
        }
    }

    /// Releases the lock.
    ///
    /// # Safety
    /// The lock is held, and the holder gives up what it protects.
    #[inline(always)]
    pub(crate) unsafe fn unlock(&self) {
        if self.0.swap(FREE, Ordering::Release) == CONTENDED {
            self.wake();
        }
    }

    #[cold]
    #[inline(never)]
    fn wake(&self) {
        futex::wake_one(&self.0);
    }
}

/// The lock with what it protects.
#[derive(Debug)]
pub(crate) struct Lock<T> {
    raw: RawLock,
    data: UnsafeCell<T>,
}

// SAFETY: the lock gives one thread at a time access to the data.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    pub(crate) const fn new(data: T) -> Self {
        Lock {
            raw: RawLock::new(),
            data: UnsafeCell::new(data),
        }
    }

    #[inline(always)]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        self.raw.lock();
        Guard(self)
    }
}

/// Access to the data of a held lock.
#[derive(Debug)]
pub(crate) struct Guard<'a, T>(&'a Lock<T>);

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held.
        unsafe { &*self.0.data.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held, and the guard borrowed.
        unsafe { &mut *self.0.data.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: a guard exists only while the lock is held.
        unsafe { self.0.raw.unlock() }
    }
}
