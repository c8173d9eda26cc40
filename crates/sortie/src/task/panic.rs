//! Goroutines that end by panicking, or by [`exit`].

use crate::goroutine::{GRef, current};
use crate::sched::{M, fatal};
use std::any::Any;
use std::panic;

/// The payload with which [`join`](super::JoinHandle::join) reports a goroutine
/// that ended by [`exit`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exited(());

/// Ends the calling goroutine, after unwinding it: destructors run.
///
/// [`join`](super::JoinHandle::join) returns an error whose payload is [`Exited`].
/// Nothing is printed, and `PanicPolicy::Exit` does not apply.
/// This is Go's `runtime.Goexit`. On the main goroutine of [`run`](crate::run)
/// `run` never returns; the program goes on until another goroutine ends it, or
/// all are asleep.
///
/// # Panics
/// On an OS thread that is not running a goroutine.
///
/// # Examples
/// ```
/// # sortie::run(|| {
/// let handle = sortie::go(|| {
///     sortie::task::exit();
/// });
/// let payload = handle.join().unwrap_err();
/// assert!(payload.is::<sortie::task::Exited>());
/// # });
/// ```
pub fn exit() -> ! {
    assert!(
        current::current().is_some(),
        "sortie::task::exit called on a thread that is not a goroutine"
    );
    panic::resume_unwind(Box::new(Exited(())))
}

/// Whether a payload is that of [`exit`].
pub(crate) fn is_exit(payload: &(dyn Any + Send)) -> bool {
    payload.is::<Exited>()
}

/// Ends the process because of a panic that nobody will hear of, in Go's words.
pub(super) fn unjoined(g: GRef, payload: &(dyn Any + Send)) -> ! {
    let message = message(payload);
    fatal::exit(format_args!("panic: {message}\n\n{g} [running]"))
}

/// What a panic said.
pub(super) fn message(payload: &(dyn Any + Send)) -> &str {
    payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(a value that is no string)")
}

/// Whether a panic of the calling goroutine, if nobody joins it, ends the process.
pub(crate) fn is_fatal(payload: &(dyn Any + Send)) -> bool {
    !is_exit(payload) && current::current().is_some_and(ends_process)
}

/// Whether panics that nobody joins end the process.
pub(super) fn ends_process(g: GRef) -> bool {
    M::of(g).scheduler.config.exit_on_panic
}
