//! The benchmark workloads on sortie: `bench-sortie WORKLOAD` prints nanoseconds
//! per operation. What each does is said in `bench/README.md`.

mod channels;
mod spawn;
mod yields;

use std::time::{Duration, Instant};

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let run = match name.as_str() {
        "spawn" => spawn::run,
        "yield" => yields::run,
        "pingpong" => channels::pingpong,
        "ring" => channels::ring,
        "spsc" => channels::spsc,
        "mpmc" => channels::mpmc,
        "select" => channels::selects,
        "sieve" => channels::sieve,
        _ => {
            eprintln!("bench-sortie: no workload `{name}`");
            std::process::exit(1);
        }
    };
    let (operations, time) = sortie::run(run);
    println!("{:.2}", time.as_nanos() as f64 / operations as f64);
}

/// What a workload reports: operations, and how long they took.
type Outcome = (u64, Duration);

/// Measures `f`, which makes so many operations.
fn timed(operations: u64, f: impl FnOnce()) -> Outcome {
    let start = Instant::now();
    f();
    (operations, start.elapsed())
}
