//! Reader-writer locks.
//!
//! [`raw`] has the protocol, and what readers do; [`writers`] what writers and
//! upgradable readers do; [`shards`] how readers on many processors are counted; [`api`]
//! the way from lock_api's traits to all of that.

mod api;
mod raw;
mod shard;
mod shards;
mod writers;

pub(super) use super::room::Role;
pub use raw::RawRwLock;

/// Data that many may read at a time, or one may write: Go's `sync.RWMutex`, with the
/// data in it.
///
/// The methods are those of
/// [parking_lot](https://docs.rs/parking_lot/0.12/parking_lot/type.RwLock.html), by way
/// of [`lock_api`]; for waiting with a context see
/// [`RwLockContext`](super::RwLockContext). It takes 16 bytes, can be a `static`, and is
/// not poisoned by a panic.
///
/// | Go | here |
/// |----|------|
/// | `mu.RLock()`, `mu.RUnlock()` | `let guard = lock.read();`, `drop(guard)` |
/// | `mu.Lock()`, `mu.Unlock()` | `let guard = lock.write();`, `drop(guard)` |
/// | `mu.TryRLock()`, `mu.TryLock()` | `lock.try_read()`, `lock.try_write()` |
/// | | `lock.upgradable_read()`, `RwLockUpgradableReadGuard::upgrade` |
/// | | `RwLockWriteGuard::downgrade` |
///
/// # Blocking
/// Locking parks the calling goroutine, or blocks the calling OS thread, until the lock
/// can be had. Who waits for himself is shown by a report of deadlock, as
/// `sync.RWMutex.Lock` or `sync.RWMutex.RLock`.
///
/// # Fairness
/// Go's: once a writer waits, new readers wait for him; and when he is done all readers
/// who wait by then come in, before the next writer who waits. A writer who comes later may
/// be faster than readers wake up, until one of them has waited for a millisecond. A goroutine that reads must not
/// [read](RwLock::read) the same lock again, or both wait for the writer between; that
/// is what [`read_recursive`](RwLock::read_recursive) is for. Among writers it is as with
/// [`Mutex`](super::Mutex).
///
/// # Many readers
/// A lock that is read on several processors at once counts its readers on each of them
/// separately, as soon as it has noticed, so that they do not slow each other down. It
/// then has 128 bytes more for each processor, and for notes. While it is written more often
/// than every 32nd time it counts them in one place again.
///
/// # Guards
/// A guard may be sent to another goroutine, and be dropped there, if the data may be
/// (`Send`, and for readers `Sync`). It does not matter who unlocks.
///
/// # Examples
/// ```
/// use sortie::sync::RwLock;
/// use std::collections::HashMap;
///
/// # sortie::run(|| {
/// let cache = RwLock::new(HashMap::new());
/// cache.write().insert("answer", 42);
/// sortie::scope(|s| {
///     for _ in 0..10 {
///         s.go(|| assert_eq!(cache.read().get("answer"), Some(&42)));
///     }
/// });
/// # });
/// ```
pub type RwLock<T> = lock_api::RwLock<RawRwLock, T>;

/// Access to the data of an [`RwLock`] for reading.
pub type RwLockReadGuard<'a, T> = lock_api::RwLockReadGuard<'a, RawRwLock, T>;

/// Access to the data of an [`RwLock`] for writing.
pub type RwLockWriteGuard<'a, T> = lock_api::RwLockWriteGuard<'a, RawRwLock, T>;

/// Access to the data of an [`RwLock`] for reading, beside other readers, but not beside
/// another of its kind: it may be turned into access for writing.
pub type RwLockUpgradableReadGuard<'a, T> = lock_api::RwLockUpgradableReadGuard<'a, RawRwLock, T>;

/// Access to a part of the data of an [`RwLock`] for reading.
pub type MappedRwLockReadGuard<'a, T> = lock_api::MappedRwLockReadGuard<'a, RawRwLock, T>;

/// Access to a part of the data of an [`RwLock`] for writing.
pub type MappedRwLockWriteGuard<'a, T> = lock_api::MappedRwLockWriteGuard<'a, RawRwLock, T>;

/// A guard for reading that keeps the [`RwLock`] alive: `read_arc`.
pub type ArcRwLockReadGuard<T> = lock_api::ArcRwLockReadGuard<RawRwLock, T>;

/// A guard for writing that keeps the [`RwLock`] alive: `write_arc`.
pub type ArcRwLockWriteGuard<T> = lock_api::ArcRwLockWriteGuard<RawRwLock, T>;

/// A guard for reading and perhaps writing that keeps the [`RwLock`] alive:
/// `upgradable_read_arc`.
pub type ArcRwLockUpgradableReadGuard<T> = lock_api::ArcRwLockUpgradableReadGuard<RawRwLock, T>;

/// A reader-writer lock in a constant. The same as `RwLock::new`.
pub const fn const_rwlock<T>(value: T) -> RwLock<T> {
    RwLock::new(value)
}
