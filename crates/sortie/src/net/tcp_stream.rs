//! Connections over TCP.

use super::connect::connect;
use super::socket::{How, Socket, receive, receive_vectored, send, send_vectored};
use crate::base::clock::{self, NEVER};
use crate::context::Context;
use crate::park::source::Direction;
use crate::time::Instant;
use socket2::SockRef;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

/// A connection over TCP: [`std::net::TcpStream`], where waiting parks the goroutine. Go's
/// `net.TCPConn`.
///
/// `&TcpStream` reads and writes, too: one goroutine may read while another writes.
///
/// # Examples
/// See [`TcpListener`](super::TcpListener).
pub struct TcpStream(Socket<std::net::TcpStream>);

stream!(TcpStream, std::net::TcpStream);

impl TcpStream {
    pub(super) fn new(stream: std::net::TcpStream) -> TcpStream {
        TcpStream(Socket::new(stream))
    }

    /// Connects to this address, or to the first of these that answers.
    ///
    /// Go's `net.Dial`.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread. Looking up a name
    /// holds the thread, not the processor.
    ///
    /// # Errors
    /// The last address's, if none answers.
    #[track_caller]
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<TcpStream> {
        let how = How::write(None);
        each(address, |address| connect(&address.into(), how, NEVER))
    }

    /// As [`connect`](Self::connect) to one address, for so long at most.
    ///
    /// # Errors
    /// If it does not answer, also in time: then of kind
    /// [`TimedOut`](io::ErrorKind::TimedOut). If the time is zero.
    #[track_caller]
    pub fn connect_timeout(address: &SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
        if timeout.is_zero() {
            let problem = "cannot set a 0 duration timeout";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
        }
        let how = How::write(None);
        let socket = connect(&(*address).into(), how, clock::after(timeout));
        socket.map(|socket| TcpStream::new(socket.into()))
    }

    /// As [`connect`](Self::connect), until the context ends at most.
    ///
    /// Go's `Dialer.DialContext`.
    ///
    /// # Errors
    /// As `connect`, or if the context has ended; the
    /// [`ContextError`](crate::context::ContextError) is inside.
    #[track_caller]
    pub fn connect_ctx(address: impl ToSocketAddrs, context: &Context) -> io::Result<TcpStream> {
        let how = How::write(Some(context));
        context.check()?;
        each(address, |address| connect(&address.into(), how, NEVER))
    }

    /// As [`read`](Read::read), but what is read stays to be read again.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until there is
    /// something.
    ///
    /// # Errors
    /// As `read`.
    #[track_caller]
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.operate(How::read(None), |inner| {
            receive(inner, buffer, libc::MSG_PEEK)
        })
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// If it is not connected.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.inner().peer_addr()
    }

    /// The address of this side.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.inner().local_addr()
    }

    /// The value of the `TCP_NODELAY` option.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.0.inner().nodelay()
    }

    /// Sets the `TCP_NODELAY` option. Go sets it for every connection; std and this
    /// crate do not.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.0.inner().set_nodelay(nodelay)
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

/// Tries one address after the other.
fn each(
    address: impl ToSocketAddrs,
    mut connect: impl FnMut(SocketAddr) -> io::Result<socket2::Socket>,
) -> io::Result<TcpStream> {
    let mut last = None;
    for address in address.to_socket_addrs()? {
        match connect(address) {
            Ok(socket) => return Ok(TcpStream::new(socket.into())),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| {
        let problem = "could not resolve to any addresses";
        io::Error::new(io::ErrorKind::InvalidInput, problem)
    }))
}
