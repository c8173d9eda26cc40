//! A ticker of one millisecond, and how late its ticks are beside others.

use bench_program::{Body, hog, tick};
use std::io::PipeWriter;

fn start(body: Body) {
    crate::start(body);
}

/// Beside nothing.
pub(crate) fn alone() -> f64 {
    tick(std::thread::sleep)
}

/// Beside threads that are stuck in `read` on a pipe.
pub(crate) fn beside_blockers() -> f64 {
    let _writers = block();
    alone()
}

/// Gets threads stuck. They are until these are dropped.
pub(crate) fn block() -> Vec<PipeWriter> {
    bench_program::block(start, std::thread::yield_now)
}

/// Beside twice as many endless loops as there are CPUs.
pub(crate) fn beside_hogs() -> f64 {
    hog(
        2 * std::thread::available_parallelism().map_or(1, usize::from),
        start,
        std::thread::yield_now,
    );
    alone()
}
