//! Running goroutines: from one to the next, and what is left behind.
//!
//! # Whose stack, whose FS
//! A goroutine that suspends first says, in [`M::wish`], what it wants. Then
//! the stack is switched to the machine's, with FS still at the goroutine's
//! block. If another goroutine can run at once, its block becomes current, and
//! only then is the first one's wish fulfilled ("settled"): as long as FS was at
//! its block it must not be published, since another machine could run it. So a
//! switch from goroutine to goroutine writes FS once.
//!
//! If there is none, or anything out of the ordinary is to be done, FS goes back
//! to the machine's own block first; the rest of the scheduler runs there.
//!
//! ```text
//!             stack      FS        step
//!   A runs    A          A         wish = park, suspend
//!             machine    A         pick B
//!             machine    B         board B
//!             machine    B         settle A: state, commit (publishes A)
//!   B runs    B          B         switch
//! ```
//!
//! [`chain`] must not touch a thread-local, not even by inlining.

use super::fibers;
use super::machine::M;
use super::processor::{FIBERS_KEPT, P};
use super::trace;
use crate::base::atomic::Ordering;
use crate::base::clock::NEVER;
use crate::driver::timers::Alarm;
use crate::goroutine::{GRef, State};
use sortie_fiber::raw::{self, Host};

/// What makes a park final. Called once the goroutine is off its stack, on the
/// machine's: typically unlocks the queue the goroutine put itself into. `false`
/// means that there is no need to park any more.
///
/// When it returns `true` somebody may have made the goroutine ready already,
/// so the last thing it does with `data`, which is usually on the goroutine's
/// stack, is to publish the goroutine. It must not touch a thread-local.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commit {
    pub(crate) run: unsafe fn(*mut ()) -> bool,
    pub(crate) data: *mut (),
}

impl Commit {
    /// Does nothing.
    pub(crate) const NOTHING: Commit = Commit {
        run: |_| true,
        data: std::ptr::null_mut(),
    };
}

/// What a goroutine wants when it suspends. The particulars are in other fields
/// of its machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    None,
    /// To wait until it is made ready ([`M::commit`]).
    Park,
    /// The same without a commit, but not beyond [`M::deadline`], or with several who
    /// may make it ready ([`M::ticket`]).
    ParkClaimed,
    /// To let others run first.
    Yield,
    /// Nothing: it has ended, and its fiber is idle ([`M::ended`]).
    End,
    /// As `End`, for a fiber with a stack of its own size.
    EndOddSize,
}

/// To be called by a goroutine whenever it was resumed. Usually it goes on; but
/// somebody may only want to know where it waits.
#[inline(always)]
pub(crate) fn resumed() {
    // SAFETY: on a goroutine's fiber.
    let inquiry = unsafe { raw::argument(std::ptr::null_mut()) };
    if !inquiry.is_null() {
        answer(inquiry);
    }
}

/// A question to a goroutine that waits, answered on its own stack.
#[derive(Debug)]
pub(crate) struct Inquiry {
    pub(crate) answer: fn(*mut ()),
    pub(crate) data: *mut (),
}

#[cold]
#[inline(never)]
fn answer(mut inquiry: *mut ()) {
    while !inquiry.is_null() {
        // SAFETY: whoever resumes with an argument passes an `Inquiry`, which
        // lives until we suspend again.
        unsafe {
            let Inquiry { answer, data } = *inquiry.cast::<Inquiry>();
            answer(data);
            raw::suspend();
            inquiry = raw::argument(std::ptr::null_mut());
        }
    }
}

/// Asks a goroutine that waits.
///
/// # Safety
/// - the world is stopped, and the caller holds what keeps others from making
///   the goroutine ready (see `observe::dump`);
/// - the goroutine waits and has a fiber;
/// - the answer may be given on the goroutine's stack, by the calling thread.
#[inline(never)]
pub(crate) unsafe fn inquire(g: GRef, inquiry: &mut Inquiry) {
    let mut host = Host::attach().expect("goroutines run, so the platform can");
    // SAFETY: nobody else resumes the goroutine; this function touches no
    // thread-local.
    unsafe {
        let fiber = **g.fiber_ref();
        fiber.set_argument(std::ptr::from_mut(inquiry).cast());
        fiber.resume(&mut host);
        host.leave();
    }
}

/// Runs `first`, and others after it as long as that is simple. The machine is
/// inside and has the processor, and `first` has a fiber.
///
/// # Safety
/// The caller is the machine's thread, on its own stack and block.
#[inline(never)]
pub(super) unsafe fn chain(m: &'static M, p: &'static P, first: GRef) {
    // SAFETY: as this function's.
    let host = unsafe { m.host() };
    let (mut p, mut g) = (p, first);
    let mut before: Option<(GRef, Wish)> = None;
    trace::switch(m, None, Some(first));
    loop {
        p.latency.runs(g);
        g.set_state(State::Runnable, State::Running);
        g.machine
            .store(std::ptr::from_ref(m).cast_mut().cast(), Ordering::Relaxed);
        m.current.set(Some(g));
        p.tick.add(1);
        // SAFETY: we own the goroutine, which has a fiber. FS is where we left
        // it; the fiber is run by nobody else, since we own it.
        unsafe {
            let fiber = **g.fiber_ref();
            fiber.board(host);
            if let Some((g, wish)) = before.take() {
                settle(m, Some(p), g, wish);
            }
            m.seat.exit();
            fiber.run();
        }
        let seat = m.seat.enter();
        let wish = m.wish.replace(Wish::None);
        // Not always the one that was resumed: fibers go from one to the next.
        // After an end the header is gone, but nobody asks for it.
        let last = m.current.get().unwrap_or(g);
        // SAFETY: seats hold `&'static P`s.
        let have: Option<&'static P> = unsafe { seat.as_ref() };
        if let Some(have) = have {
            p = have;
            // SAFETY: the seat has it, and we are inside.
            if let Some(next) = unsafe { choose(m, p, wish) } {
                trace::switch(m, Some((last, wish)), Some(next));
                g = next;
                before = Some((last, wish));
                continue;
            }
        }
        // SAFETY: FS is where we left it; the goroutine is off stack and block.
        unsafe {
            host.leave();
            m.current.set(None);
            trace::switch(m, Some((last, wish)), None);
            settle(m, have, last, wish);
        }
        return;
    }
}

/// The goroutine to run after this one, if it can be run at once. If there is
/// one that cannot, it is left in `m.chosen`.
///
/// # Safety
/// The machine is inside and has the processor.
#[inline(always)]
unsafe fn choose(m: &M, p: &P, wish: Wish) -> Option<GRef> {
    if m.locked.get().is_some() || m.doomed.get() {
        return None;
    }
    // SAFETY: as this function's.
    let next = unsafe {
        match wish {
            Wish::EndOddSize => return None,
            Wish::End if !p.has_room_for_fiber() => return None,
            _ => {}
        }
        match m.chosen.take() {
            Some(next) => next,
            None => p.pick()?,
        }
    };
    if !next.is_locked() {
        if !next.is_fresh() {
            return Some(next);
        }
        if !next.odd_stack.get()
            // SAFETY: as this function's.
            && let Some(fiber) = unsafe { p.take_fiber() }
        {
            // SAFETY: an idle fiber, and a goroutine that is ours.
            unsafe { fibers::assign(fiber, next) };
            return Some(next);
        }
    }
    m.chosen.set(Some(next));
    None
}

/// Fulfils what a goroutine wanted.
///
/// # Safety
/// - the goroutine is off its stack and block;
/// - if there is a processor, the machine has it; it is inside in any case.
#[inline(always)]
unsafe fn settle(m: &'static M, p: Option<&'static P>, g: GRef, wish: Wish) {
    match wish {
        Wish::Park => {
            g.set_state(State::Running, State::Waiting);
            let commit = m.commit.get();
            // SAFETY: as this function's. The goroutine has a fiber, and until the
            // commit only we can resume it.
            let parks = unsafe {
                let fiber = **g.fiber_ref();
                fiber.stand_in(|| (commit.run)(commit.data))
            };
            if !parks {
                refused(m, p, g);
            }
        }
        Wish::ParkClaimed => park_claimed(m, p, g),
        Wish::Yield => {
            g.set_state(State::Running, State::Runnable);
            match p {
                // SAFETY: as this function's.
                Some(p) if m.scheduler.global_len() == 0 => unsafe {
                    m.scheduler.make_last(p, g);
                },
                Some(_) => m.scheduler.inject(g),
                None => {
                    m.scheduler.inject(g);
                    m.scheduler.wake_for_work();
                }
            }
        }
        Wish::End | Wish::EndOddSize => {
            let fiber = m.ended.take().expect("an ended goroutine leaves its fiber");
            match p {
                _ if wish == Wish::EndOddSize => m.scheduler.fibers.retire(fiber),
                // SAFETY: as this function's. If there is no room, FS is the machine's (see
                // `choose`); then there is.
                Some(p) => unsafe {
                    if !p.has_room_for_fiber() {
                        m.scheduler.fibers.give(p.take_fibers(FIBERS_KEPT));
                    }
                    p.give_fiber(fiber);
                },
                None => m.scheduler.fibers.give(std::iter::once(fiber)),
            }
        }
        Wish::None => unreachable!("a goroutine suspended without saying why"),
    }
}

/// A wait that several may end, one of them perhaps a timer.
///
/// Others may know of the wait already, so there is no commit: that would be on a
/// stack on which the goroutine, made ready by then, does something else.
#[inline(never)]
fn park_claimed(m: &'static M, p: Option<&'static P>, g: GRef) {
    g.set_state(State::Running, State::Waiting);
    let (deadline, ticket) = (m.deadline.get(), m.ticket.get());
    let keeper = p.unwrap_or_else(|| m.scheduler.any_processor());
    if deadline != NEVER {
        g.timers.set(std::ptr::from_ref(&*keeper.timers).cast());
    }
    if !g.claim.arm(ticket) {
        // Somebody ended the wait before it began, and leaves the rest to us.
        g.timers.set(std::ptr::null());
        return refused(m, p, g);
    }
    // From here on it may be running, or have ended: it is only named. If so the
    // timer finds its ticket void.
    if deadline != NEVER {
        let soon = p.is_some_and(|p| !p.has_work());
        m.scheduler
            .add_timer(keeper, deadline, Alarm::Wake(g, ticket), soon);
    }
}

/// Makes a goroutine runnable whose commit refused.
#[cold]
fn refused(m: &'static M, p: Option<&'static P>, g: GRef) {
    g.set_state(State::Waiting, State::Runnable);
    trace::ready_by_nobody(Some(m), m.current.get(), g);
    match p {
        // SAFETY: the machine has the processor, and is inside.
        Some(p) => unsafe { m.scheduler.make_next(p, g) },
        None => {
            m.scheduler.inject(g);
            m.scheduler.wake_for_work();
        }
    }
}
