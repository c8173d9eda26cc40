//! The list of blocks: messages cross from block to block, and blocks are freed.
//!
//! * *A sender* takes a slot by moving the tail; who takes the last of a block makes
//!   the next. It writes, and says so in the slot.
//! * *A receiver* takes a slot by moving the head; who takes the last of a block moves
//!   the head on. It waits for the slot to be written, reads, and says so in the slot.
//!   Who has read the last begins to free the block, and leaves the rest to the first
//!   who has not read yet.
//!
//! Checked, with blocks of two slots: what was sent is received once, in the sender's
//! order, by somebody who sees the message written; each block is freed, once, by
//! somebody who comes after all that use it; after "closed" nothing comes.

use super::{Message, assert_rising, assert_same, end, rest};
use crate::chan::block_list::List;
use crate::chan::buffer::{Buffer, Closed, Pushed};
use crate::chan::lane::Mover;
use crate::protocol::explore_bounded;
use loom::thread;
use std::sync::Arc;

/// A list that has so many messages: 1, 2, ...
fn list(count: u32) -> Arc<List<Message>> {
    let list = List::new();
    // Looks at both ends, which makes them known.
    assert!(matches!(list.pop(Mover::caller()), Ok(None)));
    for number in 1..=count {
        assert!(list.push(Message::new(number), Mover::caller()).is_ok());
    }
    Arc::new(list)
}

/// Sends. The numbers that were not refused.
fn push_each(list: &List<Message>, numbers: &[u32]) -> Vec<u32> {
    let open = |number: &u32| match list.push(Message::new(*number), Mover::caller()) {
        Ok(()) => true,
        Err(Pushed::Full(_)) => unreachable!("a list is never full"),
        Err(Pushed::Closed(message)) => {
            assert_eq!(message.take(), *number);
            false
        }
    };
    numbers.iter().copied().filter(open).collect()
}

/// Receives if there is a message, so many times.
fn pop_times(list: &List<Message>, times: usize) -> Vec<u32> {
    let messages = (0..times).filter_map(|_| list.pop(Mover::caller()).ok().flatten());
    messages.map(Message::take).collect()
}

#[test]
fn two_senders_cross() {
    explore_bounded("list, two senders", 2, || {
        let list = list(0);
        let sender = {
            let list = list.clone();
            thread::spawn(move || push_each(&list, &[1, 2]))
        };
        let receiver = {
            let list = list.clone();
            thread::spawn(move || pop_times(&list, 2))
        };
        assert_eq!(push_each(&list, &[3]), [3]);
        assert_eq!(sender.join().unwrap(), [1, 2]);
        let received = receiver.join().unwrap();
        let all = [received, rest(&*list)].concat();
        let firsts = all.iter().filter(|number| **number != 3);
        assert_rising(&firsts.copied().collect::<Vec<_>>());
        assert_same([1, 2, 3], all);
        end(list);
    });
}

#[test]
fn two_receivers_free() {
    for count in [2, 3, 4] {
        explore_bounded("list, two receivers", 3, move || {
            let list = list(count);
            let other = {
                let list = list.clone();
                thread::spawn(move || pop_times(&list, 2))
            };
            let received = pop_times(&list, 1);
            let others = other.join().unwrap();
            assert_rising(&others);
            assert_same(1..=count, [received, others, rest(&*list)].concat());
            end(list);
        });
    }
}

#[test]
fn read_while_it_is_written() {
    explore_bounded("list, a sender and two receivers", 2, || {
        let list = list(1);
        let sender = {
            let list = list.clone();
            thread::spawn(move || push_each(&list, &[2, 3]))
        };
        let other = {
            let list = list.clone();
            thread::spawn(move || pop_times(&list, 2))
        };
        let received = pop_times(&list, 2);
        let others = other.join().unwrap();
        sender.join().unwrap();
        assert_rising(&received);
        assert_rising(&others);
        assert_same([1, 2, 3], [received, others, rest(&*list)].concat());
        end(list);
    });
}

#[test]
fn one_after_the_other() {
    explore_bounded("list, one after the other", 3, || {
        let list = list(0);
        let sender = {
            let list = list.clone();
            thread::spawn(move || push_each(&list, &[1, 2, 3]))
        };
        let mut received = Vec::new();
        while received.len() < 3 {
            match list.pop(Mover::caller()).unwrap() {
                Some(message) => received.push(message.take()),
                None => thread::yield_now(),
            }
        }
        sender.join().unwrap();
        assert_eq!(received, [1, 2, 3]);
        end(list);
    });
}

#[test]
fn closed_while_it_is_used() {
    explore_bounded("list, closed", 2, || {
        let list = list(1);
        let sender = {
            let list = list.clone();
            thread::spawn(move || push_each(&list, &[2, 3]))
        };
        let closer = {
            let list = list.clone();
            thread::spawn(move || assert!(list.close()))
        };
        let mut received = Vec::new();
        loop {
            match list.pop(Mover::caller()) {
                Ok(Some(message)) => received.push(message.take()),
                Ok(None) => thread::yield_now(),
                Err(Closed) => break,
            }
        }
        assert!(list.is_drained());
        closer.join().unwrap();
        assert_eq!([vec![1], sender.join().unwrap()].concat(), received);
        end(list);
    });
}
