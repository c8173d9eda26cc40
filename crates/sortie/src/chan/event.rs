//! A channel that carries nothing and is closed once: that of a context that ends.
//!
//! It is a part of what it tells of, and its receivers own that: who holds a
//! context's `done` need not hold the context. The owner has the event as its first
//! field, and is counted here.

use super::core::Core;
use super::errors::Refused;
use super::receiver::{Receiver, Source};
use super::zero::Zero;
use crate::base::atomic::{AtomicUsize, Ordering};
use crate::park::wait_queue::Until;
use std::convert::Infallible;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::panic::Location;
use std::ptr::NonNull;

/// The channel, and the count of owners of what it is a part of.
pub(crate) struct Event {
    references: AtomicUsize,
    /// Frees what it is a part of.
    free: unsafe fn(NonNull<Event>),
    channel: Zero<Infallible>,
}

impl Event {
    /// With one owner, for whom [`EventRef::first`] is.
    ///
    /// # Safety
    /// When the last owner is gone `free` can be called: once, by any thread, with
    /// the pointer that `first` got.
    pub(crate) unsafe fn new(
        free: unsafe fn(NonNull<Event>),
        origin: &'static Location<'static>,
    ) -> Self {
        Event {
            references: AtomicUsize::new(1),
            free,
            channel: Zero::new(origin),
        }
    }

    /// Closes the channel: whoever receives from it goes on. Wakes futures, whose
    /// wakers are foreign code.
    pub(crate) fn set(&self) {
        self.channel.close();
    }

    /// Whether the channel is closed.
    #[inline]
    pub(crate) fn is_set(&self) -> bool {
        self.core().flags() & super::core::CLOSED != 0
    }

    #[inline]
    pub(super) fn core(&self) -> &Core {
        &self.channel.core
    }

    pub(super) fn receive(
        &self,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Refused<()> {
        match self.channel.receive(until, location) {
            Ok(message) => match message {},
            Err(refused) => refused,
        }
    }
}

/// An owner of what an event is a part of.
pub(crate) struct EventRef(NonNull<Event>);

// SAFETY: events may be used by all threads; what they are a part of is freed by any
// of them.
unsafe impl Send for EventRef {}
// SAFETY: as above.
unsafe impl Sync for EventRef {}

impl EventRef {
    /// The first owner.
    ///
    /// # Safety
    /// The event is new, and will be there until it is freed.
    pub(crate) unsafe fn first(event: NonNull<Event>) -> Self {
        EventRef(event)
    }

    /// One more owner, if there is one.
    ///
    /// # Safety
    /// The event's memory is there, and the pointer as it was when it was made.
    pub(crate) unsafe fn acquire(event: NonNull<Event>) -> Option<Self> {
        // SAFETY: as this function's.
        let references = unsafe { &event.as_ref().references };
        let mut seen = references.load(Ordering::Relaxed);
        while seen != 0 {
            match references.compare_exchange_weak(
                seen,
                seen + 1,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return Some(EventRef(event)),
                Err(now) => seen = now,
            }
        }
        None
    }

    /// Where it is.
    #[inline]
    pub(crate) fn as_ptr(&self) -> NonNull<Event> {
        self.0
    }

    /// Gives up ownership. Whether it was the last, so that the caller has to free
    /// what the event is a part of.
    #[inline]
    #[must_use]
    pub(crate) fn give_up(self) -> bool {
        let this = ManuallyDrop::new(self);
        this.references.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// A receiver to be a part of the same, which therefore is no owner. Its clones
    /// are.
    ///
    /// # Safety
    /// It is used only while there is an owner.
    pub(crate) unsafe fn receiver(event: NonNull<Event>) -> ManuallyDrop<Receiver<Infallible>> {
        ManuallyDrop::new(Receiver {
            source: Source::Event(EventRef(event)),
        })
    }
}

impl Deref for EventRef {
    type Target = Event;

    #[inline]
    fn deref(&self) -> &Event {
        // SAFETY: this owner is counted.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for EventRef {
    #[inline]
    fn clone(&self) -> Self {
        super::shared::count(&self.references);
        EventRef(self.0)
    }
}

impl Drop for EventRef {
    #[inline]
    fn drop(&mut self) {
        if self.references.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: this was the last owner.
            unsafe { (self.free)(self.0) };
        }
    }
}

impl fmt::Debug for EventRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventRef")
            .field("is_set", &self.is_set())
            .finish_non_exhaustive()
    }
}
