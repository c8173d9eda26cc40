//! The main goroutine.

use super::builder::start;
use super::handle::Goroutine;
use super::join::JoinHandle;
use super::panic::Exited;
use crate::base::atomic::{AtomicBool, Ordering};
use crate::goroutine::{WaitReason, current};
use crate::park::{Place, Waiter, park};
use crate::sched::deadlock;
use crate::sched::scheduler::MAIN_ID;
use crate::sched::spawn::Plan;
use std::panic::{self, Location};
use std::ptr;

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
    if current::current().is_some() {
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
        match start(plan, main, ptr::null()) {
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
        reason: WaitReason::Join,
        location,
        origin: None,
    };
    loop {
        // SAFETY: the waiter is the caller, and nobody finds it.
        unsafe { park(Waiter::current(), place, || true) };
    }
}
