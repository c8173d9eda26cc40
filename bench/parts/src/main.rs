//! How the cost of sortie's operations grows: with goroutines, waiters of a channel,
//! arms of a `select`, timers, and processors.
//!
//! Each point is measured in a process of its own, since a runtime keeps stacks and
//! headers for later: a thousand goroutines after a million cost less than at first.

mod points;

use bench_chart::{Lines, Panel};
use clap::Parser;
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Measure how the cost of operations grows.
#[derive(Debug, Parser)]
struct Arguments {
    /// The curves to measure; all, if none is named.
    curves: Vec<String>,
    /// Runs of each point, of which the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Leave out sizes that are larger.
    #[arg(long, default_value_t = u64::MAX)]
    limit: u64,
    /// Where to write `growth.json` and `growth.svg`; by default the folder `bench` of
    /// cargo's target folder.
    #[arg(long)]
    output: Option<PathBuf>,
    /// Measure one point of a curve in this process, and print its figures.
    #[arg(long, hide = true, value_names = ["CURVE", "SIZE"], num_args = 2)]
    point: Option<Vec<String>>,
}

/// What is measured against what.
struct Curve {
    name: &'static str,
    title: &'static str,
    /// What there are more and more of.
    size: &'static str,
    unit: &'static str,
    sizes: &'static [u64],
    /// The figures of a point, in this order.
    figures: &'static [&'static str],
    measure: fn(u64) -> Vec<f64>,
}

const THOUSANDS: &[u64] = &[1_000, 10_000, 100_000, 1_000_000];

const CURVES: &[Curve] = &[
    Curve {
        name: "goroutines",
        title: "Goroutines that start, wait, and are woken",
        size: "goroutines",
        unit: "ns each",
        sizes: &[100, 1_000, 10_000, 100_000, 1_000_000],
        figures: &["start and park", "wake and end"],
        measure: points::goroutines,
    },
    Curve {
        name: "memory",
        title: "Memory of waiting goroutines",
        size: "goroutines",
        unit: "bytes each",
        sizes: &[100, 1_000, 10_000, 100_000, 1_000_000],
        figures: &["resident"],
        measure: points::memory,
    },
    Curve {
        name: "waiters",
        title: "A message to a channel with waiters",
        size: "receivers that wait",
        unit: "ns",
        sizes: &[1, 10, 100, 1_000, 10_000],
        figures: &["message"],
        measure: points::waiters,
    },
    Curve {
        name: "arms",
        title: "A select with many arms",
        size: "arms",
        unit: "ns",
        sizes: &[2, 4, 8, 16, 32, 64, 128, 256, 512],
        figures: &["one is ready", "it waits"],
        measure: points::arms,
    },
    Curve {
        name: "timers",
        title: "A timer among many",
        size: "timers that are set",
        unit: "ns",
        sizes: THOUSANDS,
        figures: &["set and stop", "reset"],
        measure: points::timers,
    },
    Curve {
        name: "processors",
        title: "Processors",
        size: "processors",
        unit: "ns",
        sizes: &[1, 2, 4, 8],
        figures: &["spawn", "yield", "pingpong", "mpmc"],
        measure: points::processors,
    },
];

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let result = match arguments.point.as_deref() {
        Some([curve, size]) => point(curve, size),
        _ => grow(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn find(name: &str) -> Result<&'static Curve, String> {
    let known = || CURVES.iter().map(|curve| curve.name).collect::<Vec<_>>();
    CURVES
        .iter()
        .find(|curve| curve.name == name)
        .ok_or_else(|| format!("no curve `{name}`, but {}", known().join(" ")))
}

/// In the child: measures a point.
fn point(curve: &str, size: &str) -> Result<(), String> {
    let curve = find(curve)?;
    let size = size.parse().map_err(|_| format!("no size: `{size}`"))?;
    for figure in sortie::run(|| (curve.measure)(size)) {
        println!("{figure}");
    }
    // Without waiting for whoever waits for ever.
    std::process::exit(0)
}

/// In a child: the figures of a point.
fn run(curve: &Curve, size: u64) -> Result<Vec<f64>, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(program)
        .args(["--point", curve.name, &size.to_string()])
        .output()
        .map_err(|error| error.to_string())?;
    let (text, problem) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    let figures: Vec<f64> = text.lines().filter_map(|line| line.parse().ok()).collect();
    if output.status.success() && figures.len() == curve.figures.len() {
        Ok(figures)
    } else {
        Err(format!("{} {size} failed: {problem}", curve.name))
    }
}

/// A size and the medians of its figures.
type Point = (u64, Vec<f64>);

fn measure(curve: &Curve, arguments: &Arguments) -> Result<Vec<Point>, String> {
    let sizes = curve.sizes.iter().filter(|size| **size <= arguments.limit);
    sizes
        .map(|&size| {
            eprintln!("{} {size}", curve.name);
            let runs = (0..arguments.rounds.max(1)).map(|_| run(curve, size));
            let runs = runs.collect::<Result<Vec<_>, _>>()?;
            let medians = (0..curve.figures.len()).map(|figure| {
                let mut values: Vec<f64> = runs.iter().map(|run| run[figure]).collect();
                values.sort_by(f64::total_cmp);
                values[values.len() / 2]
            });
            Ok((size, medians.collect()))
        })
        .collect()
}

fn grow(arguments: &Arguments) -> Result<(), String> {
    let curves: Vec<&Curve> = if arguments.curves.is_empty() {
        CURVES.iter().collect()
    } else {
        let names = arguments.curves.iter();
        names.map(|name| find(name)).collect::<Result<_, _>>()?
    };
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    );
    let output = arguments
        .output
        .clone()
        .unwrap_or_else(|| target.join("bench"));
    std::fs::create_dir_all(&output).map_err(|error| format!("{}: {error}", output.display()))?;
    let (mut panels, mut values) = (Vec::new(), Vec::new());
    for curve in curves {
        let points = measure(curve, arguments)?;
        println!("{}\n", table(curve, &points));
        values.push(json!({
            "curve": curve.name,
            "unit": curve.unit,
            "figures": curve.figures,
            "points": points,
        }));
        panels.push(panel(curve, &points));
    }
    let picture = Lines {
        title: "How cost grows".into(),
        subtitle: "both axes are logarithmic; a flat line costs the same however many there are"
            .into(),
        panels,
    };
    let json = serde_json::to_string_pretty(&values).expect("plain data");
    for (name, text) in [("growth.json", json), ("growth.svg", picture.render())] {
        let path = output.join(name);
        std::fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        eprintln!("written: {}", path.display());
    }
    Ok(())
}

fn table(curve: &Curve, points: &[Point]) -> Table {
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    let heading = curve
        .figures
        .iter()
        .map(|name| format!("{name}, {}", curve.unit));
    table.set_header([curve.size.to_string()].into_iter().chain(heading));
    for (size, figures) in points {
        let figures = figures.iter().map(|figure| format!("{figure:.0}"));
        table.add_row([size.to_string()].into_iter().chain(figures));
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn panel(curve: &Curve, points: &[Point]) -> Panel {
    let line = |(index, name): (usize, &&str)| {
        let points = points
            .iter()
            .map(|(size, figures)| (*size as f64, figures[index]));
        (name.to_string(), points.collect())
    };
    Panel {
        title: curve.title.into(),
        horizontal: curve.size.into(),
        vertical: curve.unit.into(),
        lines: curve.figures.iter().enumerate().map(line).collect(),
    }
}
