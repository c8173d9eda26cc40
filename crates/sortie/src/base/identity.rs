//! Who runs, in one instruction.
//!
//! Whoever runs, a thread or a goroutine, has a thread-control block of its own, and
//! its address is at `fs:0`. No two that are alive have the same. When one has ended
//! another may get its block, from whoever kept it in between; so all that happens
//! under one identity happens in order, and each sees what happened before.

use std::arch::asm;

/// The address of a thread-control block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity(u64);

impl Identity {
    /// Who has none, or is not known.
    pub(crate) const NOBODY: Identity = Identity(0);

    /// The caller's.
    #[inline(always)]
    pub(crate) fn current() -> Self {
        let address;
        // SAFETY: the x86-64 ABI puts the block's own address at `fs:0`; the
        // instruction reads that word, and nothing else.
        unsafe {
            asm!("mov {}, fs:0", out(reg) address,
                options(pure, readonly, nostack, preserves_flags));
        }
        Identity(address)
    }

    /// A number above 63; 0 for [`NOBODY`](Self::NOBODY).
    #[inline(always)]
    pub(crate) fn number(self) -> u64 {
        self.0
    }
}
