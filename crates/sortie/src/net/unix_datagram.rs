//! Datagrams within the machine.

use super::socket::{How, SEND, Socket, receive, send};
use super::unix_stream::{UnixAddr, as_socket_address};
use crate::context::Context;
use crate::park::source::Direction;
use crate::time::Instant;
use socket2::{SockAddr, SockRef};
use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::time::Duration;

/// A Unix socket for datagrams: [`std::os::unix::net::UnixDatagram`], where waiting parks
/// the goroutine. Go's `net.UnixConn` of the network `unixgram`.
///
/// # Examples
/// ```
/// use sortie::net::UnixDatagram;
///
/// # fn main() -> std::io::Result<()> { sortie::run(|| {
/// let (one, other) = UnixDatagram::pair()?;
/// sortie::go(move || other.send(b"hello"));
/// let mut buffer = [0; 100];
/// let count = one.recv(&mut buffer)?;
/// assert_eq!(&buffer[..count], b"hello");
/// # Ok(()) }) }
/// ```
pub struct UnixDatagram(Socket<std::os::unix::net::UnixDatagram>);

datagram!(UnixDatagram, std::os::unix::net::UnixDatagram);

impl UnixDatagram {
    fn new(inner: std::os::unix::net::UnixDatagram) -> UnixDatagram {
        UnixDatagram(Socket::new(inner))
    }

    /// A socket at this path.
    ///
    /// # Errors
    /// If the path exists, or the system refuses.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        std::os::unix::net::UnixDatagram::bind(path).map(UnixDatagram::new)
    }

    /// A socket at this address, which may be an abstract name.
    ///
    /// # Errors
    /// If the address is in use, or the system refuses.
    pub fn bind_addr(address: &UnixAddr) -> io::Result<UnixDatagram> {
        std::os::unix::net::UnixDatagram::bind_addr(address).map(UnixDatagram::new)
    }

    /// A socket without an address.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn unbound() -> io::Result<UnixDatagram> {
        std::os::unix::net::UnixDatagram::unbound().map(UnixDatagram::new)
    }

    /// Two that are connected with each other.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (one, other) = std::os::unix::net::UnixDatagram::pair()?;
        Ok((UnixDatagram::new(one), UnixDatagram::new(other)))
    }

    /// From then on it talks to the socket at this path only, by [`send`](Self::send) and
    /// [`recv`](Self::recv).
    ///
    /// # Errors
    /// If there is none, or the system refuses.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.0.inner().connect(path)
    }

    /// As [`connect`](Self::connect), by address.
    ///
    /// # Errors
    /// As `connect`.
    pub fn connect_addr(&self, address: &UnixAddr) -> io::Result<()> {
        self.0.inner().connect_addr(address)
    }

    /// Receives a datagram, and from where it is. What does not fit is lost.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until there is one.
    ///
    /// # Errors
    /// If there is none in time, it is closed, or as the system says.
    #[track_caller]
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, UnixAddr)> {
        self.receive_from(How::read(None), buffer, 0)
    }

    /// As [`recv_from`](Self::recv_from), until the context ends at most.
    ///
    /// # Errors
    /// As `recv_from`, or if the context has ended; the
    /// [`ContextError`](crate::context::ContextError) is inside.
    #[track_caller]
    pub fn recv_from_ctx(
        &self,
        buffer: &mut [u8],
        context: &Context,
    ) -> io::Result<(usize, UnixAddr)> {
        self.receive_from(How::read(Some(context)), buffer, 0)
    }

    /// As [`recv_from`](Self::recv_from), but the datagram stays to be received again.
    ///
    /// # Errors
    /// As `recv_from`.
    #[track_caller]
    pub fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, UnixAddr)> {
        self.receive_from(How::read(None), buffer, libc::MSG_PEEK)
    }

    fn receive_from(
        &self,
        how: How<'_>,
        buffer: &mut [u8],
        flags: i32,
    ) -> io::Result<(usize, UnixAddr)> {
        let (count, from) = self.0.receive_from(how, buffer, flags)?;
        Ok((count, sender(&from)?))
    }

    /// Sends a datagram to the socket at this path.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until there is room at
    /// the other side. Nothing tells when, unless the two are connected; so it tries again
    /// after 50 microseconds, then after twice as long, up to 10 milliseconds.
    ///
    /// # Errors
    /// If there is no room in time, it is closed, or as the system says.
    #[track_caller]
    pub fn send_to(&self, buffer: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        self.send_by(How::write(None), buffer, &SockAddr::unix(path)?)
    }

    /// As [`send_to`](Self::send_to), until the context ends at most.
    ///
    /// # Errors
    /// As `send_to`, or if the context has ended; the
    /// [`ContextError`](crate::context::ContextError) is inside.
    #[track_caller]
    pub fn send_to_ctx(
        &self,
        buffer: &[u8],
        path: impl AsRef<Path>,
        context: &Context,
    ) -> io::Result<usize> {
        self.send_by(How::write(Some(context)), buffer, &SockAddr::unix(path)?)
    }

    /// As [`send_to`](Self::send_to), by address.
    ///
    /// # Errors
    /// As `send_to`.
    #[track_caller]
    pub fn send_to_addr(&self, buffer: &[u8], address: &UnixAddr) -> io::Result<usize> {
        self.send_by(How::write(None), buffer, &as_socket_address(address)?)
    }

    /// As [`send_to_ctx`](Self::send_to_ctx), by address.
    ///
    /// # Errors
    /// As `send_to_ctx`.
    #[track_caller]
    pub fn send_to_addr_ctx(
        &self,
        buffer: &[u8],
        address: &UnixAddr,
        context: &Context,
    ) -> io::Result<usize> {
        let how = How::write(Some(context));
        self.send_by(how, buffer, &as_socket_address(address)?)
    }

    fn send_by(&self, how: How<'_>, buffer: &[u8], address: &SockAddr) -> io::Result<usize> {
        self.0.operate_unheard(how, |inner| {
            SockRef::from(inner).send_to_with_flags(buffer, address, SEND)
        })
    }

    /// The address that it is connected to.
    ///
    /// # Errors
    /// If it is not connected.
    pub fn peer_addr(&self) -> io::Result<UnixAddr> {
        self.0.inner().peer_addr()
    }

    /// Its own address.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn local_addr(&self) -> io::Result<UnixAddr> {
        self.0.inner().local_addr()
    }
}

/// The address of a sender, as std has it.
fn sender(address: &SockAddr) -> io::Result<UnixAddr> {
    if let Some(name) = address.as_abstract_namespace() {
        return UnixAddr::from_abstract_name(name);
    }
    // One without a name has no family either.
    address
        .as_unix()
        .map_or_else(|| UnixAddr::from_pathname(""), Ok)
}
