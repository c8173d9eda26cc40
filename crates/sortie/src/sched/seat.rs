//! A machine's hold on its processor, and how another takes it away.
//!
//! While a machine runs user code it may lose its processor, without noticing:
//! the code may block in the kernel or compute for ever, and others want to run.
//! While it is *inside* the runtime it may not. Entering and leaving the runtime
//! happens millions of times a second, losing a processor a few times, so the
//! barrier that both need is paid by the rare side (see [`barrier`]).
//!
//! # Protocol
//! ```text
//!   machine, entering            somebody else, retaking
//!   inside = true                lock
//!   light barrier                processor = null
//!   p = processor                heavy barrier
//!   p is null: wait for lock,    if inside: processor = p   (gives up)
//!              read again        unlock
//! ```
//! The barriers make it impossible that the machine reads the old processor
//! *and* the other reads `inside == false`. If the machine reads null the other
//! may still be about to give up; the lock tells when it has decided.
//!
//! A machine changes its own seat under the lock too, since a failing retake
//! writes back what it found.
//!
//! # Roads not taken
//! * *A compare-and-swap on entry and exit* (Go's status word): two locked
//!   instructions for each call into the runtime.
//! * *A signal to stop the machine*: interrupts system calls of user code.

use crate::base::atomic::{AtomicBool, AtomicPtr, Ordering};
use crate::base::barrier;
use crate::base::lock::RawLock;
use std::ptr;

/// The seat of one machine.
#[derive(Debug)]
pub(crate) struct Seat<P> {
    /// Whether the machine is inside the runtime.
    inside: AtomicBool,
    processor: AtomicPtr<P>,
    /// Serialises changes of `processor`.
    lock: RawLock,
}

impl<P> Seat<P> {
    /// An empty seat of a machine that is inside.
    pub(crate) fn new() -> Self {
        Seat {
            inside: AtomicBool::new(true),
            processor: AtomicPtr::new(ptr::null_mut()),
            lock: RawLock::new(),
        }
    }

    /// Enters the runtime. Returns the processor that the machine has, which it
    /// keeps until [`exit`](Self::exit), or null if it was taken away.
    #[inline(always)]
    pub(crate) fn enter(&self) -> *mut P {
        self.inside.store(true, Ordering::Relaxed);
        barrier::light();
        // Acquire: if a retake failed we see what it may have seen.
        let processor = self.processor.load(Ordering::Acquire);
        if processor.is_null() {
            return self.enter_slow();
        }
        processor
    }

    /// The seat is empty, or somebody is trying to make it so.
    #[cold]
    #[inline(never)]
    fn enter_slow(&self) -> *mut P {
        self.lock.lock();
        let processor = self.processor.load(Ordering::Relaxed);
        // SAFETY: locked just before.
        unsafe { self.lock.unlock() };
        processor
    }

    /// Leaves the runtime, for user code.
    #[inline(always)]
    pub(crate) fn exit(&self) {
        // Release: who takes the processor sees all that was done with it.
        self.inside.store(false, Ordering::Release);
    }

    /// The processor, for those who only guess by it.
    #[inline(always)]
    pub(crate) fn peek(&self) -> *mut P {
        self.processor.load(Ordering::Relaxed)
    }

    /// Whether the machine is inside the runtime, as far as others can tell.
    pub(crate) fn is_inside(&self) -> bool {
        self.inside.load(Ordering::Acquire)
    }

    /// Takes or leaves a processor. Called by the machine, inside.
    pub(crate) fn set(&self, processor: *mut P) {
        debug_assert!(self.inside.load(Ordering::Relaxed));
        self.lock.lock();
        self.processor.store(processor, Ordering::Relaxed);
        // SAFETY: locked just before.
        unsafe { self.lock.unlock() };
    }

    /// Tries to take `processor` away from a machine that runs user code.
    /// Returns whether it now belongs to the caller. If not, the machine does
    /// not have it, or is inside.
    pub(crate) fn retake(&self, processor: *mut P) -> bool {
        self.vacate(processor, || false).is_some()
    }

    /// Has `processor` for as long as `f` runs, if the machine has it and runs
    /// user code. A machine that enters meanwhile waits.
    pub(crate) fn borrow<T>(&self, processor: *mut P, f: impl FnOnce() -> T) -> Option<T> {
        let mut result = None;
        self.vacate(processor, || {
            result = Some(f());
            true
        });
        result
    }

    /// Empties the seat if the machine is not inside, and calls `f`, which tells
    /// whether to put the processor back.
    fn vacate(&self, processor: *mut P, f: impl FnOnce() -> bool) -> Option<()> {
        self.lock.lock();
        let mut vacated = None;
        if self.processor.load(Ordering::Relaxed) == processor {
            self.processor.store(ptr::null_mut(), Ordering::Relaxed);
            barrier::heavy();
            // Acquire: see what the machine did with it.
            let back = if self.inside.load(Ordering::Acquire) {
                true
            } else {
                vacated = Some(());
                f()
            };
            if back {
                self.processor.store(processor, Ordering::Release);
            }
        }
        // SAFETY: locked just before.
        unsafe { self.lock.unlock() };
        vacated
    }
}
