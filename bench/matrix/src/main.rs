//! Channels between plain OS threads: sortie against crossbeam-channel, on the
//! latter's own matrix. Rounds alternate; medians and their ratio are printed.

mod workloads;

use clap::Parser;
use std::time::Instant;
use workloads::{Capacity, crossbeam, ours};

/// Compare channels between OS threads.
#[derive(Debug, Parser)]
struct Arguments {
    /// Rounds that count, after one to warm up.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Messages of a round.
    #[arg(long, default_value_t = 1_000_000)]
    messages: usize,
    /// The N of `bounded(N)`, if it is not the number of messages.
    #[arg(long)]
    capacity: Option<usize>,
    /// Only this library, for tools that look at the process: `sortie` or `crossbeam`.
    #[arg(long, value_parser = LIBRARIES)]
    only: Option<String>,
    /// Only workloads whose name contains this.
    #[arg(default_value = "")]
    filter: String,
}

/// Their names, in the order of a row.
const LIBRARIES: [&str; 2] = ["sortie", "crossbeam"];

type Workload = fn(Capacity, usize);

/// A name, and the workload on either library.
type Row = (&'static str, Workload, Workload);

const ROWS: [Row; 6] = [
    ("seq", ours::seq, crossbeam::seq),
    ("spsc", ours::spsc, crossbeam::spsc),
    ("mpsc", ours::mpsc, crossbeam::mpsc),
    ("mpmc", ours::mpmc, crossbeam::mpmc),
    ("select_rx", ours::select_rx, crossbeam::select_rx),
    ("select_both", ours::select_both, crossbeam::select_both),
];

fn main() {
    let arguments = Arguments::parse();
    let large = arguments.messages;
    let columns: [(&str, Capacity); 4] = [
        ("bounded(0)", Some(0)),
        ("bounded(1)", Some(1)),
        ("bounded(N)", arguments.capacity.or(Some(large))),
        ("unbounded", None),
    ];
    println!(
        "{:<24}{:>10}{:>12}{:>20}",
        "ns/message", "sortie", "crossbeam", "crossbeam / sortie"
    );
    for (name, ours, theirs) in ROWS {
        for (column, capacity) in columns {
            let label = format!("{name} {column}");
            // On one thread a message needs room.
            if name == "seq" && capacity == Some(0) || !label.contains(&arguments.filter) {
                continue;
            }
            let mut times = [Vec::new(), Vec::new()];
            for round in 0..=arguments.rounds {
                for (library, workload) in [ours, theirs].iter().enumerate() {
                    let only = arguments.only.as_deref();
                    if only.is_some_and(|only| only != LIBRARIES[library]) {
                        continue;
                    }
                    let start = Instant::now();
                    workload(capacity, arguments.messages);
                    if round > 0 {
                        times[library]
                            .push(start.elapsed().as_nanos() as f64 / arguments.messages as f64);
                    }
                }
            }
            let [ours, theirs] = times.map(median);
            println!(
                "{label:<24}{ours:>10.1}{theirs:>12.1}{:>20.2}",
                theirs / ours
            );
        }
    }
}

/// None, of a library that was left out, is not a number.
fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}
