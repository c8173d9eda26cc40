//! The claim: of all who would end a wait, one does.
//!
//! * *Each waker* (a time-out, a queue, another queue) tries to exchange the ticket
//!   it knows for the number after it, and makes the waiter ready if it succeeds.
//! * *The waiter* opens a new ticket for each wait. Wakers of earlier waits may still
//!   hold theirs.
//!
//! Checked: of three wakers with the same ticket one wins; a waker with an old
//! ticket does not end a later wait, however late it comes, also if the word was
//! wiped in between.
//!
//! Seen to fail: when `win` looks first and then stores; when it goes back to the
//! odd number before the ticket, which is then given out again.

use super::explore;
use crate::base::atomic::known;
use crate::goroutine::claim::Claim;
use loom::thread;
use std::sync::Arc;

#[test]
fn one_of_three_wins() {
    explore("claim, one of three wins", || {
        let claim = Arc::new(known(Claim::new()));
        let ticket = claim.open();
        let wakers = [(); 2].map(|()| {
            let claim = claim.clone();
            thread::spawn(move || claim.win(ticket))
        });
        let mut winners = usize::from(claim.win(ticket));
        for waker in wakers {
            winners += usize::from(waker.join().unwrap());
        }
        assert_eq!(winners, 1);
        assert!(!claim.is_open(ticket));
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
        let mut winners = usize::from(claim.win(first));
        let second = claim.open();
        assert_ne!(first, second);
        assert!(claim.is_open(second));
        for waker in wakers {
            winners += usize::from(waker.join().unwrap());
        }
        assert_eq!(winners, 1);
        assert!(claim.win(second), "nobody else knows this ticket");
        assert!(!claim.win(second));
    });
}

#[test]
fn stale_tickets_lose_after_a_new_start() {
    explore("claim, a new start", || {
        let claim = Arc::new(known(Claim::new()));
        let stale = claim.open();
        assert!(claim.win(stale));
        let late = {
            let claim = claim.clone();
            thread::spawn(move || claim.win(stale))
        };
        claim.start_after(1_000);
        let ticket = claim.open();
        assert!(claim.win(ticket));
        assert!(!late.join().unwrap());
    });
}
