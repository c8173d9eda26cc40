//! Datagrams within the machine.

use super::socket::{How, NO_WAIT, SEND, Socket, receive, send, uninit};
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
        self.0.operate(How::read(None), |inner| {
            let received = SockRef::from(inner).recv_from_with_flags(uninit(buffer), NO_WAIT);
            let received = received.and_then(|(count, from)| Ok((count, sender(&from)?)));
            let end = || Ok((0, UnixAddr::from_pathname("")?));
            self.0.or_end(received, end)
        })
    }

    /// Sends a datagram to the socket at this path.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until there is room at
    /// the other side. Since nothing tells when others have made room, it tries again now and
    /// then.
    ///
    /// # Errors
    /// As the system says.
    #[track_caller]
    pub fn send_to(&self, buffer: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        self.send_by(How::write(None), buffer, &SockAddr::unix(path)?)
    }

    /// As [`send_to`](Self::send_to), by address.
    ///
    /// # Errors
    /// As `send_to`.
    #[track_caller]
    pub fn send_to_addr(&self, buffer: &[u8], address: &UnixAddr) -> io::Result<usize> {
        self.send_by(How::write(None), buffer, &as_socket_address(address)?)
    }

    fn send_by(&self, how: How<'_>, buffer: &[u8], address: &SockAddr) -> io::Result<usize> {
        // Events tell that there is room only if the other side is connected, or received
        // what was sent from here.
        self.0.operate_patiently(how, |inner| {
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
