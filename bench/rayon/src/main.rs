//! The one workload that rayon is made for: `bench-rayon parallel` prints how much
//! faster it is on all CPUs. What it does is said in `bench/README.md`.

use bench_program::Entry::Runs;
use bench_program::{hash, speed_up};
use rayon::prelude::*;

fn main() {
    bench_program::report(bench_program::chosen(&[("parallel", Runs(parallel))])());
}

/// SHA-256 over blocks of 64 MiB: how much faster with a thread for each CPU than with one.
fn parallel() -> f64 {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    speed_up(cpus, |blocks, threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("a pool");
        pool.install(|| {
            (0..blocks)
                .into_par_iter()
                .map(hash)
                .reduce(|| 0, u64::wrapping_add)
        })
    })
}
