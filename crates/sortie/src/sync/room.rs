//! Rooms: where a lock's waiters are, while there are any.
//!
//! A lock that nobody waits for should cost a word or two, and have no queue; and an
//! unlocking goroutine must not touch the lock's memory once it is free, since the next
//! to hold it may free it. So the queue is elsewhere, in a *room*. A lock has only a
//! [`Door`], the number of its room; 0 if it has none.
//!
//! # Coming and going
//! Everything about a room happens with the room locked. Who has to wait and finds no
//! room behind the door takes one from the [`pool`], locks it, and exchanges the door's
//! 0 for its number: the room is *attached*. Who finds a number there locks that
//! room, and then looks at the door again: while he was waiting the room may have been
//! detached, and even be attached to another lock. If the number is still there it
//! stays there while he has the room locked.
//!
//! A room is attached as long as somebody is in one of its queues, or one who was
//! there was sent to try the lock ([`Inside::sent`]) and is still under way, or the lock
//! has a flag set that makes whoever unlocks visit the room. Who makes it
//! otherwise detaches the room before he unlocks it, and has cleared the flags before
//! that: a flag without its room would be taken for that of the next room. Behind a
//! door that is not 0 there is somebody who uses the lock, so the lock is alive.
//!
//! # Roads not taken
//! * *A queue in the lock*: 24 bytes more, and when a lock is free while its queue is
//!   still locked, memory that is gone may be unlocked.
//! * *A table by address* (Go's `semtable`, parking_lot's): needs a search, which takes
//!   the longer the more locks are waited for, or a tree or growing table against that.
//! * *A queue in the word itself* (std's `RwLock`, Boost's): who waits with a time-out
//!   must leave the queue from its middle, which needs a lock in any case.

use super::pool;
use crate::base::atomic::{AtomicU32, Ordering};
use crate::base::clock;
use crate::base::lock::{Guard, Lock};
use crate::park::wait_queue::{Queued, ToReady, WaitQueue};
use std::cell::Cell;

/// After so many nanoseconds of waiting one is handed the lock: Go's
/// `starvationThresholdNs`.
const STARVED: u64 = 1_000_000;

/// A lock's way to its room.
#[derive(Debug)]
pub(super) struct Door(AtomicU32);

/// A room.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Room {
    pub(super) number: u32,
    /// The next in its list of free rooms, whose lock protects it.
    pub(super) next: Cell<u32>,
    pub(super) inside: Lock<Inside>,
}

// SAFETY: `next` belongs to whoever has the room, or the lock of the list it is in.
unsafe impl Sync for Room {}

/// What is in a room.
#[derive(Debug)]
pub(super) struct Inside {
    /// The lock that it is attached to.
    owner: Option<Owner>,
    /// Those who want to have the lock alone.
    pub(super) lockers: WaitQueue,
    /// Those who want to read.
    pub(super) readers: WaitQueue,
    /// The writer who has claimed the lock and waits for readers to leave.
    pub(super) claimant: WaitQueue,
    /// Whether one of the lockers was woken to try his luck, and has not done so yet.
    pub(super) sent: bool,
    /// Whether the last who tried his luck had none.
    pub(super) in_vain: bool,
}

// SAFETY: the pointer to the owner is used only while the room is attached, by whoever
// has it locked.
unsafe impl Send for Inside {}

/// The lock that a room is attached to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub(super) lock: *const (),
    /// Called when somebody has left a queue without having got what he waited for.
    ///
    /// # Safety
    /// The lock is `lock`, and the room is attached to it.
    pub(super) left: unsafe fn(*const (), &mut Inside, &mut ToReady),
}

/// Who somebody is that waits, which decides on the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A locker: of a mutex, or a writer.
    Locker = 0,
    /// A locker who is an upgradable reader.
    Upgradable = 1,
    Reader = 2,
    Claimant = 3,
}

/// What somebody waits for, as an entry's demand: who he is, and since when he waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Demand(pub(super) usize);

impl Demand {
    const BITS: u32 = 2;

    pub(super) fn new(role: Role, since: u64) -> Self {
        Demand((since << Self::BITS) as usize | role as usize)
    }

    pub(super) fn role(self) -> Role {
        match self.0 & ((1 << Self::BITS) - 1) {
            0 => Role::Locker,
            1 => Role::Upgradable,
            2 => Role::Reader,
            _ => Role::Claimant,
        }
    }

    /// Whether he has waited for so long that the lock has to be handed to him.
    pub(super) fn is_starved(self) -> bool {
        clock::now().saturating_sub((self.0 >> Self::BITS) as u64) >= STARVED
    }
}

/// A room that is attached and locked.
pub(super) struct Visit {
    pub(super) room: &'static Room,
    pub(super) inside: Guard<'static, Inside>,
}

impl Room {
    pub(super) fn new(number: u32, next: u32) -> Self {
        Room {
            number,
            next: Cell::new(next),
            inside: Lock::new(Inside {
                owner: None,
                lockers: WaitQueue::new(),
                readers: WaitQueue::new(),
                claimant: WaitQueue::new(),
                sent: false,
                in_vain: false,
            }),
        }
    }
}

impl Inside {
    /// Whether nobody needs the room any more.
    pub(super) fn is_deserted(&self) -> bool {
        !self.sent && self.lockers.is_empty() && self.readers.is_empty() && self.claimant.is_empty()
    }
}

impl Queued for Inside {
    fn queue(&self) -> &WaitQueue {
        &self.lockers
    }

    fn queue_of(&self, demand: usize) -> &WaitQueue {
        match Demand(demand).role() {
            Role::Locker | Role::Upgradable => &self.lockers,
            Role::Reader => &self.readers,
            Role::Claimant => &self.claimant,
        }
    }

    fn left(&mut self, ready: &mut ToReady) {
        if let Some(owner) = self.owner {
            // SAFETY: the room is attached to it, since the caller was in a queue until
            // now; it is where he said when he came.
            unsafe { (owner.left)(owner.lock, self, ready) }
        }
    }
}

impl Door {
    pub(super) const fn new() -> Self {
        Door(AtomicU32::new(0))
    }

    /// Locks the room behind it, if there is one.
    pub(super) fn visit(&self) -> Option<Visit> {
        loop {
            let number = self.0.load(Ordering::Relaxed);
            if number == 0 {
                return None;
            }
            let room = pool::room(number);
            let inside = room.inside.lock();
            // Relaxed: the last change was made with the room locked.
            if self.0.load(Ordering::Relaxed) == number {
                return Some(Visit { room, inside });
            }
        }
    }

    /// Locks the room behind it, a new one if there was none. The caller makes use of
    /// it, or [`detach`](Self::detach)es it.
    pub(super) fn visit_or_attach(&self, owner: Owner) -> Visit {
        let mut taken = None;
        let visit = loop {
            if let Some(mut visit) = self.visit() {
                // It may have been moved since, if nobody waited.
                visit.inside.owner = Some(owner);
                break visit;
            }
            let room = *taken.get_or_insert_with(pool::take);
            let mut inside = room.inside.lock();
            let exchanged =
                self.0
                    .compare_exchange(0, room.number, Ordering::Relaxed, Ordering::Relaxed);
            if exchanged.is_ok() {
                taken = None;
                inside.owner = Some(owner);
                inside.in_vain = false;
                break Visit { room, inside };
            }
        };
        if let Some(room) = taken {
            pool::give(room);
        }
        visit
    }

    /// Detaches the room behind it, which the caller has locked, and which nobody needs
    /// any more. It goes to the pool, where whoever takes it waits for the caller to
    /// unlock it.
    pub(super) fn detach(&self, inside: &mut Inside) {
        debug_assert!(inside.is_deserted());
        let number = self.0.load(Ordering::Relaxed);
        inside.owner = None;
        self.0.store(0, Ordering::Relaxed);
        pool::give(pool::room(number));
    }
}
