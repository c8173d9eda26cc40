//! Accepting connections within the machine.

use super::UnixStream;
use super::incoming::Rest;
use super::socket::{How, Socket};
use super::unix_stream::UnixAddr;
use crate::context::Context;
use crate::park::source::Direction;
use crate::time::Instant;
use socket2::SockRef;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;

/// A Unix socket that accepts connections: [`std::os::unix::net::UnixListener`], where
/// waiting parks the goroutine. Go's `net.UnixListener`.
///
/// Its file stays when it is closed, as in std, unlike in Go.
pub struct UnixListener(Socket<std::os::unix::net::UnixListener>);

listener!(UnixListener, std::os::unix::net::UnixListener);

impl UnixListener {
    /// A listener at this path.
    ///
    /// # Errors
    /// If the path exists, or the system refuses.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        std::os::unix::net::UnixListener::bind(path).map(UnixListener::from)
    }

    /// A listener at this address, which may be an abstract name.
    ///
    /// # Errors
    /// If the address is in use, or the system refuses.
    pub fn bind_addr(address: &UnixAddr) -> io::Result<UnixListener> {
        std::os::unix::net::UnixListener::bind_addr(address).map(UnixListener::from)
    }

    /// Accepts a connection.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until there is one.
    ///
    /// # Errors
    /// As [`TcpListener::accept`](super::TcpListener::accept).
    #[track_caller]
    pub fn accept(&self) -> io::Result<(UnixStream, UnixAddr)> {
        self.accept_by(How::read(None))
    }

    /// As [`accept`](Self::accept), until the context ends at most.
    ///
    /// # Errors
    /// As `accept`, or if the context has ended; the
    /// [`ContextError`](crate::context::ContextError) is inside.
    #[track_caller]
    pub fn accept_ctx(&self, context: &Context) -> io::Result<(UnixStream, UnixAddr)> {
        self.accept_by(How::read(Some(context)))
    }

    fn accept_by(&self, how: How<'_>) -> io::Result<(UnixStream, UnixAddr)> {
        let (stream, address) = self.0.operate(how, |inner| inner.accept())?;
        Ok((UnixStream::new(stream), address))
    }

    /// All connections, one after the other, for ever: [`accept`](Self::accept) in a
    /// loop, with the rests of [`TcpListener::incoming`](super::TcpListener::incoming).
    pub fn incoming(&self) -> UnixIncoming<'_> {
        UnixIncoming {
            listener: self,
            rest: Rest::none(),
        }
    }

    /// The address that it listens at.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn local_addr(&self) -> io::Result<UnixAddr> {
        self.0.inner().local_addr()
    }
}

/// The connections of a [`UnixListener`].
#[derive(Debug)]
#[must_use = "iterators are lazy"]
pub struct UnixIncoming<'a> {
    listener: &'a UnixListener,
    rest: Rest,
}

impl Iterator for UnixIncoming<'_> {
    type Item = io::Result<UnixStream>;

    #[track_caller]
    fn next(&mut self) -> Option<io::Result<UnixStream>> {
        let how = How::read(None);
        self.rest.before_accepting(&self.listener.0, how);
        let accepted = self.listener.accept_by(how);
        self.rest.after_accepting(&accepted);
        Some(accepted.map(|(stream, _)| stream))
    }
}

impl std::iter::FusedIterator for UnixIncoming<'_> {}

impl<'a> IntoIterator for &'a UnixListener {
    type Item = io::Result<UnixStream>;
    type IntoIter = UnixIncoming<'a>;

    fn into_iter(self) -> UnixIncoming<'a> {
        self.incoming()
    }
}
