//! Time: sleeping, timers, tickers, and functions that run later.
//!
//! | Go | here |
//! |----|------|
//! | `time.Sleep(d)` | [`sleep(d)`](sleep), [`sleep_until`] |
//! | `time.Now()`, `time.Since(t)` | [`Instant::now()`](Instant::now), [`t.elapsed()`](Instant::elapsed) |
//! | `time.NewTimer(d)`, `t.C` | [`Timer::new(d)`](Timer::new), [`t.chan()`](Timer::chan) |
//! | `time.AfterFunc(d, f)` | [`Timer::after_func(d, f)`](Timer::after_func) |
//! | `t.Stop()`, `t.Reset(d)` | [`t.stop()`](Timer::stop), [`t.reset(d)`](Timer::reset) |
//! | `time.NewTicker(d)`, `t.C` | [`Ticker::new(d)`](Ticker::new), [`t.chan()`](Ticker::chan) |
//! | `time.After(d)`, `time.Tick(d)` | [`chan::after(d)`](crate::chan::after), [`chan::tick(d)`](crate::chan::tick) |
//!
//! Everything happens at its time or later, never earlier: as a rule some tens of
//! microseconds later, and on a machine that is busy as much later as it takes.
//!
//! There is no thread for timers. Each processor has its own, which its machine looks
//! after between goroutines, and others when it is busy; if nothing runs, one machine
//! sleeps until the next is due. A million of them are no burden.
//!
//! # Examples
//! A time-out:
//! ```
//! use std::time::Duration;
//! use sortie::chan::{bounded, select};
//! use sortie::time::Timer;
//!
//! sortie::run(|| {
//!     let (_sender, answers) = bounded::<u32>(0);
//!     let timer = Timer::new(Duration::from_millis(5));
//!     select! {
//!         recv(answers) -> answer => println!("{}", answer.unwrap()),
//!         recv(timer.chan()) -> _ => println!("no answer in time"),
//!     }
//! });
//! ```

mod function;
mod ticker;
mod timer;

pub use crate::base::instant::Instant;
pub(crate) use function::start;
pub use ticker::Ticker;
pub use timer::Timer;

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
    if !duration.is_zero() {
        park::sleep_until(clock::after(duration), place());
    }
}

/// Waits until `when`, or a little longer. Returns at once if that has passed.
///
/// # Blocking
/// Parks the calling goroutine, or blocks the calling OS thread.
///
/// # Examples
/// Ten times a second, however long each turn takes:
/// ```
/// use std::time::Duration;
/// use sortie::time::{self, Instant};
///
/// sortie::run(|| {
///     let mut next = Instant::now();
///     for _ in 0..3 {
///         next += Duration::from_millis(100);
///         time::sleep_until(next);
///         assert!(Instant::now() >= next);
///     }
/// });
/// ```
#[track_caller]
pub fn sleep_until(when: Instant) {
    let deadline = when.on_clock();
    if deadline > clock::now() {
        park::sleep_until(deadline, place());
    }
}

/// Why and where the caller's caller sleeps.
#[track_caller]
fn place() -> Place {
    Place {
        reason: WaitReason::Sleep,
        location: Location::caller(),
        origin: None,
    }
}
