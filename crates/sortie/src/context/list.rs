//! Lists that go through what is in them, to be kept under a lock. Adding and taking
//! out take constant time and no memory.
//!
//! ```text
//!   next      previous
//!   null      -                in no list
//!   (end)     who was before   the last; (end) is no item's address
//!   an item   who was before   another one
//! ```
//! What the first item has as `previous` means nothing: so taking the first out touches
//! no other item.

use crate::base::atomic::{AtomicPtr, Cell, Ordering};
use std::fmt;
use std::ptr::{self, NonNull};

/// An item's part of the list it is in. The lock's; but who owns the item may ask
/// whether it is linked.
pub(super) struct Links<T> {
    previous: Cell<*const T>,
    /// Set to null as the last thing that is done to the item in the list.
    next: AtomicPtr<T>,
}

/// What can be in a list.
pub(super) trait Linked: Sized {
    fn links(&self) -> &Links<Self>;
}

impl<T> Links<T> {
    pub(super) fn new() -> Self {
        Links {
            previous: Cell::new(ptr::null()),
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// Whether the item may be in the list. Once it was taken out, that is done with.
    #[inline]
    pub(super) fn is_linked(&self) -> bool {
        !self.next.load(Ordering::Acquire).is_null()
    }

    /// What comes after it in the list it is in. The caller holds the lock.
    #[inline]
    fn next(&self) -> Option<NonNull<T>> {
        NonNull::new(self.next.load(Ordering::Relaxed)).filter(|next| *next != NonNull::dangling())
    }
}

/// The list.
pub(super) struct List<T> {
    first: Option<NonNull<T>>,
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").finish_non_exhaustive()
    }
}

// SAFETY: it is used with a lock held; items may be used by whoever holds it.
unsafe impl<T: Sync> Send for List<T> {}

impl<T: Linked> List<T> {
    pub(super) const fn new() -> Self {
        List { first: None }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// The item that was added last.
    #[inline]
    pub(super) fn first(&self) -> Option<NonNull<T>> {
        self.first
    }

    /// Adds an item.
    ///
    /// # Safety
    /// - the caller holds the lock;
    /// - the item is in no list, and stays where it is until it was taken out.
    pub(super) unsafe fn add(&mut self, item: NonNull<T>) {
        let next = self.first.unwrap_or(NonNull::dangling());
        // SAFETY: items are where they were.
        unsafe {
            if let Some(next) = self.first {
                next.as_ref().links().previous.set(item.as_ptr());
            }
            let links = item.as_ref().links();
            links.next.store(next.as_ptr(), Ordering::Relaxed);
        }
        self.first = Some(item);
    }

    /// Takes an item out, if it is in the list. Returns whether it was. By the time
    /// it returns the item may be gone, unless the caller owns it.
    ///
    /// # Safety
    /// The caller holds the lock, and the item is in this list or in none.
    pub(super) unsafe fn remove(&mut self, item: NonNull<T>) -> bool {
        // SAFETY: items are where they were.
        unsafe {
            let links = item.as_ref().links();
            let after = links.next.load(Ordering::Relaxed);
            if after.is_null() {
                return false;
            }
            let next = links.next();
            if self.first == Some(item) {
                self.first = next;
            } else {
                let previous = links.previous.get();
                (*previous).links().next.store(after, Ordering::Relaxed);
                if let Some(next) = next {
                    next.as_ref().links().previous.set(previous);
                }
            }
            links.next.store(ptr::null_mut(), Ordering::Release);
        }
        true
    }

    /// All of them, the newest first. The caller holds the lock.
    #[cfg(test)]
    pub(super) fn all(&self) -> Vec<NonNull<T>> {
        // SAFETY: items are where they were.
        std::iter::successors(self.first, |item| unsafe { item.as_ref().links().next() }).collect()
    }
}
