//! Sleeping with a context.

use super::super::context::Context;
use super::super::error::ContextError;
use crate::base::clock;
use crate::goroutine::WaitReason;
use crate::park::wait_queue::{Until, wait_for_nothing};
use crate::park::{Place, Woken};
use crate::time::Instant;
use std::panic::Location;
use std::time::Duration;

/// As [`sleep`](crate::sleep), until the context ends at most.
///
/// # Blocking
/// Parks the calling goroutine, or blocks the calling OS thread.
///
/// # Errors
/// If the context has ended.
///
/// # Examples
/// ```
/// use sortie::context::{Context, ContextError};
/// use sortie::sleep_ctx;
/// use std::time::Duration;
///
/// sortie::run(|| {
///     let (context, cancel) = Context::background().with_cancel();
///     assert_eq!(sleep_ctx(Duration::from_millis(1), &context), Ok(()));
///     sortie::go(move || cancel.cancel());
///     let ended = Err(ContextError::Canceled);
///     assert_eq!(sleep_ctx(Duration::from_secs(3600), &context), ended);
/// });
/// ```
#[track_caller]
pub fn sleep_ctx(duration: Duration, context: &Context) -> Result<(), ContextError> {
    sleep(clock::after(duration), context, Location::caller())
}

/// As [`sleep_until`](crate::time::sleep_until), until the context ends at most.
///
/// # Blocking
/// Parks the calling goroutine, or blocks the calling OS thread.
///
/// # Errors
/// If the context has ended.
#[track_caller]
pub fn sleep_until_ctx(when: Instant, context: &Context) -> Result<(), ContextError> {
    sleep(when.on_clock(), context, Location::caller())
}

fn sleep(
    deadline: u64,
    context: &Context,
    location: &'static Location<'static>,
) -> Result<(), ContextError> {
    context.check()?;
    let until = Until {
        deadline,
        interrupt: context.interrupt(),
    };
    if until.is_over() {
        return Ok(());
    }
    let place = Place {
        reason: WaitReason::Sleep,
        location,
        origin: None,
    };
    match wait_for_nothing(&until, place) {
        Woken::Interrupted => Err(context.ended()),
        Woken::TimedOut | Woken::Ready => Ok(()),
    }
}
