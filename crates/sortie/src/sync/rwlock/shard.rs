//! What one shard counts, and what all do: see [`shards`](super::shards) for the protocol.

use crate::base::atomic::{AtomicUsize, Ordering};

/// Readers counted on one processor.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) come: AtomicUsize,
    pub(super) left: AtomicUsize,
}

impl Shard {
    /// One more has come.
    #[inline(always)]
    pub(super) fn come(&self) {
        self.come.fetch_add(1, Ordering::SeqCst);
    }

    /// One more has left.
    #[inline(always)]
    pub(super) fn leave(&self) {
        self.left.fetch_add(1, Ordering::SeqCst);
    }
}

/// What all shards count, from the beginning, wrapped around.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum {
    pub(super) come: usize,
    left: usize,
}

impl Sum {
    pub(super) fn of<'a>(shards: impl Iterator<Item = &'a Shard> + Clone) -> Sum {
        let add = |count: fn(&Shard) -> &AtomicUsize| {
            let counts = shards.clone().map(|it| count(it).load(Ordering::SeqCst));
            counts.fold(0, usize::wrapping_add)
        };
        // Whoever is seen to have left must be seen to have come.
        let left = add(|shard| &shard.left);
        let come = add(|shard| &shard.come);
        Sum { come, left }
    }

    /// Readers that are inside. It may be below 0, wrapped around.
    pub(super) fn inside(self) -> usize {
        self.come.wrapping_sub(self.left)
    }
}
