//! Values that are made when they are first used: after std's tests of `LazyLock`.

use crate::crew::{Crew, pause};
use crate::parked::until_parked;
use sortie::chan::bounded;
use sortie::sync::LazyLock;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(1);

everywhere!(it_is_made_once);

fn it_is_made_once(crew: Crew) {
    for _ in 0..50 {
        let calls = Arc::new(AtomicUsize::new(0));
        let own = calls.clone();
        let value = Arc::new(LazyLock::new(move || {
            let before = own.load(Relaxed);
            pause();
            own.store(before + 1, Relaxed);
            vec![before]
        }));
        crew.all(8, move |_| assert_eq!(**value, [0]));
        assert_eq!(calls.load(Relaxed), 1);
    }
}

#[test]
fn reading_and_changing() {
    static SHARED: LazyLock<Vec<u8>> = LazyLock::new(|| vec![1, 2]);
    assert_eq!(LazyLock::get(&SHARED), None);
    assert_eq!(format!("{SHARED:?}"), "LazyLock(<uninit>)");
    assert_eq!(SHARED.len(), 2);
    assert_eq!(LazyLock::get(&SHARED), Some(&vec![1, 2]));
    assert_eq!(format!("{SHARED:?}"), "LazyLock([1, 2])");

    let mut own = LazyLock::new(|| 1);
    assert_eq!(LazyLock::get_mut(&mut own), None);
    *own += 1;
    *LazyLock::force_mut(&mut own) += 1;
    *LazyLock::get_mut(&mut own).unwrap() += 1;
    assert_eq!(LazyLock::into_inner(own).ok(), Some(4));
    let unused = LazyLock::into_inner(LazyLock::new(|| 5));
    assert_eq!(unused.err().unwrap()(), 5);
    assert_eq!(*LazyLock::<String>::default(), "");
}

#[test]
fn making_that_panics() {
    let mut value = LazyLock::new(|| -> Box<i32> { resume_unwind(Box::new("on purpose")) });
    let messages = [(); 2].map(|()| {
        let outcome = catch_unwind(AssertUnwindSafe(|| LazyLock::force(&value)));
        *outcome.unwrap_err().downcast::<&str>().unwrap()
    });
    assert_eq!(messages[0], "on purpose");
    assert!(messages[1].contains("poisoned"));
    assert!(LazyLock::get(&value).is_none());
    let changing = catch_unwind(AssertUnwindSafe(|| **LazyLock::force_mut(&mut value) = 1));
    assert!(changing.is_err());
    assert!(catch_unwind(AssertUnwindSafe(|| LazyLock::into_inner(value).is_ok())).is_err());
}

#[test]
fn making_that_needs_the_value_panics() {
    static VALUE: LazyLock<i32> = LazyLock::new(|| *VALUE + 1);
    let payload = catch_unwind(|| *VALUE).unwrap_err();
    let message = payload.downcast_ref::<&str>().unwrap();
    assert!(message.contains("waits for itself"), "{message}");
}

#[sortie::test]
fn waiting_while_another_makes_it() {
    let (started, is_started) = bounded(0);
    let (go_on, may_go_on) = bounded::<()>(0);
    let value = Arc::new(LazyLock::new(move || {
        started.send(()).unwrap();
        may_go_on.recv().unwrap();
        7
    }));
    let own = value.clone();
    let making = sortie::go(move || **own);
    is_started.recv().unwrap();
    let own = value.clone();
    let waiting = sortie::go(move || **own);
    until_parked(waiting.goroutine().id(), "sync.Once.Do");
    assert_eq!(LazyLock::force_timeout(&value, SHORT), None);
    assert_eq!(LazyLock::get(&value), None);
    go_on.send(()).unwrap();
    assert_eq!(waiting.join().unwrap() + making.join().unwrap(), 14);
    assert_eq!(LazyLock::force_timeout(&value, Duration::ZERO), Some(&7));
}

#[test]
fn values_and_closures_are_dropped_once() {
    let owned = Arc::new(());
    for used in [false, true] {
        let inside = owned.clone();
        let value = LazyLock::new(move || inside);
        if used {
            LazyLock::force(&value);
        }
        assert_eq!(Arc::strong_count(&owned), 2);
        drop(value);
        assert_eq!(Arc::strong_count(&owned), 1);
    }
}
