//! Functions to be called when a context ends.

use super::context::Context;
use super::list::{Linked, Links};
use super::node::{Node, NodeRef};
use crate::base::lock::Lock;
use crate::task;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::sync::Arc;

type Function = Box<dyn FnOnce() + Send>;

/// A function that waits. Whoever takes it out has it: to start it, or to stop it.
pub(super) struct Record {
    /// Its place among the node's functions.
    links: Links<Record>,
    function: Lock<Option<Function>>,
    place: &'static Location<'static>,
}

// SAFETY: the links are used with the node's lock held; the function is locked.
unsafe impl Send for Record {}
// SAFETY: as above.
unsafe impl Sync for Record {}

impl Linked for Record {
    fn links(&self) -> &Links<Self> {
        &self.links
    }
}

impl Record {
    fn take(&self) -> Option<Function> {
        self.function.lock().take()
    }

    /// Starts a goroutine that calls the function, unless it was stopped.
    ///
    /// # Panics
    /// If there is no room for another one.
    pub(super) fn start(&self) {
        if let Some(function) = self.take()
            && task::start_detached(self.place, function, |function| function()).is_err()
        {
            panic!("cannot start a goroutine for a function that a context has ended for");
        }
    }
}

impl NodeRef {
    /// Adds a function to be called when the node ends. If it has, starts it.
    fn add(&self, record: &Arc<Record>) {
        let share = Arc::into_raw(record.clone());
        let (spare, mut inner) = self.lock_with_extra();
        let (Ok(()), Some(extra)) = (self.state.make_used(), &mut inner.extra) else {
            drop(inner);
            drop(spare);
            // SAFETY: the share that the list did not get.
            drop(unsafe { Arc::from_raw(share) });
            return record.start();
        };
        // SAFETY: the lock is held; the share keeps it where it is.
        unsafe {
            extra
                .functions
                .add(NonNull::new_unchecked(share.cast_mut()))
        };
        if extra.anchor.is_none() {
            extra.anchor = Some(self.clone());
        }
        drop(inner);
        drop(spare);
    }
}

impl Node {
    /// Takes a function out of the list, unless somebody has.
    fn forget(&self, record: &Arc<Record>) {
        let mut inner = self.inner.lock();
        let Some(extra) = &mut inner.extra else {
            return;
        };
        let item = Arc::as_ptr(record);
        // SAFETY: not null. The lock is held, and it is in no other list.
        let removed = unsafe {
            let item = NonNull::new_unchecked(item.cast_mut());
            extra.functions.remove(item)
        };
        let anchor = if extra.functions.is_empty() {
            extra.anchor.take()
        } else {
            None
        };
        drop(inner);
        // SAFETY: the list's, who does not need it any more.
        drop(removed.then(|| unsafe { Arc::from_raw(item) }));
        drop(anchor);
    }
}

impl Context {
    /// Calls `f` in a goroutine of its own when the context ends; at once if it has.
    ///
    /// Returns what can prevent it. Dropping that changes nothing. A context for
    /// which functions wait is kept, even if all who had it are gone, until it ends
    /// or they are stopped: its parent may end it.
    ///
    /// Go's `context.AfterFunc`.
    ///
    /// # Panics
    /// If it has ended, and no goroutine can be started.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::bounded;
    /// use sortie::context::Context;
    ///
    /// sortie::run(|| {
    ///     let (context, cancel) = Context::background().with_cancel();
    ///     let (sender, receiver) = bounded(1);
    ///     let stop = context.after_func(move || sender.send("ended").unwrap());
    ///     cancel.cancel();
    ///     assert_eq!(receiver.recv(), Ok("ended"));
    ///     assert!(!stop.stop());
    /// });
    /// ```
    #[track_caller]
    pub fn after_func<F>(&self, f: F) -> StopFn
    where
        F: FnOnce() + Send + 'static,
    {
        let record = Arc::new(Record {
            links: Links::new(),
            function: Lock::new(Some(Box::new(f))),
            place: Location::caller(),
        });
        if let Some(node) = self.node() {
            node.add(&record);
        }
        StopFn {
            record,
            node: self.node().cloned(),
        }
    }
}

/// Prevents a function from being called when a context ends; made by
/// [`Context::after_func`]. Dropping it does nothing.
pub struct StopFn {
    record: Arc<Record>,
    /// None if it can never end.
    node: Option<NodeRef>,
}

impl UnwindSafe for StopFn {}
impl RefUnwindSafe for StopFn {}

impl StopFn {
    /// Prevents the function from being called, and drops it. Returns whether this
    /// call did: `false` if the context has ended, in which case the function was
    /// started and may still run, or if it was stopped before.
    ///
    /// # Examples
    /// ```
    /// use sortie::context::Context;
    ///
    /// let (context, cancel) = Context::background().with_cancel();
    /// let stop = context.after_func(|| unreachable!("it was stopped"));
    /// assert!(stop.stop());
    /// cancel.cancel();
    /// assert!(!stop.stop());
    /// ```
    pub fn stop(&self) -> bool {
        let Some(function) = self.record.take() else {
            return false;
        };
        if let Some(node) = &self.node {
            node.forget(&self.record);
        }
        drop(function);
        true
    }
}

impl fmt::Debug for StopFn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("StopFn { .. }")
    }
}
