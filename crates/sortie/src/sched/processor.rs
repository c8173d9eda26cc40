//! The P: the right to run goroutines, and what goes with it.

use super::latency::Latency;
use super::machine::M;
use super::scheduler::Scheduler;
use super::seat::Seat;
use crate::base::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};
use crate::base::padded::Padded;
use crate::base::rng::Rng;
use crate::base::run_queue::RunQueue;
use crate::driver::timers::Timers;
use crate::goroutine::{GRef, List};
use sortie_fiber::raw::RawFiber;
use std::cell::{Cell, UnsafeCell};
use std::ptr::{self, NonNull};

/// Entries of a run queue.
pub(crate) const RUN_QUEUE: usize = 256;
/// Free headers that a processor keeps at most.
pub(crate) const FREE_HEADERS: usize = 256;
/// Idle fibers that a processor keeps at most.
const IDLE_FIBERS: usize = 64;
/// So many of them it keeps when it gives some back, or fills its cache up to.
pub(super) const FIBERS_KEPT: usize = IDLE_FIBERS / 2;
/// After so many goroutines in a row from `next`, one from the queue has a turn. So
/// few that those in a short queue are not old enough to be stolen by then.
const NEXT_IN_A_ROW: u32 = 8;
/// After at most so many turns the scheduler looks after everything else.
pub(crate) const ROUND: u32 = 61;

/// How often in a row a goroutine in `next` must have run on its processor until
/// nobody is woken for the next one.
pub(crate) const WANTED: u32 = 8;

/// Who has a processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Status {
    /// Nobody; it is on the list of idle ones.
    Idle = 0,
    /// The machine in `machine`.
    Running = 1,
    /// Whoever stopped the world.
    Stopped = 2,
}

/// A processor. Fields are written by the machine that has it, unless they say
/// otherwise.
pub(crate) struct P {
    pub(crate) index: u32,
    pub(crate) scheduler: &'static Scheduler,
    /// The goroutine to run next: made ready by the one that runs, whose time
    /// slice it inherits.
    pub(crate) next: AtomicPtr<crate::goroutine::G>,
    /// Turns left until the scheduler looks at timers and the global queue.
    pub(crate) countdown: Cell<u32>,
    /// Goroutines taken from `next` in a row.
    in_a_row: Cell<u32>,
    /// Counts turns; others watch it.
    pub(crate) tick: Counter,
    /// Set by others: go and look after everything now.
    pub(crate) attention: AtomicBool,
    /// Whether goroutines that are ready here are likely to be wanted by another
    /// machine: counts down with each that ran here, and goes up when one was stolen
    /// or should have been. Written by others too; a lost update does no harm.
    wanted: AtomicU32,
    /// So many goroutines in the queue have their turn at once, as turns go lately.
    near: AtomicU32,
    free_headers: UnsafeCell<List>,
    idle_fibers: UnsafeCell<Vec<RawFiber>>,
    ids: Cell<(u64, u64)>,
    pub(crate) rng: Rng,
    /// When the current round began, how many turns it has, and its number.
    pub(crate) last_look: Cell<u64>,
    pub(crate) last_tick: Cell<u64>,
    pub(crate) rounds: Cell<u32>,
    /// Stacks reserved for goroutines to come; see `fibers`.
    pub(crate) credits: Cell<u32>,
    pub(crate) counters: Counters,
    pub(crate) latency: Latency,
    pub(crate) queue: RunQueue<crate::goroutine::G, RUN_QUEUE>,
    pub(crate) timers: Padded<Timers>,
    status: AtomicU8,
    /// The machine that has it, while running.
    pub(crate) machine: AtomicPtr<M>,
    /// What sysmon saw last.
    pub(crate) seen: Padded<Seen>,
}

/// Counts since the start, for metrics. Written by the owner, without atomic
/// read-modify-writes.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) made: Counter,
    pub(crate) ended: Counter,
    pub(crate) steals: Counter,
    pub(crate) handoffs: Counter,
    /// Machines woken, or started, to search with it.
    pub(crate) wakeups: Counter,
}

/// A count with one writer at a time.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    #[inline(always)]
    pub(crate) fn add(&self, amount: u64) {
        let sum = self.0.load(Ordering::Relaxed).wrapping_add(amount);
        self.0.store(sum, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Sysmon's notes about a processor.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) tick: Cell<u64>,
    /// Since when that tick.
    pub(crate) since: Cell<u64>,
    /// The CPU time its machine had used then, if it was looked at.
    pub(crate) cpu_time: Cell<Option<u64>>,
    /// The same at the first look.
    pub(crate) cpu_since: Cell<u64>,
    /// Whether `next` alone waited at the last look.
    pub(crate) waiting: Cell<bool>,
}

// SAFETY: cells are used by the machine that has the processor, or by whoever
// took it, or (`seen`) by sysmon; possession passes on through `Seat` and locks.
unsafe impl Send for P {}
// SAFETY: as above; what others may look at is atomic or locked.
unsafe impl Sync for P {}

impl P {
    pub(crate) fn new(index: u32, seed: u64, scheduler: &'static Scheduler) -> Self {
        P {
            index,
            scheduler,
            next: AtomicPtr::new(ptr::null_mut()),
            countdown: Cell::new(0),
            in_a_row: Cell::new(0),
            tick: Counter::default(),
            attention: AtomicBool::new(false),
            wanted: AtomicU32::new(WANTED),
            near: AtomicU32::new(0),
            free_headers: UnsafeCell::new(List::new()),
            idle_fibers: UnsafeCell::new(Vec::with_capacity(IDLE_FIBERS)),
            ids: Cell::new((0, 0)),
            rng: Rng::new(seed),
            last_look: Cell::new(0),
            last_tick: Cell::new(0),
            rounds: Cell::new(0),
            credits: Cell::new(0),
            counters: Counters::default(),
            latency: Latency::new(),
            queue: RunQueue::new(),
            timers: Padded(Timers::new()),
            status: AtomicU8::new(Status::Stopped as u8),
            machine: AtomicPtr::new(ptr::null_mut()),
            seen: Padded::default(),
        }
    }

    pub(crate) fn status(&self) -> Status {
        match self.status.load(Ordering::Acquire) {
            0 => Status::Idle,
            1 => Status::Running,
            _ => Status::Stopped,
        }
    }

    pub(crate) fn set_status(&self, status: Status) {
        self.status.store(status as u8, Ordering::Release);
    }

    /// The goroutine in `next`, taken out.
    ///
    /// # Safety
    /// The caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn take_next(&self) -> Option<GRef> {
        let next = self.next.load(Ordering::Relaxed);
        if next.is_null() {
            return None;
        }
        self.next.store(ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: set from a `GRef`.
        Some(unsafe { &*next })
    }

    /// Puts a goroutine into `next`. One that was there goes to the end of the
    /// queue, for which there may be no room; then it comes back.
    ///
    /// # Safety
    /// The caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn put_next(&self, g: GRef) -> Displaced {
        let old = self.next.load(Ordering::Relaxed);
        // Release: whoever reads it sees the goroutine complete.
        self.next
            .store(ptr::from_ref(g).cast_mut(), Ordering::Release);
        match NonNull::new(old) {
            None => Displaced::Nobody,
            // SAFETY: the caller has the processor, whose queue it is.
            Some(old) => match unsafe { self.queue.push(old) } {
                Ok(()) => Displaced::Queued,
                // SAFETY: set from a `GRef`.
                Err(old) => Displaced::Refused(unsafe { old.as_ref() }),
            },
        }
    }

    /// The next goroutine to run, from `next` or the queue. `None` if both are
    /// empty, or it is time to look after other things first.
    ///
    /// # Safety
    /// The caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn pick(&self) -> Option<GRef> {
        let countdown = self.countdown.get();
        if countdown == 0 || self.attention.load(Ordering::Relaxed) {
            return None;
        }
        self.countdown.set(countdown - 1);
        // SAFETY: as this function's.
        unsafe { self.pick_local() }
    }

    /// As [`pick`](Self::pick), whatever the time.
    ///
    /// # Safety
    /// The caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn pick_local(&self) -> Option<GRef> {
        // SAFETY: as this function's.
        unsafe {
            let wanted = self.wanted.load(Ordering::Relaxed);
            if wanted != 0 {
                self.wanted.store(wanted - 1, Ordering::Relaxed);
            }
            if let Some(next) = self.take_next() {
                let in_a_row = self.in_a_row.get() + 1;
                self.in_a_row.set(in_a_row);
                if in_a_row < NEXT_IN_A_ROW || !self.rotate(next) {
                    return Some(next);
                }
            }
            self.in_a_row.set(0);
            self.queue.pop().map(|g| g.as_ref())
        }
    }

    /// Puts a goroutine at the end of the queue, if the queue is not empty and
    /// has room.
    ///
    /// # Safety
    /// The caller has the processor.
    #[cold]
    unsafe fn rotate(&self, g: GRef) -> bool {
        // SAFETY: as this function's.
        !self.queue.is_empty() && unsafe { self.queue.push(NonNull::from(g)) }.is_ok()
    }

    /// Whether there is a goroutine in `next`, for anybody to ask.
    pub(crate) fn has_next(&self) -> bool {
        !self.next.load(Ordering::Acquire).is_null()
    }

    /// Whether something is there to run, for anybody to ask.
    pub(crate) fn has_work(&self) -> bool {
        self.has_next() || !self.queue.is_empty()
    }

    /// Whether what is ready here is better left to it: all of it will have had its
    /// turn before another machine could run it, if turns go on as they did. If not,
    /// sysmon notices.
    #[inline(always)]
    pub(crate) fn keeps_its_work(&self) -> bool {
        self.wanted.load(Ordering::Relaxed) == 0 && self.is_queue_near()
    }

    /// Whether the queue is so short that its goroutines have their turn at once.
    #[inline(always)]
    pub(super) fn is_queue_near(&self) -> bool {
        self.queue.len() <= self.near.load(Ordering::Relaxed) as usize
    }

    /// Takes note that others should have goroutines that become ready here.
    pub(super) fn share(&self) {
        self.wanted.store(WANTED, Ordering::Relaxed);
    }

    /// Sets how many goroutines in the queue have their turn at once.
    pub(super) fn set_near(&self, near: u32) {
        self.near.store(near, Ordering::Relaxed);
    }

    /// A free header, if the cache has one.
    ///
    /// # Safety
    /// The caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn take_header(&self) -> Option<GRef> {
        // SAFETY: as this function's.
        unsafe { (*self.free_headers.get()).pop_front() }
    }

    /// Caches a free header. Returns a batch to give back if there are many.
    ///
    /// # Safety
    /// The caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn give_header(&self, g: GRef) -> Option<List> {
        // SAFETY: as this function's.
        let list = unsafe { &mut *self.free_headers.get() };
        list.push_front(g);
        if list.len() <= FREE_HEADERS {
            return None;
        }
        let mut batch = List::new();
        for g in list.by_ref().take(FREE_HEADERS / 2) {
            batch.push_back(g);
        }
        Some(batch)
    }

    /// The cache of free headers, for filling it up.
    ///
    /// # Safety
    /// The caller has the processor, and keeps no other reference to the list.
    #[expect(clippy::mut_from_ref, reason = "exclusive by the caller's obligation")]
    pub(crate) unsafe fn headers(&self) -> &mut List {
        // SAFETY: as this function's.
        unsafe { &mut *self.free_headers.get() }
    }

    /// An idle fiber, if the cache has one.
    ///
    /// # Safety
    /// The caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn take_fiber(&self) -> Option<RawFiber> {
        // SAFETY: as this function's.
        unsafe { (*self.idle_fibers.get()).pop() }
    }

    /// Whether the cache of idle fibers has room.
    ///
    /// # Safety
    /// The caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn has_room_for_fiber(&self) -> bool {
        // SAFETY: as this function's.
        unsafe { (*self.idle_fibers.get()).len() < IDLE_FIBERS }
    }

    /// Caches an idle fiber.
    ///
    /// # Safety
    /// The caller has the processor, and the cache has room. Thus this allocates
    /// nothing.
    #[inline(always)]
    pub(crate) unsafe fn give_fiber(&self, fiber: RawFiber) {
        // SAFETY: as this function's.
        unsafe { (*self.idle_fibers.get()).push(fiber) }
    }

    /// Whether the cache of idle fibers is to be filled up.
    ///
    /// # Safety
    /// The caller has the processor.
    pub(super) unsafe fn has_few_fibers(&self) -> bool {
        // SAFETY: as this function's.
        unsafe { (*self.idle_fibers.get()).len() < FIBERS_KEPT }
    }

    /// Idle fibers, taken out: those beyond so many that were used last.
    ///
    /// # Safety
    /// The caller has the processor, and uses the cache for nothing else meanwhile.
    pub(crate) unsafe fn take_fibers(&self, kept: usize) -> impl Iterator<Item = RawFiber> {
        // SAFETY: as this function's.
        let cache = unsafe { &mut *self.idle_fibers.get() };
        cache.drain(..cache.len().saturating_sub(kept))
    }

    /// The next goroutine id; `more` gives a range when none is left.
    ///
    /// # Safety
    /// The caller has the processor.
    #[inline(always)]
    pub(crate) unsafe fn take_id(&self, more: impl FnOnce() -> (u64, u64)) -> u64 {
        let (mut id, mut end) = self.ids.get();
        if id == end {
            (id, end) = more();
        }
        self.ids.set((id + 1, end));
        id
    }

    /// The seat of the machine that has it.
    pub(crate) fn seat(&self) -> Option<&'static Seat<P>> {
        let machine = self.machine.load(Ordering::Acquire);
        // SAFETY: machines are never freed.
        unsafe { machine.as_ref() }.map(|machine| &machine.seat)
    }
}

/// What became of the goroutine that was in `next` before.
#[derive(Debug)]
pub(crate) enum Displaced {
    /// There was none.
    Nobody,
    /// It is at the end of the queue.
    Queued,
    /// The queue was full.
    Refused(GRef),
}

impl std::fmt::Debug for P {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("P")
            .field("index", &self.index)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
