//! Waiting for a number of others to be done. The protocol is in
//! [`countdown`](super::countdown).

use super::countdown::Countdown;
use crate::base::clock;
use crate::context::{Context, ContextError};
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::wait_queue::{Ended, Until};
use crate::task;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Waits until a number of others are done: Go's `sync.WaitGroup`.
///
/// It counts: [`add`](Self::add) up, [`done`](Self::done) down, and
/// [`wait`](Self::wait) returns when the count is 0. [`go`](Self::go) starts a
/// goroutine that is counted while it runs. A clone is another handle of the same
/// group and counts for nothing by itself. Making a group allocates nothing, so it can
/// be a `static`.
///
/// To wait for goroutines that borrow, or that may fail, see
/// [`scope`](crate::scope()) and [`ErrGroup`](super::ErrGroup).
///
/// # Rules
/// They are Go's. Count members before waiting, or from a member. Before the group is
/// used for a next round all calls of `wait` must have returned. What breaks a rule is
/// noticed where it does harm, and panics in Go's words.
///
/// What a member did before `done` is visible after the `wait` that it ended.
///
/// # Coming from crossbeam
/// There each clone is a member until it is dropped. Here that is a
/// [`token`](Self::token):
///
/// | crossbeam-utils | here |
/// |-----------------|------|
/// | `let member = group.clone()` | `let member = group.token()` |
/// | `drop(member)` | `drop(member)` |
/// | `group.wait()`, which drops its own | [`group.wait()`](Self::wait) |
///
/// # Examples
/// ```
/// use sortie::sync::WaitGroup;
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// # sortie::run(|| {
/// static SUM: AtomicU32 = AtomicU32::new(0);
/// let group = WaitGroup::new();
/// for i in 1..=10 {
///     group.go(move || {
///         SUM.fetch_add(i, Ordering::Relaxed);
///     });
/// }
/// group.wait();
/// assert_eq!(SUM.load(Ordering::Relaxed), 55);
/// # });
/// ```
///
/// Counting by hand, as in Go before 1.25:
/// ```
/// # use sortie::sync::WaitGroup;
/// # sortie::run(|| {
/// let group = WaitGroup::new();
/// group.add(3);
/// for _ in 0..3 {
///     let group = group.clone();
///     sortie::go(move || {
///         // ...
///         group.done();
///     });
/// }
/// group.wait();
/// # });
/// ```
#[derive(Default)]
pub struct WaitGroup {
    /// Made when somebody is counted.
    count: OnceLock<Arc<Countdown>>,
}

impl UnwindSafe for WaitGroup {}
impl RefUnwindSafe for WaitGroup {}

impl WaitGroup {
    /// A group without members.
    pub const fn new() -> Self {
        WaitGroup {
            count: OnceLock::new(),
        }
    }

    #[inline]
    fn count(&self) -> &Arc<Countdown> {
        self.count.get_or_init(|| Arc::new(Countdown::new()))
    }

    /// Counts `n` members.
    ///
    /// # Panics
    /// If the last member is done already while somebody still waits for that: it is
    /// too late then. If there are more than 2³¹ - 1 members. Nobody is counted then.
    #[track_caller]
    #[inline]
    pub fn add(&self, n: usize) {
        self.count().add(n);
    }

    /// One member is done.
    ///
    /// # Panics
    /// If there is none; the count stays 0 then.
    #[track_caller]
    #[inline]
    pub fn done(&self) {
        self.count().done();
    }

    /// Counts a member that is done when the token is dropped, even if that is because
    /// of a panic.
    ///
    /// # Panics
    /// As [`add`](Self::add).
    ///
    /// # Examples
    /// ```
    /// # use sortie::sync::WaitGroup;
    /// let group = WaitGroup::new();
    /// let token = group.token();
    /// std::thread::spawn(move || {
    ///     let _member = token;
    ///     // Whatever happens here, the group does not wait for ever.
    /// });
    /// group.wait();
    /// ```
    #[track_caller]
    pub fn token(&self) -> WaitGroupToken {
        let group = self.clone();
        group.add(1);
        WaitGroupToken { group }
    }

    /// Starts a goroutine that is a member while it runs `f`: Go's `WaitGroup.Go`.
    ///
    /// A panic in `f` is a goroutine's panic that nobody joins. If the runtime is set
    /// to end the process then ([`PanicPolicy::Exit`](crate::runtime::PanicPolicy)),
    /// it does so without waking those who wait, as in Go. Otherwise the message was
    /// printed, and the member is done; so it is if `f` ends by
    /// [`task::exit`]. Where the outcome matters, use an
    /// [`ErrGroup`](super::ErrGroup).
    ///
    /// # Panics
    /// As [`add`](Self::add) and [`sortie::go`](crate::go).
    #[track_caller]
    pub fn go<F>(&self, f: F)
    where
        F: FnOnce() + Send + 'static,
    {
        let member = self.token();
        task::go(move || {
            let member = member;
            if let Err(cause) = catch_unwind(AssertUnwindSafe(f)) {
                if task::is_fatal(&*cause) {
                    // Not done: the process ends before anybody goes on.
                    std::mem::forget(member);
                }
                std::panic::resume_unwind(cause);
            }
        });
    }

    /// Waits until the count is 0.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread.
    ///
    /// # Panics
    /// If new members were counted before this returned.
    #[track_caller]
    pub fn wait(&self) {
        self.wait_until(Until::GRANTED);
    }

    /// Waits until the count is 0, but not longer than `timeout`. Returns whether it
    /// was 0.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait), until `timeout` has passed.
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    ///
    /// # Examples
    /// ```
    /// # use sortie::sync::WaitGroup;
    /// # use std::time::Duration;
    /// let group = WaitGroup::new();
    /// group.add(1);
    /// assert!(!group.wait_timeout(Duration::from_millis(5)));
    /// group.done();
    /// assert!(group.wait_timeout(Duration::ZERO));
    /// ```
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let ended = self.wait_until(Until::deadline(clock::after(timeout)));
        matches!(ended, Ended::Granted(_))
    }

    /// Waits until the count is 0, or until `context` ends.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait), until `context` ends.
    ///
    /// # Errors
    /// Why `context` ended; also if the count is 0, but it had ended before the call.
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    ///
    /// # Examples
    /// ```
    /// # use sortie::context::{Context, ContextError};
    /// # use sortie::sync::WaitGroup;
    /// let group = WaitGroup::new();
    /// group.add(1);
    /// let (context, cancel) = Context::background().with_cancel();
    /// cancel.cancel();
    /// assert_eq!(group.wait_ctx(&context), Err(ContextError::Canceled));
    /// ```
    #[track_caller]
    pub fn wait_ctx(&self, context: &Context) -> Result<(), ContextError> {
        context.check()?;
        match self.wait_until(context.until()) {
            Ended::Granted(_) => Ok(()),
            Ended::TimedOut | Ended::Interrupted => Err(context.ended()),
        }
    }

    #[track_caller]
    fn wait_until(&self, until: Until<'_>) -> Ended {
        let place = Place {
            reason: WaitReason::WaitGroup,
            location: Location::caller(),
            origin: None,
        };
        match self.count.get() {
            Some(count) => count.wait(until, place),
            None => Ended::Granted(0),
        }
    }
}

impl Clone for WaitGroup {
    /// Another handle of the same group.
    fn clone(&self) -> Self {
        WaitGroup {
            count: OnceLock::from(self.count().clone()),
        }
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.count.get().map_or(0, |count| count.members());
        f.debug_struct("WaitGroup")
            .field("members", &members)
            .finish()
    }
}

/// A member of a [`WaitGroup`], which is done when this is dropped.
#[derive(Debug)]
#[must_use = "dropping a token counts its member down at once"]
pub struct WaitGroupToken {
    group: WaitGroup,
}

impl Drop for WaitGroupToken {
    fn drop(&mut self) {
        self.group.done();
    }
}
