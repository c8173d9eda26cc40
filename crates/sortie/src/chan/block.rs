//! Blocking in one queue of one channel.

use super::core::{Core, Held, Side};
use super::wait::{Kind, Node, Outcome, Wait, Wakes};
use crate::base::backoff::Backoff;
use crate::goroutine::current;
use crate::park::wait_queue::{Until, park_until};
use crate::park::{Place, park};

/// Whether the caller is an OS thread.
pub(super) fn is_patient() -> bool {
    current::current().is_none()
}

/// Tries again for a while before an OS thread lines up: two microseconds awake, then
/// letting other threads run a few times. Once it stands in line everybody who comes has
/// to take the lock to serve it, and to wake it, a message at a time; if it comes later
/// there is more to do at once. A goroutine is cheap to wake, and lines up.
pub(super) fn patiently<R>(mut attempt: impl FnMut() -> Option<R>) -> Option<R> {
    if !is_patient() {
        return None;
    }
    let mut backoff = Backoff::new();
    while !backoff.is_over() {
        backoff.snooze();
        let result = attempt();
        if result.is_some() {
            return result;
        }
    }
    None
}

/// Waits until somebody ends the wait, or as long as there is time; then the
/// outcome is `Waiting`. A promise is waited for.
///
/// # Safety
/// - the node is the only one of a wait of the caller's, and was put into the
///   queue of this side since the lock was taken;
/// - its slot is what its kind says.
pub(super) unsafe fn block(
    core: &Core,
    held: Held<'_>,
    side: Side,
    node: &Node,
    wakes: &mut Wakes,
    until: &Until<'_>,
    place: Place,
) -> Outcome {
    // SAFETY: as this function's; the node stays here until it was taken out.
    unsafe {
        let wait = node.wait();
        if until.is_endless() && wakes.is_empty() {
            // The lock is released once the caller is off its stack, so whoever
            // finds the node may simply end the wait.
            wait_here(core, held, wait, place);
            return wait.outcome.get();
        }
        wait.open();
        drop(held);
        wakes.fire();
        park_until(wait.waiter(), wait.ticket.get(), until, place);
        // Also makes sure that whoever ended the wait is done with it.
        let held = core.lock();
        held.dequeue(side, node);
        keep_promise(core, held, wait, place);
        wait.outcome.get()
    }
}

/// Enters a queue, where nobody can be met, and waits until somebody ends the wait.
///
/// # Safety
/// The slot has a message, or room for one, according to the side.
#[inline(never)]
pub(super) unsafe fn line_up(
    core: &Core,
    held: Held<'_>,
    side: Side,
    slot: *mut (),
    place: Place,
) -> Outcome {
    let wait = Wait::current();
    let node = Node::new(Kind::Value, slot, &wait, 0);
    // SAFETY: ours; whoever finds the node ends the wait, as it is plain.
    unsafe {
        held.enqueue(side, &node, false);
        wait_here(core, held, &wait, place);
    }
    wait.outcome.get()
}

/// Parks until made ready, and releases the lock when that can happen.
///
/// # Safety
/// Whoever ends the wait makes the caller, whose wait it is, ready.
#[inline(always)]
pub(super) unsafe fn wait_here(core: &Core, held: Held<'_>, wait: &Wait, place: Place) {
    held.keep();
    // SAFETY: as this function's; the lock was kept for this.
    unsafe {
        park(wait.waiter(), place, || {
            core.unlock();
            true
        });
    }
}

/// If a message was promised waits for it.
///
/// # Safety
/// The wait is the caller's.
pub(super) unsafe fn keep_promise(core: &Core, held: Held<'_>, wait: &Wait, place: Place) {
    if wait.outcome.get() == Outcome::Promised {
        wait.parked.set(true);
        // SAFETY: as this function's; whoever promised has seen that we wait.
        unsafe { wait_here(core, held, wait, place) };
    }
}
