//! Initialising once.
//!
//! ```text
//!  63                       3   2   1   0
//! +--------------------------+---+---+---+
//! | who runs the closure     | D | P | W |     D: done; P: poisoned; W: somebody waits
//! +--------------------------+---+---+---+
//! ```
//!
//! Who finds nobody running it writes his own number there, and runs the closure. The
//! number is an address, of a thread-local of his; so if he comes again meanwhile he is
//! recognised. When it has run, or panicked, he exchanges the state for D or P. If W is
//! set he first visits the [room](super::room) behind the door, ends all waits, and
//! clears it; those who waited are made ready when he is done. They look at the state
//! again, and wait again if need be.

use super::room::{Demand, Door, Inside, Owner, Role, Visit};
use super::{ended_by, thread_number, until};
use crate::base::atomic::{AtomicUsize, Ordering};
use crate::base::clock;
use crate::context::{Context, ContextError};
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::wait_queue::{self, End, Ended, ToReady, Until};
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::ptr;
use std::time::Duration;

/// Nothing was called.
const NEW: usize = 0;
const WAITED_FOR: usize = 1;
const POISONED: usize = 1 << 1;
const DONE: usize = 1 << 2;
const RUNNER: usize = !(WAITED_FOR | POISONED | DONE);

/// What has become of a [`Once`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnceState {
    /// No closure has been called.
    New,
    /// A closure was called, and panicked.
    Poisoned,
    /// A closure is being called.
    InProgress,
    /// A closure has been called, and has returned.
    Done,
}

impl OnceState {
    /// Whether a closure was called, and panicked.
    pub fn poisoned(self) -> bool {
        self == OnceState::Poisoned
    }

    /// The same, by std's name.
    pub fn is_poisoned(self) -> bool {
        self.poisoned()
    }

    /// Whether a closure has been called, and has returned.
    pub fn done(self) -> bool {
        self == OnceState::Done
    }
}

/// Calls a closure once, whoever comes first: Go's `sync.Once`.
///
/// The methods are those of
/// [parking_lot](https://docs.rs/parking_lot/0.12/parking_lot/struct.Once.html) and of
/// [std](std::sync::Once), and some with a time-out or a context.
///
/// # When a closure panics
/// the `Once` is *poisoned*: the panic goes to who called it, and others panic too, but
/// for those who [force](Self::call_once_force) it. In Go the closure counts as called.
///
/// # Calling itself
/// A closure that uses the `Once` that it is called for would wait for itself. It
/// panics; in Go it would wait for ever. If it waits for somebody who waits for it,
/// they do, and a report of deadlock shows them: `sync.Once.Do`.
///
/// # Examples
/// ```
/// use sortie::sync::Once;
///
/// static START: Once = Once::new();
///
/// # sortie::run(|| {
/// for _ in 0..10 {
///     sortie::go(|| START.call_once(|| println!("once")));
/// }
/// START.wait();
/// # });
/// ```
pub struct Once {
    state: AtomicUsize,
    door: Door,
}

impl UnwindSafe for Once {}
impl RefUnwindSafe for Once {}

/// Whoever calls a closure: ends that in any case.
struct Run<'a> {
    once: &'a Once,
    result: usize,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        self.once.finish(self.result);
    }
}

impl Once {
    /// One for which nothing was called yet.
    pub const fn new() -> Self {
        Once {
            state: AtomicUsize::new(NEW),
            door: Door::new(),
        }
    }

    /// What has become of it.
    pub fn state(&self) -> OnceState {
        let state = self.state.load(Ordering::Acquire);
        if state & DONE != 0 {
            OnceState::Done
        } else if state & RUNNER != 0 {
            OnceState::InProgress
        } else if state & POISONED != 0 {
            OnceState::Poisoned
        } else {
            OnceState::New
        }
    }

    /// Whether a closure has been called, and has returned.
    #[inline]
    pub fn is_completed(&self) -> bool {
        self.state.load(Ordering::Acquire) & DONE != 0
    }

    /// Calls `f`, if nobody else has been here before. In any case, when this returns
    /// somebody's closure has returned, and what it did is visible.
    ///
    /// Go's `Do`.
    ///
    /// # Blocking
    /// If somebody's closure is being called, parks the calling goroutine, or blocks the
    /// calling OS thread, until it has returned.
    ///
    /// # Panics
    /// If `f` or an earlier closure panics, or the closure that is being called comes
    /// here.
    #[inline]
    #[track_caller]
    pub fn call_once(&self, f: impl FnOnce()) {
        if !self.is_completed() {
            let called = self.call(false, Until::GRANTED, Location::caller(), |_| f());
            debug_assert!(called.is_ok());
        }
    }

    /// As [`call_once`](Self::call_once), also if it is poisoned. The closure is told
    /// whether it is.
    ///
    /// # Blocking
    /// As [`call_once`](Self::call_once).
    ///
    /// # Panics
    /// If `f` panics, or the closure that is being called comes here.
    ///
    /// # Examples
    /// ```
    /// use sortie::sync::{Once, OnceState};
    /// use std::panic::catch_unwind;
    ///
    /// let once = Once::new();
    /// assert!(catch_unwind(|| once.call_once(|| panic!("on purpose"))).is_err());
    /// assert_eq!(once.state(), OnceState::Poisoned);
    /// once.call_once_force(|state| assert!(state.poisoned()));
    /// assert_eq!(once.state(), OnceState::Done);
    /// ```
    #[inline]
    #[track_caller]
    pub fn call_once_force(&self, f: impl FnOnce(OnceState)) {
        if !self.is_completed() {
            let called = self.call(true, Until::GRANTED, Location::caller(), f);
            debug_assert!(called.is_ok());
        }
    }

    /// As [`call_once`](Self::call_once), but waits for another's closure for `timeout`
    /// at most. Returns whether a closure has returned by then.
    ///
    /// # Blocking
    /// As [`call_once`](Self::call_once).
    ///
    /// # Panics
    /// As [`call_once`](Self::call_once).
    #[track_caller]
    pub fn call_once_timeout(&self, timeout: Duration, f: impl FnOnce()) -> bool {
        let until = Until::deadline(clock::after(timeout));
        self.call(false, until, Location::caller(), |_| f()).is_ok()
    }

    /// As [`call_once`](Self::call_once), but waits for another's closure until `context`
    /// ends at most. If it has ended already nothing is called.
    ///
    /// # Blocking
    /// As [`call_once`](Self::call_once).
    ///
    /// # Errors
    /// Why `context` ended.
    ///
    /// # Panics
    /// As [`call_once`](Self::call_once).
    #[track_caller]
    pub fn call_once_ctx(&self, context: &Context, f: impl FnOnce()) -> Result<(), ContextError> {
        context.err().map_or(Ok(()), Err)?;
        self.call(false, until(context), Location::caller(), |_| f())
            .map_err(|ended| ended_by(ended, context))
    }

    /// Waits until a closure has returned, without calling one.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread.
    ///
    /// # Panics
    /// If a closure panics or has panicked, or the one that is being called comes here.
    #[track_caller]
    pub fn wait(&self) {
        let _ = self.wait_until_done(false, Until::GRANTED, Location::caller());
    }

    /// As [`wait`](Self::wait), whoever panics.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    ///
    /// # Panics
    /// If the closure that is being called comes here.
    #[track_caller]
    pub fn wait_force(&self) {
        let _ = self.wait_until_done(true, Until::GRANTED, Location::caller());
    }

    /// As [`wait`](Self::wait), for `timeout` at most. Returns whether a closure has
    /// returned by then.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let until = Until::deadline(clock::after(timeout));
        self.wait_until_done(false, until, Location::caller())
            .is_ok()
    }

    /// As [`wait`](Self::wait), until `context` ends at most.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    ///
    /// # Errors
    /// Why `context` ended.
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_ctx(&self, context: &Context) -> Result<(), ContextError> {
        context.err().map_or(Ok(()), Err)?;
        self.wait_until_done(false, until(context), Location::caller())
            .map_err(|ended| ended_by(ended, context))
    }

    /// Calls `f` unless somebody has been here before.
    #[cold]
    #[track_caller]
    pub(super) fn call(
        &self,
        force: bool,
        until: Until<'_>,
        location: &'static Location<'static>,
        f: impl FnOnce(OnceState),
    ) -> Result<(), Ended> {
        let Some(before) = self.start(force, until, location)? else {
            return Ok(());
        };
        let mut run = Run {
            once: self,
            result: POISONED,
        };
        f(before);
        run.result = DONE;
        Ok(())
    }

    /// Calls `f` unless it is done, whoever has panicked. If it returns `false` nothing
    /// was done.
    #[cold]
    #[track_caller]
    pub(super) fn call_to_try(
        &self,
        until: Until<'_>,
        location: &'static Location<'static>,
        f: impl FnOnce() -> bool,
    ) -> Result<(), Ended> {
        if self.start(true, until, location)?.is_some() {
            let mut run = Run {
                once: self,
                result: POISONED,
            };
            run.result = if f() { DONE } else { NEW };
        }
        Ok(())
    }

    /// Makes the caller the one who runs a closure. `None` if that is done already.
    #[track_caller]
    fn start(
        &self,
        force: bool,
        until: Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<Option<OnceState>, Ended> {
        let own = thread_number();
        loop {
            let state = self.state.load(Ordering::Acquire);
            if state & DONE != 0 {
                return Ok(None);
            }
            if state & RUNNER != 0 {
                self.wait_while(state, own, until, location)?;
                continue;
            }
            if state & POISONED != 0 && !force {
                poisoned();
            }
            let running = own | state & WAITED_FOR;
            let exchanged =
                self.state
                    .compare_exchange(state, running, Ordering::Acquire, Ordering::Relaxed);
            if exchanged.is_ok() {
                return Ok(Some(if state & POISONED != 0 {
                    OnceState::Poisoned
                } else {
                    OnceState::New
                }));
            }
        }
    }

    /// Waits until it is done.
    #[track_caller]
    pub(super) fn wait_until_done(
        &self,
        force: bool,
        until: Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Ended> {
        let own = thread_number();
        loop {
            let state = self.state.load(Ordering::Acquire);
            if state & DONE != 0 {
                return Ok(());
            }
            if state & (POISONED | RUNNER) == POISONED && !force {
                poisoned();
            }
            self.wait_while(state, own, until, location)?;
        }
    }

    /// Waits until a closure has returned or panicked, unless the state has changed
    /// since it was seen like this.
    #[track_caller]
    fn wait_while(
        &self,
        seen: usize,
        own: usize,
        until: Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Ended> {
        assert!(
            seen & RUNNER != own,
            "an initialisation waits for itself: its closure uses what it initialises"
        );
        if until.is_over() {
            return Err(Ended::TimedOut);
        }
        let mut visit = self.door.visit_or_attach(self.owner());
        let flagged = seen | WAITED_FOR;
        let unflagged = seen & !WAITED_FOR;
        // Release: who sees the flag finds the room.
        let flag =
            self.state
                .compare_exchange(unflagged, flagged, Ordering::Release, Ordering::Relaxed);
        if flag.is_err_and(|state| state != flagged) {
            if visit.inside.is_deserted() {
                self.door.detach(&mut visit.inside);
            }
            return Ok(());
        }
        let Visit { room, inside } = visit;
        let place = Place {
            reason: WaitReason::Once,
            location,
            origin: None,
        };
        let demand = Demand::new(Role::Locker, 0).0;
        match wait_queue::wait(&room.inside, inside, End::Back, demand, until, place) {
            Ended::Granted(_) => Ok(()),
            ended => Err(ended),
        }
    }

    /// The caller's closure has returned or panicked.
    fn finish(&self, result: usize) {
        let own = self.state.load(Ordering::Relaxed) & RUNNER;
        let mut ready = ToReady::new();
        // From the exchange on it may be gone.
        while self
            .state
            .compare_exchange(own, result, Ordering::Release, Ordering::Acquire)
            .is_err()
        {
            // Somebody waits, or has just given up.
            if let Some(mut visit) = self.door.visit() {
                visit.inside.lockers.grant_all(0, &mut ready);
                // In this order: the next may come by another room at once, and set the
                // flag again.
                self.state.fetch_and(!WAITED_FOR, Ordering::Relaxed);
                self.door.detach(&mut visit.inside);
            }
        }
        drop(ready);
    }

    fn owner(&self) -> Owner {
        Owner {
            lock: ptr::from_ref(self).cast(),
            left,
        }
    }
}

/// Somebody has given up.
///
/// # Safety
/// The lock is a `Once`, and the room is attached to it.
unsafe fn left(once: *const (), inside: &mut Inside, _ready: &mut ToReady) {
    if inside.is_deserted() {
        // SAFETY: as this function's: it is alive.
        let once = unsafe { &*once.cast::<Once>() };
        once.state.fetch_and(!WAITED_FOR, Ordering::Relaxed);
        once.door.detach(inside);
    }
}

#[cold]
#[track_caller]
fn poisoned() -> ! {
    panic!("Once instance has previously been poisoned");
}

impl Default for Once {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once")
            .field("state", &self.state())
            .finish()
    }
}
