//! Waiting for each other without messages: Go's `sync` and `x/sync`.
//!
//! | Go | here |
//! |----|------|
//! | `sync.Mutex` | [`Mutex`], [`ReentrantMutex`] |
//! | `sync.RWMutex` | [`RwLock`] |
//! | `sync.Cond` | [`Condvar`] |
//! | `sync.Once`, `sync.OnceFunc`, `sync.OnceValue` | [`Once`], [`OnceLock`], [`LazyLock`] |
//! | `sync.WaitGroup` | [`WaitGroup`] |
//! | `semaphore.Weighted` | [`Semaphore`] |
//! | `errgroup.Group` | [`ErrGroup`] |
//! | `singleflight.Group` | [`SingleFlight`] |
//! | | [`Barrier`] |
//!
//! Everything here is used by goroutines and by plain OS threads alike. Who waits is
//! parked, and has his turn in the order in which he came, if it does not say
//! otherwise. Nothing is poisoned by a panic, but what was to be made
//! [once](Once).
//!
//! Locks have the methods of [parking_lot](https://docs.rs/parking_lot) 0.12, the others
//! those of [std](std::sync) where it has them; a program moves over by changing its
//! `use` lines. Whatever waits can do so for a time at most (`..._for`, `..._until`,
//! `..._timeout`), or until a [context](crate::context) ends (`..._ctx`); for locks the
//! latter are in [`LockContext`] and [`RwLockContext`]. A context that has ended already
//! is an error even if there would be no need to wait.
//!
//! When to use which of these, and when a channel, is said in
//! [`docs::channel_or_mutex`](crate::docs::channel_or_mutex).

mod barrier;
mod condvar;
mod countdown;
mod err_group;
mod lazy_lock;
mod mutex;
mod once;
mod once_lock;
mod permits;
mod pool;
mod raw_mutex;
mod room;
mod rwlock;
mod semaphore;
mod single_flight;
mod spin;
mod wait_group;
mod with_context;

pub use barrier::{Barrier, BarrierWaitResult};
pub use condvar::{Condvar, WaitTimeoutResult};
pub use err_group::ErrGroup;
pub use lazy_lock::LazyLock;
pub use lock_api;
pub use mutex::{ArcMutexGuard, MappedMutexGuard, Mutex, MutexGuard, const_mutex};
pub use mutex::{
    ArcReentrantMutexGuard, MappedReentrantMutexGuard, RawThreadId, ReentrantMutex,
    ReentrantMutexGuard, const_reentrant_mutex,
};
pub use once::{Once, OnceState};
pub use once_lock::OnceLock;
pub use raw_mutex::RawMutex;
pub use rwlock::{
    ArcRwLockReadGuard, ArcRwLockUpgradableReadGuard, ArcRwLockWriteGuard, MappedRwLockReadGuard,
    MappedRwLockWriteGuard, RawRwLock, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard,
    RwLockWriteGuard, const_rwlock,
};
pub use semaphore::{OwnedPermit, Permit, Semaphore};
pub use single_flight::SingleFlight;
pub use wait_group::{WaitGroup, WaitGroupToken};
pub use with_context::{LockContext, RwLockContext, UpgradeContext};

use crate::base::clock::NEVER;
use crate::context::{Context, ContextError};
use crate::park::wait_queue::{Ended, Until};

/// To wait until a context ends at most.
fn until(context: &Context) -> Until<'_> {
    Until {
        deadline: NEVER,
        interrupt: context.interrupt(),
    }
}

/// Why a wait until a context's end was in vain.
fn ended_by(ended: Ended, context: &Context) -> ContextError {
    debug_assert_eq!(ended, Ended::Interrupted);
    context.err().expect("a context that ends waits has ended")
}

/// A number that the caller has and nobody else who is alive: a multiple of 8, and not 0.
/// It is the address of a thread-local, of which each goroutine has its own, at the same
/// place wherever it runs.
#[inline]
fn thread_number() -> usize {
    thread_local! {
        static OWN: u64 = const { 0 };
    }
    OWN.with(|own| std::ptr::from_ref(own).addr())
}
