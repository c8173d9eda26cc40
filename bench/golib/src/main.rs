//! The benchmark workloads on go-lib: `bench-golib WORKLOAD` prints nanoseconds per
//! operation. What each does is said in `bench/README.md`.

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
    ("sieve", Runs(channels::sieve)),
    ("parallel", Runs(tasks::parallel)),
    ("timer-func", Lacks("go-lib has no timers")),
    ("timer-stop", Lacks("go-lib has no timers")),
    ("timer-reset", Lacks("go-lib has no timers")),
    ("timer-pending", Lacks("go-lib has no timers")),
    ("timer-select", Lacks("go-lib has no timers")),
    ("echo", Runs(net::echo)),
    ("blockers", Runs(net::blockers)),
    ("ticker", Runs(ticker::alone)),
    ("blockers-ticker", Runs(ticker::beside_blockers)),
    ("hogs", Runs(ticker::beside_hogs)),
];

#[go_lib::main]
fn main() {
    bench_program::report(bench_program::chosen(&WORKLOADS)());
    // Without waiting for goroutines that never end.
    std::process::exit(0);
}
