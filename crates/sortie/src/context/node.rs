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
//! How a node ends is in [`end`](super::end), and the word that decides in
//! [`state`](super::state).
//!
//! # Size
//! A node takes 120 bytes, which with what malloc adds are two lines of the cache. What
//! few contexts need is elsewhere: the channel of `done` is made when somebody asks for
//! it; functions and causes are in [`Extra`], the deadline in the alarm. The cause of
//! many that ended together is where they got it from.
//!
//! # The last owner
//! A count tells who is the last owner, by an exchange. Often he can see that he is by
//! plain loads ([`NodeRef::is_last`]). But others than owners may become owners: whoever
//! finds the node in its parent's list, and its alarm. So he looks first whether it is in
//! the list, or has an alarm that may ring, and then at the count.

use super::after::Record;
use super::alarm::Due;
use super::closed::closed;
use super::context::Context;
use super::error::{Cause, ContextError};
use super::list::{Linked, Links, List};
use super::state::{Ending, State};
use crate::base::atomic::known;
use crate::base::lock::{Guard, Lock};
use crate::chan::{Event, EventRef, Receiver, Room};
use crate::park::wait_queue::{End, Entry, Interrupt, WaitQueue};
use crate::time::Instant;
use std::convert::Infallible;
use std::fmt;
use std::mem::{self, ManuallyDrop};
use std::ops::Deref;
use std::panic::Location;
use std::ptr::NonNull;

/// What can end.
#[repr(C)]
pub(super) struct Node {
    /// Tells receivers that it has ended, and counts owners. The first field: its
    /// address is the node's.
    pub(super) event: Event,
    pub(super) state: State,
    /// Whether it has an alarm of its own.
    timed: bool,
    /// Its place among its parent's children.
    links: Links<Node>,
    /// What it was made from. It has no need of it once it is dismantled.
    pub(super) parent: Context,
    /// When it ends by itself, or an ancestor does.
    pub(super) due: Due,
    pub(super) inner: Lock<Inner>,
}

/// What the lock of a node protects.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) children: List<Node>,
    /// Blocked calls that end when this ends.
    pub(super) waiters: WaitQueue,
    pub(super) extra: Option<Box<Extra>>,
}

/// What few nodes have.
pub(super) struct Extra {
    /// What is to be called when it ends. The list owns a share of each.
    pub(super) functions: List<Record>,
    /// Itself, while there are functions.
    pub(super) anchor: Option<NodeRef>,
    /// Why it ended, if there is more to say than its error.
    pub(super) cause: Option<Cause>,
    /// The cause if it ends by its own alarm.
    pub(super) cause_when_late: Option<Cause>,
}

impl Extra {
    fn new(cause_when_late: Option<Cause>) -> Box<Self> {
        Box::new(Extra {
            functions: List::new(),
            anchor: None,
            cause: None,
            cause_when_late,
        })
    }
}

impl fmt::Debug for Extra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extra").finish_non_exhaustive()
    }
}

impl Linked for Node {
    fn links(&self) -> &Links<Self> {
        &self.links
    }
}

// SAFETY: the links are used with the parent's lock held, and the alarm is shared by all
// who have it; all else may be used by all threads, is locked, or not changed.
unsafe impl Send for Node {}
// SAFETY: as above.
unsafe impl Sync for Node {}

/// An owner of a node.
#[derive(Debug, Clone)]
pub(super) struct NodeRef(ManuallyDrop<EventRef>);

impl Deref for NodeRef {
    type Target = Node;

    #[inline]
    fn deref(&self) -> &Node {
        // SAFETY: the event is the first field of a node, which this owner keeps.
        unsafe { self.0.as_ptr().cast().as_ref() }
    }
}

impl NodeRef {
    /// Two owners of a child of `parent`, which is in the list of what ends with it. If
    /// that has ended so has the child.
    pub(super) fn pair(parent: &Context, origin: &'static Location<'static>) -> [Self; 2] {
        let above = parent.node();
        let due = above.map_or(Due::NEVER, |above| above.due);
        let memory = take();
        // SAFETY: room for a node; it will keep the parent.
        let pair = unsafe { NodeRef::build(memory, parent, (due, false), None, origin) };
        if let Some(above) = above {
            pair[0].join(above);
        }
        pair
    }

    /// The same with a deadline of its own, with what it ends for then if there is more
    /// to say. Its alarm is set if `armed`; if not the caller ends it.
    ///
    /// # Panics
    /// If the runtime cannot start.
    pub(super) fn timed_pair(
        parent: &Context,
        (deadline, armed): (Instant, bool),
        cause: Option<Cause>,
        origin: &'static Location<'static>,
    ) -> [Self; 2] {
        let extra = cause.map(|cause| Extra::new(Some(cause)));
        let memory = take();
        let due = Due::at(deadline, memory, origin);
        // SAFETY: room for a node, for which the alarm was made.
        let pair = unsafe { NodeRef::build(memory, parent, (due, true), extra, origin) };
        let node = &pair[0];
        let above = parent.node();
        if armed && above.is_none_or(|above| above.state.ended().is_none()) {
            // Before it can end with its parent: an alarm is not set that was retired.
            // SAFETY: its own.
            unsafe { node.due.set() };
        }
        if let Some(above) = above {
            node.join(above);
            if node.state.ended().is_some() {
                // It may have been before it was in the list.
                node.leave();
            }
        }
        pair
    }

    /// Makes a node with two owners.
    ///
    /// # Safety
    /// - `memory` was [taken](take) for it;
    /// - it is due by an alarm of its own, made for it, if it is timed, or else by that of
    ///   the nearest node above, if that has one.
    unsafe fn build(
        memory: NonNull<Node>,
        parent: &Context,
        (due, timed): (Due, bool),
        extra: Option<Box<Extra>>,
        origin: &'static Location<'static>,
    ) -> [Self; 2] {
        let node = Node {
            // SAFETY: it is `free` that frees a node.
            event: unsafe { Event::new(2, free, origin) },
            state: State::new(timed),
            timed,
            links: Links::new(),
            parent: parent.clone(),
            due,
            inner: Lock::new(Inner {
                children: List::new(),
                waiters: WaitQueue::new(),
                extra,
            }),
        };
        let _ = known((&node.event, &node.inner));
        // SAFETY: as this function's; the event comes first, and has two owners.
        unsafe {
            memory.write(node);
            [(); 2].map(|()| NodeRef(ManuallyDrop::new(EventRef::first(memory.cast()))))
        }
    }

    /// Becomes a child. If the parent has ended so does this.
    fn join(&self, above: &Node) {
        if let Err(error) = above.adopt(self.as_ptr()) {
            // Nobody waits for it yet, whose code could panic.
            let _ = self.decide(Ending::inherited(error), None);
        }
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
        let event = unsafe { EventRef::acquire(node.cast()) };
        event.map(|event| NodeRef(ManuallyDrop::new(event)))
    }

    /// What `done` returns.
    #[inline]
    pub(super) fn receiver(&self) -> &Receiver<Infallible> {
        match self.event.receiver() {
            Some(receiver) => receiver,
            None => self.make_receiver(),
        }
    }

    #[cold]
    fn make_receiver(&self) -> &Receiver<Infallible> {
        if self.state.ended().is_none() {
            let room = Room::new();
            let inner = self.inner.lock();
            let left = match self.state.make_used() {
                Ok(()) => self.0.open(room),
                Err(_) => Some(room),
            };
            drop(inner);
            drop(left);
        }
        // Once it has ended no channel is made any more.
        self.event.receiver().unwrap_or_else(|| closed())
    }

    /// Whether this is the last owner, and there will be no other. If not, it still may
    /// be; then the count has to tell.
    #[inline]
    fn is_last(&self) -> bool {
        // In this order. An alarm is retired by an owner.
        !self.links.is_linked()
            && (!self.timed || self.state.ended().is_some())
            && self.0.is_only_one()
    }

    /// Drops it. If this was the last owner, returns the parent, to be dropped by
    /// the caller: chains of contexts are as long as anybody likes.
    #[must_use]
    pub(super) fn into_parent(self) -> Option<Context> {
        let mut this = ManuallyDrop::new(self);
        let node = this.as_ptr();
        // SAFETY: it is taken once, as `this` is not dropped.
        let last = this.is_last() || unsafe { ManuallyDrop::take(&mut this.0) }.give_up();
        // SAFETY: this was the last owner.
        last.then(|| unsafe { dismantle(node) })
    }

    /// Takes it out of its parent's list.
    pub(super) fn leave(&self) {
        if self.links.is_linked()
            && let Some(parent) = self.parent.node()
        {
            parent.disown(self.as_ptr());
        }
    }
}

impl Drop for NodeRef {
    #[inline]
    fn drop(&mut self) {
        if self.is_last() {
            // SAFETY: this is the last owner.
            unsafe { free(self.0.as_ptr()) };
        } else {
            // SAFETY: dropped once.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        }
    }
}

/// Room for a node.
fn take() -> NonNull<Node> {
    NonNull::from(Box::leak(Box::<Node>::new_uninit())).cast()
}

/// Frees a node whose last owner dropped it among other things, or was a receiver.
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
    // alarm is retired, nobody else gets at it. It came from a box.
    unsafe {
        let this = node.as_ref();
        if this.links.is_linked()
            && let Some(parent) = this.parent.node()
        {
            parent.disown(node);
        }
        if this.timed {
            if this.state.ended().is_none() {
                this.due.retire();
            }
            this.due.free();
        }
        let parent = mem::take(&mut (*node.as_ptr()).parent);
        drop(Box::from_raw(node.as_ptr()));
        parent
    }
}

impl Node {
    /// Why it has ended, if it has. Then the channel is closed.
    #[inline]
    pub(super) fn error(&self) -> Option<ContextError> {
        let error = self.state.ended()?;
        // Somebody may be about to do it; we shall not be earlier.
        self.event.set();
        Some(error)
    }

    /// When it ends by itself, or an ancestor does.
    pub(super) fn deadline(&self) -> Option<Instant> {
        // SAFETY: its own alarm, or that of an ancestor, whom it keeps.
        unsafe { self.due.deadline() }
    }

    /// Its own deadline, not that of an ancestor.
    pub(super) fn own_deadline(&self) -> Option<Instant> {
        self.deadline().filter(|_| self.timed)
    }

    /// Lets its alarm do nothing any more, if it has one.
    pub(super) fn retire(&self) {
        if self.timed {
            // SAFETY: its own.
            unsafe { self.due.retire() };
        }
    }

    /// Whether its own alarm is set.
    #[cfg(test)]
    pub(super) fn is_alarm_set(&self) -> bool {
        // SAFETY: its own.
        self.timed && unsafe { self.due.is_set() }
    }

    /// The cause it was ended with, if any.
    pub(super) fn cause(&self) -> Option<Cause> {
        let mut node = self;
        while node.state.is_inherited()
            && let Some(parent) = node.parent.node()
        {
            node = parent;
        }
        node.inner.lock().extra.as_ref()?.cause.clone()
    }

    /// The cause for which it ends by its own alarm, if any.
    pub(super) fn cause_when_late(&self) -> Option<Cause> {
        let inner = self.inner.lock();
        inner.extra.as_ref()?.cause_when_late.clone()
    }

    /// The lock, and behind it memory for what few nodes have. The box is to be dropped
    /// when the lock is released.
    pub(super) fn lock_with_extra(&self) -> (Option<Box<Extra>>, Guard<'_, Inner>) {
        let mut spare = None;
        loop {
            let mut inner = self.inner.lock();
            if inner.extra.is_none() {
                inner.extra = spare.take();
            }
            if inner.extra.is_some() {
                return (spare, inner);
            }
            drop(inner);
            spare = Some(Extra::new(None));
        }
    }

    /// Puts a new node into the list of children. An error if it has ended.
    fn adopt(&self, child: NonNull<Node>) -> Result<(), ContextError> {
        let mut inner = self.inner.lock();
        self.state.make_used()?;
        // SAFETY: the lock is held; a child takes itself out when it is dropped.
        unsafe { inner.children.add(child) };
        Ok(())
    }

    /// Takes a child out of the list, if it is in it.
    fn disown(&self, child: NonNull<Node>) {
        // SAFETY: the lock is held; the child is in no other list.
        unsafe { self.inner.lock().children.remove(child) };
    }
}

// SAFETY: entries are kept in a queue under the lock; after withdrawing they are
// not in it.
unsafe impl Interrupt for Node {
    unsafe fn enlist(&self, entry: &Entry) -> bool {
        let inner = self.inner.lock();
        if self.state.make_used().is_err() {
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
