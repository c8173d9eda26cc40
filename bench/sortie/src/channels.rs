//! Workloads on channels.

use crate::{scaled, timed};
use bench_program::prime as prime_of_rank;
use sortie::chan::{Receiver, Sender, bounded, select};

/// 1 M messages there and back, on two channels without buffer.
pub(crate) fn pingpong() -> f64 {
    let trips = scaled(1_000_000);
    let (ping, pinged) = bounded::<u64>(0);
    let (pong, ponged) = bounded::<u64>(0);
    timed(trips, move || {
        let other = sortie::go(move || {
            for message in pinged {
                pong.send(message).unwrap();
            }
        });
        for i in 0..trips {
            ping.send(i).unwrap();
            assert_eq!(ponged.recv(), Ok(i));
        }
        drop(ping);
        other.join().unwrap();
    })
}

/// A message that goes 1 000 times around 1 000 goroutines.
pub(crate) fn ring() -> f64 {
    const MEMBERS: u64 = 1_000;
    let laps = scaled(1_000);
    let (first, mut receiver) = bounded::<u64>(0);
    for _ in 1..MEMBERS {
        let (sender, next) = bounded(0);
        let from = std::mem::replace(&mut receiver, next);
        sortie::go(move || {
            for message in from {
                sender.send(message + 1).unwrap();
            }
        });
    }
    timed(MEMBERS * laps, || {
        for _ in 0..laps {
            first.send(1).unwrap();
            assert_eq!(receiver.recv(), Ok(MEMBERS));
        }
    })
}

/// 10 M messages that one goroutine sends to itself, with room for one.
pub(crate) fn alone() -> f64 {
    let messages = scaled(10_000_000);
    let (sender, receiver) = bounded::<u64>(1);
    timed(messages, || {
        for i in 0..messages {
            sender.send(i).unwrap();
            assert_eq!(receiver.recv(), Ok(i));
        }
    })
}

/// 10 M messages from one goroutine to another, with room for 1 024.
pub(crate) fn spsc() -> f64 {
    let messages = scaled(10_000_000);
    let (sender, receiver) = bounded::<u64>(1024);
    timed(messages, || {
        sortie::go(move || {
            for i in 0..messages {
                sender.send(i).unwrap();
            }
        });
        let sum: u64 = receiver.iter().sum();
        assert_eq!(sum, messages * (messages - 1) / 2);
    })
}

/// 4 M messages from four goroutines to four others, with room for 64.
pub(crate) fn mpmc() -> f64 {
    const SIDES: u64 = 4;
    let each = scaled(1_000_000);
    let (sender, receiver) = bounded::<u64>(64);
    timed(SIDES * each, || {
        for _ in 0..SIDES {
            let sender = sender.clone();
            sortie::go(move || {
                for i in 0..each {
                    sender.send(i).unwrap();
                }
            });
        }
        drop(sender);
        let consumers: Vec<_> = (0..SIDES)
            .map(|_| {
                let receiver = receiver.clone();
                sortie::go(move || receiver.iter().sum::<u64>())
            })
            .collect();
        let sum: u64 = consumers.into_iter().map(|c| c.join().unwrap()).sum();
        assert_eq!(sum, SIDES * (each * (each - 1) / 2));
    })
}

/// 2 M messages from four goroutines, each with a channel without buffer of its
/// own, to one that selects.
pub(crate) fn selects() -> f64 {
    let each = scaled(500_000);
    fn producer(each: u64) -> Receiver<u64> {
        let (sender, receiver) = bounded(0);
        sortie::go(move || {
            for i in 0..each {
                sender.send(i).unwrap();
            }
            // Until the program ends: a closed channel would always be ready.
            std::mem::forget(sender);
        });
        receiver
    }
    timed(4 * each, || {
        let (a, b, c, d) = (
            producer(each),
            producer(each),
            producer(each),
            producer(each),
        );
        let mut sum = 0;
        for _ in 0..4 * each {
            sum += select! {
                recv(a) -> message => message.unwrap(),
                recv(b) -> message => message.unwrap(),
                recv(c) -> message => message.unwrap(),
                recv(d) -> message => message.unwrap(),
            };
        }
        assert_eq!(sum, 4 * (each * (each - 1) / 2));
    })
}

/// The first 1 500 primes from a chain of as many filters.
pub(crate) fn sieve() -> f64 {
    let primes = scaled(1_500);
    fn generate(sender: Sender<u64>) {
        for number in 2.. {
            if sender.send(number).is_err() {
                return;
            }
        }
    }
    fn filter(receiver: Receiver<u64>, sender: Sender<u64>, prime: u64) {
        for number in receiver {
            if number % prime != 0 && sender.send(number).is_err() {
                return;
            }
        }
    }
    let mut last = 0;
    let time = timed(primes, || {
        let (sender, mut receiver) = bounded(0);
        sortie::go(move || generate(sender));
        let mut prime = 0;
        for _ in 0..primes {
            prime = receiver.recv().unwrap();
            let (sender, next) = bounded(0);
            let from = std::mem::replace(&mut receiver, next);
            sortie::go(move || filter(from, sender, prime));
        }
        last = prime;
    });
    assert_eq!(last, prime_of_rank(primes));
    time
}
