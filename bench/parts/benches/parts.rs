//! Micro-benchmarks of the parts, so that a workload that has become slower can be
//! traced to the part that did: `cargo bench --package bench-parts`.

use criterion::{Criterion, criterion_group, criterion_main};
use sortie::chan::{Receiver, bounded, select};
use sortie::sync::{Mutex, RwLock, WaitGroup};
use sortie_fiber::Fiber;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Measures `f`, so many times, on a goroutine.
fn on_goroutine(times: u64, mut f: impl FnMut() + Send) -> Duration {
    sortie::run(move || {
        let start = Instant::now();
        for _ in 0..times {
            f();
        }
        start.elapsed()
    })
}

fn fiber(c: &mut Criterion) {
    c.bench_function("fiber: switch there and back", |b| {
        let mut fiber: Fiber<(), (), ()> = Fiber::new(|suspender, ()| {
            loop {
                suspender.suspend(());
            }
        })
        .unwrap();
        b.iter(|| fiber.resume(()));
    });
}

fn goroutines(c: &mut Criterion) {
    c.bench_function("spawn and join", |b| {
        b.iter_custom(|times| on_goroutine(times, || sortie::go(|| ()).join().unwrap()));
    });
    c.bench_function("spawn, count down", |b| {
        b.iter_custom(|times| {
            static LEFT: WaitGroup = WaitGroup::new();
            sortie::run(|| {
                let start = Instant::now();
                LEFT.add(times as usize);
                for _ in 0..times {
                    sortie::go(|| LEFT.done());
                }
                LEFT.wait();
                start.elapsed()
            })
        });
    });
    c.bench_function("yield, nobody else", |b| {
        b.iter_custom(|times| on_goroutine(times, sortie::yield_now));
    });
    c.bench_function("ready to run", |b| {
        b.iter_custom(|times| sortie::run(|| latency(times)));
    });
}

/// From the moment before a waiting goroutine is made ready until it runs.
fn latency(times: u64) -> Duration {
    let (sender, receiver) = bounded::<Instant>(0);
    let (answer, answers) = bounded::<Duration>(0);
    sortie::go(move || {
        for sent in receiver {
            answer.send(sent.elapsed()).unwrap();
        }
    });
    (0..times)
        .map(|_| {
            sender.send(Instant::now()).unwrap();
            answers.recv().unwrap()
        })
        .sum()
}

fn channels(c: &mut Criterion) {
    for capacity in [1, 1024] {
        c.bench_function(&format!("send and receive, room for {capacity}"), |b| {
            let (sender, receiver) = bounded::<u64>(capacity);
            b.iter_custom(|times| {
                on_goroutine(times, || {
                    sender.send(black_box(1)).unwrap();
                    black_box(receiver.recv().unwrap());
                })
            });
        });
    }
    c.bench_function("select, nothing is ready", |b| {
        let (_a, a): (_, Receiver<u64>) = bounded(1);
        let (_b, other): (_, Receiver<u64>) = bounded(1);
        b.iter_custom(|times| {
            on_goroutine(times, || {
                select! {
                    recv(a) -> _ => unreachable!(),
                    recv(other) -> _ => unreachable!(),
                    default => (),
                }
            })
        });
    });
}

fn locks(c: &mut Criterion) {
    c.bench_function("mutex, nobody else", |b| {
        let count = Mutex::new(0u64);
        b.iter_custom(|times| on_goroutine(times, || *black_box(&count).lock() += 1));
    });
    c.bench_function("read lock, nobody else", |b| {
        let count = RwLock::new(0u64);
        b.iter_custom(|times| {
            on_goroutine(times, || {
                black_box(*black_box(&count).read());
            })
        });
    });
}

criterion_group!(parts, fiber, goroutines, channels, locks);
criterion_main!(parts);
