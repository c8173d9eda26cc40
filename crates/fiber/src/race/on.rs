//! ThreadSanitizer, by the functions that it offers to runtimes
//! (`sanitizer/tsan_interface.h`).

use crate::error::Unsupported;
use crate::fs_base::Tcb;
use std::ffi::{CString, c_char, c_uint, c_void};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

pub(super) const DETECTS: bool = true;

/// One that looks after the detector's memory.
pub(super) const OWN_THREADS: usize = 1;

/// The switch does not order the two contexts.
const NO_SYNC: c_uint = 1;

// The functions of mutexes are for libraries that have a lock of their own kind: what
// happens between `pre_signal` and `post_signal` is the lock's internal affair, which is
// neither checked nor does it order anything; what happens between `pre_divert` and
// `post_divert` is code that the lock calls in the middle of it, and does count.
unsafe extern "C" {
    fn __tsan_get_current_fiber() -> *mut c_void;
    fn __tsan_create_fiber(flags: c_uint) -> *mut c_void;
    fn __tsan_destroy_fiber(fiber: *mut c_void);
    fn __tsan_switch_to_fiber(fiber: *mut c_void, flags: c_uint);
    fn __tsan_set_fiber_name(fiber: *mut c_void, name: *const c_char);
    fn __tsan_mutex_pre_signal(mutex: *const c_void, flags: c_uint);
    fn __tsan_mutex_post_signal(mutex: *const c_void, flags: c_uint);
    fn __tsan_mutex_pre_divert(mutex: *const c_void, flags: c_uint);
    fn __tsan_mutex_post_divert(mutex: *const c_void, flags: c_uint);
    fn __tsan_ignore_thread_begin();
    fn __tsan_ignore_thread_end();
    fn __tsan_acquire(address: *const c_void);
    fn __tsan_release(address: *const c_void);
    // For virtual machines that manage memory. Works for any memory.
    fn __tsan_java_free(address: usize, size: usize);
}

/// Whether nothing is hidden, since the scheduler itself is to be checked.
fn shows_scheduler() -> bool {
    const UNKNOWN: u8 = 0;
    const NO: u8 = 1;
    const YES: u8 = 2;
    static ANSWER: AtomicU8 = AtomicU8::new(UNKNOWN);
    let mut answer = ANSWER.load(Ordering::Relaxed);
    if answer == UNKNOWN {
        let is_wanted = std::env::var_os("SORTIE_TSAN").is_some_and(|what| what == "scheduler");
        answer = if is_wanted { YES } else { NO };
        ANSWER.store(answer, Ordering::Relaxed);
    }
    answer == YES
}

pub(super) fn needs_fresh_stacks() -> bool {
    !shows_scheduler()
}

/// A context, or none.
#[derive(Debug)]
pub(super) struct Context {
    fiber: *mut c_void,
    ordered: bool,
    /// Whether somebody stands in for it.
    taken: AtomicBool,
}

// SAFETY: an address; the detector's functions may be called by any thread, and the
// context is one thread's at a time by the rules for fibers.
unsafe impl Send for Context {}
// SAFETY: as above; a shared context is used only by `within` and `stand_in`.
unsafe impl Sync for Context {}

impl Default for Context {
    fn default() -> Self {
        Context {
            fiber: ptr::null_mut(),
            ordered: false,
            taken: AtomicBool::new(false),
        }
    }
}

impl Context {
    pub(super) fn new(ordered: bool) -> Self {
        let ordered = ordered || shows_scheduler();
        let context = Context {
            // SAFETY: it is destroyed with this value, when it runs nothing.
            fiber: unsafe { __tsan_create_fiber(0) },
            ordered,
            taken: AtomicBool::new(false),
        };
        if !ordered {
            // SAFETY: a context's first act; ended by `drop`.
            context.act(NO_SYNC, || unsafe {
                __tsan_mutex_pre_signal(ptr::null(), 0)
            });
        }
        context
    }

    pub(super) fn name(&self, name: impl FnOnce() -> String) {
        if let Ok(name) = CString::new(name()) {
            // SAFETY: a context that exists; the name is copied.
            unsafe { __tsan_set_fiber_name(self.fiber, name.as_ptr()) };
        }
    }

    #[inline(always)]
    pub(super) fn within<T>(&self, f: impl FnOnce() -> T) -> T {
        let mut rounds = 0u32;
        while self.taken.load(Ordering::Acquire) {
            rounds += 1;
            if rounds > 100 {
                std::thread::yield_now();
            }
            std::hint::spin_loop();
        }
        self.act(self.flags(), f)
    }

    fn flags(&self) -> c_uint {
        if self.ordered { 0 } else { NO_SYNC }
    }

    #[inline(always)]
    pub(super) fn stand_in<T>(&self, f: impl FnOnce() -> T) -> T {
        self.taken.store(true, Ordering::Relaxed);
        let result = self.act(self.flags(), f);
        self.taken.store(false, Ordering::Release);
        result
    }

    /// Runs `f` as this context. The context's memory may be gone afterwards.
    #[inline(always)]
    fn act<T>(&self, flags: c_uint, f: impl FnOnce() -> T) -> T {
        // SAFETY: a context that exists, and is nobody's at the moment; and the caller's
        // own, which stays where it is. `f` returns here: it runs a fiber until that
        // suspends, or it is a function of the runtime that does not unwind.
        unsafe {
            let own = __tsan_get_current_fiber();
            __tsan_switch_to_fiber(self.fiber, flags);
            let result = f();
            __tsan_switch_to_fiber(own, flags);
            result
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if self.fiber.is_null() {
            return;
        }
        if !self.ordered {
            // SAFETY: ends what `new` began.
            self.act(NO_SYNC, || unsafe {
                __tsan_mutex_post_signal(ptr::null(), 0)
            });
        }
        // SAFETY: nobody acts on its behalf any more.
        unsafe { __tsan_destroy_fiber(self.fiber) };
    }
}

/// What is hidden.
#[derive(Debug)]
pub(super) enum Hidden {
    All,
    Accesses,
    Nothing,
}

impl Hidden {
    pub(super) fn all() -> Self {
        if shows_scheduler() {
            return Hidden::Nothing;
        }
        // SAFETY: ended when this is dropped.
        unsafe { __tsan_mutex_pre_signal(ptr::null(), 0) };
        Hidden::All
    }

    pub(super) fn accesses() -> Self {
        if shows_scheduler() {
            return Hidden::Nothing;
        }
        // SAFETY: as above.
        unsafe { __tsan_ignore_thread_begin() };
        Hidden::Accesses
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // SAFETY: began when this was made.
        unsafe {
            match self {
                Hidden::All => __tsan_mutex_post_signal(ptr::null(), 0),
                Hidden::Accesses => __tsan_ignore_thread_end(),
                Hidden::Nothing => {}
            }
        }
    }
}

/// What is hidden is shown.
pub(super) struct Shown(bool);

impl Shown {
    pub(super) fn new() -> Self {
        let was_hidden = !shows_scheduler();
        if was_hidden {
            // SAFETY: ended when this is dropped. Callers are hidden.
            unsafe { __tsan_mutex_pre_divert(ptr::null(), 0) };
        }
        Shown(was_hidden)
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if self.0 {
            // SAFETY: began when this was made.
            unsafe { __tsan_mutex_post_divert(ptr::null(), 0) };
        }
    }
}

#[inline(always)]
pub(super) fn release(address: *const ()) {
    // SAFETY: the address is a name; nothing is read there.
    unsafe { __tsan_release(address.cast()) };
}

#[inline(always)]
pub(super) fn acquire(address: *const ()) {
    // SAFETY: as above.
    unsafe { __tsan_acquire(address.cast()) };
}

pub(super) unsafe fn forget_order(start: usize, length: usize) {
    // SAFETY: the detector's own records are freed, which by this function's obligations
    // nobody uses.
    unsafe { __tsan_java_free(start, length) };
}

/// Maps new memory over the old: the detector takes note of mappings, and of nothing else
/// that would do.
pub(super) unsafe fn forget(start: usize, length: usize) {
    // Else the mapping counts as a write to all of it.
    // SAFETY: ended below.
    unsafe { __tsan_ignore_thread_begin() };
    // SAFETY: as this function's.
    let mapped = unsafe {
        libc::mmap(
            start as *mut c_void,
            length,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE
                | libc::MAP_ANONYMOUS
                | libc::MAP_NORESERVE
                | libc::MAP_STACK
                | libc::MAP_FIXED,
            -1,
            0,
        )
    };
    // SAFETY: began above.
    unsafe { __tsan_ignore_thread_end() };
    assert!(mapped != libc::MAP_FAILED, "memory cannot be mapped anew");
    // SAFETY: as this function's.
    unsafe { forget_order(start, length) };
}

/// Looks for the word in the calling thread's static TLS that changes with the context.
pub(super) fn context_word(lowest: isize) -> Result<Option<isize>, Unsupported> {
    let tcb = Tcb::current();
    // SAFETY: an aligned word of this thread's static TLS. Volatile, because the
    // detector changes it behind the compiler's back.
    let read = |offset: isize| unsafe { tcb.field::<*mut c_void>(offset).read_volatile() };
    let context = Context::new(true);
    // SAFETY: asks who the caller is.
    let own = unsafe { __tsan_get_current_fiber() };
    let mut words: Vec<isize> = ((lowest + 7) & !7..0)
        .step_by(8)
        .filter(|&offset| read(offset) == own)
        .collect();
    context.act(0, || words.retain(|&offset| read(offset) == context.fiber));
    match words[..] {
        [offset] => Ok(Some(offset)),
        _ => Err(Unsupported::new(
            "ThreadSanitizer",
            "cannot tell where it keeps the current thread",
        )),
    }
}
