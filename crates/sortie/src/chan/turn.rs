//! How long the blocks of a list are; a file of its own, since models have shorter
//! ones.

/// Numbers that belong to a block of [`List`](super::block_list::List): one more
/// than it has slots.
pub(super) const TURN: u64 = 32;
