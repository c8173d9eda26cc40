//! The FS base: the register through which every thread-local access goes.
//!
//! On x86-64 Linux `fs:0` holds the address of the thread-control block it
//! belongs to, and a thread-local lives at a fixed distance below it. A user
//! program may set the base itself with `wrfsbase` where the kernel allows it
//! (Linux 5.9, announced in `AT_HWCAP2`), else by `arch_prctl`, about fifteen
//! times slower.
//!
//! A function that calls [`Setter::set`] must not touch a thread-local, directly or by
//! inlining: the compiler takes the base for a constant of the function.

use std::arch::asm;

/// A thread-control block: the address that FS holds while its owner runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub(crate) struct Tcb(usize);

impl Tcb {
    /// The block that lies at `address`.
    pub(crate) const fn at(address: usize) -> Self {
        Tcb(address)
    }

    /// Its address.
    pub(crate) const fn address(self) -> usize {
        self.0
    }

    /// The address `offset` bytes from it.
    #[inline(always)]
    pub(crate) const fn field<T>(self, offset: isize) -> *mut T {
        self.0.wrapping_add_signed(offset) as *mut T
    }

    /// The block of whoever runs now: the calling OS thread or fiber.
    #[inline(always)]
    pub(crate) fn current() -> Self {
        let address;
        // SAFETY: the x86-64 ABI puts the block's own address at `fs:0`; the
        // instruction reads that word and nothing else.
        unsafe { asm!("mov {}, fs:0", out(reg) address, options(nostack, readonly, pure)) };
        Tcb(address)
    }
}

/// How this machine sets the FS base.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Setter {
    /// By instruction.
    Wrfsbase,
    /// By system call.
    ArchPrctl,
}

impl Setter {
    /// Asks the kernel which one is allowed.
    pub(crate) fn detect() -> Self {
        /// Bit of `AT_HWCAP2`: FSGSBASE instructions may be used.
        const HWCAP2_FSGSBASE: u64 = 1 << 1;
        // SAFETY: getauxval has no preconditions.
        let hwcap2 = unsafe { libc::getauxval(libc::AT_HWCAP2) };
        if hwcap2 & HWCAP2_FSGSBASE != 0 {
            Setter::Wrfsbase
        } else {
            Setter::ArchPrctl
        }
    }

    /// Makes `block` the calling CPU context's FS base.
    ///
    /// # Safety
    /// - `block` is a complete thread-control block that no other OS thread
    ///   has as its base, now or until the base is set away again;
    /// - `self` came from [`Setter::detect`];
    /// - the calling function touches no thread-local (see the module's text).
    #[inline(always)]
    pub(crate) unsafe fn set(self, block: Tcb) {
        match self {
            // SAFETY: detect() saw the kernel's permission; the caller vouches
            // for the block. No `nomem`: memory accesses must not move over it.
            Setter::Wrfsbase => unsafe {
                asm!("wrfsbase {}", in(reg) block.0, options(nostack, preserves_flags));
            },
            Setter::ArchPrctl => {
                const ARCH_SET_FS: usize = 0x1002;
                // SAFETY: as above; made by hand because libc's wrapper would
                // write errno through a base that is just changing.
                unsafe {
                    asm!("syscall",
                        inlateout("rax") libc::SYS_arch_prctl => _,
                        in("rdi") ARCH_SET_FS,
                        in("rsi") block.0,
                        lateout("rcx") _, lateout("r11") _,
                        options(nostack));
                }
            }
        }
    }
}
