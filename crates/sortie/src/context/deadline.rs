//! Contexts that end at a time. What ends them is their [`alarm`](super::alarm).

use super::cancel::CancelFn;
use super::context::Context;
use super::end::end;
use super::error::{Cause, ContextError, cause};
use super::node::NodeRef;
use crate::time::Instant;
use std::error::Error;
use std::panic::Location;
use std::time::Duration;

impl Context {
    /// Makes a context that ends when this one ends, when it is cancelled, or at
    /// `deadline`, whichever comes first.
    ///
    /// Go's `context.WithDeadline`. When it is cancelled, or nobody has it any more, its
    /// timer is stopped.
    ///
    /// # Panics
    /// If the runtime cannot start.
    ///
    /// # Examples
    /// ```
    /// use sortie::context::{Context, ContextError};
    /// use sortie::time::Instant;
    /// use std::time::Duration;
    ///
    /// sortie::run(|| {
    ///     let deadline = Instant::now() + Duration::from_millis(2);
    ///     let (context, _cancel) = Context::background().with_deadline(deadline);
    ///     assert_eq!(context.deadline(), Some(deadline));
    ///     assert!(context.done().recv().is_err());
    ///     assert!(Instant::now() >= deadline);
    ///     assert_eq!(context.err(), Some(ContextError::DeadlineExceeded));
    /// });
    /// ```
    #[track_caller]
    pub fn with_deadline(&self, deadline: impl Into<Instant>) -> (Context, CancelFn) {
        self.until_time(deadline.into(), Instant::now(), None, Location::caller())
    }

    /// As [`with_deadline`](Self::with_deadline), with what [`cause`](Self::cause) is to
    /// say if it ends by its deadline.
    ///
    /// Go's `context.WithDeadlineCause`.
    ///
    /// # Panics
    /// As [`with_deadline`](Self::with_deadline).
    #[track_caller]
    pub fn with_deadline_cause(
        &self,
        deadline: impl Into<Instant>,
        why: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> (Context, CancelFn) {
        self.until_time(
            deadline.into(),
            Instant::now(),
            Some(cause(why)),
            Location::caller(),
        )
    }

    /// Makes a context that ends when this one ends, when it is cancelled, or after
    /// `timeout`, whichever comes first. If that is beyond the clock's range (292
    /// years) there is no deadline.
    ///
    /// Go's `context.WithTimeout`.
    ///
    /// # Panics
    /// As [`with_deadline`](Self::with_deadline).
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::bounded;
    /// use sortie::context::{Context, ContextError, RecvContextError};
    /// use std::time::Duration;
    ///
    /// sortie::run(|| {
    ///     let (_sender, answers) = bounded::<u32>(0);
    ///     let (context, _cancel) = Context::background().with_timeout(Duration::from_millis(2));
    ///     let late = RecvContextError::Ended(ContextError::DeadlineExceeded);
    ///     assert_eq!(answers.recv_ctx(&context), Err(late));
    /// });
    /// ```
    #[track_caller]
    pub fn with_timeout(&self, timeout: Duration) -> (Context, CancelFn) {
        self.for_time(timeout, None, Location::caller())
    }

    /// As [`with_timeout`](Self::with_timeout), with what [`cause`](Self::cause) is to
    /// say if time runs out.
    ///
    /// Go's `context.WithTimeoutCause`.
    ///
    /// # Panics
    /// As [`with_deadline`](Self::with_deadline).
    ///
    /// # Examples
    /// ```
    /// use sortie::context::Context;
    /// use std::time::Duration;
    ///
    /// sortie::run(|| {
    ///     let timeout = Duration::from_millis(1);
    ///     let (context, _cancel) =
    ///         Context::background().with_timeout_cause(timeout, "the cache did not answer");
    ///     assert!(context.done().recv().is_err());
    ///     assert_eq!(context.cause().unwrap().to_string(), "the cache did not answer");
    /// });
    /// ```
    #[track_caller]
    pub fn with_timeout_cause(
        &self,
        timeout: Duration,
        why: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> (Context, CancelFn) {
        self.for_time(timeout, Some(cause(why)), Location::caller())
    }

    fn for_time(
        &self,
        timeout: Duration,
        cause: Option<Cause>,
        place: &'static Location<'static>,
    ) -> (Context, CancelFn) {
        let now = Instant::now();
        match now.checked_add(timeout) {
            Some(deadline) => self.until_time(deadline, now, cause, place),
            None => with_pair(NodeRef::pair(self, place)),
        }
    }

    fn until_time(
        &self,
        deadline: Instant,
        now: Instant,
        cause: Option<Cause>,
        place: &'static Location<'static>,
    ) -> (Context, CancelFn) {
        if self.deadline().is_some_and(|parent| parent < deadline) {
            // The parent's timer is enough.
            return with_pair(NodeRef::pair(self, place));
        }
        let late = deadline <= now;
        let cause_now = cause.clone().filter(|_| late);
        let pair = NodeRef::timed_pair(self, (deadline, !late), cause, place);
        if late {
            end(&pair[0], ContextError::DeadlineExceeded, cause_now);
        }
        with_pair(pair)
    }
}

/// The owners of a node that was just made, as a context.
fn with_pair([node, other]: [NodeRef; 2]) -> (Context, CancelFn) {
    (Context::of(node), CancelFn::new(other))
}
