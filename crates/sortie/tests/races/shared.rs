//! Data that goroutines share without the compiler's consent.

use sortie::task::JoinHandle;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, Ordering, compiler_fence};
use std::thread;

/// A number that everybody may change, and must not at the same time.
pub(crate) struct Shared(UnsafeCell<u64>);

// SAFETY: none. Whether threads take turns is what these programs are about.
unsafe impl Sync for Shared {}

impl Shared {
    pub(crate) const fn new(value: u64) -> Self {
        Shared(UnsafeCell::new(value))
    }

    /// Adds one, in two steps.
    #[inline(never)]
    pub(crate) fn increment(&self) {
        // SAFETY: as above.
        unsafe { *self.0.get() += 1 }
    }

    /// Looks at it.
    #[inline(never)]
    pub(crate) fn get(&self) -> u64 {
        // SAFETY: as above.
        unsafe { *self.0.get() }
    }
}

/// The same for programs that are to be caught: no two use it at the same instant.
///
/// The detector looks at what it remembers of a place, and then adds what is done now,
/// without a lock. So two threads that do that at the same time may both see nothing. On two
/// processors they often do: both begin when the page with the detector's memory of the
/// place, which neither of them has used before, is there.
///
/// What keeps them apart orders nothing, to the detector, since it is relaxed.
pub(crate) struct Contested {
    shared: Shared,
    busy: AtomicBool,
}

impl Contested {
    pub(crate) const fn new(value: u64) -> Self {
        Contested {
            shared: Shared::new(value),
            busy: AtomicBool::new(false),
        }
    }

    fn alone<T>(&self, use_it: impl FnOnce(&Shared) -> T) -> T {
        while self.busy.swap(true, Ordering::Relaxed) {
            thread::yield_now();
        }
        // On x86-64 it is only the compiler that could move what comes between.
        compiler_fence(Ordering::SeqCst);
        let result = use_it(&self.shared);
        compiler_fence(Ordering::SeqCst);
        self.busy.store(false, Ordering::Relaxed);
        result
    }

    /// As [`Shared::increment`].
    pub(crate) fn increment(&self) {
        self.alone(Shared::increment);
    }

    /// As [`Shared::get`].
    pub(crate) fn get(&self) -> u64 {
        self.alone(Shared::get)
    }
}

/// Waits for all of them.
pub(crate) fn join_all<T>(goroutines: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    let results = goroutines.into_iter().map(|goroutine| goroutine.join());
    results
        .map(|result| result.expect("it ends well"))
        .collect()
}
