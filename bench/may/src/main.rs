//! The benchmark workloads on may: `bench-may WORKLOAD` prints nanoseconds per
//! operation. What each does is said in `bench/README.md`.
//!
//! Workers and stacks are may's default: a worker for each CPU, pinned to it.

mod channels;
mod net;
mod tasks;
mod ticker;

use bench_program::Entry::{self, Lacks, Runs};

const WORKLOADS: [(&str, Entry); 23] = [
    ("spawn", Runs(tasks::spawn)),
    ("yield", Runs(tasks::yields)),
    ("pingpong", Runs(channels::pingpong)),
    ("ring", Runs(channels::ring)),
    ("spsc", Runs(channels::spsc)),
    ("mpmc", Runs(channels::mpmc)),
    ("select", Runs(channels::selects)),
    ("mutex", Runs(tasks::mutex)),
    ("skynet", Runs(tasks::skynet)),
    ("sleepers", Runs(tasks::sleepers)),
    ("memory", Runs(tasks::memory)),
    (
        "sieve",
        Lacks("no channel is bounded, so what makes numbers fills memory"),
    ),
    ("parallel", Lacks("the number of workers is fixed")),
    ("timer-func", Lacks("may has no timers but time-outs")),
    ("timer-stop", Lacks("may has no timers but time-outs")),
    ("timer-reset", Lacks("may has no timers but time-outs")),
    ("timer-pending", Lacks("may has no timers but time-outs")),
    (
        "timer-select",
        Lacks("no channel is bounded, so nobody waits"),
    ),
    ("echo", Runs(net::echo)),
    ("blockers", Runs(net::blockers)),
    ("ticker", Runs(ticker::alone)),
    ("blockers-ticker", Runs(ticker::beside_blockers)),
    ("hogs", Runs(ticker::beside_hogs)),
];

fn main() {
    let workload = bench_program::chosen(&WORKLOADS);
    let figure = may::go!(workload).join().expect("no panic");
    bench_program::report(figure);
    // Without waiting for coroutines that never end.
    std::process::exit(0);
}
