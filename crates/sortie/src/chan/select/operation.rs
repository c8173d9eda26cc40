//! The operation that was chosen, to be completed.

use super::super::core::Side;
use super::super::errors::{RecvError, SendError};
use super::super::receiver::Receiver;
use super::super::sender::Sender;
use super::super::shared::Flavour;
use super::case::{Case, Room};
use super::endpoint::{Endpoint, Token};
use super::engine::{self, Manner};
use crate::base::identity::Identity;
use std::fmt;
use std::mem;
use std::ptr;
use std::thread;

/// An operation that a [`Select`](super::Select) has chosen, and that has to be
/// completed with [`send`](Self::send) or [`recv`](Self::recv).
///
/// # Panics
/// If it is dropped instead. What had been begun is undone first: a receiver that
/// waits for the message tries again; a message that was received is lost.
#[must_use]
pub struct SelectedOperation<'a> {
    token: Token,
    index: usize,
    endpoint: &'a (dyn Endpoint + 'a),
    maker: Identity,
    room: Room,
}

impl<'a> SelectedOperation<'a> {
    /// Chooses one of the cases, of which there are some.
    #[inline(always)]
    pub(super) fn choose(cases: &[Case<'a>], manner: Manner) -> Option<Self> {
        let mut room = Room::for_all(cases);
        // SAFETY: there is room for any message.
        let (position, token) = unsafe { engine::perform(cases, room.slot(), manner)? };
        let case = &cases[position];
        Some(SelectedOperation {
            token,
            index: case.index,
            endpoint: case.endpoint,
            maker: case.maker,
            room,
        })
    }

    /// Address of the half, to tell mistakes.
    #[inline(always)]
    fn half(&self) -> *const () {
        ptr::from_ref(self.endpoint).cast()
    }

    /// The index of the operation, as it was returned when it was added.
    ///
    /// # Examples
    /// ```
    /// use sortie::chan::{Select, bounded};
    ///
    /// let (s1, _r1) = bounded::<i32>(0);
    /// let (s2, r2) = bounded::<i32>(0);
    /// drop(r2);
    /// let mut select = Select::new();
    /// let first = select.send(&s1);
    /// let second = select.send(&s2);
    /// // A closed channel is ready: the operation fails at once.
    /// let operation = select.select();
    /// assert_eq!(operation.index(), second);
    /// assert!(operation.send(&s2, 1).is_err());
    /// # let _ = first;
    /// ```
    pub fn index(&self) -> usize {
        self.index
    }

    /// Completes the operation by sending a message.
    ///
    /// # Errors
    /// If the channel is closed. The error has the message.
    ///
    /// # Panics
    /// If the operation is not one of this sender.
    pub fn send<T>(self, sender: &Sender<T>, message: T) -> Result<(), SendError<T>> {
        assert!(
            ptr::eq(self.half(), ptr::from_ref(sender).cast()),
            "passed a sender that wasn't selected"
        );
        let token = self.token;
        mem::forget(self);
        // SAFETY: the token is from this sender, and the only use of it.
        unsafe {
            match (token, &sender.shared.flavour) {
                (Token::Closed, _) => Err(SendError(message)),
                (Token::Paired(partner), Flavour::Zero(channel)) => {
                    channel.keep(partner, Some(message));
                    Ok(())
                }
                (Token::Reserved(position), Flavour::Bounded(channel)) => {
                    channel.buffer.fulfil(position, message);
                    channel.moved(Side::Senders);
                    Ok(())
                }
                _ => sender.send(message),
            }
        }
    }

    /// Completes the operation by receiving a message.
    ///
    /// # Errors
    /// If the channel is empty and closed.
    ///
    /// # Panics
    /// If the operation is not one of this receiver.
    pub fn recv<T>(mut self, receiver: &Receiver<T>) -> Result<T, RecvError> {
        assert!(
            ptr::eq(self.half(), ptr::from_ref(receiver).cast()),
            "passed a receiver that wasn't selected"
        );
        let result = match self.token {
            // SAFETY: this receiver's message is there, and taken out once.
            Token::Received => Ok(unsafe { self.room.slot().cast::<T>().read() }),
            _ => Err(RecvError),
        };
        let mut this = mem::ManuallyDrop::new(self);
        // SAFETY: only the room is left to drop, and nothing else uses it.
        unsafe { ptr::drop_in_place(&raw mut this.room) };
        result
    }
}

impl fmt::Debug for SelectedOperation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("SelectedOperation { .. }")
    }
}

impl Drop for SelectedOperation<'_> {
    fn drop(&mut self) {
        if self.token != Token::Received || self.maker == Identity::current() {
            // SAFETY: begun by this endpoint, with this slot, and not completed. A
            // message is dropped where the half may be used.
            unsafe { self.endpoint.abandon(self.token, self.room.slot()) };
        }
        assert!(
            thread::panicking(),
            "dropped `SelectedOperation` without completing the operation"
        );
    }
}
