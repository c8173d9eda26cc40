//! A channel that carries nothing and is closed once: that of a context that ends.
//!
//! It is a part of what it tells of, and its receivers own that: who holds a
//! context's `done` need not hold the context. The owner has the event as its first
//! field, and is counted here.
//!
//! For most contexts nobody asks for the channel, so it is made when somebody does: it
//! is as large as all the rest.

use super::core::{CLOSED, Core};
use super::errors::Refused;
use super::receiver::{Receiver, Source};
use super::zero::Zero;
use crate::base::atomic::{AtomicPtr, AtomicUsize, Ordering, known};
use crate::base::memory::{self, Start};
use crate::park::wait_queue::Until;
use std::convert::Infallible;
use std::fmt;
use std::mem::{self, ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::panic::Location;
use std::ptr::{self, NonNull};

/// The channel, once there is one, and the count of owners of what it is a part of.
#[derive(Debug)]
pub(crate) struct Event {
    references: AtomicUsize,
    /// Frees what it is a part of.
    free: unsafe fn(NonNull<Event>),
    /// Set once, and freed with the event.
    channel: AtomicPtr<Channel>,
    origin: &'static Location<'static>,
}

/// What there is once somebody has asked for it.
#[derive(Debug)]
struct Channel {
    zero: Zero<Infallible>,
    /// No owner: it is itself a part of the event.
    receiver: ManuallyDrop<Receiver<Infallible>>,
    /// Where its memory starts.
    start: Start,
}

/// Memory for a channel.
pub(crate) struct Room {
    place: NonNull<MaybeUninit<Channel>>,
    start: Start,
}

impl Room {
    pub(crate) fn new() -> Self {
        let (place, start) = memory::take();
        Room { place, start }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // SAFETY: taken for a channel; there is none in it.
        unsafe { memory::give::<Channel>(self.start) };
    }
}

impl Event {
    /// With so many owners, for whom [`EventRef::first`] is.
    ///
    /// # Safety
    /// When the last owner is gone `free` can be called: once, by any thread, with
    /// the pointer that `first` got.
    pub(crate) unsafe fn new(
        owners: usize,
        free: unsafe fn(NonNull<Event>),
        origin: &'static Location<'static>,
    ) -> Self {
        Event {
            references: AtomicUsize::new(owners),
            free,
            channel: AtomicPtr::new(ptr::null_mut()),
            origin,
        }
    }

    #[inline]
    fn channel(&self) -> Option<&Channel> {
        // SAFETY: null, or a channel that goes with the event.
        unsafe { self.channel.load(Ordering::Acquire).as_ref() }
    }

    /// What receives from the channel, if there is one.
    #[inline]
    pub(crate) fn receiver(&self) -> Option<&Receiver<Infallible>> {
        self.channel().map(|channel| &*channel.receiver)
    }

    /// Closes the channel, if there is one: whoever receives from it goes on. Wakes
    /// futures, whose wakers are foreign code.
    #[inline]
    pub(crate) fn set(&self) {
        if self.is_open() {
            self.close();
        }
    }

    #[cold]
    fn close(&self) {
        if let Some(channel) = self.channel() {
            channel.zero.close();
        }
    }

    /// Whether there is a channel, and it is not closed.
    #[inline]
    pub(crate) fn is_open(&self) -> bool {
        self.channel()
            .is_some_and(|channel| channel.zero.core.flags() & CLOSED == 0)
    }

    /// The channel's core. There is one for who has a receiver of it.
    #[inline]
    pub(super) fn core(&self) -> &Core {
        match self.channel() {
            Some(channel) => &channel.zero.core,
            None => unreachable!("receivers are made with their channel"),
        }
    }

    /// Whether the channel is closed, to who has a receiver of it.
    #[inline]
    pub(super) fn is_set(&self) -> bool {
        self.core().flags() & CLOSED != 0
    }

    /// Waits for the channel to be closed, as who has a receiver of it.
    pub(super) fn receive(
        &self,
        until: &Until<'_>,
        location: &'static Location<'static>,
    ) -> Refused<()> {
        let Some(channel) = self.channel() else {
            unreachable!("receivers are made with their channel");
        };
        match channel.zero.receive(until, location) {
            Ok(message) => match message {},
            Err(refused) => refused,
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if let Some(channel) = NonNull::new(self.channel.load(Ordering::Relaxed)) {
            // SAFETY: it was put into memory that was taken for it, and goes with the
            // event.
            unsafe {
                let start = channel.as_ref().start;
                channel.drop_in_place();
                memory::give::<Channel>(start);
            }
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
    /// One of the first owners.
    ///
    /// # Safety
    /// - the event is new, and will be there until it is freed;
    /// - this is called once for each owner that it was made with.
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

    /// Whether there is no other owner. If nobody can [`acquire`](Self::acquire) it any
    /// more there will be none, and all that others did is seen.
    #[inline]
    pub(crate) fn is_only_one(&self) -> bool {
        self.references.load(Ordering::Acquire) == 1
    }

    /// Gives up ownership. Whether it was the last, so that the caller has to free
    /// what the event is a part of.
    #[inline]
    #[must_use]
    pub(crate) fn give_up(self) -> bool {
        let this = ManuallyDrop::new(self);
        this.references.fetch_sub(1, Ordering::AcqRel) == 1
    }

    /// Makes the channel, unless there is one.
    pub(crate) fn open(&self, room: Room) -> Option<Room> {
        let channel = Channel {
            zero: Zero::new(self.origin),
            receiver: ManuallyDrop::new(Receiver {
                source: Source::Event(EventRef(self.0)),
            }),
            start: room.start,
        };
        let _ = known(&channel.zero.core);
        let place = room.place.cast::<Channel>().as_ptr();
        // SAFETY: there is room for a channel.
        unsafe { place.write(channel) };
        let made = self.channel.compare_exchange(
            ptr::null_mut(),
            place,
            Ordering::Release,
            Ordering::Relaxed,
        );
        if made.is_err() {
            // SAFETY: just written, and nobody knows it.
            unsafe { place.drop_in_place() };
            return Some(room);
        }
        mem::forget(room);
        None
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
        f.debug_struct("EventRef").finish_non_exhaustive()
    }
}
