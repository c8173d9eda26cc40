//! Ending contexts.
//!
//! # A node
//! ends in three steps, of which the first decides:
//!
//! 1. with the lock held, its state and cause are set;
//! 2. blocked calls are ended, and functions started;
//! 3. its channel is closed.
//!
//! Whoever asks for the error between the first and the last closes the channel
//! himself, so that nobody sees an error of a context that is not done.
//!
//! # A tree
//! [`end`] goes down from a node to its first child, and so on; where there are no
//! children left it takes the node out of its parent's list and goes on there. So
//! it comes back to where it began once all descendants have ended. It needs no
//! recursion, however deep the tree. Several may do it at the same time in the
//! same tree: then each finds what the others have left, and whoever comes back
//! first has seen the end of all. For that, a child stays in the list until its own
//! descendants have ended.
//!
//! Closing a channel wakes futures, by foreign code. If that panics all is ended
//! nevertheless, and the panic goes on afterwards.

use super::after::Record;
use super::error::{Cause, ContextError};
use super::node::{CANCELED, DEADLINE_EXCEEDED, Inner, Node, NodeRef};
use crate::base::atomic::Ordering;
use crate::park::wait_queue::ToReady;
use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

/// Waits that are ended while the lock is held once.
const AT_ONCE: usize = 32;

type Panic = Box<dyn Any + Send>;

/// Ends a node and all its descendants, unless they have ended already. When it
/// returns they have, whoever did it.
pub(super) fn end(root: &NodeRef, error: ContextError, cause: Option<Cause>) {
    let mut panicked = root.decide(error, cause.as_ref());
    // From the root's child to where we are; each is kept by this.
    let mut path: Vec<NodeRef> = Vec::new();
    let mut next = root.next_child(None);
    loop {
        if let Some((child, cause)) = next {
            // Not always what this call is about: somebody may have been earlier.
            let parent = path.last().unwrap_or(root);
            let panic = child.decide(parent.decided().unwrap_or(error), cause.as_ref());
            panicked = panicked.or(panic);
            next = child.next_child(None);
            path.push(child);
            continue;
        }
        let Some(done) = path.pop() else { break };
        next = path.last().unwrap_or(root).next_child(Some(&done));
    }
    root.leave();
    if let Some(panic) = panicked {
        panic::resume_unwind(panic);
    }
}

impl Node {
    /// Ends this node alone, unless it has ended. Returns a panic of foreign code.
    pub(super) fn decide(&self, error: ContextError, cause: Option<&Cause>) -> Option<Panic> {
        let mut panicked = None;
        if self.decided().is_none() && self.set(error, cause) {
            panicked = self.end_others();
        }
        if self.event.is_set() {
            return panicked;
        }
        let close = AssertUnwindSafe(|| self.event.set());
        panicked.or(panic::catch_unwind(close).err())
    }

    /// Decides how it ends, unless somebody has. Returns whether there is more to do.
    fn set(&self, error: ContextError, cause: Option<&Cause>) -> bool {
        let mut ready = ToReady::new();
        // First the lock is released, then they are woken.
        let mut inner = self.inner.lock();
        if self.decided().is_some() {
            return false;
        }
        let state = match error {
            ContextError::Canceled => CANCELED,
            ContextError::DeadlineExceeded => DEADLINE_EXCEEDED,
        };
        inner.cause = cause.cloned();
        self.state.store(state, Ordering::Release);
        inner.end_some(&mut ready) || !inner.functions.is_empty()
    }

    /// Ends the waits that are left, and starts the functions.
    #[cold]
    fn end_others(&self) -> Option<Panic> {
        loop {
            let mut ready = ToReady::new();
            let mut inner = self.inner.lock();
            if !inner.end_some(&mut ready) {
                break;
            }
        }
        let mut panicked = None;
        while let Some(record) = self.next_function() {
            let run = AssertUnwindSafe(|| record.start());
            panicked = panicked.or(panic::catch_unwind(run).err());
        }
        panicked
    }

    /// Takes a function out of the list.
    fn next_function(&self) -> Option<Arc<Record>> {
        let mut inner = self.inner.lock();
        let Some(record) = inner.functions.first() else {
            let anchor = inner.anchor.take();
            drop(inner);
            drop(anchor);
            return None;
        };
        // SAFETY: the lock is held; its share is ours now.
        unsafe {
            inner.functions.remove(record.as_ref());
            Some(Arc::from_raw(record.as_ptr()))
        }
    }
}

impl Inner {
    /// Ends some waits. Returns whether there may be more.
    fn end_some(&mut self, ready: &mut ToReady) -> bool {
        (0..AT_ONCE).all(|_| self.waiters.grant(0, ready).is_some())
    }
}
