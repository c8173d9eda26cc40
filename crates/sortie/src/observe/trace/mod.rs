//! Traces: what ran when, on which processor, who waited for whom.
//!
//! Concurrency is a property of the code, parallelism one of the run. A trace shows
//! both: each goroutine's life, and each processor's. `sortie report FILE` tells
//! about it, `sortie convert FILE -o out.json` makes something to be opened with
//! <https://ui.perfetto.dev>.
//!
//! With `SORTIE_TRACE=file` in the environment a program is traced from its start to
//! its end; [`start`] and [`stop`] do it for a while; a [`FlightRecorder`] keeps the
//! last seconds. [`region`], [`Task`] and [`log()`] add what only the program knows.
//!
//! # Cost
//! While nobody records, looks at a flag: some 6 % of a rendezvous. While somebody does,
//! about 30 nanoseconds for each time that a goroutine is made, made ready, or runs or
//! stops. Memory is bounded by 32 MiB. What does not fit, since the file's medium is
//! too slow, is dropped, counted, and told by `sortie report`.
//!
//! # At the end of the process
//! The file is complete when `main` returns, when `process::exit` is called, and when
//! the runtime ends the process with a message. If the process is killed, all is there
//! but what was recorded in the last two seconds.
//!
//! Corresponds to Go's `runtime/trace`.

mod flight;
mod output;
mod recording;
mod snapshot;
mod user;

pub use flight::{FlightRecorder, FlightRecorderBuilder};
pub(crate) use recording::install;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
pub use user::{Region, Task, log, region};

/// Starts recording into `writer`, to which a thread writes some ten kilobytes at a
/// time.
///
/// Go's `trace.Start`.
///
/// # Errors
/// If a trace is being recorded already, or the system refuses memory or a thread.
///
/// # Examples
/// ```
/// use sortie::trace;
///
/// # let path = std::env::temp_dir().join(format!("sortie-doc-{}.trace", std::process::id()));
/// trace::start(std::fs::File::create(&path)?)?;
/// sortie::run(|| sortie::go(|| ()).join().unwrap());
/// trace::stop()?;
/// assert!(std::fs::read(&path)?.starts_with(b"SORTIETR"));
/// # std::fs::remove_file(&path)?;
/// # std::io::Result::Ok(())
/// ```
pub fn start(writer: impl Write + Send + 'static) -> io::Result<()> {
    recording::start(Box::new(writer))
}

/// As [`start`], into a file that is made anew.
///
/// # Errors
/// As [`start`], and if the file cannot be made.
pub fn start_file(path: impl AsRef<Path>) -> io::Result<()> {
    start(File::create(path)?)
}

/// Ends the recording, if there is one.
///
/// Go's `trace.Stop`.
///
/// # Blocking
/// Until everything was written; the goroutine keeps its thread meanwhile, but not
/// its processor.
///
/// # Errors
/// The first that the writer returned, or that it panicked. What came after that was not
/// written. By the time this returns the writer was dropped.
pub fn stop() -> io::Result<()> {
    recording::stop()
}

/// Whether anybody records, into a file or memory.
pub fn is_enabled() -> bool {
    crate::record::is_on()
}
