//! The benchmark workloads on OS threads, with crossbeam-channel and parking_lot:
//! `bench-threads WORKLOAD` prints nanoseconds per operation. What each does is said
//! in `bench/README.md`.
//!
//! Threads are slow to start and to wake. Where the table below says so a workload is
//! repeated less often; what is repeated is the same.

mod channels;
mod net;
mod tasks;
mod ticker;

use bench_program::Entry::{self, Lacks, Runs};

const MANY: &str = "a million OS threads";

const WORKLOADS: [(&str, Entry); 23] = [
    ("spawn", Runs(tasks::spawn)),
    ("yield", Runs(tasks::yields)),
    ("pingpong", Runs(channels::pingpong)),
    ("ring", Runs(channels::ring)),
    ("spsc", Runs(channels::spsc)),
    ("mpmc", Runs(channels::mpmc)),
    ("select", Runs(channels::selects)),
    ("mutex", Runs(tasks::mutex)),
    ("skynet", Lacks(MANY)),
    ("sleepers", Lacks(MANY)),
    ("memory", Lacks(MANY)),
    ("sieve", Runs(channels::sieve)),
    ("parallel", Runs(tasks::parallel)),
    ("timer-func", Lacks("threads have no timers")),
    ("timer-stop", Lacks("threads have no timers")),
    ("timer-reset", Lacks("threads have no timers")),
    ("timer-pending", Lacks("threads have no timers")),
    ("timer-select", Runs(channels::timeouts)),
    ("echo", Runs(net::echo)),
    ("blockers", Runs(net::blockers)),
    ("ticker", Runs(ticker::alone)),
    ("blockers-ticker", Runs(ticker::beside_blockers)),
    ("hogs", Runs(ticker::beside_hogs)),
];

fn main() {
    bench_program::report(bench_program::chosen(&WORKLOADS)());
    // Without waiting for threads that never end.
    std::process::exit(0);
}

/// Starts a thread that nobody joins.
fn start(f: impl FnOnce() + Send + 'static) {
    let stack = std::thread::Builder::new().stack_size(256 << 10);
    stack.spawn(f).expect("a thread");
}
