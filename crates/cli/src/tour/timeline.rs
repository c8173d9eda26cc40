//! A run as columns of equal time: who ran on each processor, and what each
//! goroutine did. The terminal shows a few columns, a page many.

use crate::model::{Goroutine, Model, State};
use crate::report::Figures;

/// What a processor did during a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Busy {
    /// The goroutine that ran the longest: its position in the model.
    pub(crate) goroutine: usize,
    /// The part of the time that any ran.
    pub(crate) share: f64,
}

/// How a goroutine spent a column, in parts of it. What is missing to 1 it was not
/// alive.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Life {
    /// It ran.
    pub(crate) running: f64,
    /// It could have.
    pub(crate) ready: f64,
    /// It waited.
    pub(crate) waiting: f64,
}

/// What a goroutine mostly did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mostly {
    /// It was not alive.
    Absent,
    /// It waited.
    Waiting,
    /// It could have run.
    Ready,
    /// It ran for a part of the time: also if only for a moment, since that is what one
    /// looks for.
    Partly,
    /// It ran.
    Running,
}

impl Life {
    pub(crate) fn mostly(self) -> Mostly {
        if self.running >= 0.6 {
            Mostly::Running
        } else if self.running > 0.0 {
            Mostly::Partly
        } else if self.ready == 0.0 && self.waiting == 0.0 {
            Mostly::Absent
        } else if self.ready >= self.waiting {
            Mostly::Ready
        } else {
            Mostly::Waiting
        }
    }
}

/// Columns of a run.
#[derive(Debug, Clone)]
pub(crate) struct Timeline {
    /// By processor and column.
    pub(crate) processors: Vec<Vec<Option<Busy>>>,
    /// By goroutine, in the order of the model, and column.
    pub(crate) goroutines: Vec<Vec<Life>>,
    /// Goroutines that could run, or did, by column.
    pub(crate) able: Vec<f64>,
    /// Processors that ran one, by column.
    pub(crate) busy: Vec<f64>,
}

/// Adds the parts of columns that a span of time covers.
fn cover(start: u64, end: u64, columns: usize, figures: &Figures, mut add: impl FnMut(usize, f64)) {
    let width = figures.duration as f64 / columns as f64;
    let at = |time: u64| time.saturating_sub(figures.start) as f64 / width;
    let (from, to) = (at(start), at(end).min(columns as f64));
    let mut column = from as usize;
    while (column as f64) < to && column < columns {
        let left = from.max(column as f64);
        let right = to.min(column as f64 + 1.0);
        add(column, right - left);
        column += 1;
    }
}

impl Timeline {
    /// Cuts the time of the figures into columns, and the first `most` goroutines.
    pub(crate) fn of(model: &Model, figures: &Figures, columns: usize, most: usize) -> Timeline {
        let processors = figures.utilisation.len();
        let shown = model.goroutines.len().min(most);
        let mut timeline = Timeline {
            processors: vec![vec![None; columns]; processors],
            goroutines: vec![vec![Life::default(); columns]; shown],
            able: vec![0.0; columns],
            busy: vec![0.0; columns],
        };
        // The longest share of a single goroutine, for each processor and column.
        let mut longest = vec![vec![0.0; columns]; processors];
        for (index, g) in model.goroutines.iter().enumerate() {
            timeline.add(index, g, figures, &mut longest);
        }
        timeline
    }

    fn add(&mut self, index: usize, g: &Goroutine, figures: &Figures, longest: &mut [Vec<f64>]) {
        let columns = self.able.len();
        // What this goroutine had of each processor.
        let mut had: Vec<Vec<f64>> = vec![Vec::new(); self.processors.len()];
        for span in &g.spans {
            cover(span.start, span.end, columns, figures, |column, part| {
                let life = self.goroutines.get_mut(index);
                let life = life.and_then(|columns| columns.get_mut(column));
                match span.state {
                    State::Waiting { .. } => life.map(|life| life.waiting += part),
                    State::Runnable { .. } => {
                        self.able[column] += part;
                        life.map(|life| life.ready += part)
                    }
                    State::Running { processor, .. } => {
                        self.able[column] += part;
                        if let Some(processor) = processor.map(|number| number as usize) {
                            self.busy[column] += part;
                            let row = &mut had[processor];
                            row.resize(columns, 0.0);
                            row[column] += part;
                        }
                        life.map(|life| life.running += part)
                    }
                };
            });
        }
        for (processor, row) in had.iter().enumerate() {
            for (column, part) in row.iter().enumerate().filter(|(_, part)| **part > 0.0) {
                let best = &mut longest[processor][column];
                let cell = &mut self.processors[processor][column];
                let before = cell.map_or(0.0, |busy| busy.share);
                let goroutine = match cell {
                    Some(busy) if *best >= *part => busy.goroutine,
                    _ => {
                        *best = *part;
                        index
                    }
                };
                *cell = Some(Busy {
                    goroutine,
                    share: (before + part).min(1.0),
                });
            }
        }
    }
}

/// What a goroutine is called: its name, `main`, or the line that made it.
pub(crate) fn label(model: &Model, trace: &crate::file::Trace, index: usize) -> String {
    let Some(g) = model.goroutines.get(index) else {
        return String::new();
    };
    if let Some(name) = &g.name {
        return name.clone();
    }
    if g.id == 1 {
        return "main".to_string();
    }
    match &trace.site(g.site).place {
        Some(place) => format!("line {}", place.line),
        None => "goroutine".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Span;

    fn span(start: u64, end: u64, state: State) -> Span {
        Span { start, end, state }
    }

    #[test]
    fn spans_fall_into_their_columns() {
        let on = |processor| State::Running {
            machine: 0,
            processor: Some(processor),
        };
        let goroutine = |id, created, ended, spans| {
            let mut g = Goroutine::default();
            (g.id, g.created, g.ended, g.spans) = (id, Some(created), Some(ended), spans);
            g
        };
        let first = vec![
            span(0, 15, on(0)),
            span(15, 40, State::Runnable { by: 0 }),
            span(40, 100, on(1)),
        ];
        let second = vec![
            span(10, 15, State::Runnable { by: 1 }),
            span(15, 50, on(0)),
            span(50, 90, State::Waiting { site: 0 }),
        ];
        let goroutines = vec![goroutine(1, 0, 100, first), goroutine(2, 10, 90, second)];
        let model = Model {
            goroutines,
            max_procs: vec![(0, 2)],
            end: 100,
            ..Model::default()
        };
        let figures = Figures::of(&model);
        let timeline = Timeline::of(&model, &figures, 10, 1);
        assert_eq!(timeline.goroutines.len(), 1);
        let who: Vec<_> = timeline.processors[0]
            .iter()
            .map(|busy| busy.map(|busy| (busy.goroutine, (busy.share * 10.0).round())))
            .collect();
        // In the second column both had half of it.
        assert_eq!(who[0], Some((0, 10.0)));
        assert!(matches!(who[1], Some((_, 10.0))));
        assert_eq!(who[2..5], [Some((1, 10.0)); 3]);
        assert_eq!(who[5..], [None; 5]);
        assert_eq!(timeline.processors[1][3], None);
        assert_eq!(timeline.processors[1][4].unwrap().goroutine, 0);
        assert_eq!(timeline.goroutines[0][1].mostly(), Mostly::Partly);
        assert_eq!(timeline.goroutines[0][2].mostly(), Mostly::Ready);
        assert_eq!(timeline.goroutines[0][9].mostly(), Mostly::Running);
        let sum = |columns: &[f64]| columns.iter().sum::<f64>();
        assert!((sum(&timeline.busy) - 11.0).abs() < 1e-9);
        assert!((sum(&timeline.able) - 14.0).abs() < 1e-9);
        assert!((figures.parallelism - 1.1).abs() < 1e-9);
    }
}
