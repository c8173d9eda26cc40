//! How many threads sleep on locks: one count for all, so that each lock sees sleepers
//! that are not its own.

use super::atomic::AtomicU32;

loom::lazy_static! {
    static ref COUNT: AtomicU32 = AtomicU32::new(0);
}

pub(crate) fn of(_word: *const AtomicU32) -> &'static AtomicU32 {
    &COUNT
}
