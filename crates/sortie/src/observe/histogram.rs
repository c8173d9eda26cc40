//! A histogram of times, for whoever asks.

use crate::base::histogram::{BUCKETS, Counts, bounds};
use std::fmt;
use std::ops::Range;
use std::time::Duration;

/// How often which time passed: four buckets for each power of two from 64
/// nanoseconds to 17 seconds, so that a time is known to a quarter.
///
/// Go's `runtime/metrics.Float64Histogram`.
///
/// # Examples
/// ```
/// # sortie::run(|| {
/// let before = sortie::runtime::metrics().sched_latency;
/// for _ in 0..1_000 {
///     sortie::go(|| ()).join().unwrap();
/// }
/// let after = sortie::runtime::metrics().sched_latency;
/// let latency = after.since(&before);
/// if let Some(p99) = latency.quantile(0.99) {
///     println!("ready goroutines ran within {p99:?}, 99 times of 100");
/// }
/// # });
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram(Box<[u64; BUCKETS]>);

impl Histogram {
    pub(crate) fn sum<'a>(all: impl Iterator<Item = &'a Counts>) -> Self {
        let mut sums = Box::new([0; BUCKETS]);
        for counts in all {
            counts.add_to(&mut sums);
        }
        Histogram(sums)
    }

    /// How many times were counted.
    pub fn count(&self) -> u64 {
        self.0.iter().sum()
    }

    /// The buckets in which there is anything: times from the start of the range up to
    /// its end, and how many.
    pub fn buckets(&self) -> impl Iterator<Item = (Range<Duration>, u64)> + '_ {
        let filled = self.0.iter().enumerate().filter(|(_, count)| **count != 0);
        filled.map(|(index, &count)| {
            let Range { start, end } = bounds(index);
            let range = Duration::from_nanos(start)..Duration::from_nanos(end);
            (range, count)
        })
    }

    /// The time below which this share of all is, at most: the end of its bucket, or its
    /// start if that is the last. `None` if nothing was counted.
    ///
    /// # Panics
    /// If `quantile` is not from 0 to 1.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        assert!(
            (0.0..=1.0).contains(&quantile),
            "a quantile is from 0 to 1, not {quantile}"
        );
        let wanted = (quantile * self.count() as f64).ceil().max(1.0) as u64;
        let mut sum = 0;
        for (range, count) in self.buckets() {
            sum += count;
            if sum >= wanted {
                let open = range.end == Duration::from_nanos(u64::MAX);
                return Some(if open { range.start } else { range.end });
            }
        }
        None
    }

    /// What was counted after an earlier look.
    pub fn since(&self, earlier: &Histogram) -> Histogram {
        let mut difference = self.clone();
        for (count, before) in difference.0.iter_mut().zip(earlier.0.iter()) {
            *count = count.saturating_sub(*before);
        }
        difference
    }

    /// The buckets by number, and what was counted after an earlier look.
    #[cfg(feature = "metrics")]
    pub(crate) fn middles(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        self.buckets().map(|(range, count)| {
            let end = range.end.min(2 * range.start.max(Duration::from_nanos(32)));
            ((range.start + end).as_secs_f64() / 2.0, count)
        })
    }
}

impl Default for Histogram {
    /// With nothing counted.
    fn default() -> Self {
        Histogram(Box::new([0; BUCKETS]))
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("p50", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.quantile(1.0))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_upper_bounds() {
        let counts = Counts::new();
        assert_eq!(Histogram::sum([&counts].into_iter()).quantile(0.5), None);
        counts.add(1_000, 98);
        let before = Histogram::sum([&counts].into_iter());
        counts.add(1_000_000, 2);
        counts.add(u64::MAX, 0);
        let all = Histogram::sum([&counts].into_iter());
        let close = |quantile, nanoseconds: u64| {
            let found = all.quantile(quantile).unwrap().as_nanos() as u64;
            assert!(
                (nanoseconds..=nanoseconds * 5 / 4).contains(&found),
                "{quantile}: {found}"
            );
        };
        close(0.0, 1_000);
        close(0.98, 1_000);
        close(0.99, 1_000_000);
        close(1.0, 1_000_000);
        assert_eq!(all.count(), 100);
        assert_eq!(all.since(&before).count(), 2);
        assert_eq!(all.since(&before).buckets().count(), 1);
    }

    #[test]
    fn what_took_for_ever_is_not_reported_as_longer() {
        let counts = Counts::new();
        counts.add(u64::MAX / 2, 1);
        let all = Histogram::sum([&counts].into_iter());
        assert_eq!(all.quantile(1.0), Some(Duration::from_nanos(1 << 34)));
    }
}
