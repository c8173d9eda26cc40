//! The results as a table of text.

use crate::results::{Outcome, Row};
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};

/// A row for each workload, a column for each system, and what failed below.
pub(crate) fn render(rows: &[Row]) -> String {
    let Some(first) = rows.first() else {
        return String::new();
    };
    let mut table = Table::new();
    table.load_style(ASCII_MARKDOWN);
    let ours = first.cells[0].system;
    let mut heading = vec!["workload".to_string(), "".to_string()];
    for cell in &first.cells {
        heading.push(cell.system.into());
        if cell.system != ours {
            heading.push(format!("/ {ours}"));
        }
    }
    let columns = heading.len();
    table.set_header(heading);
    let mut notes = String::new();
    for row in rows {
        let mut line = vec![row.workload.name.to_string(), row.workload.unit.into()];
        for (index, cell) in row.cells.iter().enumerate() {
            line.push(match (&cell.outcome, cell.outcome.figure()) {
                (_, Some(figure)) => number(figure),
                (Outcome::NotApplicable { .. }, _) => "-".into(),
                _ => "fails".into(),
            });
            if index > 0 {
                let ratio = row.ratio(cell);
                line.push(ratio.map_or(String::new(), |ratio| format!("{ratio:.2}")));
            }
            if let Outcome::Failed { message } | Outcome::NotApplicable { message } = &cell.outcome
            {
                let what = match cell.outcome {
                    Outcome::Failed { .. } => "fails",
                    _ => "is not applicable",
                };
                notes += &format!("{} {} {what}: {message}\n", cell.system, row.workload.name);
            }
        }
        table.add_row(line);
    }
    for column in 2..columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}\n\n{notes}")
}

/// Three digits or so.
pub(crate) fn number(figure: f64) -> String {
    match figure {
        _ if figure >= 100.0 => format!("{figure:.0}"),
        _ if figure >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}
