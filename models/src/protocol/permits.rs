//! Permits: no more are out than there are, and whoever waits is served in turn.
//!
//! * *Taking* exchanges the word if nobody waits and there are enough. Else it sets the
//!   flag that says somebody waits, with the lock held, looks again, and stands in the
//!   queue before the lock is free.
//! * *Giving back* exchanges the word. If it finds the flag it takes the lock, and
//!   serves the first in the queue while there is enough for him.
//! * *Who gives up* serves too, since the next may have waited only for him.
//! * *Who destroys permits* tells the first if he asks for more than are left.
//!
//! Checked: with one permit one at a time is inside, and sees what the last did; the
//! numbers are right in the end; nobody waits for ever for what is there or will come
//! back; who asks for what can never be is told.
//!
//! Seen to fail: with `Relaxed` for the release of giving back, or for the acquire of any
//! of those who take; when giving back, giving up, or destroying does not serve, or
//! serves one only; when the flag stays, or is set after the look; when somebody takes
//! permits although it is set; when who asks for too many is not told; when it is not
//! asked anew what is enough for the next, if the first gives up while he is served.

use super::{Watched, explore_bounded};
use crate::base::atomic::known;
use crate::base::clock::NEVER;
use crate::goroutine::WaitReason;
use crate::park::Place;
use crate::park::wait_queue::Until;
use crate::sched::deadlock;
use crate::sync::permits::{Permits, Refused};
use loom::thread;
use loom::thread::JoinHandle;
use std::panic::Location;
use std::sync::Arc;

/// A deadline that is not now.
const SOON: u64 = 1_000;

/// Permits, and what they protect.
#[derive(Debug)]
struct Room {
    permits: Permits,
    visits: Watched<u32>,
}

impl Room {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(known(Room {
            permits: Permits::new(permits),
            visits: Watched::default(),
        }))
    }

    fn take(&self, count: usize, deadline: u64) -> Result<(), Refused> {
        if self.permits.try_take(count) {
            return Ok(());
        }
        let place = Place {
            reason: WaitReason::Semaphore,
            location: Location::caller(),
            origin: None,
        };
        self.permits.take(count, Until::deadline(deadline), place)
    }

    /// Comes in with all permits, alone.
    fn visit(&self, permits: usize, deadline: u64) -> bool {
        let taken = self.take(permits, deadline);
        if taken.is_ok() {
            self.visits.change(|visits| *visits += 1);
            self.permits.give(permits);
        }
        taken.is_ok()
    }

    fn start<R: 'static>(
        self: &Arc<Self>,
        f: impl FnOnce(&Self) -> R + Send + 'static,
    ) -> JoinHandle<R> {
        let room = self.clone();
        thread::spawn(move || f(&room))
    }

    /// All is as in the beginning, but for so many visits.
    fn is_settled(&self, permits: usize, visits: u32) {
        assert_eq!(self.permits.free(), permits);
        // With the flag set nobody gets any.
        assert!(self.permits.try_take(permits), "somebody seems to wait");
        self.visits.look(|seen| assert_eq!(*seen, visits));
        deadlock::nobody_waits();
    }
}

#[test]
fn two_visit_twice() {
    explore_bounded("permits, two twice", 4, || {
        let room = Room::new(1);
        let other = room.start(|room| room.visit(1, NEVER) && room.visit(1, NEVER));
        assert!(room.visit(1, NEVER) && room.visit(1, NEVER));
        assert!(other.join().unwrap());
        room.is_settled(1, 4);
    });
}

#[test]
fn three_visit() {
    explore_bounded("permits, three", 3, || {
        let room = Room::new(1);
        let others = [(); 2].map(|()| room.start(|room| room.visit(1, NEVER)));
        assert!(room.visit(1, NEVER));
        let _ = others.map(|other| assert!(other.join().unwrap()));
        room.is_settled(1, 3);
    });
}

/// One needs all, the others one each.
#[test]
fn one_needs_all() {
    explore_bounded("permits, one needs all", 3, || {
        let room = Room::new(2);
        let others = [(); 2].map(|()| {
            room.start(|room| {
                room.take(1, NEVER).unwrap();
                // Not alone, so it does not look.
                room.permits.give(1);
            })
        });
        assert!(room.visit(2, NEVER));
        let _ = others.map(|other| other.join().unwrap());
        room.is_settled(2, 1);
    });
}

/// Whoever waits behind one that gives up is served when he does.
#[test]
fn behind_one_that_gives_up() {
    explore_bounded("permits, one gives up", 3, || {
        let room = Room::new(2);
        room.take(1, NEVER).unwrap();
        let large = room.start(|room| room.visit(2, SOON));
        let small = room.start(|room| {
            room.take(1, NEVER).unwrap();
            room.permits.give(1);
        });
        small.join().unwrap();
        room.permits.give(1);
        let visits = u32::from(large.join().unwrap());
        room.is_settled(2, visits);
    });
}

/// Who gives up may serve another with what somebody else has just brought.
#[test]
fn served_by_one_that_gives_up() {
    explore_bounded("permits, served by one that gives up", 3, || {
        let room = Room::new(1);
        room.take(1, NEVER).unwrap();
        let hasty = room.start(|room| room.visit(1, SOON));
        let patient = room.start(|room| assert!(room.visit(1, NEVER)));
        room.visits.change(|visits| *visits += 1);
        room.permits.give(1);
        patient.join().unwrap();
        let visits = 2 + u32::from(hasty.join().unwrap());
        room.is_settled(1, visits);
    });
}

/// Who is first gives up at the moment when he is served, and the next asks for more.
#[test]
fn giving_up_while_served() {
    explore_bounded("permits, given up while served", 3, || {
        let room = Room::new(2);
        room.take(2, NEVER).unwrap();
        let small = room.start(|room| {
            if room.take(1, SOON).is_ok() {
                room.permits.give(1);
            }
        });
        let large = room.start(|room| assert!(room.visit(2, NEVER)));
        room.permits.give(1);
        // Not alone, but for those who come in alone.
        room.visits.change(|visits| *visits += 1);
        room.permits.give(1);
        small.join().unwrap();
        large.join().unwrap();
        room.is_settled(2, 2);
    });
}

#[test]
fn time_runs_out_for_both() {
    explore_bounded("permits, in time", 4, || {
        let room = Room::new(1);
        let other = room.start(|room| room.visit(1, SOON));
        let own = room.visit(1, SOON);
        let other = other.join().unwrap();
        assert!(own || other, "nobody was inside");
        room.is_settled(1, u32::from(own) + u32::from(other));
    });
}

/// There are fewer by the time one who needs all is first.
#[test]
fn destroyed_under_way() {
    explore_bounded("permits, destroyed", 3, || {
        let room = Room::new(2);
        room.take(1, NEVER).unwrap();
        let large = room.start(|room| {
            let taken = room.take(2, NEVER);
            assert_eq!(taken, Err(Refused::Never(1)));
        });
        let small = room.start(|room| assert!(room.visit(1, NEVER)));
        room.permits.destroy(1);
        large.join().unwrap();
        small.join().unwrap();
        room.is_settled(1, 1);
    });
}
