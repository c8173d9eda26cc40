//! Starting the runtime.

use super::builder::{Builder, StartError};
use super::environment::{self, SocketPlace};
use crate::base::barrier;
use crate::observe;
use crate::sched::{Scheduler, procs};
use std::io;
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

/// The same if it runs already.
pub(super) fn started() -> Option<&'static Scheduler> {
    DEFAULT.get().copied()
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
    let environment = environment::read()?;
    let config = builder.config(&environment)?;
    let count = config.max_procs.unwrap_or_else(procs::default);
    barrier::prepare();
    let scheduler: &'static Scheduler = Box::leak(Box::new(
        Scheduler::new(config).map_err(StartError::Unsupported)?,
    ));
    observe::faults::install(scheduler).map_err(StartError::Io)?;
    observe::panics::install();
    observe::trace::install(scheduler);
    if let Some(path) = &environment.trace {
        observe::trace::start_file(path).map_err(|error| {
            StartError::Invalid("SORTIE_TRACE", format!("`{}`: {error}", path.display()))
        })?;
    }
    scheduler.first_processors(count);
    scheduler.start_sysmon().map_err(StartError::Io)?;
    if let Some(place) = &environment.socket {
        let path = match place {
            SocketPlace::Default => None,
            SocketPlace::At(path) => Some(path.as_path()),
        };
        observe::socket::open(scheduler, path)
            .map_err(|error| StartError::Invalid("SORTIE_SOCKET", error.to_string()))?;
    }
    let _ = DEFAULT.set(scheduler);
    Ok(())
}
