//! What the iterators over a listener's connections share.

use super::socket::{How, Socket};
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

/// The shortest and longest rest. Those of Go's web server.
const FIRST: Duration = Duration::from_millis(5);
const LONGEST: Duration = Duration::from_secs(1);

/// How long who accepts is to rest before he accepts again, since the system had no
/// descriptor or no memory for the last connection. That is still in the queue, so he would
/// fail again and again at once.
#[derive(Debug)]
pub(super) struct Rest(Duration);

impl Rest {
    pub(super) const fn none() -> Self {
        Rest(Duration::ZERO)
    }

    pub(super) fn before_accepting<S: AsFd>(&self, socket: &Socket<S>, how: How<'_>) {
        if !self.0.is_zero() && !socket.is_nonblocking() {
            socket.rest(how, self.0);
        }
    }

    pub(super) fn after_accepting<T>(&mut self, accepted: &io::Result<T>) {
        self.0 = match accepted {
            Err(error) if is_exhaustion(error) => (self.0 * 2).clamp(FIRST, LONGEST),
            _ => Duration::ZERO,
        };
    }
}

fn is_exhaustion(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)
    )
}
