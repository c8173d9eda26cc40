//! Timers while the number of processors changes: their timers move with them.

use crate::procs::Procs;
use crate::{HOUR, MILLISECOND};
use sortie::chan::{bounded, unbounded};
use sortie::runtime::set_max_procs;
use sortie::time::{Instant, Timer, sleep_until};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// Numbers of processors, one after the other.
const CHANGES: [usize; 8] = [8, 1, 4, 2, 8, 3, 1, 2];

/// Changes the number of processors while `f` runs.
fn while_processors_change<T>(f: impl FnOnce() -> T + Send) -> T
where
    T: Send,
{
    let _procs = Procs::set(8);
    let stop = AtomicBool::new(false);
    thread::scope(|threads| {
        threads.spawn(|| {
            while !stop.load(SeqCst) {
                for count in CHANGES {
                    set_max_procs(count);
                    thread::yield_now();
                }
            }
        });
        let result = sortie::run(f);
        stop.store(true, SeqCst);
        result
    })
}

#[test]
fn sleepers_wake_up() {
    while_processors_change(|| {
        sortie::scope(|s| {
            for i in 0..2000 {
                s.go(move || {
                    for turn in 0..3 {
                        let until = Instant::now() + Duration::from_micros(i * 7 % 3000 + turn);
                        sleep_until(until);
                        assert!(Instant::now() >= until);
                    }
                });
            }
        });
    });
}

#[test]
fn functions_are_called_once() {
    const COUNT: usize = 3000;
    while_processors_change(|| {
        let (sender, calls) = unbounded();
        let timers: Vec<Timer> = (0..COUNT)
            .map(|i| {
                let sender = sender.clone();
                let delay = Duration::from_micros(i as u64 * 13 % 5000);
                Timer::after_func(delay, move || sender.send(i).unwrap())
            })
            .collect();
        drop(sender);
        let mut called: Vec<usize> = calls.iter().take(COUNT).collect();
        called.sort_unstable();
        assert!(called.into_iter().eq(0..COUNT));
        drop(timers);
        assert!(calls.recv().is_err(), "all functions were dropped");
    });
}

/// Set on one processor, stopped and set anew after that has gone.
#[test]
fn stopped_and_set_anew_elsewhere() {
    while_processors_change(|| {
        for _ in 0..20 {
            let (sender, calls) = bounded(1000);
            let timers: Vec<Timer> = (0..1000)
                .map(|_| {
                    let sender = sender.clone();
                    Timer::after_func(HOUR, move || sender.send(()).unwrap())
                })
                .collect();
            drop(sender);
            for (i, timer) in timers.iter().enumerate() {
                match i % 4 {
                    0 => assert!(timer.stop()),
                    1 => assert!(timer.reset(2 * HOUR)),
                    2 => assert!(timer.reset(Duration::from_micros(100))),
                    _ => {
                        assert!(timer.stop());
                        assert!(!timer.reset(Duration::ZERO));
                    }
                }
            }
            assert_eq!(calls.iter().take(500).count(), 500);
            for timer in timers {
                timer.stop();
            }
            assert!(calls.recv().is_err(), "all functions were dropped");
        }
    });
}

/// Plain threads have no processor: they choose one, which may go at that moment.
#[test]
fn set_by_threads() {
    while_processors_change(|| {
        thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| {
                    for i in 0..500 {
                        let timer = Timer::new(Duration::from_micros(i % 200));
                        timer.chan().recv().unwrap();
                        let (sender, calls) = bounded(1);
                        let function = Timer::after_func(MILLISECOND, move || {
                            sender.send(()).unwrap();
                        });
                        if i % 2 == 0 || !function.stop() {
                            calls.recv().unwrap();
                        }
                    }
                });
            }
        });
    });
}
