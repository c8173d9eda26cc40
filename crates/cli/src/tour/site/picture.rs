//! A run's timeline as SVG: how many goroutines could run and how many did, who ran on
//! each P, and what each goroutine did.

use super::html::escape;
use crate::report::duration;
use crate::tour::child::Outcome;
use crate::tour::timeline::{Mostly, Timeline, label};
use std::fmt::Write;

/// Columns of time.
const COLUMNS: usize = 430;
/// Units of a column, and of all that is beside them.
const COLUMN: f64 = 2.0;
const LEFT: f64 = 124.0;
const RIGHT: f64 = 46.0;
/// Goroutines that have a row.
const GOROUTINES: usize = 18;
/// How many colours there are.
pub(super) const COLOURS: usize = 8;

const STRIP: f64 = 64.0;
const PROCESSOR: f64 = 24.0;
const GOROUTINE: f64 = 14.0;
const GAP: f64 = 5.0;

/// A picture that grows downwards.
struct Picture<'a> {
    outcome: &'a Outcome,
    timeline: Timeline,
    svg: String,
    y: f64,
}

/// The picture of a run.
pub(super) fn timeline(outcome: &Outcome) -> String {
    let mut picture = Picture {
        outcome,
        timeline: Timeline::of(&outcome.model, &outcome.figures, COLUMNS, GOROUTINES),
        svg: String::new(),
        y: 4.0,
    };
    picture.strip();
    picture.heading("Processors");
    picture.processors();
    picture.heading("Goroutines");
    picture.goroutines();
    picture.axis();
    let width = LEFT + COLUMNS as f64 * COLUMN + RIGHT;
    let figures = &outcome.figures;
    let description = format!(
        "Timeline of {}: on average {:.2} goroutines alive, {:.2} of {} processors busy.",
        duration(figures.duration),
        figures.alive,
        figures.parallelism,
        outcome.processors
    );
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"timeline\">\
         <svg class=\"timeline\" viewBox=\"0 0 {width:.0} {:.0}\" role=\"img\" aria-label=\"{}\">{}</svg></div>\n",
        picture.y,
        escape(&description),
        picture.svg
    )
}

/// The same in small: how many processors were busy over time, and for how many more there
/// would have been work.
pub(super) fn small(outcome: &Outcome) -> String {
    const WIDTH: usize = 60;
    let timeline = Timeline::of(&outcome.model, &outcome.figures, WIDTH, 0);
    let most = outcome.processors as f64;
    let path = |levels: &[f64]| {
        let mut path = String::new();
        for (column, level) in levels.iter().enumerate() {
            let height = 16.0 * (level / most).clamp(0.0, 1.0);
            if height > 0.05 {
                let _ = write!(path, "M{} 16v{:.1}h2v{height:.1}z", 2 * column, -height);
            }
        }
        path
    };
    format!(
        "<svg class=\"small\" viewBox=\"0 0 120 16\" aria-hidden=\"true\"><rect width=\"120\" height=\"16\"/>\
         <path class=\"able\" d=\"{}\"/><path class=\"busy\" d=\"{}\"/></svg>",
        path(&timeline.able),
        path(&timeline.busy)
    )
}

impl Picture<'_> {
    fn x(column: usize) -> f64 {
        LEFT + column as f64 * COLUMN
    }

    /// The time of a column's left side.
    fn time(&self, column: usize) -> String {
        let share = column as f64 / COLUMNS as f64;
        duration((share * self.outcome.figures.duration as f64) as u64)
    }

    fn text(&mut self, class: &str, x: f64, y: f64, text: &str) {
        let _ = write!(
            self.svg,
            "<text class=\"{class}\" x=\"{x:.0}\" y=\"{y:.0}\">{}</text>",
            escape(text)
        );
    }

    fn heading(&mut self, text: &str) {
        self.y += 22.0;
        self.text("heading", 0.0, self.y - 6.0, text);
    }

    /// Goroutines that could run, and those that did, over time.
    fn strip(&mut self) {
        let most = self.timeline.able.iter().copied().fold(0.0, f64::max);
        let most = most.max(self.outcome.processors as f64).ceil();
        let bottom = self.y + STRIP;
        let path = |levels: &[f64]| {
            let mut path = format!("M{LEFT} {bottom:.1}");
            let mut last = f64::NAN;
            for (column, level) in levels.iter().enumerate() {
                let y = bottom - STRIP * level / most;
                if (y - last).abs() > 0.2 || last.is_nan() {
                    let _ = write!(path, "H{:.0}V{y:.1}", Self::x(column));
                    last = y;
                }
            }
            let _ = write!(path, "H{:.0}V{bottom:.1}Z", Self::x(COLUMNS));
            path
        };
        let able = path(&self.timeline.able);
        let busy = path(&self.timeline.busy);
        let right = Self::x(COLUMNS);
        let _ = write!(
            self.svg,
            "<path class=\"able\" d=\"{able}\"/><path class=\"busy\" d=\"{busy}\"/>\
             <path class=\"grid\" d=\"M{LEFT} {bottom:.1}H{right:.0}M{LEFT} {:.1}H{right:.0}\"/>",
            self.y
        );
        self.text("label able-text", 0.0, self.y + 22.0, "could run");
        self.text("label busy-text", 0.0, self.y + 42.0, "ran on a P");
        self.text("value", right + 6.0, self.y + 10.0, &format!("{most:.0}"));
        self.text("value", right + 6.0, bottom, "0");
        self.y = bottom;
    }

    fn name(&self, goroutine: usize) -> String {
        let id = self.outcome.model.goroutines.get(goroutine);
        let id = id.map_or(0, |g| g.id);
        format!(
            "G{id} {}",
            label(&self.outcome.model, &self.outcome.trace, goroutine)
        )
    }

    fn row(&mut self, height: f64) {
        let _ = write!(
            self.svg,
            "<rect class=\"row\" x=\"{LEFT}\" y=\"{:.1}\" width=\"{:.0}\" height=\"{height}\"/>",
            self.y,
            COLUMNS as f64 * COLUMN
        );
    }

    fn processors(&mut self) {
        for (number, row) in self.timeline.processors.clone().iter().enumerate() {
            self.row(PROCESSOR);
            self.text("label", 0.0, self.y + 16.0, &format!("P{number}"));
            // Columns in a row that look the same.
            let look = |busy: &Option<crate::tour::timeline::Busy>| {
                busy.map(|busy| (busy.goroutine, (busy.share * 4.0).ceil() as u32))
            };
            let mut column = 0;
            for run in row.chunk_by(|a, b| look(a) == look(b)) {
                let from = column;
                column += run.len();
                let Some((goroutine, level)) = run.first().and_then(look) else {
                    continue;
                };
                let height = PROCESSOR * f64::from(level) / 4.0;
                let title = format!(
                    "{} on P{number}, {} to {}",
                    self.name(goroutine),
                    self.time(from),
                    self.time(column)
                );
                let _ = write!(
                    self.svg,
                    "<rect class=\"c{}\" data-g=\"{goroutine}\" x=\"{:.0}\" y=\"{:.1}\" width=\"{:.0}\" height=\"{height:.0}\">\
                     <title>{}</title></rect>",
                    goroutine % COLOURS,
                    Self::x(from),
                    self.y + PROCESSOR - height,
                    run.len() as f64 * COLUMN,
                    escape(&title)
                );
            }
            let share = 100.0 * self.outcome.figures.utilisation[number];
            self.text(
                "value",
                Self::x(COLUMNS) + 6.0,
                self.y + 16.0,
                &format!("{share:.0} %"),
            );
            self.y += PROCESSOR + GAP;
        }
    }

    fn goroutines(&mut self) {
        for (index, row) in self.timeline.goroutines.clone().iter().enumerate() {
            let name: String = self.name(index).chars().take(19).collect();
            let _ = write!(self.svg, "<g data-g=\"{index}\">");
            self.row(GOROUTINE);
            self.text("label", 0.0, self.y + 11.0, &name);
            let mut column = 0;
            for run in row.chunk_by(|a, b| a.mostly() == b.mostly()) {
                let from = column;
                column += run.len();
                let (class, what, inset) = match run.first().map(|life| life.mostly()) {
                    None | Some(Mostly::Absent) => continue,
                    Some(Mostly::Waiting) => ("waiting".to_string(), "waits", 6.0),
                    Some(Mostly::Ready) => ("ready".to_string(), "is ready", 3.0),
                    Some(Mostly::Partly) => (format!("c{}", index % COLOURS), "runs in part", 3.0),
                    Some(Mostly::Running) => (format!("c{}", index % COLOURS), "runs", 0.0),
                };
                let title = format!(
                    "{name} {what}, {} to {}",
                    self.time(from),
                    self.time(column)
                );
                let _ = write!(
                    self.svg,
                    "<rect class=\"{class}\" x=\"{:.0}\" y=\"{:.1}\" width=\"{:.0}\" height=\"{:.0}\">\
                     <title>{}</title></rect>",
                    Self::x(from),
                    self.y + inset,
                    run.len() as f64 * COLUMN,
                    GOROUTINE - 2.0 * inset,
                    escape(&title)
                );
            }
            self.svg.push_str("</g>");
            self.y += GOROUTINE + GAP;
        }
        let hidden = self.outcome.model.goroutines.len() - self.timeline.goroutines.len();
        if hidden > 0 {
            let hidden = crate::tour::words::count(hidden, "goroutine", "goroutines");
            self.text(
                "heading",
                LEFT,
                self.y + 12.0,
                &format!("and {hidden} more"),
            );
            self.y += 18.0;
        }
    }

    /// Times at round numbers.
    fn axis(&mut self) {
        let whole = self.outcome.figures.duration as f64;
        let step = step(whole / 6.0);
        let top = 4.0;
        let mut at = 0.0;
        let mut grid = String::new();
        while at <= whole {
            let x = LEFT + at / whole * COLUMNS as f64 * COLUMN;
            let _ = write!(grid, "M{x:.1} {top}V{:.1}", self.y);
            let text = match at {
                0.0 => "0".to_string(),
                at => round(at),
            };
            self.text("tick", x, self.y + 14.0, &text);
            at += step;
        }
        // Behind everything else.
        self.svg
            .insert_str(0, &format!("<path class=\"grid\" d=\"{grid}\"/>"));
        self.y += 20.0;
    }
}

/// The next of 1, 2, 5, 10, ...
fn step(least: f64) -> f64 {
    let power = 10f64.powf(least.max(1.0).log10().floor());
    let of = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    of.into_iter()
        .find(|step| *step >= least)
        .unwrap_or(10.0 * power)
}

/// A round number of nanoseconds.
fn round(time: f64) -> String {
    match time {
        time if time >= 1e9 => format!("{} s", time / 1e9),
        time if time >= 1e6 => format!("{} ms", time / 1e6),
        time if time >= 1e3 => format!("{} µs", time / 1e3),
        time => format!("{time} ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_at_round_numbers() {
        assert_eq!(
            [3.0, 10.0, 11.0, 60_000.0].map(step),
            [5.0, 10.0, 20.0, 100_000.0]
        );
        assert_eq!(round(20e6), "20 ms");
        assert_eq!(round(500.0), "500 ns");
    }
}
