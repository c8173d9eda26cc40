//! Panics cross from a fiber to whoever resumes it, and are counted by fiber.

use crate::threads::Worker;
use sortie_fiber::{Fiber, Progress, Suspender};
use std::panic::{self, AssertUnwindSafe};
use std::thread;

fn message(payload: Box<dyn std::any::Any + Send>) -> String {
    match payload.downcast::<&str>() {
        Ok(text) => text.to_string(),
        Err(payload) => *payload.downcast::<String>().unwrap(),
    }
}

#[test]
fn a_panic_goes_on_in_the_caller() {
    let mut fiber = Fiber::<u8, (), ()>::new(|suspender, number| {
        suspender.suspend(());
        panic!("number {number}");
    })
    .unwrap();
    assert_eq!(fiber.resume(3), Progress::Suspended(()));
    let payload = panic::catch_unwind(AssertUnwindSafe(|| fiber.resume(4))).unwrap_err();
    assert_eq!(message(payload), "number 3");
    assert!(fiber.is_finished());
    assert!(!thread::panicking());
}

#[test]
fn a_panic_before_the_first_suspension() {
    let mut fiber = Fiber::<(), (), ()>::new(|_, ()| panic!("at once")).unwrap();
    let payload = panic::catch_unwind(AssertUnwindSafe(|| fiber.resume(()))).unwrap_err();
    assert_eq!(message(payload), "at once");
    assert!(fiber.is_finished());
}

#[test]
fn resuming_a_finished_fiber_panics() {
    let mut fiber = Fiber::<(), (), ()>::new(|_, ()| ()).unwrap();
    assert_eq!(fiber.resume(()), Progress::Returned(()));
    for _ in 0..2 {
        let payload = panic::catch_unwind(AssertUnwindSafe(|| fiber.resume(()))).unwrap_err();
        assert_eq!(
            message(payload),
            "a fiber that has returned cannot be resumed"
        );
    }
}

/// Suspends when dropped.
struct SuspendsInDrop<'a>(&'a Suspender<(), bool>);

impl Drop for SuspendsInDrop<'_> {
    fn drop(&mut self) {
        for _ in 0..3 {
            self.0.suspend(thread::panicking());
        }
    }
}

#[test]
fn a_fiber_may_be_suspended_while_it_unwinds() {
    let workers = [Worker::start(), Worker::start()];
    let mut fiber = Fiber::<(), bool, &str>::new(|suspender, ()| {
        let caught = panic::catch_unwind(AssertUnwindSafe(|| {
            let _guard = SuspendsInDrop(suspender);
            panic::resume_unwind(Box::new(()));
        }));
        assert!(caught.is_err());
        assert!(!thread::panicking());
        drop(SuspendsInDrop(suspender));
        "done"
    })
    .unwrap();
    for round in 0..6 {
        let progress;
        (fiber, progress) = workers[round % 2].resume(fiber, ());
        // First three while panicking, then three while not.
        assert_eq!(progress, Progress::Suspended(round < 3));
        // It counts for the fiber alone.
        assert!(!workers[round % 2].run(thread::panicking));
        assert!(!thread::panicking());
    }
    let (_, progress) = workers[0].resume(fiber, ());
    assert_eq!(progress, Progress::Returned("done"));
}

#[test]
fn fibers_that_unwind_interleave() {
    const FIBERS: usize = 8;
    let workers: Vec<Worker> = (0..3).map(|_| Worker::start()).collect();
    let mut fibers: Vec<Option<Fiber<(), bool, usize>>> = (0..FIBERS)
        .map(|number| {
            let fiber = Fiber::new(move |suspender: &Suspender<(), bool>, ()| {
                let mut caught = 0;
                for _ in 0..3 {
                    let result = panic::catch_unwind(AssertUnwindSafe(|| {
                        let _outer = SuspendsInDrop(suspender);
                        let inner = panic::catch_unwind(AssertUnwindSafe(|| {
                            let _inner = SuspendsInDrop(suspender);
                            panic::resume_unwind(Box::new(number));
                        }));
                        panic::resume_unwind(inner.unwrap_err());
                    }));
                    caught += *result.unwrap_err().downcast::<usize>().unwrap();
                }
                caught
            });
            Some(fiber.unwrap())
        })
        .collect();
    // Three times six suspensions, all of them while unwinding.
    for round in 0..18 {
        for (number, slot) in fibers.iter_mut().enumerate() {
            let worker = &workers[(round + number) % workers.len()];
            let (fiber, progress) = worker.resume(slot.take().unwrap(), ());
            assert_eq!(progress, Progress::Suspended(true));
            *slot = Some(fiber);
        }
    }
    for (number, slot) in fibers.into_iter().enumerate() {
        let (_, progress) = workers[0].resume(slot.unwrap(), ());
        assert_eq!(progress, Progress::Returned(3 * number));
    }
}

#[test]
fn a_panicking_thread_may_run_fibers() {
    struct RunsFiber<'a>(&'a mut bool);
    impl Drop for RunsFiber<'_> {
        fn drop(&mut self) {
            assert!(thread::panicking());
            let mut fiber = Fiber::<(), bool, bool>::new(|suspender, ()| {
                suspender.suspend(thread::panicking());
                panic::catch_unwind(|| panic::resume_unwind(Box::new(()))).is_err()
            })
            .unwrap();
            assert_eq!(fiber.resume(()), Progress::Suspended(false));
            assert_eq!(fiber.resume(()), Progress::Returned(true));
            *self.0 = true;
        }
    }
    let mut ran = false;
    let result = panic::catch_unwind(AssertUnwindSafe(|| {
        let _guard = RunsFiber(&mut ran);
        panic::resume_unwind(Box::new(()));
    }));
    assert!(result.is_err() && ran);
    assert!(!thread::panicking());
}

#[test]
fn catch_unwind_nests_over_suspensions() {
    let mut fiber = Fiber::<bool, usize, usize>::new(|suspender, _| {
        fn descend(suspender: &Suspender<bool, usize>, depth: usize) -> usize {
            if depth == 0 {
                return 0;
            }
            let caught = panic::catch_unwind(AssertUnwindSafe(|| {
                let below = descend(suspender, depth - 1);
                if suspender.suspend(depth) {
                    panic::resume_unwind(Box::new(below));
                }
                below
            }));
            match caught {
                Ok(below) => below,
                Err(payload) => 1 + *payload.downcast::<usize>().unwrap(),
            }
        }
        descend(suspender, 20)
    })
    .unwrap();
    let mut progress = fiber.resume(false);
    for depth in 1..=20 {
        assert_eq!(progress, Progress::Suspended(depth));
        // Every other level panics.
        progress = fiber.resume(depth % 2 == 0);
    }
    assert_eq!(progress, Progress::Returned(10));
}

#[test]
fn a_panic_passes_through_nested_fibers() {
    let mut outer = Fiber::<(), (), ()>::new(|_, ()| {
        let mut inner = Fiber::<(), (), ()>::new(|_, ()| {
            panic::resume_unwind(Box::new("from the inner fiber"));
        })
        .unwrap();
        inner.resume(());
    })
    .unwrap();
    let payload = panic::catch_unwind(AssertUnwindSafe(|| outer.resume(()))).unwrap_err();
    assert_eq!(message(payload), "from the inner fiber");
}

#[test]
fn stacks_of_fibers_that_panicked_are_as_good_as_new() {
    for round in 0..1000u32 {
        let mut fiber = Fiber::<(), (), ()>::new(move |_, ()| {
            assert!(!thread::panicking());
            panic::resume_unwind(Box::new(round));
        })
        .unwrap();
        let payload = panic::catch_unwind(AssertUnwindSafe(|| fiber.resume(()))).unwrap_err();
        assert_eq!(*payload.downcast::<u32>().unwrap(), round);
    }
}
