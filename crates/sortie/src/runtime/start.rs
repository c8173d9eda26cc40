//! Starting the runtime, and the main goroutine.

use super::builder::{Builder, StartError};
use crate::base::atomic::{AtomicBool, Ordering};
use crate::base::barrier;
use crate::park::{Place, Waiter, park};
use crate::sched::scheduler::MAIN_ID;
use crate::sched::spawn::Plan;
use crate::sched::{Scheduler, deadlock, procs};
use crate::task::{self, Exited, Goroutine, JoinHandle};
use crate::{goroutine, observe};
use std::io;
use std::panic::{self, Location};
use std::ptr;
use std::sync::{Mutex, OnceLock, PoisonError};

static DEFAULT: OnceLock<&'static Scheduler> = OnceLock::new();

/// The scheduler for those who are in none: the process's.
///
/// # Panics
/// If it cannot start.
#[inline]
pub(crate) fn default_scheduler() -> &'static Scheduler {
    match DEFAULT.get() {
        Some(scheduler) => scheduler,
        None => start_or_panic(),
    }
}

#[cold]
fn start_or_panic() -> &'static Scheduler {
    try_scheduler().unwrap_or_else(|error| panic!("{error}"))
}

/// As [`default_scheduler`], with an error.
pub(crate) fn try_scheduler() -> io::Result<&'static Scheduler> {
    match start(Builder::new()) {
        Ok(()) | Err(StartError::AlreadyStarted) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(DEFAULT.get().expect("just started"))
}

/// Starts the process's runtime.
pub(super) fn start(builder: Builder) -> Result<(), StartError> {
    static STARTING: Mutex<()> = Mutex::new(());
    let _one = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if DEFAULT.get().is_some() {
        return Err(StartError::AlreadyStarted);
    }
    let config = builder.config()?;
    let count = config.max_procs.unwrap_or_else(procs::default);
    barrier::prepare();
    let scheduler: &'static Scheduler = Box::leak(Box::new(
        Scheduler::new(config).map_err(StartError::Unsupported)?,
    ));
    observe::faults::install(scheduler).map_err(StartError::Io)?;
    task::install_hook();
    scheduler.first_processors(count);
    scheduler.start_sysmon().map_err(StartError::Io)?;
    let _ = DEFAULT.set(scheduler);
    Ok(())
}

/// Runs `main` as a goroutine, and returns what it returns. In a goroutine it
/// just calls `main`.
///
/// Goroutines that are still alive then are not awaited, as in Go: they go on
/// until the process ends.
///
/// # Blocking
/// Blocks the calling OS thread until `main` has returned.
///
/// # Panics
/// If `main` panics, that panic goes on here. If the platform cannot run
/// goroutines.
///
/// # Examples
/// ```
/// let words = vec!["concurrency", "parallelism"];
/// let letters: usize = sortie::run(|| {
///     let [first, second] = [0, 1].map(|i| {
///         let word = words[i];
///         sortie::go(move || word.len())
///     });
///     first.join().unwrap() + second.join().unwrap()
/// });
/// assert_eq!(letters, 22);
/// ```
#[track_caller]
pub fn run<F, T>(main: F) -> T
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    static FIRST: AtomicBool = AtomicBool::new(true);
    if goroutine::current::current().is_some() {
        return main();
    }
    let first = FIRST.swap(false, Ordering::Relaxed);
    let plan = Plan {
        place: Location::caller(),
        details: None,
        id: first.then_some(MAIN_ID),
    };
    // SAFETY: `main` and its result may borrow, and this function does not return
    // before the goroutine has ended and the result was taken.
    let result = unsafe {
        match task::start(plan, main, ptr::null()) {
            Ok((g, id)) => JoinHandle::new(g, Goroutine::new(id, None)).join(),
            Err(error) => panic!("cannot start the main goroutine: {error}"),
        }
    };
    match result {
        Ok(value) => value,
        Err(cause) if cause.is::<Exited>() => never(Location::caller()),
        Err(cause) => panic::resume_unwind(cause),
    }
}

/// The main goroutine ended by `task::exit`: the others go on.
fn never(location: &'static Location<'static>) -> ! {
    deadlock::main_exited();
    let place = Place {
        reason: goroutine::WaitReason::Join,
        location,
    };
    loop {
        // SAFETY: the waiter is the caller, and nobody finds it.
        unsafe { park(Waiter::current(), place, || true) };
    }
}
