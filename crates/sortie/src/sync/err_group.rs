//! Goroutines that work on one task, any of which may fail.

use super::countdown::Countdown;
use super::permits::{Permits, Refused};
use crate::base::clock;
use crate::base::lock::Lock;
use crate::context::{CancelCauseFn, CancelFn, Context, ContextError};
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::wait_queue::{Ended, Until};
use crate::task;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::Duration;

/// Goroutines that work on parts of one task, any of which may fail: Go's
/// `errgroup.Group` (of `golang.org/x/sync`).
///
/// [`wait`](Self::wait) waits for all of them and returns the first error. A group
/// made [`with_context`](Self::with_context) lets the others know of it, by a context
/// that ends; [`set_limit`](Self::set_limit) bounds how many run at a time.
///
/// A clone is another handle of the same group, for goroutines that start more.
///
/// # Errors and panics
/// The first error of the group is kept for `wait`, which returns it to one caller;
/// later ones are dropped. A group that is used again after that can fail again.
/// (In Go each `Wait` returns the same error; not every error can be cloned.)
///
/// A panic ends the context too, and goes on in `wait` when all others have ended, as
/// in a [`scope`](crate::scope()): it comes before any error. Go's group leaves it
/// alone, so that it ends the process at once, since otherwise it would be heard of
/// late and without its stack, or never if nobody comes to wait. Here its message is
/// printed when it happens; and where the runtime is set to end the process for panics
/// that nobody joins ([`PanicPolicy::Exit`](crate::runtime::PanicPolicy)), that happens
/// at once as well.
///
/// A goroutine that ends by [`task::exit`] has not failed.
///
/// # Examples
/// ```
/// use sortie::sync::ErrGroup;
///
/// # sortie::run(|| {
/// let group = ErrGroup::new();
/// for word in ["1", "2", "three"] {
///     group.go(move || {
///         let number: u32 = word.parse()?;
///         assert!(number < 3);
///         Ok(())
///     });
/// }
/// let error: std::num::ParseIntError = group.wait().unwrap_err();
/// assert_eq!(error.to_string(), "invalid digit found in string");
/// # });
/// ```
pub struct ErrGroup<E> {
    shared: Arc<Shared<E>>,
}

/// What handles and members have in common.
struct Shared<E> {
    members: Countdown,
    /// Permits for members, if they are limited.
    limit: Lock<Option<Arc<Permits>>>,
    outcome: Lock<Outcome<E>>,
    cancel: Cancel<E>,
}

/// What ends when a member fails.
enum Cancel<E> {
    Nothing,
    Plain(CancelFn),
    /// With a cause that is made of the error.
    Cause(CancelCauseFn, Box<CauseOf<E>>),
}

type CauseOf<E> = dyn Fn(&E) -> Box<dyn Error + Send + Sync> + Send + Sync;

/// What came of the members, for who waits.
struct Outcome<E> {
    /// Whether there is an error, or will be before the member is done who has it.
    failed: bool,
    error: Option<E>,
    panic: Option<Box<dyn Any + Send>>,
}

impl<E> UnwindSafe for ErrGroup<E> {}
impl<E> RefUnwindSafe for ErrGroup<E> {}

impl<E> ErrGroup<E> {
    /// A group without members, limit and context.
    pub fn new() -> Self {
        Self::with(Cancel::Nothing)
    }

    /// A group, and a context for its members that ends when one of them fails, or
    /// when somebody has waited for all of them, or with `context`. It also ends when
    /// all handles are dropped and all members done.
    ///
    /// Go's `errgroup.WithContext`.
    ///
    /// # Examples
    /// ```
    /// use sortie::context::Context;
    /// use sortie::sync::{ErrGroup, WaitGroup};
    ///
    /// # sortie::run(|| {
    /// let (group, context) = ErrGroup::with_context(&Context::background());
    /// group.go(move || {
    ///     // Something that never comes.
    ///     let endless = WaitGroup::new();
    ///     endless.add(1);
    ///     endless.wait_ctx(&context).map_err(|_| "given up")
    /// });
    /// group.go(|| Err("failed"));
    /// assert_eq!(group.wait(), Err("failed"));
    /// # });
    /// ```
    pub fn with_context(context: &Context) -> (Self, Context) {
        let (context, cancel) = context.with_cancel();
        (Self::with(Cancel::Plain(cancel)), context)
    }

    /// As [`with_context`](Self::with_context), where the first error is the context's
    /// [`cause`](Context::cause), as in Go. A context needs a copy, or something else
    /// to know it by, since the error itself is for [`wait`](Self::wait): `cause` makes
    /// that, an error or a text.
    ///
    /// # Examples
    /// ```
    /// use sortie::context::Context;
    /// use sortie::sync::ErrGroup;
    ///
    /// # sortie::run(|| {
    /// let background = Context::background();
    /// let (group, context) = ErrGroup::with_context_cause(&background, String::clone);
    /// group.go(|| Err("out of paper".to_string()));
    /// assert!(group.wait().is_err());
    /// assert_eq!(context.cause().unwrap().to_string(), "out of paper");
    /// # });
    /// ```
    pub fn with_context_cause<C>(
        context: &Context,
        cause: impl Fn(&E) -> C + Send + Sync + 'static,
    ) -> (Self, Context)
    where
        C: Into<Box<dyn Error + Send + Sync>>,
    {
        let (context, cancel) = context.with_cancel_cause();
        let cause = Box::new(move |error: &E| cause(error).into());
        (Self::with(Cancel::Cause(cancel, cause)), context)
    }

    fn with(cancel: Cancel<E>) -> Self {
        ErrGroup {
            shared: Arc::new(Shared {
                members: Countdown::new(),
                limit: Lock::new(None),
                outcome: Lock::new(Outcome {
                    failed: false,
                    error: None,
                    panic: None,
                }),
                cancel,
            }),
        }
    }

    /// Lets at most `n` members run at a time from now on; [`go`](Self::go) waits for
    /// room. `usize::MAX` is no limit. With a limit of 0 nothing can be started. Members
    /// of a group with a limit had better not start others by `go`: if all of them do,
    /// all wait for each other.
    ///
    /// # Panics
    /// If there are members.
    #[track_caller]
    pub fn set_limit(&self, n: usize) {
        let permits = (n <= Permits::MOST).then(|| Arc::new(Permits::new(n)));
        let active = self.shared.members.members();
        assert!(
            active == 0,
            "errgroup: modify limit while {active} goroutines in the group are still active; \
             set it before the first `go`, or after `wait`"
        );
        let before = std::mem::replace(&mut *self.shared.limit.lock(), permits);
        drop(before);
    }

    /// Starts a goroutine that is a member while it runs `f`, and fails if `f` returns
    /// an error.
    ///
    /// # Blocking
    /// If the group has a limit and as many members: parks the calling goroutine, or
    /// blocks the calling OS thread, until one is done.
    ///
    /// # Panics
    /// As [`sortie::go`](crate::go). If the limit is 0: it would wait for ever. If all
    /// members are done and somebody still waits for that: it is too late then.
    #[track_caller]
    pub fn go<F>(&self, f: F)
    where
        F: FnOnce() -> Result<(), E> + Send + 'static,
        E: Send + 'static,
    {
        if let Some(room) = self.room(Until::GRANTED) {
            self.start(room, f);
        }
    }

    /// As [`go`](Self::go), if that need not wait. Returns whether `f` was started; if
    /// not, it was dropped.
    ///
    /// # Panics
    /// As [`sortie::go`](crate::go), and if it is too late as for [`go`](Self::go).
    ///
    /// # Examples
    /// ```
    /// # use sortie::sync::ErrGroup;
    /// # sortie::run(|| {
    /// let group = ErrGroup::<()>::new();
    /// group.set_limit(1);
    /// let (sender, receiver) = sortie::chan::bounded::<()>(0);
    /// group.go(move || receiver.recv().or(Err(())));
    /// assert!(!group.try_go(|| Ok(())));
    /// sender.send(()).unwrap();
    /// assert_eq!(group.wait(), Ok(()));
    /// assert!(group.try_go(|| Ok(())));
    /// # });
    /// ```
    #[track_caller]
    pub fn try_go<F>(&self, f: F) -> bool
    where
        F: FnOnce() -> Result<(), E> + Send + 'static,
        E: Send + 'static,
    {
        let limit = self.limit();
        let has_room = limit.as_ref().is_none_or(|limit| limit.try_take(1));
        if has_room {
            self.start(Room(limit), f);
        }
        has_room
    }

    /// As [`go`](Self::go), but waits for `timeout` at most. Returns whether `f` was
    /// started; if not, it was dropped.
    ///
    /// # Blocking
    /// As [`go`](Self::go), until `timeout` has passed.
    ///
    /// # Panics
    /// As [`go`](Self::go), with a limit of 0 only if the time-out is for ever too.
    #[track_caller]
    pub fn go_timeout<F>(&self, timeout: Duration, f: F) -> bool
    where
        F: FnOnce() -> Result<(), E> + Send + 'static,
        E: Send + 'static,
    {
        let room = self.room(Until::deadline(clock::after(timeout)));
        room.map(|room| self.start(room, f)).is_some()
    }

    /// As [`go`](Self::go), but waits until `context` ends at most.
    ///
    /// # Blocking
    /// As [`go`](Self::go), until `context` ends.
    ///
    /// # Errors
    /// Why `context` ended, if only before the call; then `f` was not started but
    /// dropped.
    ///
    /// # Panics
    /// As [`go`](Self::go), with a limit of 0 only if the context can never end.
    #[track_caller]
    pub fn go_ctx<F>(&self, context: &Context, f: F) -> Result<(), ContextError>
    where
        F: FnOnce() -> Result<(), E> + Send + 'static,
        E: Send + 'static,
    {
        context.check()?;
        let room = self.room(context.until()).ok_or_else(|| context.ended())?;
        self.start(room, f);
        Ok(())
    }

    /// The permits that members need, if any.
    fn limit(&self) -> Option<Arc<Permits>> {
        self.shared.limit.lock().clone()
    }

    /// Waits for room for a member, or for time to run out.
    #[track_caller]
    fn room(&self, until: Until<'_>) -> Option<Room> {
        let Some(limit) = self.limit() else {
            return Some(Room(None));
        };
        if !limit.try_take(1) {
            match limit.take(1, until, place(WaitReason::Semaphore)) {
                Ok(()) => {}
                Err(Refused::TimedOut | Refused::Interrupted) => return None,
                Err(Refused::Never(_)) => panic!(
                    "ErrGroup: with a limit of 0 nothing can be started, and `go` would wait for \
                     ever; set another limit, or use `try_go`"
                ),
            }
        }
        Some(Room(Some(limit)))
    }

    #[track_caller]
    fn start<F>(&self, room: Room, f: F)
    where
        F: FnOnce() -> Result<(), E> + Send + 'static,
        E: Send + 'static,
    {
        self.shared.members.add(1);
        let member = Member {
            shared: self.shared.clone(),
            room,
        };
        task::go(move || {
            let member = member;
            let run = || {
                if let Err(error) = f() {
                    member.shared.fail(error);
                }
            };
            if let Err(cause) = panic::catch_unwind(AssertUnwindSafe(run)) {
                if task::is_fatal(&*cause) {
                    // Not done: the process ends before anybody goes on.
                    std::mem::forget(member);
                    panic::resume_unwind(cause);
                }
                member.shared.note_panic(cause);
            }
        });
    }

    /// Waits until all members are done, ends the group's context, and returns the
    /// first error if there is one that was not returned before.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread.
    ///
    /// # Errors
    /// The first that a member returned.
    ///
    /// # Panics
    /// If a member panicked: that panic goes on here. If new members were started, by
    /// others than members, before this returned.
    #[track_caller]
    pub fn wait(&self) -> Result<(), E> {
        self.wait_until(Until::GRANTED);
        self.shared.outcome()
    }

    /// As [`wait`](Self::wait), for a time at most. `None` if there still are members
    /// then, who go on undisturbed.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait), until `timeout` has passed.
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Result<(), E>> {
        match self.wait_until(Until::deadline(clock::after(timeout))) {
            Ended::Granted(_) => Some(self.shared.outcome()),
            Ended::TimedOut | Ended::Interrupted => None,
        }
    }

    /// As [`wait`](Self::wait), until `context` ends. Members go on undisturbed then.
    /// The group's own context is the wrong one for this: it ends when the first member
    /// fails.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait), until `context` ends.
    ///
    /// # Errors
    /// Why `context` ended, if only before the call. Inside of `Ok` there is what `wait`
    /// would return.
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_ctx(&self, context: &Context) -> Result<Result<(), E>, ContextError> {
        context.check()?;
        match self.wait_until(context.until()) {
            Ended::Granted(_) => Ok(self.shared.outcome()),
            Ended::TimedOut | Ended::Interrupted => Err(context.ended()),
        }
    }

    #[track_caller]
    fn wait_until(&self, until: Until<'_>) -> Ended {
        self.shared.members.wait(until, place(WaitReason::ErrGroup))
    }
}

#[track_caller]
fn place(reason: WaitReason) -> Place {
    Place {
        reason,
        location: Location::caller(),
        origin: None,
    }
}

impl<E> Shared<E> {
    /// Ends the context, without a cause.
    fn cancel(&self) {
        match &self.cancel {
            Cancel::Nothing => {}
            Cancel::Plain(cancel) => cancel.cancel(),
            // This is what a context without a cause says.
            Cancel::Cause(cancel, _) => cancel.cancel(ContextError::Canceled),
        }
    }

    /// A member failed. It still counts, so that nobody has come to see what came of
    /// it.
    fn fail(&self, error: E) {
        if std::mem::replace(&mut self.outcome.lock().failed, true) {
            return;
        }
        if let Cancel::Cause(cancel, cause_of) = &self.cancel {
            let cause = cause_of(&error);
            self.outcome.lock().error = Some(error);
            cancel.cancel(cause);
        } else {
            self.outcome.lock().error = Some(error);
            self.cancel();
        }
    }

    /// A member panicked, or ended by `task::exit`.
    fn note_panic(&self, cause: Box<dyn Any + Send>) {
        if task::is_exit(&*cause) {
            return;
        }
        let mut outcome = self.outcome.lock();
        let superfluous = match outcome.panic {
            None => outcome.panic.replace(cause),
            Some(_) => Some(cause),
        };
        drop(outcome);
        // A panic in the destructor of a panic's payload is not worth more.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(superfluous)));
        self.cancel();
    }

    /// What came of members that are done now.
    fn outcome(&self) -> Result<(), E> {
        self.cancel();
        let mut outcome = self.outcome.lock();
        if let Some(cause) = outcome.panic.take() {
            drop(outcome);
            panic::resume_unwind(cause);
        }
        outcome.failed = false;
        let error = outcome.error.take();
        drop(outcome);
        error.map_or(Ok(()), Err)
    }
}

/// Room for a member, given back when dropped.
#[derive(Default)]
struct Room(Option<Arc<Permits>>);

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(permits) = &self.0 {
            permits.give(1);
        }
    }
}

/// A member, done when dropped.
struct Member<E> {
    shared: Arc<Shared<E>>,
    room: Room,
}

impl<E> Drop for Member<E> {
    fn drop(&mut self) {
        // Who is awake after `wait` finds all the room there is.
        drop(std::mem::take(&mut self.room));
        self.shared.members.done();
    }
}

impl<E> Default for ErrGroup<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E> Clone for ErrGroup<E> {
    /// Another handle of the same group.
    fn clone(&self) -> Self {
        ErrGroup {
            shared: self.shared.clone(),
        }
    }
}

impl<E> fmt::Debug for ErrGroup<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrGroup")
            .field("members", &self.shared.members.members())
            .finish_non_exhaustive()
    }
}
