//! Errors of operations with a context. They give back what was to be sent or
//! waited for.

use super::super::error::ContextError;
use crate::chan::{RecvError, SendError};
use std::error::Error;
use std::fmt;

/// Receiving with a context failed: [`recv_ctx`](crate::chan::Receiver::recv_ctx).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecvContextError {
    /// The context has ended.
    Ended(ContextError),
    /// There is no message, and none will come.
    Disconnected,
}

impl RecvContextError {
    /// Why the context ended, if that is it.
    pub fn ended(&self) -> Option<ContextError> {
        match self {
            RecvContextError::Ended(error) => Some(*error),
            RecvContextError::Disconnected => None,
        }
    }

    /// Whether the channel is empty and disconnected.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, RecvContextError::Disconnected)
    }
}

impl fmt::Display for RecvContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvContextError::Ended(error) => error.fmt(f),
            RecvContextError::Disconnected => RecvError.fmt(f),
        }
    }
}

impl Error for RecvContextError {}

impl From<ContextError> for RecvContextError {
    fn from(error: ContextError) -> Self {
        RecvContextError::Ended(error)
    }
}

/// Sending with a context failed: [`send_ctx`](crate::chan::Sender::send_ctx). It has
/// the message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendContextError<T> {
    /// The context has ended.
    Ended(ContextError, T),
    /// The channel is disconnected.
    Disconnected(T),
}

impl<T> SendContextError<T> {
    /// Why the context ended, if that is it.
    pub fn ended(&self) -> Option<ContextError> {
        match self {
            SendContextError::Ended(error, _) => Some(*error),
            SendContextError::Disconnected(_) => None,
        }
    }

    /// Whether the channel is disconnected.
    pub fn is_disconnected(&self) -> bool {
        matches!(self, SendContextError::Disconnected(_))
    }

    /// The message that was not sent.
    pub fn into_inner(self) -> T {
        match self {
            SendContextError::Ended(_, message) | SendContextError::Disconnected(message) => {
                message
            }
        }
    }
}

impl<T> fmt::Debug for SendContextError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendContextError::Ended(error, _) => write!(f, "Ended({error:?}, ..)"),
            SendContextError::Disconnected(_) => f.pad("Disconnected(..)"),
        }
    }
}

impl<T> fmt::Display for SendContextError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendContextError::Ended(error, _) => error.fmt(f),
            SendContextError::Disconnected(_) => SendError(()).fmt(f),
        }
    }
}

impl<T: Send> Error for SendContextError<T> {}

/// Joining with a context failed, since that has ended:
/// [`join_ctx`](crate::task::JoinHandle::join_ctx). It has the handle.
pub struct JoinContextError<H> {
    pub(super) error: ContextError,
    pub(super) handle: H,
}

impl<H> JoinContextError<H> {
    /// Why the context ended.
    pub fn ended(&self) -> ContextError {
        self.error
    }

    /// The handle of the goroutine, which goes on.
    pub fn into_handle(self) -> H {
        self.handle
    }
}

impl<H> fmt::Debug for JoinContextError<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinContextError({:?}, ..)", self.error)
    }
}

impl<H> fmt::Display for JoinContextError<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<H> Error for JoinContextError<H> {}
