//! Several messages at once: one step through the queue instead of many.

use super::buffer::{Buffer, Closed};
use super::buffered::Buffered;
use super::core::Side;
use super::errors::{RecvError, Refused, SendError};
use super::receiver::{Receiver, Source};
use super::sender::Sender;
use super::shared::Flavour;
use crate::park::wait_queue::Until;
use std::collections::VecDeque;
use std::mem;
use std::panic::Location;

impl<T, B: Buffer<T>> Buffered<T, B> {
    /// Takes up to `limit` messages, which is not 0, without waiting.
    fn receive_some(&self, messages: &mut Vec<T>, limit: usize) -> usize {
        if self.core.flags() & Side::Receivers.bit() != 0 {
            // They come first.
            self.settle();
        }
        let limit = limit.min(self.buffer.len());
        if limit == 0 {
            return 0;
        }
        messages.reserve(limit);
        let count = self
            .buffer
            .pop_many(limit, &mut |message| messages.push(message));
        self.moved(Side::Receivers);
        count
    }

    /// Sends the first messages without waiting, as many as there is room for.
    fn send_some(&self, messages: &mut VecDeque<T>) -> Result<usize, Closed> {
        if self.core.flags() & Side::Senders.bit() != 0 {
            self.settle();
            if self.core.flags() & Side::Senders.bit() != 0 {
                // They come first.
                return Ok(0);
            }
        }
        let result = self.buffer.push_many(&mut FromFront(messages));
        self.moved(Side::Senders);
        result
    }
}

/// Takes from the front of a queue.
struct FromFront<'a, T>(&'a mut VecDeque<T>);

impl<T> Iterator for FromFront<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), Some(self.0.len()))
    }
}

impl<T> ExactSizeIterator for FromFront<'_, T> {}

impl<T> Receiver<T> {
    /// Receives at least one and up to `max` messages, which are added to
    /// `messages`. Returns how many.
    ///
    /// # Blocking
    /// Waits for the first message as [`recv`](Self::recv), not for more.
    ///
    /// # Errors
    /// If the channel is empty and closed.
    ///
    /// # Panics
    /// If `max` is 0.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = sortie::chan::unbounded();
    /// sender.send_many(&mut (0..5).collect()).unwrap();
    /// let mut messages = Vec::new();
    /// assert_eq!(receiver.recv_many(&mut messages, 3), Ok(3));
    /// assert_eq!(receiver.recv_many(&mut messages, 3), Ok(2));
    /// assert_eq!(messages, [0, 1, 2, 3, 4]);
    /// ```
    #[track_caller]
    pub fn recv_many(&self, messages: &mut Vec<T>, max: usize) -> Result<usize, RecvError> {
        self.recv_many_until(messages, max, &Until::GRANTED, Location::caller())
            .map_err(|_| RecvError)
    }

    /// As [`recv_many`](Self::recv_many), as long as there is time.
    #[track_caller]
    pub(crate) fn recv_many_until(
        &self,
        messages: &mut Vec<T>,
        max: usize,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<usize, Refused<()>> {
        assert!(max > 0, "recv_many with room for no message: `max` is 0");
        let count = self.receive_some(messages, max);
        if count > 0 {
            return Ok(count);
        }
        messages.push(self.recv_until(until, location)?);
        let more = match max {
            1 => 0,
            _ => self.receive_some(messages, max - 1),
        };
        Ok(1 + more)
    }

    fn receive_some(&self, messages: &mut Vec<T>, limit: usize) -> usize {
        match &self.source {
            Source::Channel(shared) => match &shared.flavour {
                Flavour::Bounded(channel) => channel.receive_some(messages, limit),
                Flavour::Unbounded(channel) => channel.receive_some(messages, limit),
                Flavour::Zero(_) => {
                    let before = messages.len();
                    messages.extend(self.try_iter().take(limit));
                    messages.len() - before
                }
            },
            Source::At(_) | Source::Tick(_) | Source::Event(_) | Source::Never => 0,
        }
    }
}

impl<T> Sender<T> {
    /// Sends all `messages`, in order. Returns how many.
    ///
    /// # Blocking
    /// Waits as [`send`](Self::send), until all are sent.
    ///
    /// # Errors
    /// If the channel is closed. Messages that were not sent stay in `messages`.
    ///
    /// # Examples
    /// ```
    /// let (sender, receiver) = sortie::chan::bounded(3);
    /// let mut messages = vec![1, 2, 3];
    /// assert_eq!(sender.send_many(&mut messages), Ok(3));
    /// assert!(messages.is_empty());
    ///
    /// receiver.close();
    /// messages.push(4);
    /// assert!(sender.send_many(&mut messages).is_err());
    /// assert_eq!(messages, [4]);
    /// ```
    #[track_caller]
    pub fn send_many(&self, messages: &mut Vec<T>) -> Result<usize, SendError<()>> {
        Ok(self.send_many_until(messages, &Until::GRANTED, Location::caller())?)
    }

    /// As [`send_many`](Self::send_many), as long as there is time.
    pub(crate) fn send_many_until(
        &self,
        messages: &mut Vec<T>,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<usize, Refused<()>> {
        let count = messages.len();
        let mut left = VecDeque::from(mem::take(messages));
        let result = self.send_all(&mut left, until, location);
        *messages = left.into();
        result.map(|()| count)
    }

    fn send_all(
        &self,
        messages: &mut VecDeque<T>,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Refused<()>> {
        while !messages.is_empty() {
            let result = match &self.shared.flavour {
                Flavour::Bounded(channel) => channel.send_some(messages),
                Flavour::Unbounded(channel) => channel.send_some(messages),
                Flavour::Zero(_) => Ok(0),
            };
            match result {
                Ok(0) => {}
                Ok(_) => continue,
                Err(Closed) => return Err(Refused::Closed(())),
            }
            let Some(first) = messages.pop_front() else {
                break;
            };
            match self.send_until(first, until, location) {
                Ok(()) => {}
                Err(Refused::Closed(first)) => {
                    messages.push_front(first);
                    return Err(Refused::Closed(()));
                }
                Err(Refused::NotNow(first)) => {
                    messages.push_front(first);
                    return Err(Refused::NotNow(()));
                }
            }
        }
        Ok(())
    }
}
