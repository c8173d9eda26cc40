//! The claim: of all who would end a wait, one does.
//!
//! * *Each waker* (a time-out, a queue, another queue) tries to exchange the ticket
//!   it knows, open or parked, for a word that says won. If the wait was parked it
//!   makes the waiter ready.
//! * *The waiter* opens a new ticket for each wait, lets others know, and turns it
//!   into a parked one when it can be made ready. If that fails it does not wait.
//!   Wakers of earlier waits may still hold theirs.
//!
//! Checked: of three wakers with the same ticket one wins; it has found the wait
//! parked exactly if the waiter could arm it, and if not the waiter sees what the
//! winner did before; a waker with an old ticket neither ends nor arms a later
//! wait, however late it comes, also if the word was wiped in between.
//!
//! Seen to fail: when `win` looks first and then stores, or gives up if the waiter
//! has parked meanwhile, or calls a wait parked that it has found open; when `arm`
//! stores without looking, or is `Relaxed` where it fails; when `open` goes back to
//! a ticket that was given out before.

use super::{Watched, explore};
use crate::base::atomic::known;
use crate::goroutine::claim::{Claim, Won};
use loom::thread;
use std::sync::Arc;

#[test]
fn one_of_three_wins() {
    explore("claim, one of three wins", || {
        let claim = Arc::new(known(Claim::new()));
        let ticket = claim.open();
        assert!(claim.arm(ticket));
        let wakers = [(); 2].map(|()| {
            let claim = claim.clone();
            thread::spawn(move || claim.win(ticket))
        });
        let mut wins = vec![claim.win(ticket)];
        wins.extend(wakers.map(|waker| waker.join().unwrap()));
        let winners: Vec<Won> = wins.into_iter().flatten().collect();
        assert_eq!(winners, [Won::Parked]);
        assert!(!claim.is_open(ticket));
    });
}

#[test]
fn one_of_two_wins_while_the_waiter_parks() {
    explore("claim, won early or parked", || {
        let claim = Arc::new(known(Claim::new()));
        let gift = Arc::new(Watched::new(0));
        let ticket = claim.open();
        let wakers = [1, 2].map(|number| {
            let (claim, gift) = (claim.clone(), gift.clone());
            thread::spawn(move || {
                let won = claim.win(ticket);
                if won.is_some() {
                    // Ours alone, if we are the only one.
                    gift.change(|gift| *gift = number);
                }
                won
            })
        });
        let armed = claim.arm(ticket);
        let wins = wakers.map(|waker| waker.join().unwrap());
        let winners: Vec<Won> = wins.into_iter().flatten().collect();
        let expected = if armed { Won::Parked } else { Won::Early };
        assert_eq!(winners, [expected]);
        assert!(!claim.is_open(ticket));
    });
}

#[test]
fn a_waiter_that_came_late_sees_what_was_done() {
    explore("claim, late", || {
        let claim = Arc::new(known(Claim::new()));
        let gift = Arc::new(Watched::new(0));
        let ticket = claim.open();
        let waker = {
            let (claim, gift) = (claim.clone(), gift.clone());
            thread::spawn(move || {
                gift.change(|gift| *gift = 1);
                claim.win(ticket)
            })
        };
        if !claim.arm(ticket) {
            gift.look(|gift| assert_eq!(*gift, 1));
        }
        assert!(waker.join().unwrap().is_some());
    });
}

#[test]
fn stale_tickets_lose() {
    explore("claim, stale tickets lose", || {
        let claim = Arc::new(known(Claim::new()));
        let first = claim.open();
        let wakers = [(); 2].map(|()| {
            let claim = claim.clone();
            thread::spawn(move || claim.win(first))
        });
        // Whoever ends it, this wait is over now.
        let mut winners = usize::from(claim.win(first).is_some());
        let second = claim.open();
        assert_ne!(first, second);
        assert!(claim.is_open(second));
        assert!(!claim.arm(first));
        assert!(claim.arm(second));
        for waker in wakers {
            winners += usize::from(waker.join().unwrap().is_some());
        }
        assert_eq!(winners, 1);
        assert_eq!(
            claim.win(second),
            Some(Won::Parked),
            "nobody else knows this ticket"
        );
        assert_eq!(claim.win(second), None);
    });
}

#[test]
fn stale_tickets_lose_after_a_new_start() {
    explore("claim, a new start", || {
        let claim = Arc::new(known(Claim::new()));
        let stale = claim.open();
        assert!(claim.win(stale).is_some());
        let late = {
            let claim = claim.clone();
            thread::spawn(move || claim.win(stale))
        };
        claim.start_after(1_000);
        let ticket = claim.open();
        assert_eq!(claim.win(ticket), Some(Won::Early));
        assert_eq!(late.join().unwrap(), None);
    });
}
