//! Connections within the machine.

use super::connect::connect;
use super::socket::{How, Socket, receive_some, receive_vectored, send, send_vectored};
use crate::base::clock::NEVER;
use crate::context::Context;
use crate::park::source::Direction;
use crate::time::Instant;
use socket2::{SockAddr, SockRef};
use std::ffi::OsStr;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::path::Path;
use std::time::Duration;

/// The address of a Unix socket.
pub(super) type UnixAddr = std::os::unix::net::SocketAddr;

/// A connection over a Unix socket: [`std::os::unix::net::UnixStream`], where waiting parks
/// the goroutine. Go's `net.UnixConn`.
///
/// # Examples
/// ```
/// use sortie::net::UnixStream;
/// use std::io::{self, Read, Write};
///
/// # fn main() -> io::Result<()> { sortie::run(|| {
/// let (mut one, mut other) = UnixStream::pair()?;
/// sortie::go(move || other.write_all(b"hello"));
/// let mut text = String::new();
/// one.read_to_string(&mut text)?;
/// assert_eq!(text, "hello");
/// # Ok(()) }) }
/// ```
pub struct UnixStream(Socket<std::os::unix::net::UnixStream>);

stream!(UnixStream, std::os::unix::net::UnixStream);

impl UnixStream {
    pub(super) fn new(stream: std::os::unix::net::UnixStream) -> UnixStream {
        UnixStream(Socket::new(stream))
    }

    /// Two that are connected with each other. In Go one would take `net.Pipe`, which
    /// does without the system.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (one, other) = std::os::unix::net::UnixStream::pair()?;
        Ok((UnixStream::new(one), UnixStream::new(other)))
    }

    /// Connects to the socket at this path.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, while too many wait to
    /// be accepted already. Nothing tells when there is room; so it tries again after 50
    /// microseconds, then after twice as long, up to 10 milliseconds. (In Go it fails.)
    ///
    /// # Errors
    /// If nobody listens there, or not any more.
    #[track_caller]
    pub fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        UnixStream::connect_by(How::write(None), &SockAddr::unix(path)?)
    }

    /// As [`connect`](Self::connect), until the context ends at most.
    ///
    /// # Errors
    /// As `connect`, or if the context has ended; the
    /// [`ContextError`](crate::context::ContextError) is inside.
    #[track_caller]
    pub fn connect_ctx(path: impl AsRef<Path>, context: &Context) -> io::Result<UnixStream> {
        UnixStream::connect_by(How::write(Some(context)), &SockAddr::unix(path)?)
    }

    /// Connects to the socket at this address, which may be an abstract name.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    #[track_caller]
    pub fn connect_addr(address: &UnixAddr) -> io::Result<UnixStream> {
        UnixStream::connect_by(How::write(None), &as_socket_address(address)?)
    }

    /// As [`connect_addr`](Self::connect_addr), until the context ends at most.
    ///
    /// # Errors
    /// As [`connect_ctx`](Self::connect_ctx).
    #[track_caller]
    pub fn connect_addr_ctx(address: &UnixAddr, context: &Context) -> io::Result<UnixStream> {
        UnixStream::connect_by(How::write(Some(context)), &as_socket_address(address)?)
    }

    fn connect_by(how: How<'_>, address: &SockAddr) -> io::Result<UnixStream> {
        if let Some(context) = how.context {
            context.check()?;
        }
        let socket = connect(address, how, NEVER)?;
        Ok(UnixStream::new(socket.into()))
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn peer_addr(&self) -> io::Result<UnixAddr> {
        self.0.inner().peer_addr()
    }

    /// The address of this side.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn local_addr(&self) -> io::Result<UnixAddr> {
        self.0.inner().local_addr()
    }
}

/// As socket2 wants it.
pub(super) fn as_socket_address(address: &UnixAddr) -> io::Result<SockAddr> {
    if let Some(path) = address.as_pathname() {
        return SockAddr::unix(path);
    }
    // A name that begins with a zero byte, or no name at all.
    let mut name = Vec::new();
    if let Some(abstract_name) = address.as_abstract_name() {
        name.push(0);
        name.extend_from_slice(abstract_name);
    }
    SockAddr::unix(OsStr::from_bytes(&name))
}
