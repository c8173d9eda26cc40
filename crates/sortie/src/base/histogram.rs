//! A histogram of times: four buckets for each power of two.
//!
//! Counts have one writer at a time, and readers at any time, as the other counters
//! of a processor: no locked instruction.

use super::atomic::{AtomicU64, Ordering};
use std::ops::Range;

/// The first bucket ends at two to this power, in nanoseconds.
const FIRST: u32 = 6;
/// The last one begins there: 17 seconds.
const LAST: u32 = 34;
/// Two to this power buckets for each power of two.
const DETAIL: u32 = 2;

/// How many buckets there are.
pub(crate) const BUCKETS: usize = 2 + (((LAST - FIRST) as usize) << DETAIL);

/// The bucket of a time.
pub(crate) fn bucket(nanoseconds: u64) -> usize {
    if nanoseconds >> FIRST == 0 {
        return 0;
    }
    let power = nanoseconds.ilog2();
    if power >= LAST {
        return BUCKETS - 1;
    }
    let detail = (nanoseconds >> (power - DETAIL)) as usize & ((1 << DETAIL) - 1);
    1 + (((power - FIRST) as usize) << DETAIL) + detail
}

/// The times of a bucket, in nanoseconds.
pub(crate) fn bounds(bucket: usize) -> Range<u64> {
    let start = |bucket: usize| {
        let index = bucket - 1;
        let power = FIRST + (index >> DETAIL) as u32;
        let detail = (index & ((1 << DETAIL) - 1)) as u64;
        (1 << power) + (detail << (power - DETAIL))
    };
    match bucket {
        0 => 0..1 << FIRST,
        last if last >= BUCKETS - 1 => 1 << LAST..u64::MAX,
        other => start(other)..start(other + 1),
    }
}

/// The counts.
#[derive(Debug)]
pub(crate) struct Counts([AtomicU64; BUCKETS]);

impl Counts {
    pub(crate) const fn new() -> Self {
        Counts([const { AtomicU64::new(0) }; BUCKETS])
    }

    /// Counts a time so many times. One caller at a time.
    pub(crate) fn add(&self, nanoseconds: u64, times: u64) {
        let count = &self.0[bucket(nanoseconds)];
        let sum = count.load(Ordering::Relaxed).wrapping_add(times);
        count.store(sum, Ordering::Relaxed);
    }

    /// Adds what was counted to `sums`.
    pub(crate) fn add_to(&self, sums: &mut [u64; BUCKETS]) {
        for (sum, count) in sums.iter_mut().zip(&self.0) {
            *sum += count.load(Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_meet_and_hold_their_times() {
        let mut end = 0;
        for index in 0..BUCKETS {
            let Range { start, end: next } = bounds(index);
            assert_eq!(start, end, "bucket {index}");
            assert!(start < next);
            assert_eq!(bucket(start), index);
            assert_eq!(bucket(next - 1), index);
            end = next;
        }
        assert_eq!(end, u64::MAX);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn a_bucket_is_a_quarter_wide_at_most() {
        for index in 1..BUCKETS - 1 {
            let Range { start, end } = bounds(index);
            assert!((end - start) * 4 <= start, "{start}..{end}");
        }
    }

    #[test]
    fn counts_add_up() {
        let counts = Counts::new();
        counts.add(100, 3);
        counts.add(5_000_000, 2);
        let mut sums = [1; BUCKETS];
        counts.add_to(&mut sums);
        assert_eq!(sums[bucket(100)], 4);
        assert_eq!(sums[bucket(5_000_000)], 3);
        assert_eq!(sums.iter().sum::<u64>(), 5 + BUCKETS as u64);
    }
}
