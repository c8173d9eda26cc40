//! Accepting connections over TCP.

use super::TcpStream;
use super::incoming::Rest;
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
    /// As many may wait to be accepted as the system allows (`somaxconn`), as in Go; with
    /// std it is 128.
    ///
    /// # Blocking
    /// Looking up a name holds the thread, not the processor.
    ///
    /// # Errors
    /// If none of the addresses can be had.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<TcpListener> {
        let listener = std::net::TcpListener::bind(address)?;
        // The queue of those who wait to be accepted: std's is 128 long. Go has it as
        // long as the system allows, which takes any number that is too large.
        SockRef::from(&listener).listen(i32::MAX)?;
        Ok(listener.into())
    }

    /// Accepts a connection.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until there is one.
    ///
    /// # Errors
    /// If there is none before the deadline; if the listener is closed; or as the system
    /// says. An error such as "too many open files" does not end the listener: wait a
    /// moment, and go on, as [`incoming`](Self::incoming) does.
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
    ///
    /// Errors do not end it. After one that says that the system has no descriptors or no
    /// memory left it rests for 5 milliseconds before it accepts again, then for twice as
    /// long, up to a second, as Go's web server does: a loop that goes on after errors
    /// neither spins nor misses anybody.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming {
            listener: self,
            rest: Rest::none(),
        }
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
pub struct Incoming<'a> {
    listener: &'a TcpListener,
    rest: Rest,
}

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    #[track_caller]
    fn next(&mut self) -> Option<io::Result<TcpStream>> {
        let how = How::read(None);
        self.rest.before_accepting(&self.listener.0, how);
        let accepted = self.listener.accept_by(how);
        self.rest.after_accepting(&accepted);
        Some(accepted.map(|(stream, _)| stream))
    }
}

impl std::iter::FusedIterator for Incoming<'_> {}
