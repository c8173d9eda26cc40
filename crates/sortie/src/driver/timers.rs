//! The timers of one processor.
//!
//! A heap under a lock, with the time of its first entry in an atomic, so that
//! looking whether anything is due costs one load. Each entry is an [`Alarm`] with
//! its time beside it: either a wait that it ends, or a [`trigger`](super::trigger).
//! The lock is uncontended unless one processor looks after another's timers.
//!
//! # Stale entries
//! Whoever cancels a timer leaves its entry where it is, and counts it. When the entry
//! is due it turns out to be void: its ticket is another's, or its trigger knows
//! nothing of it. When those that are counted are the majority, all void ones
//! are dropped at once; so they cost as much memory as live ones at most, and their
//! removal two looks each. The count is not exact, which does no harm: an entry
//! may have moved on to another processor.
//!
//! # When a processor goes out of use
//! Its entries go to an heir, and so does what is added later by those who chose this
//! processor before they knew. Cancellations are counted at both from then on.

use super::trigger::{Entry, Fired, Look};
use crate::base::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use crate::base::clock::NEVER;
use crate::base::heap::Heap;
use crate::base::lock::{Guard, Lock};
use crate::goroutine::claim::Ticket;
use crate::goroutine::{GRef, List};
use std::ptr;

/// What a timer does when it is due.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Alarm {
    /// Ends the wait of a goroutine, which finds [`TIMED_OUT`] as the outcome.
    Wake(GRef, Ticket),
    /// Lets a trigger fire, unless it was stopped.
    Fire(Entry),
}

// With its time 24 bytes, and the four children of an entry in 96.
const _: () = assert!(size_of::<Alarm>() == 16);

/// Outcome of a wait that its timer ended.
pub(crate) const TIMED_OUT: usize = usize::MAX;

/// Cancellations between two looks whether stale entries are the majority.
const PATIENCE: usize = 64;

/// A processor's timers.
#[derive(Debug)]
pub(crate) struct Timers {
    /// When the first entry is due. Written under the lock.
    next: AtomicU64,
    /// How many entries were cancelled, about. Wraps below 0.
    stale: AtomicUsize,
    /// Who has got the entries when the processor last went out of use, or null.
    heir: AtomicPtr<Timers>,
    entries: Lock<Entries>,
}

#[derive(Debug)]
struct Entries {
    heap: Heap<Alarm>,
    /// Whether entries that are added stay here.
    in_use: bool,
}

/// What became of an entry that was added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Added {
    /// Where it is: here, or at the heir's.
    pub(crate) timers: &'static Timers,
    /// Whether it is the first now.
    pub(crate) is_first: bool,
}

/// What was due.
#[derive(Debug)]
pub(crate) struct Expired {
    /// A trigger that has fired. If there is one, more may be due.
    pub(crate) fired: Option<Fired>,
    /// Whether entries went back for a later time, and one is the first now.
    pub(crate) has_new_first: bool,
}

impl Timers {
    pub(crate) fn new() -> Self {
        Timers {
            next: AtomicU64::new(NEVER),
            stale: AtomicUsize::new(0),
            heir: AtomicPtr::new(ptr::null_mut()),
            entries: Lock::new(Entries {
                heap: Heap::new(),
                in_use: true,
            }),
        }
    }

    /// When the next timer is due, or [`NEVER`].
    #[inline(always)]
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Notes when the first entry is due.
    fn note_first(&self, entries: &Guard<'_, Entries>) {
        // Release, and a submitter's barrier after it: a machine that goes to
        // sleep looks here last.
        let first = entries.heap.first().unwrap_or(NEVER);
        self.next.store(first, Ordering::Release);
    }

    /// Sets a timer.
    pub(crate) fn add(&'static self, when: u64, alarm: Alarm) -> Added {
        let mut entries = self.entries.lock();
        if !entries.in_use
            && let Some(heir) = self.heir()
        {
            drop(entries);
            return heir.add(when, alarm);
        }
        entries.heap.push(when, alarm);
        let is_first = entries.heap.first() == Some(when);
        if is_first {
            self.note_first(&entries);
        }
        Added {
            timers: self,
            is_first,
        }
    }

    fn heir(&self) -> Option<&'static Timers> {
        // SAFETY: set from a `&'static`.
        unsafe { self.heir.load(Ordering::Acquire).as_ref() }
    }

    /// Notes that an entry is not needed any more.
    pub(crate) fn note_stale(&self) {
        self.count_stale();
        if let Some(heir) = self.heir() {
            heir.count_stale();
        }
    }

    fn count_stale(&self) {
        let stale = self.stale.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if stale.is_multiple_of(PATIENCE) && self.stale() > 0 {
            self.compact(2);
        }
    }

    /// Notes that a stale entry is needed again, or gone.
    pub(crate) fn note_live(&self) {
        self.stale.fetch_sub(1, Ordering::Relaxed);
    }

    fn stale(&self) -> usize {
        (self.stale.load(Ordering::Relaxed) as isize).max(0) as usize
    }

    /// How many timers are set, about.
    pub(crate) fn len(&self) -> usize {
        let entries = self.entries.lock().heap.len();
        entries.saturating_sub(self.stale())
    }

    /// Drops all stale entries, if any were counted.
    pub(crate) fn purge(&self) {
        if self.stale() > 0 {
            self.compact(usize::MAX);
        }
    }

    /// Drops stale entries if they are more than one in `share`.
    fn compact(&self, share: usize) {
        let mut entries = self.entries.lock();
        if self.stale().saturating_mul(share) <= entries.heap.len() {
            return;
        }
        entries.heap.retain(|key, alarm| match alarm {
            Alarm::Wake(g, ticket) => g.claim.is_open(*ticket),
            // SAFETY: the timers are locked.
            Alarm::Fire(entry) => unsafe { entry.is_of_use(key) },
        });
        self.stale.store(0, Ordering::Relaxed);
        self.note_first(&entries);
    }

    /// Takes what is due at `now`, up to the first trigger that fires; whoever
    /// thereby became ready is added to `ready`.
    pub(crate) fn expire(&'static self, now: u64, ready: &mut List) -> Expired {
        let mut expired = Expired {
            fired: None,
            has_new_first: false,
        };
        while self.next() <= now
            && expired.fired.is_none()
            && let Some((key, entry)) = self.expire_waits(now, ready)
        {
            // SAFETY: just taken out, and unlocked.
            match unsafe { entry.look(key, now, self) } {
                Look::Fired(fired) => expired.fired = Some(fired),
                Look::Later(is_first) => expired.has_new_first |= is_first,
                Look::Stale => self.note_live(),
                Look::Counted => {}
            }
        }
        expired
    }

    /// Ends the waits that are over. Takes the first trigger's entry that is due out;
    /// what comes after it stays.
    fn expire_waits(&self, now: u64, ready: &mut List) -> Option<(u64, Entry)> {
        let mut entries = self.entries.lock();
        let mut found = None;
        while entries.heap.first().is_some_and(|first| first <= now) {
            match entries.heap.pop() {
                Some((_, Alarm::Wake(g, ticket))) => {
                    if let Some(Alarm::Wake(next, _)) = entries.heap.first_value() {
                        next.prefetch_header();
                    }
                    // Always parked: its timer is set after it is.
                    if g.claim.win(ticket).is_some() {
                        g.outcome.set(TIMED_OUT);
                        ready.push_back(g);
                    } else {
                        self.note_live();
                    }
                }
                Some((key, Alarm::Fire(entry))) => {
                    found = Some((key, entry));
                    break;
                }
                None => break,
            }
        }
        self.note_first(&entries);
        found
    }

    /// The processor goes out of use: moves all timers to another's.
    pub(crate) fn move_to(&self, heir: &'static Timers) {
        let moved = {
            let mut entries = self.entries.lock();
            entries.in_use = false;
            self.heir
                .store(ptr::from_ref(heir).cast_mut(), Ordering::Release);
            let moved = entries.heap.take();
            self.note_first(&entries);
            moved
        };
        let stale = self.stale.swap(0, Ordering::Relaxed);
        heir.stale.fetch_add(stale, Ordering::Relaxed);
        let mut entries = heir.entries.lock();
        entries.heap.extend(moved);
        heir.note_first(&entries);
    }

    /// The processor comes into use.
    pub(crate) fn put_to_use(&self) {
        self.entries.lock().in_use = true;
    }
}
