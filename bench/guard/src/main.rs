//! Counts instructions per operation on sortie, and fails when they have grown.
//!
//! Seconds differ from run to run, instructions hardly. They are counted by valgrind's
//! cachegrind, which needs no counters of the processor (virtual machines often have
//! none) and runs one thread at a time; with one processor of the runtime a workload
//! takes the same path each time, to a tenth of a per cent. A workload is run in two
//! sizes: the difference, divided by the difference in operations, leaves out what
//! starting and ending cost.
//!
//! What it does not see: cache misses, locked instructions, system calls, the cost of
//! two processors. Under valgrind FS is set by a system call.

use clap::Parser;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// A workload, its operations at full size, and the smaller of its two sizes.
type Part = (&'static str, f64, f64);

const PARTS: [Part; 14] = [
    ("spawn", 1e6, 0.01),
    ("yield", 2e6, 0.01),
    ("pingpong", 1e6, 0.01),
    ("ring", 1e6, 0.02),
    ("chan-alone", 1e7, 0.005),
    ("spsc", 1e7, 0.005),
    ("mpmc", 4e6, 0.005),
    ("select", 2e6, 0.005),
    ("mutex-alone", 2e7, 0.01),
    ("read-alone", 2e7, 0.01),
    ("timer-stop", 3e6, 0.005),
    ("timer-reset", 1e7, 0.002),
    ("cancel-chain", 1e6, 0.01),
    ("context-timeout", 1e6, 0.005),
];

/// Count instructions per operation, and fail when they have grown.
#[derive(Debug, Parser)]
struct Arguments {
    /// The workloads to count; all that have a baseline, if none is named.
    workloads: Vec<String>,
    /// Write the counts as the new baseline.
    #[arg(long)]
    renew: bool,
    /// By how many per cent a count may be above its baseline.
    #[arg(long, default_value_t = 10.0)]
    tolerance: f64,
    /// The baseline.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.json"))]
    baseline: PathBuf,
    /// The program that has the workloads.
    #[arg(long)]
    program: Option<PathBuf>,
}

fn main() -> ExitCode {
    match guard(&Arguments::parse()) {
        Ok(grown) if grown.is_empty() => ExitCode::SUCCESS,
        Ok(grown) => {
            eprintln!(
                "more instructions than the baseline has: {}",
                grown.join(", ")
            );
            eprintln!("if that is as it should be: cargo run --release -p bench-guard -- --renew");
            ExitCode::FAILURE
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Counts. Returns the workloads that have grown.
fn guard(arguments: &Arguments) -> Result<Vec<&'static str>, String> {
    if let Err(error) = Command::new("valgrind").arg("--version").output() {
        println!(
            "nothing is counted: valgrind cannot be run ({error}); get it by `apt install valgrind`"
        );
        return Ok(Vec::new());
    }
    let program = match &arguments.program {
        Some(program) => program.clone(),
        None => build()?,
    };
    let mut baseline = match std::fs::read_to_string(&arguments.baseline) {
        Ok(text) => serde_json::from_str(&text)
            .map_err(|error| format!("{}: {error}", arguments.baseline.display()))?,
        Err(_) if arguments.renew => BTreeMap::new(),
        Err(error) => return Err(format!("{}: {error}", arguments.baseline.display())),
    };
    let mut grown = Vec::new();
    println!(
        "{:<16}{:>12}{:>12}{:>9}",
        "instructions", "baseline", "now", ""
    );
    for part in parts(&arguments.workloads)? {
        let now = per_operation(&program, part)?;
        let before: Option<f64> = baseline.get(part.0).copied();
        let percent = before.map(|before| 100.0 * (now / before - 1.0));
        println!(
            "{:<16}{:>12}{now:>12.1}{:>9}",
            part.0,
            before.map_or("-".into(), |before| format!("{before:.1}")),
            percent.map_or(String::new(), |percent| format!("{percent:+.1} %")),
        );
        if arguments.renew {
            baseline.insert(part.0.to_string(), (now * 10.0).round() / 10.0);
            continue;
        }
        match percent {
            Some(percent) if percent <= arguments.tolerance => {
                if percent < -arguments.tolerance {
                    println!("{:<16}fewer than before: renew the baseline", "");
                }
            }
            _ => grown.push(part.0),
        }
    }
    if arguments.renew {
        let text = serde_json::to_string_pretty(&baseline).expect("plain data");
        std::fs::write(&arguments.baseline, text + "\n")
            .map_err(|error| format!("{}: {error}", arguments.baseline.display()))?;
    }
    Ok(grown)
}

fn parts(names: &[String]) -> Result<Vec<Part>, String> {
    if names.is_empty() {
        return Ok(PARTS.to_vec());
    }
    let find = |name: &String| PARTS.iter().find(|part| part.0 == name).copied();
    names
        .iter()
        .map(|name| find(name).ok_or_else(|| format!("no workload `{name}` to count")))
        .collect()
}

fn build() -> Result<PathBuf, String> {
    let bench = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let status = Command::new(env!("CARGO"))
        .current_dir(bench)
        .args(["build", "--release", "--quiet", "--package", "bench-sortie"])
        .status();
    match status {
        Ok(status) if status.success() => {
            let target = std::env::var_os("CARGO_TARGET_DIR");
            let target = target.map_or_else(|| bench.join("../target"), PathBuf::from);
            Ok(target.join("release/bench-sortie"))
        }
        Ok(status) => Err(format!("the build failed ({status})")),
        Err(error) => Err(format!("cargo cannot be run: {error}")),
    }
}

/// Instructions for each operation of a workload.
fn per_operation(program: &Path, (name, operations, scale): Part) -> Result<f64, String> {
    let small = count(program, name, scale)?;
    let large = count(program, name, 2.0 * scale)?;
    Ok((large - small) / (operations * scale))
}

/// Instructions of a whole run.
fn count(program: &Path, name: &str, scale: f64) -> Result<f64, String> {
    let output = Command::new("valgrind")
        .args([
            "--tool=cachegrind",
            "--cache-sim=no",
            "--cachegrind-out-file=/dev/null",
        ])
        .arg(program)
        .arg(name)
        .env("BENCH_SCALE", scale.to_string())
        .env("SORTIE_MAXPROCS", "1")
        .output()
        .map_err(|error| format!("valgrind cannot be run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!(
            "{name} failed under valgrind ({}):\n{text}",
            output.status
        ));
    }
    text.lines()
        .find_map(|line| line.split_once("refs:"))
        .and_then(|(_, number)| number.replace(',', "").trim().parse().ok())
        .ok_or_else(|| format!("{name}: valgrind printed no count:\n{text}"))
}
