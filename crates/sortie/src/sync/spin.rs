//! Waiting awake, for a moment, before waiting asleep.
//!
//! # Mutexes
//! wait awake while there is nothing else to do. Whoever sleeps lets the holder go on at full
//! speed, which is worth more than a second CPU.
//!
//! # Reader-writer locks
//! wait awake in any case while another processor is at work, since sleeping costs them
//! more: all who wait to read are woken together, and a writer who sleeps until they
//! have left keeps everybody out, so that they all go to sleep after him.
//!
//! A writer who has claimed the lock waits for readers to *leave*, who have nothing to wait
//! for, and keeps others out meanwhile: he looks often.
//!
//! Who comes while it is claimed waits for his *turn*. If readers count in shards there
//! are few writers, who are quick. If not, whoever comes to the other's line soon meets
//! him again; each time costs them as much as dozens of uncontended locks. So if
//! the last wait has ended just now the next is twice as long, up to a point; the
//! others go on undisturbed until then. There is no room in a lock to note that, so a few
//! locks share a note.

use crate::base::clock;
use crate::base::padded::Padded;
use crate::sched::hint;
use std::sync::atomic::{AtomicU64, Ordering};

/// Looks that one waits for awake, and pauses of the CPU between two: a microsecond or so
/// in all. Each look takes the cache line away from who holds the lock, so they are few.
/// Go's `sync.Mutex` has the same numbers.
const MUTEX: (u32, u32) = (4, 30);
/// The same for who waits for readers to leave.
const LEAVING: (u32, u32) = (10, 10);
/// The same for who waits for a writer of a lock that readers count in shards of.
const QUICK: (u32, u32) = (8, 20);
/// The same, as it begins, for who waits for his turn.
const TURN: (u32, u32) = (3, 20);

/// How often the pauses for a turn are doubled at most.
const MOST: u64 = 5;
/// A wait that begins so many nanoseconds after the last is as good as the same.
const SOON: u64 = 2_000;
/// One that begins so much later has nothing to do with the last.
const LATER: u64 = 32 * SOON;

/// Locks that are told from one another.
const LOCKS: usize = 64;
/// When somebody last ended to wait for his turn, and in the lowest bits how often the
/// pauses were doubled.
static LAST: [Padded<AtomicU64>; LOCKS] = [const { Padded(AtomicU64::new(0)) }; LOCKS];
const DOUBLED: u64 = 7;

/// How long somebody waits awake.
#[derive(Debug)]
pub(super) struct Spin {
    looks: u32,
    pauses: u32,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mutex,
    Other,
    /// Of the lock with this note.
    Turn(usize),
}

impl Spin {
    /// For a mutex.
    pub(super) fn new() -> Self {
        Self::of(MUTEX, Kind::Mutex)
    }

    /// Until readers have left.
    pub(super) fn until_left() -> Self {
        Self::of(LEAVING, Kind::Other)
    }

    /// Until a writer is done, of a lock whose readers count in shards, or not.
    pub(super) fn until_turn(lock: *const (), shards: bool) -> Self {
        if shards {
            return Self::of(QUICK, Kind::Other);
        }
        // Locks are often as far from each other as powers of two.
        let hash = lock.addr().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self::of(TURN, Kind::Turn(hash >> (usize::BITS - LOCKS.ilog2())))
    }

    fn of((looks, pauses): (u32, u32), kind: Kind) -> Self {
        Spin {
            looks,
            pauses,
            kind,
        }
    }

    /// Waits until it is time for another look. `false` if it is not worth while (any
    /// more).
    pub(super) fn wait(&mut self) -> bool {
        let worth = match self.kind {
            Kind::Mutex => hint::may_spin(),
            Kind::Other | Kind::Turn(_) => hint::others_run(),
        };
        if self.looks == 0 || !worth {
            return false;
        }
        self.looks -= 1;
        match self.kind {
            Kind::Turn(lock) => wait_for_turn(lock, self.pauses),
            Kind::Mutex | Kind::Other => pause(self.pauses),
        }
        true
    }
}

fn pause(times: u32) {
    for _ in 0..times {
        std::hint::spin_loop();
    }
}

/// Waits for so long, or longer if the last who did so has only just ended.
fn wait_for_turn(lock: usize, pauses: u32) {
    let last = &LAST[lock];
    // If others do the same the wait is somewhat too long or too short.
    let noted = last.load(Ordering::Relaxed);
    let doubled = match clock::now().saturating_sub(noted & !DOUBLED) {
        ..SOON => (noted & DOUBLED) + 1,
        SOON..LATER => (noted & DOUBLED).saturating_sub(1),
        _ => 0,
    };
    let doubled = doubled.min(MOST);
    pause(pauses << doubled);
    last.store(clock::now() & !DOUBLED | doubled, Ordering::Relaxed);
}

/// Lets the goroutine that the caller has just made ready run at once, if the caller
/// is a goroutine too.
pub(super) fn make_way() {
    if crate::goroutine::current::current().is_some() {
        crate::sched::yield_now();
    }
}
