//! The run seen through windows of many sizes, worked out in advance: the definition is
//! that of the report, and the page only shows what it comes to.

use super::bytes::Bytes;
use super::levels::Buckets;
use crate::windows::{Run, each};

/// The sizes, in nanoseconds, from a microsecond to five seconds. The page adds the
/// instant, which is what the levels tell.
pub(crate) const SIZES: [u64; 21] = {
    let mut sizes = [0; 21];
    let (mut index, mut power) = (0, 1_000);
    while index < 21 {
        sizes[index] = power * [1, 2, 5][index % 3];
        index += 1;
        if index.is_multiple_of(3) {
            power *= 10;
        }
    }
    sizes
};

/// Windows that are told of one by one, at most; beyond, averages over so many stretches.
const ONE_BY_ONE: usize = 1024;

/// What a size comes to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sight {
    pub(crate) size: u64,
    /// How many windows there are.
    pub(crate) windows: u64,
    /// Goroutines that ran in a window: of all windows together, and at most.
    pub(crate) ran: u64,
    pub(crate) most: u64,
    /// Pairs, of all windows together.
    pub(crate) together: u64,
    pub(crate) overlapped: u64,
    /// Of each window, how many ran, and pairs that overlapped; if there are few.
    pub(crate) each: Vec<(u64, u64)>,
    /// Else how many ran, on average, over equal stretches.
    pub(crate) average: Vec<f64>,
}

impl Sight {
    pub(crate) fn of(runs: &[Run], end: u64, size: u64) -> Sight {
        let mut sight = Sight {
            size,
            ..Sight::default()
        };
        let few = end.div_ceil(size) <= ONE_BY_ONE as u64;
        let mut buckets = Buckets::new(end, ONE_BY_ONE);
        each(runs, end, size, |window, count| {
            let ran = window.ran as u64;
            sight.windows += count;
            sight.ran += ran * count;
            sight.most = sight.most.max(ran);
            sight.together = sight
                .together
                .saturating_add(window.together.saturating_mul(count));
            sight.overlapped = sight
                .overlapped
                .saturating_add(window.overlapped.saturating_mul(count));
            if few {
                let one = (ran, window.overlapped);
                sight.each.extend((0..count).map(|_| one));
            } else {
                let stop = window.start + count * size;
                buckets.add(window.start, stop, 0, ran as f64);
            }
        });
        if !few {
            sight.average = buckets.averages().map(|(_, level)| level[0]).collect();
        }
        sight
    }

    pub(crate) fn finish(&self, out: &mut Bytes) {
        for number in [
            self.size,
            self.windows,
            self.ran,
            self.most,
            self.together,
            self.overlapped,
            self.each.len() as u64,
        ] {
            out.number(number);
        }
        for (ran, overlapped) in &self.each {
            out.number(*ran);
            out.number(*overlapped);
        }
        out.number(self.average.len() as u64);
        for value in &self.average {
            out.number((value * 64.0).round() as u64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_go_to_five_seconds() {
        assert_eq!(SIZES[..4], [1_000, 2_000, 5_000, 10_000]);
        assert_eq!(SIZES[20], 5_000_000_000);
    }

    #[test]
    fn two_that_take_turns_seem_parallel_through_large_windows_only() {
        let runs: Vec<Run> = (0..100)
            .map(|index| Run {
                start: index * 1000,
                end: index * 1000 + 900,
                goroutine: index as u32 % 2,
                processor: 0,
            })
            .collect();
        let small = Sight::of(&runs, 100_000, 1000);
        assert_eq!((small.windows, small.ran, small.together), (100, 100, 0));
        assert_eq!(small.each, [(1, 0); 100]);
        let large = Sight::of(&runs, 100_000, 2000);
        assert_eq!((large.windows, large.together), (50, 50));
        assert_eq!((large.overlapped, large.most), (0, 2));
        let tiny = Sight::of(&runs, 100_000, 10);
        assert!(tiny.each.is_empty());
        assert_eq!(tiny.windows, 10_000);
        let mean = tiny.average.iter().sum::<f64>() / tiny.average.len() as f64;
        assert!((mean - 0.9).abs() < 0.01, "{mean}");
    }
}
