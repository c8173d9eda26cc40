//! Go's time/sleep_test.go (BSD-style licence, The Go Authors).
//!
//! <https://github.com/golang/go/blob/master/src/time/sleep_test.go>

use crate::procs::Procs;
use crate::{HOUR, MILLISECOND, NANOSECOND, Pair, a_moment};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use sortie::chan::{self, TryRecvError, bounded, select};
use sortie::time::{Instant, Ticker, Timer, sleep, sleep_until};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

/// TestSleep: not shorter than asked. Also by `sleep_until`, and by a thread.
#[test]
fn sleeping_is_not_too_short() {
    fn check() {
        const DELAY: Duration = Duration::from_millis(5);
        let start = Instant::now();
        sleep(DELAY);
        assert!(start.elapsed() >= DELAY);
        let until = Instant::now() + DELAY;
        sleep_until(until);
        assert!(Instant::now() >= until);
        // What has passed is not waited for.
        sleep_until(until);
        sleep_until(Instant::now() - HOUR);
    }
    check();
    sortie::run(check);
}

/// TestAfterFunc: functions that start others, and go on themselves.
#[sortie::test]
fn functions_start_functions() {
    fn next(left: u32, done: chan::Sender<()>) {
        Timer::after_func(Duration::ZERO, move || {
            if left > 0 {
                next(left - 1, done.clone());
                sleep(5 * MILLISECOND);
            } else {
                done.send(()).unwrap();
            }
        });
    }
    let (done, all) = bounded(0);
    next(10, done);
    all.recv().unwrap();
}

/// A goroutine that sleeps for a nanosecond again and again, while `f` runs.
fn beside_short_sleeps(f: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    sortie::scope(|s| {
        s.go(|| {
            while !stop.load(SeqCst) {
                sleep(NANOSECOND);
            }
        });
        f();
        stop.store(true, SeqCst);
    });
}

/// TestTickerStress.
#[sortie::test]
fn a_ticker_beside_short_sleeps() {
    beside_short_sleeps(|| {
        let ticker = Ticker::new(NANOSECOND);
        assert_eq!(ticker.chan().iter().take(100).count(), 100);
        ticker.stop();
    });
}

/// TestTickerConcurrentStress.
#[sortie::test]
fn a_ticker_of_many() {
    beside_short_sleeps(|| {
        let ticker = Ticker::new(NANOSECOND);
        sortie::scope(|s| {
            for _ in 0..10 {
                s.go(|| assert_eq!(ticker.chan().iter().take(100).count(), 100));
            }
        });
        ticker.stop();
    });
}

/// TestAfterFuncStarvation: a function has its turn although two goroutines keep each
/// other busy on the only processor.
#[test]
fn functions_are_not_starved() {
    let _procs = Procs::set(1);
    sortie::run(|| {
        let stop = Arc::new(AtomicBool::new(false));
        let (sender, receiver) = bounded(1);
        sortie::scope(|s| {
            let stopped = Arc::clone(&stop);
            s.go(move || {
                while !stopped.load(SeqCst) {
                    sender.send(true).unwrap();
                }
            });
            s.go(|| receiver.iter().for_each(drop));
            Timer::after_func(Duration::from_micros(1), move || stop.store(true, SeqCst));
        });
    });
}

/// TestAfter.
#[sortie::test]
fn after_is_not_too_early() {
    const DELAY: Duration = Duration::from_millis(5);
    let start = std::time::Instant::now();
    let end = chan::after(DELAY).recv().unwrap();
    assert!(start.elapsed() >= DELAY);
    assert!(end >= start + DELAY);
    for new in Pair::KINDS {
        let start = Instant::now();
        let end = new(DELAY).arrivals.recv().unwrap();
        assert!(start.elapsed() >= DELAY);
        assert!(end >= start + DELAY);
    }
}

/// TestAfterTick.
#[sortie::test]
fn one_after_the_other() {
    const DELTA: Duration = Duration::from_millis(2);
    for new in Pair::KINDS {
        let start = Instant::now();
        for _ in 0..10 {
            new(DELTA).arrivals.recv().unwrap();
        }
        assert!(start.elapsed() >= 10 * DELTA);
    }
}

/// TestAfterStop: what was stopped does not happen, not even later.
#[sortie::test]
fn what_is_stopped_does_not_happen() {
    for new in Pair::KINDS {
        let first = new(2 * MILLISECOND);
        let second = new(3 * MILLISECOND);
        // Either may be over already, on a machine that is busy.
        let stopped = [first, second].map(|pair| (pair.timer.stop(), pair));
        chan::after(5 * MILLISECOND).recv().unwrap();
        for (stopped, pair) in stopped {
            assert!(!pair.timer.stop(), "stopped twice");
            if stopped {
                assert!(pair.arrivals.try_recv().is_err());
            } else {
                pair.arrivals.recv().unwrap();
            }
        }
    }
}

/// TestAfterQueuing: times arrive in order, whatever the order in which they were
/// set. On one processor, whose timers are in one heap.
#[test]
fn times_arrive_in_order() {
    const SLOTS: [u32; 13] = [5, 3, 6, 6, 6, 1, 1, 2, 7, 9, 4, 8, 0];
    const DELTA: Duration = Duration::from_millis(2);
    let _procs = Procs::set(1);
    sortie::run(|| {
        for new in Pair::KINDS {
            let start = Instant::now();
            let (sender, results) = bounded(SLOTS.len());
            for slot in SLOTS {
                let (pair, sender) = (new(slot * DELTA), sender.clone());
                sortie::go(move || sender.send((slot, pair.arrivals.recv().unwrap())));
            }
            drop(sender);
            let results: Vec<_> = results.iter().collect();
            assert_eq!(results.len(), SLOTS.len());
            assert!(results.is_sorted_by_key(|&(slot, _)| slot), "{results:?}");
            for (slot, time) in results {
                assert!(time >= start + slot * DELTA);
            }
        }
    });
}

/// TestTimerStopStress: timers are stopped by other goroutines than those that set
/// them.
#[sortie::test]
fn stopped_by_many() {
    sortie::scope(|s| {
        for _ in 0..100 {
            s.go(|| {
                let timer = Timer::after_func(HOUR, || panic!("it was stopped"));
                sleep(MILLISECOND);
                let other = sortie::go(move || timer.stop());
                assert!(other.join().unwrap());
            });
        }
    });
}

/// TestSleepZeroDeadlock.
#[test]
fn sleeping_for_no_time_is_no_wait() {
    let _procs = Procs::set(4);
    sortie::run(|| {
        for _ in 0..100 {
            sleep(Duration::ZERO);
            let (sender, receiver) = bounded(1);
            sender.send(true).unwrap();
            assert_eq!(receiver.recv(), Ok(true));
        }
    });
}

/// TestReset: a timer that is put off does not go off at its first time.
#[sortie::test]
fn put_off_it_comes_later() {
    for new in Pair::KINDS {
        let Pair { timer, arrivals } = new(2 * MILLISECOND);
        let start = Instant::now();
        if !timer.reset(6 * MILLISECOND) {
            // Somebody has kept us so long that it was over.
            arrivals.recv().unwrap();
        }
        assert!(arrivals.recv().unwrap() >= start + 6 * MILLISECOND);
        assert!(!timer.reset(HOUR), "it was over");
        assert!(timer.stop());
    }
}

/// TestOverflowSleep: what is too long to be counted does not come, nor disturb what
/// does.
#[sortie::test]
fn the_longest_times_do_not_come() {
    sortie::go(|| {
        sleep(Duration::MAX);
        unreachable!("the end of time");
    });
    for long in [
        Duration::MAX,
        Duration::from_nanos(u64::MAX),
        Duration::from_nanos(u64::MAX - 1),
        Duration::from_nanos(i64::MAX as u64),
    ] {
        let timer = Timer::new(long);
        let function = Timer::after_func(long, || unreachable!("the end of time"));
        let ticker = Ticker::new(long);
        let soon = Timer::new(MILLISECOND);
        select! {
                   recv(timer.chan()) -> _ => unreachable!("the end of time"),
                   recv(ticker.chan()) -> _ => unreachable!("the end of time"),
                   recv(chan::after(long)) -> _ => unreachable!("the end of time"),
                   recv(soon.chan()) -> time => {
        time.unwrap();
        }
               }
        assert!(timer.reset(long) && timer.stop());
        assert!(function.reset(long) && function.stop());
    }
}

/// TestZeroTimer: one that is over at once is not missed, again and again.
#[sortie::test]
fn over_at_once() {
    const COUNT: usize = 20_000;
    for new in Pair::KINDS {
        for _ in 0..COUNT {
            new(Duration::ZERO).arrivals.recv().unwrap();
        }
    }
    for new in Pair::KINDS {
        let pair = new(HOUR);
        assert!(pair.timer.stop());
        for _ in 0..COUNT {
            assert!(!pair.timer.reset(Duration::ZERO));
            pair.arrivals.recv().unwrap();
        }
    }
}

/// TestTimerModifiedEarlier: one that is put forward again and again is not lost.
#[sortie::test]
fn put_forward_it_is_not_lost() {
    for new in Pair::KINDS {
        for _ in 0..1000 {
            let pair = new(HOUR);
            for _ in 0..10 {
                if !pair.timer.stop() {
                    pair.arrivals.recv().unwrap();
                }
                assert!(!pair.timer.reset(Duration::ZERO));
            }
            pair.arrivals.recv().unwrap();
        }
    }
}

/// TestAdjustTimers: many are put forward and off in random order, and none is lost.
#[sortie::test]
fn put_forward_and_off_none_is_lost() {
    const STATES: usize = 10;
    for (seed, new) in Pair::KINDS.into_iter().enumerate() {
        let mut random = StdRng::seed_from_u64(seed as u64);
        let pairs: Vec<Pair> = (0..100).map(|_| new(Duration::ZERO)).collect();
        let mut turns: Vec<usize> = (0..pairs.len() * STATES).map(|i| i / STATES).collect();
        turns.shuffle(&mut random);
        let mut states = vec![0; pairs.len()];
        for index in turns {
            let Pair { timer, arrivals } = &pairs[index];
            match states[index] {
                0 | 8 => drop(arrivals.recv().unwrap()),
                1 | 3 | 5 => {
                    let minutes = random.random_range(1..4);
                    assert!(!timer.reset(Duration::from_secs(60 * minutes)));
                }
                2 | 4 | 6 => assert!(timer.stop()),
                7 => assert!(!timer.reset(Duration::ZERO)),
                _ => assert_eq!(arrivals.try_recv(), Err(TryRecvError::Empty)),
            }
            states[index] += 1;
        }
    }
}

/// TestStopResult and TestResetResult: of two timers that race, the one that did not
/// win says so when it is stopped, or set anew.
fn of_two_one_is_left(revoke: fn(&Timer) -> bool) {
    let wait = || {
        for _ in 0..20 {
            let (one, other) = (Timer::new(MILLISECOND), Timer::new(MILLISECOND));
            let loser = select! {
                recv(one.chan()) -> _ => &other,
                recv(other.chan()) -> _ => &one,
            };
            assert!(revoke(loser), "its message was not received");
            assert!(loser.chan().try_recv().is_err());
        }
    };
    sortie::scope(|s| {
        for _ in 0..500 {
            s.go(wait);
        }
    });
}

#[sortie::test]
fn of_two_one_is_left_to_stop() {
    of_two_one_is_left(Timer::stop);
}

#[sortie::test]
fn of_two_one_is_left_to_set_anew() {
    of_two_one_is_left(|timer| timer.reset(HOUR));
}

/// TestMultiWakeupTicker: one ticker for as many goroutines as there are processors,
/// each with a time-out beside it.
#[sortie::test]
fn many_wait_for_a_ticker() {
    let ticker = Ticker::new(Duration::from_micros(1));
    sortie::scope(|s| {
        for _ in 0..sortie::runtime::max_procs() {
            s.go(|| {
                for _ in 0..10_000 {
                    select! {
                                           recv(ticker.chan()) -> tick => {
                    tick.unwrap();
                    }
                                           recv(chan::after(MILLISECOND)) -> _ => {}
                                       }
                }
            });
        }
    });
}

/// TestMultiWakeupTimer: the same with a timer, which everybody sets anew.
#[sortie::test]
fn many_look_at_a_timer() {
    let timer = Timer::new(NANOSECOND);
    sortie::scope(|s| {
        for _ in 0..sortie::runtime::max_procs() {
            s.go(|| {
                for _ in 0..10_000 {
                    select! {
                                           recv(timer.chan()) -> time => {
                    time.unwrap();
                    }
                                           default => {}
                                       }
                    timer.reset(NANOSECOND);
                }
            });
        }
    });
    a_moment();
    assert!(timer.chan().try_recv().is_ok());
}
