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
//! # Unlocking without an exchange
//! An exchange would tell whether somebody sleeps; but a plain store frees the lock as
//! well, without a locked instruction, if a look at the number of sleepers follows. A thread
//! about to sleep counts itself, passes the [heavy barrier](super::barrier), and then tries
//! once more: it finds the lock free, or is seen.
//!
//! The next holder may free the lock's memory before that look. So the numbers are not
//! in the locks, but in a table for all of them ([`sleepers`]): who shares an
//! entry with a lock that somebody sleeps on makes a system call too many. That
//! names the lock by its address, and at worst wakes somebody for nothing who sleeps on
//! something else that is there by now; all who sleep look again.
//!
//! The algorithm is the third mutex of Ulrich Drepper, *Futexes Are Tricky*
//! (2011). std's mutex is the same but for poison, which a lock must not have
//! that is unlocked by another function than locked it.

use super::atomic::{AtomicU32, Ordering};
use super::{barrier, futex, sleepers};
use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};

const FREE: u32 = 0;
const HELD: u32 = 1;
const CONTENDED: u32 = 2;

/// The lock without data.
#[derive(Debug)]
pub(crate) struct RawLock {
    word: AtomicU32,
}

impl RawLock {
    pub(crate) const fn new() -> Self {
        RawLock {
            word: AtomicU32::new(FREE),
        }
    }

    #[inline(always)]
    pub(crate) fn lock(&self) {
        if self
            .word
            .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            self.lock_slow();
        }
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.word
            .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[cold]
    #[inline(never)]
    fn lock_slow(&self) {
        for _ in 0..futex::SPINS {
            match self.word.load(Ordering::Relaxed) {
                FREE if self.try_lock() => return,
                CONTENDED => break,
                _ => std::hint::spin_loop(),
            }
        }
        let sleepers = sleepers::of(&self.word);
        sleepers.fetch_add(1, Ordering::Relaxed);
        barrier::heavy();
        while self.word.swap(CONTENDED, Ordering::Acquire) != FREE {
            futex::wait(&self.word, CONTENDED);
        }
        sleepers.fetch_sub(1, Ordering::Relaxed);
    }

    /// Releases the lock.
    ///
    /// # Safety
    /// The lock is held, and the holder gives up what it protects.
    #[inline(always)]
    pub(crate) unsafe fn unlock(&self) {
        let word = &raw const self.word;
        self.word.store(FREE, Ordering::Release);
        // From here on the lock may be gone.
        barrier::light();
        if sleepers::of(word).load(Ordering::Relaxed) != 0 {
            wake(word);
        }
    }
}

#[cold]
#[inline(never)]
fn wake(word: *const AtomicU32) {
    futex::wake_one(word);
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

    /// Locks it if nobody has.
    #[inline]
    pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
        self.raw.try_lock().then(|| Guard(self))
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
