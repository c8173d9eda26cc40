//! Anything may block, and others run on.

use crate::procs::Procs;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// Lets timers fire, goroutines start and yield, for a while.
fn life_goes_on() {
    for _ in 0..20 {
        sortie::sleep(Duration::from_millis(1));
        sortie::go(sortie::yield_now).join().unwrap();
    }
}

#[test]
fn unannounced_reads_on_pipes_do_not_stop_others() {
    let _procs = Procs::set(2);
    sortie::run(|| {
        let (readers, mut writers): (Vec<_>, Vec<_>) =
            (0..64).map(|_| std::io::pipe().unwrap()).unzip();
        sortie::scope(|s| {
            for mut reader in readers {
                s.go(move || {
                    let mut byte = [0];
                    reader.read_exact(&mut byte).unwrap();
                    assert_eq!(byte, [7]);
                });
            }
            life_goes_on();
            for writer in &mut writers {
                writer.write_all(&[7]).unwrap();
            }
        });
    });
}

#[test]
fn endless_loops_do_not_stop_others() {
    let _procs = Procs::set(2);
    sortie::run(|| {
        let stop = AtomicBool::new(false);
        sortie::scope(|s| {
            for _ in 0..4 {
                s.go(|| {
                    while !stop.load(SeqCst) {
                        std::hint::spin_loop();
                    }
                });
            }
            life_goes_on();
            stop.store(true, SeqCst);
        });
    });
}

#[test]
fn stds_locks_and_sleeps_do_not_stop_others() {
    let _procs = Procs::set(1);
    sortie::run(|| {
        let gate = (Mutex::new(false), Condvar::new());
        let waiting = AtomicUsize::new(0);
        sortie::scope(|s| {
            for _ in 0..10 {
                s.go(|| {
                    let mut open = gate.0.lock().unwrap();
                    waiting.fetch_add(1, SeqCst);
                    while !*open {
                        open = gate.1.wait(open).unwrap();
                    }
                    std::thread::sleep(Duration::from_millis(2));
                });
            }
            while waiting.load(SeqCst) < 10 {
                sortie::yield_now();
            }
            life_goes_on();
            *gate.0.lock().unwrap() = true;
            gate.1.notify_all();
        });
    });
}

#[test]
fn announced_calls_give_the_processor_away_at_once() {
    let _procs = Procs::set(1);
    sortie::run(|| {
        let entered = AtomicBool::new(false);
        sortie::scope(|s| {
            s.go(|| {
                let result = sortie::runtime::blocking(|| {
                    entered.store(true, SeqCst);
                    // Others have to run for this to end.
                    while entered.load(SeqCst) {
                        std::hint::spin_loop();
                    }
                    "done"
                });
                assert_eq!(result, "done");
            });
            while !entered.load(SeqCst) {
                sortie::yield_now();
            }
            entered.store(false, SeqCst);
        });
    });
}

#[test]
fn announced_calls_nest_panic_and_use_the_runtime() {
    let _procs = Procs::set(2);
    sortie::run(|| {
        let value = sortie::runtime::blocking(|| {
            sortie::go(|| ()).join().unwrap();
            sortie::sleep(Duration::from_micros(50));
            sortie::runtime::blocking(|| 5) + 1
        });
        assert_eq!(value, 6);
        let outcome = std::panic::catch_unwind(|| {
            sortie::runtime::blocking(|| std::panic::resume_unwind(Box::new(3)))
        });
        assert!(outcome.is_err());
        life_goes_on();
    });
    assert_eq!(sortie::runtime::blocking(|| 7), 7, "on a plain thread");
}

#[test]
fn by_the_hundred_at_the_same_time() {
    let _procs = Procs::set(2);
    sortie::run(|| {
        let inside = AtomicUsize::new(0);
        let open = AtomicBool::new(false);
        sortie::scope(|s| {
            for _ in 0..200 {
                s.go(|| {
                    sortie::runtime::blocking(|| {
                        inside.fetch_add(1, SeqCst);
                        while !open.load(SeqCst) {
                            std::thread::sleep(Duration::from_micros(500));
                        }
                    });
                });
            }
            while inside.load(SeqCst) < 200 {
                sortie::yield_now();
            }
            life_goes_on();
            open.store(true, SeqCst);
        });
    });
}
