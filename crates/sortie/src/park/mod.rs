//! The waist: everything above blocks only through here.
//!
//! # Contract
//! [`park`] makes the caller wait, be it a goroutine or a plain OS thread, until
//! somebody makes its [`Waiter`] [`ready`](Waiter::ready). Before, the caller puts
//! its waiter where the waker will find it, under some lock. The *commit* it
//! passes releases that lock; it runs when the caller can be made ready, so for a
//! goroutine when it is off its stack. A commit that returns `false` says that
//! there is no need to wait any more; `park` then returns at once.
//!
//! Each wait is ended by exactly one `ready`. Where several parties may end it
//! (a time-out, several queues), the wait has a [`Ticket`], and whoever wins the
//! waiter's claim is the one.
//!
//! | blocks        | the goroutine | its machine | its processor |
//! |---------------|---------------|-------------|---------------|
//! | `park`        | yes           | no          | no            |
//! | base's `Lock` | yes           | yes         | yes, briefly  |
//! | system call   | yes           | yes         | no            |

pub(crate) mod readiness;
pub(crate) mod source;
mod thread;
pub(crate) mod wait_queue;

use crate::base::clock::NEVER;
use crate::driver::timers::{TIMED_OUT, Timers};
use crate::goroutine::claim::{Ticket, Won};
use crate::goroutine::{GRef, WaitReason, current};
use crate::sched::{Commit, M, Wish, run};
use sortie_fiber::{race, raw};
use std::panic::Location;
use std::ptr;
pub(crate) use thread::ThreadParker;

/// Who waits: a goroutine or a thread.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Waiter {
    Goroutine(GRef),
    Thread(&'static ThreadParker),
}

/// Why and where somebody waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) reason: WaitReason,
    pub(crate) location: &'static Location<'static>,
    /// Where what it waits for was made, if that is worth knowing.
    pub(crate) origin: Option<&'static Location<'static>>,
}

/// How a wait with a time-out ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Woken {
    /// Somebody made the waiter ready.
    Ready,
    /// Time ran out.
    TimedOut,
    /// An interrupt happened.
    Interrupted,
}

impl Waiter {
    /// The caller.
    #[inline]
    pub(crate) fn current() -> Waiter {
        match current::current() {
            Some(g) => Waiter::Goroutine(g),
            None => Waiter::Thread(ThreadParker::current()),
        }
    }

    /// Ends its wait.
    ///
    /// # Safety
    /// The caller is the one to do so: it took the waiter out of where it waited,
    /// and won its claim if there is one.
    #[inline]
    pub(crate) unsafe fn ready(self) {
        match self {
            // SAFETY: as this function's.
            Waiter::Goroutine(g) => unsafe { crate::sched::submit::ready(g) },
            Waiter::Thread(thread) => thread.ready(),
        }
    }

    /// The same, but wakes no machine for a goroutine if the caller has a processor: it
    /// runs there when the caller parks, or wherever somebody looks for work.
    ///
    /// # Safety
    /// As [`ready`](Self::ready).
    pub(crate) unsafe fn ready_here(self) {
        match self {
            // SAFETY: as this function's.
            Waiter::Goroutine(g) => unsafe { crate::sched::submit::ready_here(g) },
            Waiter::Thread(thread) => thread.ready(),
        }
    }

    /// Opens a wait that several parties may end.
    pub(crate) fn open(self) -> Ticket {
        match self {
            Waiter::Goroutine(g) => g.claim.open(),
            Waiter::Thread(thread) => thread.claim.open(),
        }
    }

    /// Whether nobody has ended a wait yet.
    pub(crate) fn is_open(self, ticket: Ticket) -> bool {
        match self {
            Waiter::Goroutine(g) => g.claim.is_open(ticket),
            Waiter::Thread(thread) => thread.claim.is_open(ticket),
        }
    }

    /// Tries to be the one to end a wait.
    pub(crate) fn win(self, ticket: Ticket) -> Option<Won> {
        match self {
            Waiter::Goroutine(g) => g.claim.win(ticket),
            Waiter::Thread(thread) => thread.claim.win(ticket),
        }
    }
}

/// Waits, as the waiter that the caller is, until made ready.
///
/// # Safety
/// - `waiter` is the caller;
/// - `commit` may be called once on another stack of this thread, touches no
///   thread-local, and does not unwind. After it has made the waiter findable it
///   does not use anything that the woken caller may free;
/// - nobody finds the waiter before the commit.
#[inline]
pub(crate) unsafe fn park<F: FnOnce() -> bool>(waiter: Waiter, place: Place, commit: F) {
    let mut commit = Some(commit);
    let commit = Commit {
        run: call::<F>,
        data: (&raw mut commit).cast(),
    };
    match waiter {
        Waiter::Goroutine(g) => {
            // The commit's synchronisation is seen by a race detector.
            let hidden = race::hide_accesses();
            let m = announce(g, place);
            m.commit.set(commit);
            m.wish.set(Wish::Park);
            suspend();
            drop(hidden);
            race::acquire(g.state_word());
        }
        // SAFETY: as this function's.
        Waiter::Thread(thread) => unsafe { thread.park(commit) },
    }
}

/// Waits until made ready, or until `deadline` at most, if several may end the
/// wait. They may know the ticket already, and may have ended it.
///
/// # Safety
/// - `waiter` is the caller, and opened `ticket` for this wait;
/// - whoever ends it wins the ticket first, and makes the caller ready only if it
///   was parked.
pub(crate) unsafe fn park_claimed(
    waiter: Waiter,
    ticket: Ticket,
    deadline: u64,
    place: Place,
) -> Woken {
    match waiter {
        Waiter::Goroutine(g) => {
            let hidden = race::hide();
            let m = announce(g, place);
            g.outcome.set(0);
            m.deadline.set(deadline);
            m.ticket.set(ticket);
            m.wish.set(Wish::ParkClaimed);
            suspend();
            let timed_out = g.outcome.get() == TIMED_OUT;
            if !timed_out && deadline != NEVER {
                // SAFETY: set when the timer was; processors live for ever.
                if let Some(timers) = unsafe { g.timers.get().cast::<Timers>().as_ref() } {
                    timers.note_stale();
                }
            }
            drop(hidden);
            race::acquire(g.state_word());
            if timed_out {
                Woken::TimedOut
            } else {
                Woken::Ready
            }
        }
        // SAFETY: as this function's.
        Waiter::Thread(thread) => unsafe { thread.park_claimed(ticket, deadline) },
    }
}

/// Waits until `deadline`.
pub(crate) fn sleep_until(deadline: u64, place: Place) {
    match Waiter::current() {
        waiter @ Waiter::Goroutine(_) => {
            let ticket = waiter.open();
            // SAFETY: the ticket is fresh, and nobody but the timer knows it.
            unsafe { park_claimed(waiter, ticket, deadline, place) };
        }
        waiter @ Waiter::Thread(_) if deadline == NEVER => loop {
            let ticket = waiter.open();
            // SAFETY: as above; and there is no timer.
            unsafe { park_claimed(waiter, ticket, deadline, place) };
        },
        Waiter::Thread(_) => loop {
            let now = crate::base::clock::now();
            if now >= deadline {
                return;
            }
            std::thread::sleep(std::time::Duration::from_nanos(deadline - now));
        },
    }
}

/// Calls a commit that was passed as a pointer.
///
/// # Safety
/// `data` is an `Option<F>` that nobody else uses now.
unsafe fn call<F: FnOnce() -> bool>(data: *mut ()) -> bool {
    // Taken out first: by the time it returns, the option may be gone.
    // SAFETY: as this function's.
    let commit = unsafe { (*data.cast::<Option<F>>()).take() };
    commit.is_none_or(|commit| commit())
}

/// Notes why the goroutine waits. Returns its machine.
#[inline(always)]
fn announce(g: GRef, place: Place) -> &'static M {
    let m = M::of(g);
    let here = 0i8;
    g.stack_end.set((&raw const here).wrapping_sub(128));
    let since = m.scheduler.coarse_now();
    g.note_wait(place.reason, place.location, place.origin, since);
    debug_assert!(ptr::eq(
        current::current().map_or(ptr::null(), ptr::from_ref),
        g
    ));
    m
}

#[inline(always)]
fn suspend() {
    // SAFETY: on a goroutine's fiber; the machine knows what it wants.
    unsafe { raw::suspend() };
    run::resumed();
}
