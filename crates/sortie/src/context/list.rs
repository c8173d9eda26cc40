//! Lists that go through what is in them, to be kept under a lock. Adding and taking
//! out take constant time and no memory.

use crate::base::atomic::{AtomicBool, Cell, Ordering};
use std::ptr::{self, NonNull};

/// An item's part of the list it is in. All but `linked` is the lock's.
pub(super) struct Links<T> {
    previous: Cell<*const T>,
    next: Cell<*const T>,
    /// Whether it is in the list. Cleared as the last thing that is done to it there.
    linked: AtomicBool,
}

/// What can be in a list.
pub(super) trait Linked: Sized {
    fn links(&self) -> &Links<Self>;
}

impl<T> Links<T> {
    pub(super) fn new() -> Self {
        Links {
            previous: Cell::new(ptr::null()),
            next: Cell::new(ptr::null()),
            linked: AtomicBool::new(false),
        }
    }

    /// Whether the item may be in the list. Once it was taken out, that is done with.
    #[inline]
    pub(super) fn is_linked(&self) -> bool {
        self.linked.load(Ordering::Acquire)
    }
}

/// The list.
pub(super) struct List<T> {
    first: *const T,
}

// SAFETY: it is used with a lock held; items may be used by whoever holds it.
unsafe impl<T: Sync> Send for List<T> {}

impl<T: Linked> List<T> {
    pub(super) const fn new() -> Self {
        List { first: ptr::null() }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_null()
    }

    /// The item that was added last.
    #[inline]
    pub(super) fn first(&self) -> Option<NonNull<T>> {
        NonNull::new(self.first.cast_mut())
    }

    /// Adds an item.
    ///
    /// # Safety
    /// - the caller holds the lock;
    /// - the item is in no list, and stays where it is until it was taken out.
    pub(super) unsafe fn add(&mut self, item: NonNull<T>) {
        // SAFETY: items are where they were.
        unsafe {
            let links = item.as_ref().links();
            links.previous.set(ptr::null());
            links.next.set(self.first);
            if let Some(next) = self.first.as_ref() {
                next.links().previous.set(item.as_ptr());
            }
            links.linked.store(true, Ordering::Relaxed);
        }
        self.first = item.as_ptr();
    }

    /// Takes an item out, if it is in the list. Returns whether it was. By the time
    /// it returns the item may be gone, unless the caller owns it.
    ///
    /// # Safety
    /// The caller holds the lock, and the item is in this list or in none.
    pub(super) unsafe fn remove(&mut self, item: &T) -> bool {
        let links = item.links();
        if !links.linked.load(Ordering::Relaxed) {
            return false;
        }
        let (previous, next) = (links.previous.get(), links.next.get());
        // SAFETY: items are where they were.
        unsafe {
            match previous.as_ref() {
                Some(previous) => previous.links().next.set(next),
                None => self.first = next,
            }
            if let Some(next) = next.as_ref() {
                next.links().previous.set(previous);
            }
        }
        links.linked.store(false, Ordering::Release);
        true
    }
}
