//! The runtime: starting it, asking it, steering it.
//!
//! The runtime starts with its first use and lives as long as the process. What
//! is to be different from the defaults is said before that, by [`Builder`] or by
//! the environment:
//!
//! | variable | meaning |
//! |----------|---------|
//! | `SORTIE_MAXPROCS`, else `GOMAXPROCS` | number of processors |
//! | `SORTIE_STACK_SIZE` | bytes of a goroutine's stack; `k`, `m` as suffix |
//! | `SORTIE_DEBUG=schedtrace=1000` | a line about the scheduler every second |
//! | `SORTIE_TRACE=file` | a [trace](crate::trace) of the whole run |
//! | `SORTIE_SOCKET=1` | a [socket] for `sortie top` and `sortie dump`; or its path, or a directory |
//! | `SORTIE_BACKTRACE` | stacks in dumps: `0` none, `full` of all goroutines |

mod builder;
mod environment;
#[cfg(feature = "metrics")]
pub mod publish;
pub mod socket;
mod start;

pub use crate::goroutine::reason::WaitReason;
pub use crate::observe::dump::Dump;
pub use crate::observe::histogram::Histogram;
pub use crate::observe::metrics::{Metrics, ProcMetrics};
pub use crate::observe::profile::{GoroutineProfile, WaitPlace};
pub use builder::{Builder, PanicPolicy, StartError};
pub(crate) use start::{default_scheduler, try_scheduler};

use crate::sched::{blocking as without_processor, locked, procs};

/// How many processors there are: so many goroutines run at the same time. See
/// [`set_max_procs`] for what becomes of those that compute for long.
///
/// Go's `runtime.GOMAXPROCS(0)`.
///
/// # Panics
/// If the runtime cannot start.
pub fn max_procs() -> usize {
    default_scheduler().processors().len()
}

/// Sets the number of processors, up or down, while everything runs. Returns the
/// old number. From then on the number does not follow the CPUs any more.
///
/// Go's `runtime.GOMAXPROCS(n)`.
///
/// # Goroutines that compute
/// One that computes for more than 10 milliseconds leaves its processor to others and runs
/// on. If that makes goroutines use more CPU time than `n` CPUs have, and there are more, the
/// threads that run goroutines are confined to `n` CPUs by their affinity masks, within some
/// 15 milliseconds, and until they need no more than that. So `n` limits what runs in
/// parallel, be it announced as [`blocking`] or not. This is so whenever the number was set,
/// also by [`Builder::max_procs`] or the environment; the default limits nothing, since it is
/// the number of CPUs.
///
/// Meanwhile, who asks the kernel, as [`std::thread::available_parallelism`] does, gets `n`;
/// [`num_cpu`] has the number of CPUs. A process that a goroutine starts meanwhile is confined
/// too and remains so, unless it changes its mask (`sched_setaffinity`), as by a
/// [`pre_exec`](std::os::unix::process::CommandExt::pre_exec). A thread of std that a goroutine
/// starts gets all CPUs within a tenth of a second. Not confined are threads without
/// goroutines, goroutines that are [locked to their thread](lock_os_thread), and threads whose
/// mask somebody else has changed.
///
/// # Blocking
/// Until the processors have been collected: some microseconds.
///
/// # Panics
/// If `n` is 0, or the runtime cannot start.
///
/// # Examples
/// ```
/// use sortie::runtime;
///
/// sortie::run(|| {
///     let old = runtime::set_max_procs(3);
///     assert_eq!(runtime::max_procs(), 3);
///     runtime::set_max_procs(old);
/// });
/// ```
pub fn set_max_procs(n: usize) -> usize {
    assert!(
        n != 0,
        "set_max_procs(0): there must be a processor; use max_procs() to ask"
    );
    default_scheduler().set_max_procs(n)
}

/// The number of CPUs that the calling thread may use. That the runtime keeps it to some of
/// them, for the sake of [`max_procs`], does not count.
///
/// Go's `runtime.NumCPU`.
pub fn num_cpu() -> usize {
    start::started()
        .and_then(|scheduler| scheduler.cpus())
        .unwrap_or_else(procs::cpus)
}

/// The number of goroutines that exist.
///
/// Go's `runtime.NumGoroutine`.
///
/// # Panics
/// If the runtime cannot start.
pub fn num_goroutines() -> usize {
    let (made, ended) = default_scheduler().goroutine_counts();
    made.saturating_sub(ended) as usize
}

/// Figures about the runtime: goroutines, processors, threads, latency, memory.
///
/// Go's `runtime/metrics`. It looks at processors, not at goroutines, and takes some
/// microseconds however many of those there are.
///
/// # Panics
/// If the runtime cannot start.
///
/// # Examples
/// ```
/// # sortie::run(|| {
/// let before = sortie::runtime::metrics();
/// sortie::go(|| ()).join().unwrap();
/// let after = sortie::runtime::metrics();
/// assert_eq!(after.goroutines_created - before.goroutines_created, 1);
/// assert_eq!(after.goroutines, 1);
/// # });
/// ```
pub fn metrics() -> Metrics {
    Metrics::of(default_scheduler())
}

/// What all goroutines do, counted by state, and by what and where they wait.
///
/// Go's goroutine profile, by the place instead of the stack.
///
/// # Blocking
/// Looks at each goroutine, for 30 nanoseconds, or 200 where there are so many that caches do
/// not hold them; the others go on meanwhile.
///
/// # Panics
/// If the runtime cannot start.
///
/// # Examples
/// ```
/// use sortie::runtime::{self, WaitReason};
///
/// # sortie::run(|| {
/// let (sender, receiver) = sortie::chan::bounded(0);
/// sortie::go(move || receiver.recv());
/// loop {
///     let profile = runtime::goroutine_profile();
///     if profile.waiting == 1 {
///         assert_eq!(profile.reasons(), [(WaitReason::ChannelReceive, 1)]);
///         break;
///     }
///     sortie::yield_now();
/// }
/// sender.send("enough").unwrap();
/// # });
/// ```
pub fn goroutine_profile() -> GoroutineProfile {
    GoroutineProfile::take(default_scheduler())
}

/// All goroutines: what they wait for and where, and where they were made. Its
/// [`Display`](std::fmt::Display) is what SIGQUIT prints.
///
/// Go's `runtime.Stack(buf, true)`.
///
/// # Blocking
/// Stops the other goroutines while it looks, about 20 microseconds for each one
/// that has a stack.
///
/// # Panics
/// If the runtime cannot start.
///
/// # Examples
/// ```
/// sortie::run(|| {
///     let dump = sortie::runtime::dump().to_string();
///     assert!(dump.starts_with("goroutine 1 [running]:"));
/// });
/// ```
pub fn dump() -> Dump {
    let scheduler = default_scheduler();
    without_processor::blocking(|| Dump::take(scheduler))
}

/// Runs `f`, which will block or compute for long, without a processor: others
/// can run at once, without waiting for sysmon to notice. On an OS thread that
/// runs no goroutine it just calls `f`.
///
/// Never needed for being correct; any call may block. It saves the time until
/// sysmon notices, from 20 microseconds to 10 milliseconds.
///
/// # Blocking
/// As `f` does; the calling goroutine keeps its OS thread meanwhile.
///
/// # Examples
/// ```
/// sortie::run(|| {
///     let text = sortie::runtime::blocking(|| std::fs::read_to_string("/proc/version"));
///     assert!(text.unwrap().contains("Linux"));
/// });
/// ```
pub fn blocking<T>(f: impl FnOnce() -> T) -> T {
    without_processor::blocking(f)
}

/// Locks the calling goroutine to its OS thread as long as the guard lives: it
/// runs on no other thread, and the thread runs no other goroutine. Nests.
///
/// For libraries that care for the kernel's idea of a thread: GUI toolkits,
/// namespaces, `prctl`, CPU affinity, which the runtime leaves alone as long as the guard
/// lives. Thread-locals need it not: a goroutine has its own in any case. On an OS thread that runs no goroutine it does nothing.
///
/// Go's `runtime.LockOSThread`. A goroutine that ends while locked, its guard
/// forgotten, takes the OS thread with it.
///
/// # Examples
/// ```
/// sortie::run(|| {
///     let thread = || unsafe { libc::gettid() };
///     let lock = sortie::runtime::lock_os_thread();
///     let before = thread();
///     for _ in 0..100 {
///         sortie::yield_now();
///     }
///     assert_eq!(thread(), before);
///     drop(lock);
/// });
/// ```
#[must_use = "the lock ends when the guard is dropped"]
pub fn lock_os_thread() -> OsThreadLock {
    locked::lock();
    OsThreadLock {
        _not_send: std::ptr::null_mut(),
    }
}

/// Keeps a goroutine on its OS thread; see [`lock_os_thread`].
#[derive(Debug)]
pub struct OsThreadLock {
    /// What it locks is the goroutine that called.
    _not_send: *mut (),
}

impl Drop for OsThreadLock {
    fn drop(&mut self) {
        locked::unlock();
    }
}
