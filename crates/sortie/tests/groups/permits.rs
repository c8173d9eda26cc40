//! `Permit` and `OwnedPermit`: whatever becomes of them, the numbers are right.

use crate::crew::complains;
use sortie::sync::{OwnedPermit, Permit, Semaphore};
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

/// What is not acquired is not given back either.
#[test]
fn a_refusal_gives_nothing_back() {
    let semaphore = Arc::new(Semaphore::new(2));
    let one = semaphore.acquire(1);
    for _ in 0..3 {
        assert!(semaphore.try_acquire(2).is_none());
        assert!(semaphore.clone().try_acquire_owned(2).is_none());
        assert!(
            semaphore
                .acquire_timeout(2, std::time::Duration::ZERO)
                .is_none()
        );
    }
    assert_eq!(semaphore.available_permits(), 1);
    drop(one);
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn splitting_and_merging() {
    let semaphore = Semaphore::new(10);
    let mut all = semaphore.acquire(10);
    let mut three = all.split(3).unwrap();
    assert_eq!((all.permits(), three.permits()), (7, 3));
    assert!(all.split(8).is_none());
    assert_eq!(all.permits(), 7);
    assert_eq!(all.split(0).unwrap().permits(), 0);
    let two = three.split(2).unwrap();
    drop(three);
    assert_eq!(semaphore.available_permits(), 1);
    all.merge(two);
    assert_eq!(all.permits(), 9);
    assert_eq!(semaphore.available_permits(), 1);
    let rest = all.split(9).unwrap();
    drop(all);
    assert_eq!(semaphore.available_permits(), 1);
    assert!(std::ptr::eq(rest.semaphore(), &semaphore));
    drop(rest);
    assert_eq!(semaphore.available_permits(), 10);
}

#[test]
fn only_permits_of_one_semaphore_merge() {
    let (own, others) = (Arc::new(Semaphore::new(2)), Arc::new(Semaphore::new(2)));
    let words = ["only permits of the same semaphore"];
    let mut permit = own.clone().acquire_owned(1);
    let other = others.clone().acquire_owned(2);
    complains(&words, || permit.merge(other));
    assert_eq!(others.available_permits(), 2);
    assert_eq!(permit.permits(), 1);
    let mut permit = own.acquire(1);
    let other = others.acquire(1);
    complains(&words, || permit.merge(other));
    assert_eq!(others.available_permits(), 2);
    assert_eq!(own.available_permits(), 0);
}

#[test]
fn an_owned_permit_outlives_all_handles() {
    let semaphore = Arc::new(Semaphore::new(3));
    let mut permit = semaphore.clone().acquire_owned(3);
    let part = permit.split(1).unwrap();
    let own = permit.semaphore().clone();
    drop(semaphore);
    let thread = thread::spawn(move || drop(permit));
    let goroutine = sortie::go(move || drop(part));
    thread.join().unwrap();
    goroutine.join().unwrap();
    assert_eq!(own.available_permits(), 3);
    own.clone().acquire_owned(2).forget();
    assert_eq!(own.available_permits(), 1);
    complains(&["has 1 in all"], || own.acquire(2));
}

#[test]
fn unwinding_gives_back() {
    let semaphore = Semaphore::new(1);
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let _permit = semaphore.acquire(1);
        panic!("on purpose");
    }));
    assert!(outcome.is_err());
    assert_eq!(semaphore.available_permits(), 1);
    sortie::scope(|s| {
        let exits = s.go(|| {
            let _permit = semaphore.acquire(1);
            sortie::task::exit();
        });
        assert!(exits.join().unwrap_err().is::<sortie::task::Exited>());
    });
    assert_eq!(semaphore.available_permits(), 1);
}

/// A permit that is acquired while unwinding, by a destructor that waits.
#[sortie::test]
fn acquired_while_unwinding() {
    struct Last<'a>(&'a Semaphore);
    impl Drop for Last<'_> {
        fn drop(&mut self) {
            drop(self.0.acquire(1));
        }
    }
    let semaphore = Semaphore::new(1);
    sortie::scope(|s| {
        let held = semaphore.acquire(1);
        let panics = s.go(|| {
            let _last = Last(&semaphore);
            panic!("on purpose");
        });
        for _ in 0..5 {
            sortie::yield_now();
        }
        drop(held);
        assert!(panics.join().is_err());
    });
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn leaked_permits_are_out_for_ever() {
    let semaphore = Semaphore::new(2);
    std::mem::forget(semaphore.acquire(1));
    assert_eq!(semaphore.available_permits(), 1);
    // They still are part of all.
    assert!(
        semaphore
            .acquire_timeout(2, std::time::Duration::from_millis(5))
            .is_none()
    );
    drop(semaphore.acquire(1));
}

#[test]
fn as_many_as_can_be() {
    static SEMAPHORE: Semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    let mut all = SEMAPHORE.acquire(Semaphore::MAX_PERMITS);
    assert_eq!(SEMAPHORE.available_permits(), 0);
    assert!(SEMAPHORE.try_acquire(1).is_none());
    let one = all.split(1).unwrap();
    all.merge(one);
    drop(all);
    assert_eq!(SEMAPHORE.available_permits(), Semaphore::MAX_PERMITS);
    complains(&["more permits than a semaphore can have"], || {
        Semaphore::new(Semaphore::MAX_PERMITS + 1)
    });
}

#[test]
fn they_say_what_they_are() {
    let semaphore = Arc::new(Semaphore::new(3));
    let permit = semaphore.acquire(2);
    let owned = semaphore.clone().acquire_owned(1);
    assert_eq!(
        format!("{semaphore:?} {permit:?} {owned:?}"),
        "Semaphore { available_permits: 0, .. } Permit { permits: 2, .. } \
         OwnedPermit { permits: 1, .. }"
    );
}

#[test]
fn permits_go_everywhere() {
    fn check<T: Send + Sync + UnwindSafe + RefUnwindSafe + Unpin>() {}
    check::<Semaphore>();
    check::<Permit<'_>>();
    check::<OwnedPermit>();
}
