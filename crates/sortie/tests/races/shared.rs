//! Data that goroutines share without the compiler's consent.

use sortie::task::JoinHandle;
use std::cell::UnsafeCell;

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

/// Waits for all of them.
pub(crate) fn join_all<T>(goroutines: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    let results = goroutines.into_iter().map(|goroutine| goroutine.join());
    results
        .map(|result| result.expect("it ends well"))
        .collect()
}
