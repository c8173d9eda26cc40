//! Channels that one party on each side has for itself at times, and others at times.

use crate::channels::{Message, receive, send};
use crate::random::Random;
use crate::scenarios::Scenario;
use sortie::chan::{Receiver, Sender, bounded};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

pub(crate) const ALL: &[(&str, Scenario)] = &[
    ("lane_visitors", visitors),
    ("lane_threads", threads),
    ("lane_hands", hands),
    ("lane_closes", closes),
    ("lane_trickles", trickles),
];

/// Small, middling and large.
fn any(random: &mut Random) -> (Sender<Message>, Receiver<Message>) {
    bounded(match random.below(3) {
        0 => 1 + random.below(3),
        1 => 1 + random.below(100),
        _ => 1 + random.below(2000),
    } as usize)
}

/// Sends in bursts of any length. How many.
fn bursts(random: &mut Random, sender: &Sender<Message>, count: u64) -> u64 {
    let mut sent = 0;
    while sent < count {
        let burst = u64::from(1 + random.below(1200)).min(count - sent);
        for _ in 0..burst {
            if sender.send(Box::new(1)).is_err() {
                return sent;
            }
            sent += 1;
        }
        pause(random);
    }
    sent
}

/// Goes on later, on another machine perhaps.
fn pause(random: &mut Random) {
    match random.below(8) {
        0 => sortie::sleep(Duration::from_micros(random.below(50).into())),
        1 => sortie::runtime::blocking(std::thread::yield_now),
        _ => sortie::yield_now(),
    }
}

/// Receives until nothing more comes. How many.
fn drain(random: &mut Random, receiver: &Receiver<Message>) -> u64 {
    let mut received = 0;
    while let Ok(one) = receiver.recv() {
        received += *one;
        if random.below(700) == 0 {
            pause(random);
        }
    }
    received
}

/// One sends and one receives, a lot. Now and then somebody else does, in any way.
fn visitors(random: &mut Random) {
    let (sender, receiver) = any(random);
    let (sent, received) = (AtomicU64::new(0), AtomicU64::new(0));
    sortie::scope(|s| {
        let (sent, received) = (&sent, &received);
        for _ in 0..random.below(3) {
            let (sender, mut random) = (sender.clone(), random.split());
            s.go(move || {
                for _ in 0..random.below(100) {
                    pause(&mut random);
                }
                for _ in 0..random.below(40) {
                    assert!(send(&mut random, &sender, Box::new(1)));
                    sent.fetch_add(1, SeqCst);
                }
            });
        }
        for _ in 0..random.below(3) {
            let (receiver, mut random) = (receiver.clone(), random.split());
            s.go(move || {
                for _ in 0..random.below(100) {
                    pause(&mut random);
                }
                for _ in 0..random.below(40) {
                    let Some(all) = receive(&mut random, &receiver) else {
                        return;
                    };
                    received.fetch_add(all.len() as u64, SeqCst);
                }
            });
        }
        let (mut sends, mut receives) = (random.split(), random.split());
        s.go(move || sent.fetch_add(bursts(&mut sends, &sender, 6_000), SeqCst));
        s.go(move || received.fetch_add(drain(&mut receives, &receiver), SeqCst));
    });
    assert_eq!(sent.into_inner(), received.into_inner());
}

/// A plain thread and a goroutine on each side.
fn threads(random: &mut Random) {
    let (sender, receiver) = any(random);
    let (sent, received) = (AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|s| {
        let (sent, received) = (&sent, &received);
        let [mut first, mut second, mut third] = [(); 3].map(|()| random.split());
        {
            let sender = sender.clone();
            s.spawn(move || sent.fetch_add(bursts(&mut first, &sender, 5_000), SeqCst));
        }
        {
            let receiver = receiver.clone();
            s.spawn(move || received.fetch_add(drain(&mut second, &receiver), SeqCst));
        }
        let goroutine = sortie::go(move || bursts(&mut third, &sender, 5_000));
        received.fetch_add(drain(random, &receiver), SeqCst);
        sent.fetch_add(goroutine.join().unwrap(), SeqCst);
    });
    assert_eq!(sent.into_inner(), received.into_inner());
}

/// Each goroutine has the sides for a while, then starts the next and ends.
fn hands(random: &mut Random) {
    fn next(mut random: Random, left: u32, sender: Sender<Message>, receiver: Receiver<Message>) {
        let room = sender.capacity().unwrap() as u64;
        for _ in 0..3 {
            let count = (u64::from(1 + random.below(900))).min(room);
            for i in 0..count {
                sender.send(Box::new(i)).unwrap();
            }
            for i in 0..count {
                assert_eq!(*receiver.recv().unwrap(), i);
            }
        }
        if left > 0 {
            let random = random.split();
            sortie::go(move || next(random, left - 1, sender, receiver));
        }
    }
    let (sender, receiver) = any(random);
    let (watching, split) = (receiver.clone(), random.split());
    sortie::go(move || next(split, 20, sender, receiver));
    // All senders are gone: nobody else receives, and all was received.
    while !watching.is_closed() {
        sortie::yield_now();
    }
    assert!(watching.recv().is_err());
}

/// Closed at any moment of a long burst, by anybody.
fn closes(random: &mut Random) {
    for _ in 0..10 {
        let (sender, receiver) = any(random);
        let (sent, received) = (AtomicU64::new(0), AtomicU64::new(0));
        sortie::scope(|s| {
            let (sent, received) = (&sent, &received);
            let closers = (sender.clone(), receiver.clone());
            let (mut sends, mut receives) = (random.split(), random.split());
            s.go(move || sent.fetch_add(bursts(&mut sends, &sender, u64::MAX), SeqCst));
            s.go(move || received.fetch_add(drain(&mut receives, &receiver), SeqCst));
            for _ in 0..random.below(60) {
                sortie::yield_now();
            }
            match random.below(2) {
                0 => assert!(closers.0.close()),
                _ => assert!(closers.1.close()),
            }
        });
        assert_eq!(sent.into_inner(), received.into_inner());
    }
}

/// Now fast, now so slow that each message is waited for, with and without time-out.
fn trickles(random: &mut Random) {
    let (sender, receiver) = any(random);
    sortie::scope(|s| {
        let (mut sends, mut receives) = (random.split(), random.split());
        s.go(move || {
            let mut next = 0;
            for _ in 0..12 {
                let slow = sends.below(2) == 0;
                for _ in 0..if slow { 30 } else { 700 } {
                    let mut message = Box::new(next);
                    while let Err(error) = sender.send_timeout(message, Duration::from_micros(20)) {
                        message = error.into_inner();
                    }
                    next += 1;
                    if slow {
                        pause(&mut sends);
                    }
                }
            }
        });
        s.go(move || {
            let mut next = 0;
            loop {
                match receiver.recv_timeout(Duration::from_micros(receives.below(30).into())) {
                    Ok(message) => {
                        assert_eq!(*message, next);
                        next += 1;
                    }
                    Err(error) if error.is_timeout() => pause(&mut receives),
                    Err(_) => break,
                }
            }
        });
    });
}
