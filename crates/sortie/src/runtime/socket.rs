//! A Unix socket by which `sortie top` and `sortie dump` look at the running program.
//!
//! ```sh
//! SORTIE_SOCKET=1 ./program &
//! sortie top $!
//! ```
//!
//! It is opened by the environment variable `SORTIE_SOCKET`, or by [`open`]. Its name is
//! `sortie-PID.sock`, in `$XDG_RUNTIME_DIR` if that is set, else in `/tmp/sortie-UID`.
//! `SORTIE_SOCKET=1` means there; any other value is a directory for it, or its path.
//! Only the user who runs the program can connect, and root.
//!
//! While it is open a thread waits for clients. It costs the program nothing else,
//! does not keep it alive, and does not hide a deadlock. The socket is removed when
//! the program ends; what a killed one leaves is removed by the next.
//!
//! Anything can be a client: it sends the line `metrics` or `dump`, and gets a line
//! `ok LENGTH` and so many bytes, figures in JSON or a dump in text.

use crate::observe::socket;
use std::io;
use std::path::{Path, PathBuf};

/// Opens the socket at its usual place. Returns its path.
///
/// # Errors
/// If it is open already, its place cannot be used, or the runtime cannot start.
///
/// # Examples
/// ```
/// use sortie::runtime::socket;
/// use std::io::{BufRead, BufReader, Write};
/// use std::os::unix::net::UnixStream;
///
/// # fn main() -> std::io::Result<()> {
/// # let directory = std::env::temp_dir().join(format!("sortie-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory)?;
/// # let path = socket::open_at(&directory)?;
/// # #[cfg(any())]
/// let path = socket::open()?;
/// let mut stream = UnixStream::connect(path)?;
/// writeln!(stream, "metrics")?;
/// let mut lines = BufReader::new(stream).lines();
/// assert!(lines.next().unwrap()?.starts_with("sortie 1 "));
/// assert!(lines.next().unwrap()?.starts_with("ok "));
/// assert!(lines.next().unwrap()?.starts_with(r#"{"version":1,"#));
/// socket::close();
/// # std::fs::remove_dir(&directory)
/// # }
/// ```
pub fn open() -> io::Result<PathBuf> {
    socket::open(super::try_scheduler()?, None)
}

/// Opens the socket in a directory that exists, under its usual name, or else at this
/// very path. Returns its path.
///
/// # Errors
/// As [`open`].
pub fn open_at(place: impl AsRef<Path>) -> io::Result<PathBuf> {
    socket::open(super::try_scheduler()?, Some(place.as_ref()))
}

/// Where the socket is, if it is open.
pub fn path() -> Option<PathBuf> {
    socket::path()
}

/// Closes the socket; its clients lose their connection. Returns whether it was open.
pub fn close() -> bool {
    socket::close()
}
