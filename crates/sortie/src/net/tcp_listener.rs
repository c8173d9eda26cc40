//! Accepting connections over TCP.

use super::TcpStream;
use super::socket::{How, Socket};
use crate::context::Context;
use crate::park::source::Direction;
use crate::time::Instant;
use socket2::SockRef;
use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::panic::{RefUnwindSafe, UnwindSafe};

/// A socket that accepts connections: [`std::net::TcpListener`], where waiting parks the
/// goroutine. Go's `net.TCPListener`.
///
/// Any number of goroutines and threads may accept from one listener.
///
/// # Examples
/// ```
/// use sortie::net::{TcpListener, TcpStream};
/// use std::io::{self, Read, Write};
///
/// # fn main() -> io::Result<()> { sortie::run(|| {
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
/// sortie::go(move || {
///     for stream in listener.incoming() {
///         let Ok(stream) = stream else { break };
///         sortie::go(move || io::copy(&mut &stream, &mut &stream));
///     }
/// });
/// let mut client = TcpStream::connect(address)?;
/// client.write_all(b"echo")?;
/// let mut answer = [0; 4];
/// client.read_exact(&mut answer)?;
/// assert_eq!(&answer, b"echo");
/// # Ok(()) }) }
/// ```
pub struct TcpListener(Socket<std::net::TcpListener>);

listener!(TcpListener, std::net::TcpListener);

impl TcpListener {
    /// A listener at this address, or the first of these that works. Port 0 asks the
    /// system for a free one.
    ///
    /// # Blocking
    /// Looking up a name holds the thread, not the processor.
    ///
    /// # Errors
    /// If none of the addresses can be had.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<TcpListener> {
        std::net::TcpListener::bind(address).map(TcpListener::from)
    }

    /// Accepts a connection.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until there is one.
    ///
    /// # Errors
    /// If there is none before the deadline; if the listener is closed; or as the system
    /// says. An error such as "too many open files" does not end the listener: wait a
    /// moment, and go on.
    #[track_caller]
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.accept_by(How::read(None))
    }

    /// As [`accept`](Self::accept), until the context ends at most.
    ///
    /// # Errors
    /// As `accept`, or if the context has ended; the
    /// [`ContextError`](crate::context::ContextError) is inside.
    ///
    /// # Examples
    /// ```
    /// use sortie::context::{Context, ContextError};
    /// use sortie::net::TcpListener;
    ///
    /// sortie::run(|| {
    ///     let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    ///     let (context, cancel) = Context::background().with_cancel();
    ///     sortie::go(move || cancel.cancel());
    ///     let error = listener.accept_ctx(&context).unwrap_err();
    ///     let ended = error.get_ref().unwrap().downcast_ref();
    ///     assert_eq!(ended, Some(&ContextError::Canceled));
    /// });
    /// ```
    #[track_caller]
    pub fn accept_ctx(&self, context: &Context) -> io::Result<(TcpStream, SocketAddr)> {
        self.accept_by(How::read(Some(context)))
    }

    fn accept_by(&self, how: How<'_>) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, address) = self.0.operate(how, |inner| inner.accept())?;
        Ok((TcpStream::new(stream), address))
    }

    /// All connections, one after the other, for ever: [`accept`](Self::accept) in a
    /// loop.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming(self)
    }

    /// The address that it listens at.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.inner().local_addr()
    }

    /// The value of the `IP_TTL` option.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn ttl(&self) -> io::Result<u32> {
        self.0.inner().ttl()
    }

    /// Sets the `IP_TTL` option.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.0.inner().set_ttl(ttl)
    }
}

/// The connections of a [`TcpListener`].
#[derive(Debug)]
#[must_use = "iterators are lazy"]
pub struct Incoming<'a>(&'a TcpListener);

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    #[track_caller]
    fn next(&mut self) -> Option<io::Result<TcpStream>> {
        Some(self.0.accept().map(|(stream, _)| stream))
    }
}

impl std::iter::FusedIterator for Incoming<'_> {}
