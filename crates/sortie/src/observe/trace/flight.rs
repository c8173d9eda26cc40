//! The flight recorder.

use super::output::Output;
use super::{recording, snapshot};
use crate::record::pool::{self, BLOCK, BLOCKS, Keep};
use std::io::{self, Write};
use std::time::Duration;

/// Keeps the last seconds in memory, to be written when something has happened that
/// is worth a look.
///
/// Go's `trace.FlightRecorder`. There is one in a process at a time; a trace into a
/// file may be recorded beside it. It stops when it is dropped.
///
/// # Examples
/// ```
/// use sortie::trace::FlightRecorder;
/// use std::time::Duration;
///
/// let recorder = FlightRecorder::new().min_age(Duration::from_secs(5)).start()?;
/// sortie::run(|| sortie::go(|| ()).join().unwrap());
/// let mut trace = Vec::new();
/// recorder.write_to(&mut trace)?;
/// assert!(trace.starts_with(b"SORTIETR"));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
#[must_use = "it stops when it is dropped"]
pub struct FlightRecorder(());

/// Settings of a [`FlightRecorder`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until its `start` is called"]
pub struct FlightRecorderBuilder {
    min_age: Duration,
    max_bytes: usize,
}

impl FlightRecorder {
    /// The defaults: ten seconds, and as much as fits into 10 MiB.
    #[expect(clippy::new_ret_no_self, reason = "as the builders of std")]
    pub fn new() -> FlightRecorderBuilder {
        FlightRecorderBuilder {
            min_age: Duration::from_secs(10),
            max_bytes: 10 << 20,
        }
    }
}

impl FlightRecorderBuilder {
    /// What is younger than this is kept, if there is room.
    pub fn min_age(mut self, age: Duration) -> Self {
        self.min_age = age;
        self
    }

    /// Bytes that are kept at most. Beyond 30 MiB it makes no difference.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Starts recording.
    ///
    /// # Errors
    /// If a flight recorder is running already, or there is no address space.
    pub fn start(self) -> io::Result<FlightRecorder> {
        let pool = pool::prepare()?;
        let mut lists = pool.lock();
        if lists.flight.is_some() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "a flight recorder is running already",
            ));
        }
        let session = lists.begin_session();
        lists.flight = Some(Keep {
            session,
            age: u64::try_from(self.min_age.as_nanos()).unwrap_or(u64::MAX),
            blocks: (self.max_bytes / BLOCK).clamp(1, BLOCKS - BLOCKS / 16),
        });
        Ok(FlightRecorder(()))
    }
}

impl FlightRecorder {
    /// Writes what is there. It goes on recording.
    ///
    /// # Blocking
    /// As `writer` does. Meanwhile machines that have filled a block wait until what
    /// is there was copied: some milliseconds.
    ///
    /// # Errors
    /// Those of `writer`.
    pub fn write_to(&self, writer: impl Write) -> io::Result<()> {
        let copies = pool::get().map(|pool| {
            let lists = pool.lock();
            let first = lists.flight.map_or(u32::MAX, |keep| keep.session);
            let wanted = lists
                .kept()
                .filter(|(_, header)| header.session >= first)
                .chain(lists.in_use(first));
            wanted
                // SAFETY: the lists are locked.
                .map(|(block, header)| (header, unsafe { pool.bytes(block) }.to_vec()))
                .collect::<Vec<_>>()
        });
        let mut output = Output::new(writer, recording::max_procs());
        if let Some(scheduler) = recording::scheduler() {
            snapshot::take(scheduler).write(&mut output);
        }
        for (header, bytes) in copies.unwrap_or_default() {
            if !bytes.is_empty() {
                output.events(&header, &bytes);
            }
        }
        output.finish();
        output.result
    }
}

impl Drop for FlightRecorder {
    fn drop(&mut self) {
        if let Some(pool) = pool::get() {
            let mut lists = pool.lock();
            lists.flight = None;
            lists.forget_kept();
            lists.end_session();
        }
    }
}
