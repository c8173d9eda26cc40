//! Everybody on one channel: goroutines, threads and tasks, with every operation
//! there is.

use crate::counted::{Counted, Ledger};
use crate::crew::{Crew, Flavour, Member, Mixed};
use futures::StreamExt;
use pollster::block_on;
use sortie::chan::{Receiver, Select, Sender, TrySendError, never, select};
use std::time::Duration;

pub(crate) type Send = fn(&Sender<Counted>, Vec<Counted>);
pub(crate) type Receive = fn(Receiver<Counted>) -> usize;

pub(crate) const SENDS: [Send; 7] = [
    |sender, all| all.into_iter().for_each(|m| sender.send(m).unwrap()),
    |sender, mut all| assert!(sender.send_many(&mut all).is_ok()),
    |sender, all| {
        for message in all {
            block_on(sender.send_async(message)).unwrap();
        }
    },
    |sender, all| {
        let nil = never::<()>();
        for message in all {
            select! {
                send(sender, message) -> result => result.unwrap(),
                recv(nil) -> _ => unreachable!(),
            }
        }
    },
    |sender, all| {
        for mut message in all {
            while let Err(error) = sender.send_timeout(message, Duration::from_micros(30)) {
                message = error.into_inner();
            }
        }
    },
    |sender, all| {
        for message in all {
            // Those that wait count as room only if they do not just watch.
            if let Err(TrySendError::Full(message)) = sender.try_send(message) {
                sender.send(message).unwrap();
            }
        }
    },
    |sender, all| {
        for message in all {
            let mut select = Select::new();
            select.send(sender);
            select.select().send(sender, message).unwrap();
        }
    },
];

pub(crate) const RECEIVES: [Receive; 6] = [
    |receiver| receiver.into_iter().count(),
    |receiver| {
        let mut all = Vec::new();
        while receiver.recv_many(&mut all, 3).is_ok() {}
        all.len()
    },
    |receiver| block_on(receiver.into_stream().count()),
    |receiver| {
        let nil = never::<()>();
        let mut count = 0;
        loop {
            select! {
                recv(receiver) -> message => match message {
                    Ok(_) => count += 1,
                    Err(_) => return count,
                },
                recv(nil) -> _ => unreachable!(),
            }
        }
    },
    |receiver| {
        let mut count = 0;
        loop {
            match receiver.recv_timeout(Duration::from_micros(30)) {
                Ok(_) => count += 1,
                Err(error) if error.is_timeout() => {}
                Err(_) => return count,
            }
        }
    },
    |receiver| {
        let mut select = Select::new();
        select.recv(&receiver);
        let mut count = 0;
        loop {
            select.ready();
            match receiver.try_recv() {
                Ok(_) => count += 1,
                Err(error) if error.is_empty() => {}
                Err(_) => return count,
            }
        }
    },
];

#[test]
fn every_operation_at_once() {
    const EACH: u64 = 60;
    for flavour in Flavour::ALL {
        let ledger = Ledger::new();
        let (sender, receiver) = flavour.make();
        let receivers: Vec<_> = RECEIVES
            .map(|receive| {
                let receiver = receiver.clone();
                Mixed::spawn(move || receive(receiver))
            })
            .into_iter()
            .collect();
        let senders: Vec<_> = (0..)
            .zip(SENDS)
            .map(|(me, send)| {
                let (sender, ledger) = (sender.clone(), ledger.clone());
                let numbers = me * EACH..(me + 1) * EACH;
                Mixed::spawn(move || send(&sender, numbers.map(|i| ledger.message(i)).collect()))
            })
            .collect();
        drop((sender, receiver));
        senders.into_iter().for_each(Member::join);
        let received: usize = receivers.into_iter().map(Member::join).sum();
        assert_eq!(received, SENDS.len() * EACH as usize);
        ledger.is_settled();
    }
}

/// Each way to send with each way to receive.
#[test]
fn every_operation_with_every_other() {
    const COUNT: u64 = 20;
    for flavour in Flavour::ALL {
        for (send, receive) in SENDS
            .into_iter()
            .flat_map(|send| RECEIVES.map(|receive| (send, receive)))
        {
            let ledger = Ledger::new();
            let (sender, receiver) = flavour.make();
            let member = Mixed::spawn(move || receive(receiver));
            send(&sender, (0..COUNT).map(|i| ledger.message(i)).collect());
            drop(sender);
            assert_eq!(member.join(), COUNT as usize);
            ledger.is_settled();
        }
    }
}
