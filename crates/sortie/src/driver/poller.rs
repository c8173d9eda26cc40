//! The network poller: which descriptors have become ready.
//!
//! One epoll instance. Each descriptor is added once, edge-triggered, for reading and
//! writing alike, and stays until it is closed; nothing is added or changed for a
//! single wait. So an event says no more than "try again", and whoever waits always
//! tries before, and again after. It follows that an event that comes too often, or for
//! a descriptor that has been closed since, costs a failed call and nothing else: there
//! is no need for generations, as long as [`Source`]s are never freed.
//!
//! # Who polls
//! One thread at a time: whoever has the *turn*.
//! * A machine that has a processor and nothing to run looks in passing; so does any
//!   machine once in a while, and sysmon if nobody has for 10 milliseconds.
//! * One machine that has no processor sleeps here instead of on its futex: the *watcher*. If
//!   it is also the one that keeps the time, until the next timer. When it goes to work
//!   nobody takes its place at once: mostly it comes back before the next event. If it does
//!   not, sysmon sends another.
//!
//! The watcher is woken by an eventfd, which nobody ever reads: it is edge-triggered too, so
//! each write is an event. It would be lost if another thread took it; but the sleeper has
//! the turn from before it says that it sleeps here until it has returned.
//!
//! # Roads not taken
//! *One-shot registration*, as of most portable pollers: a system call for each wait.
//! *The crates* `polling` and `mio`: the one sets a timerfd for each time-out, the other
//! has milliseconds; both hide `epoll_pwait2`, which has nanoseconds in one call.
//! *io_uring*: refused by the seccomp profiles of most containers.

use crate::base::atomic::{AtomicU64, AtomicUsize, Ordering};
use crate::base::clock::{self, NEVER};
use crate::base::lock::Lock;
use crate::base::padded::Padded;
use crate::goroutine::List;
use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};

/// Events that are taken at once.
const BATCH: usize = 128;
/// Token of the eventfd.
const WAKE: u64 = 0;
/// How often a busy machine looks in passing, in nanoseconds.
const PACE: u64 = 50_000;
/// After so long without a look sysmon sends a machine that has nothing to do, in
/// nanoseconds.
const NEGLECTED: u64 = 200_000;
/// After so long it looks itself.
const OVERDUE: u64 = 10_000_000;

/// Which directions an event is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Directions {
    pub(crate) read: bool,
    pub(crate) write: bool,
    /// Nothing to read will come any more.
    pub(crate) end: bool,
}

/// What the poller knows of a descriptor. The first field of whatever its owner knows.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Source {
    /// Adds the goroutines that wait for these directions to the list. Called by the
    /// thread that polls, on its own stack.
    notify: unsafe fn(*const Source, Directions, &mut List),
}

impl Source {
    /// # Safety
    /// `notify` may be called whenever the source has been added to a poller, and even
    /// when it was removed again.
    pub(crate) const unsafe fn new(
        notify: unsafe fn(*const Source, Directions, &mut List),
    ) -> Self {
        Source { notify }
    }
}

/// The poller.
#[derive(Debug)]
pub(crate) struct Poller {
    epoll: OwnedFd,
    wake: OwnedFd,
    /// Held by who polls.
    turn: Lock<()>,
    /// Waits for descriptors that are going on.
    waits: Padded<AtomicUsize>,
    /// When somebody last looked.
    last: AtomicU64,
    /// Descriptors that are watched.
    watched: AtomicUsize,
}

impl Poller {
    /// # Errors
    /// If the system has no descriptors left, or is too old (before Linux 5.11).
    pub(crate) fn new() -> io::Result<Self> {
        let poller = Poller {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            turn: Lock::new(()),
            waits: Padded(AtomicUsize::new(0)),
            last: AtomicU64::new(clock::now()),
            watched: AtomicUsize::new(0),
        };
        let flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(
            &poller.epoll,
            &poller.wake,
            epoll::EventData::new_u64(WAKE),
            flags,
        )?;
        let mut none = [MaybeUninit::uninit()];
        epoll::wait(&poller.epoll, &mut none, Some(&Timespec::default()))?;
        Ok(poller)
    }

    /// Adds a descriptor. If it is ready there is an event at once.
    ///
    /// # Errors
    /// `EPERM` if it is of a kind that is always ready, such as a file; or if there is
    /// no memory, or too much is watched.
    ///
    /// # Safety
    /// The source is never freed.
    pub(crate) unsafe fn add(&self, fd: BorrowedFd<'_>, source: *const Source) -> io::Result<()> {
        let data = epoll::EventData::new_u64(source.expose_provenance() as u64);
        let flags = epoll::EventFlags::IN
            | epoll::EventFlags::OUT
            | epoll::EventFlags::RDHUP
            | epoll::EventFlags::ET;
        epoll::add(&self.epoll, fd, data, flags)?;
        self.watched.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Removes a descriptor, which was added and not closed.
    pub(crate) fn remove(&self, fd: BorrowedFd<'_>) {
        // If it is another's by now (the owner was careless), there is nothing to remove.
        let _ = epoll::delete(&self.epoll, fd);
        self.watched.fetch_sub(1, Ordering::Relaxed);
    }

    /// Somebody begins to wait for a descriptor. Also a full barrier.
    pub(crate) fn wait_begins(&self) {
        self.waits.0.fetch_add(1, Ordering::SeqCst);
    }

    /// Somebody does not wait any more.
    pub(crate) fn wait_ends(&self) {
        self.waits.0.fetch_sub(1, Ordering::Release);
    }

    /// Whether anybody waits for a descriptor.
    #[inline]
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waits.0.load(Ordering::SeqCst) != 0
    }

    /// How many descriptors are watched, and how many waits for them are going on.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let watched = self.watched.load(Ordering::Relaxed);
        (watched, self.waits.0.load(Ordering::Relaxed))
    }

    /// Whether a machine that has other work should look now.
    pub(crate) fn is_due(&self, now: u64) -> bool {
        self.is_waited_for() && self.last.load(Ordering::Relaxed).saturating_add(PACE) <= now
    }

    /// Whether a machine that has no other work should look now.
    pub(crate) fn is_neglected(&self, now: u64) -> bool {
        self.is_waited_for() && self.last.load(Ordering::Relaxed).saturating_add(NEGLECTED) <= now
    }

    /// Whether it is high time.
    pub(crate) fn is_overdue(&self, now: u64) -> bool {
        self.is_waited_for() && self.last.load(Ordering::Relaxed).saturating_add(OVERDUE) <= now
    }

    /// Looks, unless somebody else does. Goroutines that became ready are added to
    /// `ready`. Returns whether it looked.
    pub(crate) fn look(&self, now: u64, ready: &mut List) -> bool {
        let Some(_turn) = self.turn.try_lock() else {
            return false;
        };
        self.last.store(now, Ordering::Relaxed);
        self.poll(Some(Timespec::default()), ready);
        true
    }

    /// Sleeps until something is ready, or [`wake`](Self::wake) was called since
    /// `begin`, or until `deadline`; or returns early for no reason. If `begin` returns
    /// `false` it does not sleep.
    pub(crate) fn sleep(&self, deadline: u64, ready: &mut List, begin: impl FnOnce() -> bool) {
        let _turn = self.turn.lock();
        if !begin() {
            return;
        }
        let timeout = (deadline != NEVER).then(|| {
            let left = deadline.saturating_sub(clock::now());
            Timespec {
                tv_sec: (left / 1_000_000_000) as i64,
                tv_nsec: (left % 1_000_000_000) as i64,
            }
        });
        self.poll(timeout, ready);
        self.last.store(clock::now(), Ordering::Relaxed);
    }

    /// Lets the sleeper return.
    pub(crate) fn wake(&self) {
        // Fails if the count is full, after 2^64 - 2 calls.
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }

    /// Polls once. The caller has the turn.
    fn poll(&self, timeout: Option<Timespec>, ready: &mut List) {
        let mut room = [const { MaybeUninit::<epoll::Event>::uninit() }; BATCH];
        // An interruption is as good as a return for no reason.
        let Ok((events, _)) = epoll::wait(&self.epoll, &mut room, timeout.as_ref()) else {
            return;
        };
        for event in events {
            let (data, flags) = (event.data, event.flags);
            if data.u64() == WAKE {
                continue;
            }
            let both = epoll::EventFlags::ERR | epoll::EventFlags::HUP;
            let directions = Directions {
                read: flags.intersects(both | epoll::EventFlags::IN | epoll::EventFlags::RDHUP),
                write: flags.intersects(both | epoll::EventFlags::OUT),
                end: flags.contains(epoll::EventFlags::RDHUP),
            };
            let source: *const Source = std::ptr::with_exposed_provenance(data.u64() as usize);
            // SAFETY: it was added, and is never freed.
            unsafe { ((*source).notify)(source, directions, ready) };
        }
    }
}
