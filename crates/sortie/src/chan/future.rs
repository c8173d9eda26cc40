//! Sending and receiving as futures.
//!
//! A future stands in the same queues as goroutines and threads. One that sends
//! has its message in its node, where a receiver takes it. One that receives is
//! only told that there may be a message, and takes it when it is polled: so if it
//! is dropped before, no message is lost. It then tells the next in line.

use super::core::{Core, Side};
use super::errors::{RecvError, SendError, TryRecvError};
use super::receiver::{Receiver, Source};
use super::select::Endpoint;
use super::sender::Sender;
use super::shared::{Flavour, Shared};
use super::wait::{Kind, Node, Outcome, Party, Wait};
use crate::base::identity::Identity;
use futures_core::Stream;
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomPinned;
use std::mem;
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, Waker};

/// A place in a channel's queue that belongs to a future.
struct Place {
    wait: Wait,
    node: Node,
    /// Whether the node has been put into a queue, and the outcome not seen yet.
    entered: bool,
    _pinned: PhantomPinned,
}

// SAFETY: others use it only under the lock of the channel.
unsafe impl Send for Place {}
// SAFETY: as above; by shared reference there is nothing to do with it.
unsafe impl Sync for Place {}

impl Place {
    fn new() -> Self {
        Place {
            wait: Wait::new(Party::Task(UnsafeCell::new(None)), Identity::NOBODY),
            node: Node::unused(),
            entered: false,
            _pinned: PhantomPinned,
        }
    }

    /// Enters the queue of a half of a channel, unless there is no need to wait.
    /// Returns whether it did.
    ///
    /// # Safety
    /// It is in no queue, and stays where it is until it has left. The half has a
    /// queue, and the slot is what the kind says.
    unsafe fn enter(
        &mut self,
        half: &impl Endpoint,
        (kind, slot): (Kind, *mut ()),
        waker: &Waker,
    ) -> bool {
        // Foreign code, so not under the lock.
        let waker = waker.clone();
        self.wait.outcome.set(Outcome::Waiting);
        self.node = Node::new(kind, slot, &self.wait, 0);
        if let Party::Task(place) = &self.wait.party {
            // SAFETY: in no queue, so ours.
            unsafe { *place.get() = Some(waker) };
        }
        // SAFETY: as this function's.
        unsafe { half.enter(&self.node) };
        self.entered = true;
        if half.is_ready_after_all(&self.wait) {
            // SAFETY: just entered.
            unsafe { self.leave(half) };
        }
        self.entered
    }

    /// Whether it still waits; then with another waker. Sees the outcome if not.
    ///
    /// # Safety
    /// The channel and side are those it has entered.
    unsafe fn still_waits(&mut self, core: &Core, waker: &Waker) -> bool {
        let fresh = waker.clone();
        let _old = {
            let _held = core.lock();
            if !self.node.is_queued() {
                self.entered = false;
                return false;
            }
            match &self.wait.party {
                // SAFETY: locked.
                Party::Task(place) => unsafe { (*place.get()).replace(fresh) },
                Party::Blocked(_) => None,
            }
        };
        true
    }

    /// Leaves the queue. Returns whether somebody has ended the wait before.
    ///
    /// # Safety
    /// The half is the one it has entered with.
    unsafe fn leave(&mut self, half: &impl Endpoint) -> bool {
        // SAFETY: as this function's.
        let was_queued = unsafe { half.leave(&self.node) };
        self.entered = false;
        !was_queued
    }
}

impl<T> Shared<T> {
    /// Looks after those who wait, on behalf of one who was told and does not
    /// take what he was told of.
    fn pass_on(&self, side: Side) {
        match &self.flavour {
            Flavour::Zero(channel) => channel.tell(side),
            Flavour::Bounded(channel) => channel.settle(),
            Flavour::Unbounded(channel) => channel.settle(),
        }
    }
}

/// Receives a message; made by [`Receiver::recv_async`].
#[must_use = "futures do nothing unless awaited"]
pub struct RecvFuture<'a, T> {
    receiver: &'a Receiver<T>,
    place: Place,
}

/// Sends a message; made by [`Sender::send_async`].
#[must_use = "futures do nothing unless awaited"]
pub struct SendFuture<'a, T> {
    sender: &'a Sender<T>,
    message: UnsafeCell<Option<T>>,
    place: Place,
}

// SAFETY: the message is used under the channel's lock, or by whoever has the
// future by exclusive reference.
unsafe impl<T: Send> Sync for SendFuture<'_, T> {}

/// Messages as a stream; made by [`Receiver::into_stream`].
#[must_use = "streams do nothing unless polled"]
pub struct RecvStream<T> {
    receiver: Receiver<T>,
    place: Pin<Box<Place>>,
}

impl<T> Receiver<T> {
    /// Receives a message, as a future for any executor.
    ///
    /// Dropping it before it is ready loses no message: it is never given one while
    /// it waits, but told to look. So on a channel without capacity only senders
    /// that wait meet it; [`try_send`](super::Sender::try_send) does not, and finds
    /// that there is no room. Timer channels
    /// ([`after`](super::after) and the like) need their executor's timers: the
    /// future looks at the time only when it is polled.
    ///
    /// # Errors
    /// If the channel is empty and closed.
    ///
    /// # Examples
    /// ```
    /// # fn block_on<F: Future>(future: F) -> F::Output { pollster::block_on(future) }
    /// let (sender, receiver) = sortie::chan::bounded(0);
    /// sortie::go(move || sender.send(1));
    /// assert_eq!(block_on(receiver.recv_async()), Ok(1));
    /// assert!(block_on(receiver.recv_async()).is_err());
    /// ```
    pub fn recv_async(&self) -> RecvFuture<'_, T> {
        RecvFuture {
            receiver: self,
            place: Place::new(),
        }
    }

    /// Makes a stream of the messages, which ends when the channel is closed and
    /// empty.
    ///
    /// # Examples
    /// ```
    /// use futures::StreamExt;
    ///
    /// # fn block_on<F: Future>(future: F) -> F::Output { pollster::block_on(future) }
    /// let (sender, receiver) = sortie::chan::bounded(1);
    /// sortie::go(move || (0..3).try_for_each(|i| sender.send(i)));
    /// let all = block_on(receiver.into_stream().collect::<Vec<_>>());
    /// assert_eq!(all, [0, 1, 2]);
    /// ```
    pub fn into_stream(self) -> RecvStream<T> {
        RecvStream {
            receiver: self,
            place: Box::pin(Place::new()),
        }
    }

    /// # Safety
    /// The place is used for this receiver only, and stays where it is until it
    /// was [left](Self::leave).
    unsafe fn poll(&self, place: &mut Place, context: &Context<'_>) -> Poll<Result<T, RecvError>> {
        loop {
            let core = self.core();
            if place.entered
                && let Some(core) = core
                // SAFETY: its own channel.
                && unsafe { place.still_waits(core, context.waker()) }
            {
                return Poll::Pending;
            }
            match self.try_recv() {
                Ok(message) => return Poll::Ready(Ok(message)),
                Err(TryRecvError::Disconnected) => return Poll::Ready(Err(RecvError)),
                Err(TryRecvError::Empty) => {}
            }
            let offer = (Kind::Taker, ptr::null_mut());
            // SAFETY: as this function's; it has left.
            if core.is_none() || unsafe { place.enter(self, offer, context.waker()) } {
                return Poll::Pending;
            }
        }
    }

    /// # Safety
    /// The place was used for this receiver only.
    unsafe fn leave(&self, place: &mut Place) {
        // SAFETY: its own channel.
        if place.entered && unsafe { place.leave(self) } {
            // A sender may still wait, or a message be there.
            match &self.source {
                Source::Channel(shared) => shared.pass_on(Side::Senders),
                Source::Schedule(schedule) => schedule.settle(),
                Source::At(_) | Source::Tick(_) | Source::Event(_) | Source::Never => {}
            }
        }
    }
}

impl<T> Future for RecvFuture<'_, T> {
    type Output = Result<T, RecvError>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the place is pinned with the future, and left when that drops.
        unsafe {
            let this = self.get_unchecked_mut();
            this.receiver.poll(&mut this.place, context)
        }
    }
}

impl<T> Drop for RecvFuture<'_, T> {
    fn drop(&mut self) {
        // SAFETY: its own receiver.
        unsafe { self.receiver.leave(&mut self.place) };
    }
}

impl<T> Stream for RecvStream<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let this = &mut *self;
        // SAFETY: the place is boxed, and left when the stream drops.
        unsafe {
            let place = this.place.as_mut().get_unchecked_mut();
            this.receiver.poll(place, context).map(Result::ok)
        }
    }
}

impl<T> RecvStream<T> {
    /// The receiver, back.
    pub fn into_inner(mut self) -> Receiver<T> {
        self.leave();
        mem::replace(&mut self.receiver, super::never())
    }

    fn leave(&mut self) {
        // SAFETY: its own receiver; the place is not moved.
        unsafe {
            let place = self.place.as_mut().get_unchecked_mut();
            self.receiver.leave(place);
        }
    }
}

impl<T> Drop for RecvStream<T> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<T> Sender<T> {
    /// Sends a message, as a future for any executor.
    ///
    /// If it is dropped before it is ready, the message was sent, or is dropped
    /// with it.
    ///
    /// # Errors
    /// If the channel is closed. The error has the message.
    ///
    /// # Examples
    /// ```
    /// # fn block_on<F: Future>(future: F) -> F::Output { pollster::block_on(future) }
    /// let (sender, receiver) = sortie::chan::bounded(0);
    /// let handle = sortie::go(move || receiver.recv());
    /// assert_eq!(block_on(sender.send_async(1)), Ok(()));
    /// assert_eq!(handle.join().unwrap(), Ok(1));
    /// ```
    pub fn send_async(&self, message: T) -> SendFuture<'_, T> {
        SendFuture {
            sender: self,
            message: UnsafeCell::new(Some(message)),
            place: Place::new(),
        }
    }
}

impl<T> SendFuture<'_, T> {
    /// # Safety
    /// The future is pinned.
    unsafe fn poll_send(&mut self, waker: &Waker) -> Poll<Result<(), SendError<T>>> {
        let shared = &*self.sender.shared;
        loop {
            if self.place.entered {
                // SAFETY: its own channel.
                if unsafe { self.place.still_waits(shared.core(), waker) } {
                    return Poll::Pending;
                }
                if self.place.wait.outcome.get() == Outcome::Done {
                    // It was moved out of the slot.
                    mem::forget(self.message.get_mut().take());
                    return Poll::Ready(Ok(()));
                }
            }
            let Some(message) = self.message.get_mut().take() else {
                panic!("a future was polled after it was ready");
            };
            match self.sender.try_send(message) {
                Ok(()) => return Poll::Ready(Ok(())),
                Err(error) if error.is_disconnected() => {
                    return Poll::Ready(Err(SendError(error.into_inner())));
                }
                Err(error) => *self.message.get_mut() = Some(error.into_inner()),
            }
            let Some(message) = self.message.get_mut() else {
                unreachable!("just put there")
            };
            let offer = (Kind::Value, ptr::from_mut(message).cast());
            // SAFETY: as this function's: the message stays where it is.
            if unsafe { self.place.enter(self.sender, offer, waker) } {
                if let Flavour::Zero(channel) = &shared.flavour {
                    channel.tell(Side::Senders);
                }
                return Poll::Pending;
            }
            if self.place.wait.outcome.get() == Outcome::Done {
                // Taken while we were leaving.
                mem::forget(self.message.get_mut().take());
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<T> Future for SendFuture<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: pinned; place and message are used as such.
        unsafe { self.get_unchecked_mut().poll_send(context.waker()) }
    }
}

impl<T> Drop for SendFuture<'_, T> {
    fn drop(&mut self) {
        if self.place.entered {
            let shared = &*self.sender.shared;
            // SAFETY: its own channel.
            unsafe { self.place.leave(self.sender) };
            match self.place.wait.outcome.get() {
                // It was moved out of the slot.
                Outcome::Done => mem::forget(self.message.get_mut().take()),
                // There was room, which is for the next.
                Outcome::Retry => shared.pass_on(Side::Receivers),
                _ => {}
            }
        }
    }
}

impl<T> fmt::Debug for RecvFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("RecvFuture { .. }")
    }
}

impl<T> fmt::Debug for SendFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("SendFuture { .. }")
    }
}

impl<T> fmt::Debug for RecvStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("RecvStream { .. }")
    }
}
