//! Workloads on channels. May has only such as have room without end.

use bench_program::{per_operation, scaled, timed};
use may::sync::mpmc;
use may::sync::spsc::{Receiver, channel};
use may::{cqueue, go};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// 1 M messages there and back.
pub(crate) fn pingpong() -> f64 {
    let trips = scaled(1_000_000);
    let (ping, pinged) = channel::<u64>();
    let (pong, ponged) = channel::<u64>();
    timed(trips, move || {
        let other = go!(move || {
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

/// A message that goes 1 000 times around 1 000 coroutines.
pub(crate) fn ring() -> f64 {
    const MEMBERS: u64 = 1_000;
    let laps = scaled(1_000);
    let (first, mut receiver) = channel::<u64>();
    for _ in 1..MEMBERS {
        let (sender, next) = channel();
        let from = std::mem::replace(&mut receiver, next);
        go!(move || {
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

/// 10 M messages from one coroutine to another.
pub(crate) fn spsc() -> f64 {
    let messages = scaled(10_000_000);
    let (sender, receiver) = channel::<u64>();
    timed(messages, || {
        go!(move || {
            for i in 0..messages {
                sender.send(i).unwrap();
            }
        });
        let sum: u64 = receiver.iter().sum();
        assert_eq!(sum, messages * (messages - 1) / 2);
    })
}

/// 4 M messages from four coroutines to four others.
pub(crate) fn mpmc() -> f64 {
    const SIDES: u64 = 4;
    let each = scaled(1_000_000);
    let (sender, receiver) = mpmc::channel::<u64>();
    timed(SIDES * each, || {
        for _ in 0..SIDES {
            let sender = sender.clone();
            go!(move || {
                for i in 0..each {
                    sender.send(i).unwrap();
                }
            });
        }
        drop(sender);
        let consumers: Vec<_> = (0..SIDES)
            .map(|_| {
                let receiver = receiver.clone();
                go!(move || receiver.iter().sum::<u64>())
            })
            .collect();
        let sum: u64 = consumers.into_iter().map(|c| c.join().unwrap()).sum();
        assert_eq!(sum, SIDES * (each * (each - 1) / 2));
    })
}

/// 2 M messages from four coroutines, each with a channel of its own, to one that
/// selects: by a queue of events, with a coroutine for each channel.
pub(crate) fn selects() -> f64 {
    let each = scaled(500_000);
    fn producer(each: u64) -> Receiver<u64> {
        let (sender, receiver) = channel();
        go!(move || {
            for i in 0..each {
                sender.send(i).unwrap();
            }
            // Until the program ends: a closed channel would always be ready.
            std::mem::forget(sender);
        });
        receiver
    }
    let start = Instant::now();
    let receivers = [(); 4].map(|()| producer(each));
    let sum = AtomicU64::new(0);
    cqueue::scope(|queue| {
        for (token, receiver) in receivers.iter().enumerate() {
            let sum = &sum;
            may::cqueue_add!(queue, token, message = receiver.recv().unwrap() => {
                sum.fetch_add(message, Ordering::Relaxed);
            });
        }
        for _ in 0..4 * each {
            queue.poll(None).unwrap();
        }
        assert_eq!(sum.load(Ordering::Relaxed), 4 * (each * (each - 1) / 2));
        // Leaving the scope would wait for ever: a coroutine that waits for a message
        // does not notice that it is cancelled.
        bench_program::report(per_operation(start, 4 * each));
        std::process::exit(0)
    })
}
