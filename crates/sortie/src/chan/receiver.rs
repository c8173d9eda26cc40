//! The receiving half.

use super::errors::{RecvError, RecvTimeoutError, Refused, TryRecvError};
use super::event::EventRef;
use super::shared::{Shared, count};
use super::timer::{self, At, Tick, Times};
use crate::base::atomic::Ordering;
use crate::base::clock;
use crate::park::wait_queue::Until;
use std::fmt;
use std::mem;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where a receiver gets its messages.
#[derive(Debug)]
pub(super) enum Source<T> {
    Channel(Arc<Shared<T>>),
    /// Only where `T` is `Instant`.
    At(Arc<At>),
    /// Only where `T` is `Instant`.
    Tick(Arc<Tick>),
    /// Only where `T` has no values.
    Event(EventRef),
    Never,
}

/// The receiving half of a channel. Clones receive from the same channel, each
/// message going to one of them; when the last is dropped, the channel is closed.
///
/// As an iterator, by value or by reference, it gives messages until the channel
/// is closed and empty: Go's `for message := range c`.
///
/// # Examples
/// ```
/// sortie::run(|| {
///     let (sender, receiver) = sortie::chan::bounded(0);
///     sortie::go(move || {
///         for i in 0..3 {
///             sender.send(i).unwrap();
///         }
///     });
///     for (expected, message) in receiver.into_iter().enumerate() {
///         assert_eq!(message, expected);
///     }
/// });
/// ```
pub struct Receiver<T> {
    pub(super) source: Source<T>,
}

// SAFETY: what it shares may be used by any thread, if messages may go there. Said
// here so that the compiler, if they may not, names the half.
unsafe impl<T: Send> Send for Receiver<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Receiver<T> {}

impl<T> UnwindSafe for Receiver<T> {}
impl<T> RefUnwindSafe for Receiver<T> {}

/// An instant as a message.
///
/// # Safety
/// `T` is `Instant`.
pub(super) unsafe fn as_message<T>(instant: Instant) -> T {
    debug_assert_eq!(size_of::<T>(), size_of::<Instant>());
    // SAFETY: the same type.
    unsafe { mem::transmute_copy(&instant) }
}

impl<T> Receiver<T> {
    /// Receives a message. A deadline of 0 means now or not at all.
    #[inline(always)]
    pub(crate) fn recv_until(
        &self,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<T, Refused<()>> {
        let instant = match &self.source {
            Source::Channel(shared) => return shared.receive(until, location),
            Source::At(at) => at.receive(until, location),
            Source::Tick(tick) => tick.receive(until, location),
            Source::Event(event) => return Err(event.receive(until, location)),
            Source::Never => return Err(timer::receive_never(until, location)),
        };
        // SAFETY: only a `Receiver<Instant>` has such a source.
        instant.map(|instant| unsafe { as_message(instant) })
    }

    /// Receives a message if there is one: Go's `select` with a receive case and
    /// `default`.
    ///
    /// Without capacity there is one if a sender waits. If that is a `select`
    /// that makes its message only now, it is waited for.
    ///
    /// # Errors
    /// If there is none, or none will ever come.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::{TryRecvError, bounded};
    ///
    /// let (sender, receiver) = bounded(1);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.send(1).unwrap();
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Ok(1));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    /// ```
    #[track_caller]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        Ok(self.recv_until(&Until::NOW, Location::caller())?)
    }

    /// Receives a message: Go's `message, ok := <-c`.
    ///
    /// # Blocking
    /// Waits until there is a message or the channel is closed: parks the
    /// goroutine, or blocks the OS thread.
    ///
    /// # Errors
    /// If the channel is empty and closed.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::{RecvError, bounded};
    ///
    /// sortie::run(|| {
    ///     let (sender, receiver) = bounded(0);
    ///     sortie::go(move || sender.send(1));
    ///     assert_eq!(receiver.recv(), Ok(1));
    ///     assert_eq!(receiver.recv(), Err(RecvError));
    /// });
    /// ```
    #[track_caller]
    #[inline]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.recv_until(&Until::GRANTED, Location::caller())
            .map_err(|_| RecvError)
    }

    /// As [`recv`](Self::recv), for `timeout` at most.
    ///
    /// # Errors
    /// If the time ran out, or the channel is empty and closed.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use sortie::chan::{RecvTimeoutError, bounded};
    ///
    /// let (_sender, receiver) = bounded::<()>(0);
    /// let result = receiver.recv_timeout(Duration::from_millis(1));
    /// assert_eq!(result, Err(RecvTimeoutError::Timeout));
    /// ```
    #[track_caller]
    pub fn recv_timeout(&self, timeout: Duration) -> Result<T, RecvTimeoutError> {
        let until = Until::deadline(clock::after(timeout));
        Ok(self.recv_until(&until, Location::caller())?)
    }

    /// As [`recv`](Self::recv), until `deadline` at most.
    ///
    /// # Errors
    /// As [`recv_timeout`](Self::recv_timeout).
    #[track_caller]
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        let until = Until::deadline(timer::on_clock(deadline));
        Ok(self.recv_until(&until, Location::caller())?)
    }

    /// Whether there is no message in the channel. Always, without capacity.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room in the channel. Always, without capacity.
    pub fn is_full(&self) -> bool {
        Some(self.len()) == self.capacity()
    }

    /// How many messages are in the channel: Go's `len(c)`.
    pub fn len(&self) -> usize {
        match &self.source {
            Source::Channel(shared) => shared.len(),
            Source::At(at) => usize::from(at.has_message()),
            Source::Tick(tick) => usize::from(tick.has_message()),
            Source::Event(_) | Source::Never => 0,
        }
    }

    /// How many messages it has room for: Go's `cap(c)`. `None` if there is no
    /// bound.
    pub fn capacity(&self) -> Option<usize> {
        match &self.source {
            Source::Channel(shared) => shared.capacity(),
            Source::At(_) | Source::Tick(_) => Some(1),
            Source::Event(_) | Source::Never => Some(0),
        }
    }

    /// Whether both receive from the same channel.
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        match (&self.source, &other.source) {
            (Source::Channel(one), Source::Channel(other)) => Arc::ptr_eq(one, other),
            (Source::At(one), Source::At(other)) => Arc::ptr_eq(one, other),
            (Source::Tick(one), Source::Tick(other)) => Arc::ptr_eq(one, other),
            (Source::Event(one), Source::Event(other)) => one.as_ptr() == other.as_ptr(),
            (Source::Never, Source::Never) => true,
            _ => false,
        }
    }

    /// Closes the channel for all, as [`Sender::close`](super::Sender::close).
    /// Returns whether it was open. Channels that deliver times, and those of contexts
    /// ([`done`](crate::context::Context::done)), cannot be closed.
    pub fn close(&self) -> bool {
        match &self.source {
            Source::Channel(shared) => shared.close(),
            Source::At(_) | Source::Tick(_) | Source::Event(_) | Source::Never => false,
        }
    }

    /// Whether the channel is closed: by [`close`](Self::close), or because all
    /// senders are gone. There may be messages in it still.
    pub fn is_closed(&self) -> bool {
        match &self.source {
            Source::Channel(shared) => shared.is_closed(),
            Source::Event(event) => event.is_set(),
            Source::At(_) | Source::Tick(_) | Source::Never => false,
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if let Source::Channel(shared) = &self.source
            && shared.receivers.fetch_sub(1, Ordering::AcqRel) == 1
        {
            shared.close();
            shared.discard();
        }
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        let source = match &self.source {
            Source::Channel(shared) => {
                count(&shared.receivers);
                Source::Channel(Arc::clone(shared))
            }
            Source::At(at) => Source::At(Arc::clone(at)),
            Source::Tick(tick) => Source::Tick(Arc::clone(tick)),
            Source::Event(event) => Source::Event(event.clone()),
            Source::Never => Source::Never,
        };
        Receiver { source }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Receiver { .. }")
    }
}
