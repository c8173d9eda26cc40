//! Points in time, by the runtime's clock.

use super::clock::{self, NEVER};
use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::sync::OnceLock;
use std::time::{Duration, Instant as StdInstant};

/// A point in time by the runtime's clock, which never goes back: Go's `time.Time` as
/// far as it is a monotonic clock's.
///
/// It has the methods of [`std::time::Instant`], and can be turned into one and made
/// of one. There and back is the same; between the two clocks there may be up to a
/// microsecond.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use sortie::time::{self, Instant};
///
/// sortie::run(|| {
///     let start = Instant::now();
///     time::sleep(Duration::from_millis(2));
///     assert!(start.elapsed() >= Duration::from_millis(2));
///
///     let later = start + Duration::from_secs(1);
///     assert_eq!(later - start, Duration::from_secs(1));
///     assert_eq!(Instant::from(std::time::Instant::from(later)), later);
/// });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(
    /// Nanoseconds since the clock's zero, or before it.
    i64,
);

impl Instant {
    /// The present.
    #[must_use]
    pub fn now() -> Self {
        Instant::from_clock(clock::now())
    }

    /// How much later it is than `earlier`; zero if it is not.
    #[must_use]
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }

    /// How much later it is than `earlier`; `None` if it is not.
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        (*self >= earlier).then(|| Duration::from_nanos(self.0.abs_diff(earlier.0)))
    }

    /// How much later it is than `earlier`; zero if it is not.
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.checked_duration_since(earlier).unwrap_or_default()
    }

    /// How much later it is now; zero if it is in the future.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Instant::now().duration_since(*self)
    }

    /// That much later; `None` if that is beyond the clock's range of 292 years.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        let nanoseconds = u64::try_from(duration.as_nanos()).ok()?;
        self.0.checked_add_unsigned(nanoseconds).map(Instant)
    }

    /// That much earlier; `None` if that is beyond the clock's range.
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        let nanoseconds = u64::try_from(duration.as_nanos()).ok()?;
        self.0.checked_sub_unsigned(nanoseconds).map(Instant)
    }

    /// A time that the clock has shown, or will show.
    pub(crate) fn from_clock(time: u64) -> Self {
        Instant(i64::try_from(time).unwrap_or(i64::MAX))
    }

    /// The time on the clock, as a deadline: the last one that there is never comes;
    /// and it is never 0, which means "now or not at all".
    pub(crate) fn on_clock(self) -> u64 {
        match self.0 {
            i64::MAX => NEVER,
            time => u64::try_from(time).unwrap_or(0).max(1),
        }
    }
}

/// # Panics
/// If the result is beyond the clock's range.
impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        self.checked_add(duration)
            .expect("overflow when adding duration to instant")
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

/// # Panics
/// If the result is beyond the clock's range.
impl Sub<Duration> for Instant {
    type Output = Instant;

    fn sub(self, duration: Duration) -> Instant {
        self.checked_sub(duration)
            .expect("overflow when subtracting duration from instant")
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

/// How much later the first is than the second; zero if it is not.
impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.duration_since(earlier)
    }
}

impl From<StdInstant> for Instant {
    fn from(instant: StdInstant) -> Self {
        let (start, clock) = origin();
        let nanoseconds = |duration: Duration| i64::try_from(duration.as_nanos());
        Instant(match instant.checked_duration_since(start) {
            Some(after) => clock.saturating_add(nanoseconds(after).unwrap_or(i64::MAX)),
            None => clock.saturating_sub(nanoseconds(start - instant).unwrap_or(i64::MAX)),
        })
    }
}

impl From<Instant> for StdInstant {
    fn from(instant: Instant) -> Self {
        let (start, clock) = origin();
        let apart = Duration::from_nanos(instant.0.abs_diff(clock));
        if instant.0 >= clock {
            start + apart
        } else {
            start - apart
        }
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let apart = Duration::from_nanos(self.0.unsigned_abs());
        write!(f, "Instant({sign}{apart:?})")
    }
}

/// The moment at which the process first asked, on both clocks; to convert.
fn origin() -> (StdInstant, i64) {
    /// Nanoseconds within which two readings of the clocks are one moment.
    const CLOSE: u64 = 1000;
    static ORIGIN: OnceLock<(StdInstant, i64)> = OnceLock::new();
    *ORIGIN.get_or_init(|| {
        // The thread may lose its CPU between the two, and all times would be off by
        // that for ever. So they are read until they are close to each other. The
        // clock comes second: nothing may happen before its time.
        let both = || {
            let before = clock::now();
            let instant = StdInstant::now();
            let after = clock::now();
            (after - before, (instant, after as i64))
        };
        let mut best = both();
        for _ in 0..100 {
            if best.0 < CLOSE {
                break;
            }
            let next = both();
            if next.0 < best.0 {
                best = next;
            }
        }
        best.1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_that_of_std() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        assert_eq!((now + second) - now, second);
        assert_eq!(now - second + second, now);
        assert_eq!(now - (now + second), Duration::ZERO);
        assert_eq!(now.checked_duration_since(now + second), None);
        assert_eq!(now.checked_add(Duration::MAX), None);
        assert_eq!(now.checked_sub(Duration::MAX), None);
        let mut moved = now;
        moved += second;
        assert!(moved > now);
        moved -= second;
        assert_eq!(moved, now);
        assert!(now.elapsed() <= Instant::now() - now);
    }

    #[test]
    fn there_may_be_a_time_before_the_clocks_zero() {
        let early = Instant(0) - Duration::from_millis(1500);
        assert_eq!(format!("{early:?}"), "Instant(-1.5s)");
        assert_eq!(early.on_clock(), 1);
        assert_eq!(Instant::from(StdInstant::from(early)), early);
    }

    #[test]
    fn conversions_are_close_and_nothing_is_too_early() {
        for _ in 0..1000 {
            let standard = StdInstant::now();
            let converted = Instant::from(standard);
            assert!(converted <= Instant::now() + Duration::from_micros(50));
            assert_eq!(StdInstant::from(converted), standard);
        }
    }

    #[test]
    fn far_times_are_cut_off() {
        let far = StdInstant::now() + Duration::from_secs(400 * 365 * 86_400);
        assert_eq!(Instant::from(far), Instant(i64::MAX));
        assert_eq!(Instant::from_clock(NEVER), Instant(i64::MAX));
        assert_eq!(Instant::from(far).on_clock(), NEVER);
    }
}
