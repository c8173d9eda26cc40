//! The runtime's counts of readers, but two for each lock, and always there. A model
//! says when they are taken up, and whether a writer finds them worth while.

use super::shard::{Shard, Sum};
use crate::base::atomic::{AtomicU32, AtomicUsize, Ordering};
use crate::base::identity::Identity;
use std::sync::atomic::AtomicBool;

#[derive(Debug)]
pub(super) struct Shards {
    all: [Shard; 2],
    used: AtomicU32,
    /// Of no interest to loom: a model says it before it starts threads.
    worth_while: AtomicBool,
}

impl Shard {
    const fn new() -> Self {
        Shard {
            come: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
        }
    }

    /// So many have left.
    pub(super) fn many_leave(&self, readers: usize) {
        self.left.fetch_add(readers, Ordering::SeqCst);
    }
}

impl Shards {
    pub(super) const fn none() -> Self {
        Shards {
            all: [const { Shard::new() }; 2],
            used: AtomicU32::new(0),
            worth_while: AtomicBool::new(true),
        }
    }

    /// The next writer gives them up.
    pub(super) fn shun(&self) {
        self.worth_while
            .store(false, std::sync::atomic::Ordering::Relaxed);
    }

    pub(super) fn are_used(&self) -> bool {
        self.used.load(Ordering::Acquire) != 0
    }

    /// Nobody minds other readers.
    pub(super) fn note_place(&self) -> (bool, u32) {
        (false, u32::MAX)
    }

    pub(super) fn make(&self) {}

    pub(super) fn take_up(&self) {
        self.used.store(1, Ordering::Release);
    }

    pub(super) fn give_up(&self, readers: usize) {
        self.own().come.fetch_add(readers, Ordering::SeqCst);
        self.used.store(0, Ordering::Release);
    }

    pub(super) fn own(&self) -> &Shard {
        &self.all[Identity::current().number() as usize % self.all.len()]
    }

    pub(super) fn sum(&self) -> Sum {
        Sum::of(self.all.iter())
    }

    pub(super) fn note_writer(&self, _: Sum) -> bool {
        self.worth_while.load(std::sync::atomic::Ordering::Relaxed)
    }
}
