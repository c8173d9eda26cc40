//! Stacks: reserved lazily, guarded, pooled.
//!
//! # Purpose
//! A fiber's memory is one *slot*: a guard, the stack, the fiber's block (see
//! [`block`]) and the tail of its DTV. Slots lie side by side in
//! *arenas*, mappings of many slots that are one VMA each.
//!
//! ```text
//!   low        stack grows downwards           FS        page boundary
//!   | guard |  ...................... | block below | block above | DTV tail |
//!   | 16 KiB|       size bytes at least             |             |  16 KiB  |
//! ```
//!
//! # What costs memory
//! Address space is reserved without being committed; a page becomes real when
//! it is touched. The block and the first frames share the slot's top page, so
//! a parked fiber with a shallow stack costs that page.
//!
//! # Guards
//! `MADV_GUARD_INSTALL` (Linux 6.13) marks the guard in the page tables, without
//! splitting the mapping, so the number of stacks is not limited by
//! `vm.max_map_count`. Older kernels get `mprotect`, which costs two VMAs a
//! stack; there the pool stops, with an error, well before the limit. A stack
//! without guard is never handed out.
//!
//! # Giving memory back
//! A returned stack stays warm until [`StackPool::trim`] releases its pages
//! with `MADV_DONTNEED`, one call for each run of neighbours. Guards survive
//! that, and address space is kept for later.

mod guard;
mod pool;
mod slots;

use crate::block::{self, Extent};
use crate::fs_base::Tcb;
use crate::layout::Layout;
pub use pool::StackPool;
pub use slots::{RUN, Slots};

/// Size of a page.
pub(crate) const PAGE: usize = 4096;

/// Bytes of a stack unless asked for otherwise.
pub const DEFAULT_STACK_SIZE: usize = 256 * 1024;

/// The smallest stack; less is rounded up.
pub const MIN_STACK_SIZE: usize = 16 * 1024;

/// The guard is several pages, for C code that was compiled without stack
/// probes and may step over one.
pub(crate) const GUARD: usize = 4 * PAGE;

/// A stack that nobody gets: larger than what a process can address. Sizes beyond
/// it count as this one, so that arithmetic on them cannot overflow, and leave it
/// to the kernel to refuse.
const LARGEST_STACK_SIZE: usize = 1 << 56;

/// Bytes of stack that one gets who asks for `size`.
pub(crate) fn rounded(size: usize) -> usize {
    size.clamp(MIN_STACK_SIZE, LARGEST_STACK_SIZE)
        .next_multiple_of(PAGE)
}

/// Where things are in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Bytes of stack that were asked for.
    size: usize,
    /// Distance from one slot to the next.
    stride: usize,
    /// Distance from a slot's start to FS.
    tcb: usize,
    /// Distance from a slot's start to the base of its stack.
    base: usize,
}

impl Geometry {
    fn new(layout: &Layout, size: usize) -> Self {
        let size = rounded(size);
        let extent = Extent::of(layout);
        let hot_end = GUARD + (size + extent.below + extent.above).next_multiple_of(PAGE);
        let mut stride = hot_end + block::DTV_TAIL;
        // An odd number of pages, so that the hot pages of neighbours fall into
        // different sets of the TLB.
        if (stride / PAGE).is_multiple_of(2) {
            stride += PAGE;
        }
        let tcb = hot_end - extent.above;
        Geometry {
            size,
            stride,
            tcb,
            base: (tcb - extent.below) & !15,
        }
    }

    /// The pages that a fiber uses before anything else: where in a slot, and how many
    /// bytes.
    fn top(&self) -> (usize, usize) {
        let end = self.tcb.next_multiple_of(PAGE);
        // The first frames are just below the base.
        let start = (self.base - 1) & !(PAGE - 1);
        (start, end - start)
    }
}

/// A stack with a block on top, owned.
///
/// It belongs to the [`StackPool`] it came from and should be given back there;
/// a stack that is dropped instead leaves its memory in use.
#[derive(Debug)]
pub struct Stack {
    /// Lowest address of the slot.
    low: usize,
    geometry: Geometry,
}

impl Stack {
    /// Bytes of stack that were asked for.
    pub fn size(&self) -> usize {
        self.geometry.size
    }

    pub(crate) fn tcb(&self) -> Tcb {
        Tcb::at(self.low + self.geometry.tcb)
    }

    /// Its upper end, aligned to 16.
    pub(crate) fn base(&self) -> *mut usize {
        (self.low + self.geometry.base) as *mut usize
    }

    /// The stack's addresses, guard excluded.
    pub(crate) fn addresses(&self) -> std::ops::Range<usize> {
        self.low + GUARD..self.low + self.geometry.base
    }
}
