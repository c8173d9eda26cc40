//! The channel without buffer: sender and receiver meet.
//!
//! Whoever comes second finds the first one's node in a queue and moves the
//! message straight between the two frames. All is done under one lock, for some
//! ten instructions.
//!
//! A sender in a `select` has no message until it is chosen. If it is the one
//! that comes second, the receiver it has found goes on waiting until the message
//! is there (`Promised`). If it comes first, the receiver that finds it starts
//! to wait (`Paired`). If the message never comes, because making it panics, the
//! receiver tries again.

use super::block::{block, line_up, wait_here};
use super::core::{Core, Held, Side};
use super::errors::Refused;
use super::wait::{Claimed, Kind, Node, Outcome, Wait, Wakes};
use crate::goroutine::WaitReason;
use crate::park::wait_queue::Until;
use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::Location;
use std::ptr;

/// A rendezvous channel.
pub(super) struct Zero<T> {
    pub(super) core: Core,
    messages: PhantomData<T>,
}

/// A receiver that waits for a message that it was promised.
pub(super) type Partner = *const Node;

// SAFETY: messages go from thread to thread; all else is the core's.
unsafe impl<T: Send> Send for Zero<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Zero<T> {}

impl<T> Zero<T> {
    pub(super) fn new(origin: &'static Location<'static>) -> Self {
        Zero {
            core: Core::new(origin),
            messages: PhantomData,
        }
    }

    /// Sends. A deadline of 0 means now or not at all.
    #[inline]
    pub(super) fn send(
        &self,
        message: T,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Refused<T>> {
        let mut message = ManuallyDrop::new(message);
        let slot = (&raw mut message).cast::<T>();
        loop {
            let held = self.core.lock_to_meet(Side::Receivers);
            // SAFETY: locked; the wait is ended.
            if let Some(plain) = unsafe { held.queue(Side::Receivers).take_plain() } {
                // SAFETY: a receiver's slot has room for a message; the message is
                // there, and not used here again.
                unsafe { ptr::copy_nonoverlapping(slot, plain.slot(), 1) };
                let waiter = plain.done();
                held.refresh(Side::Receivers);
                drop(held);
                // SAFETY: its wait was plain, and is over.
                unsafe { waiter.ready() };
                return Ok(());
            }
            let lines_up =
                until.is_endless() && held.queue(Side::Receivers).is_empty() && !held.is_closed();
            // SAFETY: the slot has the message.
            let outcome = unsafe {
                if lines_up {
                    let place = self.core.place(WaitReason::ChannelSend, location);
                    line_up(&self.core, held, Side::Senders, slot.cast(), place)
                } else {
                    self.send_slow(held, slot, until, location)
                }
            };
            // SAFETY: unless it is done the message is still there.
            let mut take = || unsafe { ManuallyDrop::take(&mut message) };
            match outcome {
                Outcome::Done => return Ok(()),
                Outcome::Closed => return Err(Refused::Closed(take())),
                Outcome::Waiting => return Err(Refused::NotNow(take())),
                Outcome::Retry | Outcome::Promised | Outcome::Paired(_) => {}
            }
        }
    }

    /// Sends what is in the slot: to whoever may take it, or after waiting. `Done`
    /// means that the message was moved.
    ///
    /// # Safety
    /// The slot has a message.
    #[cold]
    #[inline(never)]
    unsafe fn send_slow(
        &self,
        held: Held<'_>,
        slot: *mut T,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Outcome {
        let mut wakes = Wakes::new();
        // First the lock is released, then they are woken.
        let held = held;
        if held.is_closed() {
            return Outcome::Closed;
        }
        let told = Cell::new(false);
        let wanted = |node: &Node| is_wanted(node, !until.is_now(), &told);
        let receivers = held.queue(Side::Receivers);
        // SAFETY: locked; what is claimed is ended.
        while let Some(claimed) = unsafe { receivers.claim(ptr::null(), wanted) } {
            if claimed.node().kind == Kind::Value {
                // SAFETY: a receiver's slot has room for a message.
                unsafe { ptr::copy_nonoverlapping(slot, claimed.node().slot.get().cast(), 1) };
                claimed.end(Outcome::Done, &mut wakes);
                held.refresh(Side::Receivers);
                return Outcome::Done;
            }
            claimed.end(Outcome::Retry, &mut wakes);
            if wakes.is_nearly_full() {
                break;
            }
        }
        held.refresh(Side::Receivers);
        if wakes.is_nearly_full() {
            // A receiver may stand behind those who were told.
            return Outcome::Retry;
        }
        if until.is_now() {
            return Outcome::Waiting;
        }
        let wait = Wait::current();
        let node = Node::new(Kind::Value, slot.cast(), &wait, 0);
        let place = self.core.place(WaitReason::ChannelSend, location);
        // SAFETY: ours, and the slot has the message.
        unsafe {
            held.enqueue(Side::Senders, &node, false);
            block(
                &self.core,
                held,
                Side::Senders,
                &node,
                &mut wakes,
                until,
                place,
            )
        }
    }

    /// Receives. A deadline of 0 means now or not at all.
    #[inline]
    pub(super) fn receive(
        &self,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<T, Refused<()>> {
        let mut message = MaybeUninit::<T>::uninit();
        let slot = message.as_mut_ptr();
        loop {
            // SAFETY: there is room for a message.
            match unsafe { self.receive_into(slot, until, location) } {
                // SAFETY: it is there.
                Outcome::Done => return Ok(unsafe { message.assume_init() }),
                Outcome::Closed => return Err(Refused::Closed(())),
                Outcome::Waiting => return Err(Refused::NotNow(())),
                Outcome::Retry | Outcome::Promised | Outcome::Paired(_) => {}
            }
        }
    }

    /// As [`receive`](Self::receive), into a slot. `Retry` means that a promise
    /// was not kept, or that many had to be woken first.
    ///
    /// # Safety
    /// The slot has room for a message.
    #[inline(always)]
    pub(super) unsafe fn receive_into(
        &self,
        slot: *mut T,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Outcome {
        let held = self.core.lock_to_meet(Side::Senders);
        // SAFETY: locked; the wait is ended.
        if let Some(plain) = unsafe { held.queue(Side::Senders).take_plain() } {
            // SAFETY: a sender's slot has the message, which is ours now.
            unsafe { ptr::copy_nonoverlapping(plain.slot(), slot, 1) };
            let waiter = plain.done();
            held.refresh(Side::Senders);
            drop(held);
            // SAFETY: its wait was plain, and is over.
            unsafe { waiter.ready() };
            return Outcome::Done;
        }
        let lines_up =
            until.is_endless() && held.queue(Side::Senders).is_empty() && !held.is_closed();
        // SAFETY: the slot has room for a message.
        unsafe {
            if lines_up {
                let place = self.core.place(WaitReason::ChannelReceive, location);
                line_up(&self.core, held, Side::Receivers, slot.cast(), place)
            } else {
                self.receive_slow(held, slot, until, location)
            }
        }
    }

    /// # Safety
    /// As [`receive_into`](Self::receive_into).
    #[cold]
    #[inline(never)]
    unsafe fn receive_slow(
        &self,
        held: Held<'_>,
        slot: *mut T,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Outcome {
        let mut wakes = Wakes::new();
        // First the lock is released, then they are woken.
        let held = held;
        let told = Cell::new(false);
        let wanted = |node: &Node| is_wanted(node, !until.is_now(), &told);
        let senders = held.queue(Side::Senders);
        // SAFETY: locked; what is claimed is ended.
        while let Some(claimed) = unsafe { senders.claim(ptr::null(), wanted) } {
            match claimed.node().kind {
                Kind::Value => {
                    // SAFETY: a sender's slot has the message, which is ours now.
                    unsafe {
                        ptr::copy_nonoverlapping(claimed.node().slot.get().cast::<T>(), slot, 1);
                    }
                    claimed.end(Outcome::Done, &mut wakes);
                    held.refresh(Side::Senders);
                    return Outcome::Done;
                }
                Kind::Promise => {
                    held.refresh(Side::Senders);
                    // SAFETY: as this function's.
                    return unsafe { self.pair(held, claimed, wakes, slot, location) };
                }
                Kind::Taker | Kind::Observer => claimed.end(Outcome::Retry, &mut wakes),
            }
            if wakes.is_nearly_full() {
                break;
            }
        }
        held.refresh(Side::Senders);
        if wakes.is_nearly_full() {
            // A sender may stand behind those who were told.
            return Outcome::Retry;
        }
        if held.is_closed() {
            return Outcome::Closed;
        }
        if until.is_now() {
            return Outcome::Waiting;
        }
        let wait = Wait::current();
        let node = Node::new(Kind::Value, slot.cast(), &wait, 0);
        let place = self.core.place(WaitReason::ChannelReceive, location);
        // SAFETY: ours, with room for the message.
        unsafe {
            held.enqueue(Side::Receivers, &node, false);
            block(
                &self.core,
                held,
                Side::Receivers,
                &node,
                &mut wakes,
                until,
                place,
            )
        }
    }

    /// Waits for the message of a sender that has none yet.
    ///
    /// # Safety
    /// The slot has room for a message; `claimed` is a sender with a promise.
    #[cold]
    #[inline(never)]
    unsafe fn pair(
        &self,
        held: Held<'_>,
        claimed: Claimed,
        mut wakes: Wakes,
        slot: *mut T,
        location: &'static Location<'static>,
    ) -> Outcome {
        let wait = Wait::current();
        let node = Node::new(Kind::Value, slot.cast(), &wait, 0);
        wait.outcome.set(Outcome::Promised);
        wait.parked.set(true);
        claimed.end(Outcome::Paired(&node), &mut wakes);
        // With the lock held: they can do nothing here before we are parked. All
        // of them are blocked goroutines or threads, so no foreign code runs.
        drop(wakes);
        let place = self.core.place(WaitReason::ChannelReceive, location);
        // SAFETY: ours; the sender makes us ready, by `keep`.
        unsafe { wait_here(&self.core, held, &wait, place) };
        wait.outcome.get()
    }

    /// Finds a receiver for a message that is still to be made.
    pub(super) fn promise(&self) -> Result<Option<Partner>, super::buffer::Closed> {
        let held = self.core.lock();
        if held.is_closed() {
            return Err(super::buffer::Closed);
        }
        let wanted = |node: &Node| node.kind == Kind::Value;
        // SAFETY: locked; what is claimed is ended.
        let claimed = unsafe { held.queue(Side::Receivers).claim(ptr::null(), wanted) };
        held.refresh(Side::Receivers);
        Ok(claimed.map(|claimed| {
            let partner = ptr::from_ref(claimed.node());
            // Nobody is woken for a promise.
            claimed.end(Outcome::Promised, &mut Wakes::new());
            partner
        }))
    }

    /// Gives a partner the message, or tells that there will be none.
    ///
    /// # Safety
    /// The partner was promised or paired with, by the caller, and is used once.
    pub(super) unsafe fn keep(&self, partner: Partner, message: Option<T>) {
        // SAFETY: the partner waits for this.
        unsafe {
            let held = self.core.lock();
            let node = &*partner;
            let wait = node.wait();
            match message {
                Some(message) => {
                    node.slot.get().cast::<T>().write(message);
                    wait.outcome.set(Outcome::Done);
                }
                None => wait.outcome.set(Outcome::Retry),
            }
            // If it was not parked yet, it sees the outcome under the lock.
            let waiter = wait.parked.get().then(|| wait.waiter());
            drop(held);
            if let Some(waiter) = waiter {
                waiter.ready();
            }
        }
    }

    /// Tells who only watches that somebody of that side waits now, if so.
    #[inline(always)]
    pub(super) fn tell(&self, waits: Side) {
        let other = other(waits);
        if self.core.flags() & other.bit() != 0 {
            self.tell_slow(waits, other);
        }
    }

    #[cold]
    fn tell_slow(&self, waits: Side, other: Side) {
        loop {
            let mut wakes = Wakes::new();
            let held = self.core.lock();
            // SAFETY: locked.
            if !unsafe { held.queue(waits).has_other(ptr::null()) } {
                return;
            }
            let told = Cell::new(false);
            let wanted = |node: &Node| {
                !matches!(node.kind, Kind::Value | Kind::Promise) && is_wanted(node, true, &told)
            };
            while !wakes.is_nearly_full()
                // SAFETY: locked; what is claimed is ended.
                && let Some(claimed) = unsafe { held.queue(other).claim(ptr::null(), wanted) }
            {
                claimed.end(Outcome::Retry, &mut wakes);
            }
            held.refresh(other);
            if !wakes.is_nearly_full() {
                return;
            }
        }
    }

    /// Lets nothing more through. Returns whether it did before.
    pub(super) fn close(&self) -> bool {
        let mut was_open = None;
        loop {
            let mut wakes = Wakes::new();
            let held = self.core.lock();
            let open = held.close();
            let was_open = *was_open.get_or_insert(open);
            for side in [Side::Receivers, Side::Senders] {
                while !wakes.is_nearly_full()
                    // SAFETY: locked; what is claimed is ended.
                    && let Some(claimed) = unsafe { held.queue(side).claim(ptr::null(), |_| true) }
                {
                    let outcome = match claimed.node().kind {
                        Kind::Value => Outcome::Closed,
                        Kind::Promise | Kind::Taker | Kind::Observer => Outcome::Retry,
                    };
                    claimed.end(outcome, &mut wakes);
                }
                held.refresh(side);
            }
            if !wakes.is_nearly_full() {
                return was_open;
            }
        }
    }

    /// Whether a sender, or a receiver, would find somebody on the other side.
    pub(super) fn is_met(&self, side: Side, own: *const Wait) -> bool {
        let other = other(side);
        let flags = self.core.flags();
        if flags & super::core::CLOSED != 0 {
            return true;
        }
        if flags & other.bit() == 0 {
            return false;
        }
        let held = self.core.lock();
        // SAFETY: locked.
        unsafe { held.queue(other).has_other(own) }
    }
}

fn other(side: Side) -> Side {
    match side {
        Side::Receivers => Side::Senders,
        Side::Senders => Side::Receivers,
    }
}

/// Whether to look at a node on the other side: one with which to exchange a
/// message; and, if we are going to wait, who only watches, but of the futures
/// only one.
#[inline(always)]
fn is_wanted(node: &Node, waits: bool, told: &Cell<bool>) -> bool {
    match node.kind {
        Kind::Value | Kind::Promise => true,
        Kind::Observer => waits,
        Kind::Taker => waits && !told.replace(true),
    }
}

impl<T> std::fmt::Debug for Zero<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Zero").finish_non_exhaustive()
    }
}
