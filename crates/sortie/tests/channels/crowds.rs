//! One and many, in all combinations.

use crate::crew::{Crew, Flavour, Member};
use sortie::chan::{Receiver, Select, Sender, select};

matrix![
    many_to_one,
    one_to_many,
    many_to_many,
    there_and_back,
    many_select_to_many_select,
    all_kinds_at_once,
];

const EACH: u64 = 300;

type Send = fn(&Sender<u64>, u64);
type Receive = fn(&Receiver<u64>) -> Option<u64>;

/// So many senders and receivers, each with its way to do it. Every message
/// arrives once, and those of one sender in order at each receiver.
fn crowd<C: Crew>(flavour: Flavour, sends: &[Send], receives: &[Receive]) {
    let (sender, receiver) = flavour.make();
    let senders: Vec<_> = (0..)
        .zip(sends)
        .map(|(me, &send)| {
            let sender = sender.clone();
            C::spawn(move || (0..EACH).for_each(|i| send(&sender, me * EACH + i)))
        })
        .collect();
    drop(sender);
    let receivers: Vec<_> = receives
        .iter()
        .map(|&receive| {
            let receiver = receiver.clone();
            C::spawn(move || std::iter::from_fn(|| receive(&receiver)).collect::<Vec<_>>())
        })
        .collect();
    drop(receiver);
    senders.into_iter().for_each(Member::join);
    let mut all = Vec::new();
    for numbers in receivers.into_iter().map(Member::join) {
        for me in 0..sends.len() as u64 {
            assert!(numbers.iter().filter(|&&i| i / EACH == me).is_sorted());
        }
        all.extend(numbers);
    }
    all.sort_unstable();
    assert!(all.into_iter().eq(0..EACH * sends.len() as u64));
}

fn send(sender: &Sender<u64>, message: u64) {
    sender.send(message).unwrap();
}

fn select_send(sender: &Sender<u64>, message: u64) {
    let nil = sortie::chan::never::<()>();
    select! {
        send(sender, message) -> result => result.unwrap(),
        recv(nil) -> _ => unreachable!(),
    }
}

fn try_send(sender: &Sender<u64>, message: u64) {
    // Without room that succeeds only if somebody waits.
    if sender.try_send(message).is_err() {
        sender.send(message).unwrap();
    }
}

fn receive(receiver: &Receiver<u64>) -> Option<u64> {
    receiver.recv().ok()
}

fn select_receive(receiver: &Receiver<u64>) -> Option<u64> {
    let nil = sortie::chan::never::<()>();
    select! {
        recv(receiver) -> message => message.ok(),
        recv(nil) -> _ => unreachable!(),
    }
}

fn ready_receive(receiver: &Receiver<u64>) -> Option<u64> {
    let mut select = Select::new();
    select.recv(receiver);
    loop {
        select.ready();
        match receiver.try_recv() {
            Err(error) if error.is_empty() => {}
            result => return result.ok(),
        }
    }
}

pub(crate) fn many_to_one<C: Crew>(flavour: Flavour) {
    crowd::<C>(flavour, &[send as Send; 8], &[receive]);
}

pub(crate) fn one_to_many<C: Crew>(flavour: Flavour) {
    crowd::<C>(flavour, &[send], &[receive as Receive; 8]);
}

pub(crate) fn many_to_many<C: Crew>(flavour: Flavour) {
    crowd::<C>(flavour, &[send as Send; 6], &[receive as Receive; 6]);
}

pub(crate) fn many_select_to_many_select<C: Crew>(flavour: Flavour) {
    crowd::<C>(
        flavour,
        &[select_send as Send; 4],
        &[select_receive as Receive; 4],
    );
}

pub(crate) fn all_kinds_at_once<C: Crew>(flavour: Flavour) {
    crowd::<C>(
        flavour,
        &[send, select_send, try_send, send],
        &[receive, select_receive, ready_receive, receive],
    );
}

pub(crate) fn there_and_back<C: Crew>(flavour: Flavour) {
    let (ping, pinged) = flavour.make();
    let (pong, ponged) = flavour.make();
    let member = C::spawn(move || pinged.iter().try_for_each(|i: u64| pong.send(i + 1)));
    for i in 0..EACH {
        ping.send(i).unwrap();
        assert_eq!(ponged.recv(), Ok(i + 1));
    }
    drop(ping);
    member.join().unwrap();
}
