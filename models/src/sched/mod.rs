//! The scheduler's protocols, and the little that parking needs of it.

pub(crate) mod deadlock;
#[path = "../../../crates/sortie/src/sched/seat.rs"]
#[allow(dead_code, reason = "some of it is for locks")]
pub(crate) mod seat;
#[path = "../../../crates/sortie/src/sched/wake_gate.rs"]
#[allow(dead_code, reason = "some of it is for metrics")]
pub(crate) mod wake_gate;

/// As the scheduler's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commit {
    pub(crate) run: unsafe fn(*mut ()) -> bool,
    pub(crate) data: *mut (),
}

/// Guesses about the scheduler.
pub(crate) mod hint {
    /// Waiting awake is one more look, which comes anyway.
    pub(crate) fn may_spin() -> bool {
        false
    }

    /// The same.
    pub(crate) fn others_run() -> bool {
        false
    }
}

/// What ends the process.
pub(crate) mod fatal {
    pub(crate) fn throw(what: std::fmt::Arguments<'_>) -> ! {
        panic!("fatal error: {what}");
    }
}

pub(crate) fn yield_now() {
    loom::thread::yield_now();
}
