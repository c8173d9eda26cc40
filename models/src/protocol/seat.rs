//! The seat: a processor is never in two hands.
//!
//! * *The machine* says that it is inside, passes the light barrier, and reads which
//!   processor it has. Leaving, it takes that back.
//! * *Who wants the processor* empties the seat, passes the heavy barrier, and reads
//!   whether the machine is inside; then he gives up, and puts it back.
//!
//! Checked: whoever has the processor uses a cell of it, in which loom notices a
//! race; so also that each sees what the one before him did with it. A processor
//! that is given back after a failure, or after having been borrowed, is found by
//! its machine. One that the machine has left does not come back.
//!
//! Seen to fail: without `light` or without `heavy`; with a `Relaxed` store in
//! `exit`, or load of `inside` in `vacate`; when `enter` does not wait for the lock
//! when it reads null (the processor is lost); when `set` does not lock (it comes
//! back); with a `Relaxed` store of what a borrower gives back, or load of it in `enter`.

use super::{Watched, explore, explore_bounded};
use crate::base::atomic::known;
use crate::sched::seat::Seat;
use loom::thread;
use std::ptr;
use std::sync::Arc;

/// What belongs to whoever has the processor: how often it was used.
#[derive(Debug)]
struct Processor(Watched<u32>);

impl Processor {
    /// Uses it. loom notices if somebody else does, too.
    fn touch(&self) {
        self.0.change(|uses| *uses += 1);
    }
}

/// A machine's seat and its processor.
struct Model {
    seat: Seat<Processor>,
    processor: Processor,
}

impl Model {
    /// A machine that runs user code, and has the processor.
    fn new() -> Arc<Self> {
        let model = Arc::new(Model {
            seat: known(Seat::new()),
            processor: Processor(Watched::new(0)),
        });
        model.seat.set(model.pointer());
        model.seat.exit();
        model
    }

    fn pointer(&self) -> *mut Processor {
        ptr::from_ref(&self.processor).cast_mut()
    }

    /// The machine enters, and uses the processor. Returns whether it still had it.
    fn enter(&self) -> bool {
        let processor = self.seat.enter();
        if processor.is_null() {
            return false;
        }
        assert!(ptr::eq(processor, self.pointer()));
        self.processor.touch();
        true
    }

    /// Somebody wants the processor. Returns whether he got it.
    fn retake(&self) -> bool {
        let retaken = self.seat.retake(self.pointer());
        if retaken {
            self.processor.touch();
        }
        retaken
    }
}

#[test]
fn machine_against_retaker() {
    explore("seat, retake", || {
        let model = Model::new();
        let retaker = {
            let model = model.clone();
            thread::spawn(move || model.retake())
        };
        for _ in 0..2 {
            model.enter();
            model.seat.exit();
        }
        let retaken = retaker.join().unwrap();
        assert_eq!(!model.enter(), retaken, "it has one owner");
    });
}

#[test]
fn machine_against_two_retakers() {
    explore_bounded("seat, two retakers", 3, || {
        let model = Model::new();
        let retakers = [(); 2].map(|()| {
            let model = model.clone();
            thread::spawn(move || model.retake())
        });
        if model.enter() {
            model.seat.exit();
        }
        let owners = retakers.map(|retaker| usize::from(retaker.join().unwrap()));
        let owners = owners[0] + owners[1] + usize::from(model.enter());
        assert_eq!(owners, 1);
    });
}

#[test]
fn machine_against_borrower() {
    explore("seat, borrow", || {
        let model = Model::new();
        let borrower = {
            let model = model.clone();
            thread::spawn(move || {
                let processor = model.pointer();
                model.seat.borrow(processor, || model.processor.touch());
            })
        };
        for _ in 0..2 {
            assert!(model.enter(), "it comes back");
            model.seat.exit();
        }
        borrower.join().unwrap();
        assert!(model.enter(), "it comes back");
    });
}

#[test]
fn what_the_machine_leaves_does_not_come_back() {
    explore("seat, leave", || {
        let model = Model::new();
        let retaker = {
            let model = model.clone();
            thread::spawn(move || model.retake())
        };
        let left = model.enter();
        if left {
            // It passes it on to somebody, and runs user code without.
            model.seat.set(ptr::null_mut());
            model.processor.touch();
        }
        model.seat.exit();
        let retaken = retaker.join().unwrap();
        assert_eq!(left, !retaken, "it has one owner");
        assert!(!model.enter());
    });
}
