//! A queue without a bound: a list of blocks.
//!
//! Messages are numbered; a *turn* of 32 numbers belongs to a block of 31 slots.
//! The number left over is where the tail, or the head, stands while whoever
//! took the last slot moves it on to the next block.
//!
//! ```text
//!   head ──► [s s s ... s]──► [s s s ... s]──► [s s . ... .] ◄── tail
//!             being read                        being written
//! ```
//!
//! # Protocol
//! A sender takes a slot by moving `tail` with an exchange, writes the message
//! and sets `written` (release). A receiver takes a slot by moving `head`, waits
//! for `written` (acquire), which is a few instructions away, and reads. The
//! slot's `state` arbitrates who frees the block: whoever reads the last slot
//! begins to; it sets the state of each slot that is not `READ` yet to `DESTROY`, and leaves
//! the rest to that slot's reader. Both exchange the state, so one of them sees the other's.
//!
//! Both exchanges are sequentially consistent; see [`Buffer`].
//!
//! The unbounded queue of crossbeam-channel, with the two bits of the writer's
//! and the readers' in words of their own, so that publishing is a plain store.

use super::buffer::{Buffer, Closed, Pushed};
use super::lane::Mover;
use super::limits::TURN;
use crate::base::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering, UnsafeCell, fence,
};
use crate::base::backoff::Backoff;
use crate::base::padded::Padded;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr;

/// Slots of a block.
const SLOTS: usize = TURN as usize - 1;
/// One number; the lowest bit is a flag.
const ONE: u64 = 2;
/// In the tail: closed. In the head: there is a block after this one.
const MARK: u64 = 1;

/// A slot's state, which is 0 at first: it was read.
const READ: u8 = 1;
/// A slot's state: its reader frees the block.
const DESTROY: u8 = 2;

struct Slot<T> {
    message: UnsafeCell<MaybeUninit<T>>,
    written: AtomicBool,
    state: AtomicU8,
}

impl<T> Slot<T> {
    fn wait_written(&self) {
        let mut backoff = Backoff::new();
        while !self.written.load(Ordering::Acquire) {
            backoff.snooze();
        }
    }
}

struct Block<T> {
    next: AtomicPtr<Block<T>>,
    slots: [Slot<T>; SLOTS],
}

impl<T> Block<T> {
    fn new() -> Box<Self> {
        // In its place: with large messages it would not fit on a goroutine's stack.
        let mut block = Box::<Self>::new_uninit();
        let at = block.as_mut_ptr();
        // SAFETY: there is room for a block at `at`, and all of it is written.
        unsafe {
            (&raw mut (*at).next).write(AtomicPtr::new(ptr::null_mut()));
            for index in 0..SLOTS {
                let slot = &raw mut (*at).slots[index];
                (&raw mut (*slot).message).write(UnsafeCell::new(MaybeUninit::uninit()));
                (&raw mut (*slot).written).write(AtomicBool::new(false));
                (&raw mut (*slot).state).write(AtomicU8::new(0));
            }
            block.assume_init()
        }
    }

    fn wait_next(&self) -> *mut Block<T> {
        let mut backoff = Backoff::new();
        loop {
            let next = self.next.load(Ordering::Acquire);
            if !next.is_null() {
                return next;
            }
            backoff.snooze();
        }
    }

    /// Frees the block once the slots from `from` on have been read; leaves that
    /// to the first of their readers that is not done.
    ///
    /// # Safety
    /// The caller has read a slot of the block, is the one to free it, and all
    /// slots were taken.
    unsafe fn destroy(this: *mut Self, from: usize) {
        // The last slot's reader is the one who begins.
        for index in from..SLOTS - 1 {
            // SAFETY: the block is freed below, or by whom we leave it to.
            let slot = unsafe { &(*this).slots[index] };
            if slot.state.load(Ordering::Acquire) != READ
                && slot.state.swap(DESTROY, Ordering::AcqRel) != READ
            {
                return;
            }
        }
        // SAFETY: all have read, so nobody uses it any more.
        drop(unsafe { Box::from_raw(this) });
    }
}

struct End<T> {
    number: AtomicU64,
    block: AtomicPtr<Block<T>>,
}

/// A slot that was taken.
struct Taken<T> {
    block: *mut Block<T>,
    index: usize,
}

/// The queue.
pub(super) struct List<T> {
    head: Padded<End<T>>,
    tail: Padded<End<T>>,
    messages: PhantomData<T>,
}

// SAFETY: messages go from thread to thread; each slot has one user at a time.
unsafe impl<T: Send> Send for List<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for List<T> {}

fn index_of(number: u64) -> usize {
    ((number / ONE) % TURN) as usize
}

fn turn_of(number: u64) -> u64 {
    number / ONE / TURN
}

impl<T> List<T> {
    pub(super) fn new() -> Self {
        let end = || {
            Padded(End {
                number: AtomicU64::new(0),
                block: AtomicPtr::new(ptr::null_mut()),
            })
        };
        List {
            head: end(),
            tail: end(),
            messages: PhantomData,
        }
    }

    /// Takes the slot at the tail.
    #[inline(always)]
    fn take_tail(&self) -> Result<Taken<T>, Closed> {
        let mut backoff = Backoff::new();
        let mut spare: Option<Box<Block<T>>> = None;
        loop {
            let tail = self.tail.number.load(Ordering::Acquire);
            let block = self.tail.block.load(Ordering::Acquire);
            if tail & MARK != 0 {
                return Err(Closed);
            }
            let index = index_of(tail);
            if index == SLOTS {
                // Somebody is installing the next block.
                backoff.snooze();
                continue;
            }
            // Made before it is needed, so that others wait less.
            if index + 1 == SLOTS && spare.is_none() {
                spare = Some(Block::new());
            }
            if block.is_null() {
                self.install_first();
                continue;
            }
            if self
                .tail
                .number
                .compare_exchange_weak(tail, tail + ONE, Ordering::SeqCst, Ordering::Relaxed)
                .is_err()
            {
                backoff.retreat();
                continue;
            }
            if index + 1 == SLOTS {
                let next = Box::into_raw(spare.take().unwrap_or_else(Block::new));
                self.tail.block.store(next, Ordering::Release);
                // Over the number left over. An addition: it may be closed.
                self.tail.number.fetch_add(ONE, Ordering::Release);
                // SAFETY: the block is alive: its last slot is ours to write.
                unsafe { &(*block).next }.store(next, Ordering::Release);
            }
            return Ok(Taken { block, index });
        }
    }

    #[cold]
    fn install_first(&self) {
        let new = Box::into_raw(Block::new());
        if self
            .tail
            .block
            .compare_exchange(ptr::null_mut(), new, Ordering::Release, Ordering::Relaxed)
            .is_ok()
        {
            self.head.block.store(new, Ordering::Release);
        } else {
            // SAFETY: just made, and nobody knows of it.
            drop(unsafe { Box::from_raw(new) });
        }
    }

    /// Takes the slot at the head, which may not be written yet.
    #[inline(always)]
    fn take_head(&self) -> Result<Option<Taken<T>>, Closed> {
        let mut backoff = Backoff::new();
        loop {
            let head = self.head.number.load(Ordering::Acquire);
            let block = self.head.block.load(Ordering::Acquire);
            let index = index_of(head);
            if index == SLOTS {
                backoff.snooze();
                continue;
            }
            let mut next = head + ONE;
            if head & MARK == 0 {
                let mut tail = self.tail.number.load(Ordering::SeqCst);
                if head / ONE == tail / ONE {
                    // What the caller has done before comes before this answer.
                    fence(Ordering::SeqCst);
                    tail = self.tail.number.load(Ordering::SeqCst);
                    if head / ONE == tail / ONE {
                        return if tail & MARK != 0 {
                            Err(Closed)
                        } else {
                            Ok(None)
                        };
                    }
                }
                if turn_of(head) != turn_of(tail) {
                    next |= MARK;
                }
            }
            if block.is_null() {
                // The first block is just being installed.
                backoff.snooze();
                continue;
            }
            if self
                .head
                .number
                .compare_exchange_weak(head, next, Ordering::SeqCst, Ordering::Relaxed)
                .is_err()
            {
                backoff.retreat();
                continue;
            }
            if index + 1 == SLOTS {
                // SAFETY: alive, as its last slot is ours to read.
                let after = unsafe { (*block).wait_next() };
                let mut number = (next & !MARK) + ONE;
                // SAFETY: blocks after the head are alive.
                if !unsafe { &(*after).next }.load(Ordering::Relaxed).is_null() {
                    number |= MARK;
                }
                self.head.block.store(after, Ordering::Release);
                self.head.number.store(number, Ordering::Release);
            }
            return Ok(Some(Taken { block, index }));
        }
    }

    /// # Safety
    /// `taken` is from [`take_tail`](Self::take_tail), and used once.
    #[inline(always)]
    unsafe fn write(&self, taken: &Taken<T>, message: T) {
        // SAFETY: as this function's; the block lives until the slot was read.
        unsafe {
            let slot = &(*taken.block).slots[taken.index];
            (*slot.message.get()).write(message);
            slot.written.store(true, Ordering::Release);
        }
    }

    /// # Safety
    /// `taken` is from [`take_head`](Self::take_head), and used once.
    #[inline(always)]
    unsafe fn read(&self, taken: &Taken<T>) -> T {
        // SAFETY: as this function's; the block lives until the slot was read,
        // which is said below.
        unsafe {
            let slot = &(*taken.block).slots[taken.index];
            slot.wait_written();
            let message = (*slot.message.get()).assume_init_read();
            if taken.index + 1 == SLOTS {
                Block::destroy(taken.block, 0);
            } else if slot.state.swap(READ, Ordering::AcqRel) == DESTROY {
                Block::destroy(taken.block, taken.index + 1);
            }
            message
        }
    }

    /// Numbers of messages between the ends, without those left over.
    fn count(&self) -> usize {
        loop {
            let tail = self.tail.number.load(Ordering::SeqCst);
            let head = self.head.number.load(Ordering::SeqCst);
            if self.tail.number.load(Ordering::SeqCst) != tail {
                continue;
            }
            // How many messages have come to an end that stands at `number`.
            let passed = |number: u64| {
                let index = (index_of(number) as u64).min(SLOTS as u64);
                turn_of(number) * SLOTS as u64 + index
            };
            return (passed(tail) - passed(head)) as usize;
        }
    }
}

impl<T> Buffer<T> for List<T> {
    #[inline(always)]
    fn push(&self, message: T, _: Mover) -> Result<(), Pushed<T>> {
        match self.take_tail() {
            Ok(taken) => {
                // SAFETY: just taken.
                unsafe { self.write(&taken, message) };
                Ok(())
            }
            Err(Closed) => Err(Pushed::Closed(message)),
        }
    }

    #[inline(always)]
    fn pop(&self, _: Mover) -> Result<Option<T>, Closed> {
        match self.take_head()? {
            // SAFETY: just taken.
            Some(taken) => Ok(Some(unsafe { self.read(&taken) })),
            None => Ok(None),
        }
    }

    fn push_many(&self, messages: &mut dyn ExactSizeIterator<Item = T>) -> Result<usize, Closed> {
        let mut count = 0;
        while messages.len() != 0 {
            let taken = match self.take_tail() {
                Ok(taken) => taken,
                Err(Closed) if count > 0 => break,
                Err(Closed) => return Err(Closed),
            };
            let message = messages.next().expect("an exact iterator has what it says");
            // SAFETY: just taken.
            unsafe { self.write(&taken, message) };
            count += 1;
        }
        Ok(count)
    }

    fn pop_many(&self, limit: usize, sink: &mut dyn FnMut(T)) -> usize {
        let mut count = 0;
        while count < limit {
            let Ok(Some(message)) = self.pop(Mover::caller()) else {
                break;
            };
            sink(message);
            count += 1;
        }
        count
    }

    fn has_message(&self) -> bool {
        self.count() != 0
    }

    fn has_room(&self) -> bool {
        true
    }

    fn is_drained(&self) -> bool {
        self.tail.number.load(Ordering::SeqCst) & MARK != 0 && self.count() == 0
    }

    fn len(&self) -> usize {
        self.count()
    }

    fn capacity(&self) -> Option<usize> {
        None
    }

    fn close(&self) -> bool {
        self.tail.number.fetch_or(MARK, Ordering::SeqCst) & MARK == 0
    }

    fn version(&self) -> u64 {
        let tail = self.tail.number.load(Ordering::SeqCst);
        tail.wrapping_add(self.head.number.load(Ordering::SeqCst))
    }
}

impl<T> Drop for List<T> {
    fn drop(&mut self) {
        while let Ok(Some(message)) = self.pop(Mover::caller()) {
            drop(message);
        }
        let block = self.head.block.load(Ordering::Relaxed);
        if !block.is_null() {
            // SAFETY: the only block left; all others were freed by their
            // readers.
            drop(unsafe { Box::from_raw(block) });
        }
    }
}

impl<T> std::fmt::Debug for List<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("List").finish_non_exhaustive()
    }
}
