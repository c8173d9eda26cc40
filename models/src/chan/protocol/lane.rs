//! Lanes: a side of a ring that is one party's own.
//!
//! * *The owner* says that he is busy, passes the light barrier, and if the lane is still
//!   his moves it by a plain store. Then he looks whether somebody waits.
//! * *Who revokes* takes the lane's name away, passes the heavy barrier, waits until the
//!   owner is not busy, and clears the mark. From then on all move it by exchanges.
//! * *Who is about to wait* for a biased lane passes the heavy barrier, or revokes.
//! * *Who serves the owner*, as somebody who waits, moves it by an exchange that leaves
//!   the mark.
//!
//! A lane is given away after two moves in a row here. The owner is the thread that made the
//! messages of the beginning, which is the model's first.
//!
//! Checked: a slot has one user at a time, so nobody moves a lane that is being moved;
//! what was sent is received once, in the sender's order; "closed" comes after all
//! that was sent; everybody who can go on does.

use super::{Message, assert_rising, assert_same, end, here, rest};
use crate::base::atomic::known;
use crate::base::barrier::free_barriers;
use crate::base::clock::NEVER;
use crate::chan::buffer::{Buffer, Closed, Pushed};
use crate::chan::buffered::Buffered;
use crate::chan::core::Side;
use crate::chan::errors::Refused;
use crate::chan::lane::Mover;
use crate::chan::limits;
use crate::chan::ring::Ring;
use crate::chan::wait::{Kind, Node, Outcome, Wait};
use crate::park::wait_queue::Until;
use crate::protocol::{explore_bounded, explore_consistent};
use loom::thread;
use loom::thread::JoinHandle;
use std::mem::MaybeUninit;
use std::sync::Arc;

/// A deadline that is not now.
const SOON: u64 = 1_000;

/// Lanes that are never given away.
const NEVER_BIASED: u64 = u64::MAX;
/// A wait that costs more than any number of moves.
const DEAR: u64 = u64::MAX;

/// Sends if there is room. The numbers that were sent.
fn push_each(ring: &Ring<Message>, numbers: &[u32]) -> Vec<u32> {
    // SAFETY: nobody waits in these models.
    let fits = |number: &u32| match unsafe { ring.push_in_person(Message::new(*number)) } {
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
    // SAFETY: nobody waits in these models.
    let messages = (0..times).filter_map(|_| unsafe { ring.pop_in_person() }.ok().flatten());
    messages.map(Message::take).collect()
}

/// A ring whose sides are the caller's own, as far as it is told. Its atomics are known.
fn owned_ring(capacity: usize, sides: &[Side]) -> Ring<Message> {
    let ring = Ring::new(capacity);
    let streak = |side| match sides.contains(&side) {
        true => 1,
        false => NEVER_BIASED,
    };
    for _ in 0..capacity.max(3) {
        limits::set(streak(Side::Senders), 0);
        assert_eq!(push_each(&ring, &[0]), [0]);
        limits::set(streak(Side::Receivers), 0);
        assert_eq!(pop_times(&ring, 1), [0]);
    }
    // The last moves were by plain stores.
    let before = free_barriers();
    push_each(&ring, &[0]);
    pop_times(&ring, 1);
    assert_eq!(free_barriers() - before, 2 * sides.len());
    limits::set(NEVER_BIASED, 0);
    ring
}

fn start<T: Send + Sync + 'static, R: 'static>(
    of: &Arc<T>,
    f: impl FnOnce(&T) -> R + 'static,
) -> JoinHandle<R> {
    let of = of.clone();
    thread::spawn(move || f(&of))
}

#[test]
fn owner_against_revoker() {
    explore_bounded("lane, another sender", 4, || {
        let ring = Arc::new(owned_ring(3, &[Side::Senders]));
        let other = start(&ring, |ring| push_each(ring, &[10]));
        let own = push_each(&ring, &[1, 2]);
        assert_eq!((own.len(), other.join().unwrap().len()), (2, 1));
        let received = rest(&*ring);
        assert_rising(
            &received
                .iter()
                .copied()
                .filter(|n| *n < 10)
                .collect::<Vec<_>>(),
        );
        assert_same([1, 2, 10], received);
        end(ring);
    });
    explore_bounded("lane, another receiver", 4, || {
        let ring = Arc::new(owned_ring(3, &[Side::Receivers]));
        assert_eq!(push_each(&ring, &[1, 2, 3]).len(), 3);
        let other = start(&ring, |ring| pop_times(ring, 1));
        let own = pop_times(&ring, 2);
        assert_rising(&own);
        assert_same([1, 2, 3], [own, other.join().unwrap()].concat());
        end(ring);
    });
    explore_bounded("lane, two laps", 3, || {
        let ring = Arc::new(owned_ring(1, &[Side::Senders, Side::Receivers]));
        let other = start(&ring, |ring| {
            let sent = push_each(ring, &[10]);
            (sent, pop_times(ring, 1))
        });
        let mut sent = push_each(&ring, &[1]);
        let mut received = pop_times(&ring, 1);
        sent.extend(push_each(&ring, &[2]));
        let (others, taken) = other.join().unwrap();
        received.extend(taken);
        received.extend(rest(&*ring));
        assert_same([sent, others].concat(), received);
        end(ring);
    });
}

#[test]
fn two_revokers() {
    explore_bounded("lane, two revokers", 3, || {
        let ring = Arc::new(owned_ring(3, &[Side::Senders]));
        let others = [10, 20].map(|number| start(&ring, move |ring| push_each(ring, &[number])));
        assert_eq!(push_each(&ring, &[1]).len(), 1);
        for other in others {
            assert_eq!(other.join().unwrap().len(), 1);
        }
        assert_same([1, 10, 20], rest(&*ring));
        end(ring);
    });
}

#[test]
fn given_away_while_others_come() {
    explore_bounded("lane, given away", 4, || {
        let ring = Arc::new(owned_ring(4, &[]));
        assert_eq!(push_each(&ring, &[1]), [1]);
        limits::set(1, 0);
        let other = start(&ring, |ring| push_each(ring, &[10]));
        assert_eq!(push_each(&ring, &[2, 3]), [2, 3]);
        assert_eq!(other.join().unwrap(), [10]);
        assert_same([1, 2, 3, 10], rest(&*ring));
        end(ring);
    });
    explore_bounded("lane, given to one of two", 3, || {
        let ring = Arc::new(owned_ring(6, &[]));
        limits::set(1, 0);
        let other = start(&ring, |ring| push_each(ring, &[10, 11, 12]));
        assert_eq!(push_each(&ring, &[1, 2, 3]).len(), 3);
        assert_eq!(other.join().unwrap().len(), 3);
        limits::set(NEVER_BIASED, 0);
        assert_same([1, 2, 3, 10, 11, 12], rest(&*ring));
        end(ring);
    });
}

#[test]
fn closed_while_the_owner_sends() {
    explore_bounded("lane, closed", 4, || {
        let ring = Arc::new(owned_ring(2, &[Side::Senders]));
        let other = start(&ring, |ring| {
            assert!(ring.close());
            let mut received = Vec::new();
            loop {
                match ring.pop(Mover::caller()) {
                    Ok(Some(message)) => received.push(message.take()),
                    Ok(None) => thread::yield_now(),
                    Err(Closed) => break,
                }
            }
            assert!(ring.is_drained());
            received
        });
        let sent = push_each(&ring, &[1, 2]);
        assert_eq!(push_each(&ring, &[3]).len(), usize::from(false));
        assert_eq!(sent, other.join().unwrap());
        end(ring);
    });
    explore_bounded("lane, closed when given away", 4, || {
        let ring = Arc::new(owned_ring(4, &[]));
        assert_eq!(push_each(&ring, &[1]), [1]);
        limits::set(1, 0);
        let other = start(&ring, |ring| assert!(ring.close()));
        let sent = push_each(&ring, &[2, 3]);
        other.join().unwrap();
        assert_eq!(push_each(&ring, &[4]), []);
        assert_same([vec![1], sent].concat(), rest(&*ring));
        assert!(ring.is_drained());
        end(ring);
    });
}

#[test]
fn others_skip() {
    explore_bounded("lane, skipped", 4, || {
        let ring = Arc::new(owned_ring(2, &[Side::Receivers]));
        let Ok(position) = ring.reserve() else {
            unreachable!("there is room");
        };
        // SAFETY: just reserved.
        unsafe { ring.abandon(position) };
        assert_eq!(push_each(&ring, &[1]), [1]);
        let other = start(&ring, |ring| assert!(ring.has_message() || ring.len() == 0));
        let received = pop_times(&ring, 2);
        other.join().unwrap();
        assert_eq!(received, [1]);
        end(ring);
    });
}

#[test]
fn several_at_once() {
    explore_bounded("lane, several at once", 4, || {
        let ring = Arc::new(owned_ring(3, &[Side::Senders, Side::Receivers]));
        assert_eq!(push_each(&ring, &[1]), [1]);
        let other = start(&ring, |ring| {
            let mut messages = vec![Message::new(10), Message::new(11)].into_iter();
            let sent = ring.push_many(&mut messages).unwrap() as u32;
            let mut received = Vec::new();
            ring.pop_many(2, &mut |message| received.push(message.take()));
            (sent, received)
        });
        let own = push_each(&ring, &[2]);
        let mut received = pop_times(&ring, 1);
        let (sent, taken) = other.join().unwrap();
        received.extend(taken);
        received.extend(rest(&*ring));
        assert_same([vec![1], own, (10..10 + sent).collect()].concat(), received);
        end(ring);
    });
}

type Channel = Arc<Buffered<Message, Ring<Message>>>;

/// A channel whose sides are the caller's own, as far as it is told, with so many
/// messages: 1, 2, ...
fn owned_channel(capacity: usize, sides: &[Side], messages: u32) -> Channel {
    let channel = Arc::new(known(Buffered::new(owned_ring(capacity, sides), here())));
    for number in 1..=messages {
        assert_eq!(send(&channel, number, NEVER), Ok(number));
    }
    channel
}

/// Sends. The number if it was sent; whether the channel was closed if not.
fn send(
    channel: &Buffered<Message, Ring<Message>>,
    number: u32,
    deadline: u64,
) -> Result<u32, bool> {
    match channel.send(Message::new(number), &Until::deadline(deadline), here()) {
        Ok(()) => Ok(number),
        Err(Refused::Closed(message)) => {
            assert_eq!(message.take(), number);
            Err(true)
        }
        Err(Refused::NotNow(message)) => {
            assert_eq!(message.take(), number);
            Err(false)
        }
    }
}

/// Receives a number, or tells whether the channel was closed.
fn receive(channel: &Buffered<Message, Ring<Message>>, deadline: u64) -> Result<u32, bool> {
    match channel.receive(&Until::deadline(deadline), here()) {
        Ok(message) => Ok(message.take()),
        Err(Refused::Closed(())) => Err(true),
        Err(Refused::NotNow(())) => Err(false),
    }
}

#[test]
fn somebody_waits_for_the_owner() {
    for wait in [0, DEAR] {
        explore_consistent("lane, a receiver waits", 3, move || {
            let channel = owned_channel(2, &[Side::Senders], 0);
            limits::set(NEVER_BIASED, wait);
            let other = start(&channel, |channel| receive(channel, NEVER));
            assert_eq!(send(&channel, 1, NEVER), Ok(1));
            assert_eq!(send(&channel, 2, NEVER), Ok(2));
            assert_eq!(other.join().unwrap(), Ok(1));
            assert_eq!(receive(&channel, NEVER), Ok(2));
            end(channel);
        });
        explore_consistent("lane, a sender waits", 3, move || {
            let channel = owned_channel(1, &[Side::Receivers], 1);
            limits::set(NEVER_BIASED, wait);
            let other = start(&channel, |channel| send(channel, 2, NEVER));
            assert_eq!(receive(&channel, NEVER), Ok(1));
            assert_eq!(other.join().unwrap(), Ok(2));
            assert_eq!(receive(&channel, NEVER), Ok(2));
            end(channel);
        });
    }
}

#[test]
fn given_away_while_somebody_waits() {
    explore_consistent("lane, given away to who sends", 3, || {
        let channel = owned_channel(3, &[], 1);
        limits::set(1, 0);
        let other = start(&channel, |channel| {
            [(); 2].map(|()| receive(channel, NEVER))
        });
        assert_eq!(send(&channel, 2, NEVER), Ok(2));
        assert_eq!(other.join().unwrap(), [Ok(1), Ok(2)]);
        end(channel);
    });
    explore_consistent("lane, given away to who receives", 3, || {
        let channel = owned_channel(2, &[], 2);
        assert_eq!(receive(&channel, NEVER), Ok(1));
        assert_eq!(send(&channel, 3, NEVER), Ok(3));
        limits::set(1, 0);
        let other = start(&channel, |channel| send(channel, 4, NEVER));
        assert_eq!(receive(&channel, NEVER), Ok(2));
        assert_eq!(other.join().unwrap(), Ok(4));
        assert_eq!(receive(&channel, NEVER), Ok(3));
        assert_eq!(receive(&channel, NEVER), Ok(4));
        end(channel);
    });
}

#[test]
fn revoked_while_somebody_waits() {
    explore_consistent("lane, revoked and waited for", 2, || {
        let channel = owned_channel(2, &[Side::Senders], 0);
        let receiver = start(&channel, |channel| receive(channel, NEVER));
        let sender = start(&channel, |channel| send(channel, 10, NEVER));
        assert_eq!(send(&channel, 1, NEVER), Ok(1));
        assert_eq!(sender.join().unwrap(), Ok(10));
        let received = [receiver.join().unwrap(), receive(&channel, NEVER)];
        assert_same([1, 10], received.map(Result::unwrap));
        end(channel);
    });
}

#[test]
fn the_owner_waits() {
    for deadline in [NEVER, SOON] {
        explore_consistent("lane, its owner receives", 3, move || {
            let channel = owned_channel(2, &[Side::Receivers], 0);
            let other = start(&channel, |channel| {
                [1, 2].map(|number| send(channel, number, NEVER))
            });
            let mut received = Vec::from_iter(receive(&channel, deadline));
            while received.len() < 2 {
                received.extend(receive(&channel, NEVER));
            }
            assert_eq!(received, [1, 2]);
            assert_eq!(other.join().unwrap(), [Ok(1), Ok(2)]);
            end(channel);
        });
        explore_consistent("lane, its owner sends", 3, move || {
            let channel = owned_channel(1, &[Side::Senders], 1);
            let other = start(&channel, |channel| {
                [(); 2].map(|()| receive(channel, NEVER))
            });
            if send(&channel, 2, deadline).is_err() {
                assert_eq!(send(&channel, 2, NEVER), Ok(2));
            }
            assert_eq!(send(&channel, 3, NEVER), Ok(3));
            assert_eq!(other.join().unwrap(), [Ok(1), Ok(2)]);
            assert_eq!(receive(&channel, NEVER), Ok(3));
            end(channel);
        });
    }
}

#[test]
fn the_owner_waits_beside_others() {
    explore_consistent("lane, two wait, one is its owner", 2, || {
        let channel = owned_channel(2, &[Side::Receivers], 0);
        let other = start(&channel, |channel| receive(channel, NEVER));
        let sender = start(&channel, |channel| {
            [1, 2].map(|number| send(channel, number, NEVER))
        });
        let own = receive(&channel, NEVER);
        assert_same([1, 2], [own, other.join().unwrap()].map(Result::unwrap));
        assert_eq!(sender.join().unwrap(), [Ok(1), Ok(2)]);
        end(channel);
    });
}

/// The owner has entered the queue, but not parked, and receives something else: as a
/// waker may that is called then.
#[test]
fn the_owner_is_in_the_queue_and_comes() {
    explore_consistent("lane, its owner is queued and receives", 3, || {
        let channel = owned_channel(2, &[Side::Receivers], 0);
        let other = start(&channel, |channel| {
            [1, 2].map(|number| send(channel, number, NEVER))
        });
        let wait = Wait::current();
        let mut slot = MaybeUninit::<Message>::uninit();
        let node = Node::new(Kind::Value, slot.as_mut_ptr().cast(), &wait, 0);
        wait.open();
        // SAFETY: ours, with room for a message; taken out again below.
        unsafe { channel.core.lock().enqueue(Side::Receivers, &node, true) };
        let mut received = Vec::from_iter(receive(&channel, 0));
        let _ = wait.win();
        // SAFETY: ours.
        unsafe { channel.core.lock().dequeue(Side::Receivers, &node) };
        if wait.outcome.get() == Outcome::Done {
            // SAFETY: whoever ended the wait has put it there.
            received.push(unsafe { slot.assume_init() }.take());
        }
        received.extend(receive(&channel, 0));
        assert_eq!(other.join().unwrap(), [Ok(1), Ok(2)]);
        received.extend(rest(&channel.buffer));
        assert_same([1, 2], received);
        drop((node, wait));
        end(channel);
    });
}
