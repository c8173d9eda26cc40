//! Workloads on timers.

use crate::timed;
use sortie::chan::{bounded, select};
use sortie::time::Timer;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);

/// Counts down to 0, which one waits for.
struct Countdown {
    left: AtomicU64,
}

impl Countdown {
    const fn from(count: u64) -> Self {
        Countdown {
            left: AtomicU64::new(count),
        }
    }

    fn done(&self) {
        self.left.fetch_sub(1, Ordering::AcqRel);
    }

    fn wait(&self) {
        while self.left.load(Ordering::Acquire) != 0 {
            sortie::sleep(Duration::from_micros(100));
        }
    }
}

/// 1 M goroutines that sleep for up to a second, (i mod 1000) milliseconds.
pub(crate) fn sleepers() -> f64 {
    const GOROUTINES: u64 = 1_000_000;
    static LEFT: Countdown = Countdown::from(GOROUTINES);
    timed(GOROUTINES, || {
        for i in 0..GOROUTINES {
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
    const FUNCTIONS: u64 = 1_000_000;
    static LEFT: Countdown = Countdown::from(FUNCTIONS);
    timed(FUNCTIONS, || {
        for i in 0..FUNCTIONS {
            Timer::after_func(Duration::from_millis(i % 1000), || LEFT.done());
        }
        LEFT.wait();
    })
}

/// 3 M timers that are set for an hour, and stopped at once.
pub(crate) fn stop() -> f64 {
    const TIMERS: u64 = 3_000_000;
    timed(TIMERS, || {
        for _ in 0..TIMERS {
            let timer = Timer::after_func(LONG, || ());
            assert!(timer.stop());
        }
    })
}

/// 10 M times the same timer is set anew for an hour.
pub(crate) fn reset() -> f64 {
    const TIMES: u64 = 10_000_000;
    let timer = Timer::after_func(LONG, || ());
    timed(TIMES, || {
        for _ in 0..TIMES {
            assert!(timer.reset(LONG));
        }
    })
}

/// 1 M timers that are set for up to an hour, and stopped when all are.
pub(crate) fn pending() -> f64 {
    const TIMERS: u64 = 1_000_000;
    timed(TIMERS, || {
        let timers: Vec<Timer> = (0..TIMERS)
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
    const MESSAGES: u64 = 1_000_000;
    let (sender, receiver) = bounded::<u64>(0);
    timed(MESSAGES, || {
        sortie::go(move || {
            for i in 0..MESSAGES {
                sender.send(i).unwrap();
            }
        });
        for i in 0..MESSAGES {
            let timer = Timer::new(LONG);
            select! {
                recv(receiver) -> message => assert_eq!(message, Ok(i)),
                recv(timer.chan()) -> _ => unreachable!("an hour"),
            }
            timer.stop();
        }
    })
}
