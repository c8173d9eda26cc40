//! Guesses about the caller's surroundings, for those who tune by them. They may be
//! wrong by the time they are used.

use super::machine::M;
use crate::base::atomic::{AtomicU32, Ordering};
use crate::goroutine::current;
use sortie_fiber::race;

/// A number that tells callers apart who run at the same time: that of the processor,
/// or one for the thread.
#[inline]
pub(crate) fn place() -> usize {
    let _hidden = race::hide_accesses();
    match current::current() {
        Some(g) => {
            let m = M::of(g);
            // SAFETY: processors live for ever.
            match unsafe { m.seat.peek().as_ref() } {
                Some(p) => p.index as usize,
                None => m.index as usize,
            }
        }
        None => number_of_thread(),
    }
}

/// Threads are numbered as they ask for it, so that a few have different places.
fn number_of_thread() -> usize {
    use std::cell::Cell;
    static NEXT: AtomicU32 = AtomicU32::new(1);
    thread_local! {
        static NUMBER: Cell<u32> = const { Cell::new(0) };
    }
    NUMBER.with(|number| {
        if number.get() == 0 {
            number.set(NEXT.fetch_add(1, Ordering::Relaxed));
        }
        number.get() as usize
    })
}

/// Whether waiting awake, for somebody else to be done, is better than to let go of
/// the CPU: another CPU may run him, and there is nothing else to do here.
pub(crate) fn may_spin() -> bool {
    others_run() && !has_work()
}

/// Whether somebody may run beside the caller.
pub(crate) fn others_run() -> bool {
    let Some(g) = current::current() else {
        return cpus() > 1;
    };
    let _hidden = race::hide_accesses();
    let scheduler = M::of(g).scheduler;
    let others = scheduler.processors().len() as u32 - 1;
    others > scheduler.gate.idle() + scheduler.gate.searching()
}

/// Whether there is something else to do for the processor of the caller, if he is a
/// goroutine; or he has none at the moment.
fn has_work() -> bool {
    let Some(g) = current::current() else {
        return false;
    };
    let _hidden = race::hide_accesses();
    // SAFETY: processors live for ever.
    unsafe { M::of(g).seat.peek().as_ref() }.is_none_or(|p| p.has_work())
}

/// How many CPUs the process may use, as it was found out first.
pub(super) fn cpus() -> u32 {
    static CPUS: AtomicU32 = AtomicU32::new(0);
    match CPUS.load(Ordering::Relaxed) {
        0 => {
            let count = std::thread::available_parallelism().map_or(1, |count| count.get() as u32);
            CPUS.store(count, Ordering::Relaxed);
            count
        }
        count => count,
    }
}

/// How many processors there are, or CPUs if nobody has started the runtime here.
pub(crate) fn parallelism() -> usize {
    let _hidden = race::hide_accesses();
    match current::current() {
        Some(g) => M::of(g).scheduler.processors().len(),
        None => cpus() as usize,
    }
}
