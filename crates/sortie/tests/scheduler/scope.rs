//! Scopes: everything has ended when they do.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

#[sortie::test]
fn a_scope_waits_for_all() {
    for count in [0, 1, 2, 100, 1000] {
        let done = AtomicUsize::new(0);
        sortie::scope(|s| {
            for index in 0..count {
                let done = &done;
                s.go(move || {
                    if index % 7 == 0 {
                        sortie::sleep(Duration::from_micros(100));
                    }
                    done.fetch_add(1, SeqCst);
                });
            }
        });
        assert_eq!(done.load(SeqCst), count);
    }
}

#[sortie::test]
fn goroutines_borrow_and_change() {
    let mut numbers = [1, 2, 3, 4];
    let sum = sortie::scope(|s| {
        let (left, right) = numbers.split_at_mut(2);
        let left = s.go(|| {
            left[0] = 10;
            left.iter().sum::<i32>()
        });
        let right = s.go(|| right.iter().sum::<i32>());
        left.join().unwrap() + right.join().unwrap()
    });
    assert_eq!((sum, numbers[0]), (19, 10));
}

#[sortie::test]
fn goroutines_of_a_scope_make_more() {
    let done = AtomicUsize::new(0);
    sortie::scope(|s| {
        for _ in 0..10 {
            s.go(|| {
                for _ in 0..10 {
                    s.go(|| {
                        sortie::yield_now();
                        done.fetch_add(1, SeqCst);
                    });
                }
            });
        }
    });
    assert_eq!(done.load(SeqCst), 100);
}

#[sortie::test]
fn an_unjoined_panic_goes_on_in_the_parent_after_all_have_ended() {
    let done = AtomicUsize::new(0);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        sortie::scope(|s| {
            s.go(|| resume_unwind(Box::new("first")));
            for _ in 0..50 {
                s.go(|| {
                    sortie::sleep(Duration::from_millis(1));
                    done.fetch_add(1, SeqCst);
                });
            }
        });
    }));
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"first"));
    assert_eq!(done.load(SeqCst), 50);
}

#[sortie::test]
fn a_handle_dropped_after_the_panic_passes_it_on() {
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        sortie::scope(|s| {
            let handle = s.go(|| resume_unwind(Box::new(5)));
            while !handle.is_finished() {
                sortie::yield_now();
            }
            drop(handle);
        });
    }));
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&5));
}

#[sortie::test]
fn a_joined_panic_does_not() {
    let value = sortie::scope(|s| {
        let handle = s.go(|| resume_unwind(Box::new(())));
        assert!(handle.join().is_err());
        let exited = s.go(|| sortie::task::exit());
        drop(exited);
        3
    });
    assert_eq!(value, 3);
}

#[sortie::test]
fn the_scopes_own_panic_comes_first_but_waits() {
    let done = AtomicUsize::new(0);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        sortie::scope(|s| {
            s.go(|| {
                sortie::sleep(Duration::from_millis(2));
                done.fetch_add(1, SeqCst);
                resume_unwind(Box::new("child"));
            });
            resume_unwind(Box::new("parent"));
        });
    }));
    assert_eq!(outcome.unwrap_err().downcast_ref(), Some(&"parent"));
    assert_eq!(done.load(SeqCst), 1);
}

#[sortie::test]
fn a_borrowed_result_is_dropped_before_the_scope_ends() {
    struct Borrows<'a>(&'a AtomicUsize);
    impl Drop for Borrows<'_> {
        fn drop(&mut self) {
            sortie::yield_now();
            self.0.fetch_add(1, SeqCst);
        }
    }
    for _ in 0..300 {
        let dropped = AtomicUsize::new(0);
        sortie::scope(|s| {
            for index in 0..4 {
                let dropped = &dropped;
                let handle = s.go(move || {
                    if index % 2 == 0 {
                        sortie::yield_now();
                    }
                    Borrows(dropped)
                });
                if index == 3 {
                    drop(handle.join().unwrap());
                }
            }
        });
        assert_eq!(dropped.load(SeqCst), 4);
    }
}

#[test]
fn on_a_plain_thread_too() {
    let mut sum = 0;
    sortie::scope(|s| {
        s.go(|| sum = 41);
    });
    let named = sortie::scope(|s| {
        let builder = sortie::task::Builder::new().name("scoped");
        let handle = builder.spawn_scoped(s, || sum + 1).unwrap();
        assert_eq!(handle.goroutine().name(), Some("scoped"));
        handle.join().unwrap()
    });
    assert_eq!(named, 42);
}
