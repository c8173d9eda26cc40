//! Waits that several parties may end: who grants what is waited for, a deadline,
//! and an [`Interrupt`]. Locks, semaphores and contexts wait by this; channels,
//! which move messages at the same time, have queues of their own.
//!
//! A blocked call has one [`Entry`] in the queue of what it waits for, and one more
//! with its interrupt, if there is one. Both are on its stack, so that waiting
//! allocates nothing, and both have the same ticket. Whoever finds an entry, with
//! the lock of its queue held, may end the wait if he wins the ticket. He then
//!
//! 1. takes the entry out of the queue and notes his answer in it;
//! 2. clears its `queued` flag, which is his last access to it;
//! 3. makes the waiter ready when the lock is free again, if it was parked.
//!
//! The waiter, when it is awake, looks at its flags. Where one is set it takes the
//! queue's lock and then looks again: so it always comes after step 2, even if the
//! wait was ended before it was parked. Whether it has an answer tells whether it
//! was granted what it wanted; if it has not, it has left the queue, and nobody
//! will grant it anything any more.

use super::{Place, Waiter, Woken, park_claimed};
use crate::base::atomic::{AtomicBool, Cell, Ordering};
use crate::base::clock::{self, NEVER};
use crate::base::lock::{Guard, Lock};
use crate::goroutine::claim::{Ticket, Won};
use std::ptr;

/// How long to wait at most.
#[derive(Clone, Copy)]
pub(crate) struct Until<'a> {
    /// By the runtime's clock.
    pub(crate) deadline: u64,
    pub(crate) interrupt: Option<&'a dyn Interrupt>,
}

impl Until<'_> {
    /// For ever.
    pub(crate) const GRANTED: Until<'static> = Until::deadline(NEVER);

    /// Not at all.
    pub(crate) const NOW: Until<'static> = Until::deadline(0);

    /// Until a time at most.
    pub(crate) const fn deadline(deadline: u64) -> Until<'static> {
        Until {
            deadline,
            interrupt: None,
        }
    }

    /// Whether nothing but a grant ends the wait.
    #[inline(always)]
    pub(crate) fn is_endless(&self) -> bool {
        self.deadline == NEVER && self.interrupt.is_none()
    }

    /// Whether there is no waiting.
    #[inline(always)]
    pub(crate) fn is_now(&self) -> bool {
        self.deadline == 0
    }

    /// Whether there is no time left.
    pub(crate) fn is_over(&self) -> bool {
        match self.deadline {
            0 => true,
            NEVER => false,
            deadline => clock::now() >= deadline,
        }
    }
}

/// Something that ends waits when it happens, once for all.
///
/// # Safety
/// Enlisted entries are kept in a [`WaitQueue`] under a lock, and used as that
/// demands. After [`withdraw`](Self::withdraw) the entry is not used any more.
pub(crate) unsafe trait Interrupt {
    /// Will end the wait of this entry. `false`, and nothing is done, if it has
    /// happened already.
    ///
    /// # Safety
    /// The entry is in no queue, and stays where it is until it was withdrawn.
    unsafe fn enlist(&self, entry: &Entry) -> bool;

    /// Forgets an entry.
    ///
    /// # Safety
    /// It was enlisted here.
    unsafe fn withdraw(&self, entry: &Entry);
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By a grant, with this answer.
    Granted(usize),
    /// Time ran out.
    TimedOut,
    /// The interrupt happened.
    Interrupted,
}

/// Which end of the queue to join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// For one that waited before.
    Front,
    Back,
}

/// One place in a queue.
#[derive(Debug)]
pub(crate) struct Entry {
    previous: Cell<*const Entry>,
    next: Cell<*const Entry>,
    /// Whether it is in a queue; cleared by who takes it out.
    queued: AtomicBool,
    waiter: Waiter,
    ticket: Ticket,
    /// What it asks for; the owner of the queue knows what that means.
    demand: usize,
    answer: Cell<Option<usize>>,
}

impl Entry {
    fn new(waiter: Waiter, ticket: Ticket, demand: usize) -> Self {
        Entry {
            previous: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            queued: AtomicBool::new(false),
            waiter,
            ticket,
            demand,
            answer: Cell::new(None),
        }
    }

    fn is_queued(&self) -> bool {
        self.queued.load(Ordering::Acquire)
    }
}

/// Entries in the order in which they came. To be kept under a lock.
#[derive(Debug)]
pub(crate) struct WaitQueue {
    first: Cell<*const Entry>,
    last: Cell<*const Entry>,
}

// SAFETY: it is used with a lock held; entries may be used by whoever holds it.
unsafe impl Send for WaitQueue {}

impl WaitQueue {
    pub(crate) const fn new() -> Self {
        WaitQueue {
            first: Cell::new(ptr::null()),
            last: Cell::new(ptr::null()),
        }
    }

    /// Whether nobody is in it, not even somebody whose wait has ended otherwise.
    pub(crate) fn is_empty(&self) -> bool {
        self.first.get().is_null()
    }

    /// Whether it has two entries at least.
    pub(crate) fn holds_several(&self) -> bool {
        self.first.get() != self.last.get()
    }

    /// Adds an entry.
    ///
    /// # Safety
    /// - the caller holds the lock;
    /// - the entry is in no queue, and stays where it is until it was taken out.
    pub(crate) unsafe fn push(&self, entry: &Entry, end: End) {
        let (mut previous, mut next) = (self.last.get(), ptr::null());
        if end == End::Front {
            (previous, next) = (ptr::null(), self.first.get());
        }
        entry.previous.set(previous);
        entry.next.set(next);
        // SAFETY: queued entries are where they were.
        unsafe {
            match previous.as_ref() {
                Some(previous) => previous.next.set(entry),
                None => self.first.set(entry),
            }
            match next.as_ref() {
                Some(next) => next.previous.set(entry),
                None => self.last.set(entry),
            }
        }
        entry.queued.store(true, Ordering::Relaxed);
    }

    /// Takes an entry out, but leaves its flag.
    ///
    /// # Safety
    /// The caller holds the lock, and the entry is in this queue.
    unsafe fn unlink(&self, entry: &Entry) {
        let (previous, next) = (entry.previous.get(), entry.next.get());
        // SAFETY: queued entries are where they were.
        unsafe {
            match previous.as_ref() {
                Some(previous) => previous.next.set(next),
                None => self.first.set(next),
            }
            match next.as_ref() {
                Some(next) => next.previous.set(previous),
                None => self.last.set(previous),
            }
        }
    }

    /// Takes an entry out on behalf of its own waiter. Returns whether it was in it.
    ///
    /// # Safety
    /// The caller holds the lock. The entry is in this queue, or in none.
    pub(crate) unsafe fn remove(&self, entry: &Entry) -> bool {
        let queued = entry.queued.load(Ordering::Relaxed);
        if queued {
            // SAFETY: as this function's.
            unsafe { self.unlink(entry) };
            entry.queued.store(false, Ordering::Relaxed);
        }
        queued
    }

    /// What the first who still waits asks for. He may give up at any moment, until
    /// he is granted it; when he then leaves the queue his turn passes on.
    pub(crate) fn first_demand(&self) -> Option<usize> {
        // SAFETY: the lock is held, as for all of this; queued entries are where
        // they were.
        unsafe {
            while let Some(entry) = self.first.get().as_ref() {
                if entry.waiter.is_open(entry.ticket) {
                    return Some(entry.demand);
                }
                self.unlink(entry);
                entry.queued.store(false, Ordering::Release);
            }
        }
        None
    }

    /// Ends the wait of the first who still waits. Returns what he asked for, or
    /// `None` if there is nobody. He is woken when `ready` is dropped, which is to
    /// be after the lock was released.
    pub(crate) fn grant(&self, answer: usize, ready: &mut ToReady) -> Option<usize> {
        self.grant_by(|_| Some(answer), ready)
    }

    /// As [`grant`](Self::grant), but what the first who still waits asks for
    /// decides the answer. `None` lets him wait on, and ends nobody's wait: so he is
    /// not overtaken. It is asked again for the next if somebody gave up meanwhile.
    pub(crate) fn grant_by(
        &self,
        mut decide: impl FnMut(usize) -> Option<usize>,
        ready: &mut ToReady,
    ) -> Option<usize> {
        // SAFETY: as in `first_demand`.
        unsafe {
            while self.first_demand().is_some()
                && let Some(entry) = self.first.get().as_ref()
            {
                let (waiter, demand) = (entry.waiter, entry.demand);
                let answer = decide(demand)?;
                self.unlink(entry);
                let won = waiter.win(entry.ticket);
                if won.is_some() {
                    entry.answer.set(Some(answer));
                }
                entry.queued.store(false, Ordering::Release);
                match won {
                    Some(Won::Parked) => {
                        ready.push(waiter);
                        return Some(demand);
                    }
                    Some(Won::Early) => return Some(demand),
                    None => {}
                }
            }
        }
        None
    }

    /// Ends the waits of all.
    pub(crate) fn grant_all(&self, answer: usize, ready: &mut ToReady) {
        while self.grant(answer, ready).is_some() {}
    }
}

/// Those who have to be made ready once a lock is released. Happens when it is
/// dropped, in order.
#[derive(Debug)]
#[must_use]
pub(crate) struct ToReady {
    first: Option<Waiter>,
    others: Vec<Waiter>,
    /// Whether to leave them to the processor that the caller has.
    here: bool,
}

impl ToReady {
    pub(crate) const fn new() -> Self {
        ToReady {
            first: None,
            others: Vec::new(),
            here: false,
        }
    }

    /// Wakes no machine for them: see [`Waiter::ready_here`].
    pub(crate) fn stay_here(&mut self) {
        self.here = true;
    }

    /// Gives them to `ready` instead, which makes them ready in its own way.
    pub(crate) fn each(mut self, mut ready: impl FnMut(Waiter)) {
        let others = std::mem::take(&mut self.others);
        for waiter in self.first.take().into_iter().chain(others) {
            ready(waiter);
        }
    }

    fn push(&mut self, waiter: Waiter) {
        if self.first.is_none() {
            self.first = Some(waiter);
        } else {
            self.others.push(waiter);
        }
    }
}

impl Drop for ToReady {
    fn drop(&mut self) {
        for waiter in self.first.into_iter().chain(self.others.drain(..)) {
            // SAFETY: its ticket was won, when it was parked.
            unsafe {
                if self.here {
                    waiter.ready_here();
                } else {
                    waiter.ready();
                }
            }
        }
    }
}

/// Waits until made ready, or as long as there is time, in a wait that several may
/// end. They may know the ticket already, and may have ended it.
///
/// # Safety
/// As [`park_claimed`].
pub(crate) unsafe fn park_until(
    waiter: Waiter,
    ticket: Ticket,
    until: &Until<'_>,
    place: Place,
) -> Woken {
    let Some(interrupt) = until.interrupt else {
        // SAFETY: as this function's.
        return unsafe { park_claimed(waiter, ticket, until.deadline, place) };
    };
    let entry = Entry::new(waiter, ticket, 0);
    // SAFETY: a new entry, which is withdrawn below.
    if !unsafe { interrupt.enlist(&entry) } {
        return match waiter.win(ticket) {
            Some(_) => Woken::Interrupted,
            // Somebody was earlier, and leaves the rest to us.
            None => Woken::Ready,
        };
    }
    // SAFETY: as this function's; an interrupt wins the ticket, too.
    let woken = unsafe { park_claimed(waiter, ticket, until.deadline, place) };
    if entry.is_queued() {
        // SAFETY: it was enlisted there.
        unsafe { interrupt.withdraw(&entry) };
    }
    match entry.answer.get() {
        Some(_) => Woken::Interrupted,
        None => woken,
    }
}

/// Waits as long as there is time, for nothing else.
pub(crate) fn wait_for_nothing(until: &Until<'_>, place: Place) -> Woken {
    if until.interrupt.is_none() {
        super::sleep_until(until.deadline, place);
        return Woken::TimedOut;
    }
    let waiter = Waiter::current();
    let ticket = waiter.open();
    // SAFETY: the ticket is fresh, and only the interrupt and the timer know it.
    unsafe { park_until(waiter, ticket, until, place) }
}

/// What is behind a lock, with a queue of those who wait for it.
pub(crate) trait Queued {
    fn queue(&self) -> &WaitQueue;

    /// The queue for those with such a demand, where there are several.
    fn queue_of(&self, demand: usize) -> &WaitQueue {
        let _ = demand;
        self.queue()
    }

    /// Called with the lock held when somebody has left the queue without a grant:
    /// what he held up may go on.
    fn left(&mut self, ready: &mut ToReady) {
        let _ = ready;
    }
}

/// Releases the lock and waits in its queue.
pub(crate) fn wait<T: Queued>(
    lock: &Lock<T>,
    guard: Guard<'_, T>,
    end: End,
    demand: usize,
    until: Until<'_>,
    place: Place,
) -> Ended {
    wait_after(lock, guard, (end, demand), until, place, || ())
}

/// The same, and does something when it is in the queue and the lock is released,
/// which must not wait by a ticket itself.
pub(crate) fn wait_after<T: Queued>(
    lock: &Lock<T>,
    guard: Guard<'_, T>,
    (end, demand): (End, usize),
    until: Until<'_>,
    place: Place,
    first: impl FnOnce(),
) -> Ended {
    let waiter = Waiter::current();
    let ticket = waiter.open();
    let entry = Entry::new(waiter, ticket, demand);
    // SAFETY: the lock is held; the entry leaves the queue below.
    unsafe { guard.queue_of(demand).push(&entry, end) };
    drop(guard);
    first();

    // SAFETY: the ticket is the caller's, and fresh; others win it first.
    let woken = unsafe { park_until(waiter, ticket, &until, place) };
    if entry.is_queued() {
        let mut ready = ToReady::new();
        let mut guard = lock.lock();
        // SAFETY: the lock is held; the entry was put into this queue only.
        if unsafe { guard.queue_of(demand).remove(&entry) } {
            guard.left(&mut ready);
        }
        drop(guard);
        drop(ready);
    }
    // Without a grant and not queued, somebody has found that the wait was over, and
    // went on to the next in the queue himself.
    match entry.answer.get() {
        Some(answer) => Ended::Granted(answer),
        None if woken == Woken::TimedOut => Ended::TimedOut,
        None => Ended::Interrupted,
    }
}
