//! Condition variables.
//!
//! Those who wait stand in a queue, and each notification ends the wait of the first.
//! A waiter is in the queue before he unlocks the mutex, so a notification that comes
//! after what he saw with the mutex locked is not lost; and since it goes to a waiter,
//! and not to whoever looks first, nobody who comes later can steal it.

use super::{Mutex, MutexGuard, RawMutex, until};
use crate::base::atomic::{AtomicBool, Ordering};
use crate::base::clock;
use crate::base::lock::Lock;
use crate::context::{Context, ContextError};
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::wait_queue::{self, End, Ended, Queued, ToReady, Until, WaitQueue};
use std::fmt;
use std::panic::Location;
use std::time::{Duration, Instant};

/// Waiting, with a mutex, until something is the case: Go's `sync.Cond`.
///
/// What one waits for is some condition on what the mutex protects. Whoever makes it
/// come true notifies one or all of those who wait. They are notified in the order in
/// which they came, and a wait ends only by a notification, never for no reason.
///
/// The methods are those of
/// [parking_lot](https://docs.rs/parking_lot/0.12/parking_lot/struct.Condvar.html),
/// and some with a context. A condition variable may be used with several mutexes.
///
/// # Examples
/// ```
/// use sortie::sync::{Condvar, Mutex};
/// use std::collections::VecDeque;
///
/// static QUEUE: Mutex<VecDeque<u32>> = Mutex::new(VecDeque::new());
/// static FILLED: Condvar = Condvar::new();
///
/// sortie::run(|| {
///     let consumer = sortie::go(|| {
///         let mut queue = QUEUE.lock();
///         FILLED.wait_while(&mut queue, |queue| queue.is_empty());
///         queue.pop_front()
///     });
///     QUEUE.lock().push_back(7);
///     FILLED.notify_one();
///     assert_eq!(consumer.join().unwrap(), Some(7));
/// });
/// ```
pub struct Condvar {
    /// Whether anybody may be in the queue. Changes with the line locked.
    waited_for: AtomicBool,
    line: Lock<Line>,
}

/// Those who wait.
struct Line(WaitQueue);

impl Queued for Line {
    fn queue(&self) -> &WaitQueue {
        &self.0
    }
}

/// Whether a wait ended because time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitTimeoutResult(bool);

impl WaitTimeoutResult {
    /// Whether time ran out before there was a notification.
    pub fn timed_out(self) -> bool {
        self.0
    }
}

impl Condvar {
    /// A condition variable that nobody waits for.
    pub const fn new() -> Self {
        Condvar {
            waited_for: AtomicBool::new(false),
            line: Lock::new(Line(WaitQueue::new())),
        }
    }

    /// Ends the wait of the one who has waited for the longest. Returns whether there
    /// was one.
    ///
    /// Go's `Signal`. The mutex need not be locked.
    ///
    /// # Examples
    /// ```
    /// assert!(!sortie::sync::Condvar::new().notify_one());
    /// ```
    #[inline]
    pub fn notify_one(&self) -> bool {
        self.waited_for.load(Ordering::Relaxed) && self.notify(1) == 1
    }

    /// Ends the waits of all. Returns how many they were.
    ///
    /// Go's `Broadcast`. The mutex need not be locked.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(sortie::sync::Condvar::new().notify_all(), 0);
    /// ```
    #[inline]
    pub fn notify_all(&self) -> usize {
        if self.waited_for.load(Ordering::Relaxed) {
            self.notify(usize::MAX)
        } else {
            0
        }
    }

    #[inline(never)]
    fn notify(&self, most: usize) -> usize {
        let mut ready = ToReady::new();
        let line = self.line.lock();
        let mut count = 0;
        while count < most && line.0.grant(0, &mut ready).is_some() {
            count += 1;
        }
        if line.0.is_empty() {
            self.waited_for.store(false, Ordering::Relaxed);
        }
        drop(line);
        drop(ready);
        count
    }

    /// Unlocks the mutex, waits, and locks the mutex again.
    fn wait_for_any(
        &self,
        mutex: &RawMutex,
        until: Until<'_>,
        location: &'static Location<'static>,
    ) -> Ended {
        let place = Place {
            reason: WaitReason::CondWait,
            location,
            origin: None,
        };
        let line = self.line.lock();
        // Whoever has the mutex after us, and notifies then, sees it.
        self.waited_for.store(true, Ordering::Relaxed);
        let turn = (End::Back, 0);
        let ended = wait_queue::wait_after(&self.line, line, turn, until, place, || {
            // SAFETY: the caller has a guard, and gives it back only after this.
            unsafe { mutex.release_and_wait() }
        });
        mutex.take(location);
        ended
    }

    /// Waits until notified. The mutex is unlocked while waiting.
    ///
    /// Go's `Wait`.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until notified;
    /// then until the mutex is locked again.
    #[track_caller]
    pub fn wait<T: ?Sized>(&self, guard: &mut MutexGuard<'_, T>) {
        self.wait_for_any(raw(guard), Until::GRANTED, Location::caller());
    }

    /// As [`wait`](Self::wait), until `deadline` at most.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait). The mutex is waited for also when time has run out.
    #[track_caller]
    pub fn wait_until<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        deadline: Instant,
    ) -> WaitTimeoutResult {
        self.wait_for(guard, deadline.saturating_duration_since(Instant::now()))
    }

    /// As [`wait`](Self::wait), for `timeout` at most.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait). The mutex is waited for also when time has run out.
    ///
    /// # Examples
    /// ```
    /// use sortie::sync::{Condvar, Mutex};
    /// use std::time::Duration;
    ///
    /// let (mutex, never) = (Mutex::new(()), Condvar::new());
    /// let result = never.wait_for(&mut mutex.lock(), Duration::from_millis(1));
    /// assert!(result.timed_out());
    /// ```
    #[track_caller]
    pub fn wait_for<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        timeout: Duration,
    ) -> WaitTimeoutResult {
        self.wait_by(guard, clock::after(timeout))
    }

    /// Waits until a time by the runtime's clock.
    #[track_caller]
    fn wait_by<T: ?Sized>(&self, guard: &MutexGuard<'_, T>, deadline: u64) -> WaitTimeoutResult {
        let until = Until::deadline(deadline);
        let ended = self.wait_for_any(raw(guard), until, Location::caller());
        WaitTimeoutResult(ended == Ended::TimedOut)
    }

    /// As [`wait`](Self::wait), until `context` ends at most.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait). The mutex is waited for also when the context has
    /// ended.
    ///
    /// # Errors
    /// Why `context` ended. If it has ended already, the mutex is not unlocked.
    #[track_caller]
    pub fn wait_ctx<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        context: &Context,
    ) -> Result<(), ContextError> {
        context.err().map_or(Ok(()), Err)?;
        match self.wait_for_any(raw(guard), until(context), Location::caller()) {
            Ended::Granted(_) => Ok(()),
            ended => Err(super::ended_by(ended, context)),
        }
    }

    /// Waits as long as `condition` holds. It is called with the mutex locked.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    ///
    /// # Examples
    /// See [`Condvar`].
    #[track_caller]
    pub fn wait_while<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) {
        while condition(guard) {
            self.wait(guard);
        }
    }

    /// As [`wait_while`](Self::wait_while), until `deadline` at most. When time has run
    /// out the condition is not called any more.
    ///
    /// # Blocking
    /// As [`wait_until`](Self::wait_until).
    #[track_caller]
    pub fn wait_while_until<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        condition: impl FnMut(&mut T) -> bool,
        deadline: Instant,
    ) -> WaitTimeoutResult {
        let timeout = deadline.saturating_duration_since(Instant::now());
        self.wait_while_for(guard, condition, timeout)
    }

    /// As [`wait_while`](Self::wait_while), for `timeout` at most in all.
    ///
    /// # Blocking
    /// As [`wait_for`](Self::wait_for).
    #[track_caller]
    pub fn wait_while_for<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
        timeout: Duration,
    ) -> WaitTimeoutResult {
        let deadline = clock::after(timeout);
        let mut result = WaitTimeoutResult(false);
        while !result.timed_out() && condition(guard) {
            result = self.wait_by(guard, deadline);
        }
        result
    }

    /// As [`wait_while`](Self::wait_while), until `context` ends at most.
    ///
    /// # Blocking
    /// As [`wait_ctx`](Self::wait_ctx).
    ///
    /// # Errors
    /// Why `context` ended. The condition is not called any more then.
    #[track_caller]
    pub fn wait_while_ctx<T: ?Sized>(
        &self,
        guard: &mut MutexGuard<'_, T>,
        mut condition: impl FnMut(&mut T) -> bool,
        context: &Context,
    ) -> Result<(), ContextError> {
        while condition(guard) {
            self.wait_ctx(guard, context)?;
        }
        Ok(())
    }
}

/// The mutex that a guard belongs to.
fn raw<'a, T: ?Sized>(guard: &MutexGuard<'a, T>) -> &'a RawMutex {
    let mutex: &'a Mutex<T> = MutexGuard::mutex(guard);
    // SAFETY: it is unlocked only while the guard is borrowed, and locked again then.
    unsafe { mutex.raw() }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condvar").finish_non_exhaustive()
    }
}
