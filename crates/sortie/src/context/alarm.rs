//! What ends a node at its deadline: a trigger, that starts a goroutine, that does it.
//!
//! The node owns the trigger as long as there is a node, and its descendants look there
//! for their deadline. The trigger does not own the node. It knows where that is, under a
//! lock, until the node has ended or is freed: then it is *retired*, and what is left in
//! the timers costs little and does nothing.

use super::end::end;
use super::error::ContextError;
use super::node::{Node, NodeRef};
use crate::base::lock::Lock;
use crate::driver::trigger::{Action, Trigger};
use crate::runtime::default_scheduler;
use crate::sched::alarm;
use crate::time::{self, Instant};
use sortie_fiber::race;
use std::mem::ManuallyDrop;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;

/// The alarm of a node.
pub(super) struct Alarm {
    deadline: Instant,
    /// What it ends, until it is retired.
    node: Lock<Option<NonNull<Node>>>,
    place: &'static Location<'static>,
}

// SAFETY: nodes may be used by all threads.
unsafe impl Send for Alarm {}
// SAFETY: as above.
unsafe impl Sync for Alarm {}

/// When a node ends by itself, or an ancestor does, if ever.
///
/// A node with an alarm of its own is *timed* and owns that; others have that of an
/// ancestor, which they own.
#[derive(Clone, Copy)]
pub(super) struct Due(Option<NonNull<Trigger<Alarm>>>);

impl Due {
    pub(super) const NEVER: Due = Due(None);

    /// By an alarm of its own, which is not set yet.
    pub(super) fn at(
        deadline: Instant,
        node: NonNull<Node>,
        place: &'static Location<'static>,
    ) -> Due {
        let alarm = Arc::into_raw(Trigger::new(Alarm {
            deadline,
            node: Lock::new(Some(node)),
            place,
        }));
        Due(NonNull::new(alarm.cast_mut()))
    }

    /// # Safety
    /// The node whose alarm it is is there.
    unsafe fn alarm(&self) -> Option<&Trigger<Alarm>> {
        // SAFETY: as this function's; the alarm is, too.
        self.0.map(|alarm| unsafe { alarm.as_ref() })
    }

    /// The deadline.
    ///
    /// # Safety
    /// The node whose alarm it is is there.
    pub(super) unsafe fn deadline(&self) -> Option<Instant> {
        // SAFETY: as this function's.
        unsafe { self.alarm() }.map(|alarm| alarm.action.deadline)
    }

    /// Sets the alarm.
    ///
    /// # Safety
    /// It is that of a timed node, which is there.
    pub(super) unsafe fn set(&self) {
        let Some(alarm) = self.0 else { return };
        // SAFETY: it came from an `Arc`, and this is the node's share, which stays so.
        let alarm = ManuallyDrop::new(unsafe { Arc::from_raw(alarm.as_ptr()) });
        // To a race detector: the node ends after this.
        race::release(Arc::as_ptr(&alarm).cast::<()>());
        alarm::arm(default_scheduler, &alarm, alarm.action.deadline.on_clock());
    }

    /// Lets the alarm do nothing any more.
    ///
    /// # Safety
    /// It is that of a timed node, which is there.
    pub(super) unsafe fn retire(&self) {
        // SAFETY: as this function's.
        if let Some(alarm) = unsafe { self.alarm() }
            && !alarm.retire()
        {
            // It may have fired, and look for the node.
            *alarm.action.node.lock() = None;
        }
    }

    /// Whether it is to end somebody.
    ///
    /// # Safety
    /// The node whose alarm it is is there.
    #[cfg(test)]
    pub(super) unsafe fn is_set(&self) -> bool {
        // SAFETY: as this function's.
        unsafe { self.alarm() }.is_some_and(Trigger::is_armed)
    }

    /// Frees the alarm, if nothing is left of it in the timers.
    ///
    /// # Safety
    /// It is that of a timed node, to whom it is not of use any more: it is retired,
    /// or was never set.
    pub(super) unsafe fn free(self) {
        if let Some(alarm) = self.0 {
            // SAFETY: as this function's: the node's share.
            drop(unsafe { Arc::from_raw(alarm.as_ptr()) });
        }
    }
}

impl Action for Alarm {
    unsafe fn fire(trigger: Arc<Trigger<Self>>, site: *const ()) {
        let place = trigger.action.place;
        // SAFETY: as this function's.
        unsafe { time::start(trigger, site, place, ring) };
    }
}

/// Ends the node, if it is still there and has not ended.
fn ring(alarm: Arc<Trigger<Alarm>>) {
    race::acquire(Arc::as_ptr(&alarm).cast::<()>());
    let _ = alarm.done();
    let node = alarm.action.node.lock();
    // SAFETY: it is forgotten, which takes the lock, before it is freed.
    let found = node.and_then(|node| unsafe { NodeRef::acquire(node) });
    drop(node);
    drop(alarm);
    if let Some(node) = found {
        let cause = node.cause_when_late();
        end(&node, ContextError::DeadlineExceeded, cause);
    }
}
