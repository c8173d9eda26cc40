//! Goroutines that borrow.

use super::builder::{refused, start};
use super::handle::Goroutine;
use super::join::JoinHandle;
use crate::base::atomic::{AtomicUsize, Ordering};
use crate::base::lock::Lock;
use crate::goroutine::WaitReason;
use crate::park::wait_queue::Until;
use crate::park::{Place, Waiter, park};
use crate::sched::spawn::Plan;
use crate::sched::{M, P};
use std::any::Any;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::panic::{self, AssertUnwindSafe, Location};
use std::sync::Arc;
use std::thread;

/// A scope in which goroutines may borrow from outside of it. Made by
/// [`scope()`].
pub struct Scope<'scope, 'env: 'scope> {
    count: Arc<Count>,
    // Invariant in both, so that neither can be shortened.
    scope: PhantomData<&'scope mut &'scope ()>,
    env: PhantomData<&'env mut &'env ()>,
}

/// How many goroutines of a scope are alive. Shared with them, since the last one
/// still uses it when the scope is let go.
pub(crate) struct Count {
    alive: AtomicUsize,
    waiter: Lock<Option<Waiter>>,
    /// The first panic that nobody joined.
    panic: Lock<Option<Box<dyn Any + Send>>>,
}

impl Count {
    /// Keeps a panic for the end of the scope.
    pub(super) fn note_panic(&self, cause: Box<dyn Any + Send>) {
        let mut slot = self.panic.lock();
        if slot.is_none() {
            *slot = Some(cause);
            return;
        }
        drop(slot);
        // A panic in the destructor of a panic's payload is not worth more.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(cause)));
    }

    /// Takes a goroutine that has ended out of its scope.
    ///
    /// # Safety
    /// - `count` came from [`Arc::into_raw`], for this goroutine;
    /// - the machine is inside and has the processor.
    pub(super) unsafe fn leave(count: *const Count, m: &'static M, p: &'static P) {
        // SAFETY: as this function's.
        let count = unsafe { Arc::from_raw(count) };
        // Release: the scope sees everything its goroutines did.
        if count.alive.fetch_sub(1, Ordering::AcqRel) == 1 {
            let waiter = count.waiter.lock().take();
            if let Some(waiter) = waiter {
                // SAFETY: taken from where the scope put it when it parked, so
                // this is the one to wake it.
                unsafe { super::join::ready_joiner(waiter, m, p) };
            }
        }
    }
}

/// Runs `f`, which may start goroutines that borrow from its surroundings, and
/// waits for all of them: [`std::thread::scope`] with goroutines.
///
/// # Blocking
/// Parks the calling goroutine, or blocks the calling OS thread, until all
/// goroutines of the scope have ended.
///
/// # Panics
/// If `f` panics, or if a goroutine of the scope panicked and was not joined: then
/// that panic goes on here, after all have ended.
///
/// # Examples
/// ```
/// # sortie::run(|| {
/// let mut numbers = vec![1, 2, 3];
/// let mut sum = 0;
/// sortie::scope(|s| {
///     s.go(|| sum = numbers.iter().sum());
/// });
/// numbers.push(sum);
/// assert_eq!(numbers, [1, 2, 3, 6]);
/// # });
/// ```
#[track_caller]
pub fn scope<'env, F, T>(f: F) -> T
where
    F: for<'scope> FnOnce(&'scope Scope<'scope, 'env>) -> T,
{
    let scope = Scope {
        count: Arc::new(Count {
            // The scope itself counts until `f` is done.
            alive: AtomicUsize::new(1),
            waiter: Lock::new(None),
            panic: Lock::new(None),
        }),
        scope: PhantomData,
        env: PhantomData,
    };
    let result = panic::catch_unwind(AssertUnwindSafe(|| f(&scope)));
    scope.count.wait(Location::caller());
    let value = result.unwrap_or_else(|cause| panic::resume_unwind(cause));
    let unjoined = scope.count.panic.lock().take();
    if let Some(cause) = unjoined {
        panic::resume_unwind(cause);
    }
    value
}

impl Count {
    /// Waits until no goroutine is alive.
    fn wait(&self, location: &'static Location<'static>) {
        if self.alive.fetch_sub(1, Ordering::AcqRel) == 1 {
            return;
        }
        let waiter = Waiter::current();
        let place = Place {
            reason: WaitReason::Scope,
            location,
            origin: None,
        };
        // SAFETY: the waiter is the caller. It is found under the lock; the last
        // goroutine takes it from there, and if it has been there before, the
        // count says so. `self` outlives the wait: the scope holds it.
        unsafe {
            park(waiter, place, || {
                let mut slot = self.waiter.lock();
                if self.alive.load(Ordering::Acquire) == 0 {
                    return false;
                }
                *slot = Some(waiter);
                true
            });
        }
    }
}

impl<'scope, 'env> Scope<'scope, 'env> {
    /// Starts a goroutine in the scope.
    ///
    /// # Panics
    /// As [`go`](super::go).
    #[track_caller]
    pub fn go<F, T>(&'scope self, f: F) -> ScopedJoinHandle<'scope, T>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let plan = Plan {
            place: Location::caller(),
            details: None,
            id: None,
        };
        self.start(plan, f).unwrap_or_else(|error| refused(&error))
    }

    #[track_caller]
    pub(super) fn start<F, T>(
        &'scope self,
        plan: Plan,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        let name = plan
            .details
            .as_ref()
            .and_then(|details| details.name.clone());
        self.count.alive.fetch_add(1, Ordering::Relaxed);
        let share = Arc::into_raw(self.count.clone());
        // SAFETY: `scope` does not return before the goroutine has ended: it
        // waits for the count. The result, which may borrow as well, is taken or
        // dropped by the goroutine or by its handle, which cannot outlive
        // 'scope either.
        match unsafe { start(plan, f, share) } {
            Ok((g, id)) => Ok(ScopedJoinHandle {
                // SAFETY: just made with this closure.
                handle: unsafe { JoinHandle::new(g, Goroutine::new(id, name)) },
                _count: self.count.clone(),
                scope: PhantomData,
            }),
            Err(error) => {
                // SAFETY: the share that no goroutine got.
                drop(unsafe { Arc::from_raw(share) });
                self.count.alive.fetch_sub(1, Ordering::Relaxed);
                Err(error)
            }
        }
    }
}

impl fmt::Debug for Scope<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("alive", &self.count.alive.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}

/// An owned permission to wait for a goroutine of a scope and get its result.
pub struct ScopedJoinHandle<'scope, T> {
    handle: JoinHandle<T>,
    /// Keeps alive what a panic that nobody joins goes to; after `handle`.
    _count: Arc<Count>,
    scope: PhantomData<&'scope ()>,
}

impl<T> ScopedJoinHandle<'_, T> {
    /// Waits for the goroutine to end, and returns its result; if it panicked,
    /// the payload as an error, and the scope does not panic for it.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread.
    ///
    /// # Errors
    /// As [`JoinHandle::join`].
    #[track_caller]
    pub fn join(self) -> thread::Result<T> {
        self.handle.join()
    }

    /// As [`join`](Self::join), as long as there is time. The error is the handle.
    pub(crate) fn join_until(
        self,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<thread::Result<T>, Self> {
        let count = self._count;
        self.handle
            .join_until(until, location)
            .map_err(|handle| ScopedJoinHandle {
                handle,
                _count: count,
                scope: PhantomData,
            })
    }

    /// Whether the goroutine has ended.
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// Who it is.
    pub fn goroutine(&self) -> &Goroutine {
        self.handle.goroutine()
    }
}

impl<T> fmt::Debug for ScopedJoinHandle<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(f)
    }
}
