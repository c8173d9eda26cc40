//! Numbers that are smaller in models; in a file of their own for that.

/// Numbers that belong to a block of [`List`](super::block_list::List): one more
/// than it has slots.
pub(super) const TURN: u64 = 32;

/// Moves in a row by the same party after which a [`Lane`](super::lane::Lane) is its
/// own.
#[inline(always)]
pub(super) const fn streak() -> u64 {
    256
}

/// Moves of a lane of one's own that must come on one wait.
pub(super) const fn wait() -> u64 {
    64
}
