//! The sending half.

use super::errors::{Refused, SendError, SendTimeoutError, TrySendError};
use super::shared::{Shared, count};
use super::timer;
use crate::base::atomic::Ordering;
use crate::base::clock;
use crate::park::wait_queue::Until;
use std::fmt;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The sending half of a channel. Clones send into the same channel; when the
/// last is dropped, the channel is closed.
///
/// # Examples
/// ```
/// sortie::run(|| {
///     let (sender, receiver) = sortie::chan::bounded(2);
///     for i in 0..3 {
///         let sender = sender.clone();
///         sortie::go(move || sender.send(i));
///     }
///     drop(sender);
///     let mut all: Vec<i32> = receiver.iter().collect();
///     all.sort();
///     assert_eq!(all, [0, 1, 2]);
/// });
/// ```
pub struct Sender<T> {
    pub(super) shared: Arc<Shared<T>>,
}

// SAFETY: what it shares may be used by any thread, if messages may go there. Said
// here so that the compiler, if they may not, names the half.
unsafe impl<T: Send> Send for Sender<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Sender<T> {}

impl<T> UnwindSafe for Sender<T> {}
impl<T> RefUnwindSafe for Sender<T> {}

impl<T> Sender<T> {
    /// Sends a message. A deadline of 0 means now or not at all.
    #[inline(always)]
    pub(crate) fn send_until(
        &self,
        message: T,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Refused<T>> {
        self.shared.send(message, until, location)
    }

    /// Sends a message if that is possible at once.
    ///
    /// Into a channel without capacity it is if a receiver waits. Go's `select`
    /// with a send case and `default`.
    ///
    /// # Errors
    /// If there is no room, or the channel is closed. The error has the message.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::{TrySendError, bounded};
    ///
    /// let (sender, receiver) = bounded(1);
    /// assert_eq!(sender.try_send(1), Ok(()));
    /// assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    /// drop(receiver);
    /// assert_eq!(sender.try_send(3), Err(TrySendError::Disconnected(3)));
    /// ```
    #[track_caller]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        Ok(self.send_until(message, &Until::NOW, Location::caller())?)
    }

    /// Sends a message: Go's `c <- message`.
    ///
    /// # Blocking
    /// Waits until there is room, or, without capacity, until a receiver takes
    /// the message: parks the goroutine, or blocks the OS thread.
    ///
    /// # Errors
    /// If the channel is closed before the message could be sent. The error has
    /// the message. (Go panics.)
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::{SendError, bounded};
    ///
    /// let (sender, receiver) = bounded(1);
    /// assert_eq!(sender.send(1), Ok(()));
    /// drop(receiver);
    /// assert_eq!(sender.send(2), Err(SendError(2)));
    /// ```
    #[track_caller]
    #[inline]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        Ok(self.send_until(message, &Until::GRANTED, Location::caller())?)
    }

    /// As [`send`](Self::send), for `timeout` at most.
    ///
    /// # Errors
    /// If the time ran out, or the channel is closed. The error has the message.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use sortie::chan::{SendTimeoutError, bounded};
    ///
    /// let (sender, _receiver) = bounded(0);
    /// let result = sender.send_timeout(1, Duration::from_millis(1));
    /// assert_eq!(result, Err(SendTimeoutError::Timeout(1)));
    /// ```
    #[track_caller]
    pub fn send_timeout(&self, message: T, timeout: Duration) -> Result<(), SendTimeoutError<T>> {
        let until = Until::deadline(clock::after(timeout));
        Ok(self.send_until(message, &until, Location::caller())?)
    }

    /// As [`send`](Self::send), until `deadline` at most.
    ///
    /// # Errors
    /// As [`send_timeout`](Self::send_timeout).
    #[track_caller]
    pub fn send_deadline(&self, message: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        let until = Until::deadline(timer::on_clock(deadline));
        Ok(self.send_until(message, &until, Location::caller())?)
    }

    /// Whether there is no message in the channel. Always, without capacity.
    pub fn is_empty(&self) -> bool {
        self.shared.len() == 0
    }

    /// Whether there is no room in the channel. Always, without capacity.
    pub fn is_full(&self) -> bool {
        Some(self.shared.len()) == self.shared.capacity()
    }

    /// How many messages are in the channel: Go's `len(c)`.
    pub fn len(&self) -> usize {
        self.shared.len()
    }

    /// How many messages it has room for: Go's `cap(c)`. `None` if there is no
    /// bound.
    pub fn capacity(&self) -> Option<usize> {
        self.shared.capacity()
    }

    /// Whether both send into the same channel.
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Closes the channel for all: Go's `close(c)`. Returns whether it was open.
    ///
    /// From then on nothing can be sent; who waits to send gets its message back.
    /// Messages that are in the channel can still be received. Unlike in Go
    /// closing twice, and sending into a closed channel, do not panic.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::{SendError, unbounded};
    ///
    /// let (sender, receiver) = unbounded();
    /// sender.send(1).unwrap();
    /// assert!(sender.close());
    /// assert!(!receiver.close());
    /// assert_eq!(sender.send(2), Err(SendError(2)));
    /// assert_eq!(receiver.iter().collect::<Vec<_>>(), [1]);
    /// ```
    pub fn close(&self) -> bool {
        self.shared.close()
    }

    /// Whether the channel is closed: by [`close`](Self::close), or because all
    /// receivers are gone.
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.close();
        }
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        count(&self.shared.senders);
        Sender {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("Sender { .. }")
    }
}
