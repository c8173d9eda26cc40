//! Making goroutines.

use super::machine::M;
use super::processor::P;
use super::scheduler::Scheduler;
use super::trace;
use crate::base::atomic::Ordering;
use crate::goroutine::header::Details;
use crate::goroutine::{GRef, State, current};
use sortie_fiber::race::{self, Context};
use std::io;
use std::panic::Location;

/// What is known about a goroutine before it exists.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) place: &'static Location<'static>,
    /// Given if the name or the stack is out of the ordinary.
    pub(crate) details: Option<Box<Details>>,
    /// A certain id, for the main goroutine.
    pub(crate) id: Option<u64>,
}

impl Plan {
    /// For a goroutine like any other.
    #[inline]
    pub(crate) fn new(place: &'static Location<'static>) -> Self {
        Plan {
            place,
            details: None,
            id: None,
        }
    }
}

/// Makes a goroutine. `equip` gives it its body and payload. It runs after
/// others that are ready already.
///
/// # Errors
/// If there is no memory, or no address space for its stack.
///
/// # Safety
/// `equip` sets `body`, to a function that is sound to run once on the
/// goroutine, and does not unwind. It does not use the runtime.
#[inline(always)]
pub(crate) unsafe fn spawn(
    scheduler: impl FnOnce() -> &'static Scheduler,
    plan: Plan,
    equip: impl FnOnce(GRef),
) -> io::Result<GRef> {
    // A race detector sees the new goroutine begin here, and nothing of how.
    let context = Context::unordered();
    let Some(me) = current::current() else {
        let scheduler = scheduler();
        let _hidden = race::hide();
        // SAFETY: there is no processor; the rest is passed on.
        let g = unsafe { make(scheduler, None, plan, 0, context, equip)? };
        trace::created(None, None, g);
        scheduler.inject(g);
        scheduler.wake_for_work();
        return Ok(g);
    };
    let _hidden = race::hide();
    let m = M::of(me);
    // SAFETY: seats hold `&'static P`s.
    let p: Option<&'static P> = unsafe { m.seat.enter().as_ref() };
    let creator = me.id.load(Ordering::Relaxed);
    // SAFETY: the seat has the processor, and we are inside.
    let result = unsafe { make(m.scheduler, p, plan, creator, context, equip) };
    if let Ok(g) = result {
        trace::created(Some(m), Some(me), g);
        match p {
            // SAFETY: as above.
            Some(p) => unsafe { m.scheduler.make_next(p, g) },
            None => m.scheduler.inject(g),
        }
        m.scheduler.wake_for_work();
    }
    m.seat.exit();
    if p.is_none() {
        super::blocking::regain(m);
    }
    result
}

/// As [`spawn`], on behalf of nobody.
///
/// # Errors
/// As [`spawn`].
///
/// # Safety
/// The caller has the processor; and as [`spawn`].
pub(super) unsafe fn spawn_at(
    scheduler: &'static Scheduler,
    p: &'static P,
    plan: Plan,
    equip: impl FnOnce(GRef),
) -> io::Result<()> {
    let context = Context::unordered();
    // SAFETY: as this function's.
    unsafe {
        let g = make(scheduler, Some(p), plan, 0, context, equip)?;
        trace::created(trace::machine_of(p), None, g);
        scheduler.make_last(p, g);
    }
    Ok(())
}

/// # Safety
/// The caller has the processor; and as [`spawn`].
#[inline(always)]
unsafe fn make(
    scheduler: &'static Scheduler,
    p: Option<&P>,
    plan: Plan,
    creator: u64,
    context: Context,
    equip: impl FnOnce(GRef),
) -> io::Result<GRef> {
    // SAFETY: as this function's.
    let g = unsafe {
        scheduler.fibers.reserve(p)?;
        match scheduler.take_header(p) {
            Ok(g) => g,
            Err(error) => {
                scheduler.fibers.release(p);
                return Err(error);
            }
        }
    };
    let id = match (plan.id, p) {
        (Some(id), _) => id,
        // SAFETY: as this function's.
        (None, Some(p)) => unsafe { p.take_id(|| scheduler.more_ids()) },
        (None, None) => scheduler.one_id(),
    };
    g.id.store(id, Ordering::Relaxed);
    g.creator.store(creator, Ordering::Relaxed);
    g.set_created_at(plan.place);
    g.runtime.set(std::ptr::from_ref(scheduler).cast());
    g.join.reset();
    // SAFETY: the header is ours.
    unsafe { race::forget_order(&raw const g.join) };
    g.lock_depth.set(0);
    g.locked.store(std::ptr::null_mut(), Ordering::Relaxed);
    g.odd_stack.set(
        plan.details
            .as_ref()
            .is_some_and(|details| details.stack_size != 0),
    );
    g.details.set(plan.details);
    context.name(|| g.to_string());
    g.context.set(context);
    equip(g);
    scheduler.count_made(p);
    g.set_state(State::Free, State::Runnable);
    Ok(g)
}
