//! A ticker of one millisecond, and how late its ticks are beside others.

use bench_program::{Body, hog, tick};
use go_lib::go;
use std::io::PipeWriter;

fn start(body: Body) {
    go!(body);
}

/// Beside nothing.
pub(crate) fn alone() -> f64 {
    tick(go_lib::sleep)
}

/// Beside goroutines that are stuck in `read` on a pipe; announced,
/// since go-lib asks for it.
pub(crate) fn beside_blockers() -> f64 {
    let _writers = block();
    alone()
}

/// Gets goroutines stuck. They are until these are dropped.
pub(crate) fn block() -> Vec<PipeWriter> {
    bench_program::block(
        |body| start(Box::new(|| go_lib::with_syscall(body))),
        go_lib::gosched,
    )
}

/// Beside twice as many endless loops as there are processors.
pub(crate) fn beside_hogs() -> f64 {
    hog(2 * go_lib::gomaxprocs(), start, go_lib::gosched);
    alone()
}
