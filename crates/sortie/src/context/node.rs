//! What ends: the part of a context that can be cancelled, and the tree of them.
//!
//! # Who holds whom
//! ```text
//!   Context, CancelFn, a receiver of `done`, a child   --- counted --->  Node
//!   Node   - - - - - - - not counted, by address - - - - - - - - - - ->  children
//!   Node   --- counted --->  functions to be called when it ends, and then itself
//! ```
//! A child holds its parent. A parent only knows where its children are: they are
//! in a list that goes through them, and one that is dropped takes itself out. So
//! children of a long-lived context that nobody uses any more are gone.
//!
//! A node with functions to be called is kept until it ends or they are stopped,
//! since somebody wants it to end, if only by its parent.
//!
//! # Invariants
//! * The links of a child belong to the lock of its parent. While they are in the
//!   list, and that lock is held, the child's memory is there; but its count may be
//!   0 already, and then its last owner is about to take it out.
//! * A node that has ended gets no more children, waiters or functions.
//! * Locks of nodes are held one at a time, and no foreign code runs under them.
//!
//! How a node ends is in [`end`](super::end).

use super::after::Record;
use super::context::Context;
use super::deadline::Alarm;
use super::error::{Cause, ContextError};
use super::list::{Linked, Links, List};
use super::memory::{self, Start};
use crate::base::atomic::{AtomicU8, Ordering};
use crate::base::lock::Lock;
use crate::chan::{Event, EventRef, Receiver};
use crate::park::wait_queue::{End, Entry, Interrupt, WaitQueue};
use crate::time::Instant;
use std::convert::Infallible;
use std::mem::{self, ManuallyDrop};
use std::ops::Deref;
use std::panic::Location;
use std::ptr::NonNull;

// Values of `state`.
pub(super) const OPEN: u8 = 0;
pub(super) const CANCELED: u8 = 1;
pub(super) const DEADLINE_EXCEEDED: u8 = 2;

/// What can end.
#[repr(C)]
pub(super) struct Node {
    /// Tells receivers that it has ended, and counts owners. The first field: its
    /// address is the node's.
    pub(super) event: Event,
    /// Changed once, with the lock held.
    pub(super) state: AtomicU8,
    /// Its place among its parent's children.
    links: Links<Node>,
    /// What it was made from. It has no need of it once it is dismantled.
    pub(super) parent: Context,
    /// What `done` returns.
    receiver: ManuallyDrop<Receiver<Infallible>>,
    /// When it ends by itself, or an ancestor does.
    pub(super) deadline: Option<Instant>,
    /// Whether the deadline is its own.
    timed: bool,
    pub(super) inner: Lock<Inner>,
    /// Where its memory starts.
    start: Start,
}

/// What the lock of a node protects.
pub(super) struct Inner {
    pub(super) children: List<Node>,
    /// Blocked calls that end when this ends.
    pub(super) waiters: WaitQueue,
    /// What is to be called when it ends. The list owns a share of each.
    pub(super) functions: List<Record>,
    /// Itself, while there are functions.
    pub(super) anchor: Option<NodeRef>,
    /// Why it ended, if there is more to say than its error.
    pub(super) cause: Option<Cause>,
    /// Ends it at its own deadline.
    pub(super) alarm: Option<Alarm>,
}

impl Linked for Node {
    fn links(&self) -> &Links<Self> {
        &self.links
    }
}

// SAFETY: the links are used with the parent's lock held, and the receiver refers to
// the node itself; all else may be used by all threads, is locked, or not changed.
unsafe impl Send for Node {}
// SAFETY: as above.
unsafe impl Sync for Node {}

/// An owner of a node.
#[derive(Debug, Clone)]
pub(super) struct NodeRef(EventRef);

impl Deref for NodeRef {
    type Target = Node;

    #[inline]
    fn deref(&self) -> &Node {
        // SAFETY: the event is the first field of a node, which this owner keeps.
        unsafe { self.0.as_ptr().cast().as_ref() }
    }
}

impl NodeRef {
    /// A child of `parent`, in the list of what ends with it. If that has ended so
    /// has the child.
    pub(super) fn new(
        parent: &Context,
        own_deadline: Option<Instant>,
        origin: &'static Location<'static>,
    ) -> Self {
        let (memory, start) = memory::take::<Node>();
        let place = memory.cast();
        let node = Node {
            // SAFETY: it is `free` that frees a node.
            event: unsafe { Event::new(free, origin) },
            state: AtomicU8::new(OPEN),
            links: Links::new(),
            parent: parent.clone(),
            // SAFETY: it can only be got at by owners.
            receiver: unsafe { EventRef::receiver(place) },
            deadline: own_deadline.or(parent.deadline()),
            timed: own_deadline.is_some(),
            inner: Lock::new(Inner {
                children: List::new(),
                waiters: WaitQueue::new(),
                functions: List::new(),
                anchor: None,
                cause: None,
                alarm: None,
            }),
            start,
        };
        // SAFETY: room for a node.
        unsafe { memory.cast::<Node>().write(node) };
        // SAFETY: just made.
        let node = NodeRef(unsafe { EventRef::first(place) });
        if let Some(parent) = parent.node()
            && let Err((error, cause)) = parent.adopt(&node)
        {
            // Nobody waits for it yet, whose code could panic.
            let _ = node.decide(error, cause.as_ref());
        }
        node
    }

    /// Where it is, as it was when it was made.
    pub(super) fn as_ptr(&self) -> NonNull<Node> {
        self.0.as_ptr().cast()
    }

    /// One more owner, if there is one.
    ///
    /// # Safety
    /// The node's memory is there, and the pointer as it was when it was made.
    pub(super) unsafe fn acquire(node: NonNull<Node>) -> Option<Self> {
        // SAFETY: as this function's; the event is its first field.
        unsafe { EventRef::acquire(node.cast()) }.map(NodeRef)
    }

    /// Drops it. If this was the last owner, returns the parent, to be dropped by
    /// the caller: chains of contexts are as long as anybody likes.
    #[must_use]
    pub(super) fn into_parent(self) -> Option<Context> {
        let node = self.as_ptr();
        // SAFETY: if this was the last owner.
        self.0.give_up().then(|| unsafe { dismantle(node) })
    }
}

/// Frees a node whose last owner was a receiver, or dropped it among other things.
///
/// # Safety
/// It is the event of a node that nobody owns any more.
unsafe fn free(event: NonNull<Event>) {
    // SAFETY: as this function's.
    unsafe { dismantle(event.cast()) }.release();
}

/// Frees a node, but for its parent.
///
/// # Safety
/// Nobody owns it any more.
unsafe fn dismantle(node: NonNull<Node>) -> Context {
    // SAFETY: as this function's. Once it was taken out of its parent's list, and its
    // alarm is gone, nobody else gets at it.
    unsafe {
        let this = node.as_ref();
        if this.links.is_linked()
            && let Some(parent) = this.parent.node()
        {
            parent.disown(this);
        }
        if this.timed {
            let alarm = this.inner.lock().alarm.take();
            drop(alarm);
        }
        let start = this.start;
        let parent = mem::take(&mut (*node.as_ptr()).parent);
        node.drop_in_place();
        memory::give::<Node>(start);
        parent
    }
}

impl Node {
    /// What `done` returns.
    #[inline]
    pub(super) fn receiver(&self) -> &Receiver<Infallible> {
        &self.receiver
    }

    /// Why it has ended, if it has. Then the channel is closed.
    #[inline]
    pub(super) fn error(&self) -> Option<ContextError> {
        let error = self.decided()?;
        if !self.event.is_set() {
            // Somebody is about to do it; we shall not be earlier.
            self.event.set();
        }
        Some(error)
    }

    /// Why it is ending or has ended, if so.
    #[inline]
    pub(super) fn decided(&self) -> Option<ContextError> {
        match self.state.load(Ordering::Acquire) {
            OPEN => None,
            CANCELED => Some(ContextError::Canceled),
            _ => Some(ContextError::DeadlineExceeded),
        }
    }

    /// Its own deadline, not that of an ancestor.
    pub(super) fn own_deadline(&self) -> Option<Instant> {
        self.deadline.filter(|_| self.timed)
    }

    /// The cause it was ended with, if any.
    pub(super) fn cause(&self) -> Option<Cause> {
        self.inner.lock().cause.clone()
    }

    /// Puts a new node into the list of children.
    fn adopt(&self, child: &NodeRef) -> Result<(), (ContextError, Option<Cause>)> {
        let mut inner = self.inner.lock();
        if let Some(error) = self.decided() {
            return Err((error, inner.cause.clone()));
        }
        // SAFETY: the lock is held; a child takes itself out when it is dropped.
        unsafe { inner.children.add(child.as_ptr()) };
        Ok(())
    }

    /// Takes a child out of the list, if it is in it.
    pub(super) fn disown(&self, child: &Node) {
        // SAFETY: the lock is held; the child is in no other list.
        unsafe { self.inner.lock().children.remove(child) };
    }

    /// Takes a child that is `done` out of the list. Returns the first that
    /// somebody owns, if there is one, and the cause to end it with.
    pub(super) fn next_child(&self, done: Option<&Node>) -> Option<(NodeRef, Option<Cause>)> {
        let mut inner = self.inner.lock();
        if let Some(done) = done {
            // SAFETY: the lock is held; it is in no other list.
            unsafe { inner.children.remove(done) };
        }
        while let Some(child) = inner.children.first() {
            // SAFETY: the lock is held, so its memory is there; its last owner
            // frees it once it is no longer in the list.
            unsafe {
                if let Some(child) = NodeRef::acquire(child) {
                    return Some((child, inner.cause.clone()));
                }
                // Its last owner is about to do that, too.
                inner.children.remove(child.as_ref());
            }
        }
        None
    }

    /// Takes it out of its parent's list.
    pub(super) fn leave(&self) {
        if self.links.is_linked()
            && let Some(parent) = self.parent.node()
        {
            parent.disown(self);
        }
    }
}

// SAFETY: entries are kept in a queue under the lock; after withdrawing they are
// not in it.
unsafe impl Interrupt for Node {
    unsafe fn enlist(&self, entry: &Entry) -> bool {
        let inner = self.inner.lock();
        if self.decided().is_some() {
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
