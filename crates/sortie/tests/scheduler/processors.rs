//! GOMAXPROCS goes up and down while everything runs.

use crate::procs::Procs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

#[test]
fn their_number_is_changed_under_load() {
    let _procs = Procs::set(2);
    sortie::run(|| {
        let stop = AtomicBool::new(false);
        let turns = AtomicUsize::new(0);
        sortie::scope(|s| {
            for index in 0..40u64 {
                let (stop, turns) = (&stop, &turns);
                s.go(move || {
                    while !stop.load(SeqCst) {
                        match index % 4 {
                            0 => sortie::yield_now(),
                            1 => sortie::sleep(Duration::from_micros(index)),
                            2 => sortie::go(|| ()).join().unwrap(),
                            _ => sortie::runtime::blocking(std::thread::yield_now),
                        }
                        turns.fetch_add(1, SeqCst);
                    }
                });
            }
            for round in 0..200 {
                let count = [1, 2, 3, 4, 8, 16, 5][round % 7];
                sortie::runtime::set_max_procs(count);
                assert_eq!(sortie::runtime::max_procs(), count);
                let seen = turns.load(SeqCst);
                while turns.load(SeqCst) < seen + 20 {
                    sortie::yield_now();
                }
            }
            stop.store(true, SeqCst);
        });
    });
}

#[test]
fn goroutines_and_timers_of_a_processor_that_goes_are_inherited() {
    let _procs = Procs::set(8);
    sortie::run(|| {
        let done = AtomicUsize::new(0);
        sortie::scope(|s| {
            for index in 0..1000u64 {
                let done = &done;
                s.go(move || {
                    sortie::sleep(Duration::from_micros(100 * (index % 40)));
                    done.fetch_add(1, SeqCst);
                });
            }
            sortie::yield_now();
            sortie::runtime::set_max_procs(1);
        });
        assert_eq!(done.load(SeqCst), 1000);
    });
}

#[test]
fn setting_returns_the_old_number() {
    let _procs = Procs::set(3);
    assert_eq!(sortie::runtime::set_max_procs(5), 3);
    assert_eq!(sortie::runtime::set_max_procs(2), 5);
    assert_eq!(sortie::runtime::max_procs(), 2);
    assert!(std::panic::catch_unwind(|| sortie::runtime::set_max_procs(0)).is_err());
}
