//! Recording into a file: starting, the thread that writes, stopping.
//!
//! The thread alone has the file. Whoever wants the end says so and waits for it; so
//! it can be wanted anywhere, even in a signal handler.
//!
//! ```text
//!  state       meaning
//!  IDLE        nobody records
//!  RUNNING     the thread writes what becomes full, or is a second old
//!  FINISHING   it writes the rest, and ends
//! ```
//!
//! What is written to is the user's. If it panics that counts as its error, so that the
//! thread lives, and whoever waits for the end is not left alone.

use super::output::Output;
use super::snapshot;
use crate::base::atomic::{AtomicPtr, AtomicU32, Ordering};
use crate::base::{clock, futex};
use crate::record;
use crate::record::pool::{self, Header, Pool};
use crate::sched::{Scheduler, blocking, deadlock, procs};
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::sync::{Mutex, Once, PoisonError};

const IDLE: u32 = 0;
const RUNNING: u32 = 1;
const FINISHING: u32 = 2;

static STATE: AtomicU32 = AtomicU32::new(IDLE);
/// The process that records: a child that was forked has a copy of all, but for the thread.
static PROCESS: AtomicU32 = AtomicU32::new(0);
/// How the last recording ended.
static RESULT: Mutex<io::Result<()>> = Mutex::new(Ok(()));
/// The runtime, once there is one.
static SCHEDULER: AtomicPtr<Scheduler> = AtomicPtr::new(ptr::null_mut());

/// After so long what was recorded goes into the file, full blocks or not.
const PACE: u64 = 1_000_000_000;
/// A process that ends badly waits so long at most.
const PATIENCE: u64 = 3_000_000_000;

/// Tells whose goroutines there are.
pub(crate) fn install(scheduler: &'static Scheduler) {
    SCHEDULER.store(ptr::from_ref(scheduler).cast_mut(), Ordering::Release);
}

pub(super) fn scheduler() -> Option<&'static Scheduler> {
    // SAFETY: set from a `&'static`.
    unsafe { SCHEDULER.load(Ordering::Acquire).as_ref() }
}

pub(super) fn max_procs() -> usize {
    scheduler().map_or_else(procs::default, |scheduler| scheduler.processors().len())
}

pub(super) fn is_running() -> bool {
    STATE.load(Ordering::Acquire) != IDLE
}

/// Starts a recording.
pub(super) fn start(writer: Box<dyn Write + Send>) -> io::Result<()> {
    static STARTING: Mutex<()> = Mutex::new(());
    let _one = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if is_running() {
        return Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "a trace is being recorded already",
        ));
    }
    let pool = pool::prepare()?;
    complete_at_end();
    let mut output = Output::new(Writer(Some(writer)), max_procs());
    *RESULT.lock().unwrap_or_else(PoisonError::into_inner) = Ok(());
    let first = {
        let mut lists = pool.lock();
        let first = lists.begin_session();
        lists.file = Some(first);
        first
    };
    if let Some(scheduler) = scheduler() {
        snapshot::take(scheduler).write(&mut output);
    }
    PROCESS.store(std::process::id(), Ordering::Relaxed);
    STATE.store(RUNNING, Ordering::Release);
    let spawned = std::thread::Builder::new()
        .name("sortie-trace".into())
        .stack_size(256 * 1024)
        .spawn(move || write(pool, output, first));
    if let Err(error) = spawned {
        let mut lists = pool.lock();
        lists.file = None;
        lists.end_session();
        STATE.store(IDLE, Ordering::Release);
        return Err(error);
    }
    Ok(())
}

/// Ends the recording, if there is one.
pub(super) fn stop() -> io::Result<()> {
    if finish() {
        blocking::blocking(|| wait(clock::NEVER));
    }
    std::mem::replace(
        &mut *RESULT.lock().unwrap_or_else(PoisonError::into_inner),
        Ok(()),
    )
}

/// Lets the thread finish. Returns whether it has to.
fn finish() -> bool {
    let asked = STATE.compare_exchange(RUNNING, FINISHING, Ordering::AcqRel, Ordering::Acquire);
    if asked == Err(IDLE) {
        return false;
    }
    if let Some(pool) = pool::get() {
        pool.wake_writer();
    }
    true
}

/// Waits until it has.
fn wait(deadline: u64) {
    while STATE.load(Ordering::Acquire) == FINISHING && clock::now() < deadline {
        futex::wait_until(&STATE, FINISHING, deadline);
    }
}

/// Completes the file before the process ends. Async-signal-safe.
fn complete() {
    if PROCESS.load(Ordering::Relaxed) == std::process::id() && finish() {
        wait(clock::now() + PATIENCE);
    }
}

/// Makes sure that [`complete`] is called.
fn complete_at_end() {
    extern "C" fn at_exit() {
        complete();
    }
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        record::at_end(complete);
        // SAFETY: a function that may be called at any time. Without room for it
        // the file is incomplete, which its readers notice.
        unsafe { libc::atexit(at_exit) };
    });
}

/// The user's writer, whose panics are errors.
struct Writer(Option<Box<dyn Write + Send>>);

impl Writer {
    fn call<T>(&mut self, f: impl FnOnce(&mut dyn Write) -> io::Result<T>) -> io::Result<T> {
        let Some(writer) = self.0.as_mut() else {
            return Err(panicked());
        };
        panic::catch_unwind(AssertUnwindSafe(|| f(writer))).unwrap_or_else(|payload| {
            // To drop it might be the next panic.
            std::mem::forget(payload);
            Err(panicked())
        })
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call(|writer| writer.write(bytes))
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.call(|writer| writer.write_all(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.call(|writer| writer.flush())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let writer = self.0.take();
        if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(|| drop(writer))) {
            std::mem::forget(payload);
        }
    }
}

#[cold]
fn panicked() -> io::Error {
    io::Error::other("the trace's writer panicked")
}

/// The thread's main function.
fn write(pool: &'static Pool, mut output: Output<Writer>, first: u32) {
    let mut last = clock::now();
    loop {
        let word = pool.word.load(Ordering::Acquire);
        while let Some((block, header)) = next(pool) {
            // SAFETY: taken out of the lists.
            output.events(&header, unsafe { pool.bytes(block) });
            pool.lock().written(block, false);
        }
        if STATE.load(Ordering::Acquire) == FINISHING {
            break;
        }
        // No one else's deadlock is hidden by this thread.
        deadlock::thread_waits();
        futex::wait_until(&pool.word, word, last + PACE);
        deadlock::thread_is_ready();
        let now = clock::now();
        if now >= last + PACE {
            last = now;
            // A writer whose block is of an earlier session has had nothing to tell for as
            // long, and may not have for longer: it sleeps.
            let idle = pool.lock().take_idle(pool);
            for (header, bytes) in idle {
                output.events(&header, &bytes);
            }
            pool.lock().begin_session();
        }
    }
    for (header, bytes) in rest(pool, first) {
        output.events(&header, &bytes);
    }
    output.finish();
    // The writer is dropped before anybody hears of the end.
    *RESULT.lock().unwrap_or_else(PoisonError::into_inner) = output.close();
    STATE.store(IDLE, Ordering::Release);
    futex::wake_all(&STATE);
}

fn next(pool: &Pool) -> Option<(u32, Header)> {
    pool.lock().next_full()
}

/// Ends the session. Returns what it left: in full blocks, and in those in use.
fn rest(pool: &Pool, first: u32) -> Vec<(Header, Vec<u8>)> {
    let mut lists = pool.lock();
    let mut rest = Vec::new();
    while let Some((block, header)) = lists.next_full() {
        // SAFETY: taken out of the lists.
        rest.push((header, unsafe { pool.bytes(block) }.to_vec()));
        lists.written(block, false);
    }
    for (block, header) in lists.not_written(first) {
        // SAFETY: the lists are locked.
        let bytes = unsafe { pool.bytes(block) };
        if !bytes.is_empty() {
            rest.push((header, bytes.to_vec()));
        }
    }
    lists.file = None;
    lists.end_session();
    rest
}
