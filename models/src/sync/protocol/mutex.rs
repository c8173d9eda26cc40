//! The mutex: a word, and a room for those who wait.
//!
//! * *Locking* exchanges the word if it is free. Else it visits the room, looks again,
//!   sets the flag, and stands in the queue, with the room locked.
//! * *Unlocking* exchanges the word. If it finds the flag it visits the room, and sends
//!   the first to try again, or hands the mutex over to him. If there is nobody any more it
//!   clears the flag, detaches the room, and begins again.
//! * *Who was sent* visits the room again, as if he came, but stands in front.
//! * *Who gives up*, and was the last, clears the flag and detaches the room.
//!
//! Checked: one at a time is inside, and sees what the last did; nobody waits for ever;
//! in the end the mutex is free and has no room, whichever rooms there were.
//!
//! Seen to fail: when the room is detached before the flag is cleared; with `Relaxed` for
//! any release of the mutex, or for taking it; when the one who was sent does not say that
//! he came, or who takes it does not set the flag for others.

use super::super::pool::{self, Luck};
use super::super::raw_mutex::{Afterwards, RawMutex};
use crate::base::atomic::known;
use crate::base::clock::NEVER;
use crate::park::wait_queue::Until;
use crate::protocol::{Watched, explore_bounded};
use crate::sched::deadlock;
use loom::thread::{self, JoinHandle};
use std::panic::Location;
use std::sync::Arc;

/// A deadline that is not now.
const SOON: u64 = 1_000;

/// A mutex, and what it protects.
#[derive(Debug)]
struct House {
    mutex: RawMutex,
    visits: Watched<u32>,
}

/// How somebody unlocks.
#[derive(Debug, Clone, Copy)]
enum Manner {
    Plain,
    Fair,
    /// Because he is about to wait for something else.
    Waits,
}

impl House {
    fn new() -> Arc<Self> {
        Arc::new(known(House {
            mutex: RawMutex::new(),
            visits: Watched::default(),
        }))
    }

    fn lock(&self, deadline: u64) -> bool {
        self.mutex.try_take()
            || self
                .mutex
                .take_slow(Until::deadline(deadline), Location::caller())
                .is_ok()
    }

    fn unlock(&self, manner: Manner) {
        // SAFETY: the caller has locked it.
        unsafe {
            match manner {
                Manner::Plain => self.mutex.release(),
                Manner::Fair => self.mutex.release_fairly(Afterwards::MakeWay),
                Manner::Waits => self.mutex.release_and_wait(),
            }
        }
    }

    fn visit(&self, deadline: u64, manner: Manner) -> bool {
        let locked = self.lock(deadline);
        if locked {
            self.visits.change(|visits| *visits += 1);
            self.unlock(manner);
        }
        locked
    }

    fn start<R: 'static>(
        self: &Arc<Self>,
        f: impl FnOnce(&Self) -> R + Send + 'static,
    ) -> JoinHandle<R> {
        let house = self.clone();
        thread::spawn(move || f(&house))
    }

    /// All is as in the beginning, but for so many visits.
    fn is_settled(&self, visits: u32) {
        assert!(!self.mutex.is_held());
        self.visits.look(|seen| assert_eq!(*seen, visits));
        deadlock::nobody_waits();
    }
}

/// Explores with either luck.
fn explore(name: &str, preemptions: usize, model: impl Fn() + Copy + Send + Sync + 'static) {
    for luck in [Luck::Last, Luck::First] {
        let name = format!("mutex, {name}, {luck:?}");
        explore_bounded(&name, preemptions, move || pool::with_rooms(luck, model));
    }
}

#[test]
fn two_visit_twice() {
    explore("two twice", 3, || {
        let house = House::new();
        let visit = |house: &House| house.visit(NEVER, Manner::Plain);
        let other = house.start(move |house| visit(house) && visit(house));
        assert!(visit(&house) && visit(&house));
        assert!(other.join().unwrap());
        house.is_settled(4);
    });
}

#[test]
fn three_visit() {
    explore("three", 3, || {
        let house = House::new();
        let others = [(); 2].map(|()| house.start(|house| house.visit(NEVER, Manner::Plain)));
        assert!(house.visit(NEVER, Manner::Plain));
        let _ = others.map(|other| assert!(other.join().unwrap()));
        house.is_settled(3);
    });
}

/// Who unlocks hands it over.
#[test]
fn handed_over() {
    explore("handed over", 3, || {
        let house = House::new();
        let others = [(); 2].map(|()| house.start(|house| house.visit(NEVER, Manner::Fair)));
        assert!(house.visit(NEVER, Manner::Fair));
        let _ = others.map(|other| assert!(other.join().unwrap()));
        house.is_settled(3);
    });
}

/// Somebody comes while the last who waited is handed the mutex, or sent.
#[test]
fn one_comes_later() {
    for manner in [Manner::Plain, Manner::Fair, Manner::Waits] {
        explore(&format!("one comes later, {manner:?}"), 3, move || {
            let house = House::new();
            assert!(house.lock(NEVER));
            let others = [(); 2].map(|()| house.start(move |house| house.visit(NEVER, manner)));
            house.visits.change(|visits| *visits += 1);
            house.unlock(manner);
            let _ = others.map(|other| assert!(other.join().unwrap()));
            house.is_settled(3);
        });
    }
}

/// Time runs out for one, while he is handed the mutex or sent.
#[test]
fn giving_up() {
    for manner in [Manner::Plain, Manner::Fair] {
        explore(&format!("given up, {manner:?}"), 3, move || {
            let house = House::new();
            let hasty = house.start(move |house| house.visit(SOON, manner));
            let patient = house.start(move |house| house.visit(NEVER, manner));
            assert!(house.visit(NEVER, manner));
            assert!(patient.join().unwrap());
            let visits = 2 + u32::from(hasty.join().unwrap());
            house.is_settled(visits);
        });
    }
}

#[test]
fn time_runs_out_for_all() {
    explore("in time", 3, || {
        let house = House::new();
        let others = [(); 2].map(|()| house.start(|house| house.visit(SOON, Manner::Plain)));
        let mut visits = u32::from(house.visit(SOON, Manner::Plain));
        for other in others {
            visits += u32::from(other.join().unwrap());
        }
        assert!(visits > 0, "nobody was inside");
        house.is_settled(visits);
    });
}

/// Two mutexes whose rooms change places.
#[test]
fn rooms_change_hands() {
    explore("two mutexes", 3, || {
        let houses = [House::new(), House::new()];
        let others = [0, 1].map(|first: usize| {
            let houses = houses.clone();
            thread::spawn(move || {
                for house in [&houses[first], &houses[1 - first]] {
                    assert!(house.visit(NEVER, Manner::Plain));
                }
            })
        });
        for house in &houses {
            assert!(house.visit(NEVER, Manner::Plain));
        }
        let _ = others.map(|other| other.join().unwrap());
        houses.iter().for_each(|house| house.is_settled(3));
    });
}
