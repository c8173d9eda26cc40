//! The closure of a goroutine, and later its result, in its header.
//!
//! Headers are used again, which would look like a race between their users. So a race
//! detector does not see how values get into them and out.

use crate::goroutine::G;
use crate::goroutine::header::PAYLOAD;
use sortie_fiber::race;
use std::mem::MaybeUninit;

/// Whether a value fits into a header itself. Else it is boxed.
const fn fits<T>() -> bool {
    size_of::<T>() <= PAYLOAD && align_of::<T>() <= align_of::<u64>()
}

/// Puts a value into a header whose payload is unused.
///
/// # Safety
/// The caller owns the payload. The value must be taken out, by [`take`] with the
/// same type, or is leaked.
#[inline(always)]
pub(super) unsafe fn put<T>(g: &G, value: T) {
    let _hidden = race::hide();
    let at = g.payload.get();
    // SAFETY: the caller owns the payload, which has room for the value, or for
    // a pointer.
    unsafe {
        if fits::<T>() {
            at.cast::<T>().write(value);
        } else {
            at.cast::<Box<T>>().write(Box::new(value));
        }
    }
}

/// Takes a value out.
///
/// # Safety
/// The caller owns the payload, and [`put`] was the last to use it, with the same
/// type.
#[inline(always)]
pub(super) unsafe fn take<T>(g: &G) -> T {
    let _hidden = race::hide();
    let at: *mut MaybeUninit<_> = g.payload.get();
    // SAFETY: by the caller's obligations it is there.
    unsafe {
        if fits::<T>() {
            at.cast::<T>().read()
        } else {
            *at.cast::<Box<T>>().read()
        }
    }
}
