//! The channel with a buffer: who comes without the lock and who waits with it do not
//! miss each other.
//!
//! * *Who comes* moves its message into or out of the ring, and looks at the flag of
//!   the other side; if that is set it locks, and settles.
//! * *Who waits* has the lock, enters its queue, sets the flag, passes a full barrier,
//!   and looks whether it is possible now; if so it leaves again.
//! * *Closing* marks the ring, then settles.
//!
//! Checked, with a ring of one slot: everybody who can go on does; what was sent is
//! received once, in the sender's order; who is refused, by time or because it is
//! closed, has its message still; "closed" comes after all that was sent.

use super::{Message, assert_same, end, here, known_ring};
use crate::base::atomic::known;
use crate::base::clock::NEVER;
use crate::chan::buffered;
use crate::chan::errors::Refused;
use crate::chan::ring::Ring;
use crate::park::wait_queue::Until;
use crate::protocol::explore_consistent;
use loom::thread;
use loom::thread::JoinHandle;
use std::sync::Arc;

/// A deadline that is not now.
const SOON: u64 = 1_000;

type Channel = Arc<buffered::Buffered<Message, Ring<Message>>>;

/// A channel with so many messages in its only slot: 0, or none.
fn channel(messages: u32) -> Channel {
    let channel = Arc::new(known(buffered::Buffered::new(known_ring(1), here())));
    for number in 0..messages {
        assert_eq!(send(&channel, number, NEVER), Ok(number));
    }
    channel
}

/// Sends. The number if it was sent; whether the channel was closed if not.
fn send(channel: &Channel, number: u32, deadline: u64) -> Result<u32, bool> {
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
fn receive(channel: &Channel, deadline: u64) -> Result<u32, bool> {
    match channel.receive(&Until::deadline(deadline), here()) {
        Ok(message) => Ok(message.take()),
        Err(Refused::Closed(())) => Err(true),
        Err(Refused::NotNow(())) => Err(false),
    }
}

/// Receives until the channel is closed.
fn receive_all(channel: &Channel) -> Vec<u32> {
    let mut received = Vec::new();
    while let Ok(number) = receive(channel, NEVER) {
        received.push(number);
    }
    received
}

fn start<R: 'static>(
    channel: &Channel,
    f: impl FnOnce(&Channel) -> R + Send + 'static,
) -> JoinHandle<R> {
    let channel = channel.clone();
    thread::spawn(move || f(&channel))
}

#[test]
fn a_receiver_waits() {
    explore_consistent("buffered, a receiver waits", 4, || {
        let channel = channel(0);
        let receiver = start(&channel, |channel| receive(channel, NEVER));
        assert_eq!(send(&channel, 1, NEVER), Ok(1));
        assert_eq!(receiver.join().unwrap(), Ok(1));
        end(channel);
    });
}

#[test]
fn a_sender_waits() {
    explore_consistent("buffered, a sender waits", 4, || {
        let channel = channel(1);
        let sender = start(&channel, |channel| send(channel, 1, NEVER));
        assert_eq!(receive(&channel, NEVER), Ok(0));
        assert_eq!(sender.join().unwrap(), Ok(1));
        assert_eq!(receive(&channel, NEVER), Ok(1));
        end(channel);
    });
}

#[test]
fn a_stream() {
    explore_consistent("buffered, a stream", 2, || {
        let channel = channel(0);
        let sender = start(&channel, |channel| {
            for number in 1..=3 {
                assert_eq!(send(channel, number, NEVER), Ok(number));
            }
        });
        for number in 1..=3 {
            assert_eq!(receive(&channel, NEVER), Ok(number));
        }
        sender.join().unwrap();
        end(channel);
    });
}

#[test]
fn two_on_one_side() {
    explore_consistent("buffered, two senders", 2, || {
        let channel = channel(1);
        let senders = [1, 2].map(|number| {
            start(&channel, move |channel| {
                assert_eq!(send(channel, number, NEVER), Ok(number));
            })
        });
        assert_eq!(receive(&channel, NEVER), Ok(0));
        let received = [(); 2].map(|()| receive(&channel, NEVER).unwrap());
        assert_same([1, 2], received);
        for sender in senders {
            sender.join().unwrap();
        }
        end(channel);
    });
    explore_consistent("buffered, two receivers", 2, || {
        let channel = channel(0);
        let receivers = [(); 2].map(|()| start(&channel, |channel| receive(channel, NEVER)));
        for number in 1..=2 {
            assert_eq!(send(&channel, number, NEVER), Ok(number));
        }
        let received = receivers.map(|receiver| receiver.join().unwrap().unwrap());
        assert_same([1, 2], received);
        end(channel);
    });
}

#[test]
fn time_runs_out() {
    explore_consistent("buffered, a sender in time", 3, || {
        let channel = channel(1);
        let sender = start(&channel, |channel| send(channel, 1, SOON));
        assert_eq!(receive(&channel, NEVER), Ok(0));
        let sent = sender.join().unwrap();
        assert_eq!(receive(&channel, 0), sent);
        end(channel);
    });
    explore_consistent("buffered, a receiver in time", 3, || {
        let channel = channel(0);
        let receiver = start(&channel, |channel| receive(channel, SOON));
        assert_eq!(send(&channel, 1, NEVER), Ok(1));
        let received = receiver.join().unwrap();
        let rest = receive(&channel, 0);
        assert_eq!([received, rest].into_iter().flatten().count(), 1);
        end(channel);
    });
    explore_consistent("buffered, one of two in time", 2, || {
        let channel = channel(0);
        let patient = start(&channel, |channel| receive(channel, NEVER));
        let hasty = start(&channel, |channel| receive(channel, SOON));
        assert_eq!(send(&channel, 1, NEVER), Ok(1));
        let hasty = hasty.join().unwrap();
        if hasty.is_ok() {
            assert_eq!(send(&channel, 2, NEVER), Ok(2));
        }
        let expected = if hasty.is_ok() { 2 } else { 1 };
        assert_eq!(patient.join().unwrap(), Ok(expected));
        end(channel);
    });
}

#[test]
fn closed_while_somebody_comes() {
    explore_consistent("buffered, closed and received", 2, || {
        let channel = channel(0);
        let sender = start(&channel, |channel| send(channel, 1, NEVER));
        let closer = start(&channel, |channel| assert!(channel.close()));
        let received = receive_all(&channel);
        closer.join().unwrap();
        assert_same(sender.join().unwrap(), received);
        end(channel);
    });
    explore_consistent("buffered, closed and sent", 2, || {
        let channel = channel(1);
        let senders =
            [1, 2].map(|number| start(&channel, move |channel| send(channel, number, NEVER)));
        assert!(channel.close());
        let sent = senders.map(|sender| sender.join().unwrap());
        assert_eq!(sent, [Err(true), Err(true)]);
        assert_eq!(receive_all(&channel), [0]);
        end(channel);
    });
    explore_consistent("buffered, closed, received and sent", 2, || {
        let channel = channel(1);
        let sender = start(&channel, |channel| send(channel, 1, NEVER));
        let receiver = start(&channel, |channel| receive(channel, NEVER));
        assert!(channel.close());
        assert_eq!(receiver.join().unwrap(), Ok(0));
        let sent = sender.join().unwrap();
        assert_eq!(receive_all(&channel), sent.into_iter().collect::<Vec<_>>());
        end(channel);
    });
}
