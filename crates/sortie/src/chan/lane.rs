//! One side of a [`Ring`](super::ring::Ring): a position that its movers share, or
//! that is one mover's own.
//!
//! Moving a position by an exchange costs a locked instruction, which is most of what
//! a message costs. Where only one party sends, or receives, nobody is there to
//! exchange it with. So a lane becomes *biased* to a party that has made
//! [`streak`] moves in a row: from then on this party, the *owner*,
//! moves the position by a plain store. Others who want to move it revoke that first.
//!
//! ```text
//!  owner      BIASED in the word    state
//!  FREE       no                    shared; movers are counted
//!  a party    no                    shared; that party's next exchange sets BIASED
//!  a party    yes                   biased
//!  SHARED     yes                   somebody is revoking it
//!  SHARED     no                    shared for ever
//! ```
//!
//! The states follow each other in this order, so a lane has one owner in its life at
//! most, and only he ever writes `busy`. A party is named by its
//! [`Identity`]; if it has ended, another one of the same identity is as good, since all
//! that it did has happened before.
//!
//! # Owner and revoker
//! ```text
//!   owner, in person                   who revokes
//!   busy = true                        owner = SHARED
//!   light barrier                      heavy barrier
//!   is it mine still? else leave       while busy: wait
//!   store position, use the slot       clear BIASED, by an exchange
//!   busy = false (release)
//! ```
//! By the barriers the owner sees that it is revoked, or the revoker that he is busy. So
//! when BIASED is cleared the owner has left, for good, and what he did has happened
//! before. Nothing but the owner *in person*, between the two stores of `busy`, changes the
//! word by a plain store; all others do by an exchange with the word they have seen. That
//! fails if BIASED was set or cleared meanwhile. So an exchange that expects BIASED may
//! be tried by anybody who knows that the owner is not in there:
//!
//! * the owner himself;
//! * who moves something *in the name of* the owner, see [`Mover::of`].
//!
//! Everybody else revokes. Several may do so at the same time, each all of it.
//!
//! The lane is given to its owner (`owner`) before BIASED is set, and BIASED is read with
//! acquire. So whoever sees it overwrites the owner's name, and not the other way
//! round.
//!
//! # Waiters
//! Who has moved something looks next whether somebody waits for that; who is about to
//! wait announces himself, and then looks whether there is anything
//! (see [`Buffered`](super::buffered::Buffered)). Both need a full barrier in between, or
//! both may miss the other. An exchange is one. In a biased lane the mover has only the
//! light one, so it is upon the waiter to have the heavy. He has announced himself, passed a
//! fence, and now reads the word:
//!
//! * It is biased: he passes the heavy barrier, or revokes, which does as well.
//! * It was not biased yet. Then the exchange that sets BIASED comes after his fence
//!   in the order of all that is sequentially consistent; and so does whatever the owner
//!   looks at after that. He will see the waiter.
//! * It is not biased any more. Then all moves by plain stores come before what was read, in the
//!   order of the word's values; so the waiter sees them. All others are exchanges.
//!
//! # When it pays
//! A heavy barrier costs as much as some 25 exchanges, and several hundred if the owner
//! runs on another CPU meanwhile. So only a lane is biased for which nobody has waited in
//! a whole streak; and one for which somebody waits too often is revoked. Each
//! move earns one, each wait costs [`wait`] of them.

use super::limits::{streak, wait};
use super::wait::Wait;
use crate::base::atomic::{AtomicBool, AtomicU64, Ordering};
use crate::base::backoff::Backoff;
use crate::base::barrier;
use crate::base::hint::Hint;
use crate::base::identity::Identity;

/// In the word, which is the position otherwise: it is the owner's.
pub(super) const BIASED: u64 = 2;

/// `owner`: nobody's yet. No thread-control block is at such an address.
const FREE: u64 = 1;
/// `owner`: nobody's any more.
const SHARED: u64 = 2;

/// Waits for which moves are saved at most.
const SAVED: u64 = 64;

/// In whose name something is moved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mover(Identity);

impl Mover {
    /// In the caller's own.
    #[inline(always)]
    pub(super) fn caller() -> Self {
        Mover(Identity::current())
    }

    /// In the name of somebody who waits; nobody's, if that is a future.
    ///
    /// # Safety
    /// - the wait was claimed in a queue of the channel for this side of its buffer,
    ///   whose lock the caller has held since then;
    /// - it is ended after the last use of this.
    #[inline(always)]
    pub(super) unsafe fn of(wait: &Wait) -> Self {
        Mover(wait.identity)
    }
}

/// The position of one side, and whose it is.
pub(super) struct Lane {
    /// The position, and flags: BIASED, and perhaps one of the ring's.
    word: AtomicU64,
    owner: AtomicU64,
    /// Whether the owner is just moving the position by a plain store.
    busy: AtomicBool,
    /// Who made the last move, and how many in a row, while the owner is FREE.
    last: Hint,
    row: Hint,
    /// How many moves there had been when somebody waited, and what is left of them.
    counted: Hint,
    saved: Hint,
}

/// The owner's right to move the position by a plain store, until dropped.
#[must_use]
pub(super) struct Turn<'a> {
    lane: &'a Lane,
    /// Where the lane stands.
    pub(super) position: u64,
}

impl Lane {
    pub(super) fn new() -> Self {
        Lane {
            word: AtomicU64::new(0),
            owner: AtomicU64::new(FREE),
            busy: AtomicBool::new(false),
            last: Hint::new(Identity::NOBODY.number()),
            row: Hint::new(0),
            counted: Hint::new(0),
            saved: Hint::new(0),
        }
    }

    /// The position with its flags.
    #[inline(always)]
    pub(super) fn word(&self, ordering: Ordering) -> u64 {
        self.word.load(ordering)
    }

    /// Begins a move by the owner in person; `None` if that is not the caller. A lane
    /// that is biased has no flag of the ring's.
    ///
    /// # Safety
    /// Nobody moves the position in the caller's name until the turn was dropped.
    #[inline(always)]
    pub(super) unsafe fn enter(&self) -> Option<Turn<'_>> {
        let caller = Identity::current().number();
        if self.owner.load(Ordering::Relaxed) != caller {
            return None;
        }
        self.busy.store(true, Ordering::Relaxed);
        barrier::light_for_free();
        let is_owner = self.owner.load(Ordering::Relaxed) == caller;
        // As the owner has left it; or somebody in his name, who ended his wait then.
        let word = self.word.load(Ordering::Relaxed);
        let turn = Turn {
            lane: self,
            position: word & !BIASED,
        };
        (is_owner && word & BIASED != 0).then_some(turn)
    }

    /// Tries to move the position by an exchange. `from` is a word that was read with
    /// acquire, and of which only BIASED may be set.
    #[inline(always)]
    pub(super) fn exchange(&self, from: u64, to: u64, mover: Mover) -> bool {
        let mover = mover.0.number();
        let owner = self.owner.load(Ordering::Relaxed);
        let biased = if from & BIASED != 0 {
            if owner != mover {
                self.revoke();
                return false;
            }
            true
        } else if owner == FREE {
            self.count(mover)
        } else {
            owner == mover
        };
        let to = if biased { to | BIASED } else { to };
        self.word
            .compare_exchange_weak(from, to, Ordering::SeqCst, Ordering::Relaxed)
            .is_ok()
    }

    /// Counts a move by exchange. Returns whether it is to make the lane the mover's
    /// own.
    #[inline(always)]
    fn count(&self, mover: u64) -> bool {
        if self.last.get() != mover {
            self.last.set(mover);
            self.row.set(0);
            return false;
        }
        let row = self.row.get() + 1;
        self.row.set(row);
        row >= streak() && self.give(mover)
    }

    /// Gives the lane to a party, once in its life.
    #[cold]
    #[inline(never)]
    fn give(&self, mover: u64) -> bool {
        if mover == Identity::NOBODY.number() {
            return false;
        }
        // Where the light barrier is not free there is nothing to gain.
        let works = barrier::is_asymmetric();
        let owner = if works { mover } else { SHARED };
        self.owner
            .compare_exchange(FREE, owner, Ordering::SeqCst, Ordering::Relaxed)
            .is_ok()
            && works
    }

    /// Makes the lane everybody's. The caller has seen, with acquire, that it is
    /// biased, and is not just [moving it](Self::enter).
    #[cold]
    #[inline(never)]
    pub(super) fn revoke(&self) {
        let owner = self.owner.swap(SHARED, Ordering::AcqRel);
        if owner != Identity::current().number() {
            barrier::heavy();
            let mut backoff = Backoff::new();
            while self.busy.load(Ordering::Acquire) {
                backoff.snooze();
            }
        }
        self.word.fetch_and(!BIASED, Ordering::SeqCst);
    }

    /// Sets a flag of the ring's. Returns whether it was not set before.
    pub(super) fn mark(&self, flag: u64) -> bool {
        loop {
            let word = self.word.load(Ordering::Acquire);
            if word & flag != 0 {
                return false;
            }
            if word & BIASED != 0 {
                self.revoke();
                continue;
            }
            if self
                .word
                .compare_exchange(word, word | flag, Ordering::SeqCst, Ordering::Relaxed)
                .is_ok()
            {
                return true;
            }
        }
    }

    /// Called by who is about to wait until the position moves, after he has announced
    /// that, passed a full barrier, and before he looks at it again. `moves` tells how
    /// often it has moved since the beginning, from the word.
    pub(super) fn before_waiting(&self, moves: impl FnOnce(u64) -> u64) {
        let word = self.word.load(Ordering::Acquire);
        if word & BIASED == 0 {
            if self.row.get() != 0 {
                self.row.set(0);
            }
            return;
        }
        let moves = moves(word);
        let earned = moves.wrapping_sub(self.counted.get());
        self.counted.set(moves);
        let saved = self.saved.get().saturating_add(earned);
        if saved < wait() {
            self.revoke();
        } else {
            self.saved.set((saved - wait()).min(SAVED * wait()));
            barrier::heavy();
        }
    }

    /// Makes the lane everybody's when nobody else uses it any more.
    pub(super) fn give_up(&mut self) {
        let word = self.word.load(Ordering::Relaxed);
        self.word.store(word & !BIASED, Ordering::Relaxed);
        self.owner.store(SHARED, Ordering::Relaxed);
    }
}

impl Turn<'_> {
    /// Moves the position.
    #[inline(always)]
    pub(super) fn advance(&self, to: u64) {
        self.lane.word.store(to | BIASED, Ordering::Release);
    }
}

impl Drop for Turn<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.lane.busy.store(false, Ordering::Release);
    }
}
