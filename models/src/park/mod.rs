//! Parking of OS threads: the contract of the runtime's `park`, without goroutines.

#[path = "../../../crates/sortie/src/park/thread.rs"]
#[allow(dead_code, reason = "a model says which parker is whose")]
mod thread;

use crate::goroutine::claim::Ticket;
use crate::sched::Commit;
pub(crate) use thread::ThreadParker;

/// How a wait with a time-out ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    Ready,
    TimedOut,
}

/// Parks the calling thread, whose parker this is.
pub(crate) fn park<F: FnOnce() -> bool>(parker: &ThreadParker, commit: F) {
    let mut commit = Some(commit);
    // SAFETY: each model gives each thread a parker of its own.
    unsafe { parker.park(as_pointer(&mut commit)) }
}

/// As [`park`], for a wait that several may end.
pub(crate) fn park_claimed<F: FnOnce() -> bool>(
    parker: &ThreadParker,
    ticket: Ticket,
    deadline: u64,
    commit: F,
) -> Woken {
    let mut commit = Some(commit);
    // SAFETY: as above, and the ticket is of this parker's last wait.
    unsafe { parker.park_claimed(ticket, deadline, as_pointer(&mut commit)) }
}

fn as_pointer<F: FnOnce() -> bool>(commit: &mut Option<F>) -> Commit {
    /// # Safety
    /// `data` is an `Option<F>` that nobody else uses.
    unsafe fn call<F: FnOnce() -> bool>(data: *mut ()) -> bool {
        // SAFETY: as this function's.
        let commit = unsafe { (*data.cast::<Option<F>>()).take() };
        commit.expect("a commit is called once")()
    }
    Commit {
        run: call::<F>,
        data: std::ptr::from_mut(commit).cast(),
    }
}
