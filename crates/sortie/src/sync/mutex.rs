//! Mutual exclusion, by way of lock_api.

use super::raw_mutex::{Afterwards, RawMutex};
use super::thread_number;
use crate::base::clock;
use crate::park::wait_queue::Until;
use std::num::NonZeroUsize;
use std::panic::Location;
use std::time::{Duration, Instant};

/// Data that one at a time may use: Go's `sync.Mutex`, with the data in it.
///
/// The methods are those of
/// [parking_lot](https://docs.rs/parking_lot/0.12/parking_lot/type.Mutex.html), by way
/// of [`lock_api`]; for waiting with a context see [`LockContext`](super::LockContext).
/// It takes 8 bytes, can be a `static`, and is not poisoned by a panic: a guard that is
/// dropped by unwinding unlocks as any other.
///
/// | Go | here |
/// |----|------|
/// | `mu.Lock()`, `defer mu.Unlock()` | `let guard = mutex.lock();` |
/// | `mu.Unlock()` | `drop(guard)` |
/// | `mu.TryLock()` | `mutex.try_lock()` |
///
/// # Blocking
/// Locking parks the calling goroutine, or blocks the calling OS thread, until the
/// mutex is unlocked. Who locks it a second time waits for himself; a report of
/// deadlock shows him, as `sync.Mutex.Lock`.
///
/// # Fairness
/// Go's: who happens to come when the mutex is free gets it, even if others wait, since
/// that is much faster. But who has waited for a millisecond is handed the mutex when
/// it is unlocked next. [`MutexGuard::unlock_fair`] hands it over at once.
///
/// # Guards
/// A guard may be sent to another goroutine, and be dropped there, if the data may. It
/// does not matter who unlocks, and a goroutine that holds a guard may wait and go on on
/// another OS thread.
///
/// # Examples
/// ```
/// use sortie::sync::Mutex;
///
/// static COUNT: Mutex<u32> = Mutex::new(0);
///
/// # sortie::run(|| {
/// sortie::scope(|s| {
///     for _ in 0..10 {
///         s.go(|| *COUNT.lock() += 1);
///     }
/// });
/// assert_eq!(*COUNT.lock(), 10);
/// # });
/// ```
pub type Mutex<T> = lock_api::Mutex<RawMutex, T>;

/// Access to the data of a locked [`Mutex`], which it unlocks when it is dropped.
pub type MutexGuard<'a, T> = lock_api::MutexGuard<'a, RawMutex, T>;

/// Access to a part of the data of a locked [`Mutex`]: [`MutexGuard::map`].
pub type MappedMutexGuard<'a, T> = lock_api::MappedMutexGuard<'a, RawMutex, T>;

/// A guard that keeps the [`Mutex`] alive: `lock_arc`.
pub type ArcMutexGuard<T> = lock_api::ArcMutexGuard<RawMutex, T>;

/// A mutex that who has locked it may lock again. Its guards give out shared references.
///
/// A goroutine is who it is wherever it runs. The guards stay with it: they cannot be
/// sent.
///
/// # Examples
/// ```
/// use sortie::sync::ReentrantMutex;
///
/// let mutex = ReentrantMutex::new(7);
/// let outer = mutex.lock();
/// let inner = mutex.lock();
/// assert_eq!(*outer, *inner);
/// ```
pub type ReentrantMutex<T> = lock_api::ReentrantMutex<RawMutex, RawThreadId, T>;

/// Access to the data of a locked [`ReentrantMutex`].
pub type ReentrantMutexGuard<'a, T> = lock_api::ReentrantMutexGuard<'a, RawMutex, RawThreadId, T>;

/// Access to a part of the data of a locked [`ReentrantMutex`].
pub type MappedReentrantMutexGuard<'a, T> =
    lock_api::MappedReentrantMutexGuard<'a, RawMutex, RawThreadId, T>;

/// A guard that keeps the [`ReentrantMutex`] alive.
pub type ArcReentrantMutexGuard<T> = lock_api::ArcReentrantMutexGuard<RawMutex, RawThreadId, T>;

/// A mutex in a constant. The same as `Mutex::new`.
pub const fn const_mutex<T>(value: T) -> Mutex<T> {
    Mutex::new(value)
}

/// A reentrant mutex in a constant. The same as `ReentrantMutex::new`.
pub const fn const_reentrant_mutex<T>(value: T) -> ReentrantMutex<T> {
    ReentrantMutex::new(value)
}

/// Tells goroutines and OS threads apart, for [`lock_api`].
#[derive(Debug)]
pub struct RawThreadId;

// SAFETY: the address of a thread-local, and goroutines have their own.
unsafe impl lock_api::GetThreadId for RawThreadId {
    const INIT: Self = RawThreadId;

    #[inline]
    fn nonzero_thread_id(&self) -> NonZeroUsize {
        NonZeroUsize::new(thread_number()).expect("nothing is at address 0")
    }
}

// SAFETY: it is held by one at a time: the state goes from free to held by an exchange,
// and back, or to the next, only by who holds it.
unsafe impl lock_api::RawMutex for RawMutex {
    const INIT: Self = RawMutex::new();

    // Sound because the state does not know who holds it, and unlocking uses nothing of
    // the thread that locked.
    type GuardMarker = lock_api::GuardSend;

    #[inline]
    #[track_caller]
    fn lock(&self) {
        self.take(Location::caller());
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.try_take()
    }

    #[inline]
    unsafe fn unlock(&self) {
        // SAFETY: as this function's.
        unsafe { self.release() }
    }

    #[inline]
    fn is_locked(&self) -> bool {
        self.is_held()
    }
}

// SAFETY: who is handed it is the only one to hold it.
unsafe impl lock_api::RawMutexFair for RawMutex {
    unsafe fn unlock_fair(&self) {
        // SAFETY: as this function's.
        unsafe { self.release_fairly(Afterwards::MakeWay) }
    }

    #[track_caller]
    unsafe fn bump(&self) {
        if self.is_waited_for() {
            // SAFETY: as this function's.
            unsafe { self.release_fairly(Afterwards::GoOn) };
            self.take(Location::caller());
        }
    }
}

// SAFETY: `true` is returned to who holds it then.
unsafe impl lock_api::RawMutexTimed for RawMutex {
    type Duration = Duration;
    type Instant = Instant;

    #[track_caller]
    fn try_lock_for(&self, timeout: Duration) -> bool {
        self.try_take() || {
            let until = Until::deadline(clock::after(timeout));
            self.take_slow(until, Location::caller()).is_ok()
        }
    }

    #[track_caller]
    fn try_lock_until(&self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(Instant::now());
        lock_api::RawMutexTimed::try_lock_for(self, left)
    }
}
