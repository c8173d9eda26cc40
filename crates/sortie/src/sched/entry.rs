//! What runs on a fiber: one goroutine after another.
//!
//! When a goroutine ends, the fiber does what a thread does at its end, makes
//! its thread-locals new, and looks for another goroutine that has not started
//! yet. If it finds one it runs it at once, without any switch: neither stack
//! nor FS change. So a burst of short goroutines runs through few stacks.
//!
//! Where a race detector watches, each goroutine gets a stack that nobody used
//! before: the detector would take what the last one did there for a race. What
//! is done here is hidden from it, but for what the goroutine does itself.

use super::machine::M;
use super::processor::P;
use super::run::Wish;
use super::trace;
use crate::base::atomic::Ordering;
use crate::goroutine::{GRef, State, current};
use sortie_fiber::race::{self, Context};
use sortie_fiber::raw;
use std::ptr;

/// What whoever made a goroutine wants done when its body has run. A body
/// returns a pointer to one.
#[derive(Debug)]
pub(crate) struct Ending {
    /// Drops the result if nobody will ask for it. Returns whether it did, for
    /// that may have run any code. Called by the goroutine.
    pub(crate) drop_unclaimed: unsafe fn(GRef) -> bool,
    /// Tells who waits, or frees the header, which is not used after that. The
    /// machine is inside and has the processor. `false` means that meanwhile
    /// there is something for `drop_unclaimed` again.
    pub(crate) complete: unsafe fn(GRef, &'static M, &'static P) -> bool,
}

/// The main function of all fibers. Its argument is the goroutine to run; it
/// suspends with [`Wish::End`] when it has none, and never returns.
///
/// # Safety
/// Runs on a fiber, resumed by a machine.
pub(super) unsafe fn main() {
    loop {
        // SAFETY: whoever resumes an idle fiber has assigned it a goroutine.
        let mut g: GRef = unsafe { &*raw::argument(ptr::null_mut()).cast() };
        // SAFETY: runs on the goroutine's fiber.
        while let Some(next) = unsafe { run(g) } {
            g = next;
        }
        // SAFETY: on a fiber; the machine expects it.
        unsafe { raw::suspend() };
    }
}

/// Runs a goroutine to its end. Returns the next for this fiber, if any; else
/// the machine has been told that the fiber is idle.
///
/// # Safety
/// The calling fiber is the goroutine's.
#[inline(never)]
unsafe fn run(g: GRef) -> Option<GRef> {
    current::set(Some(g));
    let body = g.body.take().expect("a goroutine has a body");
    // SAFETY: the body of this goroutine, taken so that it runs once. It does
    // not unwind, and returns an `Ending`.
    let ending = unsafe { &*race::show(|| body(g)).cast::<Ending>() };
    let odd_stack = g.odd_stack.get() || race::needs_fresh_stacks();
    let (m, p, fiber, id) = loop {
        // SAFETY: destructors of thread-locals, which may park, or even panic;
        // the process ends then, as it would for a thread. The result, if its
        // handle is gone, is dropped here too, as by a thread.
        unsafe {
            let again = race::show(|| {
                raw::end_thread();
                (ending.drop_unclaimed)(g)
            });
            if again {
                continue;
            }
        }
        let m = M::of(g);
        // SAFETY: seats hold `&'static P`s.
        let p: Option<&'static P> = unsafe { m.seat.enter().as_ref() };
        let Some(p) = p else {
            // Only with a processor may it end: see `observe::dump`.
            super::blocking::regain(m);
            continue;
        };
        let fiber = g.fiber.take().expect("a goroutine that runs has a fiber");
        let id = g.id.load(Ordering::Relaxed);
        m.ending.set(id);
        // SAFETY: the machine is inside and has the processor. When this is true
        // the header is not used here any more.
        if unsafe { (ending.complete)(g, m, p) } {
            break (m, p, fiber, id);
        }
        g.fiber.set(Some(fiber));
        m.seat.exit();
    };
    // From here on the machine stays inside, up to its next goroutine.
    current::set(None);
    p.counters.ended.add(1);
    // SAFETY: the machine has the processor; nothing of the goroutine's
    // thread-locals is in use any more.
    unsafe {
        m.scheduler.fibers.release(Some(p));
        raw::renew_thread();
    }
    m.current.set(None);
    if m.locked.take().is_some() {
        // Who knows what the goroutine did to the thread.
        m.doomed.set(true);
    }
    if odd_stack {
        trace::ended(m, id, None);
        m.ended.set(Some(fiber));
        m.wish.set(Wish::EndOddSize);
        return None;
    }
    if !m.doomed.get()
        // SAFETY: the machine has the processor, and is inside.
        && let Some(next) = unsafe { p.pick() }
    {
        if next.is_fresh() && !next.odd_stack.get() && !next.is_locked() {
            next.fiber.set(Some(fiber));
            next.context.set(Context::default());
            next.machine
                .store(ptr::from_ref(m).cast_mut().cast(), Ordering::Relaxed);
            p.latency.runs(next);
            next.set_state(State::Runnable, State::Running);
            m.current.set(Some(next));
            p.tick.add(1);
            trace::ended(m, id, Some(next));
            m.seat.exit();
            return Some(next);
        }
        m.chosen.set(Some(next));
    }
    trace::ended(m, id, None);
    m.ended.set(Some(fiber));
    m.wish.set(Wish::End);
    None
}
