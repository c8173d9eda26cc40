//! The results as files: JSON and a picture.

use crate::results::{Outcome, Row};
use crate::table::quantity;
use bench_chart::{Dots, Mark};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;

/// Everything that is known, as JSON.
pub(crate) fn json(rows: &[Row], settings: Value) -> Value {
    let workloads: Vec<_> = rows.iter().map(workload).collect();
    json!({
        "machine": machine(),
        "settings": settings,
        "workloads": workloads,
    })
}

fn workload(row: &Row) -> Value {
    let systems: BTreeMap<_, _> = row
        .cells
        .iter()
        .map(|cell| {
            let mut value = serde_json::to_value(&cell.outcome).expect("plain data");
            if let Outcome::Ran { runs } = &cell.outcome {
                let median = |name: &str| {
                    let of_all = |run: &crate::child::Run| run.details.get(name).copied();
                    cell.outcome.median(|run| of_all(run).unwrap_or(f64::NAN))
                };
                let names = runs.first().map(|run| run.details.keys());
                let details: BTreeMap<_, _> = names
                    .into_iter()
                    .flatten()
                    .map(|name| (name.clone(), median(name)))
                    .collect();
                value["median"] = json!(cell.outcome.figure());
                value["details"] = json!(details);
                value["times_worse_than_first"] = json!(row.ratio(cell));
                value["peak_resident_bytes"] =
                    json!(cell.outcome.median(|run| run.peak_resident_bytes as f64));
            }
            (cell.system, value)
        })
        .collect();
    json!({ "workload": row.workload, "systems": systems })
}

/// The first line that a command prints.
fn said_by(program: &str, argument: &str) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().map(str::to_string)
}

fn machine() -> Value {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    json!({
        "processor": model.map(|text| text.trim_start_matches(['\t', ':', ' '])),
        "cpus": std::thread::available_parallelism().map_or(1, usize::from),
        "kernel": said_by("uname", "-r"),
        "rustc": said_by("rustc", "--version"),
        "go": said_by("go", "version"),
    })
}

/// A row for each workload, a dot for each system: how many times worse it is.
pub(crate) fn picture(rows: &[Row]) -> String {
    let ours = rows.first().map_or("", |row| row.cells[0].system);
    let mut dots = Dots::new(
        &format!("How many times worse than {ours}"),
        ours,
        &format!("logarithmic; right of the line {ours} is ahead; × fails"),
    );
    for cell in rows.first().iter().flat_map(|row| row.cells.iter().skip(1)) {
        dots.series(cell.system);
    }
    for row in rows {
        let Some(figure) = row.cells[0].outcome.figure() else {
            continue;
        };
        let marks = row.cells.iter().skip(1).map(|cell| match &cell.outcome {
            Outcome::NotApplicable { .. } => Mark::None,
            outcome => match (outcome, row.ratio(cell)) {
                (_, Some(ratio)) => Mark::At(ratio),
                _ => Mark::Fails,
            },
        });
        dots.row(
            row.workload.name,
            row.workload.what,
            &quantity(figure, row.workload.unit),
            marks.collect(),
        );
    }
    dots.render()
}
