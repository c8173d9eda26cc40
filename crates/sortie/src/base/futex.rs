//! Sleeping on a word, and waking who sleeps on it.

use super::atomic::AtomicU32;
use super::clock::{self, NEVER};
use super::syscall::syscall4;

/// How often a word is looked at before sleeping on it: about a microsecond, since
/// those who hold a lock are that short.
pub(crate) const SPINS: u32 = 40;

/// Sleeps while `word` is `expected`, until woken, or until `deadline` (of
/// [`clock::now`]). May return early for no reason.
pub(crate) fn wait_until(word: &AtomicU32, expected: u32, deadline: u64) {
    let timeout = if deadline == NEVER {
        None
    } else {
        let left = deadline.saturating_sub(clock::now());
        if left == 0 {
            return;
        }
        Some(libc::timespec {
            tv_sec: (left / 1_000_000_000) as libc::time_t,
            tv_nsec: (left % 1_000_000_000) as libc::c_long,
        })
    };
    let timeout = timeout
        .as_ref()
        .map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: the word and the timeout outlive the call.
    unsafe {
        futex(word, libc::FUTEX_WAIT, expected, timeout);
    }
}

/// # Safety
/// As the system call demands.
unsafe fn futex(
    word: *const AtomicU32,
    operation: libc::c_int,
    value: u32,
    timeout: *const libc::timespec,
) {
    let operation = (operation | libc::FUTEX_PRIVATE_FLAG) as usize;
    // Whatever the outcome, callers look at the word again.
    // SAFETY: as this function's.
    unsafe {
        syscall4(
            libc::SYS_futex,
            [word as usize, operation, value as usize, timeout as usize],
        );
    }
}

/// Sleeps while `word` is `expected`, until woken. May return early.
pub(crate) fn wait(word: &AtomicU32, expected: u32) {
    wait_until(word, expected, NEVER);
}

/// Wakes one sleeper. The word is named by address only: it may be gone.
pub(crate) fn wake_one(word: *const AtomicU32) {
    wake(word, 1);
}

/// The same with all sleepers.
pub(crate) fn wake_all(word: *const AtomicU32) {
    wake(word, i32::MAX as u32);
}

fn wake(word: *const AtomicU32, count: u32) {
    // SAFETY: the kernel only compares the address with those slept on.
    unsafe {
        futex(word, libc::FUTEX_WAKE, count, std::ptr::null());
    }
}
