//! Sleeping with a context.

use super::super::context::Context;
use super::super::error::ContextError;
use crate::base::clock;
use crate::goroutine::WaitReason;
use crate::park::wait_queue::{Until, wait_for_nothing};
use crate::park::{Place, Woken};
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
    context.check()?;
    if duration.is_zero() {
        return Ok(());
    }
    let place = Place {
        reason: WaitReason::Sleep,
        location: Location::caller(),
        origin: None,
    };
    let until = Until {
        deadline: clock::after(duration),
        interrupt: context.interrupt(),
    };
    match wait_for_nothing(&until, place) {
        Woken::Interrupted => Err(context.ended()),
        Woken::TimedOut | Woken::Ready => Ok(()),
    }
}
