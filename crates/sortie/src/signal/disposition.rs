//! What the kernel does with signals, and the handler.

use super::name::{NUMBERS, Signal};
use crate::base::atomic::{AtomicPtr, AtomicU64, Ordering};
use crate::sched::Scheduler;
use std::mem::MaybeUninit;
use std::ptr;

/// Signals that have come and were not delivered yet, a bit for each. As for the
/// kernel, one that comes again is the same.
static PENDING: AtomicU64 = AtomicU64::new(0);

/// Whose sysmon is told.
static SCHEDULER: AtomicPtr<Scheduler> = AtomicPtr::new(ptr::null_mut());

/// Takes the signals that have come.
pub(super) fn take_pending() -> u64 {
    PENDING.swap(0, Ordering::AcqRel)
}

/// Notes a signal for whoever delivers, and has that done. Does only what a handler
/// may: no lock, no memory, no thread-local, no change of errno.
extern "C" fn on_signal(number: libc::c_int) {
    PENDING.fetch_or(1 << (number - 1), Ordering::AcqRel);
    // SAFETY: set from a `&'static`.
    if let Some(scheduler) = unsafe { SCHEDULER.load(Ordering::Acquire).as_ref() } {
        scheduler.sysmon.request_delivery();
    }
}

/// What this module has made of the dispositions of signals, and what they were.
pub(super) struct Dispositions {
    /// Those that it has changed: as they were before.
    changed: [Option<libc::sigaction>; NUMBERS],
    /// Those of which somebody else has replaced the handler.
    replaced: u64,
}

// SAFETY: a `sigaction` has a handler's address, which all threads may know.
unsafe impl Send for Dispositions {}

fn handler() -> usize {
    on_signal as *const () as usize
}

/// The present disposition of a signal.
fn present(signal: Signal) -> libc::sigaction {
    let mut action = MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: only asks. If it failed all would be zeros, which is the default.
    unsafe {
        libc::sigaction(signal.as_raw(), ptr::null(), action.as_mut_ptr());
        action.assume_init()
    }
}

fn set(signal: Signal, action: &libc::sigaction) {
    // SAFETY: the action was made here or by the kernel, and the handler does only what
    // it may.
    let result = unsafe { libc::sigaction(signal.as_raw(), action, ptr::null_mut()) };
    assert_eq!(result, 0, "the disposition of {signal:?} can be changed");
}

impl Dispositions {
    pub(super) const fn new() -> Self {
        Dispositions {
            changed: [None; NUMBERS],
            replaced: 0,
        }
    }

    /// Lets a signal be noted, for the sysmon of this scheduler.
    pub(super) fn catch(&mut self, signal: Signal, scheduler: &'static Scheduler) {
        SCHEDULER.store(ptr::from_ref(scheduler).cast_mut(), Ordering::Release);
        self.change(signal, handler());
    }

    /// Lets the kernel ignore a signal.
    pub(super) fn ignore(&mut self, signal: Signal) {
        self.change(signal, libc::SIG_IGN);
    }

    fn change(&mut self, signal: Signal, to: usize) {
        let before = present(signal);
        self.replaced &= !signal.bit();
        self.changed[signal.as_raw() as usize].get_or_insert(before);
        let mut action = before;
        action.sa_sigaction = to;
        // Interrupted calls are made again, as with Go's handler; overflowed stacks have
        // another one for this.
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        // SAFETY: fills in a set.
        unsafe { libc::sigfillset(&mut action.sa_mask) };
        set(signal, &action);
    }

    /// Makes a signal what it was before, unless somebody else has changed it.
    pub(super) fn restore(&mut self, signal: Signal) {
        let Some(before) = self.changed[signal.as_raw() as usize].take() else {
            return;
        };
        let now = present(signal).sa_sigaction;
        if now == handler() || now == libc::SIG_IGN {
            set(signal, &before);
        } else {
            self.replaced |= signal.bit();
        }
    }

    /// Sends a signal once more: it came when nobody here wanted it any more, and is
    /// up to those who do now.
    pub(super) fn pass_on(&self, signal: Signal) {
        // Somebody's handler may call ours, and this would never end.
        if self.replaced & signal.bit() == 0 {
            // SAFETY: has no requirements.
            unsafe { libc::kill(libc::getpid(), signal.as_raw()) };
        }
    }
}

/// Whether a signal is ignored now.
pub(super) fn is_ignored(signal: Signal) -> bool {
    present(signal).sa_sigaction == libc::SIG_IGN
}
