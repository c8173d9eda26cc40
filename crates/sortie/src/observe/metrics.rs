//! Figures about the runtime.

use super::histogram::Histogram;
use crate::sched::processor::Status;
use crate::sched::{P, Scheduler};
use std::time::Duration;

/// Figures about the runtime, by [`runtime::metrics`](crate::runtime::metrics).
///
/// They are read one after the other while everything runs, so they need not agree to
/// the last goroutine. Names in quotes are those of Go's `runtime/metrics`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Processors: GOMAXPROCS. "/sched/gomaxprocs:threads".
    pub max_procs: usize,
    /// Processors that nobody uses. `idleprocs` of Go's schedtrace.
    pub idle_procs: usize,
    /// OS threads that run goroutines, or wait to. "/sched/threads/total:threads".
    pub threads: usize,
    /// Those of them that sleep. `idlethreads` of Go's schedtrace.
    pub idle_threads: usize,
    /// Those of them that look for work. `spinningthreads` of Go's schedtrace.
    pub searching_threads: usize,
    /// Times that a thread was woken, or started, to look for work, since the start.
    pub wakeups: u64,

    /// Goroutines that exist. "/sched/goroutines:goroutines".
    pub goroutines: usize,
    /// Goroutines made since the start. "/sched/goroutines-created:goroutines".
    pub goroutines_created: u64,
    /// Goroutines that run on a processor. "/sched/goroutines/running:goroutines".
    pub running: usize,
    /// Goroutines that run without one: they block in the kernel or a C library, or
    /// compute on for long. "/sched/goroutines/not-in-go:goroutines".
    pub without_proc: usize,
    /// Goroutines that are ready to run and wait in a queue.
    /// "/sched/goroutines/runnable:goroutines".
    pub runnable: usize,
    /// Goroutines that wait for something: all others. For what, tells
    /// [`goroutine_profile`](crate::runtime::goroutine_profile).
    /// "/sched/goroutines/waiting:goroutines".
    pub waiting: usize,
    /// Those of the runnable ones that are in the global queue. `runqueue` of Go's
    /// schedtrace.
    pub global_queue: usize,

    /// Turns that goroutines had since the start: how often one began to run or went
    /// on.
    pub turns: u64,
    /// Times that a processor took work from another, since the start.
    pub steals: u64,
    /// Times that a processor was taken from a thread that blocked or computed on,
    /// or given up for a blocking call, since the start.
    pub handoffs: u64,
    /// How long goroutines were ready before they ran, since the start: a sample, in
    /// which each time counts for as many goroutines as it stands for. It has
    /// those made ready by goroutines, by time and by the network, and those
    /// that were made or have yielded; not those made ready by other OS threads.
    /// "/sched/latencies:seconds".
    pub sched_latency: Histogram,

    /// Timers that are set, those of sleeping goroutines among them. Some that were
    /// stopped lately may be counted.
    pub timers: usize,
    /// Sockets that the network poller watches: those that made somebody wait.
    pub sockets: usize,
    /// Waits for them that are going on.
    pub socket_waits: usize,

    /// Bytes of a goroutine's stack, as address space.
    pub stack_size: usize,
    /// Stacks in use by goroutines that have run. Up to 64 more for each processor
    /// are ready for the next, and counted here.
    pub stacks: usize,
    /// Stacks that are not in use and hold memory, to be used again or given back to
    /// the system within seconds.
    pub pooled_stacks: usize,
    /// Bytes of address space reserved for stacks, in use or not. What is used of it,
    /// page by page, is in the process's resident memory.
    /// "/memory/classes/heap/stacks:bytes" is what Go's stacks take.
    pub stack_space: usize,
    /// Bytes of the headers of goroutines, in use or kept for the next.
    pub header_memory: usize,

    /// CPU time that the whole process has used. Its increase divided by the time that
    /// passed is the parallelism of the run.
    pub cpu_time: Duration,

    /// The processors.
    pub procs: Vec<ProcMetrics>,
}

/// Figures about one processor, in [`Metrics::procs`]. Counts are since the start.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcMetrics {
    /// Whether a thread has it.
    pub in_use: bool,
    /// Goroutines in its queue.
    pub queue: usize,
    /// Whether there is one to run before those: Go's `runnext`.
    pub has_next: bool,
    /// Turns that goroutines had on it. `schedtick` of Go's schedtrace.
    pub turns: u64,
    /// Goroutines made on it.
    pub goroutines_created: u64,
    /// Times that it took work from another.
    pub steals: u64,
    /// Times that it was taken from a thread, or given up for a blocking call.
    pub handoffs: u64,
    /// Timers that are set on it.
    pub timers: usize,
}

impl ProcMetrics {
    fn of(p: &P) -> Self {
        ProcMetrics {
            in_use: p.status() == Status::Running,
            queue: p.queue.len(),
            has_next: p.has_next(),
            turns: p.tick.get(),
            goroutines_created: p.counters.made.get(),
            steals: p.counters.steals.get(),
            handoffs: p.counters.handoffs.get(),
            timers: p.timers.len(),
        }
    }

    /// Goroutines that are ready to run on it.
    pub fn runnable(&self) -> usize {
        self.queue + usize::from(self.has_next)
    }
}

impl Metrics {
    pub(crate) fn of(scheduler: &'static Scheduler) -> Self {
        let (made, ended) = scheduler.goroutine_counts();
        let (threads, idle_threads) = scheduler.thread_counts();
        let procs: Vec<ProcMetrics> = scheduler
            .processors()
            .iter()
            .map(|p| ProcMetrics::of(p))
            .collect();
        let goroutines = made.saturating_sub(ended) as usize;
        let global_queue = scheduler.global_len();
        let queued = global_queue + procs.iter().map(ProcMetrics::runnable).sum::<usize>();
        let idle_procs = scheduler.gate.idle() as usize;
        let searching_threads = scheduler.gate.searching() as usize;
        let busy = procs.len().saturating_sub(idle_procs + searching_threads);
        // Each at most what the ones before leave, so that the sum is right.
        let mut left = goroutines;
        let mut of_them = |count: usize| {
            let count = count.min(left);
            left -= count;
            count
        };
        let runnable = of_them(queued);
        let without_proc = of_them(scheduler.threads_without_processor());
        let running = of_them(busy);
        let all = scheduler.all_processors();
        let sum = |count: fn(&P) -> u64| all.iter().map(|p| count(p)).sum();
        let (sockets, socket_waits) = scheduler.poller().map_or((0, 0), |poller| poller.counts());
        let stacks = scheduler.fibers.counts();
        Metrics {
            max_procs: procs.len(),
            idle_procs,
            threads,
            idle_threads,
            searching_threads,
            wakeups: sum(|p| p.counters.wakeups.get()),
            goroutines,
            goroutines_created: made,
            running,
            without_proc,
            runnable,
            waiting: left,
            global_queue,
            turns: sum(|p| p.tick.get()),
            steals: sum(|p| p.counters.steals.get()),
            handoffs: sum(|p| p.counters.handoffs.get()),
            sched_latency: Histogram::sum(all.iter().map(|p| &p.latency.counts)),
            timers: all.iter().map(|p| p.timers.len()).sum(),
            sockets,
            socket_waits,
            stack_size: scheduler.config.stack_size,
            stacks: stacks.in_use,
            pooled_stacks: stacks.pooled,
            stack_space: stacks.reserved,
            header_memory: scheduler.slab.bytes(),
            cpu_time: cpu_time(),
            procs,
        }
    }
}

/// The CPU time of the process.
fn cpu_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: writes the time; this clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
