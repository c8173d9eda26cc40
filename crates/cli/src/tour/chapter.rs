//! What a chapter is.

use std::process::ExitCode;

/// A program of the tour: a file in `chapters`, and what was compiled from it.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// The file's name, without `.rs`.
    pub name: &'static str,
    /// The file's text.
    pub source: &'static str,
    /// Its `main`.
    pub main: fn() -> ExitCode,
}

/// How many processors a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Processors {
    /// So many.
    Exactly(usize),
    /// As many as there are CPUs, [`MOST`] at most.
    All,
}

/// More processors than this do not fit a page.
pub const MOST: usize = 8;

impl Processors {
    /// The number, where there are so many CPUs.
    pub fn count(self, cpus: usize) -> usize {
        match self {
            Processors::Exactly(count) => count,
            Processors::All => cpus.clamp(1, MOST),
        }
    }
}

/// A run of a program.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    /// What is run.
    pub program: Program,
    /// What is different about this run; may be empty.
    pub title: &'static str,
    /// On how many processors.
    pub processors: Processors,
    /// The exit status that belongs to the lesson.
    pub status: i32,
}

/// A program that the compiler refuses.
#[derive(Debug, Clone, Copy)]
pub struct Refused {
    /// Its text.
    pub source: &'static str,
    /// What the compiler says.
    pub message: &'static str,
}

/// What else is worth telling about a chapter's runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// Nothing.
    None,
    /// What is seen through windows of time of so many microseconds.
    Windows(&'static [u64]),
    /// Threads, steals, hand-offs.
    Scheduler,
    /// How much faster each run was than the first, which had one processor.
    SpeedUp,
    /// The same, and Amdahl's law. The chapter's only run is repeated on one
    /// processor, two, ...
    Amdahl,
}

/// A chapter.
#[derive(Debug, Clone, Copy)]
pub struct Chapter {
    /// What it is called on the command line.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
    /// The lesson. Words in backquotes are code.
    pub text: &'static str,
    /// A program that the compiler refuses, before the runs.
    pub refused: Option<Refused>,
    /// Its runs, in order.
    pub runs: &'static [Run],
    /// What there is to be seen in the output and the timeline.
    pub look: &'static str,
    /// What else there is.
    pub extra: Extra,
}

impl Chapter {
    /// How often each run is made, of which the fastest is shown: more than once where
    /// times are compared, since others may use the machine, too. They are made in turns.
    pub fn rounds(&self) -> usize {
        match self.extra {
            Extra::SpeedUp | Extra::Amdahl => 5,
            _ => 1,
        }
    }

    /// The runs on a machine with so many CPUs.
    pub fn runs(&self, cpus: usize) -> Vec<Run> {
        let all = Processors::All.count(cpus);
        match (self.extra, self.runs) {
            (Extra::Amdahl, [run]) => {
                let counts = (0..).map(|power| 1usize << power);
                let mut counts: Vec<usize> = counts.take_while(|count| *count < all).collect();
                counts.push(all);
                let on = |count: &usize| Run {
                    processors: Processors::Exactly(*count),
                    ..*run
                };
                counts.iter().map(on).collect()
            }
            (_, runs) => runs.to_vec(),
        }
    }
}

/// A part of the tour.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    /// Its heading.
    pub title: &'static str,
    /// Its chapters.
    pub chapters: &'static [Chapter],
}
