//! Go's concurrency for Rust: goroutines on a work-stealing scheduler, in plain
//! blocking code.
//!
//! ```
//! use std::time::Duration;
//!
//! sortie::run(|| {
//!     let workers: Vec<_> = (0..10_000u64)
//!         .map(|i| {
//!             sortie::go(move || {
//!                 sortie::sleep(Duration::from_millis(i % 10));
//!                 i
//!             })
//!         })
//!         .collect();
//!     let sum: u64 = workers.into_iter().map(|w| w.join().unwrap()).sum();
//!     assert_eq!(sum, 49_995_000);
//! });
//! ```
//!
//! # A goroutine is a thread
//! To Rust, std and libc a goroutine *is* a thread, for the price of a goroutine.
//! It has a stack and thread-locals of its own, which it keeps when it moves
//! between OS threads; `thread::current().id()` is its own, `Rc`s and lock guards
//! may be held while it waits, `Send` and `Sync` mean what they say. So [`go`] is a
//! safe function, and every synchronous crate works in a goroutine.
//!
//! # Anything may block
//! A goroutine that waits in the runtime ([`recv`](chan::Receiver::recv), [`sleep`],
//! [`join`](task::JoinHandle::join))
//! is *parked*: it costs its memory, a few kilobytes, and no thread. Any other call
//! may block too, or compute for long: it holds its OS thread, but never holds up
//! other goroutines, since the right to run them (a *processor*) is taken from a
//! thread that is stuck, and given to another.
//!
//! # Goroutines talk
//! [`chan`] has channels and [`select!`](chan::select), with the interface of
//! crossbeam-channel and the manners of Go.
//!
//! ```
//! use sortie::chan::bounded;
//!
//! sortie::run(|| {
//!     let (sender, receiver) = bounded(0);
//!     sortie::go(move || {
//!         for i in 1..=3 {
//!             sender.send(i * i).unwrap();
//!         }
//!     });
//!     assert_eq!(receiver.into_iter().sum::<i32>(), 14);
//! });
//! ```
//!
//! # Channel or mutex?
//! [`docs`] has the decision, an example for each case, and what becomes of data races.
//!
//! # Networking
//! [`net`] has std's sockets, and waiting for them parks the goroutine: a server is a loop
//! that accepts, and a goroutine for each connection.
//!
//! ```
//! use sortie::net::{TcpListener, TcpStream};
//! use std::io::{self, Read, Write};
//!
//! # fn main() -> io::Result<()> { sortie::run(|| {
//! let listener = TcpListener::bind("127.0.0.1:0")?;
//! let address = listener.local_addr()?;
//! sortie::go(move || {
//!     while let Ok((stream, _)) = listener.accept() {
//!         sortie::go(move || io::copy(&mut &stream, &mut &stream));
//!     }
//! });
//! let mut stream = TcpStream::connect(address)?;
//! stream.write_all(b"hello")?;
//! stream.read_exact(&mut [0; 5])?;
//! # Ok(()) }) }
//! ```
//!
//! # Words
//! *Concurrency* is how a program is written: as goroutines that are independent
//! of each other. *Parallelism* is what happens when it runs: as many of them as
//! there are processors ([`runtime::max_procs`], Go's GOMAXPROCS) at the same time.
//!
//! # Platform
//! Linux on x86-64 with glibc. Anything else does not compile, or says why it
//! cannot start.

#![deny(clippy::print_stdout)]

pub(crate) mod base;
pub mod chan;
pub mod context;
pub mod docs;
pub(crate) mod driver;
pub(crate) mod goroutine;
pub mod net;
pub(crate) mod observe;
pub(crate) mod park;
pub(crate) mod record;
pub mod runtime;
pub(crate) mod sched;
pub mod signal;
pub mod sync;
pub mod task;
pub mod time;

pub use context::sleep_ctx;
pub use observe::trace;
pub use sched::yield_now;
pub use task::{go, run, scope};
pub use time::sleep;

/// Makes the program's `main` the main goroutine: it runs inside [`run`].
///
/// It may return whatever a `main` may return. When it returns, the program ends,
/// whether other goroutines are alive or not.
///
/// # Examples
/// ```
/// use std::error::Error;
///
/// #[sortie::main]
/// fn main() -> Result<(), Box<dyn Error>> {
///     let number: i32 = sortie::go(|| "42".parse()).join().unwrap()?;
///     assert_eq!(number, 42);
///     Ok(())
/// }
/// ```
pub use sortie_macros::main;

/// Makes a function a test that runs inside [`run`].
///
/// # Examples
/// ```
/// #[sortie::test]
/// fn answers() {
///     assert_eq!(sortie::go(|| 6 * 7).join().unwrap(), 42);
/// }
///
/// #[sortie::test]
/// #[should_panic(expected = "on purpose")]
/// fn panics() {
///     panic!("on purpose");
/// }
/// ```
pub use sortie_macros::test;
