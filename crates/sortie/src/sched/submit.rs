//! Making goroutines runnable, from anywhere.

use super::machine::M;
use super::processor::{Displaced, P};
use super::scheduler::Scheduler;
use super::trace;
use crate::goroutine::{GRef, List, State, current};
use sortie_fiber::race;

/// Makes a goroutine that waits runnable.
///
/// # Safety
/// The caller owns the goroutine: it found it where the goroutine put itself, or
/// won its claim, and nobody else does.
#[inline]
pub(crate) unsafe fn ready(g: GRef) {
    // To a race detector this is what orders the two; `park` has the other half.
    g.set_state(State::Waiting, State::Runnable);
    let _hidden = race::hide();
    // SAFETY: as this function's.
    unsafe { g.prefetch() };
    match current::current() {
        Some(me) => {
            let m = M::of(me);
            // SAFETY: seats hold `&'static P`s.
            let p = unsafe { m.seat.enter().as_ref() };
            trace::ready(m, me, g);
            // SAFETY: the seat has the processor, and we are inside.
            unsafe { ready_from(m.scheduler, p, g) };
            m.seat.exit();
        }
        None => {
            trace::ready_by_thread(g);
            // SAFETY: set when the goroutine was made.
            let scheduler: &Scheduler = unsafe { &*g.runtime.get().cast() };
            scheduler.inject(g);
            scheduler.wake_for_work();
        }
    }
}

/// Makes a goroutine that waits runnable, and wakes no machine for it if the caller
/// has a processor: it goes to the end of that one's queue.
///
/// # Safety
/// As [`ready`].
pub(crate) unsafe fn ready_here(g: GRef) {
    let Some(me) = current::current() else {
        // SAFETY: as this function's.
        return unsafe { ready(g) };
    };
    g.set_state(State::Waiting, State::Runnable);
    let _hidden = race::hide();
    let m = M::of(me);
    trace::ready(m, me, g);
    // SAFETY: seats hold `&'static P`s.
    match unsafe { m.seat.enter().as_ref() } {
        // SAFETY: the seat has the processor, and we are inside.
        Some(p) => unsafe { m.scheduler.make_last(p, g) },
        None => {
            m.scheduler.inject(g);
            m.scheduler.wake_for_work();
        }
    }
    m.seat.exit();
}

impl Scheduler {
    /// Makes goroutines runnable that time or the network has made ready, at the end of the
    /// queue of `p`.
    ///
    /// # Safety
    /// - the caller has the processor;
    /// - as [`ready`], for each of them.
    pub(super) unsafe fn ready_at(&self, p: &P, list: impl IntoIterator<Item = GRef>) {
        for g in list {
            g.set_state(State::Waiting, State::Runnable);
            trace::ready_by_nobody(trace::machine_of(p), None, g);
            // SAFETY: as this function's.
            unsafe {
                g.prefetch();
                self.make_last(p, g);
            }
        }
    }

    /// The same without a processor, in the global queue.
    pub(super) fn ready_anywhere(&self, list: List) {
        if list.is_empty() {
            return;
        }
        let mut runnable = List::new();
        for g in list {
            g.set_state(State::Waiting, State::Runnable);
            trace::ready_by_nobody(None, None, g);
            runnable.push_back(g);
        }
        self.global.append(runnable);
        self.wake_for_work();
    }
}

/// Puts a runnable goroutine where it runs next.
///
/// # Safety
/// The caller has the processor, if there is one, and owns the goroutine.
#[inline]
pub(crate) unsafe fn ready_from(scheduler: &'static Scheduler, p: Option<&P>, g: GRef) {
    let Some(p) = p else {
        scheduler.inject(g);
        scheduler.wake_for_work();
        return;
    };
    p.latency.ready(g);
    // SAFETY: as this function's.
    match unsafe { p.put_next(g) } {
        // They run when the caller parks, unless the caller never does.
        Displaced::Nobody | Displaced::Queued if p.keeps_its_work() => return,
        Displaced::Nobody | Displaced::Queued => {}
        // SAFETY: as this function's.
        Displaced::Refused(old) => unsafe { scheduler.spill(p, old) },
    }
    scheduler.wake_for_work();
}

/// Lets all others run first, if there are any. On an OS thread, yields that.
pub(crate) fn yield_now() {
    let Some(g) = current::current() else {
        std::thread::yield_now();
        return;
    };
    let _hidden = race::hide();
    let m = M::of(g);
    // SAFETY: seats hold `&'static P`s.
    if let Some(p) = unsafe { m.seat.enter().as_ref() } {
        let turns = p.countdown.get();
        if turns != 0 && !p.is_wanted_by_others() && m.scheduler.global_len() == 0 {
            // Nobody there; but timers have their turn when the round ends.
            p.countdown.set(turns - 1);
            m.seat.exit();
            return;
        }
    }
    m.wish.set(super::Wish::Yield);
    // SAFETY: on a goroutine's fiber, which the machine resumes later.
    unsafe { sortie_fiber::raw::suspend() };
    super::run::resumed();
}

impl P {
    /// Whether another goroutine waits for it, or somebody wants its attention.
    fn is_wanted_by_others(&self) -> bool {
        use crate::base::atomic::Ordering;
        self.attention.load(Ordering::Relaxed) || self.has_work()
    }
}
