//! Panics count per goroutine, wherever it goes meanwhile.

use crate::common::{move_about, on_goroutines};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::panicking;

/// Moves to another thread while it is dropped.
struct Wanderer<'a> {
    dropped_panicking: &'a AtomicUsize,
}

impl Drop for Wanderer<'_> {
    fn drop(&mut self) {
        let before = panicking();
        move_about(1);
        assert_eq!(panicking(), before);
        if before {
            self.dropped_panicking.fetch_add(1, Ordering::SeqCst);
        }
        // A panic inside, caught inside, does not confuse the count.
        let inner = catch_unwind(|| resume_unwind(Box::new(1)));
        assert!(inner.is_err());
        assert_eq!(panicking(), before);
    }
}

#[test]
fn a_goroutine_parks_inside_drop_while_unwinding() {
    let count = AtomicUsize::new(0);
    on_goroutines(90, |index| {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let _first = Wanderer {
                dropped_panicking: &count,
            };
            let _second = Wanderer {
                dropped_panicking: &count,
            };
            if index % 3 == 0 {
                resume_unwind(Box::new(index));
            }
        }));
        assert_eq!(outcome.is_err(), index % 3 == 0);
        assert!(!panicking());
        move_about(1);
        assert!(!panicking());
    });
    assert_eq!(count.load(Ordering::SeqCst), 60);
}

#[test]
fn a_std_mutex_is_poisoned_by_its_own_goroutine_only() {
    let mutexes: Vec<Mutex<usize>> = (0..60).map(Mutex::new).collect();
    on_goroutines(60, |index| {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let _wanderer = Wanderer {
                dropped_panicking: &AtomicUsize::new(0),
            };
            let mut guard = mutexes[index].lock().unwrap();
            *guard += 1;
            // Held across parks, while others unwind on the same threads.
            move_about(1);
            if index % 2 == 0 {
                resume_unwind(Box::new(()));
            }
        }));
        assert_eq!(outcome.is_err(), index % 2 == 0);
        assert_eq!(mutexes[index].is_poisoned(), index % 2 == 0);
    });
}

#[test]
fn the_payload_reaches_join() {
    sortie::run(|| {
        for number in 0..50 {
            let handle = sortie::go(move || {
                move_about(1);
                resume_unwind(Box::new(number));
            });
            let payload = handle.join().unwrap_err();
            assert_eq!(payload.downcast_ref::<i32>(), Some(&number));
        }
    });
}
