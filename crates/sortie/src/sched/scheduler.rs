//! The scheduler: what machines and processors share.

use super::config::Config;
use super::confine::Confinement;
use super::fibers::Fibers;
use super::global::GlobalQueue;
use super::idle::{Idle, Keeper};
use super::machine::M;
use super::processor::{Displaced, P};
use super::sysmon::Sysmon;
use super::wake_gate::WakeGate;
use crate::base::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use crate::base::lock::Lock;
use crate::base::padded::Padded;
use crate::driver::poller::Poller;
use crate::goroutine::slab::Slab;
use crate::goroutine::{G, GRef, List};
use sortie_fiber::Unsupported;

/// A runtime's scheduler. Lives for ever.
pub(crate) struct Scheduler {
    pub(crate) config: Config,
    pub(crate) gate: Padded<WakeGate>,
    pub(super) global: Padded<GlobalQueue>,
    pub(super) idle: Padded<Lock<Idle>>,
    /// The processors in use; a leaked slice that is replaced as a whole.
    processors: AtomicPtr<Vec<&'static P>>,
    /// Those and the ones that are out of use.
    pub(super) every: AtomicPtr<Vec<&'static P>>,
    /// Whether somebody stops the world.
    pub(super) stopping: AtomicBool,
    /// Whether the number of processors is the default, and follows it.
    pub(super) follows_cpus: AtomicBool,
    /// Whether there was nothing to trim last time.
    pub(super) trimmed: AtomicBool,
    pub(super) machines: Lock<Vec<&'static M>>,
    pub(crate) slab: Slab,
    pub(crate) fibers: Fibers,
    pub(crate) sysmon: Sysmon,
    pub(super) confinement: Confinement,
    /// The clock, as of sysmon's last look.
    pub(crate) coarse_now: AtomicU64,
    next_id: AtomicU64,
    /// Goroutines made without a processor.
    made_elsewhere: AtomicU64,
    pub(super) keeper: Keeper,
    /// The network poller, once it is needed; leaked.
    pub(super) poller: AtomicPtr<Poller>,
}

/// Goroutine ids that a processor takes at once.
const IDS: u64 = 16;
/// The main goroutine's id.
pub(crate) const MAIN_ID: u64 = 1;

impl Scheduler {
    /// # Errors
    /// If the platform cannot run fibers.
    pub(crate) fn new(config: Config) -> Result<Self, Unsupported> {
        let fibers = Fibers::new(config.stack_size)?;
        Ok(Scheduler {
            fibers,
            gate: Padded(WakeGate::new()),
            global: Padded(GlobalQueue::new()),
            idle: Padded(Lock::new(Idle::new())),
            processors: AtomicPtr::new(Box::into_raw(Box::default())),
            every: AtomicPtr::new(Box::into_raw(Box::default())),
            stopping: AtomicBool::new(false),
            follows_cpus: AtomicBool::new(config.max_procs.is_none()),
            trimmed: AtomicBool::new(true),
            machines: Lock::new(Vec::new()),
            slab: Slab::new(),
            sysmon: Sysmon::new(),
            confinement: Confinement::new(),
            coarse_now: AtomicU64::new(crate::base::clock::now()),
            next_id: AtomicU64::new(MAIN_ID + 1),
            made_elsewhere: AtomicU64::new(0),
            keeper: Keeper::new(),
            poller: AtomicPtr::default(),
            config,
        })
    }

    /// The processors in use.
    #[inline]
    pub(crate) fn processors(&self) -> &'static [&'static P] {
        // SAFETY: leaked vectors only.
        unsafe { &*self.processors.load(Ordering::Acquire) }
    }

    /// Replaces the processors in use. The old vector is leaked, since others
    /// may be reading it; this happens when somebody sets GOMAXPROCS.
    pub(super) fn set_processors(&self, processors: Vec<&'static P>) {
        self.processors
            .store(Box::into_raw(Box::new(processors)), Ordering::Release);
    }

    /// The time, a few milliseconds old at most while anything runs.
    #[inline(always)]
    pub(crate) fn coarse_now(&self) -> u64 {
        self.coarse_now.load(Ordering::Relaxed)
    }

    /// Some processor, for timers that are set without one.
    pub(crate) fn any_processor(&self) -> &'static P {
        self.processors()[0]
    }

    /// A range of unused goroutine ids.
    pub(crate) fn more_ids(&self) -> (u64, u64) {
        let first = self.next_id.fetch_add(IDS, Ordering::Relaxed);
        (first, first + IDS)
    }

    /// One unused goroutine id.
    pub(crate) fn one_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }

    /// Notes that a goroutine was made.
    #[inline(always)]
    pub(crate) fn count_made(&self, p: Option<&P>) {
        match p {
            Some(p) => p.counters.made.add(1),
            None => {
                self.made_elsewhere.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Goroutines made so far, and ended so far.
    pub(crate) fn goroutine_counts(&self) -> (u64, u64) {
        let (mut made, mut ended) = (0, 0);
        // First the ends, so that none seems to have ended before it was made.
        for p in self.all_processors() {
            ended += p.counters.ended.get();
        }
        made += self.made_elsewhere.load(Ordering::Acquire);
        for p in self.all_processors() {
            made += p.counters.made.get();
        }
        (made, ended)
    }

    /// Puts a goroutine at the end of the global queue.
    #[inline(never)]
    pub(crate) fn inject(&self, g: GRef) {
        self.global.push(g);
    }

    /// How many goroutines wait in the global queue.
    #[inline(always)]
    pub(crate) fn global_len(&self) -> usize {
        self.global.len()
    }

    /// Makes `g` the next to run on a processor. Wakes nobody.
    ///
    /// # Safety
    /// The caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn make_next(&self, p: &P, g: GRef) {
        p.latency.ready(g);
        // SAFETY: as this function's.
        if let Displaced::Refused(old) = unsafe { p.put_next(g) } {
            // SAFETY: as this function's.
            unsafe { self.spill(p, old) };
        }
    }

    /// Puts `g` at the end of a processor's queue. Wakes nobody.
    ///
    /// # Safety
    /// The caller has the processor.
    pub(crate) unsafe fn make_last(&self, p: &P, g: GRef) {
        p.latency.ready(g);
        // SAFETY: as this function's.
        unsafe {
            if p.queue.push(g.into()).is_err() {
                self.spill(p, g);
            }
        }
    }

    /// Moves half of a full queue, and `g`, to the global queue.
    ///
    /// # Safety
    /// The caller has the processor.
    #[cold]
    #[inline(never)]
    pub(super) unsafe fn spill(&self, p: &P, g: GRef) {
        let mut list = List::new();
        // SAFETY: as this function's; the queue holds `GRef`s.
        unsafe { p.queue.spill(|entry| list.push_back(entry.as_ref())) };
        list.push_back(g);
        self.global.append(list);
    }

    /// A header for a new goroutine.
    ///
    /// # Errors
    /// If there is no memory.
    ///
    /// # Safety
    /// The caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn take_header(&self, p: Option<&P>) -> std::io::Result<GRef> {
        // SAFETY: as this function's.
        match p.and_then(|p| unsafe { p.take_header() }) {
            Some(g) => Ok(g),
            // SAFETY: as this function's.
            None => unsafe { self.refill_headers(p) },
        }
    }

    /// # Safety
    /// As [`take_header`](Self::take_header).
    #[cold]
    #[inline(never)]
    unsafe fn refill_headers(&self, p: Option<&P>) -> std::io::Result<GRef> {
        let mut one = List::new();
        let (list, count) = match p {
            // SAFETY: as this function's.
            Some(p) => (unsafe { p.headers() }, super::processor::FREE_HEADERS / 2),
            None => (&mut one, 1),
        };
        self.slab.take(count, list)?;
        Ok(list.pop_front().expect("at least one was taken"))
    }

    /// Takes the header of a goroutine back whose end nobody waits for.
    ///
    /// # Safety
    /// - nobody uses the header any more;
    /// - the caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn give_header(&self, p: Option<&P>, g: &'static G) {
        use crate::goroutine::State;
        g.set_state(State::Dead, State::Free);
        match p {
            Some(p) => {
                // SAFETY: as this function's.
                if let Some(batch) = unsafe { p.give_header(g) } {
                    self.give_headers(batch);
                }
            }
            None => {
                let mut one = List::new();
                one.push_back(g);
                self.give_headers(one);
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn give_headers(&self, list: List) {
        self.slab.give(list);
    }
}

impl std::fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scheduler")
            .field("processors", &self.processors().len())
            .finish_non_exhaustive()
    }
}
