//! Time, by the runtime's clock.

mod function;

#[allow(unused_imports, reason = "for the layers above")]
pub(crate) use function::FunctionTimer;

use crate::base::clock;
use crate::goroutine::WaitReason;
use crate::park::{self, Place};
use std::panic::Location;
use std::time::Duration;

/// Waits for at least `duration`. Returns at once for a duration of zero.
///
/// This is Go's `time.Sleep`. Durations beyond the clock's range (584 years) wait
/// for ever.
///
/// # Blocking
/// Parks the calling goroutine, or blocks the calling OS thread.
///
/// # Examples
/// ```
/// # use std::time::{Duration, Instant};
/// sortie::run(|| {
///     let start = Instant::now();
///     sortie::sleep(Duration::from_millis(5));
///     assert!(start.elapsed() >= Duration::from_millis(5));
/// });
/// ```
#[track_caller]
pub fn sleep(duration: Duration) {
    if duration.is_zero() {
        return;
    }
    let place = Place {
        reason: WaitReason::Sleep,
        location: Location::caller(),
        origin: None,
    };
    park::sleep_until(clock::after(duration), place);
}
