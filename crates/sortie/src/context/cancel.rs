//! Cancelling.

use super::error::ContextError;
use super::node::{self, NodeRef};
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// Cancels a context; by [`cancel`](Self::cancel), or when it is dropped.
///
/// In Go one writes `defer cancel()` below the call that makes a context, and `go
/// vet` complains if it is missing. Here it is done by the end of the variable's
/// scope. To let a context go on without anybody who could cancel it, there is
/// [`disarm`](Self::disarm).
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
    /// ended. Does nothing if they have ended already.
    pub fn cancel(&self) {
        node::end(&self.node, ContextError::Canceled);
    }

    /// Drops it without cancelling.
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
