//! The line of `SORTIE_DEBUG=schedtrace`, as Go prints it.

use super::metrics::Metrics;
use crate::sched::Scheduler;
use std::fmt::Write;

/// Prints it, so many milliseconds after the start.
pub(crate) fn print(scheduler: &'static Scheduler, milliseconds: u64) {
    eprintln!("{}", line(scheduler, milliseconds));
}

fn line(scheduler: &'static Scheduler, milliseconds: u64) -> String {
    let metrics = Metrics::of(scheduler);
    let mut line = format!(
        "SCHED {milliseconds}ms: gomaxprocs={} idleprocs={} threads={} spinningthreads={} \
         idlethreads={} runqueue={} [",
        metrics.max_procs,
        metrics.idle_procs,
        metrics.threads,
        metrics.searching_threads,
        metrics.idle_threads,
        metrics.global_queue,
    );
    for p in scheduler.processors() {
        let _ = write!(line, " {}", p.queue.len() + usize::from(p.has_next()));
    }
    line.push_str(" ] schedticks=[");
    for p in scheduler.processors() {
        let _ = write!(line, " {}", p.tick.get());
    }
    line.push_str(" ]");
    line
}
