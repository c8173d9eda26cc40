//! Locking with a context. lock_api's types are foreign, so these are traits.

use super::raw_mutex::RawMutex;
use super::rwlock::{RawRwLock, Role};
use super::{
    Mutex, MutexGuard, RwLock, RwLockReadGuard, RwLockUpgradableReadGuard, RwLockWriteGuard,
    ended_by, until,
};
use crate::context::{Context, ContextError};
use std::panic::Location;

mod sealed {
    pub trait Sealed {}
}

impl<T: ?Sized> sealed::Sealed for Mutex<T> {}
impl<T: ?Sized> sealed::Sealed for RwLock<T> {}
impl<T: ?Sized> sealed::Sealed for RwLockUpgradableReadGuard<'_, T> {}

/// Locking a [`Mutex`] before a context ends. It is implemented for mutexes only.
///
/// # Examples
/// ```
/// use sortie::context::Context;
/// use sortie::sync::{LockContext as _, Mutex};
///
/// let mutex = Mutex::new(0);
/// let (context, cancel) = Context::background().with_cancel();
/// *mutex.lock_ctx(&context)? += 1;
/// cancel.cancel();
/// assert!(mutex.lock_ctx(&context).is_err());
/// # Ok::<(), sortie::context::ContextError>(())
/// ```
pub trait LockContext: sealed::Sealed {
    /// What the mutex protects.
    type Data: ?Sized;

    /// Locks it, unless `context` ends before. If it has ended already, it is not even
    /// tried.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until the mutex is
    /// unlocked or the context ends.
    ///
    /// # Errors
    /// Why `context` ended.
    fn lock_ctx(&self, context: &Context) -> Result<MutexGuard<'_, Self::Data>, ContextError>;
}

impl<T: ?Sized> LockContext for Mutex<T> {
    type Data = T;

    #[track_caller]
    fn lock_ctx(&self, context: &Context) -> Result<MutexGuard<'_, T>, ContextError> {
        context.err().map_or(Ok(()), Err)?;
        // SAFETY: it is locked, and unlocked by the guard.
        unsafe {
            let raw: &RawMutex = self.raw();
            if !raw.try_take() {
                raw.take_slow(until(context), Location::caller())
                    .map_err(|ended| ended_by(ended, context))?;
            }
            Ok(self.make_guard_unchecked())
        }
    }
}

/// Locking an [`RwLock`] before a context ends. It is implemented for those only.
///
/// All methods park the calling goroutine, or block the calling OS thread, until the
/// lock can be had or the context ends. If it has ended already, it is not even tried.
///
/// # Examples
/// ```
/// use sortie::context::Context;
/// use sortie::sync::{RwLock, RwLockContext as _};
///
/// let lock = RwLock::new(0);
/// let (context, cancel) = Context::background().with_cancel();
/// *lock.write_ctx(&context)? += 1;
/// assert_eq!(*lock.read_ctx(&context)?, 1);
/// cancel.cancel();
/// assert!(lock.read_ctx(&context).is_err());
/// # Ok::<(), sortie::context::ContextError>(())
/// ```
pub trait RwLockContext: sealed::Sealed {
    /// What the lock protects.
    type Data: ?Sized;

    /// Locks it for reading.
    ///
    /// # Errors
    /// Why `context` ended.
    fn read_ctx(&self, context: &Context) -> Result<RwLockReadGuard<'_, Self::Data>, ContextError>;

    /// Locks it for writing.
    ///
    /// # Errors
    /// Why `context` ended.
    fn write_ctx(
        &self,
        context: &Context,
    ) -> Result<RwLockWriteGuard<'_, Self::Data>, ContextError>;

    /// Locks it for reading, with the possibility to write later.
    ///
    /// # Errors
    /// Why `context` ended.
    fn upgradable_read_ctx(
        &self,
        context: &Context,
    ) -> Result<RwLockUpgradableReadGuard<'_, Self::Data>, ContextError>;
}

impl<T: ?Sized> RwLockContext for RwLock<T> {
    type Data = T;

    #[track_caller]
    fn read_ctx(&self, context: &Context) -> Result<RwLockReadGuard<'_, T>, ContextError> {
        context.err().map_or(Ok(()), Err)?;
        // SAFETY: it is locked, and unlocked by the guard.
        unsafe {
            let raw: &RawRwLock = self.raw();
            if !raw.try_read() {
                raw.read_slow(false, until(context), Location::caller())
                    .map_err(|ended| ended_by(ended, context))?;
            }
            Ok(self.make_read_guard_unchecked())
        }
    }

    #[track_caller]
    fn write_ctx(&self, context: &Context) -> Result<RwLockWriteGuard<'_, T>, ContextError> {
        context.err().map_or(Ok(()), Err)?;
        // SAFETY: it is locked, and unlocked by the guard.
        unsafe {
            let raw: &RawRwLock = self.raw();
            if !raw.try_write() {
                raw.write_slow(until(context), Location::caller())
                    .map_err(|ended| ended_by(ended, context))?;
            }
            Ok(self.make_write_guard_unchecked())
        }
    }

    #[track_caller]
    fn upgradable_read_ctx(
        &self,
        context: &Context,
    ) -> Result<RwLockUpgradableReadGuard<'_, T>, ContextError> {
        context.err().map_or(Ok(()), Err)?;
        // SAFETY: it is locked, and unlocked by the guard.
        unsafe {
            let raw: &RawRwLock = self.raw();
            raw.claim_slow(Role::Upgradable, until(context), Location::caller())
                .map_err(|ended| ended_by(ended, context))?;
            Ok(self.make_upgradable_guard_unchecked())
        }
    }
}

/// Upgrading before a context ends.
pub trait UpgradeContext: sealed::Sealed + Sized {
    /// A guard of a writer.
    type Writer;

    /// Turns a guard that reads into one that writes, unless `context` ends before. New
    /// readers wait meanwhile.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread, until all other
    /// readers have left or the context ends.
    ///
    /// # Errors
    /// The guard as it was, and why `context` ended.
    fn upgrade_ctx(self, context: &Context) -> Result<Self::Writer, (Self, ContextError)>;
}

impl<'a, T: ?Sized> UpgradeContext for RwLockUpgradableReadGuard<'a, T> {
    type Writer = RwLockWriteGuard<'a, T>;

    #[track_caller]
    fn upgrade_ctx(self, context: &Context) -> Result<Self::Writer, (Self, ContextError)> {
        if let Some(error) = context.err() {
            return Err((self, error));
        }
        let lock: &'a RwLock<T> = RwLockUpgradableReadGuard::rwlock(&self);
        // SAFETY: the guard's claim becomes that of a writer, who unlocks it; or it stays
        // as it was.
        unsafe {
            let upgraded = lock.raw().upgrade_slow(until(context), Location::caller());
            if let Err(ended) = upgraded {
                return Err((self, ended_by(ended, context)));
            }
            std::mem::forget(self);
            Ok(lock.make_write_guard_unchecked())
        }
    }
}
