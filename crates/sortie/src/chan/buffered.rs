//! Channels with a buffer: a queue of messages without a lock, and two queues of
//! those who wait, under one.
//!
//! # Invariants
//! Whenever the lock is free, and but for operations that are under way:
//! receivers wait only if there is no message, senders only if there is no room.
//!
//! # Protocol
//! ```text
//!   comes, without the lock            waits, with the lock
//!   move the message (full barrier)    enter the queue, set its flag
//!   look at the other side's flag      full barrier
//!     if set: lock, settle             is it possible now? then leave again
//! ```
//! One of them sees the other. To *settle* is to move messages to receivers that
//! wait, and messages of senders that wait into the buffer, until the invariants
//! hold. Messages are moved on behalf of those who wait, into and out of their
//! frames, so that they stand in line in the order in which they came. For that
//! those who come look at their own side's flag first, and line up if others do.
//!
//! A party that is alone on its side moves its messages *in person*, without the full
//! barrier; then those who wait have it for both, see [`Lane`](super::lane::Lane). That
//! is only for who has seen his own side's flag clear, since then nobody moves
//! anything in his name: while he is in the queue the flag is set, and who
//! takes him out there, even if he still runs, clears it after he has moved the
//! message, or not at all.
//!
//! A receiver that is a future is only told to look, since it may be dropped
//! before it looks; so is a `select` that wants to send, which has no message
//! until it is chosen.

use super::block::{block, is_patient, patiently};
use super::buffer::{Buffer, Closed, Pushed};
use super::core::{Core, Held, Side};
use super::errors::Refused;
use super::lane::Mover;
use super::wait::{Kind, Node, Outcome, Wait, Wakes};
use crate::goroutine::WaitReason;
use crate::park::wait_queue::Until;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::panic::Location;
use std::ptr;

/// Room for fewer messages is little.
const FEW: usize = 16;

/// A channel whose messages are in `B`.
#[derive(Debug)]
pub(super) struct Buffered<T, B> {
    pub(super) buffer: B,
    pub(super) core: Core,
    messages: PhantomData<T>,
}

// SAFETY: messages go from thread to thread; all else is the buffer's or the
// core's.
unsafe impl<T: Send, B: Send> Send for Buffered<T, B> {}
// SAFETY: as above.
unsafe impl<T: Send, B: Sync> Sync for Buffered<T, B> {}

impl<T, B: Buffer<T>> Buffered<T, B> {
    pub(super) fn new(buffer: B, origin: &'static Location<'static>) -> Self {
        Buffered {
            buffer,
            core: Core::new(origin),
            messages: PhantomData,
        }
    }

    /// Sends. A deadline of 0 means now or not at all.
    #[inline(always)]
    pub(super) fn send(
        &self,
        message: T,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Refused<T>> {
        let message = if self.core.flags() & (Side::Receivers.bit() | Side::Senders.bit()) == 0 {
            // SAFETY: he is not in the queue, or somebody is done with him: the flag is
            // clear.
            match unsafe { self.buffer.push_in_person(message) } {
                Ok(()) => {
                    if self.core.flags() & Side::Receivers.bit() != 0 {
                        self.settle();
                    }
                    return Ok(());
                }
                Err(Pushed::Closed(message)) => return Err(Refused::Closed(message)),
                Err(Pushed::Full(message)) => message,
            }
        } else {
            message
        };
        self.send_slow(message, until, location)
    }

    /// Whether the caller should try again for a while before he lines up. Where there is
    /// room for few, messages that go straight from frame to frame are faster.
    fn is_worth_patience(&self, until: &Until<'_>) -> bool {
        !until.is_now() && self.buffer.capacity().is_none_or(|room| room >= FEW) && is_patient()
    }

    /// Tries to send without the lock for a while. Gives the message back if that is
    /// not possible. Not a part of `send_slow`, where goroutines would need more stack.
    #[inline(never)]
    fn send_patiently(&self, message: T) -> Result<(), Refused<T>> {
        let mut message = Some(message);
        let sent = patiently(|| {
            if self.core.flags() & (Side::Receivers.bit() | Side::Senders.bit()) != 0 {
                return None;
            }
            // SAFETY: as in `send`.
            match unsafe { self.buffer.push_in_person(message.take()?) } {
                Ok(()) => {
                    if self.core.flags() & Side::Receivers.bit() != 0 {
                        self.settle();
                    }
                    Some(Ok(()))
                }
                Err(Pushed::Closed(message)) => Some(Err(Refused::Closed(message))),
                Err(Pushed::Full(back)) => {
                    message = Some(back);
                    None
                }
            }
        });
        match (sent, message) {
            (Some(result), _) => result,
            (None, Some(message)) => Err(Refused::NotNow(message)),
            (None, None) => unreachable!("sent, or given back"),
        }
    }

    #[cold]
    #[inline(never)]
    fn send_slow(
        &self,
        message: T,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Refused<T>> {
        let message = if self.is_worth_patience(until) {
            match self.send_patiently(message) {
                Err(Refused::NotNow(message)) => message,
                result => return result,
            }
        } else {
            message
        };
        let mut message = ManuallyDrop::new(message);
        let slot = (&raw mut message).cast::<()>();
        // SAFETY: wherever it is used below, the message is still there.
        let take = |message: &mut ManuallyDrop<T>| unsafe { ManuallyDrop::take(message) };
        loop {
            let mut wakes = Wakes::new();
            let held = self.core.lock();
            self.settle_some(&held, &mut wakes);
            if wakes.is_nearly_full() {
                continue;
            }
            // Straight to a receiver, if one waits: then there are no messages.
            // But there may be some behind a place that is reserved.
            if self.buffer.len() == 0
                && !held.is_closed()
                // SAFETY: locked; what is claimed is ended.
                && let Some(claimed) = unsafe { held.queue(Side::Receivers).claim(ptr::null(), is_value) }
            {
                // SAFETY: a receiver's slot has room for a message.
                unsafe {
                    ptr::copy_nonoverlapping(
                        slot.cast::<T>(),
                        claimed.node().slot.get().cast::<T>(),
                        1,
                    );
                }
                claimed.end(Outcome::Done, &mut wakes);
                held.refresh(Side::Receivers);
                return Ok(());
            }
            held.refresh(Side::Receivers);
            if held.queue(Side::Senders).is_empty() {
                match self.buffer.push(take(&mut message), Mover::caller()) {
                    Ok(()) => {
                        // There may be receivers that only want to be told.
                        self.settle_some(&held, &mut wakes);
                        return Ok(());
                    }
                    Err(Pushed::Closed(message)) => return Err(Refused::Closed(message)),
                    Err(Pushed::Full(back)) => message = ManuallyDrop::new(back),
                }
            } else if held.is_closed() {
                return Err(Refused::Closed(take(&mut message)));
            }
            if until.is_now() {
                return Err(Refused::NotNow(take(&mut message)));
            }
            let wait = Wait::current();
            let node = Node::new(Kind::Value, slot, &wait, 0);
            let place = self.core.place(WaitReason::ChannelSend, location);
            // SAFETY: ours, and the slot has the message; it is taken out again or
            // blocked on.
            let outcome = unsafe {
                held.enqueue(Side::Senders, &node, true);
                if self.is_possible_after_all(Side::Senders) {
                    held.dequeue(Side::Senders, &node);
                    continue;
                }
                block(
                    &self.core,
                    held,
                    Side::Senders,
                    &node,
                    &mut wakes,
                    until,
                    place,
                )
            };
            match outcome {
                Outcome::Done => return Ok(()),
                Outcome::Closed => return Err(Refused::Closed(take(&mut message))),
                Outcome::Waiting => return Err(Refused::NotNow(take(&mut message))),
                Outcome::Retry | Outcome::Promised | Outcome::Paired(_) => {}
            }
        }
    }

    /// Receives without the lock, now or not at all. `None` if that takes the lock,
    /// because others wait.
    #[inline(always)]
    pub(super) fn receive_at_once(&self) -> Option<Result<T, Refused<()>>> {
        if self.core.flags() & (Side::Receivers.bit() | Side::Senders.bit()) != 0 {
            return None;
        }
        // SAFETY: as in `send`.
        Some(match unsafe { self.buffer.pop_in_person() } {
            Ok(Some(message)) => {
                if self.core.flags() & Side::Senders.bit() != 0 {
                    self.settle();
                }
                Ok(message)
            }
            Ok(None) => Err(Refused::NotNow(())),
            Err(Closed) => Err(Refused::Closed(())),
        })
    }

    /// Receives. A deadline of 0 means now or not at all.
    #[inline(always)]
    pub(super) fn receive(
        &self,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<T, Refused<()>> {
        if self.core.flags() & Side::Receivers.bit() == 0 {
            // SAFETY: as in `send`.
            match unsafe { self.buffer.pop_in_person() } {
                Ok(Some(message)) => {
                    if self.core.flags() & Side::Senders.bit() != 0 {
                        self.settle();
                    }
                    return Ok(message);
                }
                Ok(None) => {}
                Err(Closed) => return Err(Refused::Closed(())),
            }
        }
        self.receive_slow(until, location)
    }

    #[cold]
    #[inline(never)]
    fn receive_slow(
        &self,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<T, Refused<()>> {
        if self.is_worth_patience(until)
            && let Some(result) = patiently(|| match self.receive_at_once() {
                None | Some(Err(Refused::NotNow(()))) => None,
                result => result,
            })
        {
            return result;
        }
        let mut message = MaybeUninit::<T>::uninit();
        loop {
            let mut wakes = Wakes::new();
            let held = self.core.lock();
            self.settle_some(&held, &mut wakes);
            if wakes.is_nearly_full() {
                continue;
            }
            // If there still is one, nobody before us waits to be given it.
            match self.buffer.pop(Mover::caller()) {
                Ok(Some(message)) => {
                    self.settle_some(&held, &mut wakes);
                    return Ok(message);
                }
                Ok(None) => {}
                Err(Closed) => return Err(Refused::Closed(())),
            }
            if until.is_now() {
                return Err(Refused::NotNow(()));
            }
            let wait = Wait::current();
            let node = Node::new(Kind::Value, message.as_mut_ptr().cast(), &wait, 0);
            let place = self.core.place(WaitReason::ChannelReceive, location);
            // SAFETY: ours, with room for a message; it is taken out again or
            // blocked on.
            let outcome = unsafe {
                held.enqueue(Side::Receivers, &node, true);
                if self.is_possible_after_all(Side::Receivers) {
                    held.dequeue(Side::Receivers, &node);
                    continue;
                }
                block(
                    &self.core,
                    held,
                    Side::Receivers,
                    &node,
                    &mut wakes,
                    until,
                    place,
                )
            };
            match outcome {
                // SAFETY: whoever ended the wait has put it there.
                Outcome::Done => return Ok(unsafe { message.assume_init() }),
                Outcome::Closed => return Err(Refused::Closed(())),
                Outcome::Waiting => return Err(Refused::NotNow(())),
                Outcome::Retry | Outcome::Promised | Outcome::Paired(_) => {}
            }
        }
    }

    /// Establishes the invariants.
    #[cold]
    #[inline(never)]
    pub(super) fn settle(&self) {
        loop {
            let mut wakes = Wakes::new();
            let held = self.core.lock();
            self.settle_some(&held, &mut wakes);
            if !wakes.is_nearly_full() {
                return;
            }
        }
    }

    /// Establishes the invariants, unless too many have to be woken at once.
    pub(super) fn settle_some(&self, held: &Held<'_>, wakes: &mut Wakes) {
        // Places that were given up are no messages: past them there may be room,
        // or the end.
        self.buffer.has_message();
        let mut told = [0; 2];
        loop {
            let [receivers, senders] = &mut told;
            let progress = self.serve_receivers(held, wakes, receivers)
                | self.serve_senders(held, wakes, senders);
            if !progress || wakes.is_nearly_full() {
                break;
            }
        }
        held.refresh(Side::Receivers);
        held.refresh(Side::Senders);
    }

    /// Gives messages to receivers that wait. Returns whether it served any. Of
    /// those that are only told no more are `told` than there are messages; who
    /// comes after them is still served.
    fn serve_receivers(&self, held: &Held<'_>, wakes: &mut Wakes, told: &mut usize) -> bool {
        let queue = held.queue(Side::Receivers);
        let mut progress = false;
        while !queue.is_empty() && !wakes.is_nearly_full() {
            let drained = self.buffer.is_drained();
            if !drained && !self.buffer.has_message() {
                break;
            }
            let enough = !drained && *told > 0 && *told >= self.buffer.len();
            let wanted = |node: &Node| !enough || node.kind != Kind::Taker;
            // SAFETY: locked; what is claimed is ended.
            let Some(claimed) = (unsafe { queue.claim(ptr::null(), wanted) }) else {
                break;
            };
            progress = true;
            let outcome = match claimed.node().kind {
                Kind::Value if drained => Outcome::Closed,
                // SAFETY: claimed, locked, and ended below.
                Kind::Value => match self.buffer.pop(unsafe { claimed.mover() }) {
                    Ok(Some(message)) => {
                        // SAFETY: a receiver's slot has room for a message.
                        unsafe { claimed.node().slot.get().cast::<T>().write(message) };
                        Outcome::Done
                    }
                    // Somebody without the lock was faster.
                    _ => Outcome::Retry,
                },
                Kind::Taker => {
                    *told += 1;
                    Outcome::Retry
                }
                Kind::Observer | Kind::Promise => Outcome::Retry,
            };
            claimed.end(outcome, wakes);
        }
        progress
    }

    /// Takes messages from senders that wait. Returns whether it served any. Of
    /// those that are only told no more are `told` than there is room for.
    fn serve_senders(&self, held: &Held<'_>, wakes: &mut Wakes, told: &mut usize) -> bool {
        let queue = held.queue(Side::Senders);
        let mut progress = false;
        while !queue.is_empty() && !wakes.is_nearly_full() {
            let closed = held.is_closed();
            let room = || {
                let capacity = self.buffer.capacity().unwrap_or(usize::MAX);
                capacity - self.buffer.len().min(capacity)
            };
            if !closed && !self.buffer.has_room() {
                break;
            }
            let enough = !closed && *told > 0 && *told >= room();
            let wanted = |node: &Node| !enough || node.kind != Kind::Promise;
            // SAFETY: locked; what is claimed is ended.
            let Some(claimed) = (unsafe { queue.claim(ptr::null(), wanted) }) else {
                break;
            };
            progress = true;
            let outcome = match claimed.node().kind {
                Kind::Value if closed => Outcome::Closed,
                Kind::Value => {
                    // SAFETY: a sender's slot has the message. If it is not taken
                    // the sender still has it.
                    let message = unsafe { claimed.node().slot.get().cast::<T>().read() };
                    // SAFETY: claimed, locked, and ended below.
                    match self.buffer.push(message, unsafe { claimed.mover() }) {
                        Ok(()) => Outcome::Done,
                        Err(Pushed::Full(message)) => {
                            std::mem::forget(message);
                            Outcome::Retry
                        }
                        Err(Pushed::Closed(message)) => {
                            std::mem::forget(message);
                            Outcome::Closed
                        }
                    }
                }
                Kind::Promise | Kind::Taker => {
                    *told += 1;
                    Outcome::Retry
                }
                Kind::Observer => Outcome::Retry,
            };
            claimed.end(outcome, wakes);
        }
        progress
    }

    /// How many places are taken. One that was given up is none once all before it are
    /// gone.
    pub(super) fn len(&self) -> usize {
        if self.buffer.begins_with_nothing() {
            self.settle();
        }
        self.buffer.len()
    }

    /// Lets no more messages in. Returns whether it did before.
    pub(super) fn close(&self) -> bool {
        let open = self.buffer.close();
        {
            let held = self.core.lock();
            held.close();
        }
        self.settle();
        open
    }

    /// Messages moved without the lock by somebody who looks after the rest now.
    pub(super) fn moved(&self, side: Side) {
        let other = match side {
            Side::Senders => Side::Receivers,
            Side::Receivers => Side::Senders,
        };
        if self.core.flags() & other.bit() != 0 {
            self.settle();
        }
    }

    /// Whether a sender, or a receiver, would not have to wait.
    pub(super) fn is_possible(&self, side: Side) -> bool {
        match side {
            Side::Senders => self.core.flags() & super::core::CLOSED != 0 || self.buffer.has_room(),
            Side::Receivers => self.buffer.has_message() || self.buffer.is_drained(),
        }
    }

    /// The same for somebody who has entered the queue and passed a full barrier, and
    /// is going to wait if it is not.
    pub(super) fn is_possible_after_all(&self, side: Side) -> bool {
        self.buffer.before_waiting(side);
        self.is_possible(side)
    }
}

fn is_value(node: &Node) -> bool {
    node.kind == Kind::Value
}
