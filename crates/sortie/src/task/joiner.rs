//! Waiting for a goroutine to end, perhaps not for ever.
//!
//! The joiner puts the address of its record into the goroutine's join word, and the
//! goroutine takes it from there at its end; that far, see
//! [`join_word`](crate::goroutine::join_word). If the wait may end otherwise, it has a
//! ticket, which the goroutine has to win before it makes the joiner ready.
//!
//! A joiner whose wait has ended otherwise takes its address back. If it comes too
//! late for that, the goroutine has ended, but still uses the record:
//!
//! ```text
//!   goroutine                              joiner
//!   word: (address) -> DONE                ticket is won by deadline or interrupt
//!   reads waiter and ticket                word: (address) -> OPEN fails
//!   does not win the ticket                waits until `left` is finished
//!   finishes `left`, its last access       goes on: the goroutine has ended
//! ```
//! `left` is another join word, of which the goroutine's end is that it is done with
//! the record.

use crate::base::atomic::Cell;
use crate::goroutine::claim::{Ticket, Won};
use crate::goroutine::join_word::{Handle, JoinWord};
use crate::park::wait_queue::{Until, park_until};
use crate::park::{Place, Waiter, Woken, park};
use std::ptr;

/// Who waits; on his stack.
#[derive(Debug)]
pub(super) struct Joiner {
    waiter: Cell<Waiter>,
    /// What has to be won to end the wait; none if nobody else may end it.
    ticket: Cell<Ticket>,
    /// How the goroutine tells that it does not need this any more.
    left: JoinWord,
}

impl Joiner {
    fn new(waiter: Waiter, ticket: Ticket) -> Self {
        let left = JoinWord::default();
        left.reset();
        Joiner {
            waiter: Cell::new(waiter),
            ticket: Cell::new(ticket),
            left,
        }
    }

    /// What the goroutine finds it by.
    fn address(&self) -> usize {
        ptr::from_ref(self) as usize
    }

    /// Ends the wait of a joiner, by the goroutine that has ended. Who is returned
    /// has to be made ready.
    ///
    /// # Safety
    /// The goroutine has found this address in its join word.
    #[must_use]
    pub(super) unsafe fn end(address: usize) -> Option<Waiter> {
        // SAFETY: the joiner stays until its ticket was won, and if that was by
        // somebody else until `left` is finished.
        let joiner = unsafe { &*(address as *const Joiner) };
        let (waiter, ticket) = (joiner.waiter.get(), joiner.ticket.get());
        if ticket == Ticket::NONE {
            return Some(waiter);
        }
        match waiter.win(ticket) {
            Some(Won::Parked) => Some(waiter),
            Some(Won::Early) => None,
            None => match joiner.left.finish() {
                Handle::Waits(_) => Some(waiter),
                Handle::Exists | Handle::Gone => None,
            },
        }
    }
}

/// Waits for the end of the goroutine whose word this is, as long as there is time.
/// Returns whether it has ended.
///
/// # Safety
/// The caller has the goroutine's handle.
pub(super) unsafe fn wait(word: &JoinWord, until: &Until<'_>, place: Place) -> bool {
    if word.is_done() {
        return true;
    }
    let waiter = Waiter::current();
    if until.is_endless() {
        let joiner = Joiner::new(waiter, Ticket::NONE);
        // SAFETY: the waiter is the caller. The commit makes it findable by one
        // exchange, and touches nothing afterwards. It fails only if the
        // goroutine has ended, since nobody else has the handle.
        unsafe { park(waiter, place, || word.wait(joiner.address())) };
        debug_assert!(word.is_done());
        return true;
    }
    let ticket = waiter.open();
    let joiner = Joiner::new(waiter, ticket);
    if !word.wait(joiner.address()) {
        // It has ended. The ticket, which nobody has seen, is not to stay open.
        let _ = waiter.win(ticket);
        return true;
    }
    // SAFETY: the waiter is the caller, and the ticket of this wait. The goroutine,
    // if it finds the joiner, wins the ticket first.
    if unsafe { park_until(waiter, ticket, until, place) } == Woken::Ready {
        return true;
    }
    if word.withdraw(joiner.address()) {
        return false;
    }
    // SAFETY: the waiter is the caller. The commit makes it findable by one
    // exchange; if it fails the goroutine is done with the record.
    unsafe { park(waiter, place, || joiner.left.wait(joiner.address())) };
    true
}
