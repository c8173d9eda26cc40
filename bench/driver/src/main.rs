//! Runs the benchmark workloads of all systems side by side, interleaved, and
//! prints medians and ratios. See `bench/README.md`.

mod system;

use clap::Parser;
use system::System;

/// All workloads, in the order of `bench/README.md`.
const WORKLOADS: [&str; 17] = [
    "spawn",
    "yield",
    "pingpong",
    "ring",
    "spsc",
    "mpmc",
    "select",
    "sieve",
    "sleepers",
    "timer-func",
    "timer-stop",
    "timer-reset",
    "timer-pending",
    "timer-select",
    "ticker",
    "blockers-ticker",
    "hogs",
];

/// Run the benchmark workloads of all systems side by side.
#[derive(Debug, Parser)]
struct Arguments {
    /// The workloads to run.
    #[arg(default_values_t = WORKLOADS.map(String::from))]
    workloads: Vec<String>,
    /// Rounds that count, after one to warm up.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

fn main() {
    let arguments = Arguments::parse();
    let systems: Vec<System> = [System::sortie(), System::go()]
        .into_iter()
        .filter_map(|system| match system {
            Ok(system) => Some(system),
            Err(problem) => {
                eprintln!("left out: {problem}");
                None
            }
        })
        .collect();
    println!("{:<16} {}", "ns/op", heading(&systems));
    for workload in &arguments.workloads {
        let mut samples = vec![Vec::new(); systems.len()];
        for round in 0..=arguments.rounds {
            for (system, samples) in systems.iter().zip(&mut samples) {
                let result = system.run(workload);
                if round > 0 {
                    samples.push(result);
                }
            }
        }
        println!("{workload:<16} {}", row(&samples));
    }
}

fn heading(systems: &[System]) -> String {
    let names = systems
        .iter()
        .map(|system| format!("{:>12}", system.name()));
    names.collect::<String>() + "   Go / sortie"
}

/// Medians of all systems, and the ratio of the second to the first.
fn row(samples: &[Vec<Result<f64, String>>]) -> String {
    let medians: Vec<_> = samples.iter().map(|samples| median(samples)).collect();
    let mut text = String::new();
    for median in &medians {
        match median {
            Ok(value) => text += &format!("{value:>12.1}"),
            Err(problem) => text += &format!("{problem:>12}"),
        }
    }
    if let [Ok(ours), Ok(go), ..] = medians[..] {
        text += &format!("   {:>6.2}", go / ours);
    }
    text
}

fn median(samples: &[Result<f64, String>]) -> Result<f64, String> {
    let mut values = samples
        .iter()
        .cloned()
        .collect::<Result<Vec<f64>, String>>()?;
    values.sort_by(f64::total_cmp);
    values
        .get(values.len() / 2)
        .copied()
        .ok_or_else(|| "-".into())
}
