//! The atomics of protocol files, and the cells that a protocol gives one thread at a
//! time: one place to exchange them for a model.

pub(crate) use std::cell::{Cell, UnsafeCell};
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence,
    fence,
};

/// Makes a model acquainted with the atomics of what is about to be shared; see its twin
/// there. Does nothing here.
#[inline(always)]
pub(crate) fn known<T>(value: T) -> T {
    value
}

/// Fetches what a pointer points at into the cache, and the line before and after: a
/// hint, which does nothing if it points nowhere.
#[inline(always)]
pub(crate) fn prefetch_behind<T>(pointer: &AtomicPtr<T>) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    let line = pointer.load(Ordering::Relaxed).cast::<i8>();
    for offset in [0, 64, -64] {
        // SAFETY: a prefetch faults nowhere.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line.wrapping_offset(offset)) };
    }
}
