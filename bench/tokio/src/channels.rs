//! Workloads on channels. Tokio has none without buffer; where Go has, these have room
//! for one message.

use bench_program::{per_operation, prime as prime_of_rank, scaled};
use std::time::{Duration, Instant};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// 1 M messages there and back.
pub(crate) async fn pingpong() -> f64 {
    let trips = scaled(1_000_000);
    let (ping, mut pinged) = channel::<u64>(1);
    let (pong, mut ponged) = channel::<u64>(1);
    let start = Instant::now();
    let other = tokio::spawn(async move {
        while let Some(message) = pinged.recv().await {
            pong.send(message).await.unwrap();
        }
    });
    for i in 0..trips {
        ping.send(i).await.unwrap();
        assert_eq!(ponged.recv().await, Some(i));
    }
    drop(ping);
    other.await.unwrap();
    per_operation(start, trips)
}

/// A message that goes 1 000 times around 1 000 tasks.
pub(crate) async fn ring() -> f64 {
    const MEMBERS: u64 = 1_000;
    let laps = scaled(1_000);
    let (first, mut receiver) = channel::<u64>(1);
    for _ in 1..MEMBERS {
        let (sender, next) = channel(1);
        let mut from = std::mem::replace(&mut receiver, next);
        tokio::spawn(async move {
            while let Some(message) = from.recv().await {
                sender.send(message + 1).await.unwrap();
            }
        });
    }
    let start = Instant::now();
    for _ in 0..laps {
        first.send(1).await.unwrap();
        assert_eq!(receiver.recv().await, Some(MEMBERS));
    }
    per_operation(start, MEMBERS * laps)
}

/// 10 M messages from one task to another, with room for 1 024.
pub(crate) async fn spsc() -> f64 {
    let messages = scaled(10_000_000);
    let (sender, mut receiver) = channel::<u64>(1024);
    let start = Instant::now();
    tokio::spawn(async move {
        for i in 0..messages {
            sender.send(i).await.unwrap();
        }
    });
    let mut sum = 0;
    while let Some(message) = receiver.recv().await {
        sum += message;
    }
    assert_eq!(sum, messages * (messages - 1) / 2);
    per_operation(start, messages)
}

/// 4 M messages from four tasks to four others, with room for 64, on a channel of
/// async-channel, since tokio's have one receiver only.
pub(crate) async fn mpmc() -> f64 {
    const SIDES: u64 = 4;
    let each = scaled(1_000_000);
    let (sender, receiver) = async_channel::bounded::<u64>(64);
    let start = Instant::now();
    for _ in 0..SIDES {
        let sender = sender.clone();
        tokio::spawn(async move {
            for i in 0..each {
                sender.send(i).await.unwrap();
            }
        });
    }
    drop(sender);
    let consumers: Vec<_> = (0..SIDES)
        .map(|_| {
            let receiver = receiver.clone();
            tokio::spawn(async move {
                let mut sum = 0;
                while let Ok(message) = receiver.recv().await {
                    sum += message;
                }
                sum
            })
        })
        .collect();
    let mut sum = 0;
    for consumer in consumers {
        sum += consumer.await.unwrap();
    }
    assert_eq!(sum, SIDES * (each * (each - 1) / 2));
    per_operation(start, SIDES * each)
}

/// 2 M messages from four tasks, each with a channel of its own, to one that selects.
pub(crate) async fn selects() -> f64 {
    let each = scaled(500_000);
    let producer = || {
        let (sender, receiver) = channel(1);
        tokio::spawn(async move {
            for i in 0..each {
                sender.send(i).await.unwrap();
            }
            // Until the program ends: a closed channel would always be ready.
            std::mem::forget(sender);
        });
        receiver
    };
    let start = Instant::now();
    let (mut a, mut b, mut c, mut d) = (producer(), producer(), producer(), producer());
    let mut sum = 0u64;
    for _ in 0..4 * each {
        sum += tokio::select! {
            message = a.recv() => message.unwrap(),
            message = b.recv() => message.unwrap(),
            message = c.recv() => message.unwrap(),
            message = d.recv() => message.unwrap(),
        };
    }
    assert_eq!(sum, 4 * (each * (each - 1) / 2));
    per_operation(start, 4 * each)
}

/// The first 1 500 primes from a chain of as many filters.
pub(crate) async fn sieve() -> f64 {
    async fn generate(sender: Sender<u64>) {
        for number in 2.. {
            if sender.send(number).await.is_err() {
                return;
            }
        }
    }
    async fn filter(mut receiver: Receiver<u64>, sender: Sender<u64>, prime: u64) {
        while let Some(number) = receiver.recv().await {
            if number % prime != 0 && sender.send(number).await.is_err() {
                return;
            }
        }
    }
    let primes = scaled(1_500);
    let start = Instant::now();
    let (sender, mut receiver) = channel(1);
    tokio::spawn(generate(sender));
    let mut prime = 0;
    for _ in 0..primes {
        prime = receiver.recv().await.unwrap();
        let (sender, next) = channel(1);
        let from = std::mem::replace(&mut receiver, next);
        tokio::spawn(filter(from, sender, prime));
    }
    let time = per_operation(start, primes);
    assert_eq!(prime, prime_of_rank(primes));
    time
}

/// 1 M messages, each waited for with a time-out of an hour.
pub(crate) async fn timeouts() -> f64 {
    const LONG: Duration = Duration::from_secs(3600);
    let messages = scaled(1_000_000);
    let (sender, mut receiver) = channel::<u64>(1);
    let start = Instant::now();
    tokio::spawn(async move {
        for i in 0..messages {
            sender.send(i).await.unwrap();
        }
    });
    for i in 0..messages {
        let message = tokio::time::timeout(LONG, receiver.recv()).await;
        assert_eq!(message, Ok(Some(i)));
    }
    per_operation(start, messages)
}
