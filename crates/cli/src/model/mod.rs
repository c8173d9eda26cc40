//! Lives: what each goroutine did when, and each processor.
//!
//! How they are made from the events of a trace is in `build`.

mod build;

use crate::file::{Site, Trace};

/// What a goroutine does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields are what their names say")]
pub enum State {
    /// It could run. Who made it ready, or 0.
    Runnable { by: u64 },
    /// It runs on a machine, with a processor; or without one, because it is stuck in
    /// the kernel, or computed for so long that others had to have the processor.
    Running {
        machine: u32,
        processor: Option<u32>,
    },
    /// It waits at a site.
    Waiting { site: u32 },
}

/// A part of a goroutine's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When it begins, in nanoseconds.
    pub start: u64,
    /// When it ends.
    pub end: u64,
    /// What it does meanwhile.
    pub state: State,
}

/// A goroutine.
#[derive(Debug, Clone, Default)]
pub struct Goroutine {
    /// Its id.
    pub id: u64,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Who made it, or 0.
    pub creator: u64,
    /// Where it was made: the number of a site.
    pub site: u32,
    /// When it was made; `None` if before the trace.
    pub created: Option<u64>,
    /// When it ended; `None` if it was alive at the end of the trace.
    pub ended: Option<u64>,
    /// Its life, without gaps.
    pub spans: Vec<Span>,
    /// What it called regions.
    pub regions: Vec<Region>,
    now: Option<(u64, State)>,
    hint: Option<State>,
    open: Vec<usize>,
}

/// A region of a goroutine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// Its task, or 0.
    pub task: u64,
    /// When it begins.
    pub start: u64,
    /// When it ends, or the trace.
    pub end: u64,
}

/// One goroutine makes another ready: by a message, by unlocking, or by whatever the
/// other waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wake {
    /// When.
    pub time: u64,
    /// Who: 0 for a timer, or a thread.
    pub from: u64,
    /// Whom.
    pub to: u64,
    /// Where the other waited.
    pub site: u32,
}

/// A message for the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// When.
    pub time: u64,
    /// By which goroutine, or 0.
    pub goroutine: u64,
    /// Of which task, or 0.
    pub task: u64,
    /// Its category.
    pub category: String,
    /// The text.
    pub text: String,
}

/// A task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its number.
    pub id: u64,
    /// The task it is a part of, or 0.
    pub parent: u64,
    /// Its name.
    pub name: String,
    /// When it begins.
    pub start: u64,
    /// When it ends, or the trace.
    pub end: u64,
}

/// A processor at work: a goroutine runs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// When it begins.
    pub start: u64,
    /// When it ends.
    pub end: u64,
    /// The processor.
    pub processor: u32,
    /// The machine.
    pub machine: u32,
    /// The goroutine.
    pub goroutine: u64,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// By id.
    pub goroutines: Vec<Goroutine>,
    /// In order of time.
    pub wakes: Vec<Wake>,
    /// In order of time.
    pub messages: Vec<Message>,
    /// In order of their begin.
    pub tasks: Vec<Task>,
    /// The number of processors from some time on.
    pub max_procs: Vec<(u64, u64)>,
    /// Times that a processor was taken from a machine.
    pub handoffs: u64,
    /// Times that a processor took work from another.
    pub steals: u64,
    /// Threads that ran goroutines.
    pub machines: usize,
    /// When the trace ends.
    pub end: u64,
    /// Events.
    pub events: u64,
    /// Events that contradict what came before.
    pub contradictions: u64,
}

impl Model {
    /// Puts a trace together.
    pub fn of(trace: &Trace) -> Model {
        build::Builder::new(trace).build()
    }

    /// All turns of all processors, in order of their begin.
    pub fn turns(&self) -> Vec<Turn> {
        let mut turns = Vec::new();
        for g in &self.goroutines {
            turns.extend(g.spans.iter().filter_map(|span| match span.state {
                State::Running {
                    machine,
                    processor: Some(processor),
                } => Some(Turn {
                    start: span.start,
                    end: span.end,
                    processor,
                    machine,
                    goroutine: g.id,
                }),
                _ => None,
            }));
        }
        turns.sort_by_key(|turn| (turn.start, turn.end));
        turns
    }

    /// A goroutine by its id.
    pub fn goroutine(&self, id: u64) -> Option<&Goroutine> {
        let index = self.goroutines.binary_search_by_key(&id, |g| g.id).ok()?;
        self.goroutines.get(index)
    }

    /// How many processors there were at most.
    pub fn processors(&self) -> u64 {
        self.max_procs
            .iter()
            .map(|(_, count)| *count)
            .max()
            .unwrap_or(1)
            .max(1)
    }
}

impl Goroutine {
    /// Nanoseconds of its life in states for which `is` is true.
    pub fn time(&self, is: impl Fn(State) -> bool) -> u64 {
        let spans = self.spans.iter().filter(|span| is(span.state));
        spans.map(|span| span.end - span.start).sum()
    }

    fn enter(&mut self, time: u64, state: Option<State>) {
        if let Some((since, before)) = self.now.take() {
            // What a goroutine did before its state was known lasted from the start.
            let time = time.max(since);
            self.spans.push(Span {
                start: since,
                end: time,
                state: before,
            });
            self.now = state.map(|state| (time, state));
        } else {
            self.now = state.map(|state| (time, state));
        }
    }
}

/// What a goroutine waits for, in words.
pub fn reason(site: &Site) -> &str {
    match site.reason.as_str() {
        "" => "unknown",
        reason => reason,
    }
}
