//! The figures of one moment. `docs/socket.md` tells what they are.

use super::LiveError;
use serde::Deserialize;

/// All figures. What an older program does not tell is 0.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are what docs/socket.md says")]
pub struct Sample {
    pub version: u32,
    pub pid: u32,
    pub time: u64,
    pub cpu_time: u64,
    pub resident_memory: u64,
    pub goroutines: u64,
    pub running: u64,
    pub without_proc: u64,
    pub runnable: u64,
    pub waiting: u64,
    pub places: u64,
    pub waits: Vec<Wait>,
    pub wait_places: Vec<WaitPlace>,
    pub max_procs: u64,
    pub idle_procs: u64,
    pub threads: u64,
    pub idle_threads: u64,
    pub searching_threads: u64,
    pub global_queue: u64,
    pub timers: u64,
    pub sockets: u64,
    pub socket_waits: u64,
    pub stack_size: u64,
    pub stacks: u64,
    pub pooled_stacks: u64,
    pub stack_space: u64,
    pub header_memory: u64,
    pub goroutines_created: u64,
    pub turns: u64,
    pub steals: u64,
    pub handoffs: u64,
    pub wakeups: u64,
    pub sched_latency: Vec<(u64, u64, u64)>,
    pub procs: Vec<Proc>,
}

/// Goroutines that wait for the same.
#[derive(Debug, Clone, Default, Deserialize)]
#[expect(missing_docs, reason = "fields are what docs/socket.md says")]
pub struct Wait {
    pub reason: String,
    pub count: u64,
}

/// Goroutines that wait at the same place for the same.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are what docs/socket.md says")]
pub struct WaitPlace {
    pub reason: String,
    pub place: String,
    pub origin: Option<String>,
    pub count: u64,
}

/// One processor.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "fields are what docs/socket.md says")]
pub struct Proc {
    pub in_use: bool,
    pub queue: u64,
    pub has_next: bool,
    pub turns: u64,
    pub goroutines_created: u64,
    pub steals: u64,
    pub handoffs: u64,
    pub timers: u64,
}

impl Sample {
    /// Reads one.
    ///
    /// # Errors
    /// If it is none.
    pub fn parse(text: &str) -> Result<Self, LiveError> {
        serde_json::from_str(text).map_err(|error| LiveError::Garbled(error.to_string()))
    }
}

impl Proc {
    /// Goroutines that are ready to run on it.
    pub fn runnable(&self) -> u64 {
        self.queue + u64::from(self.has_next)
    }
}
