//! Sockets, for plain blocking code: std's types and methods, where waiting parks the
//! goroutine. Go's package `net`.
//!
//! ```no_run
//! use sortie::net::{TcpListener, TcpStream};
//! use std::io;
//!
//! fn handle(stream: TcpStream) -> io::Result<u64> {
//!     io::copy(&mut &stream, &mut &stream)
//! }
//!
//! #[sortie::main]
//! fn main() -> io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:7000")?;
//!     loop {
//!         let (stream, _) = listener.accept()?;
//!         sortie::go(move || handle(stream)); // Go's `go handle(conn)`
//!     }
//! }
//! ```
//!
//! A connection costs its goroutine, about 9 KiB with a buffer of 512 bytes, and what the
//! kernel keeps for it; no thread. Whatever takes a `Read` and a `Write` works on it; std's [`io::copy`],
//! `BufReader` and `BufWriter` are good as they are.
//!
//! | Go | here |
//! |----|------|
//! | `net.Listen`, `l.Accept` | [`TcpListener::bind`], [`accept`](TcpListener::accept), [`incoming`](TcpListener::incoming) |
//! | `net.Dial`, `net.DialTimeout` | [`TcpStream::connect`], [`connect_timeout`](TcpStream::connect_timeout) |
//! | `Dialer.DialContext` | [`TcpStream::connect_ctx`] |
//! | `conn.SetDeadline` | [`set_deadline`](TcpStream::set_deadline), and for reading or writing alone |
//! | `conn.Close`, `net.ErrClosed` | [`close`](TcpStream::close), or drop it; [`ClosedError`] |
//! | `conn.CloseWrite` | [`shutdown`](TcpStream::shutdown) |
//! | `net.ListenPacket("udp", …)` | [`UdpSocket::bind`] |
//! | `net.Listen("unix", …)`, `"unixgram"` | [`UnixListener`], [`UnixStream`], [`UnixDatagram`] |
//!
//! # Waiting, and not waiting any more
//! * One may read while another writes; several may read or write, or accept, too.
//! * A *time-out* (`set_read_timeout`) is for each call, and its error of the kind
//!   `WouldBlock`, as std's on Linux. A *deadline* is a point in time for all calls, may be
//!   changed while somebody waits, and its error is `TimedOut`.
//! * `close` and `shutdown` wake whoever waits.
//! * Calls with `_ctx` end with a [`Context`](crate::context::Context) as well.
//!
//! Plain OS threads may use sockets, too, and wait on a futex.
//!
//! # What is different from std
//! * Time-outs, deadlines, and whether to wait belong to the handle: `try_clone` copies
//!   them, and they are separate then.
//! * A listener's descriptor is non-blocking. Turned into std's it is as it should be; who
//!   takes its number by `as_raw_fd` has to know. Other descriptors are as std's.
//! * A child made by `fork` without `exec` must not use them, as nothing of the runtime.
//!
//! # Names, files, child processes
//! There are no own forms of these. Looking up a name, std's files, pipes and
//! `process::Command` block their thread, whose processor goes to another: announce a call
//! that takes long by [`runtime::blocking`](crate::runtime::blocking), or let the runtime
//! notice. The same holds for crates that bring std's sockets with them, clients of
//! databases for instance. Go does it the same way for files, and for names if it asks libc.
//!
//! ```
//! use sortie::net::ToSocketAddrs;
//! use std::process::Command;
//!
//! # fn main() -> std::io::Result<()> { sortie::run(|| {
//! let lookups = ["localhost:80", "127.0.0.1:80", "[::1]:80"].map(|name| {
//!     sortie::go(move || Ok::<_, std::io::Error>(name.to_socket_addrs()?.count()))
//! });
//! let file = sortie::go(|| std::fs::read_to_string("/proc/self/stat"));
//! let child = sortie::go(|| Command::new("true").status());
//! for lookup in lookups {
//!     assert!(lookup.join().unwrap()? > 0);
//! }
//! assert!(!file.join().unwrap()?.is_empty());
//! assert!(child.join().unwrap()?.success());
//! # Ok(()) }) }
//! ```
//!
//! Each call that blocks needs a thread for as long as it does, and a program has
//! [so many at most](crate::runtime::Builder::max_threads). Who has many calls that block for
//! long limits them: by a [`Semaphore`](crate::sync::Semaphore), or by a pool of connections
//! in a [channel](crate::chan).
//!
//! [`io::copy`]: std::io::copy

// How it works.
//
// ```text
//   socket      tries, waits, tries again; time-outs; closing      socket.rs
//   readiness   who waits for a direction of a descriptor          park/readiness.rs
//   source      both directions, and the poller's knowledge        park/source.rs
//   poller      epoll                                              driver/poller.rs
//   scheduler   who polls when                                     sched/poll.rs
// ```
// A call is made at once, without waiting (`MSG_DONTWAIT`): the descriptor need not be
// non-blocking, so std's view of it, and a child's, is what it always was. Only `accept`
// and `connect` have no such flag.
//
// # Closing
// `close` borrows the socket, and others may be using its descriptor, or have borrowed
// that. So the number is not given back before the socket is dropped: `dup3` puts a dead
// descriptor in its place, which at the same moment closes the connection. A call that was
// about to be made then fails on the dead one, and nobody reads from a stranger's
// descriptor. Go counts users of a descriptor instead, two locked instructions for each
// call; and its number may be somebody else's while one has it as an integer.

#[macro_use]
mod macros;

mod connect;
mod error;
mod incoming;
mod pause;
mod socket;
mod tcp_listener;
mod tcp_stream;
mod udp;
mod unix_datagram;
mod unix_listener;
mod unix_stream;

pub use error::ClosedError;
pub use std::net::{
    AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6,
    ToSocketAddrs,
};
pub use tcp_listener::{Incoming, TcpListener};
pub use tcp_stream::TcpStream;
pub use udp::UdpSocket;
pub use unix_datagram::UnixDatagram;
pub use unix_listener::{UnixIncoming, UnixListener};
pub use unix_stream::UnixStream;
