//! Every message is dropped once, by whoever has it at the end.

use crate::counted::{Counted, Ledger};
use crate::crew::{Crew, Flavour};
use crate::parked::until_parked;
use sortie::chan::{Receiver, Select, Sender, bounded, select, unbounded};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

matrix![
    messages_inside_when_the_receiver_goes,
    messages_inside_when_the_sender_goes_first,
    received_and_kept,
    the_message_expression_panics,
    the_body_panics,
    an_operation_that_is_not_completed,
    receivers_come_and_go,
];

fn fill(flavour: Flavour, sender: &Sender<Counted>, ledger: &Ledger) {
    for i in 0..flavour.room() as u64 {
        sender.send(ledger.message(i)).unwrap();
    }
}

pub(crate) fn messages_inside_when_the_receiver_goes<C: Crew>(flavour: Flavour) {
    let ledger = Ledger::new();
    let (sender, receiver) = flavour.make();
    fill(flavour, &sender, &ledger);
    assert_eq!(ledger.alive(), flavour.room());
    C::spawn(move || drop(receiver)).join();
    // At once, not when the sender goes.
    assert_eq!(ledger.alive(), 0);
    ledger.is_settled();
    drop(sender);
}

pub(crate) fn messages_inside_when_the_sender_goes_first<C: Crew>(flavour: Flavour) {
    let ledger = Ledger::new();
    let (sender, receiver) = flavour.make();
    fill(flavour, &sender, &ledger);
    C::spawn(move || drop(sender)).join();
    assert_eq!(ledger.alive(), flavour.room());
    drop(receiver.recv());
    assert_eq!(ledger.alive(), flavour.room().saturating_sub(1));
    drop(receiver);
    ledger.is_settled();
}

pub(crate) fn received_and_kept<C: Crew>(flavour: Flavour) {
    let ledger = Ledger::new();
    let (sender, receiver) = flavour.make();
    let own = ledger.clone();
    let member =
        C::spawn(move || (0..50).try_for_each(|i| sender.send(own.message(i)).map_err(drop)));
    let kept: Vec<_> = receiver.iter().collect();
    member.join().unwrap();
    drop(receiver);
    assert_eq!((kept.len(), ledger.alive()), (50, 50));
    drop(kept);
    ledger.is_settled();
}

/// Panics in `f`, without a message on the screen.
fn panics(f: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(f)).is_err());
}

fn fail<T>() -> T {
    resume_unwind(Box::new("on purpose"))
}

pub(crate) fn the_message_expression_panics<C: Crew>(flavour: Flavour) {
    let ledger = Ledger::new();
    let (sender, receiver) = flavour.make::<Counted>();
    for round in 0..20 {
        let (receiver, own) = (receiver.clone(), ledger.clone());
        // Somebody receives all the time, so that it is chosen without room too.
        let member = C::spawn(move || assert_eq!(receiver.recv().unwrap().number, round));
        panics(|| select! { send(sender, fail()) -> _ => unreachable!() });
        sender.send(own.message(round)).unwrap();
        member.join();
    }
    assert_eq!((ledger.made(), ledger.alive()), (20, 0));
    assert!(receiver.try_recv().is_err());
    ledger.is_settled();
}

pub(crate) fn the_body_panics<C: Crew>(flavour: Flavour) {
    let ledger = Ledger::new();
    let (sender, receiver) = flavour.make();
    let own = ledger.clone();
    let member = C::spawn(move || {
        for i in 0..20 {
            panics(|| {
                select! {
                    send(sender, own.message(i)) -> result => {
                        result.unwrap();
                        fail::<()>();
                    }
                }
            });
        }
    });
    let nil = sortie::chan::never::<()>();
    for i in 0..20 {
        panics(|| {
            select! {
                recv(receiver) -> message => {
                    assert_eq!(message.unwrap().number, i);
                    fail::<()>();
                }
                recv(nil) -> _ => unreachable!(),
            }
        });
    }
    member.join();
    assert_eq!(ledger.made(), 20);
    ledger.is_settled();
}

pub(crate) fn an_operation_that_is_not_completed<C: Crew>(flavour: Flavour) {
    fn panic_text(f: impl FnOnce()) -> String {
        let hook = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
        match hook.downcast::<&str>() {
            Ok(text) => (*text).to_owned(),
            Err(other) => *other.downcast::<String>().unwrap(),
        }
    }
    let ledger = Ledger::new();
    let (sender, receiver) = flavour.make::<Counted>();
    // One that receives: the message is lost, but dropped.
    let (own, message) = (sender.clone(), ledger.message(1));
    let member = C::spawn(move || own.send(message).unwrap());
    let text = panic_text(|| {
        let mut select = Select::new();
        select.recv(&receiver);
        drop(select.select());
    });
    assert!(text.contains("without completing"), "{text}");
    member.join();
    ledger.is_settled();
    // One that sends: the place is free again, who waits goes on waiting.
    let own = receiver.clone();
    let member = C::spawn(move || own.recv().unwrap().number);
    let text = panic_text(|| {
        let mut select = Select::new();
        select.send(&sender);
        drop(select.select());
    });
    assert!(text.contains("without completing"), "{text}");
    sender.send(ledger.message(2)).unwrap();
    assert_eq!(member.join(), 2);
    // Completed with another half of the same channel: a mistake that is told.
    let other = sender.clone();
    let own = receiver.clone();
    let member = C::spawn(move || own.recv().unwrap().number);
    let text = panic_text(|| {
        let mut select = Select::new();
        select.send(&sender);
        let _ = select.select().send(&other, ledger.message(3));
    });
    assert!(text.contains("wasn't selected"), "{text}");
    sender.send(ledger.message(4)).unwrap();
    assert_eq!(member.join(), 4);
    ledger.is_settled();
}

/// The last receiver goes while others send, until nothing is let in any more.
pub(crate) fn receivers_come_and_go<C: Crew>(flavour: Flavour) {
    for _ in 0..10 {
        let ledger = Ledger::new();
        let (sender, receiver) = flavour.make();
        let senders: Vec<_> = (0..3_u64)
            .map(|me| {
                let (sender, ledger) = (sender.clone(), ledger.clone());
                C::spawn(move || {
                    let mut numbers = (me..).step_by(3);
                    while sender.send(ledger.message(numbers.next().unwrap())).is_ok() {}
                })
            })
            .collect();
        let receivers: Vec<_> = (0..3)
            .map(|_| {
                let receiver: Receiver<Counted> = receiver.clone();
                C::spawn(move || receiver.iter().take(20).for_each(drop))
            })
            .collect();
        drop(receiver);
        receivers.into_iter().for_each(|member| member.join());
        senders.into_iter().for_each(|member| member.join());
        // Some may have come in while the rest was thrown away: they go with the
        // channel.
        drop(sender);
        ledger.is_settled();
    }
}

/// A message that owns a half of its own channel.
#[sortie::test]
fn channels_in_channels() {
    struct Link(
        #[expect(dead_code, reason = "only to be dropped")] Sender<Link>,
        Counted,
    );
    let ledger = Ledger::new();
    for capacity in [1, 3] {
        let (sender, receiver) = bounded(capacity);
        for i in 0..capacity as u64 {
            let message = ledger.message(i + 10 * capacity as u64);
            sender.send(Link(sender.clone(), message)).unwrap();
        }
        drop(sender);
        let first = receiver.recv().unwrap();
        assert_eq!(first.1.number, 10 * capacity as u64);
        // Dropping them breaks the circle.
        drop(receiver);
    }
    ledger.is_settled();
}

/// A destructor that panics does not keep the others from being dropped twice, or
/// the channel from being freed.
#[test]
fn a_destructor_panics() {
    struct Bad(Counted);
    impl Drop for Bad {
        fn drop(&mut self) {
            if self.0.number == 1 {
                fail::<()>();
            }
        }
    }
    let ledger = Ledger::new();
    let (sender, receiver) = unbounded();
    for i in 0..3 {
        sender.send(Bad(ledger.message(i))).unwrap();
    }
    panics(|| drop(receiver));
    assert!(sender.send(Bad(ledger.message(3))).is_err());
    drop(sender);
    // Those after it may be forgotten, but none is dropped twice.
    assert!(ledger.alive() <= 1);
}

/// A message on the frame of a sender that waits is given back, not copied.
#[sortie::test]
fn waiting_senders_have_their_message() {
    let ledger = Ledger::new();
    for capacity in [0, 1] {
        let (sender, receiver) = bounded(capacity);
        for i in 0..capacity as u64 {
            sender.send(ledger.message(100 + i)).unwrap();
        }
        let (own, message) = (sender.clone(), ledger.message(capacity as u64));
        let handle = sortie::go(move || own.send(message).unwrap_err().into_inner());
        until_parked(handle.goroutine().id(), "chan send");
        drop(receiver);
        let back = handle.join().unwrap();
        assert_eq!((back.number, ledger.alive()), (capacity as u64, 1));
    }
    ledger.is_settled();
}
