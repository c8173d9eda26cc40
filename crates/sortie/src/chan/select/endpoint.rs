//! The halves of channels as cases of a select, whatever their messages.

use super::super::buffer::{Closed, Pushed};
use super::super::core::{Core, Side};
use super::super::errors::Refused;
use super::super::receiver::{Receiver, Source, as_message};
use super::super::ring::Position;
use super::super::sender::Sender;
use super::super::shared::Flavour;
use super::super::timer::Times;
use super::super::wait::{Node, Outcome, Wait};
use super::super::zero::Partner;
use crate::base::clock::NEVER;
use crate::park::wait_queue::Until;
use std::alloc::Layout;
use std::panic::Location;
use std::ptr;

/// What has been begun by choosing a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::chan) enum Token {
    /// The message is in the slot.
    Received,
    /// The channel is closed.
    Closed,
    /// To send, nothing has to be done first.
    Free,
    /// A place in the channel is reserved.
    Reserved(Position),
    /// A receiver waits for the message.
    Paired(Partner),
}

/// Whether an operation could be begun.
#[derive(Debug, Clone, Copy)]
pub(in crate::chan) enum Begun {
    Yes(Token),
    /// It was ready, but somebody else was faster.
    Lost,
    /// There was a moment at which it was not ready.
    NotReady,
}

/// A half of a channel.
pub(in crate::chan) trait Endpoint {
    fn side(&self) -> Side;

    /// What a message that is received needs of the slot.
    fn message(&self) -> Layout;

    /// Where to wait; `None` if nobody wakes who waits.
    fn core(&self) -> Option<&Core>;

    /// Whether it becomes ready only if somebody waits: one of the two has to.
    fn is_rendezvous(&self) -> bool;

    /// When it becomes ready by itself, on the runtime's clock.
    fn due(&self) -> u64;

    /// Whether the operation would not wait.
    fn is_ready(&self) -> bool;

    /// The same for somebody who has entered the queue with `own`, which does not
    /// count, and passed a full barrier, and is going to wait if it is not.
    fn is_ready_after_all(&self, own: *const Wait) -> bool;

    /// Enters the queue, if there is one; else returns `false`.
    ///
    /// # Safety
    /// The node is in no queue, and stays where it is until it has left.
    unsafe fn enter(&self, node: &Node) -> bool {
        let Some(core) = self.core() else {
            return false;
        };
        // SAFETY: as this function's.
        unsafe { core.lock().enqueue(self.side(), node, true) };
        true
    }

    /// Leaves the queue. Returns whether the node was in it: if not, somebody has
    /// ended the wait.
    ///
    /// # Safety
    /// The node has entered here.
    unsafe fn leave(&self, node: &Node) -> bool {
        // SAFETY: as this function's.
        self.core()
            .is_some_and(|core| unsafe { core.lock().dequeue(self.side(), node) })
    }

    /// Tells those who only watch the channel that somebody waits there now.
    fn announce(&self);

    /// A number that has changed if it has become ready in between.
    fn version(&self) -> u64;

    /// Begins the operation if that is possible now. It may fail although it was possible
    /// at each moment, to others.
    ///
    /// # Safety
    /// The slot has room for a message.
    unsafe fn attempt(&self, slot: *mut (), location: &'static Location<'static>) -> Option<Token>;

    /// The same for who does not know yet whether it is ready.
    ///
    /// # Safety
    /// As [`attempt`](Self::attempt).
    unsafe fn begin(&self, slot: *mut (), location: &'static Location<'static>) -> Begun {
        if !self.is_ready() {
            return Begun::NotReady;
        }
        // SAFETY: as this function's.
        match unsafe { self.attempt(slot, location) } {
            Some(token) => Begun::Yes(token),
            None => Begun::Lost,
        }
    }

    /// Undoes what was begun.
    ///
    /// # Safety
    /// The token is from this endpoint, with the message in this slot, and is not
    /// used again.
    unsafe fn abandon(&self, token: Token, slot: *mut ());
}

impl<T> Endpoint for Sender<T> {
    fn side(&self) -> Side {
        Side::Senders
    }

    fn message(&self) -> Layout {
        Layout::new::<()>()
    }

    fn core(&self) -> Option<&Core> {
        Some(self.shared.core())
    }

    fn is_rendezvous(&self) -> bool {
        matches!(self.shared.flavour, Flavour::Zero(_))
    }

    fn due(&self) -> u64 {
        NEVER
    }

    fn is_ready(&self) -> bool {
        self.shared.is_possible(Side::Senders, ptr::null())
    }

    fn is_ready_after_all(&self, own: *const Wait) -> bool {
        self.shared.is_possible_after_all(Side::Senders, own)
    }

    fn announce(&self) {
        if let Flavour::Zero(channel) = &self.shared.flavour {
            channel.tell(Side::Senders);
        }
    }

    fn version(&self) -> u64 {
        self.shared.version()
    }

    unsafe fn attempt(&self, _: *mut (), _: &'static Location<'static>) -> Option<Token> {
        match &self.shared.flavour {
            Flavour::Zero(channel) => match channel.promise() {
                Ok(partner) => partner.map(Token::Paired),
                Err(Closed) => Some(Token::Closed),
            },
            Flavour::Bounded(channel) => match channel.buffer.reserve() {
                Ok(position) => Some(Token::Reserved(position)),
                Err(Pushed::Full(())) => None,
                Err(Pushed::Closed(())) => Some(Token::Closed),
            },
            Flavour::Unbounded(_) if self.shared.is_closed() => Some(Token::Closed),
            Flavour::Unbounded(_) => Some(Token::Free),
        }
    }

    unsafe fn abandon(&self, token: Token, _: *mut ()) {
        // SAFETY: as this function's.
        unsafe {
            match (token, &self.shared.flavour) {
                (Token::Paired(partner), Flavour::Zero(channel)) => channel.keep(partner, None),
                (Token::Reserved(position), Flavour::Bounded(channel)) => {
                    channel.buffer.abandon(position);
                    channel.settle();
                }
                _ => {}
            }
        }
    }
}

impl<T> Endpoint for Receiver<T> {
    fn side(&self) -> Side {
        Side::Receivers
    }

    fn message(&self) -> Layout {
        Layout::new::<T>()
    }

    fn core(&self) -> Option<&Core> {
        match &self.source {
            Source::Channel(shared) => Some(shared.core()),
            Source::Event(event) => Some(event.core()),
            Source::Schedule(schedule) => Some(&schedule.action.core),
            Source::At(_) | Source::Tick(_) | Source::Never => None,
        }
    }

    unsafe fn enter(&self, node: &Node) -> bool {
        let core = match &self.source {
            Source::Channel(shared) => shared.core(),
            Source::Event(event) => event.core(),
            Source::Schedule(schedule) => {
                // SAFETY: as this function's.
                unsafe { schedule.enter(node) };
                return true;
            }
            Source::At(_) | Source::Tick(_) | Source::Never => return false,
        };
        // SAFETY: as this function's.
        unsafe { core.lock().enqueue(self.side(), node, true) };
        true
    }

    unsafe fn leave(&self, node: &Node) -> bool {
        let core = match &self.source {
            Source::Channel(shared) => shared.core(),
            Source::Event(event) => event.core(),
            // SAFETY: as this function's.
            Source::Schedule(schedule) => return unsafe { schedule.leave(node) },
            Source::At(_) | Source::Tick(_) | Source::Never => return false,
        };
        // SAFETY: as this function's.
        unsafe { core.lock().dequeue(self.side(), node) }
    }

    fn is_rendezvous(&self) -> bool {
        matches!(&self.source, Source::Channel(shared) if matches!(shared.flavour, Flavour::Zero(_)))
    }

    fn due(&self) -> u64 {
        match &self.source {
            Source::At(at) => at.next(),
            Source::Tick(tick) => tick.next(),
            Source::Channel(_) | Source::Schedule(_) | Source::Event(_) | Source::Never => NEVER,
        }
    }

    fn is_ready(&self) -> bool {
        match &self.source {
            Source::Channel(shared) => shared.is_possible(Side::Receivers, ptr::null()),
            Source::At(at) => at.has_message(),
            Source::Tick(tick) => tick.has_message(),
            Source::Event(event) => event.is_set(),
            Source::Schedule(schedule) => schedule.action.has_message(),
            Source::Never => false,
        }
    }

    fn is_ready_after_all(&self, own: *const Wait) -> bool {
        match &self.source {
            Source::Channel(shared) => shared.is_possible_after_all(Side::Receivers, own),
            Source::At(_)
            | Source::Tick(_)
            | Source::Event(_)
            | Source::Schedule(_)
            | Source::Never => self.is_ready(),
        }
    }

    fn announce(&self) {
        if let Source::Channel(shared) = &self.source
            && let Flavour::Zero(channel) = &shared.flavour
        {
            channel.tell(Side::Receivers);
        }
    }

    fn version(&self) -> u64 {
        match &self.source {
            Source::Channel(shared) => shared.version(),
            Source::Event(event) => event.core().version(),
            Source::Schedule(schedule) => schedule.action.version(),
            Source::At(_) | Source::Tick(_) | Source::Never => 0,
        }
    }

    unsafe fn attempt(&self, slot: *mut (), location: &'static Location<'static>) -> Option<Token> {
        let slot = slot.cast::<T>();
        let received = match &self.source {
            Source::Channel(shared) => match &shared.flavour {
                Flavour::Zero(channel) => {
                    // SAFETY: as this function's.
                    return match unsafe { channel.receive_into(slot, &Until::NOW, location) } {
                        Outcome::Done => Some(Token::Received),
                        Outcome::Closed => Some(Token::Closed),
                        _ => None,
                    };
                }
                Flavour::Bounded(channel) => channel.receive(&Until::NOW, location),
                Flavour::Unbounded(channel) => channel.receive(&Until::NOW, location),
            },
            // SAFETY: only a `Receiver<Instant>` has such a source.
            Source::At(at) => unsafe { Ok(as_message(at.take()?)) },
            // SAFETY: as above.
            Source::Tick(tick) => unsafe { Ok(as_message(tick.take()?)) },
            Source::Event(event) => return event.is_set().then_some(Token::Closed),
            Source::Schedule(schedule) => {
                let received = schedule.receive(&Until::NOW, location);
                // SAFETY: only a `Receiver` of such instants has such a source.
                received.map(|instant| unsafe { as_message(instant) })
            }
            Source::Never => return None,
        };
        match received {
            Ok(message) => {
                // SAFETY: as this function's.
                unsafe { slot.write(message) };
                Some(Token::Received)
            }
            Err(Refused::Closed(())) => Some(Token::Closed),
            Err(Refused::NotNow(())) => None,
        }
    }

    unsafe fn begin(&self, slot: *mut (), location: &'static Location<'static>) -> Begun {
        let received = match &self.source {
            Source::Channel(shared) => match &shared.flavour {
                Flavour::Bounded(channel) => channel.receive_at_once(),
                Flavour::Unbounded(channel) => channel.receive_at_once(),
                Flavour::Zero(_) => None,
            },
            _ => None,
        };
        match received {
            Some(Ok(message)) => {
                // SAFETY: as this function's.
                unsafe { slot.cast::<T>().write(message) };
                return Begun::Yes(Token::Received);
            }
            Some(Err(Refused::NotNow(()))) => return Begun::NotReady,
            Some(Err(Refused::Closed(()))) => return Begun::Yes(Token::Closed),
            None => {}
        }
        if !self.is_ready() {
            return Begun::NotReady;
        }
        // SAFETY: as this function's.
        match unsafe { self.attempt(slot, location) } {
            Some(token) => Begun::Yes(token),
            None => Begun::Lost,
        }
    }

    unsafe fn abandon(&self, token: Token, slot: *mut ()) {
        if token == Token::Received {
            // SAFETY: as this function's.
            unsafe { ptr::drop_in_place(slot.cast::<T>()) };
        }
    }
}
