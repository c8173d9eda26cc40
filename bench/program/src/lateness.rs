//! How late the ticks of a ticker are.

use crate::{detail, scaled};
use std::time::Duration;

/// Of the ticker.
pub const PERIOD: Duration = Duration::from_millis(1);

/// How many ticks a run has.
#[must_use]
pub fn ticks() -> usize {
    scaled(3_000) as usize
}

/// How late 99 of 100 ticks are at most, in nanoseconds. Reports median and maximum too.
///
/// # Panics
///
/// When there are no ticks.
#[must_use]
pub fn lateness(mut late: Vec<Duration>) -> f64 {
    late.sort_unstable();
    let count = late.len();
    let [median, most, last] =
        [count / 2, count * 99 / 100, count - 1].map(|rank| late[rank].as_nanos() as f64);
    detail("median", median);
    detail("maximum", last);
    most
}
