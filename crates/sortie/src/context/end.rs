//! Ending contexts.
//!
//! # A node
//! in which nothing is ends by one exchange: see [`state`](super::state). One that was
//! used ends in three steps, of which the first decides:
//!
//! 1. with the lock held, its state and cause are set;
//! 2. blocked calls are ended, and functions started; its alarm is retired;
//! 3. its channel is closed, if there is one.
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
//! descendants have ended, and a node is *settled* only when its list is empty.
//!
//! Children in which nothing is end where they are, with the parent's lock held: they
//! are in the list, so their memory is there, and nobody has to own them. A parent with
//! thousands of children of that kind takes its lock for some dozens at once.
//!
//! Closing a channel wakes futures, by foreign code. If that panics all is ended
//! nevertheless, and the panic goes on afterwards.

use super::after::Record;
use super::error::{Cause, ContextError};
use super::node::{Inner, Node, NodeRef};
use super::state::Ending;
use crate::park::wait_queue::ToReady;
use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;

/// Waits, or children, that are ended while the lock is held once.
const AT_ONCE: usize = 32;

type Panic = Box<dyn Any + Send>;

/// Ends a node and all its descendants, unless they have ended already. When it
/// returns they have, whoever did it.
#[inline]
pub(super) fn end(root: &NodeRef, error: ContextError, cause: Option<Cause>) {
    if root.state.is_settled() {
        return;
    }
    let how = Ending::own(error);
    if cause.is_none() && root.state.end_bare(how) {
        root.leave();
    } else {
        end_used(root, how, cause.as_ref());
    }
}

/// Ends a node in which something may be, and all its descendants.
fn end_used(root: &NodeRef, how: Ending, cause: Option<&Cause>) {
    let mut panicked = root.decide(how, cause);
    // From the root's child to where we are; each is kept by this.
    let mut path: Vec<NodeRef> = Vec::new();
    let mut next = root.next_child(None);
    loop {
        if let Some((child, how)) = next {
            panicked = panicked.or(child.decide(how, None));
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
    pub(super) fn decide(&self, how: Ending, cause: Option<&Cause>) -> Option<Panic> {
        let mut panicked = None;
        if self.state.ended().is_none() && self.set(how, cause) {
            panicked = self.end_others();
        }
        if !self.event.is_open() {
            return panicked;
        }
        let close = AssertUnwindSafe(|| self.event.set());
        panicked.or(panic::catch_unwind(close).err())
    }

    /// Decides how it ends, unless somebody has. Returns whether there are more waits to
    /// end, or functions to be started.
    fn set(&self, how: Ending, cause: Option<&Cause>) -> bool {
        let mut ready = ToReady::new();
        let mut unused = None;
        // First the lock is released, then they are woken, and memory is freed.
        let (_spare, mut inner) = match cause {
            Some(_) => self.lock_with_extra(),
            None => (None, self.inner.lock()),
        };
        if !self.state.end(how) {
            return false;
        }
        let mut more = inner.end_some(&mut ready);
        if let Some(extra) = &mut inner.extra {
            more |= !extra.functions.is_empty();
            unused = extra.cause_when_late.take();
            extra.cause = cause.cloned();
        }
        if !more && inner.children.is_empty() && !self.event.is_open() {
            self.state.settle();
        }
        drop(inner);
        // Before anything can go wrong: whoever frees the node relies on it.
        self.retire();
        drop(unused);
        more
    }

    /// Ends children that nothing is in, and takes them out of the list, with a child
    /// that is `done`. Returns the first with something in it, if there is one, and how
    /// it is to end.
    fn next_child(&self, mut done: Option<&NodeRef>) -> Option<(NodeRef, Ending)> {
        if self.state.is_settled() {
            return None;
        }
        let error = self.state.ended().expect("it has ended");
        let how = Ending::inherited(error);
        loop {
            let mut inner = self.inner.lock();
            if let Some(done) = done.take() {
                // SAFETY: the lock is held; it is in no other list.
                unsafe { inner.children.remove(done.as_ptr()) };
            }
            for _ in 0..AT_ONCE {
                let Some(child) = inner.children.first() else {
                    self.state.settle();
                    return None;
                };
                // SAFETY: the lock is held, so its memory is there: its last owner
                // frees it once it is no longer in the list.
                unsafe {
                    let state = &child.as_ref().state;
                    if !state.end_bare(how)
                        && !state.is_settled()
                        && let Some(child) = NodeRef::acquire(child)
                    {
                        return Some((child, how));
                    }
                    // If it has no owner the last one is about to do that, too.
                    inner.children.remove(child);
                }
            }
        }
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
        let extra = inner.extra.as_mut()?;
        let Some(record) = extra.functions.first() else {
            let anchor = extra.anchor.take();
            drop(inner);
            drop(anchor);
            return None;
        };
        // SAFETY: the lock is held; its share is ours now.
        unsafe {
            extra.functions.remove(record);
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
