//! A weighted semaphore. The protocol is in [`permits`](super::permits).

use super::permits::{Permits, Refused};
use crate::base::clock;
use crate::context::{Context, ContextError};
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::wait_queue::Until;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

/// A number of permits that are lent out: Go's `semaphore.Weighted` (of
/// `golang.org/x/sync`).
///
/// Whoever acquires some waits until there are enough. It is strictly first come,
/// first served: a large request is not overtaken by small ones that could be granted
/// at once, or it might wait for ever. A [`Permit`] gives back what was acquired when
/// it is dropped, wherever that is; with the semaphore in an [`Arc`] there are
/// permits that do not borrow it ([`acquire_owned`](Self::acquire_owned)).
///
/// | Go | here |
/// |----|------|
/// | `semaphore.NewWeighted(n)` | [`Semaphore::new(n)`](Self::new) |
/// | `s.Acquire(ctx, n)` | [`acquire_ctx`](Self::acquire_ctx), [`acquire`](Self::acquire) |
/// | `s.TryAcquire(n)` | [`try_acquire`](Self::try_acquire) |
/// | `s.Release(n)` | drop the permit |
///
/// # Asking for too much
/// More permits than there are in all can never be acquired. A call that would wait
/// for ever panics; one that has a time-out or a context waits for that, as Go's does,
/// and holds up nobody meanwhile.
///
/// # Examples
/// At most two at a time:
/// ```
/// use sortie::sync::Semaphore;
///
/// # sortie::run(|| {
/// let seats = Semaphore::new(2);
/// sortie::scope(|s| {
///     for _ in 0..10 {
///         s.go(|| {
///             let _seat = seats.acquire(1);
///             assert!(seats.available_permits() < 2);
///             sortie::yield_now();
///         });
///     }
/// });
/// assert_eq!(seats.available_permits(), 2);
/// # });
/// ```
pub struct Semaphore {
    permits: Permits,
}

impl UnwindSafe for Semaphore {}
impl RefUnwindSafe for Semaphore {}

impl Semaphore {
    /// Permits of a semaphore at most.
    pub const MAX_PERMITS: usize = Permits::MOST;

    /// A semaphore with so many permits.
    ///
    /// # Panics
    /// If they are more than [`MAX_PERMITS`](Self::MAX_PERMITS).
    pub const fn new(permits: usize) -> Self {
        Semaphore {
            permits: Permits::new(permits),
        }
    }

    /// How many permits nobody has at the moment.
    pub fn available_permits(&self) -> usize {
        self.permits.free()
    }

    /// Acquires `n` permits, as one.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until they are
    /// there and everybody who came before has been served.
    ///
    /// # Panics
    /// If the semaphore has fewer permits in all, or comes to have fewer by
    /// [`Permit::forget`]: it would wait for ever.
    #[track_caller]
    #[inline]
    pub fn acquire(&self, n: usize) -> Permit<'_> {
        self.take(n);
        Permit {
            semaphore: self,
            permits: n,
        }
    }

    /// Acquires `n` permits if they are there, and nobody waits for some.
    ///
    /// # Examples
    /// ```
    /// # use sortie::sync::Semaphore;
    /// let semaphore = Semaphore::new(3);
    /// let two = semaphore.try_acquire(2).unwrap();
    /// assert!(semaphore.try_acquire(2).is_none());
    /// drop(two);
    /// assert!(semaphore.try_acquire(3).is_some());
    /// ```
    #[inline]
    pub fn try_acquire(&self, n: usize) -> Option<Permit<'_>> {
        // Not `then_some`: a permit that is made is given back.
        self.permits.try_take(n).then(|| Permit {
            semaphore: self,
            permits: n,
        })
    }

    /// As [`acquire`](Self::acquire), for a time at most. What is there is acquired
    /// whatever the time-out.
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire), until `timeout` has passed.
    ///
    /// # Panics
    /// As [`acquire`](Self::acquire), if the time-out is for ever too
    /// (`Duration::MAX`).
    #[track_caller]
    pub fn acquire_timeout(&self, n: usize, timeout: Duration) -> Option<Permit<'_>> {
        self.take_timeout(n, timeout).then(|| Permit {
            semaphore: self,
            permits: n,
        })
    }

    /// As [`acquire`](Self::acquire), until `context` ends. If it has ended nothing is
    /// acquired, even if it is there.
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire), until `context` ends.
    ///
    /// # Errors
    /// Why `context` ended.
    ///
    /// # Panics
    /// As [`acquire`](Self::acquire), if the context can never end.
    ///
    /// # Examples
    /// ```
    /// # use sortie::context::{Context, ContextError};
    /// # use sortie::sync::Semaphore;
    /// let semaphore = Semaphore::new(1);
    /// let (context, cancel) = Context::background().with_cancel();
    /// let permit = semaphore.acquire_ctx(1, &context)?;
    /// cancel.cancel();
    /// assert!(semaphore.acquire_ctx(1, &context).is_err());
    /// # Ok::<(), ContextError>(())
    /// ```
    #[track_caller]
    pub fn acquire_ctx(&self, n: usize, context: &Context) -> Result<Permit<'_>, ContextError> {
        self.take_ctx(n, context)?;
        Ok(Permit {
            semaphore: self,
            permits: n,
        })
    }

    /// As [`acquire`](Self::acquire), with a permit that keeps the semaphore alive.
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire).
    ///
    /// # Panics
    /// As [`acquire`](Self::acquire).
    ///
    /// # Examples
    /// The goroutine is started when there is room for it, and takes the permit along:
    /// ```
    /// use sortie::sync::Semaphore;
    /// use std::sync::Arc;
    ///
    /// # sortie::run(|| {
    /// let room = Arc::new(Semaphore::new(3));
    /// for _ in 0..10 {
    ///     let permit = room.clone().acquire_owned(1);
    ///     sortie::go(move || {
    ///         // ...
    ///         drop(permit);
    ///     });
    /// }
    /// // All have ended once all permits are back.
    /// drop(room.acquire(3));
    /// # });
    /// ```
    #[track_caller]
    pub fn acquire_owned(self: Arc<Self>, n: usize) -> OwnedPermit {
        self.take(n);
        OwnedPermit {
            semaphore: self,
            permits: n,
        }
    }

    /// As [`try_acquire`](Self::try_acquire), with a permit that keeps the semaphore
    /// alive.
    pub fn try_acquire_owned(self: Arc<Self>, n: usize) -> Option<OwnedPermit> {
        self.permits.try_take(n).then(|| OwnedPermit {
            semaphore: self,
            permits: n,
        })
    }

    /// As [`acquire_timeout`](Self::acquire_timeout), with a permit that keeps the
    /// semaphore alive.
    ///
    /// # Blocking
    /// As [`acquire_timeout`](Self::acquire_timeout).
    ///
    /// # Panics
    /// As [`acquire_timeout`](Self::acquire_timeout).
    #[track_caller]
    pub fn acquire_owned_timeout(
        self: Arc<Self>,
        n: usize,
        timeout: Duration,
    ) -> Option<OwnedPermit> {
        self.take_timeout(n, timeout).then(|| OwnedPermit {
            semaphore: self,
            permits: n,
        })
    }

    /// As [`acquire_ctx`](Self::acquire_ctx), with a permit that keeps the semaphore
    /// alive.
    ///
    /// # Blocking
    /// As [`acquire_ctx`](Self::acquire_ctx).
    ///
    /// # Errors
    /// Why `context` ended.
    ///
    /// # Panics
    /// As [`acquire_ctx`](Self::acquire_ctx).
    #[track_caller]
    pub fn acquire_owned_ctx(
        self: Arc<Self>,
        n: usize,
        context: &Context,
    ) -> Result<OwnedPermit, ContextError> {
        self.take_ctx(n, context)?;
        Ok(OwnedPermit {
            semaphore: self,
            permits: n,
        })
    }

    #[track_caller]
    #[inline]
    fn take(&self, n: usize) {
        if !self.permits.try_take(n) {
            let taken = self.permits.take(n, Until::GRANTED, here());
            granted(n, taken);
        }
    }

    #[track_caller]
    fn take_timeout(&self, n: usize, timeout: Duration) -> bool {
        self.permits.try_take(n) || {
            let until = Until::deadline(clock::after(timeout));
            granted(n, self.permits.take(n, until, here()))
        }
    }

    #[track_caller]
    fn take_ctx(&self, n: usize, context: &Context) -> Result<(), ContextError> {
        context.check()?;
        if self.permits.try_take(n) {
            return Ok(());
        }
        if !granted(n, self.permits.take(n, context.until(), here())) {
            return Err(context.ended());
        }
        // It may have ended before the grant or after, nobody can tell.
        context.check().inspect_err(|_| self.permits.give(n))
    }
}

#[track_caller]
fn here() -> Place {
    Place {
        reason: WaitReason::Semaphore,
        location: Location::caller(),
        origin: None,
    }
}

/// Whether permits were granted.
///
/// # Panics
/// If they could never be.
#[track_caller]
fn granted(n: usize, taken: Result<(), Refused>) -> bool {
    match taken {
        Ok(()) => true,
        Err(Refused::TimedOut | Refused::Interrupted) => false,
        Err(Refused::Never(total)) => panic!(
            "acquiring {n} permits of a semaphore that has {total} in all would wait for ever; \
             ask for fewer, or make it with more"
        ),
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available_permits", &self.available_permits())
            .finish_non_exhaustive()
    }
}

/// Permits acquired from a [`Semaphore`], given back when dropped.
///
/// It may be moved to another goroutine, and be dropped there.
#[must_use = "dropping a permit gives it back at once"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    permits: usize,
}

/// Permits acquired from a [`Semaphore`] in an [`Arc`], given back when dropped.
#[must_use = "dropping a permit gives it back at once"]
pub struct OwnedPermit {
    semaphore: Arc<Semaphore>,
    permits: usize,
}

/// What both kinds of permit have, which differ in how they have their semaphore.
macro_rules! permit {
    ($name:ident, $permit:ty, $semaphore:ty) => {
        impl $permit {
            /// How many permits it stands for.
            pub fn permits(&self) -> usize {
                self.permits
            }

            /// The semaphore that they are of.
            pub fn semaphore(&self) -> &$semaphore {
                &self.semaphore
            }

            /// Destroys the permits instead of giving them back: the semaphore has
            /// fewer in all from now on. Who waits for more than are left is told; see
            /// [`Semaphore::acquire`].
            pub fn forget(mut self) {
                // Leaves nothing to give back.
                let permits = std::mem::take(&mut self.permits);
                self.semaphore.permits.destroy(permits);
            }

            /// Takes `n` permits out of it, to be dropped on their own. `None`, if it
            /// does not have as many.
            pub fn split(&mut self, n: usize) -> Option<Self> {
                self.permits = self.permits.checked_sub(n)?;
                Some(Self {
                    semaphore: self.semaphore.clone(),
                    permits: n,
                })
            }

            /// Adds the permits of another.
            ///
            /// # Panics
            /// If they are of different semaphores; each is given back to its own then.
            #[track_caller]
            pub fn merge(&mut self, mut other: Self) {
                let (own, others): (&Semaphore, &Semaphore) = (&self.semaphore, &other.semaphore);
                assert!(
                    std::ptr::eq(own, others),
                    "only permits of the same semaphore can be merged"
                );
                self.permits += std::mem::take(&mut other.permits);
            }
        }

        impl Drop for $permit {
            #[inline]
            fn drop(&mut self) {
                if self.permits != 0 {
                    self.semaphore.permits.give(self.permits);
                }
            }
        }

        impl fmt::Debug for $permit {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("permits", &self.permits)
                    .finish_non_exhaustive()
            }
        }
    };
}

permit!(Permit, Permit<'_>, Semaphore);
permit!(OwnedPermit, OwnedPermit, Arc<Semaphore>);
