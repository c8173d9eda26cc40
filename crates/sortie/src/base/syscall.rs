//! System calls that leave errno alone.
//!
//! The runtime makes them in the middle of anything a goroutine does, and a
//! goroutine's errno is its own.

use std::arch::asm;

/// Makes a system call. Returns its result, or a negative error number.
///
/// # Safety
/// As the call demands.
#[inline]
pub(crate) unsafe fn syscall4(number: libc::c_long, arguments: [usize; 4]) -> isize {
    let result;
    let [first, second, third, fourth] = arguments;
    // SAFETY: the kernel's calling convention; the rest is the caller's.
    unsafe {
        asm!("syscall",
            inlateout("rax") number => result,
            in("rdi") first, in("rsi") second, in("rdx") third, in("r10") fourth,
            lateout("rcx") _, lateout("r11") _,
            options(nostack));
    }
    result
}
