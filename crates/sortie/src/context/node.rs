//! What ends: the part of a context that can be cancelled, and the tree of them.
//!
//! # Who holds whom
//! ```text
//!   Context, CancelFn, a child  ---- counted ---->  Node
//!   Node  - - - - - not counted, by address - - ->  its children
//! ```
//! A child holds its parent. A parent only knows where its children are: they are
//! in a list that goes through them, and one that is dropped takes itself out. So
//! children of a long-lived context that nobody uses any more are gone.
//!
//! # Invariants
//! * The links of a child belong to the lock of its parent. While they are in the
//!   list, and that lock is held, the child's memory is there; but its count may be
//!   0 already, and then its last owner is about to take it out.
//! * A node that has ended gets no more children, waiters or functions.
//! * Locks of nodes are held one at a time, and no foreign code runs under them.
//!
//! # Ending a tree
//! [`end`] goes down from a node to its first child, and so on; where there are no
//! children left it takes the node out of its parent's list and goes on there. So
//! it comes back to where it began once all descendants have ended. It needs no
//! recursion, however deep the tree. Several may do it at the same time, in the
//! same tree: then each finds what the others have left, and whoever comes back
//! first has seen the end of all. For that a child stays in the list until its own
//! descendants have ended.

use super::context::Context;
use super::error::ContextError;
use crate::base::atomic::{AtomicBool, AtomicU8, AtomicUsize, Cell, Ordering};
use crate::base::lock::Lock;
use crate::park::wait_queue::{End, Entry, Interrupt, ToReady, WaitQueue};
use std::fmt;
use std::ops::Deref;
use std::ptr::{self, NonNull};

/// Waits that are ended while the lock is held once.
const ENDED_AT_ONCE: usize = 32;

// Values of `state`.
const OPEN: u8 = 0;
const CANCELED: u8 = 1;
const DEADLINE_EXCEEDED: u8 = 2;

/// What can end.
pub(super) struct Node {
    references: AtomicUsize,
    /// Changed once, with the lock held.
    state: AtomicU8,
    /// Whether it is in its parent's list. Cleared as the last thing that is done
    /// to the links.
    linked: AtomicBool,
    previous: Cell<*const Node>,
    next: Cell<*const Node>,
    parent: Context,
    inner: Lock<Inner>,
}

struct Inner {
    /// The first child.
    children: *const Node,
    /// Blocked calls that end when this ends.
    waiters: WaitQueue,
}

// SAFETY: children are used as the invariants say; the queue may be sent.
unsafe impl Send for Inner {}
// SAFETY: the links are used with the parent's lock held; all else is atomic,
// locked, or not changed.
unsafe impl Send for Node {}
// SAFETY: as above.
unsafe impl Sync for Node {}

/// An owner of a node.
pub(super) struct NodeRef(NonNull<Node>);

// SAFETY: nodes may be used by all threads.
unsafe impl Send for NodeRef {}
// SAFETY: as above.
unsafe impl Sync for NodeRef {}

impl Deref for NodeRef {
    type Target = Node;

    #[inline]
    fn deref(&self) -> &Node {
        // SAFETY: this owner is counted.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for NodeRef {
    #[inline]
    fn clone(&self) -> Self {
        if self.references.fetch_add(1, Ordering::Relaxed) > isize::MAX as usize {
            // As `Arc` does: somebody forgets clones in a loop.
            std::process::abort();
        }
        NodeRef(self.0)
    }
}

impl Drop for NodeRef {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: this owner is counted, and does not use it any more.
        if let Some(parent) = unsafe { Node::release(self.0) } {
            parent.release();
        }
    }
}

impl NodeRef {
    /// A child of `parent`, in the list of what ends with it. If that has ended so
    /// has the child.
    pub(super) fn new(parent: &Context) -> Self {
        let node = Box::new(Node {
            references: AtomicUsize::new(1),
            state: AtomicU8::new(OPEN),
            linked: AtomicBool::new(false),
            previous: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            parent: parent.clone(),
            inner: Lock::new(Inner {
                children: ptr::null(),
                waiters: WaitQueue::new(),
            }),
        });
        let node = NodeRef(NonNull::from(Box::leak(node)));
        if let Some(parent) = parent.node()
            && let Err(error) = parent.adopt(&node)
        {
            node.decide(error);
        }
        node
    }

    /// Whether both are the same node.
    fn is(&self, other: &NodeRef) -> bool {
        self.0 == other.0
    }

    /// Drops it. If this was the last owner, returns the parent, to be dropped by
    /// the caller: chains of contexts are as long as anybody likes.
    #[must_use]
    pub(super) fn into_parent(self) -> Option<Context> {
        let node = self.0;
        std::mem::forget(self);
        // SAFETY: the owner that was forgotten is counted.
        unsafe { Node::release(node) }
    }
}

impl Node {
    /// Counts one owner less. If it was the last, frees the node and returns its
    /// parent.
    ///
    /// # Safety
    /// The caller is a counted owner, and does not use the node afterwards.
    #[inline]
    unsafe fn release(this: NonNull<Node>) -> Option<Context> {
        // SAFETY: as this function's.
        let node = unsafe { this.as_ref() };
        if node.references.fetch_sub(1, Ordering::AcqRel) != 1 {
            return None;
        }
        // SAFETY: it was the last, and nobody gets it from the parent's list any
        // more once it was taken out.
        unsafe {
            if node.linked.load(Ordering::Acquire)
                && let Some(parent) = node.parent.node()
            {
                parent.disown(node);
            }
            let mut node = Box::from_raw(this.as_ptr());
            Some(std::mem::take(&mut node.parent))
        }
    }

    /// One more owner, if there is one.
    ///
    /// # Safety
    /// The node's memory is there, and the pointer as it was made.
    unsafe fn acquire(this: NonNull<Node>) -> Option<NodeRef> {
        // SAFETY: as this function's.
        let references = unsafe { &this.as_ref().references };
        let mut seen = references.load(Ordering::Relaxed);
        while seen != 0 {
            match references.compare_exchange_weak(
                seen,
                seen + 1,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(NodeRef(this)),
                Err(now) => seen = now,
            }
        }
        None
    }

    /// Why it ended, if it has.
    #[inline]
    pub(super) fn error(&self) -> Option<ContextError> {
        match self.state.load(Ordering::Acquire) {
            OPEN => None,
            CANCELED => Some(ContextError::Canceled),
            _ => Some(ContextError::DeadlineExceeded),
        }
    }

    /// Puts a new node into the list of children.
    fn adopt(&self, child: &NodeRef) -> Result<(), ContextError> {
        let mut inner = self.inner.lock();
        if let Some(error) = self.error() {
            return Err(error);
        }
        let next = inner.children;
        child.next.set(next);
        // SAFETY: the lock is held.
        if let Some(next) = unsafe { next.as_ref() } {
            next.previous.set(child.0.as_ptr());
        }
        inner.children = child.0.as_ptr();
        child.linked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Takes a child out of the list, if it is in it. Its memory may be freed as
    /// soon as the lock is free, unless the caller owns it.
    ///
    /// # Safety
    /// It is a child of this node, and the caller owns it, or is about to free it.
    unsafe fn disown(&self, child: &Node) {
        let mut inner = self.inner.lock();
        if child.linked.load(Ordering::Relaxed) {
            // SAFETY: the lock is held, and it is in the list.
            unsafe { inner.unlink(child) };
        }
    }

    /// Ends this node alone, unless it has ended already.
    fn decide(&self, error: ContextError) {
        if self.error().is_some() {
            return;
        }
        let state = match error {
            ContextError::Canceled => CANCELED,
            ContextError::DeadlineExceeded => DEADLINE_EXCEEDED,
        };
        let mut first = true;
        loop {
            let mut ready = ToReady::new();
            let inner = self.inner.lock();
            if first {
                if self.error().is_some() {
                    return;
                }
                self.state.store(state, Ordering::Release);
                first = false;
            }
            for _ in 0..ENDED_AT_ONCE {
                if inner.waiters.grant(0, &mut ready).is_none() {
                    return;
                }
            }
            // First the lock is released, then they are woken.
            drop(inner);
            drop(ready);
        }
    }

    /// The first child that somebody owns. Others are taken out.
    fn first_child(&self) -> Option<NodeRef> {
        let mut inner = self.inner.lock();
        while let Some(child) = NonNull::new(inner.children.cast_mut()) {
            // SAFETY: the lock is held, so its memory is there; its last owner
            // frees it once the lock is free.
            unsafe {
                if let Some(child) = Node::acquire(child) {
                    return Some(child);
                }
                inner.unlink(child.as_ref());
            }
        }
        None
    }
}

impl Inner {
    /// Takes a child out of the list.
    ///
    /// # Safety
    /// The lock is held, and the child in the list. It may be freed by now if the
    /// caller does not own it: clearing its flag is the last access.
    unsafe fn unlink(&mut self, child: &Node) {
        let (previous, next) = (child.previous.get(), child.next.get());
        // SAFETY: who is in the list is where it was.
        unsafe {
            match previous.as_ref() {
                Some(previous) => previous.next.set(next),
                None => self.children = next,
            }
            if let Some(next) = next.as_ref() {
                next.previous.set(previous);
            }
        }
        child.linked.store(false, Ordering::Release);
    }
}

/// Ends a node and all its descendants, unless they have ended already. When it
/// returns they have, whoever did it.
pub(super) fn end(root: &NodeRef, error: ContextError) {
    root.decide(error);
    // From the root's child to where we are; each is kept alive by this.
    let mut path: Vec<NodeRef> = Vec::new();
    loop {
        let here = path.last().unwrap_or(root);
        if let Some(child) = here.first_child() {
            child.decide(here.error().unwrap_or(error));
            path.push(child);
            continue;
        }
        let Some(done) = path.pop() else { break };
        let parent = path.last().unwrap_or(root);
        // SAFETY: it came from that list, and is ours.
        unsafe { parent.disown(&done) };
    }
    if root.linked.load(Ordering::Relaxed)
        && let Some(parent) = root.parent.node()
    {
        debug_assert!(!parent.is(root), "a context is not its own parent");
        // SAFETY: the caller owns it.
        unsafe { parent.disown(root) };
    }
}

// SAFETY: entries are kept in a queue under the lock; after withdrawing they are
// not in it.
unsafe impl Interrupt for Node {
    unsafe fn enlist(&self, entry: &Entry) -> bool {
        let inner = self.inner.lock();
        if self.error().is_some() {
            return false;
        }
        // SAFETY: the lock is held; all else as this function's.
        unsafe { inner.waiters.push(entry, End::Back) };
        true
    }

    unsafe fn withdraw(&self, entry: &Entry) {
        let inner = self.inner.lock();
        // SAFETY: the lock is held; all else as this function's.
        unsafe { inner.waiters.remove(entry) };
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("error", &self.error())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
