//! Who waits stands in line.

use crate::crew::Flavour;
use crate::parked::until_parked;
use sortie::chan::{bounded, select};

/// How to wait for a message, and the reason that dumps tell.
type Wait = (
    fn(&sortie::chan::Receiver<u32>) -> Option<u32>,
    &'static str,
);

const WAITS: [Wait; 3] = [
    (|receiver| receiver.recv().ok(), "chan receive"),
    (
        |receiver| {
            receiver
                .recv_timeout(std::time::Duration::from_secs(1000))
                .ok()
        },
        "chan receive",
    ),
    (
        |receiver| {
            let nil = sortie::chan::never::<()>();
            select! {
                recv(receiver) -> message => message.ok(),
                recv(nil) -> _ => unreachable!(),
            }
        },
        "select",
    ),
];

const COUNT: u32 = 9;

#[sortie::test]
fn receivers_get_messages_in_the_order_in_which_they_came() {
    for flavour in Flavour::ALL {
        let (sender, receiver) = flavour.make();
        let handles: Vec<_> = (0..COUNT)
            .map(|i| {
                let receiver = receiver.clone();
                let (wait, reason) = WAITS[i as usize % WAITS.len()];
                let handle = sortie::go(move || wait(&receiver));
                until_parked(handle.goroutine().id(), reason);
                handle
            })
            .collect();
        for i in 0..COUNT {
            sender.send(i).unwrap();
        }
        for (i, handle) in (0..COUNT).zip(handles) {
            assert_eq!(handle.join().unwrap(), Some(i), "{flavour:?}");
        }
    }
}

#[sortie::test]
fn messages_sent_at_once_reach_those_who_wait_in_order() {
    for flavour in Flavour::ALL {
        let (sender, receiver) = flavour.make();
        let handles: Vec<_> = (0..COUNT)
            .map(|_| {
                let receiver = receiver.clone();
                let handle = sortie::go(move || receiver.recv());
                until_parked(handle.goroutine().id(), "chan receive");
                handle
            })
            .collect();
        sender.send_many(&mut (0..COUNT).collect()).unwrap();
        for (i, handle) in (0..COUNT).zip(handles) {
            assert_eq!(handle.join().unwrap(), Ok(i), "{flavour:?}");
        }
    }
}

#[sortie::test]
fn senders_are_served_in_the_order_in_which_they_came() {
    for capacity in [0, 1, 7] {
        let (sender, receiver) = bounded(capacity);
        for i in 0..capacity {
            sender.send(i).unwrap();
        }
        for i in capacity..capacity + 9 {
            let sender = sender.clone();
            let handle = sortie::go(move || match i % 2 {
                0 => sender.send(i).unwrap(),
                _ => sender
                    .send_timeout(i, std::time::Duration::from_secs(1000))
                    .unwrap(),
            });
            until_parked(handle.goroutine().id(), "chan send");
        }
        for i in 0..capacity + 9 {
            assert_eq!(receiver.recv(), Ok(i), "capacity {capacity}");
        }
    }
}

/// Who comes later does not take what is due to who waits: neither messages nor
/// room.
#[sortie::test]
fn nobody_overtakes_who_waits() {
    let (sender, receiver) = bounded(1);
    sender.send(0).unwrap();
    let own = sender.clone();
    let waits = sortie::go(move || own.send(1));
    until_parked(waits.goroutine().id(), "chan send");
    assert_eq!(receiver.recv(), Ok(0));
    // The room went to who waited, at once.
    assert!(sender.try_send(2).is_err());
    assert_eq!(receiver.recv(), Ok(1));
    waits.join().unwrap().unwrap();

    let own = receiver.clone();
    let waits = sortie::go(move || own.recv());
    until_parked(waits.goroutine().id(), "chan receive");
    sender.send(3).unwrap();
    // The message went past the buffer.
    assert!(receiver.try_recv().is_err());
    assert_eq!(sender.len(), 0);
    assert_eq!(waits.join().unwrap(), Ok(3));
}

/// Who gives up leaves the line in order.
#[sortie::test]
fn the_line_closes_up_when_somebody_leaves() {
    for leaves in 0..3 {
        let (sender, receiver) = bounded(0);
        let (stop, stopped) = bounded::<()>(0);
        let handles = [0, 1, 2].map(|i| {
            let (receiver, stopped) = (receiver.clone(), stopped.clone());
            let never = sortie::chan::never();
            let handle = sortie::go(move || {
                let stopped = if i == leaves { &stopped } else { &never };
                select! {
                    recv(receiver) -> message => message.ok(),
                    recv(stopped) -> _ => None,
                }
            });
            until_parked(handle.goroutine().id(), "select");
            handle
        });
        stop.send(()).unwrap();
        for message in 0..2 {
            sender.send(message).unwrap();
        }
        let mut next = 0;
        for (i, handle) in handles.into_iter().enumerate() {
            let expected = (i != leaves).then(|| {
                next += 1;
                next - 1
            });
            assert_eq!(handle.join().unwrap(), expected);
        }
    }
}
