//! Contexts that end at a time.
//!
//! A node with a deadline of its own has a timer, which ends it by a goroutine. The
//! timer does not keep the node: it knows where that is, under a lock, until the node
//! ends or is dropped. Then it is stopped, and costs nothing any more.

use super::cancel::CancelFn;
use super::context::Context;
use super::end::end;
use super::error::{Cause, ContextError, cause};
use super::node::{Node, NodeRef};
use crate::base::lock::Lock;
use crate::time::{FunctionTimer, Instant};
use std::error::Error;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;

/// The timer of a node. When it is dropped it does nothing any more.
pub(super) struct Alarm {
    target: Arc<Target>,
    _timer: FunctionTimer,
}

/// What a timer ends, as long as that is there.
struct Target(Lock<Option<NonNull<Node>>>);

// SAFETY: nodes may be used by all threads.
unsafe impl Send for Target {}
// SAFETY: as above.
unsafe impl Sync for Target {}

impl Target {
    fn get(&self) -> Option<NodeRef> {
        let node = self.0.lock();
        // SAFETY: it is forgotten, which takes the lock, before it is freed.
        node.and_then(|node| unsafe { NodeRef::acquire(node) })
    }
}

impl Alarm {
    /// Sets a timer that ends a node at `when`.
    ///
    /// # Safety
    /// The alarm is dropped before the node is freed.
    unsafe fn new(
        node: &NodeRef,
        when: Instant,
        cause: Option<Cause>,
        place: &'static Location<'static>,
    ) -> Self {
        let target = Arc::new(Target(Lock::new(Some(node.as_ptr()))));
        let timer = FunctionTimer::new(place, {
            let target = Arc::clone(&target);
            move || {
                if let Some(node) = target.get() {
                    end(&node, ContextError::DeadlineExceeded, cause.clone());
                }
            }
        });
        timer.set(when.on_clock());
        Alarm {
            target,
            _timer: timer,
        }
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        *self.target.0.lock() = None;
    }
}

impl Node {
    /// Keeps its alarm until it ends or is freed. If it has ended, drops that.
    fn keep(&self, alarm: Alarm) {
        let mut inner = self.inner.lock();
        if self.decided().is_none() {
            inner.alarm = Some(alarm);
        } else {
            drop(inner);
            drop(alarm);
        }
    }
}

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
        self.until_time(deadline.into(), None, Location::caller())
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
        self.until_time(deadline.into(), Some(cause(why)), Location::caller())
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
        match Instant::now().checked_add(timeout) {
            Some(deadline) => self.until_time(deadline, cause, place),
            None => with_node(NodeRef::new(self, None, place)),
        }
    }

    fn until_time(
        &self,
        deadline: Instant,
        cause: Option<Cause>,
        place: &'static Location<'static>,
    ) -> (Context, CancelFn) {
        if self.deadline().is_some_and(|parent| parent < deadline) {
            // The parent's timer is enough.
            return with_node(NodeRef::new(self, None, place));
        }
        let node = NodeRef::new(self, Some(deadline), place);
        if deadline <= Instant::now() {
            end(&node, ContextError::DeadlineExceeded, cause);
        } else if node.decided().is_none() {
            // SAFETY: kept in the node, or dropped.
            node.keep(unsafe { Alarm::new(&node, deadline, cause, place) });
        }
        with_node(node)
    }
}

/// A node that was just made, as a context.
fn with_node(node: NodeRef) -> (Context, CancelFn) {
    (Context::of(node.clone()), CancelFn::new(node))
}
