//! Workloads on coroutines.

use bench_program::{Settling, scaled, timed};
use may::sync::{Mutex, Semphore, mpmc};
use may::{coroutine, go};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What coroutines count down, and one waits for. May's own `WaitGroup` locks a mutex
/// for each; this is faster.
struct Countdown {
    left: AtomicU64,
    zero: Semphore,
}

impl Countdown {
    fn from(count: u64) -> Arc<Self> {
        Arc::new(Countdown {
            left: AtomicU64::new(count),
            zero: Semphore::new(0),
        })
    }

    fn done(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.zero.post();
        }
    }
}

/// 1 M coroutines that only count down; the main coroutine waits for the last.
pub(crate) fn spawn() -> f64 {
    let coroutines = scaled(1_000_000);
    timed(coroutines, || {
        let left = Countdown::from(coroutines);
        for _ in 0..coroutines {
            let left = left.clone();
            go!(move || left.done());
        }
        left.zero.wait();
    })
}

/// 100 coroutines that yield 20 000 times each.
pub(crate) fn yields() -> f64 {
    const COROUTINES: u64 = 100;
    let yields = scaled(20_000);
    timed(COROUTINES * yields, || {
        let members: Vec<_> = (0..COROUTINES)
            .map(|_| {
                go!(move || {
                    for _ in 0..yields {
                        coroutine::yield_now();
                    }
                })
            })
            .collect();
        for member in members {
            member.join().unwrap();
        }
    })
}

/// 8 coroutines that lock a mutex 4 M times in all, each time to add one.
pub(crate) fn mutex() -> f64 {
    const MEMBERS: u64 = 8;
    let each = scaled(500_000);
    let count = Arc::new(Mutex::new(0));
    timed(MEMBERS * each, || {
        let members: Vec<_> = (0..MEMBERS)
            .map(|_| {
                let count = count.clone();
                go!(move || {
                    for _ in 0..each {
                        *count.lock().unwrap() += 1;
                    }
                })
            })
            .collect();
        for member in members {
            member.join().unwrap();
        }
        assert_eq!(*count.lock().unwrap(), MEMBERS * each);
    })
}

const FAN_OUT: u64 = 10;

fn node(result: &mpmc::Sender<u64>, number: u64, leaves: u64) {
    if leaves == 1 {
        return result.send(number).unwrap();
    }
    let (sender, receiver) = mpmc::channel();
    let below = leaves / FAN_OUT;
    for child in 0..FAN_OUT {
        let sender = sender.clone();
        go!(move || node(&sender, number + child * below, below));
    }
    let sum = (0..FAN_OUT).map(|_| receiver.recv().unwrap()).sum();
    result.send(sum).unwrap();
}

/// A tree of coroutines, ten below each, with a million at the bottom; each sends the
/// sum of those below it to the one above.
pub(crate) fn skynet() -> f64 {
    // The largest tree of this fan-out that is not larger.
    let leaves = FAN_OUT.pow(scaled(1_000_000).ilog10());
    let coroutines = (leaves * FAN_OUT - 1) / (FAN_OUT - 1);
    timed(coroutines, || {
        let (sender, receiver) = mpmc::channel();
        go!(move || node(&sender, 0, leaves));
        assert_eq!(receiver.recv(), Ok(leaves * (leaves - 1) / 2));
    })
}

/// 1 M coroutines that sleep for up to a second, (i mod 1000) milliseconds.
pub(crate) fn sleepers() -> f64 {
    let coroutines = scaled(1_000_000);
    timed(coroutines, || {
        let left = Countdown::from(coroutines);
        for i in 0..coroutines {
            let left = left.clone();
            go!(move || {
                coroutine::sleep(Duration::from_millis(i % 1000));
                left.done();
            });
        }
        left.zero.wait();
    })
}

/// 1 M coroutines that wait on one channel, and what each keeps resident.
pub(crate) fn memory() -> f64 {
    static STARTED: AtomicU64 = AtomicU64::new(0);
    let coroutines = scaled(1_000_000);
    let (sender, receiver) = mpmc::channel::<u64>();
    let mut memory = Settling::start();
    for _ in 0..coroutines {
        let receiver = receiver.clone();
        go!(move || {
            STARTED.fetch_add(1, Ordering::AcqRel);
            receiver.recv().unwrap_err();
        });
    }
    while STARTED.load(Ordering::Acquire) < coroutines || !memory.has_settled() {
        coroutine::sleep(Settling::PAUSE);
    }
    let bytes = memory.bytes_each(coroutines);
    drop(sender);
    bytes
}
