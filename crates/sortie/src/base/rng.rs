//! Small fast random numbers: wyrand (Wang Yi), one multiplication each.

use std::cell::Cell;

/// A generator for one owner.
#[derive(Debug)]
pub(crate) struct Rng(Cell<u64>);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Rng(Cell::new(seed))
    }

    /// The next 32 random bits.
    #[inline]
    pub(crate) fn next(&self) -> u32 {
        let state = self.0.get().wrapping_add(0xa076_1d64_78bd_642f);
        self.0.set(state);
        let product = u128::from(state) * u128::from(state ^ 0xe703_7ed1_a0b4_28db);
        ((product >> 64) ^ product) as u32
    }

    /// A random number below `bound`, which is not 0. Lemire's method without
    /// its rejection step; the bias is below 2^-32 * bound.
    #[inline]
    pub(crate) fn below(&self, bound: u32) -> u32 {
        ((u64::from(self.next()) * u64::from(bound)) >> 32) as u32
    }
}
