//! Workloads on tasks.

use crate::{runtime, workers};
use bench_program::{Settling, hash, per_operation, scaled, speed_up};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, Notify, mpsc};

/// What tasks count down, and one waits for.
struct Countdown {
    left: AtomicU64,
    zero: Notify,
}

impl Countdown {
    fn from(count: u64) -> Arc<Self> {
        Arc::new(Countdown {
            left: AtomicU64::new(count),
            zero: Notify::new(),
        })
    }

    fn done(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.zero.notify_one();
        }
    }

    async fn wait(&self) {
        self.zero.notified().await;
    }
}

/// 1 M tasks that only count down; the main task waits for the last.
pub(crate) async fn spawn() -> f64 {
    let tasks = scaled(1_000_000);
    let start = Instant::now();
    let left = Countdown::from(tasks);
    for _ in 0..tasks {
        let left = left.clone();
        tokio::spawn(async move { left.done() });
    }
    left.wait().await;
    per_operation(start, tasks)
}

/// 100 tasks that yield 20 000 times each.
pub(crate) async fn yields() -> f64 {
    const TASKS: u64 = 100;
    let yields = scaled(20_000);
    let start = Instant::now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            tokio::spawn(async move {
                for _ in 0..yields {
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    per_operation(start, TASKS * yields)
}

/// 8 tasks that lock a mutex 4 M times in all, each time to add one. It is tokio's
/// mutex, whose waiters leave their thread to others.
pub(crate) async fn mutex() -> f64 {
    const MEMBERS: u64 = 8;
    let each = scaled(500_000);
    let count = Arc::new(Mutex::new(0));
    let start = Instant::now();
    let members: Vec<_> = (0..MEMBERS)
        .map(|_| {
            let count = count.clone();
            tokio::spawn(async move {
                for _ in 0..each {
                    *count.lock().await += 1;
                }
            })
        })
        .collect();
    for member in members {
        member.await.unwrap();
    }
    assert_eq!(*count.lock().await, MEMBERS * each);
    per_operation(start, MEMBERS * each)
}

const FAN_OUT: u64 = 10;

/// Boxed because it spawns itself.
fn node(
    result: mpsc::Sender<u64>,
    number: u64,
    leaves: u64,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        if leaves == 1 {
            return result.send(number).await.unwrap();
        }
        let (sender, mut receiver) = mpsc::channel(1);
        let below = leaves / FAN_OUT;
        for child in 0..FAN_OUT {
            tokio::spawn(node(sender.clone(), number + child * below, below));
        }
        let mut sum = 0;
        for _ in 0..FAN_OUT {
            sum += receiver.recv().await.unwrap();
        }
        result.send(sum).await.unwrap();
    })
}

/// A tree of tasks, ten below each, with a million at the bottom; each sends the sum
/// of those below it to the one above.
pub(crate) async fn skynet() -> f64 {
    // The largest tree of this fan-out that is not larger.
    let leaves = FAN_OUT.pow(scaled(1_000_000).ilog10());
    let tasks = (leaves * FAN_OUT - 1) / (FAN_OUT - 1);
    let start = Instant::now();
    let (sender, mut receiver) = mpsc::channel(1);
    tokio::spawn(node(sender, 0, leaves));
    assert_eq!(receiver.recv().await, Some(leaves * (leaves - 1) / 2));
    per_operation(start, tasks)
}

/// 1 M tasks that sleep for up to a second, (i mod 1000) milliseconds.
pub(crate) async fn sleepers() -> f64 {
    let tasks = scaled(1_000_000);
    let start = Instant::now();
    let left = Countdown::from(tasks);
    for i in 0..tasks {
        let left = left.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(i % 1000)).await;
            left.done();
        });
    }
    left.wait().await;
    per_operation(start, tasks)
}

/// 1 M tasks that wait on one channel (async-channel's, since tokio's has one
/// receiver only), and what each keeps resident.
pub(crate) async fn memory() -> f64 {
    static STARTED: AtomicU64 = AtomicU64::new(0);
    let tasks = scaled(1_000_000);
    let (sender, receiver) = async_channel::bounded::<u64>(1);
    let mut memory = Settling::start();
    for _ in 0..tasks {
        let receiver = receiver.clone();
        tokio::spawn(async move {
            STARTED.fetch_add(1, Ordering::AcqRel);
            receiver.recv().await.unwrap_err();
        });
    }
    while STARTED.load(Ordering::Acquire) < tasks || !memory.has_settled() {
        tokio::time::sleep(Settling::PAUSE).await;
    }
    let bytes = memory.bytes_each(tasks);
    drop(sender);
    bytes
}

/// SHA-256 over blocks of 64 MiB, a task for each: how much faster with a worker for
/// each CPU than with one.
pub(crate) fn parallel() -> f64 {
    speed_up(workers(), |blocks, workers| {
        runtime(workers).block_on(async {
            let tasks: Vec<_> = (0..blocks)
                .map(|index| tokio::spawn(async move { hash(index) }))
                .collect();
            let mut sum = 0u64;
            for task in tasks {
                sum = sum.wrapping_add(task.await.unwrap());
            }
            sum
        })
    })
}
