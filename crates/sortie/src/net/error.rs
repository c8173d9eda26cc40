//! Errors of sockets that are not the system's.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

/// The socket was closed, by this program, while it was used or before: Go's
/// `net.ErrClosed`. It is inside an [`io::Error`] of kind
/// [`NotConnected`](ErrorKind::NotConnected).
///
/// # Examples
/// ```
/// use sortie::net::{ClosedError, TcpListener};
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// listener.close()?;
/// let error = listener.accept().unwrap_err();
/// assert!(ClosedError::is(&error));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedError(());

impl ClosedError {
    /// Whether that is inside this error.
    pub fn is(error: &io::Error) -> bool {
        error.get_ref().is_some_and(|inner| inner.is::<Self>())
    }
}

impl fmt::Display for ClosedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("use of a closed network connection")
    }
}

impl Error for ClosedError {}

#[cold]
pub(super) fn closed() -> io::Error {
    io::Error::new(ErrorKind::NotConnected, ClosedError(()))
}

/// A deadline has passed.
#[cold]
pub(super) fn expired() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "i/o deadline exceeded")
}
