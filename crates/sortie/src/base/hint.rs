//! A number on which nothing depends but speed.

use std::sync::atomic::{AtomicU64, Ordering};

/// A number that several may read and set. Each may miss what another has set just
/// now. Not an atomic of [`atomic`](super::atomic): a model need not try what is right
/// with any value.
#[derive(Debug)]
pub(crate) struct Hint(AtomicU64);

impl Hint {
    pub(crate) const fn new(value: u64) -> Self {
        Hint(AtomicU64::new(value))
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    #[inline(always)]
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}
