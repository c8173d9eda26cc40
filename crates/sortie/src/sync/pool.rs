//! The rooms that nobody uses, and the way from a number to its room.
//!
//! Rooms are made in blocks, each twice as large as the one before, and stay for ever:
//! whoever has once read a number finds a room by it, if perhaps another lock's.
//! There are as many as there ever were locks at once that somebody waited for.
//!
//! Free rooms are in a few lists, so that who takes and gives one on different CPUs
//! does not meet.

use super::room::Room;
use crate::base::atomic::{AtomicPtr, Ordering};
use crate::base::lock::Lock;
use crate::base::padded::Padded;
use crate::sched::hint;
use std::ptr;

/// Rooms in the first block.
const FIRST: usize = 32;
/// Blocks until the numbers are used up.
const BLOCKS: usize = (u32::BITS - FIRST.ilog2()) as usize;
/// Lists of free rooms.
const LISTS: usize = 8;

/// The blocks that were made.
static ROOMS: [AtomicPtr<Room>; BLOCKS] = [const { AtomicPtr::new(ptr::null_mut()) }; BLOCKS];

/// How many blocks were made.
static MADE: Lock<usize> = Lock::new(0);

/// Free rooms, linked by their numbers: that of the first, or 0.
static FREE: [Padded<Lock<u32>>; LISTS] = [const { Padded(Lock::new(0)) }; LISTS];

/// Which block a room is in, and where. The first has number 1.
fn place(number: u32) -> (usize, usize) {
    // If one counts from `FIRST` on, block `b` begins at `FIRST << b`.
    let place = number as usize - 1 + FIRST;
    let block = (place.ilog2() - FIRST.ilog2()) as usize;
    (block, place - (FIRST << block))
}

/// The number of the first room of a block.
fn first_number(block: usize) -> u32 {
    ((FIRST << block) - FIRST + 1) as u32
}

/// The room of a number that somebody got from [`take`].
#[inline]
pub(super) fn room(number: u32) -> &'static Room {
    let (block, place) = place(number);
    let rooms = ROOMS[block].load(Ordering::Acquire);
    debug_assert!(!rooms.is_null(), "there is no room {number}");
    // SAFETY: a room of this number was made, so its block is there for ever.
    unsafe { &*rooms.add(place) }
}

/// A free room, which is the caller's until he gives it back.
pub(super) fn take() -> &'static Room {
    let own = hint::place();
    for list in 0..LISTS {
        let mut free = FREE[(own + list) % LISTS].lock();
        if *free != 0 {
            let room = room(*free);
            *free = room.next.get();
            return room;
        }
    }
    make_more(own)
}

/// Gives a room back.
pub(super) fn give(room: &'static Room) {
    let mut free = FREE[hint::place() % LISTS].lock();
    room.next.set(*free);
    *free = room.number;
}

/// Makes the next block. Returns one of its rooms.
#[cold]
fn make_more(list: usize) -> &'static Room {
    let mut made = MADE.lock();
    let block = *made;
    assert!(
        block < BLOCKS,
        "more locks are waited for than have numbers"
    );
    let first = first_number(block);
    let last = first + (FIRST << block) as u32 - 1;
    let rooms: Vec<Room> = (first..=last)
        .map(|number| Room::new(number, if number < last { number + 1 } else { 0 }))
        .collect();
    let rooms = Vec::leak(rooms);
    ROOMS[block].store(rooms.as_mut_ptr(), Ordering::Release);
    *made += 1;
    drop(made);
    // The first is the caller's; the others are linked.
    let mut free = FREE[list % LISTS].lock();
    rooms[rooms.len() - 1].next.set(*free);
    *free = first + 1;
    &rooms[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lead_to_places() {
        let mut expected = 1;
        for block in 0..8 {
            assert_eq!(first_number(block), expected);
            for index in 0..FIRST << block {
                assert_eq!(place(expected), (block, index));
                expected += 1;
            }
        }
        // The last number there is.
        let (block, index) = place(u32::MAX - FIRST as u32 + 1);
        assert_eq!((block, index), (BLOCKS - 1, (FIRST << block) - 1));
    }

    #[test]
    fn rooms_are_taken_by_one_at_a_time() {
        let taken: Vec<_> = (0..10 * FIRST).map(|_| take()).collect();
        let mut numbers: Vec<_> = taken.iter().map(|room| room.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), taken.len(), "a room was taken twice");
        for other in taken {
            assert!(std::ptr::eq(room(other.number), other));
            give(other);
        }
    }
}
