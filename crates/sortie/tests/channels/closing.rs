//! Closed channels: by either half, by dropping, with and without somebody who
//! waits.

use crate::counted::Ledger;
use crate::crew::{Crew, Flavour, Member};
use sortie::chan::{
    Receiver, RecvError, RecvTimeoutError, SendError, SendTimeoutError, Sender, TryRecvError,
    TrySendError,
};
use std::time::Duration;

matrix![
    senders_gone,
    receivers_gone,
    closed_by_the_sender,
    closed_by_the_receiver,
    one_of_many_closes_it,
    waiting_receivers_are_told,
    waiting_senders_get_their_message_back,
    close_storm,
];

pub(crate) fn senders_gone<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let other = sender.clone();
    for i in 0..flavour.room() {
        sender.send(i).unwrap();
    }
    drop(sender);
    assert!(!receiver.is_closed());
    C::spawn(move || drop(other)).join();
    is_at_its_end(&receiver, flavour.room());
}

/// What is in it can be received, and then every way to receive says so.
fn is_at_its_end(receiver: &Receiver<usize>, count: usize) {
    assert!(receiver.is_closed());
    assert_eq!(receiver.len(), count);
    for i in 0..count {
        assert_eq!(receiver.recv(), Ok(i));
    }
    assert_eq!(receiver.recv(), Err(RecvError));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
    assert_eq!(
        receiver.recv_timeout(Duration::from_secs(1000)),
        Err(RecvTimeoutError::Disconnected)
    );
    assert_eq!(receiver.recv_many(&mut Vec::new(), 2), Err(RecvError));
    assert_eq!(receiver.iter().next(), None);
}

pub(crate) fn receivers_gone<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let other = receiver.clone();
    drop(receiver);
    assert!(!sender.is_closed());
    C::spawn(move || drop(other)).join();
    lets_nothing_in(&sender);
}

/// Every way to send says that it is closed.
fn lets_nothing_in(sender: &Sender<usize>) {
    assert!(sender.is_closed());
    assert_eq!(sender.send(1), Err(SendError(1)));
    assert_eq!(sender.try_send(2), Err(TrySendError::Disconnected(2)));
    assert_eq!(
        sender.send_timeout(3, Duration::from_secs(1000)),
        Err(SendTimeoutError::Disconnected(3))
    );
    let mut batch = vec![4, 5];
    assert_eq!(sender.send_many(&mut batch), Err(SendError(())));
    assert_eq!(batch, [4, 5]);
}

pub(crate) fn closed_by_the_sender<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    for i in 0..flavour.room() {
        sender.send(i).unwrap();
    }
    assert!(sender.close());
    assert!(!sender.close() && !receiver.close());
    lets_nothing_in(&sender);
    C::spawn(move || is_at_its_end(&receiver, flavour.room())).join();
}

pub(crate) fn closed_by_the_receiver<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    for i in 0..flavour.room() {
        sender.send(i).unwrap();
    }
    assert!(receiver.close());
    assert!(!sender.close() && !receiver.close());
    C::spawn(move || lets_nothing_in(&sender)).join();
    is_at_its_end(&receiver, flavour.room());
}

pub(crate) fn one_of_many_closes_it<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make::<()>();
    let members: Vec<_> = (0..10)
        .map(|i| {
            let (sender, receiver) = (sender.clone(), receiver.clone());
            C::spawn(move || {
                if i % 2 == 0 {
                    sender.close()
                } else {
                    receiver.close()
                }
            })
        })
        .collect();
    let closed = members.into_iter().filter(|_| true).map(Member::join);
    assert_eq!(closed.filter(|&closed| closed).count(), 1);
}

pub(crate) fn waiting_receivers_are_told<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make::<()>();
    let members: Vec<_> = (0..20)
        .map(|_| {
            let receiver = receiver.clone();
            C::spawn(move || receiver.recv())
        })
        .collect();
    C::pause();
    drop(sender);
    for member in members {
        assert_eq!(member.join(), Err(RecvError));
    }
}

pub(crate) fn waiting_senders_get_their_message_back<C: Crew>(flavour: Flavour) {
    let ledger = Ledger::new();
    let (sender, receiver) = flavour.make();
    let members: Vec<_> = (0..20)
        .map(|i| {
            let (sender, message) = (sender.clone(), ledger.message(i));
            C::spawn(move || match sender.send(message) {
                Ok(()) => None,
                Err(SendError(message)) => {
                    assert_eq!(message.number, i);
                    Some(i)
                }
            })
        })
        .collect();
    while flavour
        .capacity()
        .is_some_and(|capacity| receiver.len() < capacity)
    {
        C::pause();
    }
    receiver.close();
    let mut all: Vec<u64> = receiver.iter().map(|message| message.number).collect();
    all.extend(members.into_iter().filter_map(Member::join));
    all.sort_unstable();
    assert!(all.into_iter().eq(0..20));
    ledger.is_settled();
}

/// Everybody sends and receives while it is closed: each message is received, or
/// comes back.
pub(crate) fn close_storm<C: Crew>(flavour: Flavour) {
    const CROWD: u64 = 4;
    for round in 0..20 {
        let ledger = Ledger::new();
        let (sender, receiver) = flavour.make();
        let senders: Vec<_> = (0..CROWD)
            .map(|me| {
                let (sender, ledger) = (sender.clone(), ledger.clone());
                C::spawn(move || {
                    (me..)
                        .step_by(CROWD as usize)
                        .map_while(|i| {
                            sender
                                .send(ledger.message(i))
                                .err()
                                .map_or(Some(1), |_| None)
                        })
                        .sum::<usize>()
                })
            })
            .collect();
        let receivers: Vec<_> = (0..CROWD)
            .map(|_| {
                let receiver = receiver.clone();
                C::spawn(move || receiver.iter().count())
            })
            .collect();
        for _ in 0..round {
            C::pause();
        }
        assert!(sender.close());
        let sent: usize = senders.into_iter().map(Member::join).sum();
        let received: usize = receivers.into_iter().map(Member::join).sum();
        assert_eq!(sent, received);
        // Each sender's last one came back.
        assert_eq!(ledger.made(), sent + CROWD as usize);
        ledger.is_settled();
    }
}
