//! What is kept of all runs, and what is made of it.

use crate::child::{Failure, Run};
use crate::workload::{Better, Workload};
use serde::Serialize;

/// All runs of one workload on one system.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub(crate) system: &'static str,
    pub(crate) outcome: Outcome,
}

/// How a system did.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub(crate) enum Outcome {
    /// Each counted run.
    Ran { runs: Vec<Run> },
    /// It has nothing to run the workload with.
    NotApplicable { message: String },
    /// It does not build, crashed, or ran too long.
    Failed { message: String },
}

impl Outcome {
    /// Before the first run.
    pub(crate) const fn new() -> Self {
        Outcome::Ran { runs: Vec::new() }
    }

    /// Adds a run. One that failed is the end of it.
    pub(crate) fn add(&mut self, result: Result<Run, Failure>) {
        match (result, &mut *self) {
            (Ok(run), Outcome::Ran { runs }) => runs.push(run),
            (Err(Failure::NotApplicable(message)), _) => *self = Outcome::NotApplicable { message },
            (Err(Failure::Failed(message)), _) => *self = Outcome::Failed { message },
            (Err(Failure::TimedOut(limit)), _) => {
                let message = format!("still running after {} s", limit.as_secs());
                *self = Outcome::Failed { message };
            }
            (Ok(_), _) => {}
        }
    }

    /// The median of what `f` takes from each run, if it ran.
    pub(crate) fn median(&self, f: impl Fn(&Run) -> f64) -> Option<f64> {
        let Outcome::Ran { runs } = self else {
            return None;
        };
        let mut values: Vec<f64> = runs.iter().map(f).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    }

    pub(crate) fn figure(&self) -> Option<f64> {
        self.median(|run| run.figure)
    }
}

/// A workload on all systems; the first is what the others are compared with.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) workload: &'static Workload,
    pub(crate) cells: Vec<Cell>,
}

impl Row {
    /// How many times better the first system is than this one; below 1 it is worse.
    pub(crate) fn ratio(&self, cell: &Cell) -> Option<f64> {
        let ours = self.cells.first()?.outcome.figure()?;
        let theirs = cell.outcome.figure()?;
        Some(match self.workload.better {
            Better::Lower => theirs / ours,
            Better::Higher => ours / theirs,
        })
    }
}
