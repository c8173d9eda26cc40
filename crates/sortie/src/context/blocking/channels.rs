//! Sending and receiving with a context.

use super::super::context::Context;
use super::error::{RecvContextError, SendContextError};
use crate::chan::{Receiver, Refused, Sender};
use std::panic::Location;

impl<T> Receiver<T> {
    /// As [`recv`](Self::recv), until the context ends at most.
    ///
    /// Go's `select` with the channel and `ctx.Done()`. To wait for more than that,
    /// use [`select!`](crate::chan::select!) and [`Context::done`].
    ///
    /// # Errors
    /// If the context has ended, even if there is a message; or if the channel is empty
    /// and closed.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::bounded;
    /// use sortie::context::{Context, ContextError, RecvContextError};
    ///
    /// sortie::run(|| {
    ///     let (sender, receiver) = bounded(1);
    ///     let (context, cancel) = Context::background().with_cancel();
    ///     sender.send(1).unwrap();
    ///     assert_eq!(receiver.recv_ctx(&context), Ok(1));
    ///     sortie::go(move || cancel.cancel());
    ///     let ended = RecvContextError::Ended(ContextError::Canceled);
    ///     assert_eq!(receiver.recv_ctx(&context), Err(ended));
    /// });
    /// ```
    #[track_caller]
    pub fn recv_ctx(&self, context: &Context) -> Result<T, RecvContextError> {
        context.check()?;
        self.recv_until(&context.until(), Location::caller())
            .map_err(|refused| receive_error(context, &refused))
    }

    /// As [`recv_many`](Self::recv_many), until the context ends at most.
    ///
    /// # Errors
    /// As [`recv_ctx`](Self::recv_ctx).
    ///
    /// # Panics
    /// If `max` is 0.
    #[track_caller]
    pub fn recv_many_ctx(
        &self,
        messages: &mut Vec<T>,
        max: usize,
        context: &Context,
    ) -> Result<usize, RecvContextError> {
        context.check()?;
        self.recv_many_until(messages, max, &context.until(), Location::caller())
            .map_err(|refused| receive_error(context, &refused))
    }

    /// As [`iter`](Self::iter), until the context ends: messages until then, or until
    /// the channel is closed and empty.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::unbounded;
    /// use sortie::context::Context;
    ///
    /// let (sender, receiver) = unbounded();
    /// let (context, cancel) = Context::background().with_cancel();
    /// (1..=9).for_each(|i| sender.send(i).unwrap());
    /// for message in receiver.iter_ctx(&context) {
    ///     if message == 3 {
    ///         cancel.cancel();
    ///     }
    /// }
    /// assert_eq!(receiver.recv(), Ok(4));
    /// ```
    #[track_caller]
    pub fn iter_ctx<'a>(&'a self, context: &'a Context) -> impl Iterator<Item = T> + 'a {
        let location = Location::caller();
        std::iter::from_fn(move || {
            context.check().ok()?;
            self.recv_until(&context.until(), location).ok()
        })
    }
}

fn receive_error(context: &Context, refused: &Refused<()>) -> RecvContextError {
    match refused {
        Refused::NotNow(()) => RecvContextError::Ended(context.ended()),
        Refused::Closed(()) => RecvContextError::Disconnected,
    }
}

impl<T> Sender<T> {
    /// As [`send`](Self::send), until the context ends at most.
    ///
    /// Go's `select` with the channel and `ctx.Done()`.
    ///
    /// # Errors
    /// If the context has ended, even if there is room; or if the channel is closed.
    /// The error has the message.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::bounded;
    /// use sortie::context::{Context, ContextError, SendContextError};
    ///
    /// sortie::run(|| {
    ///     let (sender, receiver) = bounded(1);
    ///     let (context, cancel) = Context::background().with_cancel();
    ///     assert_eq!(sender.send_ctx("one", &context), Ok(()));
    ///     sortie::go(move || cancel.cancel());
    ///     let ended = SendContextError::Ended(ContextError::Canceled, "two");
    ///     assert_eq!(sender.send_ctx("two", &context), Err(ended));
    ///     assert_eq!(receiver.recv(), Ok("one"));
    /// });
    /// ```
    #[track_caller]
    pub fn send_ctx(&self, message: T, context: &Context) -> Result<(), SendContextError<T>> {
        if let Err(error) = context.check() {
            return Err(SendContextError::Ended(error, message));
        }
        self.send_until(message, &context.until(), Location::caller())
            .map_err(|refused| send_error(context, refused))
    }

    /// As [`send_many`](Self::send_many), until the context ends at most.
    ///
    /// # Errors
    /// As [`send_ctx`](Self::send_ctx). Messages that were not sent stay in `messages`.
    #[track_caller]
    pub fn send_many_ctx(
        &self,
        messages: &mut Vec<T>,
        context: &Context,
    ) -> Result<usize, SendContextError<()>> {
        if let Err(error) = context.check() {
            return Err(SendContextError::Ended(error, ()));
        }
        self.send_many_until(messages, &context.until(), Location::caller())
            .map_err(|refused| send_error(context, refused))
    }
}

fn send_error<T>(context: &Context, refused: Refused<T>) -> SendContextError<T> {
    match refused {
        Refused::NotNow(message) => SendContextError::Ended(context.ended(), message),
        Refused::Closed(message) => SendContextError::Disconnected(message),
    }
}
