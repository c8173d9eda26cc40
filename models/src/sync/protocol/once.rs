//! Initialising once: a word with the number of who does it, and a room for those who wait.
//!
//! Checked: one at a time runs a closure, and once it is done nobody does; whoever comes
//! or waits sees what it did; who waits is woken, whether it was done, or failed, so that
//! it is his turn.
//!
//! Seen to fail: when the room is detached before the flag is cleared; with `Relaxed` for
//! the exchange that says that it is done; when one is woken only.

use super::super::once::Once;
use super::super::pool::{self, Luck};
use crate::park::wait_queue::Until;
use crate::protocol::{Watched, explore_bounded};
use crate::sched::deadlock;
use loom::thread::{self, JoinHandle};
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// Not at once.
const SOON: Duration = Duration::from_micros(1);

/// What is initialised.
struct Thing {
    once: Once,
    made: Watched<u32>,
}

impl Thing {
    fn new() -> Arc<Self> {
        let once = Once::new();
        // loom gets to know its atomics, alone.
        assert!(!once.wait_timeout(SOON));
        Arc::new(Thing {
            once,
            made: Watched::default(),
        })
    }

    fn make(&self) {
        self.made.change(|made| *made += 1);
    }

    fn is_made(&self) {
        self.made.look(|made| assert_eq!(*made, 1));
    }

    /// Makes it, or waits until it is made.
    fn get(&self) {
        self.once.call_once(|| self.make());
        self.is_made();
    }

    /// Runs a closure that fails, if nobody else has made it.
    fn fail(&self) {
        let (until, place) = (Until::GRANTED, Location::caller());
        let tried = self.once.call_to_try(until, place, || {
            self.made.change(|made| assert_eq!(*made, 0));
            false
        });
        assert!(tried.is_ok());
    }

    fn start<R: 'static>(
        self: &Arc<Self>,
        f: impl FnOnce(&Self) -> R + Send + 'static,
    ) -> JoinHandle<R> {
        let thing = self.clone();
        thread::spawn(move || f(&thing))
    }
}

fn explore(name: &str, preemptions: usize, model: impl Fn() + Copy + Send + Sync + 'static) {
    for luck in [Luck::Last, Luck::First] {
        let name = format!("once, {name}, {luck:?}");
        explore_bounded(&name, preemptions, move || {
            pool::with_rooms(luck, model);
            deadlock::nobody_waits();
        });
    }
}

#[test]
fn three_want_it() {
    explore("three", 2, || {
        let thing = Thing::new();
        let others = [(); 2].map(|()| thing.start(Thing::get));
        thing.get();
        let _ = others.map(|other| other.join().unwrap());
    });
}

/// Somebody waits who makes nothing.
#[test]
fn one_waits() {
    explore("one waits", 3, || {
        let thing = Thing::new();
        let waits = thing.start(|thing| {
            thing.once.wait();
            thing.is_made();
        });
        thing.get();
        waits.join().unwrap();
    });
}

/// One fails, so it is somebody else's turn.
#[test]
fn one_fails() {
    explore("one fails", 2, || {
        let thing = Thing::new();
        let fails = thing.start(Thing::fail);
        let waits = thing.start(|thing| {
            thing.once.wait();
            thing.is_made();
        });
        thing.get();
        fails.join().unwrap();
        waits.join().unwrap();
    });
}

/// Time runs out for one who waits, while it is done.
#[test]
fn one_gives_up() {
    explore("one gives up", 2, || {
        let thing = Thing::new();
        let hasty = thing.start(|thing| {
            if thing.once.call_once_timeout(SOON, || thing.make()) {
                thing.is_made();
            }
        });
        let patient = thing.start(Thing::get);
        thing.get();
        hasty.join().unwrap();
        patient.join().unwrap();
    });
}
