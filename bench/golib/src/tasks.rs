//! Workloads on goroutines.

use bench_program::{Settling, hash, scaled, speed_up, timed};
use go_lib::chan::{Sender, chan};
use go_lib::sync::WaitGroup;
use go_lib::{go, scope};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// 1 M goroutines that only count down; the main goroutine waits for the last.
pub(crate) fn spawn() -> f64 {
    let goroutines = scaled(1_000_000);
    timed(goroutines, || {
        let left = Arc::new(WaitGroup::new());
        left.add(goroutines as i64);
        for _ in 0..goroutines {
            let left = left.clone();
            go!(move || left.done());
        }
        left.wait();
    })
}

/// 100 goroutines that yield 20 000 times each.
pub(crate) fn yields() -> f64 {
    const GOROUTINES: u64 = 100;
    let yields = scaled(20_000);
    timed(GOROUTINES * yields, || {
        scope(|s| {
            for _ in 0..GOROUTINES {
                s.go(move || {
                    for _ in 0..yields {
                        go_lib::gosched();
                    }
                });
            }
        });
    })
}

/// 8 goroutines that lock a mutex 4 M times in all, each time to add one. It is
/// std's, since go-lib has none of its own.
pub(crate) fn mutex() -> f64 {
    const MEMBERS: u64 = 8;
    let each = scaled(500_000);
    let count = Mutex::new(0);
    timed(MEMBERS * each, || {
        scope(|s| {
            for _ in 0..MEMBERS {
                s.go(|| {
                    for _ in 0..each {
                        *count.lock().unwrap() += 1;
                    }
                });
            }
        });
        assert_eq!(*count.lock().unwrap(), MEMBERS * each);
    })
}

const FAN_OUT: u64 = 10;

fn node(result: &Sender<u64>, number: u64, leaves: u64) {
    if leaves == 1 {
        return result.send(number);
    }
    let (sender, receiver) = chan(0);
    let below = leaves / FAN_OUT;
    for child in 0..FAN_OUT {
        let sender = sender.clone();
        go!(move || node(&sender, number + child * below, below));
    }
    let sum = (0..FAN_OUT).map(|_| receiver.recv().unwrap()).sum();
    result.send(sum);
}

/// A tree of goroutines, ten below each, with a million at the bottom; each sends the
/// sum of those below it to the one above.
pub(crate) fn skynet() -> f64 {
    // The largest tree of this fan-out that is not larger.
    let leaves = FAN_OUT.pow(scaled(1_000_000).ilog10());
    let goroutines = (leaves * FAN_OUT - 1) / (FAN_OUT - 1);
    timed(goroutines, || {
        let (sender, receiver) = chan(0);
        go!(move || node(&sender, 0, leaves));
        assert_eq!(receiver.recv(), Some(leaves * (leaves - 1) / 2));
    })
}

/// 1 M goroutines that sleep for up to a second, (i mod 1000) milliseconds.
pub(crate) fn sleepers() -> f64 {
    let goroutines = scaled(1_000_000);
    timed(goroutines, || {
        let left = Arc::new(WaitGroup::new());
        left.add(goroutines as i64);
        for i in 0..goroutines {
            let left = left.clone();
            go!(move || {
                go_lib::sleep(Duration::from_millis(i % 1000));
                left.done();
            });
        }
        left.wait();
    })
}

/// 1 M goroutines that wait on one channel, and what each keeps resident.
pub(crate) fn memory() -> f64 {
    static STARTED: AtomicU64 = AtomicU64::new(0);
    let goroutines = scaled(1_000_000);
    let (sender, receiver) = chan::<u64>(0);
    let mut memory = Settling::start();
    for _ in 0..goroutines {
        let receiver = receiver.clone();
        go!(move || {
            STARTED.fetch_add(1, Ordering::AcqRel);
            assert_eq!(receiver.recv(), None);
        });
    }
    while STARTED.load(Ordering::Acquire) < goroutines || !memory.has_settled() {
        go_lib::sleep(Settling::PAUSE);
    }
    let bytes = memory.bytes_each(goroutines);
    drop(sender);
    bytes
}

/// SHA-256 over blocks of 64 MiB, a goroutine for each: how much faster on all
/// processors than on one.
pub(crate) fn parallel() -> f64 {
    speed_up(go_lib::gomaxprocs(), |blocks, processors| {
        let before = go_lib::set_gomaxprocs(processors);
        let sum = scope(|s| {
            let workers: Vec<_> = (0..blocks).map(|index| s.go(move || hash(index))).collect();
            let hashes = workers.into_iter().map(|worker| worker.join().unwrap());
            hashes.fold(0, u64::wrapping_add)
        });
        go_lib::set_gomaxprocs(before);
        sum
    })
}
