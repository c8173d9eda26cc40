//! How many threads sleep on locks, or are about to.
//!
//! Counted in a table, by the lock's address: see [`lock`](super::lock) for why.

use super::atomic::AtomicU32;

/// Entries of the table.
const ENTRIES: usize = 256;

static COUNTS: [AtomicU32; ENTRIES] = [const { AtomicU32::new(0) }; ENTRIES];

/// The count for a lock with this word, which may be gone.
#[inline(always)]
pub(crate) fn of(word: *const AtomicU32) -> &'static AtomicU32 {
    // Locks that many threads use are on different cache lines.
    &COUNTS[word.addr() / 64 % ENTRIES]
}
