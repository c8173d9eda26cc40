//! Memory for what begins at a line of the cache and does not live long.
//!
//! What is aligned more strictly than usual comes from an allocator's slow path: glibc
//! takes a larger piece, and gives what is left on both sides back by itself. That would
//! be most of what such a thing costs. Here the piece is as large as need be, and the
//! thing somewhere in it.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// What every allocator returns without further ado.
const USUAL: usize = 16;

/// Where the memory of something begins that is somewhere in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start(NonNull<u8>);

/// The memory of a `T`, wherever in it that is.
const fn layout<T>() -> Layout {
    assert!(align_of::<T>() >= USUAL);
    let size = size_of::<T>() + align_of::<T>() - USUAL;
    match Layout::from_size_align(size, USUAL) {
        Ok(layout) => layout,
        Err(_) => panic!("too large"),
    }
}

/// Room for a `T`, and where its memory starts.
pub(crate) fn take<T>() -> (NonNull<MaybeUninit<T>>, Start) {
    let layout = const { layout::<T>() };
    // SAFETY: its size is not 0.
    let start = unsafe { alloc(layout) };
    let Some(memory) = NonNull::new(start) else {
        handle_alloc_error(layout)
    };
    let offset = start.align_offset(align_of::<T>());
    // SAFETY: both are multiples of `USUAL`, so it is `align_of::<T>() - USUAL` at most.
    let place = unsafe { memory.add(offset) };
    (place.cast(), Start(memory))
}

/// Gives it back.
///
/// # Safety
/// [`take`] has returned it for a `T`, which nobody uses any more, and it has not been
/// given back.
pub(crate) unsafe fn give<T>(start: Start) {
    // SAFETY: as this function's.
    unsafe { dealloc(start.0.as_ptr(), const { layout::<T>() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(align(64))]
    struct Aligned([u8; 100]);

    #[test]
    fn places_are_aligned_and_apart() {
        let mut all = Vec::new();
        for i in 0..100 {
            let (mut place, start) = take::<Aligned>();
            // SAFETY: room for one.
            let aligned = unsafe { place.as_mut() }.write(Aligned([i; 100]));
            assert_eq!(std::ptr::from_ref(aligned).addr() % 64, 0);
            all.push((aligned, start));
        }
        for (i, (aligned, start)) in all.into_iter().enumerate() {
            assert_eq!(aligned.0, [i as u8; 100]);
            // SAFETY: taken above, and not used any more.
            unsafe { give::<Aligned>(start) };
        }
    }
}
