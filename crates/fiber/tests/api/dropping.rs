//! Every value is dropped exactly once, whatever becomes of the fiber.

use sortie_fiber::{Fiber, Progress, Suspender};
use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts values made and dropped.
#[derive(Clone, Debug, Default)]
struct Ledger(Arc<[AtomicUsize; 2]>);

#[derive(Debug)]
struct Value(Ledger);

impl Ledger {
    fn value(&self) -> Value {
        self.0[0].fetch_add(1, Ordering::SeqCst);
        Value(self.clone())
    }

    fn made(&self) -> usize {
        self.0[0].load(Ordering::SeqCst)
    }

    fn dropped(&self) -> usize {
        self.0[1].load(Ordering::SeqCst)
    }

    /// Panics unless `made` values were made, and all of them dropped once.
    #[track_caller]
    fn is_settled(&self, made: usize) {
        assert_eq!((self.made(), self.dropped()), (made, made));
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        self.0.0[1].fetch_add(1, Ordering::SeqCst);
    }
}

/// Captures one value, holds each input until the next, makes one per yield.
fn fiber(ledger: &Ledger, yields: usize) -> Fiber<Value, Value, Value> {
    let (ledger, captured) = (ledger.clone(), ledger.value());
    Fiber::new(move |suspender: &Suspender<Value, Value>, mut input| {
        let _captured = captured;
        for _ in 0..yields {
            input = suspender.suspend(ledger.value());
        }
        drop(input);
        ledger.value()
    })
    .unwrap()
}

#[test]
fn a_fiber_that_ran_to_its_end() {
    let ledger = Ledger::default();
    let mut fiber = fiber(&ledger, 3);
    for _ in 0..3 {
        assert!(matches!(
            fiber.resume(ledger.value()),
            Progress::Suspended(_)
        ));
    }
    let returned = fiber.resume(ledger.value());
    // Captured, four inputs, three yields, and the result that still lives.
    assert_eq!((ledger.made(), ledger.dropped()), (9, 8));
    drop(returned);
    ledger.is_settled(9);
    drop(fiber);
    ledger.is_settled(9);
}

#[test]
fn a_fiber_that_never_started() {
    let ledger = Ledger::default();
    drop(fiber(&ledger, 3));
    ledger.is_settled(1);
}

#[test]
fn a_suspended_fiber_is_unwound() {
    let ledger = Ledger::default();
    let mut fiber = fiber(&ledger, 3);
    drop(fiber.resume(ledger.value()));
    drop(fiber.resume(ledger.value()));
    // Captured and the second input are on its stack.
    assert_eq!((ledger.made(), ledger.dropped()), (5, 3));
    drop(fiber);
    ledger.is_settled(5);
}

#[test]
fn a_suspended_fiber_is_unwound_on_another_thread() {
    let ledger = Ledger::default();
    let mut fiber = fiber(&ledger, 3);
    drop(fiber.resume(ledger.value()));
    std::thread::spawn(move || drop(fiber)).join().unwrap();
    ledger.is_settled(3);
}

#[test]
fn a_suspended_fiber_is_unwound_by_a_panicking_thread() {
    let ledger = Ledger::default();
    let mut fiber = fiber(&ledger, 3);
    drop(fiber.resume(ledger.value()));
    let result = panic::catch_unwind(AssertUnwindSafe(move || {
        let _fiber = fiber;
        panic::resume_unwind(Box::new("away"));
    }));
    assert_eq!(*result.unwrap_err().downcast::<&str>().unwrap(), "away");
    ledger.is_settled(3);
}

#[test]
fn a_suspended_fiber_is_unwound_at_the_end_of_the_thread_that_keeps_it() {
    thread_local! {
        static KEPT: RefCell<Option<Fiber<Value, Value, Value>>> = const { RefCell::new(None) };
    }
    let ledger = Ledger::default();
    let ours = ledger.clone();
    std::thread::spawn(move || {
        let mut fiber = fiber(&ours, 3);
        drop(fiber.resume(ours.value()));
        KEPT.set(Some(fiber));
        assert_eq!((ours.made(), ours.dropped()), (3, 1));
    })
    .join()
    .unwrap();
    ledger.is_settled(3);
}

#[test]
fn a_fiber_that_panicked() {
    let ledger = Ledger::default();
    let ours = ledger.clone();
    let captured = ledger.value();
    let mut fiber = Fiber::<Value, Value, ()>::new(move |suspender, _first| {
        let _captured = captured;
        let _second = suspender.suspend(ours.value());
        panic::resume_unwind(Box::new(ours.value()));
    })
    .unwrap();
    drop(fiber.resume(ledger.value()));
    let input = ledger.value();
    let payload = panic::catch_unwind(AssertUnwindSafe(|| fiber.resume(input))).unwrap_err();
    assert_eq!((ledger.made(), ledger.dropped()), (5, 4));
    drop(payload);
    ledger.is_settled(5);
}

#[test]
fn an_input_to_a_finished_fiber() {
    let ledger = Ledger::default();
    let mut fiber = fiber(&ledger, 0);
    drop(fiber.resume(ledger.value()));
    let input = ledger.value();
    assert!(panic::catch_unwind(AssertUnwindSafe(|| fiber.resume(input))).is_err());
    ledger.is_settled(4);
}

#[test]
fn a_fiber_that_catches_its_end_is_unwound_until_it_ends() {
    let ledger = Ledger::default();
    let ours = ledger.clone();
    let mut fiber = Fiber::<(), Value, ()>::new(move |suspender, ()| {
        for _ in 0..5 {
            let suspended = panic::catch_unwind(AssertUnwindSafe(|| {
                let _here = ours.value();
                suspender.suspend(ours.value());
            }));
            assert!(suspended.is_err(), "it was never resumed");
        }
    })
    .unwrap();
    assert!(matches!(fiber.resume(()), Progress::Suspended(_)));
    drop(fiber);
    // Of five rounds.
    ledger.is_settled(10);
}

#[test]
fn a_fiber_that_answers_its_end_by_a_panic_of_its_own() {
    let ledger = Ledger::default();
    let ours = ledger.clone();
    let mut fiber = Fiber::<(), (), ()>::new(move |suspender, ()| {
        let unwound = panic::catch_unwind(AssertUnwindSafe(|| suspender.suspend(())));
        assert!(unwound.is_err());
        panic::resume_unwind(Box::new(ours.value()));
    })
    .unwrap();
    assert_eq!(fiber.resume(()), Progress::Suspended(()));
    drop(fiber);
    ledger.is_settled(1);
}

#[test]
fn thread_locals_of_a_fiber_that_is_dropped() {
    thread_local! {
        static KEPT: RefCell<Vec<Value>> = const { RefCell::new(Vec::new()) };
    }
    let ledger = Ledger::default();
    let ours = ledger.clone();
    let mut fiber = Fiber::<(), (), ()>::new(move |suspender, ()| {
        KEPT.with_borrow_mut(|kept| kept.extend([ours.value(), ours.value()]));
        suspender.suspend(());
    })
    .unwrap();
    assert_eq!(fiber.resume(()), Progress::Suspended(()));
    assert_eq!((ledger.made(), ledger.dropped()), (2, 0));
    drop(fiber);
    ledger.is_settled(2);
}

#[test]
fn fibers_dropped_by_the_thousand_leave_nothing_behind() {
    let ledger = Ledger::default();
    for round in 0..2000 {
        let mut fiber = fiber(&ledger, 2);
        for _ in 0..round % 4 {
            if !fiber.is_finished() {
                drop(fiber.resume(ledger.value()));
            }
        }
    }
    assert_eq!(ledger.made(), ledger.dropped());
    assert!(ledger.made() > 6000);
}
