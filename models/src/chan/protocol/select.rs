//! Select: one of several channels, and only one.
//!
//! * *Who selects* looks at all channels, then lines up in one after the other with
//!   one ticket, looking again each time, and parks unless somebody has ended the wait
//!   by then; at last it leaves all queues.
//! * *Who comes* to one of the channels finds the node, and tries to win the ticket. If
//!   the owner had not parked yet it is not made ready, and notices by itself.
//! * *Two selects* may find each other while both line up.
//!
//! Checked, with the real [`Select`] on halves of real channels: exactly one case is
//! done; its message is received once, by somebody who sees it written, and none is
//! lost where the wait was ended by a case or by time; two selects that could meet do,
//! on one channel, from any order of their cases; nobody waits for ever.

use super::{Message, assert_same, end};
use crate::base::atomic::known;
use crate::chan::make::bounded;
use crate::chan::receiver::Receiver;
use crate::chan::select::Select;
use crate::chan::sender::Sender;
use crate::protocol::{explore_bounded, explore_consistent};
use Case::{Give, Take};
use loom::thread;
use loom::thread::JoinHandle;
use std::sync::Arc;
use std::time::Duration;

/// Time that passes when somebody waits for it.
const SOON: Duration = Duration::from_nanos(1_000);

type Halves = (Sender<Message>, Receiver<Message>);
type Channels = Arc<[Halves; 2]>;

/// Two channels whose atomics loom knows.
fn channels(capacity: usize) -> Channels {
    let channels = [(); 2].map(|()| {
        let halves: Halves = bounded(capacity);
        let _ = known(halves.0.shared.core());
        for number in 0..capacity as u32 {
            assert!(halves.0.try_send(Message::new(number)).is_ok());
        }
        while halves.1.try_recv().is_ok() {}
        halves
    });
    Arc::new(channels)
}

fn start<R: 'static>(
    channels: &Channels,
    f: impl FnOnce(&[Halves; 2]) -> R + Send + 'static,
) -> JoinHandle<R> {
    let channels = channels.clone();
    thread::spawn(move || f(&channels))
}

/// What a case is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// Receive from this channel.
    Take(usize),
    /// Send this number into this channel.
    Give(usize, u32),
}

/// What was done: nothing, if time ran out. What failed tells that the channel is
/// closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Done {
    Received(usize, u32),
    Sent(usize, u32),
    Closed(usize),
    Nothing,
}

/// Selects one of the cases, in this order.
fn select(channels: &[Halves; 2], cases: &[Case], timeout: Option<Duration>) -> Done {
    let mut select = Select::new();
    for case in cases {
        match *case {
            Case::Take(channel) => select.recv(&channels[channel].1),
            Case::Give(channel, _) => select.send(&channels[channel].0),
        };
    }
    let operation = match timeout {
        None => select.select(),
        Some(timeout) => match select.select_timeout(timeout) {
            Ok(operation) => operation,
            Err(_) => return Done::Nothing,
        },
    };
    match cases[operation.index()] {
        Case::Take(channel) => match operation.recv(&channels[channel].1) {
            Ok(message) => Done::Received(channel, message.take()),
            Err(_) => Done::Closed(channel),
        },
        Case::Give(channel, number) => {
            match operation.send(&channels[channel].0, Message::new(number)) {
                Ok(()) => Done::Sent(channel, number),
                Err(_) => Done::Closed(channel),
            }
        }
    }
}

/// The number that was received.
fn received(done: Done) -> Option<u32> {
    match done {
        Done::Received(_, number) => Some(number),
        _ => None,
    }
}

/// Receives by two selects what two send.
fn receive_both(capacity: usize) {
    let channels = channels(capacity);
    let senders = [0, 1].map(|channel| {
        start(&channels, move |channels| {
            assert!(
                channels[channel]
                    .0
                    .send(Message::new(channel as u32))
                    .is_ok()
            );
        })
    });
    let cases = [Take(0), Take(1)];
    for _ in 0..2 {
        let done = select(&channels, &cases, None);
        assert!(matches!(done, Done::Received(channel, number) if channel as u32 == number));
    }
    for sender in senders {
        sender.join().unwrap();
    }
    assert_eq!(
        select(&channels, &cases, Some(Duration::ZERO)),
        Done::Nothing
    );
    end(channels);
}

#[test]
fn two_senders_on_two_channels() {
    explore_bounded("select, two senders", 2, || receive_both(0));
    explore_consistent("select, two senders, buffered", 1, || receive_both(1));
}

#[test]
fn two_receivers_on_two_channels() {
    explore_bounded("select, two receivers", 2, || {
        let channels = channels(0);
        let receivers = [0, 1].map(|channel| {
            start(&channels, move |channels| {
                channels[channel].1.recv().unwrap().take() as usize == channel
            })
        });
        let mut left = vec![Give(0, 0), Give(1, 1)];
        while !left.is_empty() {
            let Done::Sent(channel, _) = select(&channels, &left, None) else {
                unreachable!("nobody closes it");
            };
            left.retain(|case| !matches!(case, Give(other, _) if *other == channel));
        }
        for receiver in receivers {
            assert!(receiver.join().unwrap());
        }
        end(channels);
    });
}

/// Two selects that can meet on either channel, but only once.
fn meet(capacity: usize, first: [Case; 2], second: [Case; 2]) {
    let channels = channels(capacity);
    let other = start(&channels, move |channels| select(channels, &second, None));
    let done = [select(&channels, &first, None), other.join().unwrap()];
    match done {
        [Done::Sent(channel, number), Done::Received(from, received)]
        | [Done::Received(from, received), Done::Sent(channel, number)] => {
            assert_eq!((from, received), (channel, number));
        }
        _ => unreachable!("they did not meet: {done:?}"),
    }
    end(channels);
}

#[test]
fn two_selects_meet() {
    let (send, receive) = ([Give(0, 1), Give(1, 2)], [Take(0), Take(1)]);
    let turned = [Take(1), Take(0)];
    explore_bounded("select, two meet", 3, move || meet(0, send, receive));
    explore_bounded("select, two meet, turned", 3, move || meet(0, send, turned));
    explore_bounded("select, two meet, receiver first", 3, move || {
        meet(0, turned, send)
    });
}

#[test]
fn two_selects_cross() {
    let (first, second) = ([Give(0, 1), Take(1)], [Take(0), Give(1, 2)]);
    let turned = [Give(1, 2), Take(0)];
    explore_bounded("select, two cross", 3, move || meet(0, first, second));
    explore_bounded("select, two cross, turned", 3, move || {
        meet(0, first, turned)
    });
}

#[test]
fn two_selects_compete() {
    explore_bounded("select, two compete", 2, || {
        let channels = channels(0);
        let cases = [Take(0), Take(1)];
        let rivals = [cases, [cases[1], cases[0]]]
            .map(|cases| start(&channels, move |channels| select(channels, &cases, None)));
        for channel in [0, 1] {
            let message = Message::new(channel as u32);
            assert!(channels[channel].0.send(message).is_ok());
        }
        let done = rivals.map(|rival| rival.join().unwrap());
        assert_same([0, 1], done.into_iter().filter_map(received));
        end(channels);
    });
}

#[test]
fn room_comes() {
    explore_consistent("select, room comes", 3, || {
        let channels = channels(1);
        for (sender, _) in channels.iter() {
            assert!(sender.send(Message::new(0)).is_ok());
        }
        let sender = start(&channels, |channels| {
            select(channels, &[Give(0, 1), Give(1, 2)], None)
        });
        assert_eq!(channels[1].1.recv().unwrap().take(), 0);
        assert_eq!(sender.join().unwrap(), Done::Sent(1, 2));
        assert_eq!(channels[1].1.recv().unwrap().take(), 2);
        end(channels);
    });
}

#[test]
fn a_message_comes() {
    explore_consistent("select, a message comes", 3, || {
        let channels = channels(1);
        let receiver = start(&channels, |channels| {
            select(channels, &[Take(0), Take(1)], None)
        });
        assert!(channels[1].0.send(Message::new(1)).is_ok());
        assert_eq!(receiver.join().unwrap(), Done::Received(1, 1));
        end(channels);
    });
}

#[test]
fn time_runs_out() {
    for capacity in [0, 1] {
        explore_consistent("select, in time", 3, move || {
            let channels = channels(capacity);
            let receiver = start(&channels, |channels| {
                select(channels, &[Take(0), Take(1)], Some(SOON))
            });
            let sent = channels[0].0.send_timeout(Message::new(1), SOON).is_ok();
            let mut received: Vec<u32> = received(receiver.join().unwrap()).into_iter().collect();
            received.extend(channels[0].1.try_recv().ok().map(Message::take));
            assert_same(sent.then_some(1), received);
            end(channels);
        });
    }
}

#[test]
fn closed_while_it_selects() {
    for capacity in [0, 1] {
        explore_consistent("select, closed", 2, move || {
            let channels = channels(capacity);
            let sender = start(&channels, |channels| {
                channels[0].0.send_timeout(Message::new(1), SOON).is_ok()
            });
            let closer = start(&channels, |channels| assert!(channels[1].1.close()));
            let done = select(&channels, &[Take(0), Take(1)], None);
            assert!(matches!(done, Done::Closed(1) | Done::Received(0, 1)));
            closer.join().unwrap();
            let sent = sender.join().unwrap();
            let rest = channels[0].1.try_recv().ok().map(Message::take);
            assert_same(sent.then_some(1), received(done).into_iter().chain(rest));
            end(channels);
        });
    }
}
