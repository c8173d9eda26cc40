//! The asymmetric barrier, as a fence on both sides.
//!
//! `membarrier` makes the other thread execute a full barrier at some point of its
//! program. If that is before the place of `light`, it sees afterwards what the
//! caller of `heavy` wrote before; if it is behind that place, the caller sees what
//! it wrote before. Two sequentially consistent fences give exactly this
//! alternative, so a protocol that is right with them is right with the barrier.
//!
//! Between two `light` ones there is no barrier in the runtime, but there is a fence
//! here. They meet in the wake gate only, where a submitter passes one, and so does
//! a searcher who has found work. He has just left the count by an exchange, which is
//! a full barrier on x86, the only machine that the runtime runs on.

use loom::sync::atomic::{Ordering, fence};
use std::cell::Cell;

thread_local! {
    // loom's threads all run on the OS thread of their model.
    static FREE: Cell<usize> = const { Cell::new(0) };
}

pub(crate) fn is_asymmetric() -> bool {
    true
}

pub(crate) fn light() {
    fence(Ordering::SeqCst);
}

pub(crate) fn light_for_free() {
    FREE.set(FREE.get() + 1);
    light();
}

/// How many barriers were free up to now.
pub(crate) fn free_barriers() -> usize {
    FREE.get()
}

pub(crate) fn heavy() {
    fence(Ordering::SeqCst);
}
