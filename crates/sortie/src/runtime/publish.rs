//! The runtime's figures by the `metrics` crate: with the feature `metrics`.
//!
//! A [`Publisher`] hands them to the recorder that the program has installed, be that for
//! Prometheus, statsd or anything else.
//!
//! | name | kind | labels |
//! |------|------|--------|
//! | `sortie_goroutines` | gauge | `state`: `running`, `without_proc`, `runnable`, `waiting` |
//! | `sortie_goroutines_waiting` | gauge | `reason`: that of [`WaitReason::as_str`](super::WaitReason::as_str) |
//! | `sortie_goroutines_created_total` | counter | |
//! | `sortie_sched_latency_seconds` | histogram | |
//! | `sortie_turns_total`, `sortie_steals_total`, `sortie_handoffs_total`, `sortie_wakeups_total` | counter | |
//! | `sortie_procs` | gauge | `state`: `in_use`, `idle` |
//! | `sortie_proc_queue` | gauge | `proc`: its number |
//! | `sortie_global_queue` | gauge | |
//! | `sortie_threads` | gauge | `state`: `active`, `idle` |
//! | `sortie_timers`, `sortie_sockets`, `sortie_socket_waits` | gauge | |
//! | `sortie_stacks` | gauge | `state`: `in_use`, `pooled` |
//! | `sortie_stack_space_bytes`, `sortie_header_memory_bytes` | gauge | |
//! | `sortie_cpu_seconds` | gauge | |

use super::{Histogram, Metrics, WaitReason};
use crate::base::atomic::{AtomicU32, Ordering};
use crate::base::{clock, futex};
use crate::observe::profile::GoroutineProfile;
use crate::sched::blocking::blocking;
use crate::sched::deadlock;
use metrics::{counter, gauge, histogram};
use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Publishes the runtime's figures. It remembers what it has published, so a
/// program has one.
///
/// # Examples
/// ```
/// use sortie::runtime::publish::Publisher;
/// use std::time::Duration;
///
/// // A recorder has been installed.
/// let publishing = Publisher::new().every(Duration::from_secs(10))?;
/// // ...
/// drop(publishing);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Publisher {
    latency: Histogram,
    /// Whose gauges there are.
    reasons: HashSet<WaitReason>,
    procs: usize,
}

impl Publisher {
    /// One that has published nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Publishes the figures of this moment to the current recorder.
    ///
    /// # Panics
    /// If the runtime cannot start.
    pub fn publish(&mut self) {
        let scheduler = super::default_scheduler();
        self.goroutines(&GoroutineProfile::take(scheduler));
        self.numbers(&Metrics::of(scheduler));
    }

    fn goroutines(&mut self, profile: &GoroutineProfile) {
        for (state, count) in [
            ("running", profile.running),
            ("without_proc", profile.without_proc),
            ("runnable", profile.runnable),
            ("waiting", profile.waiting),
        ] {
            gauge!("sortie_goroutines", "state" => state).set(count as f64);
        }
        let reasons = profile.reasons();
        self.reasons
            .extend(reasons.iter().map(|(reason, _)| *reason));
        for &reason in &self.reasons {
            let found = reasons.iter().find(|(other, _)| *other == reason);
            let count = found.map_or(0, |(_, count)| *count);
            gauge!("sortie_goroutines_waiting", "reason" => reason.as_str()).set(count as f64);
        }
    }

    fn numbers(&mut self, now: &Metrics) {
        counter!("sortie_goroutines_created_total").absolute(now.goroutines_created);
        counter!("sortie_turns_total").absolute(now.turns);
        counter!("sortie_steals_total").absolute(now.steals);
        counter!("sortie_handoffs_total").absolute(now.handoffs);
        counter!("sortie_wakeups_total").absolute(now.wakeups);
        let idle = now.idle_procs.min(now.max_procs);
        gauge!("sortie_procs", "state" => "in_use").set((now.max_procs - idle) as f64);
        gauge!("sortie_procs", "state" => "idle").set(idle as f64);
        let idle = now.idle_threads.min(now.threads);
        gauge!("sortie_threads", "state" => "active").set((now.threads - idle) as f64);
        gauge!("sortie_threads", "state" => "idle").set(idle as f64);
        // Those of processors that are gone are empty.
        self.procs = self.procs.max(now.procs.len());
        for index in 0..self.procs {
            let queue = now.procs.get(index).map_or(0, |p| p.runnable());
            gauge!("sortie_proc_queue", "proc" => index.to_string()).set(queue as f64);
        }
        gauge!("sortie_global_queue").set(now.global_queue as f64);
        gauge!("sortie_timers").set(now.timers as f64);
        gauge!("sortie_sockets").set(now.sockets as f64);
        gauge!("sortie_socket_waits").set(now.socket_waits as f64);
        gauge!("sortie_stacks", "state" => "in_use").set(now.stacks as f64);
        gauge!("sortie_stacks", "state" => "pooled").set(now.pooled_stacks as f64);
        gauge!("sortie_stack_space_bytes").set(now.stack_space as f64);
        gauge!("sortie_header_memory_bytes").set(now.header_memory as f64);
        gauge!("sortie_cpu_seconds").set(now.cpu_time.as_secs_f64());
        let latency = histogram!("sortie_sched_latency_seconds");
        for (seconds, count) in now.sched_latency.since(&self.latency).middles() {
            latency.record_many(seconds, usize::try_from(count).unwrap_or(usize::MAX));
        }
        self.latency = now.sched_latency.clone();
    }

    /// Publishes at once and then again and again, on a thread of its own, until the
    /// result is dropped. The thread keeps no program alive and hides no deadlock.
    ///
    /// # Errors
    /// If the system refuses a thread, or the runtime cannot start.
    pub fn every(mut self, period: Duration) -> io::Result<Publishing> {
        super::try_scheduler()?;
        let end = Arc::new(AtomicU32::new(0));
        let ends = end.clone();
        let thread = std::thread::Builder::new()
            .name("sortie-metrics".into())
            .spawn(move || {
                while ends.load(Ordering::Acquire) == 0 {
                    let next = clock::after(period);
                    self.publish();
                    // Nobody's deadlock is hidden by this thread.
                    deadlock::thread_waits();
                    while ends.load(Ordering::Acquire) == 0 && clock::now() < next {
                        futex::wait_until(&ends, 0, next);
                    }
                    deadlock::thread_is_ready();
                }
            })?;
        Ok(Publishing {
            end,
            thread: Some(thread),
        })
    }
}

/// The figures are published, again and again, until this is dropped.
#[derive(Debug)]
#[must_use = "it ends when this is dropped"]
pub struct Publishing {
    end: Arc<AtomicU32>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Publishing {
    fn drop(&mut self) {
        self.end.store(1, Ordering::Release);
        futex::wake_one(&*self.end);
        if let Some(thread) = self.thread.take() {
            // If its recorder panicked, that was printed.
            let _ = blocking(|| thread.join());
        }
    }
}
