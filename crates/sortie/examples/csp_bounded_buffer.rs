//! The bounded buffer, section 5.1 of Hoare's "Communicating Sequential
//! Processes" (1978): a process that takes portions from a producer while there is
//! room, and gives them to a consumer while there are any.
//!
//! It shows how guards are written: where one does not hold, `select!` looks at a
//! channel on which nothing ever comes. In the paper only input may be guarded, so
//! the consumer first asks for more. (Who just wants the buffer takes
//! `bounded(10)`.)

use sortie::chan::{Receiver, Sender, bounded, never, select};
use std::collections::VecDeque;

/// Portions that the buffer holds at most.
pub(crate) const SIZE: usize = 10;

pub(crate) fn buffer<T>(mut producer: Receiver<T>, more: Receiver<()>, consumer: Sender<T>) {
    let (no_room, nothing_there) = (never(), never());
    let mut content = VecDeque::with_capacity(SIZE);
    let mut produced_all = false;
    while !(produced_all && content.is_empty()) {
        select! {
            recv(if content.len() < SIZE { &producer } else { &no_room }) -> portion => {
                match portion {
                    Ok(portion) => content.push_back(portion),
                    Err(_) => {
                        produced_all = true;
                        producer = never();
                    }
                }
            }
            recv(if content.is_empty() { &nothing_there } else { &more }) -> asked => {
                let (Ok(()), Some(portion)) = (asked, content.pop_front()) else {
                    return;
                };
                consumer.send(portion).expect("who asked takes it");
            }
        }
    }
}

/// Sends so many portions through the buffer; returns what comes out.
pub(crate) fn through_buffer(count: u32) -> Vec<u32> {
    let (produce, producer) = bounded(0);
    let (ask, more) = bounded(0);
    let (consumer, portions) = bounded(0);
    sortie::scope(|s| {
        s.go(move || (0..count).for_each(|n| produce.send(n).expect("it takes all")));
        s.go(move || buffer(producer, more, consumer));
        let mut consumed = Vec::new();
        while ask.send(()).is_ok()
            && let Ok(portion) = portions.recv()
        {
            consumed.push(portion);
        }
        consumed
    })
}

#[sortie::main]
pub(crate) fn main() {
    println!("{:?}", through_buffer(25));
}
