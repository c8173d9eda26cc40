//! The benchmark workloads on tokio: `bench-tokio WORKLOAD` prints nanoseconds per
//! operation. What each does is said in `bench/README.md`.
//!
//! The multi-threaded runtime with as many workers as there are CPUs. The main future
//! is a task too, since one that `block_on` runs is on a thread apart from the workers.

mod channels;
mod net;
mod tasks;
mod ticker;

use bench_program::Entry::{self, Lacks, Runs};
use std::future::Future;

const WORKLOADS: [(&str, Entry); 23] = [
    ("spawn", Runs(|| on_runtime(tasks::spawn()))),
    ("yield", Runs(|| on_runtime(tasks::yields()))),
    ("pingpong", Runs(|| on_runtime(channels::pingpong()))),
    ("ring", Runs(|| on_runtime(channels::ring()))),
    ("spsc", Runs(|| on_runtime(channels::spsc()))),
    ("mpmc", Runs(|| on_runtime(channels::mpmc()))),
    ("select", Runs(|| on_runtime(channels::selects()))),
    ("mutex", Runs(|| on_runtime(tasks::mutex()))),
    ("skynet", Runs(|| on_runtime(tasks::skynet()))),
    ("sleepers", Runs(|| on_runtime(tasks::sleepers()))),
    ("memory", Runs(|| on_runtime(tasks::memory()))),
    ("sieve", Runs(|| on_runtime(channels::sieve()))),
    ("parallel", Runs(tasks::parallel)),
    ("timer-func", Lacks("tokio's timers call no functions")),
    ("timer-stop", Lacks("tokio's timers call no functions")),
    ("timer-reset", Lacks("tokio's timers call no functions")),
    ("timer-pending", Lacks("tokio's timers call no functions")),
    ("timer-select", Runs(|| on_runtime(channels::timeouts()))),
    ("echo", Runs(|| on_runtime(net::echo()))),
    ("blockers", Runs(|| on_runtime(net::blockers()))),
    ("ticker", Runs(|| on_runtime(ticker::alone()))),
    (
        "blockers-ticker",
        Runs(|| on_runtime(ticker::beside_blockers())),
    ),
    ("hogs", Runs(|| on_runtime(ticker::beside_hogs()))),
];

fn main() {
    let workload = bench_program::chosen(&WORKLOADS);
    bench_program::report(workload());
    // Without waiting for tasks and threads that never end.
    std::process::exit(0);
}

fn runtime(workers: usize) -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
        .expect("a runtime")
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs a workload as a task, on one worker for each CPU.
fn on_runtime(workload: impl Future<Output = f64> + Send + 'static) -> f64 {
    let runtime = runtime(workers());
    let figure = runtime.block_on(async { tokio::spawn(workload).await.expect("no panic") });
    runtime.shutdown_background();
    figure
}
