//! Fibers that resume fibers.

use crate::threads::{Worker, os_thread};
use sortie_fiber::{Fiber, Progress, Suspender, on_fiber};
use std::cell::Cell;
use std::thread::{self, ThreadId};

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Descends through `depth` fibers, each on its own, and checks every level's
/// thread-locals after coming back.
fn descend(depth: usize) -> usize {
    if depth == 0 {
        return 0;
    }
    let mut fiber = Fiber::<(), usize, usize>::with_stack_size(0, move |suspender, ()| {
        assert!(on_fiber());
        DEPTH.set(depth);
        suspender.suspend(depth);
        let below = descend(depth - 1);
        assert_eq!(DEPTH.get(), depth);
        below + 1
    })
    .unwrap();
    assert_eq!(fiber.resume(()), Progress::Suspended(depth));
    match fiber.resume(()) {
        Progress::Returned(below) => below,
        Progress::Suspended(_) => panic!("it suspends once"),
    }
}

#[test]
fn a_hundred_deep() {
    assert!(!on_fiber());
    assert_eq!(descend(100), 100);
    assert_eq!(DEPTH.get(), usize::MAX);
    assert!(!on_fiber());
}

#[test]
fn an_inner_fiber_goes_on_after_the_outer_one_has_moved() {
    type Seen = (i32, ThreadId);
    let workers = [Worker::start(), Worker::start(), Worker::start()];
    let seen = || (os_thread(), thread::current().id());

    let mut outer = Fiber::<(), (Seen, Seen), ()>::new(move |suspender, ()| {
        let mut inner = Fiber::<(), Seen, ()>::new(move |suspender, ()| {
            let held = vec![1u8; 10_000];
            loop {
                assert!(held.iter().all(|&byte| byte == 1));
                suspender.suspend(seen());
            }
        })
        .unwrap();
        loop {
            let Progress::Suspended(inner) = inner.resume(()) else {
                panic!("it never returns");
            };
            suspender.suspend((inner, seen()));
        }
    })
    .unwrap();
    let mut ids = None;
    for round in 0..9 {
        let worker = &workers[round % workers.len()];
        let (fiber, progress) = worker.resume(outer, ());
        outer = fiber;
        let Progress::Suspended((inner, outer)) = progress else {
            panic!("it never returns");
        };
        let thread = worker.run(os_thread);
        assert_eq!((inner.0, outer.0), (thread, thread));
        assert_ne!(inner.1, outer.1);
        // The threads they are to Rust stay the same.
        assert_eq!(*ids.get_or_insert((inner.1, outer.1)), (inner.1, outer.1));
    }
}

#[test]
fn a_fiber_is_handed_from_one_fiber_to_another() {
    let mut counter = Fiber::<(), u32, ()>::new(|suspender, ()| {
        for number in 0.. {
            DEPTH.set(number as usize);
            suspender.suspend(number);
            assert_eq!(DEPTH.get(), number as usize);
        }
    })
    .unwrap();
    for round in 0..10 {
        let mut carrier = Fiber::new(move |_: &Suspender<_, ()>, mut fiber: Fiber<(), u32, ()>| {
            DEPTH.set(1000);
            let progress = fiber.resume(());
            assert_eq!(DEPTH.get(), 1000);
            (fiber, progress)
        })
        .unwrap();
        let Progress::Returned((fiber, progress)) = carrier.resume(counter) else {
            panic!("it returns");
        };
        counter = fiber;
        assert_eq!(progress, Progress::Suspended(round));
    }
}

#[test]
fn dropping_the_outer_fiber_unwinds_the_inner_one() {
    struct Sends(std::sync::mpsc::Sender<&'static str>, &'static str);
    impl Drop for Sends {
        fn drop(&mut self) {
            assert!(on_fiber());
            self.0.send(self.1).unwrap();
        }
    }
    let (sender, dropped) = std::sync::mpsc::channel();
    let mut outer = Fiber::<(), (), ()>::new(move |suspender, ()| {
        let _first = Sends(sender.clone(), "outer, first");
        let mut inner = Fiber::<(), (), ()>::new({
            let sender = sender.clone();
            move |suspender, ()| {
                let _value = Sends(sender, "inner");
                suspender.suspend(());
            }
        })
        .unwrap();
        inner.resume(());
        let _last = Sends(sender, "outer, last");
        suspender.suspend(());
    })
    .unwrap();
    outer.resume(());
    assert!(dropped.try_recv().is_err());
    drop(outer);
    let order: Vec<_> = dropped.iter().collect();
    assert_eq!(order, ["outer, last", "inner", "outer, first"]);
}
