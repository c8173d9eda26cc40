//! The results as a table of text.

use crate::results::{Cell, Outcome, Row};
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use std::collections::BTreeMap;

/// A row for each workload, a column for each system, and what failed below.
pub(crate) fn render(rows: &[Row]) -> String {
    let Some(first) = rows.first() else {
        return String::new();
    };
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    let ours = first.cells[0].system;
    let mut heading = vec!["workload".to_string()];
    for cell in &first.cells {
        heading.push(match cell.system == ours {
            true => ours.into(),
            false => format!("{} (/ {ours})", cell.system),
        });
    }
    let columns = heading.len();
    table.set_header(heading);
    let mut notes = BTreeMap::new();
    for row in rows {
        let mut line = vec![row.workload.name.to_string()];
        for (index, cell) in row.cells.iter().enumerate() {
            let mut text = match (&cell.outcome, cell.outcome.figure()) {
                (_, Some(figure)) => quantity(figure, row.workload.unit),
                (Outcome::NotApplicable { .. }, _) => "-".into(),
                _ => "fails".into(),
            };
            if index > 0
                && let Some(ratio) = row.ratio(cell)
            {
                text += &format!(" ({})", number(ratio));
            }
            line.push(text);
            note(&mut notes, row.workload.name, cell);
        }
        table.add_row(line);
    }
    for column in 1..columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = format!("{table}\n");
    for ((system, message), workloads) in notes {
        text += &format!("\n{system}, {}: {message}", workloads.join(", "));
    }
    text
}

/// System and message, and the workloads that it is about.
type Notes<'a> = BTreeMap<(&'a str, String), Vec<&'a str>>;

/// Notes why there is no figure, if there is something to say about it.
fn note<'a>(notes: &mut Notes<'a>, workload: &'a str, cell: &'a Cell) {
    let message = match &cell.outcome {
        Outcome::Failed { message } => format!("fails: {message}"),
        Outcome::NotApplicable { message } if !message.starts_with("no workload") => {
            format!("not applicable: {message}")
        }
        _ => return,
    };
    let workloads = notes.entry((cell.system, message)).or_default();
    workloads.push(workload);
}

/// Three digits or so.
pub(crate) fn number(figure: f64) -> String {
    match figure {
        _ if figure >= 100.0 => format!("{figure:.0}"),
        _ if figure >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

/// A figure with its unit.
pub(crate) fn quantity(figure: f64, unit: &str) -> String {
    match unit {
        "ns" if figure >= 1e9 => format!("{} s", number(figure / 1e9)),
        "ns" if figure >= 1e6 => format!("{} ms", number(figure / 1e6)),
        "ns" if figure >= 1e4 => format!("{} µs", number(figure / 1e3)),
        "bytes" => format!("{figure:.0} B"),
        "times" => format!("{} ×", number(figure)),
        _ => format!("{} {unit}", number(figure)),
    }
}
