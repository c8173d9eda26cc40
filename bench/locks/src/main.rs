//! Locks: sortie against parking_lot. Rounds alternate; medians and their ratio are
//! printed. parking_lot's locks are for OS threads, sortie's for goroutines too.

mod workloads;

use clap::Parser;
use std::time::Instant;
use workloads::{Family as _, Members, alone, together};

/// Compare locks.
#[derive(Debug, Parser)]
struct Arguments {
    /// Rounds that count, after one to warm up.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How often a round locks.
    #[arg(long, default_value_t = 4_000_000)]
    locks: u64,
    /// Only workloads whose name contains this.
    #[arg(default_value = "")]
    filter: String,
}

type Ours = (sortie::sync::RawMutex, sortie::sync::RawRwLock);
type Theirs = (parking_lot::RawMutex, parking_lot::RawRwLock);

/// A workload, which locks so often.
type Workload = fn(u64);

/// A name, and the workload with sortie on goroutines, if that is different, with
/// sortie on threads, and with parking_lot.
type Row = (&'static str, Option<Workload>, Workload, Workload);

/// A row of a workload that is the same for one goroutine or thread.
macro_rules! alone {
    ($name:literal, $workload:ident) => {
        (
            $name,
            None,
            alone::$workload::<Ours>,
            alone::$workload::<Theirs>,
        )
    };
}

/// A row of a workload for several.
macro_rules! together {
    ($name:literal, $workload:expr) => {
        (
            $name,
            Some(|locks| $workload(Ours::locks(), Members::Goroutines, locks)),
            |locks| $workload(Ours::locks(), Members::Threads, locks),
            |locks| $workload(Theirs::locks(), Members::Threads, locks),
        )
    };
}

const ROWS: &[Row] = &[
    alone!("mutex, alone", mutex),
    alone!("read, alone", read),
    alone!("write, alone", write),
    alone!("upgradable read, alone", upgradable_read),
    together!("mutex, 8", together::mutex),
    together!("mutex, 8, work", together::mutex_and_work),
    together!("read, 8", together::read::<{ u64::MAX }>),
    together!("1 in 100 writes, 8", together::read::<100>),
    together!("1 in 10 writes, 8", together::read::<10>),
];

fn main() {
    let arguments = Arguments::parse();
    println!(
        "{:<24}{:>12}{:>12}{:>14}{:>24}",
        "ns/lock", "goroutines", "threads", "parking_lot", "parking_lot / threads"
    );
    for &(name, goroutines, threads, theirs) in ROWS {
        if !name.contains(&arguments.filter) {
            continue;
        }
        let columns = [goroutines, Some(threads), Some(theirs)];
        let mut times = [const { Vec::new() }; 3];
        for round in 0..=arguments.rounds {
            for (workload, times) in columns.iter().zip(&mut times) {
                let Some(workload) = workload else { continue };
                let start = Instant::now();
                workload(arguments.locks);
                if round > 0 {
                    times.push(start.elapsed().as_nanos() as f64 / arguments.locks as f64);
                }
            }
        }
        let [goroutines, threads, theirs] = times.map(median);
        let goroutines = goroutines.map_or(String::new(), |time| format!("{time:.1}"));
        let (threads, theirs) = (threads.unwrap_or(0.0), theirs.unwrap_or(0.0));
        let ratio = theirs / threads;
        println!("{name:<24}{goroutines:>12}{threads:>12.1}{theirs:>14.1}{ratio:>24.2}");
    }
}

fn median(mut times: Vec<f64>) -> Option<f64> {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}
