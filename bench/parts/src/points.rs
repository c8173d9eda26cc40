//! One point of each curve, measured on a goroutine of a fresh process.

use sortie::chan::{Receiver, Select, Sender, bounded};
use sortie::sync::WaitGroup;
use sortie::time::Timer;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(3600);

/// Nanoseconds for each of so many operations that `f` makes.
fn timed(operations: u64, f: impl FnOnce()) -> f64 {
    let start = Instant::now();
    f();
    start.elapsed().as_nanos() as f64 / operations as f64
}

/// Starts goroutines that wait on one channel; returns when all do, with what ends them.
fn waiting(goroutines: u64, done: &Arc<WaitGroup>) -> Sender<u64> {
    let (sender, receiver) = bounded::<u64>(0);
    let arrived = Arc::new(AtomicU64::new(0));
    done.add(goroutines as usize);
    for _ in 0..goroutines {
        let (receiver, arrived, done) = (receiver.clone(), arrived.clone(), done.clone());
        sortie::go(move || {
            arrived.fetch_add(1, Ordering::AcqRel);
            receiver.recv().unwrap_err();
            done.done();
        });
    }
    while arrived.load(Ordering::Acquire) < goroutines {
        sortie::yield_now();
    }
    sender
}

/// Starting goroutines until they wait; waking all of them until they have ended.
pub(crate) fn goroutines(count: u64) -> Vec<f64> {
    // Again and again when there are few, the first time not counted.
    let rounds = (20_000 / count).max(1);
    let (mut start, mut wake) = (0.0, 0.0);
    let warm_up = u64::from(rounds > 1);
    for round in 0..rounds + warm_up {
        let done = Arc::new(WaitGroup::new());
        let mut sender = None;
        let started = timed(count * rounds, || sender = Some(waiting(count, &done)));
        let woken = timed(count * rounds, || {
            drop(sender.take());
            done.wait();
        });
        if round >= warm_up {
            start += started;
            wake += woken;
        }
    }
    vec![start, wake]
}

/// Resident memory of each waiting goroutine.
pub(crate) fn memory(count: u64) -> Vec<f64> {
    fn resident() -> f64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        1024.0 * kilobytes.expect("a line").parse::<f64>().expect("a number")
    }
    let done = Arc::new(WaitGroup::new());
    // Whatever is needed once.
    drop(waiting(1, &done));
    done.wait();
    let before = resident();
    let sender = waiting(count, &done);
    // The last have arrived, but may not wait yet.
    let mut last = resident();
    loop {
        sortie::sleep(Duration::from_millis(50));
        let now = resident();
        if now == last {
            break;
        }
        last = now;
    }
    drop(sender);
    vec![(last - before) / count as f64]
}

/// A message to a channel where so many wait.
pub(crate) fn waiters(count: u64) -> Vec<f64> {
    const MESSAGES: u64 = 1_000_000;
    let (sender, receiver) = bounded::<u64>(0);
    for _ in 0..count {
        let receiver = receiver.clone();
        sortie::go(move || while receiver.recv().is_ok() {});
    }
    // Each has had one, so all have been there.
    for message in 0..2 * count {
        sender.send(message).unwrap();
    }
    vec![timed(MESSAGES, || {
        for message in 0..MESSAGES {
            sender.send(message).unwrap();
        }
    })]
}

fn channels(count: u64, capacity: usize) -> (Vec<Sender<u64>>, Vec<Receiver<u64>>) {
    (0..count).map(|_| bounded(capacity)).unzip()
}

/// A select over so many channels, of which one has a message, or none has yet.
pub(crate) fn arms(count: u64) -> Vec<f64> {
    let operations = (4_000_000 / count).clamp(20_000, 500_000);
    let (senders, receivers) = channels(count, 1);
    let mut select = Select::new();
    for receiver in &receivers {
        select.recv(receiver);
    }
    let ready = timed(operations, || {
        for operation in 0..operations {
            let index = (operation * 7919 % count) as usize;
            senders[index].send(operation).unwrap();
            let case = select.select();
            assert_eq!(case.index(), index);
            assert_eq!(case.recv(&receivers[index]), Ok(operation));
        }
    });
    let (senders, receivers) = channels(count, 0);
    let mut select = Select::new();
    for receiver in &receivers {
        select.recv(receiver);
    }
    let waits = timed(operations, || {
        sortie::go(move || {
            for operation in 0..operations {
                let index = (operation * 7919 % count) as usize;
                senders[index].send(operation).unwrap();
            }
            // Until the program ends: a closed channel would always be ready.
            std::mem::forget(senders);
        });
        for operation in 0..operations {
            let case = select.select();
            let index = case.index();
            assert_eq!(case.recv(&receivers[index]), Ok(operation));
        }
    });
    vec![ready, waits]
}

/// Setting and stopping a timer, and setting it anew, while so many are set.
pub(crate) fn timers(count: u64) -> Vec<f64> {
    const TIMES: u64 = 1_000_000;
    let others: Vec<_> = (0..count)
        .map(|i| Timer::after_func(LONG + Duration::from_millis(i * 7919 % 3_600_000), || ()))
        .collect();
    // Somewhere among the others, in no order.
    let place = |i: u64| LONG + Duration::from_millis(i * 104_729 % 3_600_000);
    let stop = timed(TIMES, || {
        for i in 0..TIMES {
            assert!(Timer::after_func(place(i), || ()).stop());
        }
    });
    let timer = Timer::after_func(LONG, || ());
    let reset = timed(TIMES, || {
        for i in 0..TIMES {
            assert!(timer.reset(place(i)));
        }
    });
    drop(others);
    vec![stop, reset]
}

/// Spawning, yielding, a ping-pong, and a busy channel on so many processors.
pub(crate) fn processors(count: u64) -> Vec<f64> {
    sortie::runtime::set_max_procs(count as usize);
    vec![spawn(), yields(), pingpong(), mpmc()]
}

fn spawn() -> f64 {
    const GOROUTINES: u64 = 1_000_000;
    let left = Arc::new(WaitGroup::new());
    timed(GOROUTINES, || {
        left.add(GOROUTINES as usize);
        for _ in 0..GOROUTINES {
            let left = left.clone();
            sortie::go(move || left.done());
        }
        left.wait();
    })
}

fn yields() -> f64 {
    const GOROUTINES: u64 = 100;
    const YIELDS: u64 = 20_000;
    timed(GOROUTINES * YIELDS, || {
        sortie::scope(|s| {
            for _ in 0..GOROUTINES {
                s.go(|| (0..YIELDS).for_each(|_| sortie::yield_now()));
            }
        });
    })
}

fn pingpong() -> f64 {
    const TRIPS: u64 = 500_000;
    let (ping, pinged) = bounded::<u64>(0);
    let (pong, ponged) = bounded::<u64>(0);
    timed(TRIPS, || {
        sortie::go(move || {
            for message in pinged {
                pong.send(message).unwrap();
            }
        });
        for i in 0..TRIPS {
            ping.send(i).unwrap();
            assert_eq!(ponged.recv(), Ok(i));
        }
    })
}

fn mpmc() -> f64 {
    const SIDES: u64 = 4;
    const EACH: u64 = 500_000;
    let (sender, receiver) = bounded::<u64>(64);
    timed(SIDES * EACH, || {
        sortie::scope(|s| {
            for _ in 0..SIDES {
                let sender = sender.clone();
                s.go(move || (0..EACH).for_each(|i| sender.send(i).unwrap()));
                let receiver = receiver.clone();
                s.go(move || assert!(receiver.iter().sum::<u64>() > 0));
            }
            drop(sender);
        });
    })
}
