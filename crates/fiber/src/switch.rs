//! The switch of stacks: from a host to a fiber, and back.
//!
//! # Protocol
//! A fiber and its host share one pair of stack pointers. Whoever switches pushes
//! what the compiler cannot save for it and the address to go on at, notes its stack
//! pointer, takes the other's, and jumps to the address that it finds there.
//! A word goes along in each direction.
//!
//! ```text
//!   suspended side's stack, top last:   rbp | rbx | address to go on at
//!   a fiber that has never run:         address of `start`
//! ```
//!
//! # Why it jumps
//! CPUs predict returns by a stack of the calls that were not returned from. A switch
//! that calls its way in and returns its way out, as those do that are made for
//! generators, keeps it in balance only if the fiber makes no call and no return of its own
//! in between. A goroutine is suspended in the depth of one call, and when it goes on
//! returns from that and makes the next: each switch would then cost some wrong
//! predictions, more than all the rest of it. A jump leaves the predictor
//! alone; and where many fibers do the same, one finds there what the other has left.
//!
//! # What is not switched
//! MXCSR and the control word of the x87 unit: Rust demands that they be as they were at the
//! start wherever its code runs. Whoever changes them in C, and suspends, changes them for
//! all fibers that the thread runs.
//!
//! A CPU's shadow stack, where the addresses of returns are kept once more, and compared:
//! [`check`] refuses a process that has one. (None does unless it is forced to, for all of
//! its code must be marked as fit for that, which Rust's is not.)
//!
//! # Unwinding
//! A fiber's first frame tells unwinders that there is nothing below, as that of a
//! thread does. A panic that reaches it ends the process.
//!
//! # Roads not taken
//! * *corosensei*: a well-kept crate, but its switch ends in a return. With it a yield takes
//!   more than twice as long.
//! * *A switch as a function of its own*, which saves the callee-saved registers: inlined,
//!   the compiler knows which of them are in use, and most are not.

use crate::error::Unsupported;
use std::arch::{asm, naked_asm};
use std::cell::Cell;
use std::mem::offset_of;
use std::ptr;

/// Whether stacks can be switched in this process.
pub(crate) fn check() -> Result<(), Unsupported> {
    const ARCH_SHSTK_STATUS: libc::c_long = 0x5005;
    const ARCH_SHSTK_SHSTK: u64 = 1;
    let mut features = 0u64;
    // SAFETY: notes there what the calling thread has; fails where the kernel knows of
    // nothing.
    let status =
        unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_SHSTK_STATUS, &raw mut features) };
    if status == 0 && features & ARCH_SHSTK_SHSTK != 0 {
        return Err(Unsupported::new(
            "shadow stack",
            "the process has one, so each switch would be taken for an attack; \
             look for x86_shstk in GLIBC_TUNABLES",
        ));
    }
    Ok(())
}

/// The stack pointers of a fiber and its host, of which the one is valid that does
/// not run.
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Stacks {
    fiber: Cell<*mut usize>,
    host: Cell<*mut usize>,
}

impl Stacks {
    const FIBER: usize = offset_of!(Stacks, fiber);
    const HOST: usize = offset_of!(Stacks, host);

    /// Of a fiber that will run [`first`](super::raw::first), with this as its argument, on
    /// a stack that ends at `base`.
    ///
    /// # Safety
    /// - `base` is the upper end of an unused stack, and aligned to 16;
    /// - this value stays where the fiber is first resumed with it.
    pub(crate) unsafe fn new(base: *mut usize) -> Self {
        // SAFETY: the stack's highest words.
        let top = unsafe {
            // Keeps the stack aligned for `start`, which is not called but jumped to.
            let top = base.sub(2);
            top.write(start as *const () as usize);
            top.add(1).write(0);
            top
        };
        Stacks {
            fiber: Cell::new(top),
            host: Cell::new(ptr::null_mut()),
        }
    }
}

/// Where a fiber starts: nothing is below.
///
/// # Safety
/// Jumped to by [`exchange`] only, with the stack aligned to 16 but for one word.
#[unsafe(naked)]
unsafe extern "C" fn start() {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_undefined rip",
        "xor ebp, ebp",
        // What `exchange` has in rdx.
        "mov rdi, rdx",
        "sub rsp, 8",
        "call {first}",
        "ud2",
        ".cfi_endproc",
        first = sym crate::raw::first,
    )
}

/// Leaves one of the two stacks for the other, whose pointers are at these offsets in the
/// pair. Takes a word along, and returns the one that comes with the way back.
///
/// # Safety
/// - the caller runs on the stack that it leaves;
/// - whoever runs on the other has left it in this way, or it is new;
/// - nobody else enters it.
#[inline(always)]
unsafe fn exchange<const LEFT: usize, const ENTERED: usize>(stacks: &Stacks, word: usize) -> usize {
    let answer;
    // SAFETY: the other side has left an address and its registers on its stack, by the
    // caller's obligations; it comes back to where we leave ours. What is not saved here
    // is declared as overwritten.
    unsafe {
        asm!(
            "push rbp",
            "push rbx",
            "lea rax, [rip + 2f]",
            "push rax",
            "mov [rdx + {left}], rsp",
            "mov rsp, [rdx + {entered}]",
            "pop rax",
            "jmp rax",
            "2:",
            "pop rbx",
            "pop rbp",
            left = const LEFT,
            entered = const ENTERED,
            inlateout("rdi") word => answer,
            inlateout("rdx") stacks => _,
            lateout("r12") _, lateout("r13") _, lateout("r14") _, lateout("r15") _,
            clobber_abi("sysv64"),
        );
    }
    answer
}

/// Runs a fiber until it suspends. Takes a word to it, and returns one from it.
///
/// # Safety
/// - the fiber was made with [`Stacks::new`], or has suspended and not ended;
/// - nobody else resumes it;
/// - FS is the fiber's already, and the caller does what that demands of it.
#[inline(always)]
pub(crate) unsafe fn resume(stacks: &Stacks, word: usize) -> usize {
    // SAFETY: as this function's; the host is whoever calls.
    unsafe { exchange::<{ Stacks::HOST }, { Stacks::FIBER }>(stacks, word) }
}

/// Suspends the fiber that runs. Takes a word to the host, and returns the one that
/// comes when it is resumed.
///
/// # Safety
/// - the caller runs on the fiber whose pair this is;
/// - the host is prepared for that.
#[inline(always)]
pub(crate) unsafe fn suspend(stacks: &Stacks, word: usize) -> usize {
    // SAFETY: as this function's; the host has left its stack by `resume`.
    unsafe { exchange::<{ Stacks::FIBER }, { Stacks::HOST }>(stacks, word) }
}
