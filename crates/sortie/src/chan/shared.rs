//! What the halves of a channel share.

use super::block_list::List;
use super::buffer::Buffer;
use super::buffered::Buffered;
use super::core::{Core, Side};
use super::errors::Refused;
use super::lane::Mover;
use super::receiver::{Receiver, Source};
use super::ring::Ring;
use super::sender::Sender;
use super::wait::Wait;
use super::zero::Zero;
use crate::base::atomic::{AtomicUsize, Ordering};
use crate::park::wait_queue::Until;
use std::marker::PhantomData;
use std::mem;
use std::panic::Location;
use std::sync::Arc;

/// How messages get across.
#[derive(Debug)]
pub(super) enum Flavour<T> {
    Zero(Zero<T>),
    Bounded(Buffered<T, Ring<T>>),
    Unbounded(Buffered<T, List<T>>),
}

/// What the halves share.
#[derive(Debug)]
pub(super) struct Shared<T> {
    pub(super) flavour: Flavour<T>,
    pub(super) senders: AtomicUsize,
    pub(super) receivers: AtomicUsize,
}

/// Calls the same method of whatever flavour it is.
macro_rules! each {
    ($shared:expr, $channel:ident => $call:expr) => {
        match &$shared.flavour {
            Flavour::Zero($channel) => $call,
            Flavour::Bounded($channel) => $call,
            Flavour::Unbounded($channel) => $call,
        }
    };
}

impl<T> Shared<T> {
    pub(super) fn pair(flavour: Flavour<T>) -> (Sender<T>, Receiver<T>) {
        let shared = Arc::new(Shared {
            flavour,
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
        });
        let sender = Sender {
            shared: Arc::clone(&shared),
        };
        let receiver = Receiver {
            source: Source::Channel(shared),
        };
        (sender, receiver)
    }

    pub(super) fn close(&self) -> bool {
        each!(self, channel => channel.close())
    }

    pub(super) fn is_closed(&self) -> bool {
        each!(self, channel => channel.core.flags() & super::core::CLOSED != 0)
    }

    #[inline(always)]
    pub(super) fn send(
        &self,
        message: T,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<(), Refused<T>> {
        each!(self, channel => channel.send(message, until, location))
    }

    #[inline(always)]
    pub(super) fn receive(
        &self,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Result<T, Refused<()>> {
        each!(self, channel => channel.receive(until, location))
    }

    pub(super) fn len(&self) -> usize {
        match &self.flavour {
            Flavour::Zero(_) => 0,
            Flavour::Bounded(channel) => channel.len(),
            Flavour::Unbounded(channel) => channel.len(),
        }
    }

    pub(super) fn capacity(&self) -> Option<usize> {
        match &self.flavour {
            Flavour::Zero(_) => Some(0),
            Flavour::Bounded(channel) => channel.buffer.capacity(),
            Flavour::Unbounded(_) => None,
        }
    }

    pub(super) fn core(&self) -> &Core {
        each!(self, channel => &channel.core)
    }

    /// Whether an operation of that side would not wait. Who waits with `own`
    /// does not count.
    pub(super) fn is_possible(&self, side: Side, own: *const Wait) -> bool {
        match &self.flavour {
            Flavour::Zero(channel) => channel.is_met(side, own),
            Flavour::Bounded(channel) => channel.is_possible(side),
            Flavour::Unbounded(channel) => channel.is_possible(side),
        }
    }

    /// The same for somebody who has entered the queue and passed a full barrier, and
    /// is going to wait if it is not.
    pub(super) fn is_possible_after_all(&self, side: Side, own: *const Wait) -> bool {
        match &self.flavour {
            Flavour::Zero(channel) => channel.is_met(side, own),
            Flavour::Bounded(channel) => channel.is_possible_after_all(side),
            Flavour::Unbounded(channel) => channel.is_possible_after_all(side),
        }
    }

    /// A number that has changed if an operation has become possible.
    pub(super) fn version(&self) -> u64 {
        match &self.flavour {
            Flavour::Zero(channel) => channel.core.version(),
            Flavour::Bounded(channel) => channel.buffer.version(),
            Flavour::Unbounded(channel) => channel.buffer.version(),
        }
    }

    /// All receivers are gone: nobody will ask for what is there.
    pub(super) fn discard(&self) {
        match &self.flavour {
            Flavour::Zero(_) => {}
            Flavour::Bounded(channel) => discard(&channel.buffer),
            Flavour::Unbounded(channel) => discard(&channel.buffer),
        }
    }
}

/// Drops all messages. If a destructor panics the rest is forgotten: the channel
/// is going to be dropped while that panic unwinds, where another would abort.
fn discard<T>(buffer: &impl Buffer<T>) {
    struct Rest<'a, T, B: Buffer<T>>(&'a B, PhantomData<T>);
    impl<T, B: Buffer<T>> Drop for Rest<'_, T, B> {
        fn drop(&mut self) {
            while let Ok(Some(message)) = self.0.pop(Mover::caller()) {
                mem::forget(message);
            }
        }
    }
    let rest = Rest(buffer, PhantomData);
    while let Ok(Some(message)) = buffer.pop(Mover::caller()) {
        drop(message);
    }
    mem::forget(rest);
}

/// Counts one more half.
#[inline]
pub(super) fn count(halves: &AtomicUsize) {
    if halves.fetch_add(1, Ordering::Relaxed) > isize::MAX as usize {
        // As `Arc` does: somebody forgets clones in a loop.
        std::process::abort();
    }
}
