//! The header itself.

use super::claim::Claim;
use super::join_word::JoinWord;
use super::reason::WaitReason;
use crate::base::atomic::{AtomicPtr, AtomicU8, AtomicU64, Ordering};
use sortie_fiber::race::{self, Context};
use sortie_fiber::raw::{self, RawFiber};
use std::cell::{Cell, UnsafeCell};
use std::mem::MaybeUninit;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;

/// A goroutine's header. Always `'static`: see the folder's essay.
pub(crate) type GRef = &'static G;

/// Bytes for the closure of a goroutine, and later for its result.
pub(crate) const PAYLOAD: usize = 96;

/// What a goroutine is doing; for dumps, and for assertions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum State {
    Free = 0,
    Runnable,
    Running,
    Waiting,
    Dead,
}

/// The state's number for a runnable goroutine that has a stamp.
const RUNNABLE_STAMPED: u8 = 5;

/// Facts about a goroutine that few have.
#[derive(Debug, Clone, Default)]
pub(crate) struct Details {
    pub(crate) name: Option<Arc<str>>,
    /// Bytes of stack, 0 for the runtime's default.
    pub(crate) stack_size: usize,
}

/// See [`G::body`].
pub(crate) type Body = unsafe fn(GRef) -> *const ();

/// What a goroutine waits for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) reason: WaitReason,
    /// Where it parked.
    pub(crate) place: &'static Location<'static>,
    /// Where what it waits for was made.
    pub(crate) origin: Option<&'static Location<'static>>,
    /// By the runtime's coarse clock.
    pub(crate) since: u64,
}

/// The header.
#[repr(C, align(64))]
pub(crate) struct G {
    // First line: what a switch touches.
    /// Next in whatever list the goroutine is.
    pub(super) link: Cell<Option<GRef>>,
    /// Its stack and thread-locals, from its first run to its end.
    pub(crate) fiber: Cell<Option<RawFiber>>,
    /// The machine that runs it (a `sched::M`).
    pub(crate) machine: AtomicPtr<()>,
    /// Where a waker leaves a word for the wait it ended.
    pub(crate) outcome: Cell<usize>,
    pub(crate) claim: Claim,
    /// The machine it is locked to, or null.
    pub(crate) locked: AtomicPtr<()>,
    /// About where its stack ends, while it waits.
    pub(crate) stack_end: Cell<*const i8>,
    /// The slab's chunk it belongs to.
    pub(super) chunk: Cell<u32>,
    state: AtomicU8,
    reason: AtomicU8,
    /// How often `lock_os_thread` was nested.
    pub(crate) lock_depth: Cell<u8>,
    /// Whether it wants a stack of its own size.
    pub(crate) odd_stack: Cell<bool>,

    // Second line: written at its start, and read at its end or for dumps.
    pub(crate) id: AtomicU64,
    /// Id of the goroutine that made it, or 0.
    pub(crate) creator: AtomicU64,
    created_at: AtomicPtr<Location<'static>>,
    pub(crate) details: Cell<Option<Box<Details>>>,
    /// First runs the closure; then, if there is a result, drops it. Returns what
    /// is to be done at the end (a `sched::entry::Ending`).
    pub(crate) body: Cell<Option<Body>>,
    /// State of the handle.
    pub(crate) join: JoinWord,
    /// Its scheduler (a `sched::Scheduler`).
    pub(crate) runtime: Cell<*const ()>,
    /// The scope it was made in (a `task::scope::Count`), or null.
    pub(crate) scope: Cell<*const ()>,

    // The rest is touched only by goroutines that need it.
    /// Where it parked.
    parked_at: AtomicPtr<Location<'static>>,
    /// When it parked, by the runtime's coarse clock; or its stamp.
    parked_since: AtomicU64,
    /// Where what it waits for was made, or null.
    parked_on: AtomicPtr<Location<'static>>,
    /// Where the timer of its wait is.
    pub(crate) timers: Cell<*const ()>,
    /// Who it is to a race detector, until its fiber knows.
    pub(crate) context: Cell<Context>,
    pub(crate) payload: UnsafeCell<MaybeUninit<[u64; PAYLOAD / 8]>>,
}

const _: () = assert!(size_of::<G>() == 256 || race::DETECTS);

// SAFETY: by the essay's table of owners. What more than one party touches is
// atomic.
unsafe impl Send for G {}
// SAFETY: as above.
unsafe impl Sync for G {}

impl G {
    /// Turns zeroed memory, which is a valid header already, into one that can
    /// be used. Atomically where a stale reference might still look.
    pub(super) fn initialise(&self, chunk: u32, past: u64) {
        self.claim.start_after(past);
        self.chunk.set(chunk);
    }

    /// Moves from one state to another.
    #[inline(always)]
    pub(crate) fn set_state(&self, from: State, to: State) {
        debug_assert_eq!(
            self.state(),
            from,
            "goroutine {} goes to {to:?}",
            self.id.load(Ordering::Relaxed)
        );
        let _ = from;
        // Release: who sees that it is in use sees what it is.
        self.state.store(to as u8, Ordering::Release);
    }

    /// Marks a runnable goroutine, which is the caller's, with a number until it runs.
    pub(crate) fn stamp(&self, number: u64) {
        self.parked_since.store(number, Ordering::Relaxed);
        self.state.store(RUNNABLE_STAMPED, Ordering::Release);
    }

    /// Whether it is.
    #[inline(always)]
    pub(crate) fn is_stamped(&self) -> bool {
        self.state.load(Ordering::Relaxed) == RUNNABLE_STAMPED
    }

    /// The number, taken off.
    pub(crate) fn take_stamp(&self) -> u64 {
        self.state.store(State::Runnable as u8, Ordering::Release);
        self.parked_since.load(Ordering::Relaxed)
    }

    /// The word that changes with the state, as an address.
    #[inline(always)]
    pub(crate) fn state_word(&self) -> *const AtomicU8 {
        &raw const self.state
    }

    #[inline]
    pub(crate) fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            1 | RUNNABLE_STAMPED => State::Runnable,
            2 => State::Running,
            3 => State::Waiting,
            4 => State::Dead,
            _ => State::Free,
        }
    }

    /// Notes why, where and since when it waits.
    #[inline(always)]
    pub(crate) fn note_wait(
        &self,
        reason: WaitReason,
        place: &'static Location<'static>,
        origin: Option<&'static Location<'static>>,
        since: u64,
    ) {
        self.reason.store(reason as u8, Ordering::Relaxed);
        self.parked_at
            .store(ptr::from_ref(place).cast_mut(), Ordering::Relaxed);
        let origin = origin.map_or(ptr::null(), ptr::from_ref);
        self.parked_on.store(origin.cast_mut(), Ordering::Relaxed);
        self.parked_since.store(since, Ordering::Relaxed);
    }

    /// What it waits for, if it does.
    pub(crate) fn wait(&self) -> Option<Wait> {
        let place = self.parked_at.load(Ordering::Relaxed);
        // SAFETY: only `note_wait` sets it, from a `&'static`.
        let place = unsafe { place.as_ref() }?;
        let reason = WaitReason::from_number(self.reason.load(Ordering::Relaxed))?;
        Some(Wait {
            reason,
            place,
            // SAFETY: as above.
            origin: unsafe { self.parked_on.load(Ordering::Relaxed).as_ref() },
            since: self.parked_since.load(Ordering::Relaxed),
        })
    }

    pub(crate) fn set_created_at(&self, place: &'static Location<'static>) {
        self.created_at
            .store(ptr::from_ref(place).cast_mut(), Ordering::Relaxed);
    }

    /// Where `go` was called.
    pub(crate) fn created_at(&self) -> Option<&'static Location<'static>> {
        // SAFETY: only `set_created_at` sets it, from a `&'static`.
        unsafe { self.created_at.load(Ordering::Relaxed).as_ref() }
    }

    /// Bytes of stack it wants, if it has a wish.
    pub(crate) fn stack_size(&self) -> usize {
        // SAFETY: owner's field, set before it was published.
        let details = unsafe { &*self.details.as_ptr() };
        details.as_ref().map_or(0, |details| details.stack_size)
    }

    /// Its name.
    pub(crate) fn name(&self) -> Option<Arc<str>> {
        // SAFETY: as above.
        let details = unsafe { &*self.details.as_ptr() };
        details.as_ref()?.name.clone()
    }

    /// Whether it is locked to a machine.
    #[inline(always)]
    pub(crate) fn is_locked(&self) -> bool {
        !self.locked.load(Ordering::Relaxed).is_null()
    }

    /// Whether it has not run yet, so that it has no stack.
    #[inline(always)]
    pub(crate) fn is_fresh(&self) -> bool {
        // SAFETY: reads whether there is one; owner's field.
        unsafe { (*self.fiber.as_ptr()).is_none() }
    }

    /// Fetches the lines of the header that a wake-up uses into the cache.
    #[inline(always)]
    pub(crate) fn prefetch_header(&self) {
        raw::prefetch(ptr::from_ref(self).cast());
    }

    /// Fetches into the cache what it will use when it runs again.
    ///
    /// # Safety
    /// The caller owns the header.
    #[inline(always)]
    pub(crate) unsafe fn prefetch(&self) {
        /// Lines of stack that are used first.
        const LINES: usize = 8;
        // SAFETY: as this function's.
        if let Some(fiber) = unsafe { (*self.fiber.as_ptr()).as_ref() } {
            fiber.prefetch();
            let end = self.stack_end.get();
            for line in 0..LINES {
                raw::prefetch(end.wrapping_add(64 * line));
            }
        }
    }

    /// Its fiber.
    ///
    /// # Safety
    /// The caller owns the header, and the goroutine has run.
    #[inline(always)]
    pub(crate) unsafe fn fiber_ref(&self) -> &RawFiber {
        // SAFETY: by the caller's obligations nobody changes the field now, and
        // it is set.
        unsafe { (*self.fiber.as_ptr()).as_ref().unwrap_unchecked() }
    }
}

/// Its id, and its name if it has one, as messages show them.
impl std::fmt::Display for G {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "goroutine {}", self.id.load(Ordering::Relaxed))?;
        match self.name() {
            Some(name) => write!(f, " ({name})"),
            None => Ok(()),
        }
    }
}

impl std::fmt::Debug for G {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("G")
            .field("id", &self.id.load(Ordering::Relaxed))
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
