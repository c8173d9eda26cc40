//! What the benchmark programs of all systems in Rust have in common: how a workload
//! is named, made smaller, timed and reported. It knows no system.
//!
//! A program is called with the name of a workload and prints its figure, a number,
//! on a line of its own. Lines of a word and a number are further figures of the same
//! run. A program that cannot run a workload says why on standard error and fails.

mod echo;
mod hash;
mod lateness;
mod memory;
mod primes;

pub use echo::{CONNECTIONS, REQUEST, ask, report_round_trips, requests, serve};
pub use hash::{BLOCK, hash, speed_up};
pub use lateness::{
    BLOCKERS, Body, PERIOD, block, hog, lateness, report_slowdown, slowdown, tick, ticks,
};
pub use memory::Settling;
pub use primes::prime;

use std::time::Instant;

/// Runs a workload and returns its figure.
pub type Workload = fn() -> f64;

/// What a system does about a workload.
#[derive(Clone, Copy, Debug)]
pub enum Entry {
    /// It runs it.
    Runs(Workload),
    /// It has nothing to run it with, for this reason.
    Lacks(&'static str),
}

/// The workload that the program's first argument names. Ends the process when there
/// is none.
pub fn chosen(workloads: &[(&str, Entry)]) -> Workload {
    let name = std::env::args().nth(1).unwrap_or_default();
    let problem = match workloads.iter().find(|(known, _)| *known == name) {
        Some((_, Entry::Runs(workload))) => return *workload,
        Some((_, Entry::Lacks(reason))) => format!("not applicable: {reason}"),
        None => format!("not applicable: no workload `{name}`"),
    };
    eprintln!("{problem}");
    std::process::exit(1)
}

/// Prints the figure of a workload.
pub fn report(figure: f64) {
    println!("{figure:.3}");
}

/// Prints a further figure of the same run.
pub fn detail(name: &str, figure: f64) {
    println!("{name} {figure:.3}");
}

/// So many operations, times the environment's `BENCH_SCALE`; at least one.
///
/// # Panics
///
/// When the variable is no number.
#[must_use]
pub fn scaled(operations: u64) -> u64 {
    let Ok(scale) = std::env::var("BENCH_SCALE") else {
        return operations;
    };
    let scale: f64 = scale.parse().expect("BENCH_SCALE is a number");
    ((operations as f64 * scale) as u64).max(1)
}

/// Measures `f`, which makes so many operations: nanoseconds for each.
pub fn timed(operations: u64, f: impl FnOnce()) -> f64 {
    let start = Instant::now();
    f();
    per_operation(start, operations)
}

/// Nanoseconds since `start` for each of so many operations.
#[must_use]
pub fn per_operation(start: Instant, operations: u64) -> f64 {
    start.elapsed().as_nanos() as f64 / operations as f64
}
