//! From events to lives.
//!
//! Machines record independently, so their events are merged by time. Clocks of
//! different CPUs agree to some ten nanoseconds only, so an event may seem to come
//! before its cause: a goroutine runs before it was made ready. What each goroutine
//! may do next is known, so such an event waits a little for its cause.

use super::{Goroutine, Message, Model, Region, State, Task, Wake};
use crate::file::{Cursor, Stop, Trace, What};
use rustc_hash::FxHashMap;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// An event waits so long for its cause, in nanoseconds of the trace.
const PATIENCE: u64 = 100_000;

/// One machine's events, or those of other threads.
struct Stream {
    blocks: Vec<usize>,
    block: usize,
    cursor: Option<Cursor>,
    /// The event that comes next.
    next: Option<(u64, What)>,
    /// Whether that is the first of its block.
    first: bool,
    /// The goroutine that runs there, and the processor.
    goroutine: u64,
    processor: Option<u32>,
    machine: Option<u32>,
}

pub(super) struct Builder<'a> {
    trace: &'a Trace,
    streams: Vec<Stream>,
    by_machine: HashMap<u32, usize>,
    goroutines: Vec<Goroutine>,
    /// Where each is there.
    by_id: FxHashMap<u64, u32>,
    model: Model,
}

impl<'a> Builder<'a> {
    pub(super) fn new(trace: &'a Trace) -> Self {
        let mut streams: Vec<Stream> = Vec::new();
        let mut by_machine = HashMap::new();
        let mut order: Vec<usize> = (0..trace.blocks.len()).collect();
        order.sort_by_key(|&index| trace.blocks[index].time);
        for index in order {
            let block = &trace.blocks[index];
            let stream = *by_machine.entry(block.machine).or_insert_with(|| {
                streams.push(Stream {
                    blocks: Vec::new(),
                    block: 0,
                    cursor: None,
                    next: None,
                    first: false,
                    goroutine: 0,
                    processor: None,
                    machine: block.machine,
                });
                streams.len() - 1
            });
            streams[stream].blocks.push(index);
        }
        let by_machine: HashMap<u32, usize> = by_machine
            .into_iter()
            .filter_map(|(machine, stream)| Some((machine?, stream)))
            .collect();
        let information = trace.information.get("max_procs");
        let first = information.and_then(|text| text.parse::<u64>().ok());
        let model = Model {
            end: trace.end,
            machines: by_machine.len(),
            max_procs: first
                .filter(|&count| count > 0)
                .map(|count| (0, count))
                .into_iter()
                .collect(),
            ..Model::default()
        };
        Builder {
            trace,
            streams,
            by_machine,
            goroutines: Vec::new(),
            by_id: FxHashMap::default(),
            model,
        }
    }

    /// A stream's next block begins, with what its machine was known to do then.
    fn begin(&mut self, stream: usize, time: u64) {
        let s = &self.streams[stream];
        let block = &self.trace.blocks[s.blocks[s.block]];
        if s.goroutine == block.goroutine && s.processor != block.processor {
            self.change_processor(stream, time, block.processor);
        }
        let s = &mut self.streams[stream];
        (s.goroutine, s.processor) = (block.goroutine, block.processor);
    }

    /// The next event of a stream.
    fn head(&mut self, stream: usize) -> Option<(u64, &What)> {
        let s = &mut self.streams[stream];
        while s.next.is_none() {
            let block = &self.trace.blocks[*s.blocks.get(s.block)?];
            s.first = s.cursor.is_none();
            s.next = block.next(s.cursor.get_or_insert(block.begin()), self.trace);
            if s.next.is_none() {
                s.block += 1;
                s.cursor = None;
            }
        }
        if s.first && s.block == 0 {
            // Of before nothing else is known.
            let block = &self.trace.blocks[s.blocks[s.block]];
            (s.goroutine, s.processor) = (block.goroutine, block.processor);
        }
        s.next.as_ref().map(|(time, what)| (*time, what))
    }

    /// Whether a stream's next event may happen now.
    fn is_next_due(&mut self, stream: usize) -> bool {
        self.head(stream);
        let next = self.streams[stream].next.as_ref();
        next.is_some_and(|(_, what)| self.is_due(what))
    }

    /// Whether an event may happen now, as far as the goroutines it is about are
    /// known.
    fn is_due(&self, what: &What) -> bool {
        let state = |id: &u64| {
            let index = self.by_id.get(id)?;
            Some(self.goroutines[*index as usize].now?.1)
        };
        match what {
            What::Ready { goroutine, .. } => !matches!(
                state(goroutine),
                Some(State::Runnable { .. } | State::Running { .. })
            ),
            What::Switch { run: Some(run), .. } => !matches!(
                state(run),
                Some(State::Waiting { .. } | State::Running { .. })
            ),
            _ => true,
        }
    }

    pub(super) fn build(mut self) -> Model {
        let mut heap: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
        for stream in 0..self.streams.len() {
            if let Some((time, _)) = self.head(stream) {
                heap.push(Reverse((time, stream)));
            }
        }
        // Streams whose next event waits for its cause, in order of time.
        let mut waiting: Vec<(u64, usize)> = Vec::new();
        loop {
            let mut next = None;
            let limit = heap.peek().map_or(u64::MAX, |Reverse((time, _))| *time);
            for index in 0..waiting.len() {
                let (time, stream) = waiting[index];
                let due = self.is_next_due(stream);
                if due || time.saturating_add(PATIENCE) < limit {
                    self.model.contradictions += u64::from(!due);
                    waiting.remove(index);
                    next = Some((time, stream));
                    break;
                }
            }
            let Some((time, stream)) = next.or_else(|| {
                let Reverse(next) = heap.pop()?;
                let (time, stream) = next;
                let due = self.is_next_due(stream);
                if !due {
                    waiting.push(next);
                    return Some((time, usize::MAX));
                }
                Some(next)
            }) else {
                break;
            };
            if stream == usize::MAX {
                continue;
            }
            if let Some((_, what)) = self.streams[stream].next.take() {
                if self.streams[stream].first {
                    self.begin(stream, time);
                }
                self.apply(stream, time, &what);
            }
            if let Some((time, _)) = self.head(stream) {
                heap.push(Reverse((time, stream)));
            }
        }
        self.finish()
    }

    fn goroutine(&mut self, id: u64) -> &mut Goroutine {
        let index = *self.by_id.entry(id).or_insert_with(|| {
            self.goroutines.push(Goroutine {
                id,
                ..Goroutine::default()
            });
            self.goroutines.len() as u32 - 1
        });
        &mut self.goroutines[index as usize]
    }

    /// The goroutine, which until now did what it must have done if this is the
    /// first that is known of it.
    fn known(&mut self, id: u64, before: State) -> &mut Goroutine {
        let g = self.goroutine(id);
        if g.now.is_none() && g.ended.is_none() {
            let before = match (before, g.hint) {
                (State::Waiting { .. }, Some(hint @ State::Waiting { .. })) => hint,
                (before, _) => before,
            };
            g.now = Some((0, before));
        }
        g
    }

    fn apply(&mut self, stream: usize, time: u64, what: &What) {
        self.model.events += 1;
        let s = &self.streams[stream];
        let (here, processor) = (s.goroutine, s.processor);
        let machine = self.streams[stream].machine;
        match what {
            What::Created { goroutine, site } => {
                let g = self.goroutine(*goroutine);
                (g.creator, g.site, g.created) = (here, *site, Some(time));
                g.now = Some((time, State::Runnable { by: here }));
            }
            What::Ready { goroutine, caller } => {
                let by = if *caller { here } else { 0 };
                let g = self.known(*goroutine, State::Waiting { site: 0 });
                let site = match g.now {
                    Some((_, State::Waiting { site })) => site,
                    _ => 0,
                };
                g.enter(time, Some(State::Runnable { by }));
                self.model.wakes.push(Wake {
                    time,
                    from: by,
                    to: *goroutine,
                    site,
                });
            }
            What::Switch { stop, run } => {
                let machine = machine.unwrap_or(u32::MAX);
                let running = State::Running { machine, processor };
                if let Some(stop) = stop
                    && here != 0
                {
                    let g = self.known(here, running);
                    match stop {
                        Stop::Park { site } => g.enter(time, Some(State::Waiting { site: *site })),
                        Stop::Yield => g.enter(time, Some(State::Runnable { by: here })),
                        Stop::End => {
                            g.enter(time, None);
                            g.ended = Some(time);
                            g.spans.shrink_to_fit();
                            for index in std::mem::take(&mut g.open) {
                                g.regions[index].end = time;
                            }
                        }
                    }
                }
                if let Some(run) = run {
                    self.known(*run, State::Runnable { by: 0 })
                        .enter(time, Some(running));
                }
                self.streams[stream].goroutine = run.unwrap_or(0);
            }
            What::Acquire { processor } => {
                // Whoever took it from another machine may tell so only later.
                let others = 0..self.streams.len();
                let holds = |other: &usize| self.streams[*other].processor == Some(*processor);
                let before: Vec<usize> = others
                    .filter(|other| *other != stream && holds(other))
                    .collect();
                for other in before {
                    self.change_processor(other, time, None);
                }
                self.change_processor(stream, time, Some(*processor));
            }
            What::Release => self.change_processor(stream, time, None),
            What::Retake { machine, processor } => {
                self.model.handoffs += 1;
                if let Some(&stream) = self.by_machine.get(machine)
                    && self.streams[stream].processor == Some(*processor)
                {
                    self.change_processor(stream, time, None);
                }
            }
            What::MaxProcs { count } => {
                // None: the runtime is only being started.
                let last = self.model.max_procs.last();
                if *count > 0 && last.is_none_or(|(_, last)| last != count) {
                    self.model.max_procs.push((time, *count));
                }
            }
            What::Exists {
                goroutine,
                state,
                machine,
                processor,
                site,
            } => {
                let hint = match (state, machine) {
                    (1, _) => State::Runnable { by: 0 },
                    (2, Some(machine)) => State::Running {
                        machine: *machine,
                        processor: *processor,
                    },
                    _ => State::Waiting { site: *site },
                };
                let g = self.goroutine(*goroutine);
                // What it did since is known better.
                if g.created.is_none() {
                    g.hint = Some(hint);
                }
            }
            What::Origin {
                goroutine,
                site,
                creator,
            } => {
                let g = self.goroutine(*goroutine);
                (g.site, g.creator) = (*site, *creator);
            }
            What::Named { goroutine, name } => {
                self.goroutine(*goroutine).name = Some(name.clone());
            }
            What::RegionBegin { task, name } => {
                let g = self.goroutine(here);
                g.open.push(g.regions.len());
                g.regions.push(Region {
                    name: name.clone(),
                    task: *task,
                    start: time,
                    end: time,
                });
            }
            What::RegionEnd => {
                let g = self.goroutine(here);
                if let Some(index) = g.open.pop() {
                    g.regions[index].end = time;
                }
            }
            What::TaskBegin { task, parent, name } => self.model.tasks.push(Task {
                id: *task,
                parent: *parent,
                name: name.clone(),
                start: time,
                end: self.model.end,
            }),
            What::TaskEnd { task } => {
                if let Some(task) = self.model.tasks.iter_mut().rfind(|t| t.id == *task) {
                    task.end = time;
                }
            }
            What::Log {
                task,
                category,
                message,
            } => self.model.messages.push(Message {
                time,
                goroutine: here,
                task: *task,
                category: category.clone(),
                text: message.clone(),
            }),
            What::Steal { .. } => self.model.steals += 1,
            What::MachineStart | What::MachineEnd => {}
        }
    }

    /// A machine gets a processor, or loses it; the goroutine on it runs on.
    fn change_processor(&mut self, stream: usize, time: u64, processor: Option<u32>) {
        let s = &mut self.streams[stream];
        let before = std::mem::replace(&mut s.processor, processor);
        let (here, machine) = (s.goroutine, s.machine.unwrap_or(u32::MAX));
        if here != 0 {
            let running = |processor| State::Running { machine, processor };
            self.known(here, running(before))
                .enter(time, Some(running(processor)));
        }
    }

    fn finish(mut self) -> Model {
        let end = self.model.end;
        self.by_id = FxHashMap::default();
        for g in &mut self.goroutines {
            if g.now.is_none() && g.ended.is_none() {
                // Nothing happened to it at all.
                g.now = g.hint.map(|hint| (0, hint));
            }
            g.enter(end, None);
            g.spans.retain(|span| span.start < span.end);
            for index in std::mem::take(&mut g.open) {
                g.regions[index].end = end;
            }
        }
        // Those known by their regions only are threads.
        self.model.goroutines = self.goroutines;
        self.model.goroutines.sort_unstable_by_key(|g| g.id);
        self.model
    }
}
