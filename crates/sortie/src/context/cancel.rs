//! Cancelling.

use super::end::end;
use super::error::{Cause, ContextError, cause};
use super::node::NodeRef;
use std::error::Error;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// Cancels a context; by [`cancel`](Self::cancel), or when it is dropped.
///
/// In Go one writes `defer cancel()` below the call that makes a context, and `go
/// vet` complains if it is missing. Here the end of the variable's scope does it, be
/// it by `?` or by a panic. So bind it to a name: `let (context, _) = ...` drops it,
/// and cancels, at once. To let a context go on without anybody who could cancel
/// it, there is [`disarm`](Self::disarm).
///
/// Share it by reference or in an `Arc`. It may be used by any thread.
///
/// # Examples
/// ```
/// use sortie::context::Context;
///
/// fn work(context: &Context) -> Result<u32, std::num::ParseIntError> {
///     let (context, _cancel) = context.with_cancel();
///     let helper = context.clone();
///     sortie::go(move || {
///         let _ = helper.done().recv();
///         // Not wanted any more: however `work` has returned.
///     });
///     "7".parse()
/// }
///
/// assert_eq!(work(&Context::background()), Ok(7));
/// ```
#[must_use = "dropping it cancels the context; keep it, or `disarm` it"]
pub struct CancelFn {
    node: NodeRef,
    armed: bool,
}

impl UnwindSafe for CancelFn {}
impl RefUnwindSafe for CancelFn {}

impl CancelFn {
    pub(super) fn new(node: NodeRef) -> Self {
        CancelFn { node, armed: true }
    }

    /// Cancels the context and all that were made from it. When it returns they have
    /// ended, and what waits with them has been woken. Does nothing if it has ended.
    ///
    /// # Panics
    /// If a waker of a future that waits for the context panics. All have ended
    /// nevertheless.
    pub fn cancel(&self) {
        self.cancel_for(None);
    }

    fn cancel_for(&self, cause: Option<Cause>) {
        end(&self.node, ContextError::Canceled, cause);
    }

    /// Drops it without cancelling. The context ends with its parent or by its
    /// deadline. If it is dropped before, it leaves nothing behind.
    pub fn disarm(mut self) {
        self.armed = false;
    }
}

impl Drop for CancelFn {
    fn drop(&mut self) {
        if self.armed {
            self.cancel();
        }
    }
}

impl fmt::Debug for CancelFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("CancelFn { .. }")
    }
}

/// Cancels a context and tells why; made by
/// [`with_cancel_cause`](super::Context::with_cancel_cause). Dropping it cancels
/// without a cause; for the rest it is as [`CancelFn`].
#[must_use = "dropping it cancels the context; keep it, or `disarm` it"]
pub struct CancelCauseFn {
    cancel: CancelFn,
}

impl CancelCauseFn {
    pub(super) fn new(cancel: CancelFn) -> Self {
        CancelCauseFn { cancel }
    }

    /// Cancels the context and all that were made from it, for this cause: an error,
    /// or a text. Nothing changes, not even the cause, if it has ended.
    ///
    /// # Panics
    /// As [`CancelFn::cancel`].
    pub fn cancel(&self, why: impl Into<Box<dyn Error + Send + Sync>>) {
        self.cancel.cancel_for(Some(cause(why)));
    }

    /// Cancels the context without a cause, as dropping this does.
    pub(crate) fn cancel_plainly(&self) {
        self.cancel.cancel();
    }

    /// As [`CancelFn::disarm`].
    pub fn disarm(self) {
        self.cancel.disarm();
    }
}

impl fmt::Debug for CancelCauseFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("CancelCauseFn { .. }")
    }
}
