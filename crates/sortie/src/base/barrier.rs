//! An asymmetric memory barrier: free for the many, dear for the few.
//!
//! Two threads that each write one flag and then read the other's need a full
//! barrier between the two steps, or both may miss the other's write. When one
//! of the sides runs a million times as often, Linux lets the rare side pay for
//! both: `membarrier(PRIVATE_EXPEDITED)` makes every running thread of the
//! process execute a full barrier. The frequent side then only has to keep the
//! *compiler* from reordering.
//!
//! [`light`] on the one side and [`heavy`] on the other together are as good as
//! a sequentially consistent fence on both (which is what the models check).

use super::atomic::{AtomicBool, Ordering, compiler_fence, fence};
use super::syscall::syscall4;
use std::sync::Once;

const MEMBARRIER_CMD_PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
const MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

/// Whether the rare side has the kernel's help; until that is known, and where
/// there is none, the frequent side has a fence, which is right in either case.
static ASYMMETRIC: AtomicBool = AtomicBool::new(false);

fn membarrier(command: libc::c_int) -> bool {
    // SAFETY: a system call that touches no memory of ours.
    unsafe { syscall4(libc::SYS_membarrier, [command as usize, 0, 0, 0]) == 0 }
}

/// Registers the process with the kernel. Called before the first use of
/// [`heavy`], by that too.
pub(crate) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let works = membarrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED)
            && membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
        ASYMMETRIC.store(works, Ordering::SeqCst);
    });
}

/// Whether the frequent side's barrier is free. Once it is, it stays so.
pub(crate) fn is_asymmetric() -> bool {
    prepare();
    ASYMMETRIC.load(Ordering::Relaxed)
}

/// The frequent side's barrier.
#[inline(always)]
pub(crate) fn light() {
    if ASYMMETRIC.load(Ordering::Relaxed) {
        compiler_fence(Ordering::SeqCst);
    } else {
        fence(Ordering::SeqCst);
    }
}

/// The same for who knows that it [is free](is_asymmetric).
#[inline(always)]
pub(crate) fn light_for_free() {
    compiler_fence(Ordering::SeqCst);
}

/// The rare side's barrier; a system call.
pub(crate) fn heavy() {
    prepare();
    fence(Ordering::SeqCst);
    if ASYMMETRIC.load(Ordering::SeqCst) {
        let done = membarrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
        assert!(done, "membarrier worked before and fails now");
    }
}
