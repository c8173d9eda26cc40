//! What an observer sees who looks at a run through a window of time: goroutines that
//! ran in the same window seem to have run in parallel. The smaller the window, the
//! closer that comes to what really ran at the same instant.

use crate::model::{Model, State};
use rustc_hash::FxHashSet;

/// What is seen through one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// When it begins.
    pub start: u64,
    /// Goroutines that ran in it.
    pub ran: usize,
    /// Pairs of them: as seen through it, they ran in parallel.
    pub together: u64,
    /// Pairs that ran at the same instant.
    pub overlapped: u64,
}

/// A goroutine runs on a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// When it begins.
    pub start: u64,
    /// When it ends.
    pub end: u64,
    /// Its index in the model's list.
    pub goroutine: u32,
    /// The processor.
    pub processor: u32,
}

/// All of a run, in order of their begin.
pub fn runs(model: &Model) -> Vec<Run> {
    let mut runs = Vec::new();
    for (index, g) in model.goroutines.iter().enumerate() {
        runs.extend(g.spans.iter().filter_map(|span| match span.state {
            State::Running {
                processor: Some(processor),
                ..
            } => Some(Run {
                start: span.start,
                end: span.end,
                goroutine: index as u32,
                processor,
            }),
            _ => None,
        }));
    }
    runs.sort_unstable_by_key(|run| (run.start, run.end, run.goroutine));
    runs
}

/// Looks at a run through windows of `size` nanoseconds, one after the other.
pub fn windows(model: &Model, size: u64) -> Vec<Window> {
    let size = size.max(1);
    let mut all = Vec::new();
    each(&runs(model), model.end, size, |window, count| {
        all.extend((0..count).map(|index| Window {
            start: window.start + index * size,
            ..window.clone()
        }));
    });
    all
}

/// The same, for runs in order of their begin. Tells of windows that follow each other
/// and see the same only once, with their number: so this takes as long as there are
/// runs, however small the windows are.
pub fn each(runs: &[Run], end: u64, size: u64, mut tell: impl FnMut(&Window, u64)) {
    let size = size.max(1);
    let mut coming = runs;
    let mut going: Vec<Run> = Vec::new();
    let mut ran = FxHashSet::default();
    let mut overlapped = FxHashSet::default();
    let mut start = 0;
    while start < end {
        let stop = start.saturating_add(size).min(end);
        going.retain(|run| run.end > start);
        ran.clear();
        overlapped.clear();
        let mut see = |run: &Run, others: &[Run]| {
            ran.insert(run.goroutine);
            for other in others {
                if other.goroutine != run.goroutine {
                    let (a, b) = (run.goroutine, other.goroutine);
                    overlapped.insert((a.min(b), a.max(b)));
                }
            }
        };
        for (index, run) in going.iter().enumerate() {
            see(run, &going[..index]);
        }
        // Until when nothing changes.
        let ends = going.iter().map(|run| run.end).min().unwrap_or(end);
        let begins = coming.first().map_or(end, |run| run.start);
        while let Some((run, rest)) = coming.split_first()
            && run.start < stop
        {
            going.retain(|other| other.end > run.start);
            see(run, &going);
            going.push(*run);
            coming = rest;
        }
        let count = ran.len() as u64;
        let alike = (ends.min(begins).min(end).saturating_sub(start) / size).max(1);
        tell(
            &Window {
                start,
                ran: ran.len(),
                together: count * count.saturating_sub(1) / 2,
                overlapped: overlapped.len() as u64,
            },
            alike,
        );
        start = start.saturating_add(alike.saturating_mul(size)).min(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, as simply as possible.
    fn plainly(runs: &[Run], end: u64, size: u64) -> Vec<Window> {
        let mut all = Vec::new();
        let mut start = 0;
        while start < end {
            let stop = (start + size).min(end);
            let inside: Vec<Run> = runs
                .iter()
                .filter(|run| run.start < stop && run.end > start)
                .map(|run| Run {
                    start: run.start.max(start),
                    end: run.end.min(stop),
                    ..*run
                })
                .collect();
            let mut ran = std::collections::BTreeSet::new();
            let mut pairs = std::collections::BTreeSet::new();
            for a in &inside {
                ran.insert(a.goroutine);
                for b in &inside {
                    if a.goroutine < b.goroutine && a.start < b.end && b.start < a.end {
                        pairs.insert((a.goroutine, b.goroutine));
                    }
                }
            }
            let count = ran.len() as u64;
            all.push(Window {
                start,
                ran: ran.len(),
                together: count * count.saturating_sub(1) / 2,
                overlapped: pairs.len() as u64,
            });
            start = stop;
        }
        all
    }

    #[test]
    fn windows_are_as_defined() {
        let mut seed = 1u64;
        let mut random = move |below: u64| {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for _ in 0..300 {
            let end = 1 + random(200);
            let mut runs = Vec::new();
            for processor in 0..1 + random(3) as u32 {
                let mut now = random(60);
                while now < end {
                    let stop = (now + 1 + random(70)).min(end);
                    runs.push(Run {
                        start: now,
                        end: stop,
                        // A goroutine runs on one processor at a time.
                        goroutine: 4 * processor + random(4) as u32,
                        processor,
                    });
                    now = stop + random(3) * random(40);
                }
            }
            runs.sort_unstable_by_key(|run| (run.start, run.end, run.goroutine));
            for size in [1, 2, 3, 7, 10, 50, 199, 1000] {
                let mut seen = Vec::new();
                each(&runs, end, size, |window, count| {
                    seen.extend((0..count).map(|index| Window {
                        start: window.start + index * size,
                        ..window.clone()
                    }));
                });
                assert_eq!(seen, plainly(&runs, end, size), "{runs:?} {end} {size}");
            }
        }
    }

    #[test]
    fn small_windows_of_a_long_run_take_no_longer() {
        let run = |start, end, goroutine| Run {
            start,
            end,
            goroutine,
            processor: 0,
        };
        let runs = [run(0, 1 << 50, 0), run((1 << 50) + 5, 1 << 51, 1)];
        let mut count = 0;
        each(&runs, 1 << 52, 1, |_, alike| count += alike);
        assert_eq!(count, 1 << 52);
    }
}
