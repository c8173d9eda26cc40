//! Connections over TCP.

use super::connect::connect;
use super::socket::{How, Socket, receive_some, receive_vectored, send, send_vectored};
use crate::base::clock::{self, NEVER};
use crate::context::Context;
use crate::park::source::Direction;
use crate::time::Instant;
use socket2::SockRef;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::linux::net::TcpStreamExt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

/// A connection over TCP: [`std::net::TcpStream`], where waiting parks the goroutine. Go's
/// `net.TCPConn`.
///
/// `&TcpStream` reads and writes, too: one goroutine may read while another writes.
///
/// Options of the system that have no method here, such as keep-alive, can be set by
/// `SockRef::from(&stream)` of the crate `socket2`.
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

    /// The value of the `TCP_QUICKACK` option, as std's [`TcpStreamExt`] has it.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn quickack(&self) -> io::Result<bool> {
        self.0.inner().quickack()
    }

    /// Sets the `TCP_QUICKACK` option.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn set_quickack(&self, quickack: bool) -> io::Result<()> {
        self.0.inner().set_quickack(quickack)
    }

    /// The value of the `SO_LINGER` option.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self.0.inner()).linger()
    }

    /// Sets the `SO_LINGER` option, in whole seconds. With zero, closing resets the
    /// connection: what was not sent yet is lost, and the other side gets an error. With
    /// more, closing blocks the thread while something is not sent yet, for so long at
    /// most.
    ///
    /// Go's `SetLinger`.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        SockRef::from(self.0.inner()).set_linger(linger)
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
