//! Runs the benchmark workloads of all systems side by side, interleaved, and
//! reports medians and ratios: as a table, as JSON, as a picture. See
//! `bench/README.md`.

mod child;
mod report;
mod results;
mod system;
mod table;
mod workload;

use child::Settings;
use clap::Parser;
use results::{Cell, Outcome, Row};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use system::{Missing, System};
use workload::Workload;

/// Run the benchmark workloads of all systems side by side.
#[derive(Debug, Parser)]
struct Arguments {
    /// The workloads to run; all, if none is named.
    workloads: Vec<String>,
    /// The systems to run, with commas between; the first is compared with the others.
    #[arg(long, value_delimiter = ',', default_values_t = system::ALL.iter().map(|s| s.name.to_string()))]
    systems: Vec<String>,
    /// Rounds that count.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Rounds before these, to warm up.
    #[arg(long, default_value_t = 1)]
    warm_up: u32,
    /// Make workloads so many times as large.
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// End a run that takes longer, in seconds.
    #[arg(long, default_value_t = 60)]
    time_out: u64,
    /// Run no further rounds of a workload on a system that has had so many seconds.
    #[arg(long, default_value_t = 40.0)]
    patience: f64,
    /// Do not count instructions, even where `perf stat` can.
    #[arg(long)]
    no_instructions: bool,
    /// Fail when one of these systems fails to run a workload, with commas between.
    #[arg(long, value_delimiter = ',')]
    require: Vec<String>,
    /// Where to write the results, as `results.json` and `results.svg`; by default the
    /// folder `bench` of cargo's target folder.
    #[arg(long)]
    output: Option<PathBuf>,
    /// List workloads and systems.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        for workload in workload::ALL {
            println!(
                "{:<16} {} ({})",
                workload.name, workload.what, workload.unit
            );
        }
        let systems: Vec<_> = system::ALL.iter().map(|system| system.name).collect();
        println!("systems: {}", systems.join(" "));
        return ExitCode::SUCCESS;
    }
    match measure(&arguments) {
        Ok(failures) if failures.is_empty() => ExitCode::SUCCESS,
        Ok(failures) => {
            eprintln!("failed: {}", failures.join(", "));
            ExitCode::FAILURE
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

/// Runs everything. Returns what failed on systems that may not.
fn measure(arguments: &Arguments) -> Result<Vec<String>, String> {
    let workloads: Vec<&Workload> = if arguments.workloads.is_empty() {
        workload::ALL.iter().collect()
    } else {
        let names = arguments.workloads.iter();
        names
            .map(|name| {
                workload::find(name).ok_or_else(|| format!("no workload `{name}`; see --list"))
            })
            .collect::<Result<_, _>>()?
    };
    let output = arguments
        .output
        .clone()
        .unwrap_or_else(|| system::output().join("bench"));
    std::fs::create_dir_all(&output).map_err(|error| format!("{}: {error}", output.display()))?;
    let programs = build(arguments)?;
    let counter = if arguments.no_instructions {
        Err("not asked for".to_string())
    } else {
        child::Counter::detect(&output)
    };
    let note = counter
        .as_ref()
        .map_or_else(String::clone, |_| "by perf stat".into());
    eprintln!("instructions: {note}");
    let settings = Settings {
        scale: arguments.scale,
        time_out: Duration::from_secs(arguments.time_out),
        counter: counter.ok(),
    };
    let rows: Vec<Row> = workloads
        .into_iter()
        .map(|workload| run_all(workload, &programs, &settings, arguments))
        .collect();
    println!("{}", table::render(&rows));
    let described = serde_json::json!({
        "rounds": arguments.rounds,
        "scale": arguments.scale,
        "instructions": note,
    });
    let json = serde_json::to_string_pretty(&report::json(&rows, described)).expect("plain data");
    write(&output.join("results.json"), &json)?;
    write(&output.join("results.svg"), &report::picture(&rows))?;
    let failures = rows.iter().flat_map(|row| {
        let cells = row.cells.iter().filter(|cell| {
            let required = arguments.require.iter().any(|name| name == cell.system);
            required && matches!(cell.outcome, Outcome::Failed { .. })
        });
        cells.map(|cell| format!("{} on {}", row.workload.name, cell.system))
    });
    Ok(failures.collect())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?;
    eprintln!("written: {}", path.display());
    Ok(())
}

/// A system, and its program or why there is none.
type Program = (&'static System, Result<PathBuf, String>);

/// Builds all systems. Those that are not installed are left out, unless required.
fn build(arguments: &Arguments) -> Result<Vec<Program>, String> {
    let mut programs = Vec::new();
    for name in &arguments.systems {
        let system = System::find(name).ok_or_else(|| format!("no system `{name}`; see --list"))?;
        eprintln!("building: {name}");
        match system.build() {
            Ok(program) => programs.push((system, Ok(program))),
            Err(Missing::DoesNotBuild(error)) => {
                programs.push((system, Err(format!("does not build: {error}"))));
            }
            Err(Missing::NotInstalled(problem)) if arguments.require.contains(name) => {
                return Err(problem);
            }
            Err(Missing::NotInstalled(problem)) => eprintln!("left out: {name}: {problem}"),
        }
    }
    Ok(programs)
}

/// All rounds of a workload, the systems in turns.
fn run_all(
    workload: &'static Workload,
    programs: &[Program],
    settings: &Settings,
    arguments: &Arguments,
) -> Row {
    let mut cells: Vec<Cell> = programs
        .iter()
        .map(|(system, program)| Cell {
            system: system.name,
            outcome: match program {
                Ok(_) => Outcome::new(),
                Err(message) => Outcome::Failed {
                    message: message.clone(),
                },
            },
        })
        .collect();
    let mut spent = vec![0.0; programs.len()];
    for round in 1..=arguments.warm_up + arguments.rounds {
        let warm = round > arguments.warm_up;
        let mut progress = match warm {
            true => format!(
                "{} {}/{}:",
                workload.name,
                round - arguments.warm_up,
                arguments.rounds
            ),
            false => format!("{} to warm up:", workload.name),
        };
        for (((_, program), cell), spent) in programs.iter().zip(&mut cells).zip(&mut spent) {
            let (Ok(program), Outcome::Ran { runs }) = (program, &cell.outcome) else {
                continue;
            };
            let enough = *spent > arguments.patience && !runs.is_empty();
            if enough {
                continue;
            }
            let start = Instant::now();
            let result = child::run(program, workload.name, settings);
            *spent += start.elapsed().as_secs_f64();
            let short = result
                .as_ref()
                .map_or_else(|_| "-".into(), |run| table::number(run.figure));
            progress += &format!(" {} {short}", cell.system);
            // One that was to warm up counts if it is all there is time for.
            if warm || result.is_err() || *spent > arguments.patience {
                cell.outcome.add(result);
            }
        }
        eprintln!("{progress}");
    }
    Row { workload, cells }
}
