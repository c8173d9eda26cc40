//! Everybody has a turn.

use crate::procs::Procs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

/// A pair that always makes each other run next, and nobody else.
fn pair(stop: &AtomicBool) {
    while !stop.load(SeqCst) {
        sortie::go(|| ()).join().unwrap();
    }
}

#[test]
fn a_pair_does_not_starve_the_queue() {
    let _procs = Procs::set(1);
    sortie::run(|| {
        let stop = AtomicBool::new(false);
        let turns = AtomicUsize::new(0);
        sortie::scope(|s| {
            for _ in 0..3 {
                s.go(|| pair(&stop));
            }
            s.go(|| {
                for _ in 0..1000 {
                    turns.fetch_add(1, SeqCst);
                    sortie::yield_now();
                }
                stop.store(true, SeqCst);
            });
        });
        assert_eq!(turns.load(SeqCst), 1000);
    });
}

#[test]
fn goroutines_from_other_threads_have_their_turn() {
    let _procs = Procs::set(1);
    sortie::run(|| {
        let stop = AtomicBool::new(false);
        sortie::scope(|s| {
            for _ in 0..10 {
                s.go(|| {
                    while !stop.load(SeqCst) {
                        sortie::yield_now();
                    }
                });
                s.go(|| pair(&stop));
            }
            let outside = std::thread::spawn(|| {
                for _ in 0..200 {
                    sortie::go(|| ()).join().unwrap();
                }
            });
            // In a thread's own time, so that this goroutine does not help.
            outside.join().unwrap();
            stop.store(true, SeqCst);
        });
    });
}

#[test]
fn yields_are_shared_evenly() {
    let _procs = Procs::set(1);
    sortie::run(|| {
        const GOROUTINES: usize = 10;
        let counts: [AtomicUsize; GOROUTINES] = Default::default();
        let stop = AtomicBool::new(false);
        sortie::scope(|s| {
            for count in &counts {
                let stop = &stop;
                s.go(move || {
                    while !stop.load(SeqCst) {
                        count.fetch_add(1, SeqCst);
                        sortie::yield_now();
                    }
                });
            }
            while counts.iter().map(|count| count.load(SeqCst)).sum::<usize>() < 20_000 {
                sortie::yield_now();
            }
            stop.store(true, SeqCst);
        });
        let counts = counts.map(AtomicUsize::into_inner);
        let (most, least) = (counts.iter().max().unwrap(), counts.iter().min().unwrap());
        assert!(most <= &(least * 2), "{counts:?}");
    });
}
