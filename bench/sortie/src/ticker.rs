//! A ticker of one millisecond, and how late its ticks are beside others.

use bench_program::{Body, hog, tick};
use std::io::PipeWriter;

fn start(body: Body) {
    drop(sortie::go(body));
}

/// Beside nothing.
pub(crate) fn alone() -> f64 {
    tick(sortie::sleep)
}

/// Beside goroutines that are stuck in `read` on a pipe, unannounced.
pub(crate) fn beside_blockers() -> f64 {
    let _writers = block();
    alone()
}

/// Gets goroutines stuck. They are until these are dropped.
pub(crate) fn block() -> Vec<PipeWriter> {
    bench_program::block(start, sortie::yield_now)
}

/// Beside twice as many endless loops as there are processors.
pub(crate) fn beside_hogs() -> f64 {
    hog(2 * sortie::runtime::max_procs(), start, sortie::yield_now);
    alone()
}
