//! Blocks of two slots, so that a few messages cross from one to the next.

pub(super) const TURN: u64 = 3;
