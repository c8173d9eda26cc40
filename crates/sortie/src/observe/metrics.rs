//! Figures about the runtime.

use crate::sched::Scheduler;

/// Figures about the runtime, read one after the other while it runs: they need
/// not agree to the last goroutine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Processors: GOMAXPROCS.
    pub max_procs: usize,
    /// Processors that nobody uses.
    pub idle_procs: usize,
    /// OS threads that run goroutines, or wait to.
    pub threads: usize,
    /// Those of them that sleep.
    pub idle_threads: usize,
    /// Those of them that look for work.
    pub searching_threads: usize,
    /// Goroutines that exist.
    pub goroutines: usize,
    /// Goroutines made since the start.
    pub goroutines_created: u64,
    /// Goroutines that are ready to run and wait in a queue.
    pub runnable: usize,
    /// Those of them in the global queue.
    pub global_queue: usize,
    /// Times that a processor took work from another, since the start.
    pub steals: u64,
    /// Times that a processor was taken from a thread that blocked or computed on,
    /// or given up for a blocking call, since the start.
    pub handoffs: u64,
}

impl Metrics {
    pub(crate) fn of(scheduler: &'static Scheduler) -> Self {
        let (made, ended) = scheduler.goroutine_counts();
        let (threads, idle_threads) = scheduler.thread_counts();
        let global_queue = scheduler.global_len();
        let mut queued = global_queue;
        for p in scheduler.processors() {
            queued += p.queue.len() + usize::from(p.has_next());
        }
        let all = scheduler.all_processors();
        Metrics {
            max_procs: scheduler.processors().len(),
            idle_procs: scheduler.gate.idle() as usize,
            threads,
            idle_threads,
            searching_threads: scheduler.gate.searching() as usize,
            goroutines: made.saturating_sub(ended) as usize,
            goroutines_created: made,
            runnable: queued,
            global_queue,
            steals: all.iter().map(|p| p.counters.steals.get()).sum(),
            handoffs: all.iter().map(|p| p.counters.handoffs.get()).sum(),
        }
    }
}
