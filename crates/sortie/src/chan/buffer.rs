//! What a channel needs of the queue that holds its messages.

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
/// [`push`](Buffer::push) and [`pop`](Buffer::pop) contain a full barrier, so
/// that who waits and who comes cannot miss each other: see
/// [`Buffered`](super::buffered::Buffered).
pub(super) trait Buffer<T> {
    fn push(&self, message: T) -> Result<(), Pushed<T>>;

    /// The first message; `None` if there is none now.
    fn pop(&self) -> Result<Option<T>, Closed>;

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

    fn len(&self) -> usize;

    fn capacity(&self) -> Option<usize>;

    /// Lets no more messages in. Returns whether it did before.
    fn close(&self) -> bool;

    /// A number that changes with every message that comes or goes.
    fn version(&self) -> u64;
}
