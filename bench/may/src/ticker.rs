//! A ticker of one millisecond, and how late its ticks are beside others.
//!
//! The schedule is fixed: after a tick that was late by more than a period the ones
//! that have become due meanwhile follow at once, each late by its own measure.

use bench_program::PERIOD;
use may::{coroutine, go};
use std::hint::black_box;
use std::io::PipeWriter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const BLOCKERS: usize = 64;

/// Beside nothing.
pub(crate) fn alone() -> f64 {
    lateness()
}

/// Beside coroutines that are stuck in `read` on a pipe, unannounced.
pub(crate) fn beside_blockers() -> f64 {
    let writers = block();
    let late = lateness();
    drop(writers);
    late
}

/// Gets coroutines stuck. They are until these are dropped.
pub(crate) fn block() -> Vec<PipeWriter> {
    static ENTERING: AtomicUsize = AtomicUsize::new(0);
    let mut writers = Vec::new();
    for _ in 0..BLOCKERS {
        let (mut reader, writer) = std::io::pipe().expect("a pipe");
        writers.push(writer);
        go!(move || {
            ENTERING.fetch_add(1, Ordering::AcqRel);
            std::io::Read::read(&mut reader, &mut [0])
        });
    }
    while ENTERING.load(Ordering::Acquire) < BLOCKERS {
        coroutine::yield_now();
    }
    writers
}

/// Beside twice as many endless loops as there are workers.
pub(crate) fn beside_hogs() -> f64 {
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    let hogs = 2 * may::config().get_workers();
    for _ in 0..hogs {
        go!(|| {
            RUNNING.fetch_add(1, Ordering::AcqRel);
            let mut count = 0u64;
            loop {
                count = black_box(count).wrapping_add(1);
            }
        });
    }
    while RUNNING.load(Ordering::Acquire) < hogs {
        coroutine::yield_now();
    }
    lateness()
}

/// How late 99 of 100 ticks are at most, in nanoseconds.
fn lateness() -> f64 {
    let ticks = bench_program::ticks();
    let mut late = Vec::with_capacity(ticks);
    let mut due = Instant::now() + PERIOD;
    while late.len() < ticks {
        coroutine::sleep(due.saturating_duration_since(Instant::now()));
        late.push(due.elapsed());
        due += PERIOD;
    }
    bench_program::lateness(late)
}
