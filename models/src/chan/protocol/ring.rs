//! The ring alone: nobody waits, and nothing is lost.
//!
//! * *A sender* takes a slot by moving the tail, writes, and publishes the slot by its
//!   stamp. Or it reserves the slot, and writes later, or gives it up.
//! * *A receiver* that sees the stamp takes the slot by moving the head, reads, and
//!   releases the slot for the next lap by its stamp.
//! * *Closing* marks the tail.
//!
//! Checked: what was sent is received once, in the sender's order, by somebody who
//! sees the message written; a slot has one user at a time; a ring that never has
//! more messages than room refuses none, and a message that is there is found; after
//! "closed" nothing comes, and not before all that was sent or reserved has come.

use super::{Message, assert_rising, assert_same, end, known_ring, rest};
use crate::chan::buffer::{Buffer, Closed, Pushed};
use crate::chan::lane::Mover;
use crate::chan::ring::Ring;
use crate::protocol::explore_bounded;
use loom::thread;
use std::sync::Arc;

fn ring(capacity: usize) -> Arc<Ring<Message>> {
    Arc::new(known_ring(capacity))
}

/// Sends if there is room. The numbers that were sent.
fn push_each(ring: &Ring<Message>, numbers: &[u32]) -> Vec<u32> {
    let fits = |number: &u32| match ring.push(Message::new(*number), Mover::caller()) {
        Ok(()) => true,
        Err(Pushed::Full(message) | Pushed::Closed(message)) => {
            assert_eq!(message.take(), *number);
            false
        }
    };
    numbers.iter().copied().filter(fits).collect()
}

/// Receives if there is a message, so many times.
fn pop_times(ring: &Ring<Message>, times: usize) -> Vec<u32> {
    let messages = (0..times).filter_map(|_| ring.pop(Mover::caller()).ok().flatten());
    messages.map(Message::take).collect()
}

/// Two senders, two receivers.
fn exchange(capacity: usize, first: &'static [u32], second: &'static [u32], pops: usize) {
    let ring = ring(capacity);
    let senders = [first, second].map(|numbers| {
        let ring = ring.clone();
        thread::spawn(move || push_each(&ring, numbers))
    });
    let receiver = {
        let ring = ring.clone();
        thread::spawn(move || pop_times(&ring, pops))
    };
    let mut received = vec![pop_times(&ring, 1)];
    let sent = senders.map(|sender| sender.join().unwrap());
    received.push(receiver.join().unwrap());
    received.push(rest(&*ring));
    if capacity >= first.len() + second.len() {
        assert_eq!(sent.concat(), [first, second].concat());
    }
    for numbers in [first, second] {
        for received in &received {
            let own = received.iter().filter(|number| numbers.contains(number));
            assert_rising(&own.copied().collect::<Vec<_>>());
        }
    }
    assert_same(sent.concat(), received.concat());
    end(ring);
}

#[test]
fn two_senders_two_receivers() {
    explore_bounded("ring, one slot", 2, || exchange(1, &[1], &[2], 1));
    explore_bounded("ring, two slots", 2, || exchange(2, &[1], &[2], 1));
}

/// One sender, one receiver, who do not give up.
fn stream(capacity: usize, count: u32) {
    let ring = ring(capacity);
    let sender = {
        let ring = ring.clone();
        thread::spawn(move || {
            for number in 1..=count {
                while push_each(&ring, &[number]).is_empty() {
                    thread::yield_now();
                }
            }
        })
    };
    let mut received = Vec::new();
    while received.len() < count as usize {
        match ring.pop(Mover::caller()).unwrap() {
            Some(message) => received.push(message.take()),
            None => thread::yield_now(),
        }
    }
    sender.join().unwrap();
    assert_eq!(received, (1..=count).collect::<Vec<_>>());
    end(ring);
}

#[test]
fn laps() {
    explore_bounded("ring, laps of one slot", 3, || stream(1, 3));
    explore_bounded("ring, laps of two slots", 3, || stream(2, 5));
}

#[test]
fn closed_while_it_is_used() {
    explore_bounded("ring, closed", 3, || {
        let ring = ring(2);
        let sender = {
            let ring = ring.clone();
            thread::spawn(move || push_each(&ring, &[1, 2]))
        };
        let closer = {
            let ring = ring.clone();
            thread::spawn(move || assert!(ring.close()))
        };
        let mut received = Vec::new();
        loop {
            match ring.pop(Mover::caller()) {
                Ok(Some(message)) => received.push(message.take()),
                Ok(None) => thread::yield_now(),
                Err(Closed) => break,
            }
        }
        assert!(ring.is_drained());
        closer.join().unwrap();
        assert_eq!(sender.join().unwrap(), received);
        end(ring);
    });
}

/// Somebody reserves a place, and then has no message for it, or has; somebody else
/// sends behind him. Then the ring is closed.
fn reserve(has_message: bool) {
    let ring = ring(2);
    let slow = {
        let ring = ring.clone();
        thread::spawn(move || {
            let Ok(position) = ring.reserve() else {
                unreachable!("there is room");
            };
            // SAFETY: just reserved.
            unsafe {
                if has_message {
                    ring.fulfil(position, Message::new(1));
                } else {
                    ring.abandon(position);
                }
            }
        })
    };
    let other = {
        let ring = ring.clone();
        thread::spawn(move || assert_eq!(push_each(&ring, &[2]), [2]))
    };
    let received = pop_times(&ring, 1);
    let found = ring.has_message();
    slow.join().unwrap();
    other.join().unwrap();
    ring.close();
    let rest = rest(&*ring);
    assert!(!found || !rest.is_empty());
    let sent = if has_message { &[1, 2][..] } else { &[2] };
    assert_same(sent.iter().copied(), [received, rest].concat());
    assert!(ring.is_drained());
    end(ring);
}

#[test]
fn reserved() {
    explore_bounded("ring, fulfilled", 3, || reserve(true));
    explore_bounded("ring, abandoned", 3, || reserve(false));
}

#[test]
fn two_receivers_skip() {
    explore_bounded("ring, two skip", 3, || {
        let ring = ring(1);
        let Ok(position) = ring.reserve() else {
            unreachable!("there is room");
        };
        // SAFETY: just reserved.
        unsafe { ring.abandon(position) };
        let receivers = [(); 2].map(|()| {
            let ring = ring.clone();
            thread::spawn(move || pop_times(&ring, 1))
        });
        // The slot is vacant as soon as somebody has skipped it.
        while push_each(&ring, &[1]).is_empty() {
            thread::yield_now();
        }
        let mut received = receivers.map(|receiver| receiver.join().unwrap()).concat();
        received.extend(rest(&*ring));
        assert_same([1], received);
        assert_eq!(push_each(&ring, &[2]), [2]);
        end(ring);
    });
}

#[test]
fn several_at_once() {
    explore_bounded("ring, several at once", 3, || {
        let ring = ring(2);
        assert_eq!(push_each(&ring, &[1]), [1]);
        let sender = {
            let ring = ring.clone();
            thread::spawn(move || {
                let mut messages = vec![Message::new(2), Message::new(3)].into_iter();
                let count = ring.push_many(&mut messages).unwrap();
                assert_eq!(messages.len(), 2 - count);
                count as u32
            })
        };
        let other = {
            let ring = ring.clone();
            thread::spawn(move || pop_times(&ring, 1))
        };
        let mut received = Vec::new();
        ring.pop_many(2, &mut |message| received.push(message.take()));
        let count = sender.join().unwrap();
        assert_rising(&received);
        received.extend(other.join().unwrap());
        received.extend(rest(&*ring));
        assert_same(1..2 + count, received);
        end(ring);
    });
}
