//! Go's test/chan/select7.go: plain operations and selects of one and two cases,
//! each with each; the message is not used.
//!
//! <https://github.com/golang/go/blob/master/test/chan/select7.go>

use crate::parked::until_parked;
use sortie::chan::{Receiver, Sender, bounded, select};

type Receive = fn(&Receiver<i32>);

/// How to receive, and why that waits.
const RECEIVES: [(Receive, &str); 3] = [
    (
        |receiver| assert_eq!(receiver.recv(), Ok(1)),
        "chan receive",
    ),
    (
        |receiver| select! { recv(receiver) -> _ => {} },
        "chan receive",
    ),
    (
        |receiver| {
            let (_idle_sender, idle) = bounded::<i32>(0);
            select! {
                recv(receiver) -> _ => {}
                recv(idle) -> _ => unreachable!(),
            }
        },
        "select",
    ),
];

const SENDS: [fn(&Sender<i32>); 3] = [
    |sender| sender.send(1).unwrap(),
    |sender| select! { send(sender, 1) -> result => result.unwrap() },
    |sender| {
        let (idle, _idle_receiver) = bounded(0);
        select! {
            send(sender, 1) -> result => result.unwrap(),
            send(idle, 1) -> _ => unreachable!(),
        }
    },
];

#[sortie::test]
fn each_way_to_send_with_each_way_to_receive() {
    for (receive, reason) in RECEIVES {
        for send in SENDS {
            let (sender, receiver) = bounded(0);
            let handle = sortie::go(move || receive(&receiver));
            until_parked(handle.goroutine().id(), reason);
            send(&sender);
            handle.join().unwrap();
        }
    }
}
