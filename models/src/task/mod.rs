//! How the handle of a goroutine waits.

use crate::goroutine::join_word::JoinWord;
use crate::park::wait_queue::Until;
use crate::park::{Place, Waiter};

#[path = "../../../crates/sortie/src/task/joiner.rs"]
mod joiner;

/// # Safety
/// As the runtime's.
pub(crate) unsafe fn end_joiner(address: usize) -> Option<Waiter> {
    // SAFETY: as this function's.
    unsafe { joiner::Joiner::end(address) }
}

/// # Safety
/// As the runtime's.
pub(crate) unsafe fn wait_for_end(word: &JoinWord, until: &Until<'_>, place: Place) -> bool {
    // SAFETY: as this function's.
    unsafe { joiner::wait(word, until, place) }
}
