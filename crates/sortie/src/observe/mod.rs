//! Looking at the runtime: dumps, metrics, traces. Reads, and prints; nothing
//! below depends on it but through function pointers.

pub(crate) mod dump;
pub(crate) mod faults;
pub(crate) mod histogram;
pub(crate) mod metrics;
pub(crate) mod panics;
pub(crate) mod profile;
pub(crate) mod schedtrace;
pub(crate) mod socket;
mod stack;
pub mod trace;
