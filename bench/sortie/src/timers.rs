//! Workloads on timers.

use crate::{scaled, timed};
use sortie::chan::{bounded, select};
use sortie::sync::WaitGroup;
use sortie::time::Timer;
use std::hint::black_box;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);

/// 1 M goroutines that sleep for up to a second, (i mod 1000) milliseconds.
pub(crate) fn sleepers() -> f64 {
    static LEFT: WaitGroup = WaitGroup::new();
    let goroutines = scaled(1_000_000);
    LEFT.add(goroutines as usize);
    timed(goroutines, || {
        for i in 0..goroutines {
            sortie::go(move || {
                sortie::sleep(Duration::from_millis(i % 1000));
                LEFT.done();
            });
        }
        LEFT.wait();
    })
}

/// 1 M functions that are called after up to a second, (i mod 1000) milliseconds.
pub(crate) fn functions() -> f64 {
    static LEFT: WaitGroup = WaitGroup::new();
    let functions = scaled(1_000_000);
    LEFT.add(functions as usize);
    timed(functions, || {
        for i in 0..functions {
            Timer::after_func(Duration::from_millis(i % 1000), || LEFT.done());
        }
        LEFT.wait();
    })
}

/// 3 M timers that are set for an hour, and stopped at once.
pub(crate) fn stop() -> f64 {
    let timers = scaled(3_000_000);
    timed(timers, || {
        for _ in 0..timers {
            let timer = Timer::after_func(LONG, || ());
            assert!(timer.stop());
        }
    })
}

/// 10 M times the same timer is set anew for an hour.
pub(crate) fn reset() -> f64 {
    let times = scaled(10_000_000);
    let timer = Timer::after_func(LONG, || ());
    timed(times, || {
        for _ in 0..times {
            assert!(timer.reset(LONG));
        }
    })
}

/// 1 M timers that are set for up to an hour, and stopped when all are.
pub(crate) fn pending() -> f64 {
    let count = scaled(1_000_000);
    timed(count, || {
        let timers: Vec<Timer> = (0..count)
            .map(|i| {
                // In no order.
                let seconds = i * 7919 % 3600;
                Timer::after_func(Duration::from_secs(60 + seconds), || ())
            })
            .collect();
        for timer in &timers {
            assert!(timer.stop());
        }
        black_box(timers);
    })
}

/// 1 M messages on a channel without buffer, each waited for with a timer of an hour
/// beside it that is stopped then.
pub(crate) fn timeouts() -> f64 {
    let messages = scaled(1_000_000);
    let (sender, receiver) = bounded::<u64>(0);
    timed(messages, || {
        sortie::go(move || {
            for i in 0..messages {
                sender.send(i).unwrap();
            }
        });
        for i in 0..messages {
            let timer = Timer::new(LONG);
            select! {
                recv(receiver) -> message => assert_eq!(message, Ok(i)),
                recv(timer.chan()) -> _ => unreachable!("an hour"),
            }
            timer.stop();
        }
    })
}
