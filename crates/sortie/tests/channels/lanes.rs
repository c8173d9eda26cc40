//! One party that has had a side of a buffer for itself, and then others come.
//!
//! Whoever has sent, or received, several hundred messages in a row may do so in a
//! way that only one can. Nobody must notice when that ends.

use crate::counted::{Counted, Ledger};
use crate::crew::{Crew, Flavour, Member};
use crate::mixed::{RECEIVES, SENDS};
use sortie::chan::{Receiver, Sender};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

macro_rules! on_buffers {
    ($cases:tt) => {
        mod goroutines { on_buffers!(Goroutines $cases); }
        mod threads { on_buffers!(Threads $cases); }
        mod mixed { on_buffers!(Mixed $cases); }
    };
    ($crew:ident $cases:tt) => {
        mod bounded_1 { crate::crew::matrix_of_cases!($crew (Flavour::Bounded(1)) $cases); }
        mod bounded_7 { crate::crew::matrix_of_cases!($crew (Flavour::Bounded(7)) $cases); }
        mod bounded_1000 {
            crate::crew::matrix_of_cases!($crew (Flavour::Bounded(1000)) $cases);
        }
        mod unbounded { crate::crew::matrix_of_cases!($crew (Flavour::Unbounded) $cases); }
    };
}

on_buffers!([
    another_sender_comes
    another_receiver_comes
    one_after_the_other
    both_sides_change_hands
    somebody_else_closes
    the_receiver_closes
    every_way_to_send
    every_way_to_receive
    who_was_alone_waits_to_receive
    who_was_alone_waits_to_send
    a_waker_uses_the_channel
    destructors_use_the_channel
    messages_that_nobody_received
]);

/// More than enough to have a side for oneself.
const LONG: u64 = 600;
const MANY: u64 = 4_000;

/// A channel of which the caller has both sides for himself. It is empty.
fn own<T>(flavour: Flavour, mut message: impl FnMut(u64) -> T) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = flavour.make();
    for i in 0..LONG {
        assert!(sender.send(message(i)).is_ok());
        assert!(receiver.recv().is_ok());
    }
    (sender, receiver)
}

fn numbers(flavour: Flavour) -> (Sender<u64>, Receiver<u64>) {
    own(flavour, |i| i)
}

fn send_all(sender: &Sender<u64>, numbers: std::ops::Range<u64>) {
    for i in numbers {
        sender.send(i).unwrap();
    }
}

/// What several have received: all numbers below `count`, and at each receiver those of
/// a sender, who had `MANY` in a row, as they were sent.
#[track_caller]
fn check(received: Vec<Vec<u64>>, count: u64) {
    for numbers in &received {
        for first in (0..count).step_by(MANY as usize) {
            let own = first..first + MANY;
            assert!(numbers.iter().filter(|i| own.contains(i)).is_sorted());
        }
    }
    let mut all = received.concat();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..count));
}

pub(crate) fn another_sender_comes<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = numbers(flavour);
    let receiving = C::spawn(move || receiver.into_iter().collect::<Vec<_>>());
    send_all(&sender, 0..MANY / 2);
    let other = {
        let sender = sender.clone();
        C::spawn(move || send_all(&sender, MANY..2 * MANY))
    };
    for i in MANY / 2..MANY {
        if i % 64 == 0 {
            C::pause();
        }
        sender.send(i).unwrap();
    }
    other.join();
    drop(sender);
    check(vec![receiving.join()], 2 * MANY);
}

pub(crate) fn another_receiver_comes<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = numbers(flavour);
    let sending = C::spawn(move || send_all(&sender, 0..MANY));
    let mut own: Vec<u64> = receiver.iter().take(MANY as usize / 2).collect();
    let other = {
        let receiver = receiver.clone();
        C::spawn(move || receiver.into_iter().collect::<Vec<_>>())
    };
    own.extend(receiver);
    sending.join();
    check(vec![own, other.join()], MANY);
}

/// Each sender ends before the next begins, so the next may be where the last was.
pub(crate) fn one_after_the_other<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = flavour.make();
    let receiving = C::spawn(move || receiver.into_iter().collect::<Vec<_>>());
    for me in 0..4 {
        let sender = sender.clone();
        C::spawn(move || send_all(&sender, me * MANY..(me + 1) * MANY)).join();
    }
    drop(sender);
    check(vec![receiving.join()], 4 * MANY);
}

pub(crate) fn both_sides_change_hands<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = numbers(flavour);
    let others: Vec<Member<Vec<u64>>> = (1..3)
        .map(|me| {
            let (sender, receiver) = (sender.clone(), receiver.clone());
            C::spawn(move || {
                let mut received = Vec::new();
                for i in me * MANY..(me + 1) * MANY {
                    sender.send(i).unwrap();
                    received.push(receiver.recv().unwrap());
                    if i % 100 == 0 {
                        C::pause();
                    }
                }
                received
            })
        })
        .collect();
    let mut own = Vec::new();
    for i in 0..MANY {
        sender.send(i).unwrap();
        own.push(receiver.recv().unwrap());
    }
    let mut received: Vec<_> = others.into_iter().map(Member::join).collect();
    received.push(own);
    assert!(receiver.is_empty());
    check(received, 3 * MANY);
}

pub(crate) fn somebody_else_closes<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = numbers(flavour);
    let receiving = C::spawn(move || receiver.into_iter().count() as u64);
    send_all(&sender, 0..LONG);
    let other = {
        let sender = sender.clone();
        C::spawn(move || assert!(sender.close()))
    };
    let mut sent = LONG;
    while sender.send(sent).is_ok() {
        sent += 1;
        if sent.is_multiple_of(500) {
            C::pause();
        }
    }
    other.join();
    assert!(!sender.close());
    assert_eq!(receiving.join(), sent);
}

pub(crate) fn the_receiver_closes<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = numbers(flavour);
    let receiving = C::spawn(move || {
        let first = receiver.iter().take(MANY as usize).count();
        assert!(receiver.close());
        first as u64 + receiver.into_iter().count() as u64
    });
    let mut sent = 0;
    while sender.send(sent).is_ok() {
        sent += 1;
    }
    assert_eq!(receiving.join(), sent);
}

pub(crate) fn every_way_to_send<C: Crew>(flavour: Flavour) {
    for send in SENDS {
        let ledger = Ledger::new();
        let (sender, receiver) = own(flavour, |i| ledger.message(i));
        let receiving = C::spawn(move || receiver.into_iter().count() as u64);
        let other = {
            let (sender, ledger) = (sender.clone(), ledger.clone());
            let numbers = 3 * LONG..3 * LONG + 100;
            C::spawn(move || send(&sender, numbers.map(|i| ledger.message(i)).collect()))
        };
        for i in LONG..2 * LONG {
            sender.send(ledger.message(i)).unwrap();
        }
        other.join();
        drop(sender);
        assert_eq!(receiving.join(), LONG + 100);
        ledger.is_settled();
    }
}

pub(crate) fn every_way_to_receive<C: Crew>(flavour: Flavour) {
    for receive in RECEIVES {
        let ledger = Ledger::new();
        let (sender, receiver) = own(flavour, |i| ledger.message(i));
        let other = {
            let receiver = receiver.clone();
            C::spawn(move || receive(receiver) as u64)
        };
        let sending = {
            let ledger = ledger.clone();
            C::spawn(move || {
                for i in LONG..3 * LONG {
                    sender.send(ledger.message(i)).unwrap();
                }
            })
        };
        let own = receiver.into_iter().count() as u64;
        sending.join();
        assert_eq!(own + other.join(), 2 * LONG);
        ledger.is_settled();
    }
}

pub(crate) fn who_was_alone_waits_to_receive<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = numbers(flavour);
    let sending = C::spawn(move || {
        for i in 0..MANY {
            sender.send(i).unwrap();
            if i % 50 < 3 {
                C::pause();
            }
        }
    });
    let mut received = Vec::new();
    loop {
        match receiver.recv_timeout(Duration::from_micros(received.len() as u64 % 20)) {
            Ok(message) => received.push(message),
            Err(error) if error.is_timeout() => C::pause(),
            Err(_) => break,
        }
    }
    sending.join();
    check(vec![received], MANY);
}

pub(crate) fn who_was_alone_waits_to_send<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = numbers(flavour);
    let receiving = C::spawn(move || {
        let mut received = Vec::new();
        for message in receiver {
            received.push(message);
            if message % 50 < 3 {
                C::pause();
            }
        }
        received
    });
    for i in 0..MANY {
        while let Err(error) = sender.send_timeout(i, Duration::from_micros(i % 20)) {
            assert!(error.is_timeout());
            C::pause();
        }
    }
    drop(sender);
    check(vec![receiving.join()], MANY);
}

/// Sends and receives when it wakes somebody.
struct Meddler {
    sender: Sender<u64>,
    receiver: Receiver<u64>,
    received: Mutex<Vec<u64>>,
    next: AtomicU64,
}

impl Wake for Meddler {
    fn wake(self: Arc<Self>) {
        self.received
            .lock()
            .unwrap()
            .extend(self.receiver.try_recv());
        let next = self.next.fetch_add(1, SeqCst);
        self.sender.try_send(next).unwrap();
    }
}

pub(crate) fn a_waker_uses_the_channel<C: Crew>(flavour: Flavour) {
    let (sender, receiver) = numbers(flavour);
    let meddler = Arc::new(Meddler {
        sender: sender.clone(),
        receiver: receiver.clone(),
        received: Mutex::default(),
        next: AtomicU64::new(LONG),
    });
    let waker = Waker::from(Arc::clone(&meddler));
    let mut context = Context::from_waker(&waker);
    for i in 0..LONG {
        let mut future = pin!(receiver.recv_async());
        assert_eq!(future.as_mut().poll(&mut context), Poll::Pending);
        sender.send(i).unwrap();
        // What was sent is gone, and there is something else.
        assert_eq!(
            future.as_mut().poll(&mut context),
            Poll::Ready(Ok(LONG + i))
        );
    }
    assert!(meddler.received.lock().unwrap().iter().copied().eq(0..LONG));
    assert!(receiver.is_empty());
    C::pause();
}

/// Sends another when it is dropped, until the channel is closed.
struct Hydra {
    sender: Sender<Hydra>,
    heads: Arc<AtomicU64>,
}

impl Hydra {
    fn new(sender: &Sender<Hydra>, heads: &Arc<AtomicU64>) -> Self {
        heads.fetch_add(1, SeqCst);
        Hydra {
            sender: sender.clone(),
            heads: Arc::clone(heads),
        }
    }
}

impl Drop for Hydra {
    fn drop(&mut self) {
        self.heads.fetch_sub(1, SeqCst);
        if !self.sender.is_closed() {
            // If there is no room it is dropped at once, and so on.
            if self.sender.is_full() {
                self.sender.close();
            }
            let _ = self.sender.try_send(Hydra::new(&self.sender, &self.heads));
        }
    }
}

pub(crate) fn destructors_use_the_channel<C: Crew>(flavour: Flavour) {
    let heads = Arc::new(AtomicU64::new(0));
    let (sender, receiver) = flavour.make();
    sender
        .send(Hydra::new(&sender, &heads))
        .unwrap_or_else(|_| unreachable!());
    for _ in 0..LONG {
        // Each one that is dropped sends the next.
        drop(receiver.recv().unwrap());
    }
    let other = {
        let receiver = receiver.clone();
        C::spawn(move || (0..LONG).for_each(|_| drop(receiver.recv())))
    };
    (0..LONG).for_each(|_| drop(receiver.recv()));
    other.join();
    drop(receiver);
    assert!(sender.is_closed());
    drop(sender);
    assert_eq!(heads.load(SeqCst), 0);
}

pub(crate) fn messages_that_nobody_received<C: Crew>(flavour: Flavour) {
    let room = flavour.room() as u64;
    let fill = |ledger: &Ledger, sender: &Sender<Counted>| {
        for i in LONG..LONG + room {
            sender.send(ledger.message(i)).unwrap();
        }
    };
    // Dropped by who had the sides for himself, and by somebody else.
    let ledger = Ledger::new();
    let (sender, receiver) = own(flavour, |i| ledger.message(i));
    fill(&ledger, &sender);
    drop(receiver);
    ledger.is_settled();

    let ledger = Ledger::new();
    let (sender, receiver) = own(flavour, |i| ledger.message(i));
    fill(&ledger, &sender);
    C::spawn(move || drop(receiver)).join();
    ledger.is_settled();
    assert!(sender.is_closed());
}
