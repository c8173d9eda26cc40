//! CPU-bound goroutines, on one processor and on as many as there are CPUs.
//!
//! The same concurrent code runs sequentially or in parallel: that depends on
//! GOMAXPROCS and the machine, not on the code. On two CPUs the second run takes
//! about half as long.

use sortie::runtime;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Counts, as work that keeps a CPU busy. Now and then it lets others run: a loop
/// that never reaches the runtime is allowed too, but after ten milliseconds it
/// keeps its thread and loses its processor to others, so that even GOMAXPROCS=1
/// could not hold it to one CPU.
fn count_numbers(id: usize) -> u64 {
    let start = Instant::now();
    let mut count = 0u64;
    for _ in 0..1000 {
        for _ in 0..300_000 {
            count = black_box(count + 1);
        }
        sortie::yield_now();
    }
    println!(
        "  counter #{id}: counted to {count} in {:.0?}",
        start.elapsed()
    );
    count
}

/// Runs one counter per CPU on so many processors.
fn measure(processors: usize) -> Duration {
    runtime::set_max_procs(processors);
    println!("GOMAXPROCS: {}", runtime::max_procs());
    let start = Instant::now();
    sortie::scope(|s| {
        for id in 0..runtime::num_cpu() {
            s.go(move || count_numbers(id));
        }
    });
    let elapsed = start.elapsed();
    println!("  all counting complete in {elapsed:.0?}");
    elapsed
}

#[sortie::main]
fn main() {
    let cpus = runtime::num_cpu();
    println!("number of CPUs: {cpus}");
    let one = measure(1);
    let all = measure(cpus);
    println!("speed-up: {:.2}", one.as_secs_f64() / all.as_secs_f64());
}
