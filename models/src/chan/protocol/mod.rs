//! The models of channels, a file for each kind.

mod block_list;
mod buffered;
mod lane;
mod rendezvous;
mod ring;
mod select;

use super::buffer::Buffer;
use super::lane::Mover;
use super::ring::Ring;
use crate::base::atomic;
use crate::protocol::Watched;
use crate::sched::deadlock;
use std::cell::Cell;
use std::panic::Location;
use std::thread;

thread_local! {
    /// Messages that are alive. loom's threads all run on the OS thread of their
    /// model.
    static ALIVE: Cell<isize> = const { Cell::new(0) };
}

/// What is sent: a number, which loom watches. It is written by who makes the
/// message, and looked at by who takes or drops it.
#[derive(Debug)]
struct Message(Watched<u32>);

impl Message {
    fn new(number: u32) -> Self {
        ALIVE.set(ALIVE.get() + 1);
        let message = Message(Watched::new(0));
        message.0.change(|value| *value = number);
        message
    }

    /// The number.
    fn take(self) -> u32 {
        self.0.look(|number| *number)
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.0.change(|_| ());
            ALIVE.set(ALIVE.get() - 1);
            assert!(ALIVE.get() >= 0, "a message was dropped twice");
        }
    }
}

/// Drops a channel, the last of what the model has, and checks that nothing is left.
fn end<T>(channel: T) {
    drop(channel);
    assert_eq!(ALIVE.replace(0), 0, "messages that are alive");
    atomic::no_cells();
    deadlock::nobody_waits();
}

/// Where the models are.
#[track_caller]
fn here() -> &'static Location<'static> {
    Location::caller()
}

/// A ring whose atomics loom knows: each slot was used once.
fn known_ring(capacity: usize) -> Ring<Message> {
    let ring = Ring::new(capacity);
    for number in 0..capacity as u32 {
        assert!(ring.push(Message::new(number), Mover::caller()).is_ok());
    }
    assert_eq!(rest(&ring).len(), capacity);
    ring
}

/// The messages that are left in a buffer.
fn rest(buffer: &impl Buffer<Message>) -> Vec<u32> {
    let mut rest = Vec::new();
    while let Ok(Some(message)) = buffer.pop(Mover::caller()) {
        rest.push(message.take());
    }
    rest
}

/// Checks that messages which were sent in rising order were received so.
fn assert_rising(received: &[u32]) {
    assert!(received.is_sorted(), "overtaken: {received:?}");
}

/// Checks that the same messages were sent and received.
fn assert_same(sent: impl IntoIterator<Item = u32>, received: impl IntoIterator<Item = u32>) {
    let sorted = |mut all: Vec<u32>| {
        all.sort_unstable();
        all
    };
    let sent = sorted(sent.into_iter().collect());
    let received = sorted(received.into_iter().collect());
    assert_eq!(sent, received, "sent, and received");
}
