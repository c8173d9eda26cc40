//! Cells that are written once: after std's tests of `OnceLock`.

use crate::crew::{Crew, pause};
use crate::parked::until_parked;
use sortie::chan::bounded;
use sortie::sync::OnceLock;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(1);
const WAITING: &str = "sync.Once.Do";

everywhere!(one_value_for_all, who_waits_gets_the_value);

const MEMBERS: usize = 8;

fn one_value_for_all(crew: Crew) {
    for _ in 0..50 {
        let cell = Arc::new(OnceLock::new());
        let values = crew.all(MEMBERS, move |number| {
            *cell
                .get_or_init(|| {
                    pause();
                    Box::new(number)
                })
                .as_ref()
        });
        assert!(values.iter().all(|value| *value == values[0]));
    }
}

fn who_waits_gets_the_value(crew: Crew) {
    for _ in 0..50 {
        let cell = Arc::new(OnceLock::new());
        let set = crew.all(MEMBERS, move |number| {
            let set = number < 2 && cell.set(Box::new(number)).is_ok();
            assert!(**cell.wait() < 2);
            usize::from(set)
        });
        assert_eq!(set.iter().sum::<usize>(), 1);
    }
}

#[test]
fn reading_and_writing() {
    let mut cell = OnceLock::new();
    assert_eq!(cell.get(), None);
    assert_eq!(cell.get_mut(), None);
    assert_eq!(format!("{cell:?}"), "OnceLock(<uninit>)");
    assert_eq!(cell.set("a".to_string()), Ok(()));
    assert_eq!(cell.set("b".to_string()), Err("b".to_string()));
    let there = cell.try_insert("c".to_string());
    assert_eq!(there, Err((&"a".to_string(), "c".to_string())));
    assert_eq!(cell.get_or_init(|| unreachable!()), "a");
    cell.get_mut().unwrap().push('!');
    assert_eq!(cell.get().unwrap(), "a!");
    assert_eq!(format!("{cell:?}"), "OnceLock(\"a!\")");
    assert_eq!(cell.clone(), cell);
    assert_ne!(cell, OnceLock::new());
    assert_eq!(cell.take(), Some("a!".to_string()));
    assert_eq!(cell.take(), None);
    assert_eq!(cell.get_mut_or_init(|| "d".to_string()), "d");
    let same: Result<_, ()> = cell.get_mut_or_try_init(|| unreachable!());
    assert_eq!(same.unwrap(), "d");
    assert_eq!(cell.into_inner(), Some("d".to_string()));
    assert_eq!(OnceLock::from(1).into_inner(), Some(1));
    assert_eq!(OnceLock::<i32>::default().into_inner(), None);
}

/// Neither an error nor a panic writes anything.
#[test]
fn writing_that_fails() {
    let cell = OnceLock::new();
    assert_eq!(cell.get_or_try_init(|| Err("no")), Err("no"));
    assert_eq!(cell.get(), None);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        cell.get_or_init(|| resume_unwind(Box::new(())));
    }));
    assert!(outcome.is_err());
    assert_eq!(cell.get(), None);
    assert!(cell.wait_timeout(SHORT).is_none());
    assert_eq!(cell.get_or_try_init(|| Ok::<_, ()>(1)), Ok(&1));
    assert_eq!(cell.get_or_try_init(|| Err(())), Ok(&1));
}

#[test]
fn writing_that_needs_the_value_panics() {
    let cell: OnceLock<i32> = OnceLock::new();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        cell.get_or_init(|| *cell.get_or_init(|| 1));
    }));
    let payload = outcome.unwrap_err();
    let message = payload.downcast_ref::<&str>().unwrap();
    assert!(message.contains("waits for itself"), "{message}");
    assert_eq!(cell.get_or_init(|| 2), &2);
}

/// Who waits while writing fails waits for the next who tries, or tries himself.
#[sortie::test]
fn waiting_for_one_who_fails() {
    let cell = Arc::new(OnceLock::new());
    let (started, is_started) = bounded(0);
    let (go_on, may_go_on) = bounded::<()>(0);
    let own = cell.clone();
    let failing = sortie::go(move || {
        let failed = own.get_or_try_init(|| {
            started.send(()).unwrap();
            may_go_on.recv().unwrap();
            Err("no")
        });
        failed.copied()
    });
    is_started.recv().unwrap();
    let own = cell.clone();
    let waiting = sortie::go(move || *own.wait());
    let own = cell.clone();
    let trying = sortie::go(move || *own.get_or_init(|| 7));
    for id in [waiting.goroutine().id(), trying.goroutine().id()] {
        until_parked(id, WAITING);
    }
    assert!(cell.get_or_init_timeout(SHORT, || unreachable!()).is_none());
    assert!(cell.wait_timeout(SHORT).is_none());
    go_on.send(()).unwrap();
    assert_eq!(failing.join().unwrap(), Err("no"));
    assert_eq!(trying.join().unwrap(), 7);
    assert_eq!(waiting.join().unwrap(), 7);
    assert_eq!(cell.wait_timeout(Duration::ZERO), Some(&7));
    assert_eq!(cell.get_or_init_timeout(Duration::ZERO, || 8), Some(&7));
}

#[test]
fn values_are_dropped_once() {
    struct Counted<'a>(&'a AtomicUsize);
    impl Drop for Counted<'_> {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }
    let drops = AtomicUsize::new(0);
    drop(OnceLock::<Counted<'_>>::new());
    let mut cell = OnceLock::new();
    assert!(cell.set(Counted(&drops)).is_ok());
    drop(cell.set(Counted(&drops)));
    assert_eq!(drops.load(Relaxed), 1);
    drop(cell.take());
    assert_eq!(drops.load(Relaxed), 2);
    assert!(cell.set(Counted(&drops)).is_ok());
    drop(cell);
    assert_eq!(drops.load(Relaxed), 3);
}

#[test]
fn it_may_go_where_its_value_may() {
    fn is_send<T: Send>() {}
    fn is_sync<T: Sync>() {}
    is_send::<OnceLock<std::cell::Cell<i32>>>();
    is_sync::<OnceLock<String>>();
    // What lives only for a while may be in a cell that lives longer.
    let text = String::from("a");
    let cell: OnceLock<&str> = OnceLock::new();
    assert_eq!(*cell.get_or_init(|| &text), "a");
}
