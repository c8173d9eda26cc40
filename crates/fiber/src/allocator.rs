//! [`ThreadCached`]: a global allocator that keeps to the OS threads.

use crate::fs_base::Tcb;
use crate::host::move_thread_words;
use crate::layout::Layout as Blocks;
use crate::raw;
use std::alloc::{GlobalAlloc, Layout};

/// Runs a global allocator with the thread-locals of the OS thread.
///
/// An allocator that keeps caches in thread-locals of the program, as mimalloc
/// and jemalloc do when they are linked into it, would take each fiber for a
/// thread of its own and give it caches. That works, but costs memory and time
/// for every fiber. Inside this wrapper it sees OS threads only. On an OS
/// thread the wrapper adds a check; on a fiber two writes of the FS base.
///
/// glibc's malloc, std's default, needs no wrapper.
///
/// # Examples
/// ```
/// use sortie_fiber::ThreadCached;
/// # type MiMalloc = std::alloc::System; #[allow(non_upper_case_globals)]
/// # const MiMalloc: MiMalloc = std::alloc::System;
///
/// #[global_allocator]
/// static ALLOCATOR: ThreadCached<MiMalloc> = ThreadCached::new(MiMalloc);
/// # let values: Vec<u8> = vec![1, 2, 3];
/// ```
#[derive(Debug, Default, Clone, Copy)]
pub struct ThreadCached<A>(A);

impl<A> ThreadCached<A> {
    /// Wraps an allocator.
    pub const fn new(allocator: A) -> Self {
        ThreadCached(allocator)
    }
}

/// Calls `f` with the FS base of the OS thread.
#[inline]
fn on_thread<T>(f: impl FnOnce() -> T) -> T {
    match raw::current_blocks() {
        None => f(),
        Some((fiber, thread)) => switched(fiber, thread, f),
    }
}

/// Kept apart from code that uses thread-locals; see `fs_base`.
#[inline(never)]
fn switched<T>(fiber: Tcb, thread: Tcb, f: impl FnOnce() -> T) -> T {
    /// Keeps the compiler from inlining what uses thread-locals.
    #[inline(never)]
    fn apart<T>(f: impl FnOnce() -> T) -> T {
        f()
    }
    let blocks = Blocks::get().expect("a fiber runs, so the layout is known");
    // SAFETY: the thread's own block is current nowhere while it runs a fiber,
    // and the fiber's is not while FS is away; an allocator does not unwind.
    unsafe {
        move_thread_words(blocks, fiber, thread);
        blocks.setter.set(thread);
        let result = apart(f);
        move_thread_words(blocks, thread, fiber);
        blocks.setter.set(fiber);
        result
    }
}

// SAFETY: passes every call on unchanged to an allocator that upholds the
// contract; memory is the same whichever FS base is current.
unsafe impl<A: GlobalAlloc> GlobalAlloc for ThreadCached<A> {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's obligations, passed on.
        on_thread(|| unsafe { self.0.alloc(layout) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's obligations, passed on.
        on_thread(|| unsafe { self.0.dealloc(block, layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's obligations, passed on.
        on_thread(|| unsafe { self.0.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's obligations, passed on.
        on_thread(|| unsafe { self.0.realloc(block, layout, size) })
    }
}
