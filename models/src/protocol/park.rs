//! Parking, on OS threads: each wait is ended once, and none for ever.
//!
//! * *The waiter* puts himself where a waker finds him, under a lock that his commit
//!   releases, and sleeps until his word is 1. Where several may end the wait it has
//!   a ticket; at the deadline the waiter tries to win that himself, and if he fails
//!   he waits on for the one who did.
//! * *The waker* takes the waiter out of where he waits, or wins the ticket, and makes
//!   him ready: sets the word and wakes who sleeps on it.
//!
//! Checked: the waiter sees what the waker did before; he goes on exactly when made
//! ready or when he won the time-out; no wake-up is left over that would end his
//! next wait early, and none of an earlier wait's wakers ends it; the count of
//! waiting threads is right in the end.
//!
//! Seen to fail: with `Relaxed` for the `Release` in `ready` or the `Acquire` of the
//! waiter's exchanges; when `ready` wakes nobody; when the time-out does not claim,
//! or a refused commit does not; when a waiter who lost the claim returns without
//! waiting for the winner, or sleeps only until a deadline that is past; when the
//! word is only read, and stays 1.

use super::{Watched, explore_bounded};
use crate::base::atomic::known;
use crate::base::clock::NEVER;
use crate::base::lock::Lock;
use crate::goroutine::claim::{Ticket, Won};
use crate::park::{ThreadParker, Woken, park_claimed_on, park_on};
use crate::sched::deadlock;
use loom::thread;
use std::sync::Arc;

/// Something that a waker writes, and the one he wakes reads.
#[derive(Debug)]
struct Gift(Watched<u32>);

impl Gift {
    fn new() -> Self {
        Gift(Watched::new(0))
    }

    fn give(&self) {
        self.0.change(|gifts| *gifts += 1);
    }

    fn check(&self) {
        self.0
            .look(|gifts| assert_eq!(*gifts, 1, "woken without reason"));
    }
}

/// A place where one may wait for a gift.
#[derive(Debug)]
struct Place {
    state: Lock<State>,
    gift: Gift,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Nobody,
    Waits(Ticket),
    Given,
}

impl Place {
    fn new() -> Self {
        Place {
            state: Lock::new(State::Nobody),
            gift: Gift::new(),
        }
    }

    /// Waits until the gift is there.
    fn wait(&self, parker: &ThreadParker) {
        let mut state = self.state.lock();
        if !matches!(*state, State::Given) {
            *state = State::Waits(Ticket::NONE);
            park_on(parker, move || {
                drop(state);
                true
            });
        }
        self.gift.check();
    }

    /// The same as a wait that others know the ticket of, before it is parked.
    fn wait_claimed(&self, parker: &ThreadParker) {
        let ticket = parker.claim.open();
        let mut state = self.state.lock();
        if matches!(*state, State::Given) {
            assert!(parker.claim.win(ticket).is_some(), "nobody else knows it");
        } else {
            *state = State::Waits(ticket);
            drop(state);
            let woken = park_claimed_on(parker, ticket, NEVER);
            assert_eq!(woken, Woken::Ready);
            // Who ended it early is done once the lock is free.
            drop(self.state.lock());
        }
        self.gift.check();
    }

    /// Puts the gift there, and wakes who waits.
    fn give(&self, parker: &ThreadParker) {
        let mut state = self.state.lock();
        let before = std::mem::replace(&mut *state, State::Given);
        let State::Waits(ticket) = before else {
            return self.gift.give();
        };
        let won = match ticket {
            Ticket::NONE => Some(Won::Parked),
            ticket => parker.claim.win(ticket),
        };
        match won {
            Some(Won::Parked) => {
                drop(state);
                // Not under the lock, so that only the word orders it.
                self.gift.give();
                parker.ready();
            }
            Some(Won::Early) => self.gift.give(),
            None => {}
        }
    }
}

/// What several would end a wait with: under a lock, as channels do.
#[derive(Debug)]
struct Ends {
    /// Whether the wait was ended before its owner parked.
    early: Lock<bool>,
    /// For an owner that parked.
    gift: Gift,
}

impl Ends {
    fn new() -> Arc<Self> {
        Arc::new(known(Ends {
            early: Lock::new(false),
            gift: Gift::new(),
        }))
    }

    /// Tries to end a wait, as one of several.
    fn end(&self, parker: &ThreadParker, ticket: Ticket) -> bool {
        let mut early = self.early.lock();
        let won = parker.claim.win(ticket);
        *early |= won == Some(Won::Early);
        drop(early);
        if won == Some(Won::Parked) {
            // Not under the lock, so that only the word orders it.
            self.gift.give();
            parker.ready();
        }
        won.is_some()
    }

    /// Waits until made ready by one of those who `end` it, or until `deadline`.
    /// Whether somebody did.
    fn wait(&self, parker: &ThreadParker, ticket: Ticket, deadline: u64) -> bool {
        let woken = park_claimed_on(parker, ticket, deadline);
        if woken == Woken::Ready && !*self.early.lock() {
            self.gift.check();
        }
        woken == Woken::Ready
    }
}

/// A deadline that is not now.
const SOON: u64 = 1_000;

#[test]
fn waits_twice() {
    explore_bounded("park, twice", 4, || {
        let parker = Arc::new(known(ThreadParker::new()));
        let places = Arc::new(known([Place::new(), Place::new()]));
        let waker = {
            let (parker, places) = (parker.clone(), places.clone());
            thread::spawn(move || places.iter().for_each(|place| place.give(&parker)))
        };
        for place in places.iter() {
            place.wait(&parker);
        }
        waker.join().unwrap();
        deadlock::nobody_waits();
    });
}

#[test]
fn one_of_three_ends_a_wait() {
    explore_bounded("park, two wakers and a time-out", 3, || {
        let parker = Arc::new(known(ThreadParker::new()));
        let ends = Ends::new();
        let ticket = parker.claim.open();
        let wakers = [(); 2].map(|()| {
            let (parker, ends) = (parker.clone(), ends.clone());
            thread::spawn(move || ends.end(&parker, ticket))
        });
        let woken = ends.wait(&parker, ticket, SOON);
        let ends = wakers.map(|waker| waker.join().unwrap());
        assert_eq!(woken, ends[0] || ends[1]);
        assert!(!(ends[0] && ends[1]));
        deadlock::nobody_waits();
    });
}

#[test]
fn an_old_waker_does_not_end_the_next_wait() {
    explore_bounded("park, an old waker", 3, || {
        let parker = Arc::new(known(ThreadParker::new()));
        let place = Arc::new(known(Place::new()));
        let ticket = parker.claim.open();
        let ends = Ends::new();
        let old = {
            let (parker, ends) = (parker.clone(), ends.clone());
            thread::spawn(move || ends.end(&parker, ticket))
        };
        let new = {
            let (parker, place) = (parker.clone(), place.clone());
            thread::spawn(move || place.give(&parker))
        };
        let woken = ends.wait(&parker, ticket, SOON);
        place.wait_claimed(&parker);
        assert_eq!(old.join().unwrap(), woken);
        new.join().unwrap();
        deadlock::nobody_waits();
    });
}

#[test]
fn ended_before_it_parks() {
    explore_bounded("park, ended early", 3, || {
        let parker = Arc::new(known(ThreadParker::new()));
        let place = Arc::new(known(Place::new()));
        let ticket = parker.claim.open();
        let ends = Ends::new();
        let waker = {
            let (parker, place, ends) = (parker.clone(), place.clone(), ends.clone());
            thread::spawn(move || {
                assert!(ends.end(&parker, ticket));
                place.give(&parker);
            })
        };
        assert!(ends.wait(&parker, ticket, NEVER));
        // A wake-up that was left over would end this one.
        place.wait(&parker);
        waker.join().unwrap();
        deadlock::nobody_waits();
    });
}
