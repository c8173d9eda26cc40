//! What a race detector is told.
//!
//! # Purpose
//! ThreadSanitizer (`-Zsanitizer=thread`) finds accesses to the same memory that nothing
//! orders. It follows threads: for each it keeps how far that thread knows of the
//! others, which changes when they synchronise. A fiber is a thread to the code it
//! runs, so it must be one to the detector. That is a [`Context`].
//!
//! Without the detector all of this is empty, and costs nothing. One file or the
//! other is compiled; `build.rs` finds out which.
//!
//! # Whose context is current when
//! The detector keeps the calling thread's context in a thread-local of the program.
//! Each fiber has a block of its own, so that word would be another one on each
//! side of a switch. It is a *thread word* (see `layout`): it goes with
//! the OS thread from block to block, and says at any time on whose behalf that
//! thread acts. Where it is, is found by experiment.
//!
//! [`FiberRef::run`](crate::raw::FiberRef::run) changes the context with the stack:
//!
//! ```text
//!   FS           stack        context
//!   host         host         host
//!   fiber        host         host      board: the word came along
//!   fiber        host         fiber     run
//!   fiber        fiber        fiber       ...until it suspends
//!   fiber        host         host      back in run
//! ```
//!
//! # What orders what
//! *Ordered* contexts are ordered with whoever resumes them, both ways, as a call is
//! with its caller. A [`Fiber`](crate::Fiber) has such a one.
//!
//! *Unordered* contexts are for goroutines. A scheduler runs them one after the
//! other on the same OS thread, by way of its own queues and flags; if that
//! counted as synchronisation, two of them could never race. So what a scheduler does
//! is [hidden](hide): its accesses are not looked at, and its atomics order nothing.
//! It then says itself, by [`release`] and [`acquire`], which of the program's
//! actions come before which, as Go's does. An unordered context is hidden
//! from birth; user code is [shown](show).
//!
//! # New memory
//! The detector remembers who used a stack. When another fiber gets it, nothing orders the
//! two, and every frame would be a race. It also remembers who released what by which
//! atomic, and takes the next variable at that address for the same one. So an unordered
//! context must not use a stack or block that another used before: the detector is made
//! to forget them.
//!
//! # The scheduler itself
//! With `SORTIE_TSAN=scheduler` in the environment nothing is hidden, and all contexts are
//! ordered: the detector then checks what orders the scheduler's own accesses. Goroutines
//! that share a thread are in order by that, so it finds fewer of a program's races.
//!
//! # Limits
//! A goroutine costs the detector some memory, and two mappings, of which the kernel's
//! default allows for some 30 000 goroutines at a time. `setuid` and its like do not work:
//! they interrupt threads of the detector with a signal.
//!
//! # Roads not taken
//! * *Ordering goroutines by the scheduler's own atomics* always: on one processor
//!   all goroutines are in order then, and the races that a program has with several are
//!   not found.
//! * *A flag that users pass*: who compiles for the detector and forgets it gets a
//!   program that crashes.

#[cfg(not(sortie_tsan))]
mod off;
#[cfg(sortie_tsan)]
mod on;

#[cfg(not(sortie_tsan))]
use off as detector;
#[cfg(sortie_tsan)]
use on as detector;

use crate::error::Unsupported;
use std::marker::PhantomData;

/// Whether the program is compiled for the detector.
pub const DETECTS: bool = detector::DETECTS;

/// Threads of the process that are the detector's own.
pub const OWN_THREADS: usize = detector::OWN_THREADS;

/// Whether a fiber with an [unordered](Context::unordered) context needs a stack that
/// nobody used before.
#[inline(always)]
pub fn needs_fresh_stacks() -> bool {
    detector::needs_fresh_stacks()
}

/// A thread, to the detector: what a fiber does is done by it.
#[derive(Debug, Default)]
pub struct Context(detector::Context);

impl Context {
    /// One that is ordered with whoever resumes its fiber.
    ///
    /// Like a thread that is started, it comes after what its maker did before.
    pub fn ordered() -> Self {
        Context(detector::Context::new(true))
    }

    /// One that switches do not order with anybody. It is born hidden, and must be
    /// hidden whenever it is suspended.
    ///
    /// Like a thread that is started, it comes after what its maker, who is not hidden,
    /// did before.
    #[inline(always)]
    pub fn unordered() -> Self {
        Context(detector::Context::new(false))
    }

    /// Has reports call it by a name.
    #[inline(always)]
    pub fn name(&self, name: impl FnOnce() -> String) {
        self.0.name(name);
    }

    /// Runs `f` on behalf of this context, which nobody else does meanwhile: if
    /// somebody [stands in](Self::stand_in) for it, waits until he is done.
    #[inline(always)]
    pub(crate) fn within<T>(&self, f: impl FnOnce() -> T) -> T {
        self.0.within(f)
    }

    /// Runs `f` on behalf of this context, whose fiber is suspended; but by the time
    /// `f` returns somebody may want to resume it already, and waits.
    #[inline(always)]
    pub(crate) fn stand_in<T>(&self, f: impl FnOnce() -> T) -> T {
        self.0.stand_in(f)
    }
}

/// As long as this lives, the detector does not see what the calling thread or
/// fiber does. Made by [`hide`] and [`hide_accesses`].
#[derive(Debug)]
#[must_use = "nothing is hidden any more when this is dropped"]
pub struct Hidden {
    _detector: detector::Hidden,
    /// It belongs to the calling context.
    not_send: PhantomData<*mut ()>,
}

/// Hides what the caller does: memory it uses, and what it synchronises with.
#[inline(always)]
pub fn hide() -> Hidden {
    Hidden {
        _detector: detector::Hidden::all(),
        not_send: PhantomData,
    }
}

/// Hides what memory the caller uses, but not what it synchronises with.
#[inline(always)]
pub fn hide_accesses() -> Hidden {
    Hidden {
        _detector: detector::Hidden::accesses(),
        not_send: PhantomData,
    }
}

/// Shows what `f` does, within code that is hidden, once.
#[inline(always)]
pub fn show<T>(f: impl FnOnce() -> T) -> T {
    let _shown = detector::Shown::new();
    f()
}

/// What the caller has done, and seen done by others, comes before what anybody does
/// after [`acquire`] of the same address. The caller is not hidden.
#[inline(always)]
pub fn release<T>(address: *const T) {
    detector::release(address.cast());
}

/// The other half of [`release`].
#[inline(always)]
pub fn acquire<T>(address: *const T) {
    detector::acquire(address.cast());
}

/// Makes a synchronising variable as good as new to the detector, for another use.
///
/// Else whoever uses it next would be in order with those who did before.
///
/// # Safety
/// Nobody else uses the variable meanwhile.
#[inline(always)]
pub unsafe fn forget_order<T>(variable: *const T) {
    let start = variable.addr() & !7;
    let end = (variable.addr() + size_of::<T>()).next_multiple_of(8);
    // SAFETY: as this function's.
    unsafe { detector::forget_order(start, end - start) }
}

/// Makes memory as good as new to the detector. Its contents become zero, or stay.
///
/// # Safety
/// - private anonymous memory of whole pages, readable and writable, that belongs to the
///   caller;
/// - nothing in it is in use.
pub(crate) unsafe fn forget(start: usize, length: usize) {
    // SAFETY: as this function's.
    unsafe { detector::forget(start, length) }
}

/// Where the detector keeps the calling thread's context: an offset from FS, of a word
/// of the thread's static TLS, which begins at `lowest`.
///
/// # Errors
/// If that cannot be found out.
pub(crate) fn context_word(lowest: isize) -> Result<Option<isize>, Unsupported> {
    detector::context_word(lowest)
}
