//! Work for a processor: SHA-256 over blocks of 64 MiB.

use crate::{detail, scaled};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use std::time::Instant;

/// Bytes of a block.
pub const BLOCK: usize = 64 << 20;

static BYTES: LazyLock<Vec<u8>> =
    LazyLock::new(|| (0..BLOCK).map(|i| (i * 31 % 251) as u8).collect());

/// The hash of the block of this index: the index, as eight bytes, and then the same
/// bytes for each. Its first eight bytes as a number.
#[must_use]
pub fn hash(index: u64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(index.to_le_bytes());
    hash.update(&**BYTES);
    let first = hash.finalize()[..8].try_into().expect("32 bytes");
    u64::from_le_bytes(first)
}

/// Runs `map`, which adds up the hashes of so many blocks on so many processors, first
/// on one processor, then on `processors`: how many times as fast it is then.
///
/// # Panics
///
/// When the sums differ.
pub fn speed_up(processors: usize, mut map: impl FnMut(u64, usize) -> u64) -> f64 {
    let blocks = scaled(16).max(processors as u64);
    assert_eq!(BYTES.len(), BLOCK);
    let mut sums = Vec::new();
    let [alone, together] = [1, processors].map(|processors| {
        let start = Instant::now();
        sums.push(map(blocks, processors));
        start.elapsed().as_nanos() as f64 / blocks as f64
    });
    assert_eq!(sums[0], sums[1], "wrong result");
    detail("ns_block_alone", alone);
    detail("ns_block_together", together);
    alone / together
}
