//! Go's sync/once_test.go and sync/oncefunc_test.go (BSD-style licence, The Go Authors).
//! What Go has as functions that return functions is a `LazyLock` here, or a `Once`.
//!
//! <https://github.com/golang/go/blob/master/src/sync/once_test.go>
//! <https://github.com/golang/go/blob/master/src/sync/oncefunc_test.go>

use sortie::sync::{LazyLock, Once};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// TestOnce.
#[sortie::test]
fn once() {
    let (once, calls) = (Once::new(), AtomicUsize::new(0));
    sortie::scope(|s| {
        for _ in 0..10 {
            s.go(|| {
                once.call_once(|| calls.store(calls.load(Relaxed) + 1, Relaxed));
                assert_eq!(calls.load(Relaxed), 1);
            });
        }
    });
    assert_eq!(calls.load(Relaxed), 1);
}

/// TestOncePanic: the closure is not called again. Here the second call panics too.
#[test]
fn once_panic() {
    let once = Once::new();
    let call = |f: &dyn Fn()| catch_unwind(AssertUnwindSafe(|| once.call_once(f)));
    assert!(call(&|| resume_unwind(Box::new("failed"))).is_err());
    assert!(call(&|| panic!("called twice")).is_err_and(|payload| {
        let message = payload.downcast_ref::<&str>().copied();
        message == Some("Once instance has previously been poisoned")
    }));
}

/// TestOnceFunc, TestOnceValue, TestOnceValues.
#[test]
fn once_value() {
    let calls = Cell::new(0);
    let unit = LazyLock::new(|| calls.set(calls.get() + 1));
    for _ in 0..10 {
        LazyLock::force(&unit);
    }
    assert_eq!(calls.get(), 1);
    let value = LazyLock::new(|| calls.replace(calls.get() + 1));
    assert_eq!([*value, *value], [1, 1]);
    let values = LazyLock::new(|| (calls.get(), calls.replace(calls.get() + 1) + 1));
    assert_eq!([*values, *values], [(2, 3), (2, 3)]);
    assert_eq!(calls.get(), 3);
}

/// TestOnceFuncPanic, TestOnceValuePanic, TestOnceValuesPanic: each use panics, and
/// calls once. Here later ones say that the value is poisoned.
#[test]
fn once_value_panic() {
    let calls = Cell::new(0);
    let value = LazyLock::new(|| -> i32 {
        calls.set(calls.get() + 1);
        resume_unwind(Box::new("x"))
    });
    let outcomes = [(); 3].map(|()| {
        let outcome = catch_unwind(AssertUnwindSafe(|| *value));
        *outcome.unwrap_err().downcast::<&str>().unwrap()
    });
    const POISONED: &str = "Once instance has previously been poisoned";
    assert_eq!(outcomes, ["x", POISONED, POISONED]);
    assert_eq!(calls.get(), 1);
}

/// TestOnceFuncGoexit: a goroutine that ends in it leaves it poisoned.
#[sortie::test]
fn once_value_exit() {
    let calls = Arc::new(AtomicUsize::new(0));
    let own = calls.clone();
    let value = Arc::new(LazyLock::new(move || -> i32 {
        own.fetch_add(1, Relaxed);
        sortie::task::exit();
    }));
    for _ in 0..2 {
        let value = value.clone();
        let user = sortie::go(move || {
            LazyLock::force(&value);
        });
        assert!(user.join().is_err());
    }
    assert_eq!(calls.load(Relaxed), 1);
}

/// TestOnceXGC: what the closure owns goes as soon as it has been called, or panicked.
#[test]
fn once_drops_the_closure() {
    for panics in [false, true] {
        let owned = Arc::new(());
        let inside = owned.clone();
        let value = LazyLock::new(move || {
            let _inside = inside;
            if panics {
                resume_unwind(Box::new(()));
            }
        });
        assert_eq!(Arc::strong_count(&owned), 2);
        let outcome = catch_unwind(AssertUnwindSafe(|| *value));
        assert_eq!(outcome.is_err(), panics);
        assert_eq!(Arc::strong_count(&owned), 1);
        drop(value);
        // One that was never used goes with it.
        let inside = owned.clone();
        drop(LazyLock::new(move || drop(inside)));
        assert_eq!(Arc::strong_count(&owned), 1);
    }
}
