//! Making stacks of slots, several at a time.
//!
//! The kernel's part of a new stack is a guard and a page, and costs more than all the
//! rest. A page that is asked for costs less than one that is faulted in, and many that
//! are asked for at once less still; guards likewise.

use super::{Geometry, Stack, guard};
use crate::block;
use crate::layout::Layout;
use std::io;

/// Slots that are prepared at once, at most.
pub const RUN: usize = 16;

/// Places for stacks, which may have no guard and no block yet.
#[derive(Debug)]
#[must_use = "their address space is lost"]
pub struct Slots {
    pub(super) layout: &'static Layout,
    pub(super) geometry: Geometry,
    /// Where they start: the first `count`, none of them twice.
    pub(super) low: [usize; RUN],
    pub(super) count: usize,
    pub(super) state: State,
}

/// What slots have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing.
    Untouched,
    /// A guard; their memory is zero.
    Cold,
    /// A guard and a block.
    Warm,
}

impl Slots {
    /// Bytes of a stack that was asked for.
    pub fn size(&self) -> usize {
        self.geometry.size
    }

    /// Makes them stacks, one after the other. None are left after that.
    ///
    /// # Errors
    /// If one cannot be guarded. It is left, and those after it; the stacks before
    /// it were made.
    pub fn prepare(&mut self, mut made: impl FnMut(Stack)) -> io::Result<()> {
        let refused = match self.state {
            State::Untouched => guard::install(&self.low[..self.count]).err(),
            _ => None,
        };
        let guarded = refused.as_ref().map_or(self.count, |&(guarded, _)| guarded);
        if self.state != State::Warm && guarded > 1 {
            let (top, length) = self.geometry.top();
            // SAFETY: a slot's top is part of our own mapping; whoever uses it finds
            // it as it was.
            unsafe { guard::populate(&self.low[..guarded], top, length) };
        }
        for &low in &self.low[..guarded] {
            let geometry = self.geometry;
            let stack = Stack { low, geometry };
            if self.state != State::Warm {
                // SAFETY: the slot is ours, and zero: fresh from the kernel, or given
                // back to it by `trim`. Geometry places the block's extent in it.
                unsafe { block::build(self.layout, stack.tcb(), stack.addresses()) };
            }
            made(stack);
        }
        self.low.copy_within(guarded..self.count, 0);
        self.count -= guarded;
        refused.map_or(Ok(()), |(_, error)| Err(error))
    }
}
