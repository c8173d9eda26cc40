//! Ground, as in the runtime, on loom.

pub(crate) mod atomic;
pub(crate) mod backoff;
pub(crate) mod barrier;
pub(crate) mod clock;
pub(crate) mod futex;
#[path = "../../../crates/sortie/src/base/hint.rs"]
pub(crate) mod hint;
pub(crate) mod identity;
pub(crate) mod instant;
#[path = "../../../crates/sortie/src/base/lock.rs"]
#[allow(dead_code, reason = "timers try, and are not modelled")]
pub(crate) mod lock;
#[path = "../../../crates/sortie/src/base/memory.rs"]
pub(crate) mod memory;
#[path = "../../../crates/sortie/src/base/padded.rs"]
pub(crate) mod padded;
pub(crate) mod rng;
#[path = "../../../crates/sortie/src/base/run_queue.rs"]
pub(crate) mod run_queue;
pub(crate) mod sleepers;
