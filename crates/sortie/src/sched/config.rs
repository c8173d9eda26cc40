//! What a runtime can be told before it starts.

use super::scheduler::Scheduler;
use std::time::Duration;

/// Settings of a runtime.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// Processors; `None` for the default, which is followed while running.
    pub(crate) max_procs: Option<usize>,
    /// Bytes of stack of a goroutine.
    pub(crate) stack_size: usize,
    /// Threads at most.
    pub(crate) max_threads: usize,
    /// Whether a panic that nobody joins ends the process.
    pub(crate) exit_on_panic: bool,
    /// Seed of the scheduler's random choices.
    pub(crate) seed: u64,
    /// How long a machine sleeps before its thread ends.
    pub(crate) idle_machine_life: Duration,
    /// Between two lines of `schedtrace`.
    pub(crate) schedtrace: Option<Duration>,
    pub(crate) hooks: Hooks,
}

/// What the scheduler lets others do, who know more than it does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hooks {
    /// Somebody asked for a dump and the end.
    pub(crate) quit: fn(&'static Scheduler),
    /// A line of `schedtrace`, so many milliseconds after the start.
    pub(crate) trace: fn(&'static Scheduler, u64),
    /// Nothing will ever happen again; the message says so.
    pub(crate) deadlock: fn(&'static Scheduler, &str),
}

impl Config {
    pub(crate) fn new(hooks: Hooks) -> Self {
        Config {
            hooks,
            max_procs: None,
            stack_size: sortie_fiber::DEFAULT_STACK_SIZE,
            max_threads: 10_000,
            exit_on_panic: false,
            seed: crate::base::clock::now(),
            idle_machine_life: Duration::from_secs(5),
            schedtrace: None,
        }
    }
}
