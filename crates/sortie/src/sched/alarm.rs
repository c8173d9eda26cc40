//! Triggers: arming them from anywhere, and where they fire.

use super::machine::M;
use super::processor::P;
use super::scheduler::Scheduler;
use super::spawn::{self, Plan};
use crate::base::atomic::{AtomicUsize, Ordering};
use crate::driver::timers::Timers;
use crate::driver::trigger::Trigger;
use crate::goroutine::{GRef, current};
use sortie_fiber::race;
use std::cell::Cell;
use std::io;
use std::sync::Arc;

/// Where a trigger fires: a machine that has a processor and runs no goroutine.
#[derive(Debug)]
pub(crate) struct Site {
    scheduler: &'static Scheduler,
    p: &'static P,
}

impl Site {
    pub(super) fn new(scheduler: &'static Scheduler, p: &'static P) -> Self {
        Site { scheduler, p }
    }

    /// As actions get it.
    pub(super) fn as_ptr(&self) -> *const () {
        std::ptr::from_ref(self).cast()
    }

    /// Makes a goroutine, which runs after others that are ready.
    ///
    /// # Errors
    /// If there is no memory, or no address space for its stack.
    ///
    /// # Safety
    /// As [`spawn::spawn`].
    pub(crate) unsafe fn spawn(&self, plan: Plan, equip: impl FnOnce(GRef)) -> io::Result<()> {
        // SAFETY: the machine has the processor; and as this function's.
        unsafe { spawn::spawn_at(self.scheduler, self.p, plan, equip) }
    }

    /// Makes a goroutine that waits runnable, after others that are ready.
    ///
    /// # Safety
    /// As [`ready`](super::submit::ready).
    pub(crate) unsafe fn ready(&self, g: GRef) {
        // SAFETY: the machine has the processor; and as this function's.
        unsafe { self.scheduler.ready_at(self.p, [g]) };
    }

    /// Arms a trigger for `when`.
    pub(crate) fn arm<A: ?Sized>(&self, trigger: &Arc<Trigger<A>>, when: u64) {
        if trigger.arm(when, &self.p.timers).is_first {
            self.scheduler.keep_time(when);
        }
    }

    /// Lets it try again at `when`.
    pub(crate) fn postpone<A: ?Sized>(&self, trigger: &Arc<Trigger<A>>, when: u64) {
        if trigger.postpone(when, &self.p.timers) {
            self.scheduler.keep_time(when);
        }
    }
}

/// Arms a trigger for `when`, in the timers of the caller's processor, or of some
/// processor of `scheduler` if the caller has none. Returns whether it was armed.
pub(crate) fn arm<A: ?Sized>(
    scheduler: impl FnOnce() -> &'static Scheduler,
    trigger: &Arc<Trigger<A>>,
    when: u64,
) -> bool {
    with_timers(scheduler, |scheduler, timers| {
        let armed = trigger.arm(when, timers);
        if armed.is_first {
            scheduler.keep_time(when);
        }
        armed.before
    })
}

/// As [`Site::postpone`], from anywhere.
pub(crate) fn postpone<A: ?Sized>(
    scheduler: impl FnOnce() -> &'static Scheduler,
    trigger: &Arc<Trigger<A>>,
    when: u64,
) {
    with_timers(scheduler, |scheduler, timers| {
        if trigger.postpone(when, timers) {
            scheduler.keep_time(when);
        }
    });
}

/// Calls `f` with the timers that are closest to the caller.
fn with_timers<T>(
    scheduler: impl FnOnce() -> &'static Scheduler,
    f: impl FnOnce(&'static Scheduler, &'static Timers) -> T,
) -> T {
    // What a trigger synchronises by is seen by a race detector.
    let _hidden = race::hide_accesses();
    let Some(me) = current::current() else {
        let scheduler = scheduler();
        return f(scheduler, some_timers(scheduler));
    };
    let m = M::of(me);
    // SAFETY: seats hold `&'static P`s.
    let p: Option<&'static P> = unsafe { m.seat.enter().as_ref() };
    let timers = match p {
        Some(p) => &p.timers,
        None => some_timers(m.scheduler),
    };
    let result = f(m.scheduler, timers);
    m.seat.exit();
    result
}

/// Timers for who has no processor: the same for a thread again and again, but not
/// the same for all. The processor may go out of use meanwhile, which its timers
/// know.
fn some_timers(scheduler: &'static Scheduler) -> &'static Timers {
    static THREADS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
    }
    let number = NUMBER.try_with(|number| {
        let mine = number
            .get()
            .unwrap_or_else(|| THREADS.fetch_add(1, Ordering::Relaxed));
        number.set(Some(mine));
        mine
    });
    let processors = scheduler.processors();
    &processors[number.unwrap_or(0) % processors.len()].timers
}
