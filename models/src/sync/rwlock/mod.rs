//! The reader-writer lock, but for the way from lock_api.

mod protocol;
#[path = "../../../../crates/sortie/src/sync/rwlock/raw.rs"]
#[allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "for users of the lock"
)]
mod raw;
#[path = "../../../../crates/sortie/src/sync/rwlock/shard.rs"]
mod shard;
mod shards;
#[path = "../../../../crates/sortie/src/sync/rwlock/writers.rs"]
#[allow(dead_code, reason = "for users of the lock")]
mod writers;
