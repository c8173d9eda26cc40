//! Parking of OS threads: the contract of the runtime's `park`, without goroutines.

#[path = "../../../crates/sortie/src/park/readiness.rs"]
#[allow(dead_code, reason = "sources are not modelled")]
pub(crate) mod readiness;
#[path = "../../../crates/sortie/src/park/thread.rs"]
#[allow(dead_code, reason = "a model says which parker is whose")]
mod thread;
#[path = "../../../crates/sortie/src/park/wait_queue.rs"]
#[allow(dead_code, reason = "each user needs a part of it")]
pub(crate) mod wait_queue;

use crate::base::atomic::known;
use crate::base::clock;
use crate::goroutine::WaitReason;
use crate::goroutine::claim::{Ticket, Won};
use crate::sched::Commit;
use std::cell::{Cell, RefCell};
use std::panic::Location;
pub(crate) use thread::ThreadParker;

/// How a wait with a time-out ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    Ready,
    TimedOut,
    Interrupted,
}

/// Why and where somebody waits.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code, reason = "only dumps read it")]
pub(crate) struct Place {
    pub(crate) reason: WaitReason,
    pub(crate) location: &'static Location<'static>,
    pub(crate) origin: Option<&'static Location<'static>>,
}

/// A thread that waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiter(&'static ThreadParker);

thread_local! {
    /// The parkers of this execution's threads; loom's threads all run on the OS
    /// thread of their model.
    static PARKERS: RefCell<Vec<*mut ThreadParker>> = RefCell::default();
}

loom::thread_local! {
    static OWN: Cell<Option<Waiter>> = Cell::new(None);
}

/// Forgets what an earlier execution left.
pub(crate) fn forget() {
    for parker in PARKERS.take() {
        // SAFETY: made by a box, and its execution is over.
        drop(unsafe { Box::from_raw(parker) });
    }
}

impl Waiter {
    /// The calling thread.
    pub(crate) fn current() -> Waiter {
        if let Some(waiter) = OWN.with(Cell::get) {
            return waiter;
        }
        let parker = Box::into_raw(Box::new(known(ThreadParker::new())));
        PARKERS.with_borrow_mut(|parkers| parkers.push(parker));
        // SAFETY: it stays where it is until this execution is over.
        let waiter = Waiter(unsafe { &*parker });
        OWN.with(|own| own.set(Some(waiter)));
        waiter
    }

    /// # Safety
    /// The caller is the one to end its wait.
    pub(crate) unsafe fn ready(self) {
        self.0.ready();
    }

    /// # Safety
    /// As [`ready`](Self::ready).
    pub(crate) unsafe fn ready_here(self) {
        self.0.ready();
    }

    pub(crate) fn open(self) -> Ticket {
        self.0.claim.open()
    }

    pub(crate) fn is_open(self, ticket: Ticket) -> bool {
        self.0.claim.is_open(ticket)
    }

    pub(crate) fn win(self, ticket: Ticket) -> Option<Won> {
        self.0.claim.win(ticket)
    }
}

/// # Safety
/// As the runtime's.
pub(crate) unsafe fn park<F: FnOnce() -> bool>(waiter: Waiter, _place: Place, commit: F) {
    park_on(waiter.0, commit);
}

/// # Safety
/// As the runtime's.
pub(crate) unsafe fn park_claimed(
    waiter: Waiter,
    ticket: Ticket,
    deadline: u64,
    _place: Place,
) -> Woken {
    park_claimed_on(waiter.0, ticket, deadline)
}

pub(crate) fn sleep_until(deadline: u64, _place: Place) {
    clock::pass(deadline);
}

/// Parks the calling thread, whose parker this is.
pub(crate) fn park_on<F: FnOnce() -> bool>(parker: &ThreadParker, commit: F) {
    let mut commit = Some(commit);
    // SAFETY: each model gives each thread a parker of its own.
    unsafe { parker.park(as_pointer(&mut commit)) }
}

/// As [`park_on`], for a wait that several may end.
pub(crate) fn park_claimed_on(parker: &ThreadParker, ticket: Ticket, deadline: u64) -> Woken {
    // SAFETY: as above, and the ticket is of this parker's last wait.
    unsafe { parker.park_claimed(ticket, deadline) }
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
