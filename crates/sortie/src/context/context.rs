//! The context itself.

use super::cancel::CancelFn;
use super::error::ContextError;
use super::node::NodeRef;
use crate::park::wait_queue::Interrupt;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// What a piece of work is done for: whether it is still wanted.
#[derive(Clone, Default)]
pub struct Context(Kind);

/// What made it.
#[derive(Clone, Default)]
enum Kind {
    #[default]
    Background,
    Cancel(NodeRef),
}

impl UnwindSafe for Context {}
impl RefUnwindSafe for Context {}

impl Context {
    /// The context that all others come from. It never ends.
    ///
    /// Go's `context.Background`.
    pub const fn background() -> Context {
        Context(Kind::Background)
    }

    /// Makes a context that ends when this one ends, or when it is cancelled.
    ///
    /// Go's `context.WithCancel`. Dropping the [`CancelFn`] cancels too: in Go one
    /// writes `defer cancel()`.
    ///
    /// # Examples
    /// ```
    /// use sortie::context::{Context, ContextError};
    ///
    /// let (context, cancel) = Context::background().with_cancel();
    /// let (child, _cancel_child) = context.with_cancel();
    /// assert_eq!(child.err(), None);
    /// cancel.cancel();
    /// assert_eq!(child.err(), Some(ContextError::Canceled));
    /// ```
    pub fn with_cancel(&self) -> (Context, CancelFn) {
        let node = NodeRef::new(self);
        (Context(Kind::Cancel(node.clone())), CancelFn::new(node))
    }

    /// Why it has ended, or `None` if it has not.
    ///
    /// Go's `ctx.Err()`. It costs a load.
    #[inline]
    pub fn err(&self) -> Option<ContextError> {
        self.node()?.error()
    }

    /// What ends, or `None` if nothing can end it.
    #[inline]
    pub(super) fn node(&self) -> Option<&NodeRef> {
        match &self.0 {
            Kind::Background => None,
            Kind::Cancel(node) => Some(node),
        }
    }

    /// To end waits with it; `None` if it can never end.
    #[inline]
    pub(crate) fn interrupt(&self) -> Option<&dyn Interrupt> {
        self.node().map(|node| &**node as &dyn Interrupt)
    }

    /// Drops it and, one after the other, whatever ancestors have no other owner.
    pub(super) fn release(self) {
        let mut next = Some(self);
        while let Some(context) = next {
            next = match context.0 {
                Kind::Background => None,
                Kind::Cancel(node) => node.into_parent(),
            };
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("err", &self.err())
            .finish_non_exhaustive()
    }
}
