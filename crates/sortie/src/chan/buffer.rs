//! What a channel needs of the queue that holds its messages.

use super::core::Side;
use super::lane::Mover;

/// A message that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed<T> {
    Full(T),
    Closed(T),
}

/// Nothing more comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed;

/// A queue for many senders and receivers, first in first out.
///
/// Who moves a message passes a full barrier, so that who waits and who comes cannot
/// miss each other: see [`Buffered`](super::buffered::Buffered). Moving in person he
/// need not, but then [`before_waiting`](Buffer::before_waiting) makes good for it.
pub(super) trait Buffer<T> {
    fn push(&self, message: T, mover: Mover) -> Result<(), Pushed<T>>;

    /// The first message; `None` if there is none now.
    fn pop(&self, mover: Mover) -> Result<Option<T>, Closed>;

    /// The same as [`push`](Buffer::push) in the caller's name, and faster if nobody
    /// else pushes.
    ///
    /// # Safety
    /// Nobody pushes in the caller's name meanwhile.
    #[inline(always)]
    unsafe fn push_in_person(&self, message: T) -> Result<(), Pushed<T>> {
        self.push(message, Mover::caller())
    }

    /// The same as [`pop`](Buffer::pop) in the caller's name, and faster if nobody
    /// else pops.
    ///
    /// # Safety
    /// Nobody pops in the caller's name meanwhile.
    #[inline(always)]
    unsafe fn pop_in_person(&self) -> Result<Option<T>, Closed> {
        self.pop(Mover::caller())
    }

    /// Adds as many messages as there is room for at once. How many.
    fn push_many(&self, messages: &mut dyn ExactSizeIterator<Item = T>) -> Result<usize, Closed>;

    /// Takes up to `limit` messages, which is not 0, at once. How many.
    fn pop_many(&self, limit: usize, sink: &mut dyn FnMut(T)) -> usize;

    /// Whether `pop` would give a message.
    fn has_message(&self) -> bool;

    /// Whether `push` would find room.
    fn has_room(&self) -> bool;

    /// Whether it is closed, and all messages are gone.
    fn is_drained(&self) -> bool;

    /// Whether the first place has come to the head, and was given up.
    fn begins_with_nothing(&self) -> bool {
        false
    }

    /// How many places are taken: by messages, by those that will come, and, behind
    /// either, by those that will not.
    fn len(&self) -> usize;

    fn capacity(&self) -> Option<usize>;

    /// Lets no more messages in. Returns whether it did before.
    fn close(&self) -> bool;

    /// A number that changes with every message that comes or goes.
    fn version(&self) -> u64;

    /// Called by who is about to wait, on this side, once he has announced that and
    /// passed a full barrier. Then he looks whether he has to.
    fn before_waiting(&self, _side: Side) {}
}
