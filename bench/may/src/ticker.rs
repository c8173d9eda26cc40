//! A ticker of one millisecond, and how late its ticks are beside others.

use bench_program::{Body, hog, tick};
use may::{coroutine, go};
use std::io::PipeWriter;

fn start(body: Body) {
    go!(body);
}

/// Beside nothing.
pub(crate) fn alone() -> f64 {
    tick(coroutine::sleep)
}

/// Beside coroutines that are stuck in `read` on a pipe, unannounced.
pub(crate) fn beside_blockers() -> f64 {
    let _writers = block();
    alone()
}

/// Gets coroutines stuck. They are until these are dropped.
pub(crate) fn block() -> Vec<PipeWriter> {
    bench_program::block(start, coroutine::yield_now)
}

/// Beside twice as many endless loops as there are workers.
pub(crate) fn beside_hogs() -> f64 {
    hog(2 * may::config().get_workers(), start, coroutine::yield_now);
    alone()
}
