//! Handles: results, panics, detaching. Nothing lost, nothing twice.

use std::cell::Cell;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// Counts how many of its kind are alive.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, SeqCst);
        Counted(alive.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

/// Waits until a count is down to zero.
fn until_none(alive: &AtomicUsize) {
    while alive.load(SeqCst) != 0 {
        sortie::sleep(Duration::from_micros(100));
    }
}

#[sortie::test]
fn results_of_all_sizes_come_back() {
    assert_eq!(sortie::go(|| ()).join().unwrap(), ());
    assert_eq!(sortie::go(|| 1u8).join().unwrap(), 1);
    assert_eq!(sortie::go(|| "text".to_string()).join().unwrap(), "text");
    assert_eq!(sortie::go(|| [7u64; 12]).join().unwrap(), [7; 12]);
    assert_eq!(sortie::go(|| [7u64; 14]).join().unwrap(), [7; 14]);
    assert_eq!(sortie::go(|| [7u64; 1000]).join().unwrap(), [7; 1000]);
    #[repr(align(128))]
    #[derive(Debug, PartialEq)]
    struct Aligned(u8);
    let aligned = Aligned(3);
    let handle = sortie::go(move || {
        assert!(std::ptr::from_ref(&aligned).addr().is_multiple_of(128));
        aligned
    });
    assert_eq!(handle.join().unwrap(), Aligned(3));
}

#[sortie::test]
fn closures_of_all_sizes_arrive() {
    let (small, large) = ([1u64; 3], [2u64; 1000]);
    assert_eq!(
        sortie::go(move || small.iter().sum::<u64>())
            .join()
            .unwrap(),
        3
    );
    assert_eq!(
        sortie::go(move || large.iter().sum::<u64>())
            .join()
            .unwrap(),
        2000
    );
}

#[sortie::test]
fn results_are_dropped_once_whatever_becomes_of_the_handle() {
    let alive = Arc::new(AtomicUsize::new(0));
    for round in 0..3000 {
        let counted = Counted::new(&alive);
        let handle = sortie::go(move || {
            if counted.0.load(SeqCst).is_multiple_of(2) {
                sortie::yield_now();
            }
            counted
        });
        match round % 4 {
            0 => drop(handle.join().unwrap()),
            1 => drop(handle),
            2 => {
                sortie::yield_now();
                drop(handle);
            }
            _ => {
                while !handle.is_finished() {
                    sortie::yield_now();
                }
                drop(handle);
            }
        }
    }
    until_none(&alive);
}

#[sortie::test]
fn what_a_closure_captured_is_dropped_when_it_panics() {
    let alive = Arc::new(AtomicUsize::new(0));
    for round in 0..1000 {
        let (captured, payload) = (Counted::new(&alive), Counted::new(&alive));
        let handle = sortie::go(move || {
            let _captured = captured;
            resume_unwind(Box::new(payload));
        });
        if round % 2 == 0 {
            drop(handle.join().unwrap_err());
        }
    }
    until_none(&alive);
}

#[sortie::test]
fn a_detached_goroutine_goes_on() {
    let done = Arc::new(AtomicUsize::new(0));
    for _ in 0..100 {
        let done = done.clone();
        drop(sortie::go(move || {
            sortie::sleep(Duration::from_millis(1));
            done.fetch_add(1, SeqCst);
        }));
    }
    while done.load(SeqCst) != 100 {
        sortie::yield_now();
    }
}

#[sortie::test]
fn a_result_that_parks_while_it_is_dropped() {
    struct Slow(Arc<AtomicUsize>);
    impl Drop for Slow {
        fn drop(&mut self) {
            sortie::sleep(Duration::from_micros(200));
            self.0.fetch_add(1, SeqCst);
        }
    }
    let dropped = Arc::new(AtomicUsize::new(0));
    for _ in 0..200 {
        let slow = Slow(dropped.clone());
        drop(sortie::go(move || slow));
    }
    while dropped.load(SeqCst) != 200 {
        sortie::yield_now();
    }
}

#[sortie::test]
fn join_waits_for_a_goroutine_on_any_thread() {
    for round in 0..500u64 {
        let handle = sortie::go(move || {
            if round % 3 == 0 {
                sortie::sleep(Duration::from_micros(round % 50));
            }
            round
        });
        if round % 2 == 0 {
            let joined = std::thread::spawn(move || handle.join().unwrap());
            assert_eq!(joined.join().unwrap(), round);
        } else {
            assert_eq!(handle.join().unwrap(), round);
        }
    }
}

#[sortie::test]
fn handles_tell_who_and_whether_finished() {
    let go_on = Arc::new(AtomicUsize::new(0));
    let wait = go_on.clone();
    let handle = sortie::go(move || {
        while wait.load(SeqCst) == 0 {
            sortie::yield_now();
        }
        sortie::task::current().unwrap().id()
    });
    assert!(!handle.is_finished());
    assert!(format!("{handle:?}").contains("finished: false"));
    go_on.store(1, SeqCst);
    while !handle.is_finished() {
        sortie::yield_now();
    }
    let id = handle.goroutine().id();
    assert_eq!(handle.join().unwrap(), id);
}

#[test]
fn chains_of_goroutines_that_make_the_next() {
    fn next(left: u32) -> u32 {
        match left {
            0 => 0,
            _ => sortie::go(move || next(left - 1)).join().unwrap() + 1,
        }
    }
    assert_eq!(sortie::run(|| next(2000)), 2000);
}

#[sortie::test]
fn a_handle_is_send_and_sync_whatever_the_result() {
    fn check<T: Send + Sync>(_: &T) {}
    let handle = sortie::go(|| Cell::new(1));
    check(&handle);
    assert_eq!(handle.join().unwrap().get(), 1);
}
