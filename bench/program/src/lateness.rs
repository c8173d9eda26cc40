//! How late the ticks of a ticker are, and what is beside it: blocked calls, endless loops.

use crate::{detail, scaled};
use std::hint::black_box;
use std::io::{PipeWriter, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Of the ticker.
pub const PERIOD: Duration = Duration::from_millis(1);

/// How many calls are stuck.
pub const BLOCKERS: usize = 64;

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

/// A ticker that sleeps until its next tick is due, and its [lateness].
///
/// The schedule is fixed: after a tick that was late by more than a period the ones that
/// have become due meanwhile follow at once, each late by its own measure.
pub fn tick(sleep: impl Fn(Duration)) -> f64 {
    let ticks = ticks();
    let mut late = Vec::with_capacity(ticks);
    let mut due = Instant::now() + PERIOD;
    while late.len() < ticks {
        sleep(due.saturating_duration_since(Instant::now()));
        late.push(due.elapsed());
        due += PERIOD;
    }
    lateness(late)
}

/// What a system is to run beside others.
pub type Body = Box<dyn FnOnce() + Send>;

/// Gets some calls of `read` on a pipe stuck: until what is returned is dropped. Pauses
/// until all have begun.
///
/// # Panics
///
/// When there are no pipes.
pub fn block(start: impl Fn(Body), pause: impl Fn()) -> Vec<PipeWriter> {
    static ENTERING: AtomicUsize = AtomicUsize::new(0);
    let mut writers = Vec::new();
    for _ in 0..BLOCKERS {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        writers.push(writer);
        start(Box::new(move || {
            ENTERING.fetch_add(1, Ordering::AcqRel);
            let _ = reader.read(&mut [0]);
        }));
    }
    while ENTERING.load(Ordering::Acquire) < BLOCKERS {
        pause();
    }
    writers
}

/// Starts so many endless loops, and pauses until all have begun.
pub fn hog(count: usize, start: impl Fn(Body), pause: impl Fn()) {
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    for _ in 0..count {
        start(Box::new(|| {
            RUNNING.fetch_add(1, Ordering::AcqRel);
            let mut count = 0u64;
            loop {
                count = black_box(count).wrapping_add(1);
            }
        }));
    }
    while RUNNING.load(Ordering::Acquire) < count {
        pause();
    }
}

/// How many times slower the ring is beside calls that are stuck, which `block` returns. It
/// runs once before that counts.
pub fn slowdown<B>(ring: impl Fn() -> f64, block: impl FnOnce() -> B) -> f64 {
    ring();
    let alone = ring();
    let blocked = block();
    let beside = ring();
    drop(blocked);
    report_slowdown(alone, beside)
}

/// The quotient; reports both.
#[must_use]
pub fn report_slowdown(alone: f64, beside: f64) -> f64 {
    detail("ring_alone", alone);
    detail("ring_beside", beside);
    beside / alone
}
