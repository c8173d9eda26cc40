//! The channel without buffer: both meet, or neither has done anything.
//!
//! * *Who comes first* puts a node into its side's queue, under the lock, and parks;
//!   with a time-out it opens a ticket before, so that time may end its wait.
//! * *Who comes second* finds the node there, wins its ticket if there is one, moves
//!   the message between the frames, notes the outcome, says that it is done with the
//!   node, and after unlocking makes the first ready if it was parked.
//! * *A sender without message* promises one: the receiver goes on waiting until it
//!   has come, or is told to try again.
//! * *Closing* ends all waits.
//!
//! Checked: a send succeeds exactly if a receive has got its message, whatever time
//! runs out and whoever closes; who succeeds sees what the other did before, who does
//! not has its message still; nobody uses a frame that may be gone; nobody waits for
//! ever.

use super::{Message, assert_same, end, here};
use crate::base::atomic::known;
use crate::base::clock::NEVER;
use crate::chan::errors::Refused;
use crate::chan::zero::Zero;
use crate::park::wait_queue::Until;
use crate::protocol::explore_bounded;
use loom::thread;
use loom::thread::JoinHandle;
use std::sync::Arc;

/// A deadline that is not now.
const SOON: u64 = 1_000;
/// A deadline that is now.
const NOW: u64 = 0;

type Channel = Arc<Zero<Message>>;

fn channel() -> Channel {
    let channel = Zero::new(here());
    let _ = known(&channel.core);
    Arc::new(channel)
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

fn start<R: 'static>(
    channel: &Channel,
    f: impl FnOnce(&Channel) -> R + Send + 'static,
) -> JoinHandle<R> {
    let channel = channel.clone();
    thread::spawn(move || f(&channel))
}

#[test]
fn one_meets_one() {
    // Either of them is once the thread that loom lets run first.
    explore_bounded("rendezvous, one sends", 4, || {
        let channel = channel();
        let sender = start(&channel, |channel| {
            assert_eq!(send(channel, 1, NEVER), Ok(1));
            assert_eq!(send(channel, 2, NEVER), Ok(2));
        });
        assert_eq!(receive(&channel, NEVER), Ok(1));
        assert_eq!(receive(&channel, NEVER), Ok(2));
        sender.join().unwrap();
        end(channel);
    });
    explore_bounded("rendezvous, one receives", 4, || {
        let channel = channel();
        let receiver = start(&channel, |channel| {
            assert_eq!(receive(channel, NEVER), Ok(1));
            assert_eq!(receive(channel, NEVER), Ok(2));
        });
        assert_eq!(send(&channel, 1, NEVER), Ok(1));
        assert_eq!(send(&channel, 2, NEVER), Ok(2));
        receiver.join().unwrap();
        end(channel);
    });
}

#[test]
fn two_senders() {
    explore_bounded("rendezvous, two senders", 2, || {
        let channel = channel();
        let senders = [1, 2].map(|number| {
            start(&channel, move |channel| {
                assert_eq!(send(channel, number, NEVER), Ok(number));
            })
        });
        let received = [(); 2].map(|()| receive(&channel, NEVER).unwrap());
        assert_same([1, 2], received);
        for sender in senders {
            sender.join().unwrap();
        }
        end(channel);
    });
}

#[test]
fn time_runs_out_for_both() {
    explore_bounded("rendezvous, both in time", 3, || {
        let channel = channel();
        let sender = start(&channel, |channel| send(channel, 1, SOON));
        let received = receive(&channel, SOON);
        assert_eq!(sender.join().unwrap(), received);
        end(channel);
    });
    explore_bounded("rendezvous, send in time, receive now", 4, || {
        let channel = channel();
        let sender = start(&channel, |channel| send(channel, 1, SOON));
        let received = receive(&channel, NOW);
        assert_eq!(sender.join().unwrap(), received);
        end(channel);
    });
    explore_bounded("rendezvous, receive in time, send now", 4, || {
        let channel = channel();
        let receiver = start(&channel, |channel| receive(channel, SOON));
        let sent = send(&channel, 1, NOW);
        assert_eq!(receiver.join().unwrap(), sent);
        end(channel);
    });
}

#[test]
fn time_runs_out_for_one_of_two() {
    explore_bounded("rendezvous, two receivers, one in time", 2, || {
        let channel = channel();
        let patient = start(&channel, |channel| receive(channel, NEVER));
        let hasty = start(&channel, |channel| receive(channel, SOON));
        assert_eq!(send(&channel, 1, NEVER), Ok(1));
        let second = send(&channel, 2, SOON);
        channel.close();
        let received = [patient, hasty].map(|receiver| receiver.join().unwrap());
        let sent = [Ok(1), second];
        assert_same(sent.into_iter().flatten(), received.into_iter().flatten());
        end(channel);
    });
}

#[test]
fn closed_while_both_come() {
    explore_bounded("rendezvous, closed", 3, || {
        let channel = channel();
        let sender = start(&channel, |channel| send(channel, 1, NEVER));
        let closer = start(&channel, |channel| assert!(channel.close()));
        let received = receive(&channel, NEVER);
        closer.join().unwrap();
        let sent = sender.join().unwrap();
        assert_eq!(sent, received);
        assert!(matches!(sent, Ok(1) | Err(true)));
        end(channel);
    });
    explore_bounded("rendezvous, closed or late", 2, || {
        let channel = channel();
        let sender = start(&channel, |channel| send(channel, 1, SOON));
        let closer = start(&channel, |channel| assert!(channel.close()));
        let received = receive(&channel, SOON);
        closer.join().unwrap();
        assert_eq!(sender.join().unwrap().ok(), received.ok());
        end(channel);
    });
}

/// Promises, once a receiver is there, and keeps that, or not.
fn promise(channel: &Channel, number: Option<u32>) {
    loop {
        match channel.promise() {
            // SAFETY: just promised.
            Ok(Some(partner)) => unsafe {
                channel.keep(partner, number.map(Message::new));
                return;
            },
            Ok(None) => thread::yield_now(),
            Err(_) => unreachable!("nobody closes it"),
        }
    }
}

#[test]
fn promised() {
    explore_bounded("rendezvous, promised", 4, || {
        let channel = channel();
        let receiver = start(&channel, |channel| receive(channel, NEVER));
        promise(&channel, Some(1));
        assert_eq!(receiver.join().unwrap(), Ok(1));
        end(channel);
    });
    explore_bounded("rendezvous, not kept", 3, || {
        let channel = channel();
        let receiver = start(&channel, |channel| receive(channel, NEVER));
        promise(&channel, None);
        assert_eq!(send(&channel, 1, NEVER), Ok(1));
        assert_eq!(receiver.join().unwrap(), Ok(1));
        end(channel);
    });
    explore_bounded("rendezvous, promised in time", 4, || {
        let channel = channel();
        let receiver = start(&channel, |channel| receive(channel, SOON));
        let Ok(partner) = channel.promise() else {
            unreachable!("nobody closes it")
        };
        if let Some(partner) = partner {
            // SAFETY: just promised.
            unsafe { channel.keep(partner, Some(Message::new(1))) };
        }
        let expected = partner.map(|_| 1).ok_or(false);
        assert_eq!(receiver.join().unwrap(), expected);
        end(channel);
    });
}
