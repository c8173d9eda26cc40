//! The workloads: names, units, and which way is better.

use serde::Serialize;

/// Which figures are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Better {
    Lower,
    Higher,
}

/// A workload, as `bench/README.md` describes it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
}

const fn lower(name: &'static str, what: &'static str, unit: &'static str) -> Workload {
    Workload {
        name,
        what,
        unit,
        better: Better::Lower,
    }
}

/// All workloads, in the order of `bench/README.md`.
pub(crate) const ALL: &[Workload] = &[
    lower("spawn", "start a goroutine that ends at once", "ns"),
    lower("yield", "yield, 100 goroutines", "ns"),
    lower("pingpong", "round trip between two", "ns"),
    lower("ring", "hop in a ring of 1 000", "ns"),
    lower("spsc", "message, one to one, room for 1 024", "ns"),
    lower("mpmc", "message, four to four, room for 64", "ns"),
    lower("select", "message, select over four channels", "ns"),
    lower("mutex", "lock and unlock, eight goroutines", "ns"),
    lower("skynet", "goroutine in a tree of a million", "ns"),
    lower("sleepers", "sleeper among a million", "ns"),
    lower("memory", "resident, one of a million waiting", "bytes"),
    lower("sieve", "prime from a chain of filters", "ns"),
    lower("echo", "request to a TCP echo server", "ns"),
    lower("ticker", "p99 lateness of a 1 ms ticker", "ns"),
    lower("hogs", "the same beside endless loops", "ns"),
    lower("blockers-ticker", "the same beside blocked reads", "ns"),
    lower("blockers", "slowdown of ring by blocked reads", "times"),
    Workload {
        name: "parallel",
        what: "speed-up of SHA-256 by all CPUs",
        unit: "times",
        better: Better::Higher,
    },
    lower("rwlock-10", "lock, every 10th to write", "ns"),
    lower("rwlock-100", "lock, every 100th to write", "ns"),
    lower("rwlock-read", "lock to read, eight goroutines", "ns"),
    lower("mutex-alone", "lock and unlock a free mutex", "ns"),
    lower("read-alone", "lock and unlock to read, free", "ns"),
    lower("write-alone", "lock and unlock to write, free", "ns"),
    lower("cancel-chain", "context in a chain of 1 000", "ns"),
    lower("cancel-wide", "context among 10 000 children", "ns"),
    lower("cancel-tree", "context in a tree of 10 000", "ns"),
    lower("context-timeout", "context with a time-out", "ns"),
    lower("chan-alone", "send to and receive from oneself", "ns"),
    lower("timer-func", "function called by a timer", "ns"),
    lower("timer-stop", "timer set and stopped", "ns"),
    lower("timer-reset", "timer set anew", "ns"),
    lower("timer-pending", "timer among a million", "ns"),
    lower("timer-select", "message with a time-out", "ns"),
];

/// The workload of that name.
pub(crate) fn find(name: &str) -> Option<&'static Workload> {
    ALL.iter().find(|workload| workload.name == name)
}
