//! The protocol of the reader-writer lock: its word, and what readers do.
//!
//! ```text
//!  31                      7   6   5   4   3   2   1   0
//! +-------------------------+---+---+---+---+---+---+---+
//! | readers                 | S | c | l | r | U | I | C |
//! +-------------------------+---+---+---+---+---+---+---+
//!  C  claimed: a writer has it or is about to; no reader comes in
//!  I  the writer is inside: all readers have left            (only with C)
//!  U  an upgradable reader has it                            (never with C)
//!  r  readers wait                                           (only with C)
//!  l  lockers wait, and none was sent to try                 (only with C or U)
//!  c  the writer who claimed it waits for readers to leave   (only with C)
//!  S  readers count in shards (see `shards`), beside those in the word
//! ```
//!
//! # Three kinds of waiting
//! To *claim* the lock is like locking a [mutex](super::super::raw_mutex): C and U are
//! its state "held", l its flag, and all that is said there of who is sent, who is
//! starved, and who is handed it, is true here. Writers and upgradable readers are the
//! *lockers* who claim it; the latter claim it with U, which does not concern
//! readers.
//!
//! A writer who has claimed it waits for readers to *leave*. No new ones come, so he
//! waits no longer than the slowest that is inside. Who leaves last lets him in.
//!
//! Readers wait as long as it is *claimed*. When a claim ends while a locker waits, all who
//! wait to read are let in together. So each writer waits for one generation of readers
//! at most, and each reader for one writer: nobody starves. Go's `sync.RWMutex` has
//! the same rules, with a mutex beside the count where this has C, U and l.
//!
//! If no locker waits readers are not counted, but sent to try, unless the first has
//! waited for a millisecond. Readers who are counted keep writers out until they have run,
//! and goroutines run one after the other: the next writer, who often is the one who let them
//! in, would have to wait for all of them, asleep, and all readers who come until then
//! after him; and so on, once they have begun to wait.
//!
//! Before anybody waits he looks a few times more, awake ([`spin`](super::super::spin)). He
//! waits for somebody who runs, as a rule, and is quick.
//!
//! # Upgrading
//! turns U into C: the claim stays with whom it has, and nobody can write in between.
//! Downgrading a writer turns C into a reader, or into U; in either case the claim on
//! readers ends.
//!
//! # Reading again
//! Who reads already and reads again would wait for a writer who waits for him. So a
//! recursive reader comes in as long as the writer is not inside: he counts himself in
//! the word, by an exchange that fails if I was set, just as setting I fails if the
//! word has changed.
//!
//! # Who touches what
//! Flags r, l and c change with the room locked only, so whoever sees none of them may
//! give the lock up by one exchange, and who sees one visits the room before. Whoever
//! is granted something is granted it after the word says so; and as the flag stays and
//! makes him visit the room, he cannot be done with the lock before the one who let
//! him in. A flag may thus be left when its queue is empty. It is cleared before the room
//! is detached, and both before the last claim ends: else somebody could come in
//! between, attach another room, and wait there by a flag that is cleared then.
//!
//! # Memory
//! Coming in acquires the word (or the shard, by the sequentially consistent look at the
//! word behind it), and leaving releases it. A writer acquires the count that the last
//! reader released: changes of a count are all exchanges, so he sees what each of them
//! did. What changes hands in the room is ordered by its lock.

use super::super::room::{Demand, Door, Inside, Owner, Role, Visit};
use super::super::spin::Spin;
use super::shard::Shard;
use super::shards::Shards;
use crate::base::atomic::{AtomicU32, Ordering};
use crate::base::clock;
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::wait_queue::{self, End, Ended, ToReady, Until};
use std::panic::Location;
use std::ptr;

pub(super) const CLAIMED: u32 = 1;
pub(super) const INSIDE: u32 = 1 << 1;
pub(super) const UPGRADABLE: u32 = 1 << 2;
pub(super) const READERS_WAIT: u32 = 1 << 3;
pub(super) const LOCKERS_WAIT: u32 = 1 << 4;
pub(super) const CLAIMANT_WAITS: u32 = 1 << 5;
pub(super) const SHARDED: u32 = 1 << 6;
pub(super) const READER: u32 = 1 << 7;

/// Answer for one in a queue: it is his.
pub(super) const OWNS: usize = 0;
/// Answer: try again.
pub(super) const TRY: usize = 1;

/// The reader-writer lock without data: what [`RwLock`](super::super::RwLock) is made
/// of, for use through [`lock_api`].
#[derive(Debug)]
pub struct RawRwLock {
    pub(super) word: AtomicU32,
    pub(super) door: Door,
    pub(super) shards: Shards,
}

/// A word from here on has no room for another reader, but for those who are about to
/// notice that.
const FULL: u32 = u32::MAX - (READER << 16);
/// In a word from here on so many readers are counted that they leave by it, even if there
/// are shards. Many come by the word who leave by a shard (those who had to wait, who
/// read again, or who wrote before), so it would be full one day. More than may leave at
/// a time, so that it never counts less than none.
pub(super) const CROWDED: u32 = READER << 16;
/// A word below this has no readers, and no shards. If somebody has claimed it, or waits
/// for it, that is looked at as well.
const ALONE: u32 = CLAIMED;

/// The word with one more reader.
pub(super) fn one_more(word: u32) -> u32 {
    if word >= FULL {
        too_many_readers();
    }
    word + READER
}

/// Readers that a word counts.
pub(super) fn readers(word: u32) -> u32 {
    word / READER
}

impl RawRwLock {
    pub(in super::super) const fn new() -> Self {
        RawRwLock {
            word: AtomicU32::new(0),
            door: Door::new(),
            shards: Shards::none(),
        }
    }

    /// Exchanges the word for what `change` makes of it, unless that is `None`.
    pub(super) fn change(
        &self,
        order: Ordering,
        change: impl Fn(u32) -> Option<u32>,
    ) -> Result<u32, u32> {
        // Acquire: who finds a flag finds the room.
        let mut word = self.word.load(Ordering::Acquire);
        while let Some(new) = change(word) {
            match self
                .word
                .compare_exchange(word, new, order, Ordering::Acquire)
            {
                Ok(_) => return Ok(word),
                Err(seen) => word = seen,
            }
        }
        Err(word)
    }

    /// Readers that are inside, by this word. With shards it may be too large.
    pub(super) fn all_readers(&self, word: u32) -> usize {
        let counted = readers(word) as usize;
        if word & SHARDED == 0 {
            counted
        } else {
            counted.wrapping_add(self.shards.sum().inside())
        }
    }

    /// Comes in as a reader, if no writer has claimed it.
    #[inline(always)]
    pub(in super::super) fn try_read(&self) -> bool {
        if self.shards.are_used() {
            return self.try_read_by_shard();
        }
        // Not an exchange of what was just loaded, nor a look at it first: either takes a
        // third longer.
        let before = self.word.fetch_add(READER, Ordering::Acquire);
        if before < ALONE {
            return true;
        }
        self.check_in(before, CLAIMED)
    }

    /// The same if readers count in shards.
    #[inline(never)]
    fn try_read_by_shard(&self) -> bool {
        let shard = self.shards.own();
        shard.come();
        if self.word.load(Ordering::SeqCst) & (CLAIMED | SHARDED) == SHARDED {
            return true;
        }
        // By the same shard, or the sum could be too small meanwhile.
        self.count_out(shard);
        // Perhaps a writer has just given up the shards.
        self.try_read_beside(CLAIMED)
    }

    /// Comes in as a reader, after a look whether that is possible: for who has been in
    /// the way already.
    pub(super) fn try_read_now(&self, barred: u32) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        match word & SHARDED != 0 && barred == CLAIMED {
            true => word & CLAIMED == 0 && self.try_read(),
            false => self.try_read_beside(barred),
        }
    }

    /// Comes in as a reader counted in the word, if it has none of these bits.
    pub(super) fn try_read_beside(&self, barred: u32) -> bool {
        self.word.load(Ordering::Relaxed) & barred == 0
            && self.check_in(self.word.fetch_add(READER, Ordering::Acquire), barred)
    }

    /// Whether the caller, who has counted himself in the word, may stay. If the word
    /// was one of these he goes.
    #[inline(never)]
    fn check_in(&self, before: u32, barred: u32) -> bool {
        if before >= FULL {
            too_many_readers();
        }
        if before & barred != 0 {
            self.count_out_of_word();
            return false;
        }
        if before & SHARDED == 0 && readers(before) != 0 {
            self.consider_sharding();
        }
        true
    }

    /// A reader has met another. If they are on two processors, again and again, they
    /// are in each other's way.
    #[cold]
    fn consider_sharding(&self) {
        static TIMES: AtomicU32 = AtomicU32::new(1);
        let (met, patience) = self.shards.note_place();
        if met && TIMES.fetch_add(1, Ordering::Relaxed).trailing_zeros() >= patience {
            self.take_up_shards();
        }
    }

    /// From now on readers count in shards. The caller is inside, as a reader.
    pub(super) fn take_up_shards(&self) {
        self.shards.make();
        // Release: who sees the flag finds the shards. Before readers use them, or they
        // would not be counted.
        self.word.fetch_or(SHARDED, Ordering::AcqRel);
        self.shards.take_up();
    }

    /// Leaves by a shard.
    fn count_out(&self, shard: &Shard) {
        shard.leave();
        if self.word.load(Ordering::SeqCst) & CLAIMANT_WAITS != 0 {
            self.last_may_have_left();
        }
    }

    /// Comes in as a reader, having waited for it as long as there is time.
    #[cold]
    #[inline(never)]
    pub(in super::super) fn read_slow(
        &self,
        recursive: bool,
        until: Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Ended> {
        let barred = if recursive { INSIDE } else { CLAIMED };
        let place = Place {
            reason: WaitReason::RwLockRead,
            location,
            origin: None,
        };
        let mut demand = None;
        let mut end = End::Back;
        loop {
            if self.try_read_awake(barred) {
                return Ok(());
            }
            if until.is_over() {
                return Err(Ended::TimedOut);
            }
            let Some(Visit { room, inside }) = self.read_or_stay(barred) else {
                return Ok(());
            };
            let demand = *demand.get_or_insert_with(|| Demand::new(Role::Reader, clock::now()).0);
            match wait_queue::wait(&room.inside, inside, end, demand, until, place) {
                Ended::Granted(OWNS) => return Ok(()),
                Ended::Granted(_) => end = End::Front,
                ended => return Err(ended),
            }
        }
    }

    /// How long to wait awake until whoever has claimed it is done.
    pub(super) fn until_turn(&self) -> Spin {
        let shards = self.word.load(Ordering::Relaxed) & SHARDED != 0;
        Spin::until_turn(ptr::from_ref(self).cast(), shards)
    }

    /// Comes in as a reader, having waited awake for it. `false` if it is better to do
    /// that asleep: others do, or a writer who waits for readers to leave.
    fn try_read_awake(&self, barred: u32) -> bool {
        let mut spin = self.until_turn();
        loop {
            if self.try_read_now(barred) {
                return true;
            }
            let sleepers = READERS_WAIT | CLAIMANT_WAITS;
            if self.word.load(Ordering::Relaxed) & sleepers != 0 || !spin.wait() {
                return false;
            }
        }
    }

    /// Comes in as a reader; else the caller has to wait in the room.
    fn read_or_stay(&self, barred: u32) -> Option<Visit> {
        let mut visit = self.door.visit_or_attach(self.owner());
        // By the word, and not by a shard: to leave we might have to visit the room.
        // Release: who sees the flag finds the room.
        let come = |word| {
            Some(if word & barred == 0 {
                one_more(word)
            } else {
                word | READERS_WAIT
            })
        };
        let before = self.change(Ordering::AcqRel, come);
        if before.is_ok_and(|word| word & barred == 0) {
            self.vacate(&mut visit.inside);
            return None;
        }
        Some(visit)
    }

    /// Leaves as a reader.
    ///
    /// # Safety
    /// The caller has come in.
    #[inline(always)]
    pub(super) unsafe fn read_release(&self) {
        if self.shards.are_used() {
            return self.leave_by_shard();
        }
        self.count_out_of_word();
    }

    /// Leaves by the word.
    #[inline(always)]
    fn count_out_of_word(&self) {
        // Acquire: who sees the flag finds the room.
        let before = self.word.fetch_sub(READER, Ordering::AcqRel);
        if before < READER {
            unlock_of_unlocked("RUnlock");
        }
        if before & CLAIMANT_WAITS != 0 {
            self.last_may_have_left();
        }
    }

    #[inline(never)]
    fn leave_by_shard(&self) {
        if self.word.load(Ordering::Relaxed) >= CROWDED {
            return self.count_out_of_word();
        }
        self.count_out(self.shards.own());
    }

    /// Somebody has left, and a writer waits.
    #[cold]
    fn last_may_have_left(&self) {
        let mut ready = ToReady::new();
        if let Some(mut visit) = self.door.visit() {
            self.let_claimant_in(&mut visit.inside, &mut ready);
        }
        drop(ready);
    }

    /// Lets the writer in who waits for readers to leave, if they have.
    fn let_claimant_in(&self, inside: &mut Inside, ready: &mut ToReady) {
        if inside.claimant.first_demand().is_none() || !self.try_enter() {
            return;
        }
        // The flag stays set, so he will visit the room before he is done.
        if inside.claimant.grant(OWNS, ready).is_none() {
            // He has given up, and will withdraw his claim when we are gone.
            self.word.fetch_and(!INSIDE, Ordering::Relaxed);
        }
    }

    /// Sets I if the lock is claimed and there are no readers.
    pub(super) fn try_enter(&self) -> bool {
        loop {
            let word = self.word.load(Ordering::SeqCst);
            debug_assert!(word & CLAIMED != 0);
            let Some(new) = self.entered(word) else {
                return false;
            };
            let exchanged =
                self.word
                    .compare_exchange(word, new, Ordering::AcqRel, Ordering::Relaxed);
            if exchanged.is_ok() {
                if word & SHARDED > new & SHARDED {
                    // Nobody looks at shards until a reader is inside.
                    self.shards.give_up(readers(word) as usize);
                }
                return true;
            }
        }
    }

    /// The word when the writer is inside, unless readers are. If shards are not worth
    /// while it has none any more, and counts nobody.
    fn entered(&self, word: u32) -> Option<u32> {
        let counted = readers(word) as usize;
        if word & SHARDED == 0 {
            return (counted == 0).then_some(word | INSIDE);
        }
        let sum = self.shards.sum();
        if counted.wrapping_add(sum.inside()) != 0 {
            return None;
        }
        if self.shards.note_writer(sum) {
            return Some(word | INSIDE);
        }
        Some((word % READER) & !SHARDED | INSIDE)
    }

    pub(super) fn owner(&self) -> Owner {
        Owner {
            lock: ptr::from_ref(self).cast(),
            left,
        }
    }
}

/// Somebody has given up.
///
/// # Safety
/// The lock is a reader-writer lock, and the room is attached to it.
unsafe fn left(lock: *const (), inside: &mut Inside, _ready: &mut ToReady) {
    // SAFETY: as this function's: it is alive.
    let lock = unsafe { &*lock.cast::<RawRwLock>() };
    let mut gone = 0;
    for (queue, flag) in [
        (&inside.readers, READERS_WAIT),
        (&inside.lockers, LOCKERS_WAIT),
        (&inside.claimant, CLAIMANT_WAITS),
    ] {
        if queue.is_empty() {
            gone |= flag;
        }
    }
    lock.word.fetch_and(!gone, Ordering::Relaxed);
    lock.vacate(inside);
}

#[cold]
#[inline(never)]
pub(super) fn unlock_of_unlocked(what: &str) -> ! {
    crate::sched::fatal::throw(format_args!("sync: {what} of unlocked RWMutex"))
}

#[cold]
#[inline(never)]
fn too_many_readers() -> ! {
    crate::sched::fatal::throw(format_args!(
        "sync: too many readers of an RWMutex; are read guards leaked?"
    ))
}
