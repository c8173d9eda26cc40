//! Datagrams over UDP.

use super::socket::{How, SEND, Socket, receive, send};
use crate::context::Context;
use crate::park::source::Direction;
use crate::time::Instant;
use socket2::SockRef;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::time::Duration;

/// A socket for datagrams: [`std::net::UdpSocket`], where waiting parks the goroutine. Go's
/// `net.UDPConn`.
///
/// # Examples
/// ```
/// use sortie::net::UdpSocket;
///
/// # fn main() -> std::io::Result<()> { sortie::run(|| {
/// let server = UdpSocket::bind("127.0.0.1:0")?;
/// let address = server.local_addr()?;
/// sortie::go(move || {
///     let mut buffer = [0; 1500];
///     let (count, from) = server.recv_from(&mut buffer)?;
///     server.send_to(&buffer[..count], from)
/// });
/// let client = UdpSocket::bind("127.0.0.1:0")?;
/// client.connect(address)?;
/// client.send(b"echo")?;
/// let mut buffer = [0; 1500];
/// let count = client.recv(&mut buffer)?;
/// assert_eq!(&buffer[..count], b"echo");
/// # Ok(()) }) }
/// ```
pub struct UdpSocket(Socket<std::net::UdpSocket>);

datagram!(UdpSocket, std::net::UdpSocket);

impl UdpSocket {
    /// A socket at this address, or the first of these that works.
    ///
    /// # Errors
    /// If none of the addresses can be had.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<UdpSocket> {
        std::net::UdpSocket::bind(address).map(|inner| UdpSocket(Socket::new(inner)))
    }

    /// From then on it talks to this address only, by [`send`](Self::send) and
    /// [`recv`](Self::recv).
    ///
    /// # Errors
    /// If the system refuses all of the addresses.
    pub fn connect(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        self.0.inner().connect(address)
    }

    /// Receives a datagram, and from where it is. What does not fit is lost.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until there is one.
    ///
    /// # Errors
    /// If there is none in time, it is closed, or as the system says. When receiving was shut
    /// down the error's kind is [`UnexpectedEof`](ErrorKind::UnexpectedEof).
    #[track_caller]
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
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
    ) -> io::Result<(usize, SocketAddr)> {
        self.receive_from(How::read(Some(context)), buffer, 0)
    }

    /// As [`recv_from`](Self::recv_from), but the datagram stays to be received again.
    ///
    /// # Errors
    /// As `recv_from`.
    #[track_caller]
    pub fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.receive_from(How::read(None), buffer, libc::MSG_PEEK)
    }

    fn receive_from(
        &self,
        how: How<'_>,
        buffer: &mut [u8],
        flags: i32,
    ) -> io::Result<(usize, SocketAddr)> {
        let (count, from) = self.0.receive_from(how, buffer, flags)?;
        // From nowhere if receiving was shut down, which is no address.
        let from = from.as_socket();
        let from = from.ok_or_else(|| io::Error::from(ErrorKind::UnexpectedEof))?;
        Ok((count, from))
    }

    /// Sends a datagram to the first of these addresses.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until there is room.
    ///
    /// # Errors
    /// If there is none in time, it is closed, or as the system says.
    #[track_caller]
    pub fn send_to(&self, buffer: &[u8], address: impl ToSocketAddrs) -> io::Result<usize> {
        self.send_by(How::write(None), buffer, address)
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
        address: impl ToSocketAddrs,
        context: &Context,
    ) -> io::Result<usize> {
        self.send_by(How::write(Some(context)), buffer, address)
    }

    fn send_by(
        &self,
        how: How<'_>,
        buffer: &[u8],
        address: impl ToSocketAddrs,
    ) -> io::Result<usize> {
        let problem = "no addresses to send data to";
        let address = address.to_socket_addrs()?.next();
        let address = address.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, problem))?;
        let address = address.into();
        self.0.operate(how, |inner| {
            SockRef::from(inner).send_to_with_flags(buffer, &address, SEND)
        })
    }

    /// The address that it is connected to.
    ///
    /// # Errors
    /// If it is not connected.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.inner().peer_addr()
    }

    /// Its own address.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.inner().local_addr()
    }
}

/// Options of the system, by std's names.
macro_rules! options {
    ($($get:ident, $set:ident: $type:ty = $option:literal;)*) => {
        impl UdpSocket {$(
            #[doc = concat!("The value of the `", $option, "` option.")]
            ///
            /// # Errors
            /// If the system refuses.
            pub fn $get(&self) -> io::Result<$type> {
                self.0.inner().$get()
            }

            #[doc = concat!("Sets the `", $option, "` option.")]
            ///
            /// # Errors
            /// If the system refuses.
            pub fn $set(&self, value: $type) -> io::Result<()> {
                self.0.inner().$set(value)
            }
        )*}
    };
}

options! {
    broadcast, set_broadcast: bool = "SO_BROADCAST";
    ttl, set_ttl: u32 = "IP_TTL";
    multicast_loop_v4, set_multicast_loop_v4: bool = "IP_MULTICAST_LOOP";
    multicast_ttl_v4, set_multicast_ttl_v4: u32 = "IP_MULTICAST_TTL";
    multicast_loop_v6, set_multicast_loop_v6: bool = "IPV6_MULTICAST_LOOP";
}

/// Multicast groups, as in std.
impl UdpSocket {
    /// Joins a multicast group (`IP_ADD_MEMBERSHIP`).
    ///
    /// # Errors
    /// If the system refuses.
    pub fn join_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.0.inner().join_multicast_v4(group, interface)
    }

    /// Joins a multicast group (`IPV6_ADD_MEMBERSHIP`).
    ///
    /// # Errors
    /// If the system refuses.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.inner().join_multicast_v6(group, interface)
    }

    /// Leaves a multicast group (`IP_DROP_MEMBERSHIP`).
    ///
    /// # Errors
    /// If the system refuses.
    pub fn leave_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.0.inner().leave_multicast_v4(group, interface)
    }

    /// Leaves a multicast group (`IPV6_DROP_MEMBERSHIP`).
    ///
    /// # Errors
    /// If the system refuses.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.0.inner().leave_multicast_v6(group, interface)
    }
}
