//! A descriptor that goroutines and threads wait for: both of its directions, and the
//! poller that watches it.
//!
//! It is added to the poller when somebody first has to wait for it, so that a
//! descriptor which never makes anybody wait costs no system call. Sources are never
//! freed, but serve one descriptor after the other: see
//! [`driver::poller`](crate::driver::poller).

use super::readiness::{Readiness, Refused, Seen, Woken};
use super::wait_queue::{End, ToReady, Until};
use super::{Place, Waiter};
use crate::base::atomic::{AtomicBool, AtomicPtr, Ordering};
use crate::base::lock::Lock;
use crate::driver::poller::{self, Directions};
use crate::goroutine::{List, current};
use crate::sched::{M, Scheduler};
use std::io;
use std::os::fd::BorrowedFd;
use std::ptr;

/// Which direction of a descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Read,
    Write,
}

/// What is known of a descriptor.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Source {
    /// First, so that the one is found by the address of the other.
    head: poller::Source,
    /// The scheduler whose poller watches it, or null.
    scheduler: AtomicPtr<Scheduler>,
    /// Held while it is added.
    adding: Lock<()>,
    read: Readiness,
    write: Readiness,
    /// Whether there was an event that says that nothing will come any more. It may have
    /// been about an earlier descriptor.
    ended: AtomicBool,
}

/// Sources of no descriptor.
static FREE: Lock<Vec<&'static Source>> = Lock::new(Vec::new());
/// Sources that are made at once.
const CHUNK: usize = 32;

/// A source for one descriptor. To be [removed](Self::remove) before the descriptor is closed.
#[derive(Debug)]
pub(crate) struct SourceRef(&'static Source);

impl Source {
    fn new() -> Self {
        Source {
            // SAFETY: sources are never freed, and each is the first field of one.
            head: unsafe { poller::Source::new(notify) },
            scheduler: AtomicPtr::new(ptr::null_mut()),
            adding: Lock::new(()),
            read: Readiness::new(),
            write: Readiness::new(),
            ended: AtomicBool::new(false),
        }
    }
}

/// # Safety
/// `head` is the address of a [`Source`].
unsafe fn notify(head: *const poller::Source, directions: Directions, list: &mut List) {
    // SAFETY: as this function's; sources are never freed.
    let source: &'static Source = unsafe { &*head.cast() };
    let mut ready = ToReady::new();
    if directions.end {
        // Seen by whoever sees the event.
        source.ended.store(true, Ordering::Relaxed);
    }
    if directions.read {
        source.read.notify(&mut ready);
    }
    if directions.write {
        source.write.notify(&mut ready);
    }
    ready.each(|waiter| match waiter {
        Waiter::Goroutine(g) => list.push_back(g),
        Waiter::Thread(thread) => thread.ready(),
    });
}

impl SourceRef {
    /// A source that watches nothing yet.
    pub(crate) fn take() -> Self {
        let mut free = FREE.lock();
        if let Some(source) = free.pop() {
            return SourceRef(source);
        }
        let chunk: Vec<Source> = (0..CHUNK).map(|_| Source::new()).collect();
        free.extend(chunk.leak().iter());
        SourceRef(free.pop().expect("some were just made"))
    }

    /// One of its directions.
    #[inline]
    pub(crate) fn direction(&self, direction: Direction) -> &Readiness {
        match direction {
            Direction::Read => &self.0.read,
            Direction::Write => &self.0.write,
        }
    }

    /// Whether it may be that nothing will come any more: one has to look.
    pub(crate) fn may_have_ended(&self) -> bool {
        self.0.ended.load(Ordering::Relaxed)
    }

    /// Waits for an event since `seen`, having tried in vain.
    ///
    /// # Errors
    /// If there is no point in trying any more; or, in the outer result, if the
    /// descriptor cannot be watched.
    pub(crate) fn wait(
        &self,
        fd: BorrowedFd<'_>,
        (direction, seen, end): (Direction, Seen, End),
        until: Until<'_>,
        place: Place,
        scheduler: impl FnOnce() -> io::Result<&'static Scheduler>,
    ) -> io::Result<Result<Woken, Refused>> {
        // SAFETY: set from a `&'static`.
        let scheduler = match unsafe { self.0.scheduler.load(Ordering::Acquire).as_ref() } {
            Some(scheduler) => scheduler,
            None => self.add(fd, scheduler)?,
        };
        let _waits = scheduler.io_wait();
        Ok(self.direction(direction).wait((seen, end), until, place))
    }

    /// Adds it to a poller.
    #[cold]
    fn add(
        &self,
        fd: BorrowedFd<'_>,
        scheduler: impl FnOnce() -> io::Result<&'static Scheduler>,
    ) -> io::Result<&'static Scheduler> {
        let scheduler = match current::current() {
            Some(g) => M::of(g).scheduler,
            None => scheduler()?,
        };
        let poller = scheduler.start_poller()?;
        let _adding = self.0.adding.lock();
        // SAFETY: set from a `&'static`.
        if let Some(scheduler) = unsafe { self.0.scheduler.load(Ordering::Acquire).as_ref() } {
            return Ok(scheduler);
        }
        if self.0.read.is_closed() {
            // Closed meanwhile, and removed; as the wait will notice.
            return Ok(scheduler);
        }
        // SAFETY: sources are never freed, and the head is the first field.
        unsafe { poller.add(fd, ptr::from_ref(self.0).cast())? };
        let watches = ptr::from_ref(scheduler).cast_mut();
        self.0.scheduler.store(watches, Ordering::Release);
        Ok(scheduler)
    }

    /// Nobody watches the descriptor any more, which is still open.
    pub(crate) fn remove(&self, fd: BorrowedFd<'_>) {
        let _adding = self.0.adding.lock();
        let watches = self.0.scheduler.swap(ptr::null_mut(), Ordering::AcqRel);
        // SAFETY: set from a `&'static`.
        if let Some(scheduler) = unsafe { watches.as_ref() }
            && let Some(poller) = scheduler.poller()
        {
            poller.remove(fd);
        }
    }

    /// Closes both directions: all waits end, and none begins.
    pub(crate) fn close(&self) {
        self.0.read.close();
        self.0.write.close();
    }
}

impl Drop for SourceRef {
    fn drop(&mut self) {
        debug_assert!(self.0.scheduler.load(Ordering::Relaxed).is_null());
        self.0.read.reopen();
        self.0.write.reopen();
        self.0.ended.store(false, Ordering::Relaxed);
        FREE.lock().push(self.0);
    }
}
