//! A queue of fixed capacity for any number of senders and receivers.
//!
//! A ring of slots, each with a *stamp* that says whose turn it is. Positions
//! count on for ever: a lap in the upper bits, the slot's index in the lower.
//!
//! ```text
//!  stamp of slot i           meaning
//!  position                  vacant: whoever takes the tail from `position` writes
//!  position | RESERVED       taken, but the message comes later
//!  position + 1              written: whoever takes the head from `position` reads
//!  position + 1 | VOID       nothing came: receivers skip it
//!  position + one lap        vacant for the next lap
//! ```
//!
//! # Protocol
//! A sender takes the slot by moving `tail` with an exchange, writes the message,
//! and publishes it with the stamp (release). A receiver that sees the stamp
//! (acquire) takes the message by moving `head`, reads it, and releases the slot
//! with the stamp of the next lap. So each slot is used by one party at a time.
//! Between exchange and stamp the party is busy with a few instructions, for
//! which others wait; what may take longer is marked as reserved, and others
//! treat the slot as what it was before.
//!
//! Both exchanges are sequentially consistent: what a party looks at after
//! its own, and what others look at after they have announced themselves and
//! passed a full barrier, cannot both miss each other.
//!
//! A party that is alone on its side moves its position by a plain store: see
//! [`Lane`], which also tells what takes the place of the full barrier then. The steps
//! are the same, in the same order.
//!
//! After Dmitry Vyukov's bounded MPMC queue, with the closed mark in the tail as
//! in crossbeam-channel.

use super::buffer::{Buffer, Closed, Pushed};
use super::core::Side;
use super::lane::{BIASED, Lane, Mover};
use crate::base::atomic::{AtomicU64, Ordering, UnsafeCell, fence};
use crate::base::backoff::Backoff;
use crate::base::barrier;
use crate::base::padded::Padded;
use std::mem::MaybeUninit;

/// In the tail: no more messages.
const CLOSED: u64 = 1;
/// In a stamp: the message comes later.
const RESERVED: u64 = 1;
/// In a stamp: there is no message.
const VOID: u64 = 2;
/// What is no position, in a stamp or a lane's word.
const FLAGS: u64 = 3;
/// One position.
const ONE: u64 = 4;

struct Slot<T> {
    stamp: AtomicU64,
    message: UnsafeCell<MaybeUninit<T>>,
}

/// A reserved slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position(u64);

/// The queue.
pub(super) struct Ring<T> {
    head: Padded<Lane>,
    tail: Padded<Lane>,
    slots: Box<[Slot<T>]>,
    /// A lap is a power of two.
    lap: u64,
}

// SAFETY: messages go from thread to thread; each slot has one user at a time.
unsafe impl<T: Send> Send for Ring<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Ring<T> {}

/// What a slot is for somebody who wants to take the tail or the head.
enum Look {
    /// His: the exchange may be tried.
    Mine { void: bool },
    /// Not until somebody on the other side has done something.
    NotNow,
    /// Somebody else was faster, or is just about to be done.
    Again,
}

impl<T> Ring<T> {
    /// # Panics
    /// If `capacity` is 0, or there is no memory.
    pub(super) fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "a ring has room for a message");
        let slots = (0..capacity as u64)
            .map(|index| Slot {
                stamp: AtomicU64::new(index * ONE),
                message: UnsafeCell::new(MaybeUninit::uninit()),
            })
            .collect();
        Ring {
            head: Padded(Lane::new()),
            tail: Padded(Lane::new()),
            slots,
            lap: (capacity as u64 + 1).next_power_of_two() * ONE,
        }
    }

    #[inline(always)]
    fn slot(&self, position: u64) -> &Slot<T> {
        let index = (position & (self.lap - 1)) / ONE;
        debug_assert!((index as usize) < self.slots.len());
        // SAFETY: positions step through indices below the number of slots.
        unsafe { self.slots.get_unchecked(index as usize) }
    }

    /// The position `count` after `position`; `count` is at most the capacity.
    #[inline(always)]
    fn after(&self, position: u64, count: usize) -> u64 {
        let index = (position & (self.lap - 1)) / ONE + count as u64;
        let capacity = self.slots.len() as u64;
        if index < capacity {
            position + count as u64 * ONE
        } else {
            let lap = position & !(self.lap - 1);
            lap.wrapping_add(self.lap) + (index - capacity) * ONE
        }
    }

    /// How many positions there are before this one.
    fn moves(&self, position: u64) -> u64 {
        let index = (position & (self.lap - 1)) / ONE;
        (position >> self.lap.trailing_zeros()) * self.slots.len() as u64 + index
    }

    /// What the slot at `tail` is for a sender.
    #[inline(always)]
    fn look_for_sender(&self, tail: u64) -> Look {
        let stamp = self.slot(tail).stamp.load(Ordering::Acquire);
        if stamp == tail {
            return Look::Mine { void: false };
        }
        if (stamp & !FLAGS).wrapping_add(self.lap) == tail + ONE {
            // Written a lap ago.
            fence(Ordering::SeqCst);
            let head = self.head.word(Ordering::Relaxed) & !FLAGS;
            if head.wrapping_add(self.lap) == tail {
                return Look::NotNow;
            }
        } else if stamp.wrapping_add(self.lap) == tail | RESERVED {
            return Look::NotNow;
        }
        Look::Again
    }

    /// What the slot at `head` is for a receiver.
    #[inline(always)]
    fn look_for_receiver(&self, head: u64) -> Look {
        let stamp = self.slot(head).stamp.load(Ordering::Acquire);
        if stamp & !FLAGS == head + ONE {
            return Look::Mine {
                void: stamp & VOID != 0,
            };
        }
        if stamp == head | RESERVED {
            return Look::NotNow;
        }
        if stamp == head {
            fence(Ordering::SeqCst);
            if self.tail.word(Ordering::Relaxed) & !FLAGS == head {
                return Look::NotNow;
            }
        }
        Look::Again
    }

    /// Takes the tail, as far as `count` says. The position taken.
    #[inline(always)]
    fn take_tail(
        &self,
        mover: Mover,
        count: impl Fn(u64) -> usize,
    ) -> Result<(u64, usize), Pushed<()>> {
        let mut backoff = Backoff::new();
        loop {
            let word = self.tail.word(Ordering::Acquire);
            if word & CLOSED != 0 {
                return Err(Pushed::Closed(()));
            }
            let tail = word & !FLAGS;
            match self.look_for_sender(tail) {
                Look::Mine { .. } => {
                    let count = count(tail);
                    if self.tail.exchange(word, self.after(tail, count), mover) {
                        return Ok((tail, count));
                    }
                    backoff.retreat();
                    continue;
                }
                Look::NotNow => return Err(Pushed::Full(())),
                Look::Again => {}
            }
            backoff.snooze();
        }
    }

    /// How many slots from `tail` on are vacant, at most `limit`.
    fn vacant(&self, tail: u64, limit: usize) -> usize {
        let is_vacant = |count: &usize| {
            let position = self.after(tail, *count);
            self.slot(position).stamp.load(Ordering::Acquire) == position
        };
        1 + (1..limit.min(self.slots.len()))
            .take_while(is_vacant)
            .count()
    }

    /// How many slots from `head` on are written, at most `limit`.
    fn written(&self, head: u64, limit: usize) -> usize {
        let is_written = |count: &usize| {
            let position = self.after(head, *count);
            self.slot(position).stamp.load(Ordering::Acquire) == position + ONE
        };
        1 + (1..limit.min(self.slots.len()))
            .take_while(is_written)
            .count()
    }

    /// Writes a message into a slot that was taken.
    ///
    /// # Safety
    /// The caller took the tail at `position`, and does this once.
    #[inline(always)]
    unsafe fn write(&self, position: u64, message: T) {
        let slot = self.slot(position);
        // SAFETY: as this function's: the slot is ours.
        unsafe { (*slot.message.get()).write(message) };
        slot.stamp.store(position + ONE, Ordering::Release);
    }

    /// Reads the message out of a slot that was taken.
    ///
    /// # Safety
    /// The caller took the head at `position`, where a message was written, and
    /// does this once.
    #[inline(always)]
    unsafe fn read(&self, position: u64) -> T {
        let slot = self.slot(position);
        // SAFETY: as this function's.
        let message = unsafe { (*slot.message.get()).assume_init_read() };
        slot.stamp
            .store(position.wrapping_add(self.lap), Ordering::Release);
        message
    }

    /// Takes a slot whose message comes later.
    pub(super) fn reserve(&self) -> Result<Position, Pushed<()>> {
        let (position, _) = self.take_tail(Mover::caller(), |_| 1)?;
        self.slot(position)
            .stamp
            .store(position | RESERVED, Ordering::Release);
        Ok(Position(position))
    }

    /// Writes the message for a reserved slot.
    ///
    /// # Safety
    /// `position` was reserved, and is used once.
    pub(super) unsafe fn fulfil(&self, position: Position, message: T) {
        // SAFETY: as this function's.
        unsafe { self.write(position.0, message) };
        fence(Ordering::SeqCst);
    }

    /// Gives a reserved slot up.
    ///
    /// # Safety
    /// As [`fulfil`](Self::fulfil).
    pub(super) unsafe fn abandon(&self, position: Position) {
        self.slot(position.0)
            .stamp
            .store((position.0 + ONE) | VOID, Ordering::Release);
        fence(Ordering::SeqCst);
    }

    /// Takes the head, at which there is no message, from a word of its lane.
    fn skip(&self, word: u64, mover: Mover) {
        let head = word & !FLAGS;
        if self.head.exchange(word, self.after(head, 1), mover) {
            self.slot(head)
                .stamp
                .store(head.wrapping_add(self.lap), Ordering::Release);
        }
    }
}

impl<T> Buffer<T> for Ring<T> {
    #[inline(always)]
    fn push(&self, message: T, mover: Mover) -> Result<(), Pushed<T>> {
        match self.take_tail(mover, |_| 1) {
            Ok((position, _)) => {
                // SAFETY: just taken.
                unsafe { self.write(position, message) };
                Ok(())
            }
            Err(Pushed::Full(())) => Err(Pushed::Full(message)),
            Err(Pushed::Closed(())) => Err(Pushed::Closed(message)),
        }
    }

    #[inline(always)]
    unsafe fn push_in_person(&self, message: T) -> Result<(), Pushed<T>> {
        // SAFETY: as this function's.
        if let Some(turn) = unsafe { self.tail.enter() } {
            let tail = turn.position;
            if self.slot(tail).stamp.load(Ordering::Acquire) == tail {
                turn.advance(self.after(tail, 1));
                // SAFETY: just taken.
                unsafe { self.write(tail, message) };
                drop(turn);
                barrier::light_for_free();
                return Ok(());
            }
        }
        self.push(message, Mover::caller())
    }

    #[inline(always)]
    fn pop(&self, mover: Mover) -> Result<Option<T>, Closed> {
        let mut backoff = Backoff::new();
        loop {
            let word = self.head.word(Ordering::Acquire);
            let head = word & !FLAGS;
            match self.look_for_receiver(head) {
                Look::Mine { void: true } => {
                    self.skip(word, mover);
                    continue;
                }
                Look::Mine { void: false } => {
                    if self.head.exchange(word, self.after(head, 1), mover) {
                        // SAFETY: just taken; the stamp said that it is written,
                        // and as the head was there still, it was.
                        return Ok(Some(unsafe { self.read(head) }));
                    }
                    backoff.retreat();
                    continue;
                }
                Look::NotNow => {
                    let tail = self.tail.word(Ordering::Acquire);
                    return if tail & !BIASED == head | CLOSED {
                        Err(Closed)
                    } else {
                        Ok(None)
                    };
                }
                Look::Again => {}
            }
            backoff.snooze();
        }
    }

    #[inline(always)]
    unsafe fn pop_in_person(&self) -> Result<Option<T>, Closed> {
        // SAFETY: as this function's.
        if let Some(turn) = unsafe { self.head.enter() } {
            let head = turn.position;
            if self.slot(head).stamp.load(Ordering::Acquire) == head + ONE {
                turn.advance(self.after(head, 1));
                // SAFETY: just taken, and written.
                let message = unsafe { self.read(head) };
                drop(turn);
                barrier::light_for_free();
                return Ok(Some(message));
            }
        }
        self.pop(Mover::caller())
    }

    fn push_many(&self, messages: &mut dyn ExactSizeIterator<Item = T>) -> Result<usize, Closed> {
        if messages.len() == 0 {
            return Ok(0);
        }
        let vacant = |tail| self.vacant(tail, messages.len());
        match self.take_tail(Mover::caller(), vacant) {
            Ok((first, count)) => {
                for offset in 0..count {
                    let position = self.after(first, offset);
                    match messages.next() {
                        // SAFETY: just taken.
                        Some(message) => unsafe { self.write(position, message) },
                        // SAFETY: just taken, and not written.
                        None => unsafe { self.abandon(Position(position)) },
                    }
                }
                Ok(count)
            }
            Err(Pushed::Full(())) => Ok(0),
            Err(Pushed::Closed(())) => Err(Closed),
        }
    }

    fn pop_many(&self, limit: usize, sink: &mut dyn FnMut(T)) -> usize {
        let mover = Mover::caller();
        let mut backoff = Backoff::new();
        loop {
            let word = self.head.word(Ordering::Acquire);
            let head = word & !FLAGS;
            match self.look_for_receiver(head) {
                Look::Mine { void: true } => {
                    self.skip(word, mover);
                    continue;
                }
                Look::Mine { void: false } => {
                    let count = self.written(head, limit);
                    if self.head.exchange(word, self.after(head, count), mover) {
                        for offset in 0..count {
                            // SAFETY: just taken, and all were written.
                            sink(unsafe { self.read(self.after(head, offset)) });
                        }
                        return count;
                    }
                    backoff.retreat();
                    continue;
                }
                Look::NotNow => return 0,
                Look::Again => {}
            }
            backoff.snooze();
        }
    }

    fn has_message(&self) -> bool {
        let mut backoff = Backoff::new();
        loop {
            let word = self.head.word(Ordering::SeqCst);
            match self.look_for_receiver(word & !FLAGS) {
                Look::Mine { void: true } => self.skip(word, Mover::caller()),
                Look::Mine { void: false } => return true,
                Look::NotNow => return false,
                Look::Again => backoff.snooze(),
            }
        }
    }

    fn has_room(&self) -> bool {
        let mut backoff = Backoff::new();
        loop {
            let tail = self.tail.word(Ordering::SeqCst) & !FLAGS;
            match self.look_for_sender(tail) {
                Look::Mine { .. } => return true,
                Look::NotNow => return false,
                Look::Again => backoff.snooze(),
            }
        }
    }

    fn is_drained(&self) -> bool {
        let tail = self.tail.word(Ordering::SeqCst);
        let head = self.head.word(Ordering::SeqCst);
        tail & CLOSED != 0 && tail & !FLAGS == head & !FLAGS
    }

    fn begins_with_nothing(&self) -> bool {
        let head = self.head.word(Ordering::Acquire) & !FLAGS;
        self.slot(head).stamp.load(Ordering::Acquire) == (head + ONE) | VOID
    }

    fn len(&self) -> usize {
        // What the caller has moved by a plain store is seen before he looks.
        fence(Ordering::SeqCst);
        loop {
            let tail = self.tail.word(Ordering::SeqCst) & !FLAGS;
            let head = self.head.word(Ordering::SeqCst) & !FLAGS;
            // Only if the two belong together.
            if self.tail.word(Ordering::SeqCst) & !FLAGS != tail {
                continue;
            }
            let (from, to) = (head & (self.lap - 1), tail & (self.lap - 1));
            return if from < to {
                ((to - from) / ONE) as usize
            } else if from > to {
                self.slots.len() - ((from - to) / ONE) as usize
            } else if tail == head {
                0
            } else {
                self.slots.len()
            };
        }
    }

    fn capacity(&self) -> Option<usize> {
        Some(self.slots.len())
    }

    fn close(&self) -> bool {
        self.tail.mark(CLOSED)
    }

    fn version(&self) -> u64 {
        let tail = self.tail.word(Ordering::SeqCst) & !BIASED;
        tail.wrapping_add(self.head.word(Ordering::SeqCst) & !BIASED)
    }

    fn before_waiting(&self, side: Side) {
        let lane = match side {
            Side::Receivers => &self.tail,
            Side::Senders => &self.head,
        };
        lane.before_waiting(|word| self.moves(word & !FLAGS));
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        if std::mem::needs_drop::<T>() {
            self.head.0.give_up();
            while let Ok(Some(message)) = self.pop(Mover::caller()) {
                drop(message);
            }
        }
    }
}

impl<T> std::fmt::Debug for Ring<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ring").finish_non_exhaustive()
    }
}
