//! Levels: how many goroutines ran, were ready, waited, at each instant. Each change if
//! there are not too many; else averages over equal stretches of time.

use super::bytes::Bytes;

/// Whoever runs on a processor; runs without one; is ready; waits.
pub(crate) const KINDS: usize = 4;

/// Levels at some instant, or averages.
pub(crate) type Level = [f64; KINDS];

/// From then on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Levels {
    pub(crate) steps: Vec<(u64, Level)>,
    /// Whether the steps are all that happened.
    pub(crate) exact: bool,
}

/// What there is to count: from when to when, and which kind.
pub(crate) type Stretch = (u64, u64, usize);

impl Levels {
    /// Each change. Takes memory for each stretch.
    pub(crate) fn exact(stretches: impl Iterator<Item = Stretch>) -> Levels {
        let mut edges = Vec::new();
        for (start, end, kind) in stretches {
            edges.push((start, kind as u8, 1i8));
            edges.push((end, kind as u8, -1));
        }
        edges.sort_unstable();
        let mut steps: Vec<(u64, Level)> = Vec::new();
        let mut level = [0.0; KINDS];
        for (index, (time, kind, change)) in edges.iter().enumerate() {
            level[usize::from(*kind)] += f64::from(*change);
            let last = edges.get(index + 1).is_none_or(|next| next.0 > *time);
            if last && steps.last().is_none_or(|(_, before)| *before != level) {
                steps.push((*time, level));
            }
        }
        Levels { steps, exact: true }
    }

    /// Averages over so many stretches of time.
    pub(crate) fn averages(
        stretches: impl Iterator<Item = Stretch>,
        end: u64,
        count: usize,
    ) -> Levels {
        let mut sums = Buckets::new(end, count);
        for (start, end, kind) in stretches {
            sums.add(start, end, kind, 1.0);
        }
        Levels {
            steps: sums.averages().collect(),
            exact: false,
        }
    }

    /// Fractions of which the numbers in the page count, their number, and the steps:
    /// the time since the last, and by how much each level is higher.
    pub(crate) fn finish(&self, out: &mut Bytes) {
        let parts = if self.exact { 1.0 } else { 64.0 };
        out.number(parts as u64);
        out.number(self.steps.len() as u64);
        let (mut now, mut before) = (0, [0; KINDS]);
        for (time, level) in &self.steps {
            out.number(time - now);
            now = *time;
            for (value, before) in level.iter().zip(&mut before) {
                let value = (value * parts).round() as i64;
                out.signed(value - *before);
                *before = value;
            }
        }
    }
}

/// Equal stretches of time, and how much of each kind is in them.
#[derive(Debug)]
pub(crate) struct Buckets {
    width: u64,
    end: u64,
    /// What is in some part of a stretch only.
    sums: Vec<Level>,
    /// By how much more there is in all of a stretch than in the one before.
    changes: Vec<Level>,
}

impl Buckets {
    pub(crate) fn new(end: u64, count: usize) -> Buckets {
        let width = end.div_ceil(count as u64).max(1);
        let count = end.div_ceil(width).max(1) as usize;
        Buckets {
            width,
            end,
            sums: vec![[0.0; KINDS]; count],
            changes: vec![[0.0; KINDS]; count + 1],
        }
    }

    /// Takes the same time however long that is.
    pub(crate) fn add(&mut self, start: u64, end: u64, kind: usize, value: f64) {
        let end = end.min(self.end);
        if start >= end {
            return;
        }
        let (first, last) = (start / self.width, end / self.width);
        if first == last {
            self.sums[first as usize][kind] += (end - start) as f64 * value;
            return;
        }
        self.sums[first as usize][kind] += ((first + 1) * self.width - start) as f64 * value;
        self.changes[first as usize + 1][kind] += value;
        self.changes[last as usize][kind] -= value;
        if let Some(sums) = self.sums.get_mut(last as usize) {
            sums[kind] += (end - last * self.width) as f64 * value;
        }
    }

    /// When each begins, and the averages there.
    pub(crate) fn averages(&self) -> impl Iterator<Item = (u64, Level)> {
        let mut whole = [0.0; KINDS];
        let both = self.sums.iter().zip(&self.changes).enumerate();
        both.map(move |(index, (sums, changes))| {
            let start = index as u64 * self.width;
            let time = (self.end.min(start + self.width) - start).max(1) as f64;
            let level = std::array::from_fn(|kind| {
                whole[kind] += changes[kind];
                whole[kind] + sums[kind] / time
            });
            (start, level)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRETCHES: [Stretch; 4] = [(0, 10, 0), (5, 25, 0), (10, 30, 3), (30, 40, 1)];

    #[test]
    fn each_change_is_a_step() {
        let levels = Levels::exact(STRETCHES.into_iter());
        assert_eq!(
            levels.steps,
            [
                (0, [1.0, 0.0, 0.0, 0.0]),
                (5, [2.0, 0.0, 0.0, 0.0]),
                (10, [1.0, 0.0, 0.0, 1.0]),
                (25, [0.0, 0.0, 0.0, 1.0]),
                (30, [0.0, 1.0, 0.0, 0.0]),
                (40, [0.0, 0.0, 0.0, 0.0]),
            ]
        );
    }

    #[test]
    fn averages_are_those_of_the_steps() {
        let levels = Levels::averages(STRETCHES.into_iter(), 40, 2);
        assert_eq!(
            levels.steps,
            [(0, [1.25, 0.0, 0.0, 0.5]), (20, [0.25, 0.5, 0.0, 0.5])]
        );
        // Long and short ones, within one and across many.
        let stretches = [(3, 98, 0), (3, 4, 1), (10, 20, 1), (0, 100, 2), (15, 95, 3)];
        let levels = Levels::averages(stretches.into_iter(), 100, 10);
        for (index, (time, level)) in levels.steps.iter().enumerate() {
            assert_eq!(*time, 10 * index as u64);
            let mut expected = [0.0; KINDS];
            for (start, end, kind) in stretches {
                for instant in *time..time + 10 {
                    expected[kind] += f64::from(start <= instant && instant < end) / 10.0;
                }
            }
            let near = level
                .iter()
                .zip(expected)
                .all(|(a, b)| (a - b).abs() < 1e-9);
            assert!(near, "{time}: {level:?} {expected:?}");
        }
        // The last is shorter.
        let levels = Levels::averages([(0, 50, 0)].into_iter(), 50, 3);
        let sums: Vec<f64> = levels.steps.iter().map(|(_, level)| level[0]).collect();
        assert_eq!(sums, [1.0, 1.0, 1.0]);
    }
}
