//! The same event again and again.

use super::Instant;
use crate::base::clock;
use crate::chan::{Receiver, Scheduled};
use std::fmt;
use std::panic::Location;
use std::time::Duration;

/// Sends the time on a channel whenever a period has passed. Go's `time.Ticker`.
///
/// Ticks that nobody takes in time are dropped but for the first; those that follow
/// keep in step: a ticker of 10 ms that was not looked at for 35 ms has a tick
/// at once, that of 10 ms, and the next at 40 ms. To start over with each tick that is
/// received, use [`chan::tick`](crate::chan::tick).
///
/// Like a [`Timer`](super::Timer) it may be stopped and set anew at any time, by
/// anybody; nobody receives a tick of an earlier setting after that. It costs its
/// memory only, unless somebody waits for it.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use sortie::time::{Instant, Ticker};
///
/// sortie::run(|| {
///     let period = Duration::from_millis(2);
///     let start = Instant::now();
///     let ticker = Ticker::new(period);
///     for tick in ticker.chan().iter().take(3) {
///         assert!(tick >= start + period);
///     }
///     assert!(start.elapsed() >= 3 * period);
/// });
/// ```
pub struct Ticker(Scheduled);

impl Ticker {
    /// A ticker whose first tick comes after one period. Go's `time.NewTicker`.
    ///
    /// # Panics
    /// If `period` is zero.
    #[track_caller]
    #[must_use]
    pub fn new(period: Duration) -> Self {
        let (first, period) = schedule(period);
        Ticker(Scheduled::new(first, period, Location::caller()))
    }

    /// Where the ticks arrive: each is the moment at which it was due. It may be
    /// cloned, and used in a [`select!`](crate::chan::select). Stopping the ticker does
    /// not close it: who waits goes on waiting. Go's `t.C`.
    pub fn chan(&self) -> &Receiver<Instant> {
        self.0.receiver()
    }

    /// Starts anew, with another period: the next tick comes when that has passed. Go's
    /// `t.Reset`.
    ///
    /// # Panics
    /// If `period` is zero.
    #[track_caller]
    pub fn reset(&self, period: Duration) {
        let (first, period) = schedule(period);
        self.0.set(first, period);
    }

    /// Sends no more ticks, not even one that is due; until it is
    /// [set anew](Self::reset). Go's `t.Stop`.
    pub fn stop(&self) {
        self.0.stop();
    }
}

/// The time of the first tick, and the nanoseconds between two.
#[track_caller]
fn schedule(period: Duration) -> (u64, u64) {
    assert!(
        !period.is_zero(),
        "a ticker without period: it must be longer than zero"
    );
    let nanoseconds = u64::try_from(period.as_nanos()).unwrap_or(u64::MAX);
    (clock::after(period), nanoseconds)
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticker").finish_non_exhaustive()
    }
}
