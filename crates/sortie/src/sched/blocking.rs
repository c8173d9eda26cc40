//! Running without a processor: announced blocking calls, handing processors
//! over, and getting one back.

use super::machine::M;
use super::processor::{P, Status};
use super::scheduler::Scheduler;
use super::trace;
use crate::base::atomic::Ordering;
use crate::goroutine::current;
use sortie_fiber::race;

/// Runs `f`, which may block or compute for long, without a processor. On an OS
/// thread it just runs.
pub(crate) fn blocking<T>(f: impl FnOnce() -> T) -> T {
    /// Comes back also when `f` panics.
    struct Return;
    impl Drop for Return {
        fn drop(&mut self) {
            if let Some(g) = current::current() {
                let _hidden = race::hide();
                let m = M::of(g);
                m.blocking.store(false, Ordering::Release);
                regain(m);
            }
        }
    }
    let Some(g) = current::current() else {
        return f();
    };
    let hidden = race::hide();
    let m = M::of(g);
    // SAFETY: seats hold `&'static P`s.
    if let Some(p) = unsafe { m.seat.enter().as_ref() } {
        m.previous.set(Some(p));
        trace::releases(m, Some(g));
        m.seat.set(std::ptr::null_mut());
        m.scheduler.hand_off(p);
    }
    m.blocking.store(true, Ordering::Release);
    m.seat.exit();
    drop(hidden);
    let _return = Return;
    f()
}

/// Gets a processor for the calling goroutine, whose machine lost its own: the
/// old one or another if one is idle, else the goroutine queues for it.
#[cold]
#[inline(never)]
pub(crate) fn regain(m: &'static M) {
    // SAFETY: seats hold `&'static P`s.
    if unsafe { m.seat.enter().as_ref() }.is_some() {
        m.seat.exit();
        return;
    }
    if let Some(p) = m.scheduler.take_idle(m.previous.get()) {
        p.machine
            .store(std::ptr::from_ref(m).cast_mut(), Ordering::Release);
        m.seat.set(std::ptr::from_ref(p).cast_mut());
        trace::acquired(m, p, m.current.get());
        m.seat.exit();
        return;
    }
    m.wish.set(super::Wish::Yield);
    // SAFETY: on a goroutine's fiber, which a machine resumes later.
    unsafe { sortie_fiber::raw::suspend() };
    super::run::resumed();
}

impl Scheduler {
    /// Passes on a processor that the caller has, and no machine: to a machine
    /// if there is work for it, else to the idle ones.
    pub(crate) fn hand_off(&self, p: &'static P) {
        p.counters.handoffs.add(1);
        p.machine.store(std::ptr::null_mut(), Ordering::Release);
        debug_assert_eq!(p.status(), Status::Running);
        if !self.world_stops() && (p.has_work() || self.global_len() != 0 || self.lacks_keeper()) {
            self.start_machine(p, false);
            return;
        }
        self.make_idle(p);
        self.gate.before_last_look();
        // Whoever kept the time may have given it up meanwhile, since nobody was idle.
        if (self.any_work() || self.lacks_keeper())
            && let Some(p) = self.take_idle(Some(p))
        {
            self.start_machine(p, false);
        }
    }
}
