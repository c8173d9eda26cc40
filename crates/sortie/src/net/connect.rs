//! Connecting without holding the thread.

use super::pause::Pause;
use super::socket::{How, Socket};
use crate::base::clock::NEVER;
use socket2::{SockAddr, Type};
use std::io::{self, ErrorKind};

/// A connection to this address, made by `deadline` at the latest.
pub(super) fn connect(
    address: &SockAddr,
    how: How<'_>,
    deadline: u64,
) -> io::Result<socket2::Socket> {
    let socket = socket2::Socket::new(address.domain(), Type::STREAM.nonblocking(), None)?;
    let mut pause = Pause::new();
    loop {
        match socket.connect(address) {
            Ok(()) => break,
            Err(error) if is_under_way(&error) => {
                return finish(Socket::new(socket), how, deadline);
            }
            // There is no room in the queue of a Unix listener. The system's own blocking
            // call would wait, but no event tells when that changes.
            Err(error) if address.is_unix() && error.kind() == ErrorKind::WouldBlock => {
                pause.wait(how)?;
            }
            Err(error) => return Err(error),
        }
    }
    socket.set_nonblocking(false)?;
    Ok(socket)
}

/// Whether the connection goes on to be made.
fn is_under_way(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EINPROGRESS | libc::EINTR | libc::EALREADY)
    )
}

/// Waits until it is made, or is refused.
fn finish(
    socket: Socket<socket2::Socket>,
    how: How<'_>,
    deadline: u64,
) -> io::Result<socket2::Socket> {
    let waited = socket.wait_until(how, deadline, |inner| {
        if let Some(error) = inner.take_error()? {
            return Err(error);
        }
        // No error, but perhaps no connection either.
        match inner.peer_addr() {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(error),
        }
    });
    match waited {
        Ok(()) => {}
        Err(error) if deadline != NEVER && error.kind() == ErrorKind::WouldBlock => {
            let problem = "connection timed out";
            return Err(io::Error::new(ErrorKind::TimedOut, problem));
        }
        Err(error) => return Err(error),
    }
    let socket = socket.into_inner();
    socket.set_nonblocking(false)?;
    Ok(socket)
}
