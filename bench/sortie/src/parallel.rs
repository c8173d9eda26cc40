//! SHA-256 over blocks of 64 MiB, a goroutine for each: how much faster on all
//! processors than on one.

use bench_program::{hash, speed_up};
use sortie::runtime;

pub(crate) fn run() -> f64 {
    speed_up(runtime::max_procs(), |blocks, processors| {
        let before = runtime::set_max_procs(processors);
        let workers: Vec<_> = (0..blocks)
            .map(|index| sortie::go(move || hash(index)))
            .collect();
        let hashes = workers.into_iter().map(|worker| worker.join().unwrap());
        let sum = hashes.fold(0, u64::wrapping_add);
        runtime::set_max_procs(before);
        sum
    })
}
