//! Which goroutine the caller is.
//!
//! The variable is a thread-local like any other, so each goroutine has its own
//! and reading it is one instruction. On an OS thread it is null.

use super::header::{G, GRef};
use std::cell::Cell;
use std::ptr;

thread_local! {
    static CURRENT: Cell<*const G> = const { Cell::new(ptr::null()) };
}

/// The goroutine that calls, if it is one.
#[inline(always)]
pub(crate) fn current() -> Option<GRef> {
    // SAFETY: set by `set` from a `&'static`.
    unsafe { CURRENT.with(Cell::get).as_ref() }
}

/// Declares which goroutine the calling fiber is from now on. Volatile, since
/// the variable's memory is rewritten with the fiber's other thread-locals
/// behind the compiler's back.
#[inline(always)]
pub(crate) fn set(g: Option<GRef>) {
    let g = g.map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the caller's own variable.
    CURRENT.with(|current| unsafe { current.as_ptr().write_volatile(g) });
}
