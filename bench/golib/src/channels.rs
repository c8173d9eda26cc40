//! Workloads on channels. Dropping its senders does not close one.

use bench_program::{prime as prime_of_rank, scaled, timed};
use go_lib::chan::{Receiver, Sender, chan};
use go_lib::sync::WaitGroup;
use go_lib::{go, scope, select};
use std::sync::Arc;

/// 1 M messages there and back, on two channels without buffer.
pub(crate) fn pingpong() -> f64 {
    let trips = scaled(1_000_000);
    let (ping, pinged) = chan::<u64>(0);
    let (pong, ponged) = chan::<u64>(0);
    timed(trips, move || {
        let (done, end) = chan::<()>(0);
        go!(move || {
            while let Some(message) = pinged.recv() {
                pong.send(message);
            }
            done.send(());
        });
        for i in 0..trips {
            ping.send(i);
            assert_eq!(ponged.recv(), Some(i));
        }
        ping.close();
        end.recv().unwrap();
    })
}

/// A message that goes 1 000 times around 1 000 goroutines.
pub(crate) fn ring() -> f64 {
    const MEMBERS: u64 = 1_000;
    let laps = scaled(1_000);
    let (first, mut receiver) = chan::<u64>(0);
    for _ in 1..MEMBERS {
        let (sender, next) = chan(0);
        let from = std::mem::replace(&mut receiver, next);
        go!(move || {
            while let Some(message) = from.recv() {
                sender.send(message + 1);
            }
        });
    }
    timed(MEMBERS * laps, || {
        for _ in 0..laps {
            first.send(1);
            assert_eq!(receiver.recv(), Some(MEMBERS));
        }
    })
}

fn sum_of(receiver: &Receiver<u64>) -> u64 {
    let mut sum = 0;
    while let Some(message) = receiver.recv() {
        sum += message;
    }
    sum
}

/// 10 M messages from one goroutine to another, with room for 1 024.
pub(crate) fn spsc() -> f64 {
    let messages = scaled(10_000_000);
    let (sender, receiver) = chan::<u64>(1024);
    timed(messages, || {
        go!(move || {
            for i in 0..messages {
                sender.send(i);
            }
            sender.close();
        });
        let sum = sum_of(&receiver);
        assert_eq!(sum, messages * (messages - 1) / 2);
    })
}

/// 4 M messages from four goroutines to four others, with room for 64.
pub(crate) fn mpmc() -> f64 {
    const SIDES: u64 = 4;
    let each = scaled(1_000_000);
    let (sender, receiver) = chan::<u64>(64);
    timed(SIDES * each, || {
        let producers = Arc::new(WaitGroup::new());
        producers.add(SIDES as i64);
        for _ in 0..SIDES {
            let (sender, producers) = (sender.clone(), producers.clone());
            go!(move || {
                for i in 0..each {
                    sender.send(i);
                }
                producers.done();
            });
        }
        let sum: u64 = scope(|s| {
            let consumers: Vec<_> = (0..SIDES)
                .map(|_| {
                    let receiver = receiver.clone();
                    s.go(move || sum_of(&receiver))
                })
                .collect();
            producers.wait();
            sender.close();
            consumers.into_iter().map(|c| c.join().unwrap()).sum()
        });
        assert_eq!(sum, SIDES * (each * (each - 1) / 2));
    })
}

/// 2 M messages from four goroutines, each with a channel without buffer of its
/// own, to one that selects.
pub(crate) fn selects() -> f64 {
    let each = scaled(500_000);
    fn producer(each: u64) -> Receiver<u64> {
        let (sender, receiver) = chan(0);
        go!(move || {
            for i in 0..each {
                sender.send(i);
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
                recv(a) -> message => { message.unwrap() }
                recv(b) -> message => { message.unwrap() }
                recv(c) -> message => { message.unwrap() }
                recv(d) -> message => { message.unwrap() }
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
            sender.send(number);
        }
    }
    fn filter(receiver: Receiver<u64>, sender: Sender<u64>, prime: u64) {
        while let Some(number) = receiver.recv() {
            if number % prime != 0 {
                sender.send(number);
            }
        }
    }
    let mut last = 0;
    let time = timed(primes, || {
        let (sender, mut receiver) = chan(0);
        go!(move || generate(sender));
        let mut prime = 0;
        for _ in 0..primes {
            prime = receiver.recv().unwrap();
            let (sender, next) = chan(0);
            let from = std::mem::replace(&mut receiver, next);
            go!(move || filter(from, sender, prime));
        }
        last = prime;
    });
    assert_eq!(last, prime_of_rank(primes));
    time
}
