//! Stopping and setting anew, against expiry, from everywhere at once. Each setting
//! ends in exactly one of three ways: it happens, it is stopped, or another takes
//! its place.

use crate::HOUR;
use crate::procs::Procs;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sortie::chan::{TryRecvError, select, unbounded};
use sortie::time::{Ticker, Timer};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

const PROCESSORS: [usize; 3] = [1, 2, 8];

/// How often the timer was set, and how often a setting was revoked.
#[derive(Default)]
struct Tally {
    set: AtomicUsize,
    revoked: AtomicUsize,
}

impl Tally {
    /// Sets and stops the timer at random, so many times.
    fn play(&self, timer: &Timer, seed: u64, turns: usize) {
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..turns {
            let revoked = if random.random_ratio(1, 3) {
                timer.stop()
            } else {
                self.set.fetch_add(1, SeqCst);
                timer.reset(Duration::from_nanos(random.random_range(0..20_000)))
            };
            self.revoked.fetch_add(usize::from(revoked), SeqCst);
            if random.random_ratio(1, 10) {
                sortie::yield_now();
            }
        }
    }

    /// The same by two goroutines and two threads; then stops it for good.
    fn play_all(&self, timer: &Timer, turns: usize) {
        thread::scope(|threads| {
            for seed in 0..2 {
                threads.spawn(move || self.play(timer, seed, turns));
            }
            sortie::scope(|s| {
                for seed in 2..4 {
                    s.go(move || self.play(timer, seed, turns));
                }
            });
        });
        self.revoked.fetch_add(usize::from(timer.stop()), SeqCst);
    }

    #[track_caller]
    fn check(&self, happened: usize) {
        let [set, revoked] = [&self.set, &self.revoked].map(|count| count.load(SeqCst));
        assert_eq!(happened + revoked, set);
    }
}

#[test]
fn functions() {
    for processors in PROCESSORS {
        let _procs = Procs::set(processors);
        let tally = Tally::default();
        let (sender, calls) = unbounded();
        let timer = Timer::after_func(HOUR, move || sender.send(()).unwrap());
        assert!(timer.stop());
        tally.play_all(&timer, 5000);
        drop(timer);
        tally.check(calls.iter().count());
    }
}

#[test]
fn messages() {
    for processors in PROCESSORS {
        let _procs = Procs::set(processors);
        let tally = Tally::default();
        let received = AtomicUsize::new(0);
        let timer = Timer::new(HOUR);
        assert!(timer.stop());
        let (stop, stopped) = unbounded::<()>();
        // One by one, so that those who wait are threads and goroutines.
        let receive = || {
            loop {
                select! {
                                   recv(timer.chan()) -> time => {
                time.unwrap();
                }
                                   recv(stopped) -> _ => return,
                               }
                received.fetch_add(1, SeqCst);
            }
        };
        let look = || {
            while stopped.try_recv() == Err(TryRecvError::Empty) {
                let timeout = Duration::from_micros(5);
                let found = timer.chan().recv_timeout(timeout).is_ok();
                received.fetch_add(usize::from(found), SeqCst);
            }
        };
        thread::scope(|threads| {
            threads.spawn(receive);
            threads.spawn(look);
            sortie::scope(|s| {
                s.go(receive);
                s.go(look);
                s.go(|| {
                    tally.play_all(&timer, 5000);
                    drop(stop);
                });
            });
        });
        assert!(timer.chan().try_recv().is_err());
        tally.check(received.into_inner());
    }
}

/// A ticker whose receivers come and go, and whose period changes: each tick is
/// received once, and they rise.
#[test]
fn ticks() {
    for processors in PROCESSORS {
        let _procs = Procs::set(processors);
        let ticker = Ticker::new(Duration::from_micros(3));
        let receive = || {
            let mut ticks = Vec::new();
            while ticks.len() < 2000 {
                let timeout = Duration::from_micros(ticks.len() as u64 % 9);
                ticks.extend(ticker.chan().recv_timeout(timeout));
            }
            ticks
        };
        let mut all = thread::scope(|threads| {
            let threads = [(); 2].map(|()| threads.spawn(receive));
            let mut all = sortie::scope(|s| {
                let goroutines = [(); 2].map(|()| s.go(receive));
                for period in 1..100 {
                    ticker.reset(Duration::from_nanos(period * 100));
                    sortie::yield_now();
                }
                goroutines.map(|one| one.join().unwrap()).concat()
            });
            for thread in threads {
                all.extend(thread.join().unwrap());
            }
            all
        });
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count, "a tick was received twice");
    }
}
