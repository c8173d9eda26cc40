//! Panics where there must be none.

use crate::program::Case;
use sortie_fiber::{Fiber, Progress, Suspender};
use std::cell::RefCell;

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        panic!("in a destructor");
    }
}

pub(crate) const CASES: &[Case] = &[
    Case {
        // As on a thread.
        name: "panics::in_a_destructor_of_a_thread_local",
        program: || {
            thread_local! {
                static KEPT: RefCell<Option<PanicsInDrop>> = const { RefCell::new(None) };
            }
            let mut fiber = Fiber::<(), (), ()>::new(|_, ()| KEPT.set(Some(PanicsInDrop))).unwrap();
            fiber.resume(());
        },
        check: |outcome| {
            outcome
                .signal(libc::SIGABRT)
                .says("in a destructor")
                .says("thread local panicked on drop");
        },
    },
    Case {
        name: "panics::while_panicking",
        program: || {
            let mut fiber = Fiber::<(), (), ()>::new(|_, ()| {
                let _guard = PanicsInDrop;
                panic!("first");
            })
            .unwrap();
            fiber.resume(());
        },
        check: |outcome| {
            outcome
                .signal(libc::SIGABRT)
                .says("first")
                .says("in a destructor");
        },
    },
    Case {
        name: "panics::suspending_in_a_destructor_of_a_fiber_that_is_dropped",
        program: || {
            struct Suspends<'a>(&'a Suspender<(), ()>);
            impl Drop for Suspends<'_> {
                fn drop(&mut self) {
                    self.0.suspend(());
                }
            }
            let mut fiber = Fiber::<(), (), ()>::new(|suspender, ()| {
                let _guard = Suspends(suspender);
                suspender.suspend(());
            })
            .unwrap();
            assert_eq!(fiber.resume(()), Progress::Suspended(()));
            drop(fiber);
            std::process::exit(1);
        },
        check: |outcome| {
            outcome.signal(libc::SIGABRT);
        },
    },
    Case {
        name: "panics::of_a_fiber_that_nobody_catches",
        program: || {
            let mut fiber = Fiber::<(), (), ()>::new(|_, ()| panic!("uncaught")).unwrap();
            fiber.resume(());
        },
        check: |outcome| {
            outcome.status(101).says("uncaught");
        },
    },
];
