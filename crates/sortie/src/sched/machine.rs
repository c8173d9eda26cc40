//! The M: an OS thread that runs goroutines.

use super::processor::P;
use super::run::{Commit, Wish};
use super::scheduler::Scheduler;
use super::seat::Seat;
use crate::base::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use crate::base::clock::{self, NEVER};
use crate::base::futex;
use crate::driver::poller::Poller;
use crate::goroutine::claim::Ticket;
use crate::goroutine::{GRef, List};
use crate::record::log::Log;
use sortie_fiber::raw::{Host, RawFiber};
use std::cell::{Cell, UnsafeCell};
use std::ptr;

// Values of `signal`.
const NOTHING: u32 = 0;
const WOKEN: u32 = 1;
/// It sleeps in the poller, which is to be woken.
const POLLS: u32 = 2;

/// A machine. Never freed; an entry whose thread has retired serves the next.
/// Cells are used by the machine's own thread, and by the goroutine on it.
pub(crate) struct M {
    pub(crate) index: u32,
    pub(crate) scheduler: &'static Scheduler,
    pub(crate) seat: Seat<P>,
    /// The OS thread's side of switching; set when the thread starts.
    host: UnsafeCell<Option<Host>>,
    /// The goroutine on this machine.
    pub(crate) current: Cell<Option<GRef>>,
    /// What the goroutine wants, once it has suspended; and the particulars.
    pub(crate) wish: Cell<Wish>,
    pub(crate) commit: Cell<Commit>,
    pub(crate) deadline: Cell<u64>,
    pub(crate) ticket: Cell<Ticket>,
    pub(crate) ended: Cell<Option<RawFiber>>,
    /// The id of the goroutine that ends.
    pub(crate) ending: Cell<u64>,
    /// The goroutine to run next, if that is decided.
    pub(crate) chosen: Cell<Option<GRef>>,
    /// Whether it counts as searching for work.
    pub(crate) searching: Cell<bool>,
    /// The goroutine that is locked to this machine.
    pub(crate) locked: Cell<Option<GRef>>,
    /// The same for others: whether there is such a goroutine. Changed under the lock of the
    /// confinement.
    pub(crate) is_locked: AtomicBool,
    /// Whether its thread must end: a goroutine ended while it was locked to it.
    pub(crate) doomed: Cell<bool>,
    /// The processor it had before it lost its last.
    pub(crate) previous: Cell<Option<&'static P>>,
    /// A processor that somebody gave it along with a wake-up.
    given: AtomicPtr<P>,
    /// Whether it is to search with the processor it was given.
    pub(crate) given_search: AtomicBool,
    /// Whether it was woken.
    signal: AtomicU32,
    /// Kernel's thread id; 0 while no thread has this entry.
    pub(crate) tid: AtomicU32,
    /// Whether it sleeps in the runtime, waiting for work.
    pub(crate) asleep: AtomicBool,
    /// What it tells the recorder.
    pub(crate) log: Log,
    /// Whether its goroutine announced a blocking call.
    pub(crate) blocking: AtomicBool,
}

// SAFETY: see the struct's text; what others touch is atomic or the seat.
unsafe impl Sync for M {}
// SAFETY: as above.
unsafe impl Send for M {}

impl M {
    pub(crate) fn new(index: u32, scheduler: &'static Scheduler) -> Self {
        M {
            index,
            scheduler,
            seat: Seat::new(),
            host: UnsafeCell::new(None),
            current: Cell::new(None),
            wish: Cell::new(Wish::None),
            commit: Cell::new(Commit::NOTHING),
            deadline: Cell::new(NEVER),
            ticket: Cell::new(Ticket::NONE),
            ended: Cell::new(None),
            ending: Cell::new(0),
            chosen: Cell::new(None),
            searching: Cell::new(false),
            locked: Cell::new(None),
            is_locked: AtomicBool::new(false),
            doomed: Cell::new(false),
            previous: Cell::new(None),
            given: AtomicPtr::new(ptr::null_mut()),
            given_search: AtomicBool::new(false),
            signal: AtomicU32::new(NOTHING),
            tid: AtomicU32::new(0),
            asleep: AtomicBool::new(false),
            log: Log::new(),
            blocking: AtomicBool::new(false),
        }
    }

    /// The machine of a goroutine that runs.
    #[inline(always)]
    pub(crate) fn of(g: GRef) -> &'static M {
        // SAFETY: set from a `&'static M` whenever the goroutine is resumed.
        unsafe { &*g.machine.load(Ordering::Relaxed).cast::<M>() }
    }

    /// Binds the entry to the calling thread.
    pub(crate) fn bind(&self) {
        let host = Host::attach().expect("the runtime started, so the platform can run fibers");
        // SAFETY: before it runs any goroutine; only its own thread uses it.
        unsafe { *self.host.get() = Some(host) };
        // SAFETY: gettid cannot fail.
        self.tid
            .store(unsafe { libc::gettid() } as u32, Ordering::Release);
    }

    /// The OS thread's side of switching.
    ///
    /// # Safety
    /// The caller is the machine's thread, on its own stack, and keeps no other
    /// reference to it.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "exclusive by the caller's obligation")]
    pub(crate) unsafe fn host(&self) -> &mut Host {
        // SAFETY: as this function's; `bind` came first.
        unsafe { (*self.host.get()).as_mut().unwrap_unchecked() }
    }

    /// Sleeps until [`wake`](Self::wake), or `deadline`. Returns whether woken.
    pub(crate) fn sleep(&self, deadline: u64) -> bool {
        self.asleep.store(true, Ordering::Release);
        let woken = loop {
            if self.signal.swap(NOTHING, Ordering::Acquire) == WOKEN {
                break true;
            }
            if clock::now() >= deadline {
                break false;
            }
            futex::wait_until(&self.signal, NOTHING, deadline);
        };
        self.asleep.store(false, Ordering::Release);
        woken
    }

    /// As [`sleep`](Self::sleep), but in the poller, until it has made goroutines ready
    /// at most. They are added to `ready`.
    pub(crate) fn sleep_in(&self, poller: &Poller, deadline: u64, ready: &mut List) -> bool {
        self.asleep.store(true, Ordering::Release);
        let woken = loop {
            poller.sleep(deadline, ready, || {
                self.signal
                    .compare_exchange(NOTHING, POLLS, Ordering::AcqRel, Ordering::Relaxed)
                    .is_ok()
            });
            if self.signal.swap(NOTHING, Ordering::Acquire) == WOKEN {
                break true;
            }
            if !ready.is_empty() || clock::now() >= deadline {
                break false;
            }
        };
        self.asleep.store(false, Ordering::Release);
        woken
    }

    /// Wakes it.
    pub(crate) fn wake(&self) {
        self.asleep.store(false, Ordering::Release);
        if self.signal.swap(WOKEN, Ordering::AcqRel) != POLLS {
            futex::wake_one(&self.signal);
        } else if let Some(poller) = self.scheduler.poller() {
            poller.wake();
        }
    }

    /// Gives it a processor, which it finds when woken.
    pub(crate) fn give(&self, p: &'static P, search: bool) {
        debug_assert!(self.given.load(Ordering::Relaxed).is_null());
        self.given_search.store(search, Ordering::Relaxed);
        self.given
            .store(ptr::from_ref(p).cast_mut(), Ordering::Release);
    }

    /// The processor it was given, taken.
    pub(crate) fn take_given(&self) -> Option<&'static P> {
        // SAFETY: set from a `&'static P`.
        unsafe { self.given.swap(ptr::null_mut(), Ordering::Acquire).as_ref() }
    }
}

impl std::fmt::Debug for M {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("M")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}
