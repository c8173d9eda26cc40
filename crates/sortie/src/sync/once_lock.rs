//! A cell that is written once.

use super::{Once, ended_by, until};
use crate::base::clock;
use crate::context::{Context, ContextError};
use crate::park::wait_queue::{Ended, Until};
use std::cell::UnsafeCell;
use std::fmt;
use std::mem::MaybeUninit;
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::Duration;

/// A cell that is written once, and can be read from then on: std's
/// [`OnceLock`](std::sync::OnceLock).
///
/// Whoever comes while it is being written waits as goroutines do, and so does who
/// [waits](Self::wait) for it to be written. Beyond std's methods there are some with a
/// time-out or a context, and those that std is only trying out.
///
/// If writing it panics, nothing is written, and whoever comes next may try.
///
/// # Examples
/// ```
/// use sortie::sync::OnceLock;
///
/// static CELL: OnceLock<String> = OnceLock::new();
///
/// # sortie::run(|| {
/// sortie::go(|| CELL.set("hello".to_string()));
/// assert_eq!(CELL.wait(), "hello");
/// assert_eq!(CELL.get_or_init(|| unreachable!()), "hello");
/// # });
/// ```
pub struct OnceLock<T> {
    once: Once,
    /// Written if and only if `once` is done.
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: shared by threads it gives out `&T`s, and one thread may put a `T` in that
// another takes out.
unsafe impl<T: Sync + Send> Sync for OnceLock<T> {}
// SAFETY: it owns a `T`.
unsafe impl<T: Send> Send for OnceLock<T> {}

impl<T: RefUnwindSafe + UnwindSafe> RefUnwindSafe for OnceLock<T> {}
impl<T: UnwindSafe> UnwindSafe for OnceLock<T> {}

impl<T> OnceLock<T> {
    /// An empty cell.
    pub const fn new() -> Self {
        OnceLock {
            once: Once::new(),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        }
    }

    /// The value, if it was written.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        // SAFETY: it is written.
        self.once
            .is_completed()
            .then(|| unsafe { self.get_unchecked() })
    }

    /// The value, if it was written, to be changed.
    #[inline]
    pub fn get_mut(&mut self) -> Option<&mut T> {
        if self.once.is_completed() {
            // SAFETY: it is written.
            Some(unsafe { self.value.get_mut().assume_init_mut() })
        } else {
            None
        }
    }

    /// # Safety
    /// It is written.
    #[inline]
    unsafe fn get_unchecked(&self) -> &T {
        // SAFETY: as this function's; nobody writes any more.
        unsafe { (*self.value.get()).assume_init_ref() }
    }

    /// Writes the value, if none is there.
    ///
    /// # Blocking
    /// If somebody is writing one, parks the calling goroutine, or blocks the calling OS
    /// thread, until he is done.
    ///
    /// # Errors
    /// The value, if there was one.
    ///
    /// # Panics
    /// If the closure that is writing the value comes here.
    #[track_caller]
    pub fn set(&self, value: T) -> Result<(), T> {
        self.try_insert(value).map(drop).map_err(|(_, value)| value)
    }

    /// As [`set`](Self::set). Returns what is there afterwards.
    ///
    /// # Blocking
    /// As [`set`](Self::set).
    ///
    /// # Errors
    /// The value that was there, and the one that was not written.
    ///
    /// # Panics
    /// As [`set`](Self::set).
    #[track_caller]
    pub fn try_insert(&self, value: T) -> Result<&T, (&T, T)> {
        let mut value = Some(value);
        let there = self.get_or_init(|| value.take().expect("it is called once"));
        match value {
            None => Ok(there),
            Some(value) => Err((there, value)),
        }
    }

    /// The value, which `f` makes if there is none.
    ///
    /// # Blocking
    /// As [`set`](Self::set).
    ///
    /// # Panics
    /// If `f` panics, or the closure that is writing the value comes here.
    #[inline]
    #[track_caller]
    pub fn get_or_init(&self, f: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => match self.init(Until::GRANTED, Location::caller(), || Ok::<T, Never>(f())) {
                Ok(value) => value,
                Err(Failed::Wait(ended)) => unreachable!("a wait without end: {ended:?}"),
            },
        }
    }

    /// The value, which `f` makes if there is none and it can.
    ///
    /// # Blocking
    /// As [`set`](Self::set).
    ///
    /// # Errors
    /// That of `f`. Nothing is written then.
    ///
    /// # Panics
    /// As [`get_or_init`](Self::get_or_init).
    #[inline]
    #[track_caller]
    pub fn get_or_try_init<E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        match self.get() {
            Some(value) => Ok(value),
            None => match self.init(Until::GRANTED, Location::caller(), f) {
                Ok(value) => Ok(value),
                Err(Failed::Init(error)) => Err(error),
                Err(Failed::Wait(ended)) => unreachable!("a wait without end: {ended:?}"),
            },
        }
    }

    /// As [`get_or_init`](Self::get_or_init), but waits for somebody else who is writing
    /// the value for `timeout` at most. `None` if he was not done by then.
    ///
    /// # Blocking
    /// As [`set`](Self::set).
    ///
    /// # Panics
    /// As [`get_or_init`](Self::get_or_init).
    #[track_caller]
    pub fn get_or_init_timeout(&self, timeout: Duration, f: impl FnOnce() -> T) -> Option<&T> {
        let until = Until::deadline(clock::after(timeout));
        self.init(until, Location::caller(), || Ok::<T, Never>(f()))
            .ok()
    }

    /// As [`get_or_init`](Self::get_or_init), but waits for somebody else who is writing
    /// the value until `context` ends at most.
    ///
    /// # Blocking
    /// As [`set`](Self::set).
    ///
    /// # Errors
    /// Why `context` ended.
    ///
    /// # Panics
    /// As [`get_or_init`](Self::get_or_init).
    #[track_caller]
    pub fn get_or_init_ctx(
        &self,
        context: &Context,
        f: impl FnOnce() -> T,
    ) -> Result<&T, ContextError> {
        context.err().map_or(Ok(()), Err)?;
        self.init(until(context), Location::caller(), || Ok::<T, Never>(f()))
            .map_err(|Failed::Wait(ended)| ended_by(ended, context))
    }

    /// The value, which `f` makes if there is none, to be changed.
    ///
    /// # Panics
    /// If `f` panics.
    #[track_caller]
    pub fn get_mut_or_init(&mut self, f: impl FnOnce() -> T) -> &mut T {
        self.get_or_init(f);
        self.get_mut().expect("it is written now")
    }

    /// As [`get_mut_or_init`](Self::get_mut_or_init), if `f` can make it.
    ///
    /// # Errors
    /// That of `f`. Nothing is written then.
    ///
    /// # Panics
    /// If `f` panics.
    #[track_caller]
    pub fn get_mut_or_try_init<E>(
        &mut self,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<&mut T, E> {
        self.get_or_try_init(f)?;
        Ok(self.get_mut().expect("it is written now"))
    }

    /// Waits until a value is written.
    ///
    /// # Blocking
    /// Parks the calling goroutine, or blocks the calling OS thread.
    ///
    /// # Panics
    /// If the closure that is writing the value comes here.
    #[track_caller]
    pub fn wait(&self) -> &T {
        let _ = self
            .once
            .wait_until_done(true, Until::GRANTED, Location::caller());
        self.get().expect("it is written now")
    }

    /// As [`wait`](Self::wait), for `timeout` at most.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_timeout(&self, timeout: Duration) -> Option<&T> {
        let until = Until::deadline(clock::after(timeout));
        let waited = self.once.wait_until_done(true, until, Location::caller());
        waited.ok().and_then(|()| self.get())
    }

    /// As [`wait`](Self::wait), until `context` ends at most.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    ///
    /// # Errors
    /// Why `context` ended.
    ///
    /// # Panics
    /// As [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_ctx(&self, context: &Context) -> Result<&T, ContextError> {
        context.err().map_or(Ok(()), Err)?;
        self.once
            .wait_until_done(true, until(context), Location::caller())
            .map_err(|ended| ended_by(ended, context))?;
        Ok(self.get().expect("it is written now"))
    }

    /// The value, if it was written, and no cell any more.
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }

    /// Takes the value out, if it was written. The cell is empty then.
    pub fn take(&mut self) -> Option<T> {
        if !self.once.is_completed() {
            return None;
        }
        self.once = Once::new();
        // SAFETY: it is written, and from now on counts as not written.
        Some(unsafe { self.value.get_mut().assume_init_read() })
    }

    /// Writes what `f` makes if nothing is written.
    #[cold]
    #[track_caller]
    fn init<E>(
        &self,
        until: Until<'_>,
        location: &'static Location<'static>,
        f: impl FnOnce() -> Result<T, E>,
    ) -> Result<&T, Failed<E>> {
        let mut result = Ok(());
        let write = || match f() {
            Ok(value) => {
                // SAFETY: nobody else has it now, for the `Once` calls one at a time.
                unsafe { (*self.value.get()).write(value) };
                true
            }
            Err(error) => {
                result = Err(Failed::Init(error));
                false
            }
        };
        self.once
            .call_to_try(until, location, write)
            .map_err(Failed::Wait)?;
        // SAFETY: if there was no error it is written.
        result.map(|()| unsafe { self.get_unchecked() })
    }
}

/// Why nothing was written.
enum Failed<E> {
    Init(E),
    Wait(Ended),
}

/// The error of who has none.
enum Never {}

impl<T> Drop for OnceLock<T> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("OnceLock");
        match self.get() {
            Some(value) => tuple.field(value),
            None => tuple.field(&format_args!("<uninit>")),
        };
        tuple.finish()
    }
}

impl<T: Clone> Clone for OnceLock<T> {
    fn clone(&self) -> Self {
        self.get().cloned().map_or_else(Self::new, Self::from)
    }
}

impl<T> From<T> for OnceLock<T> {
    fn from(value: T) -> Self {
        let cell = OnceLock::new();
        match cell.set(value) {
            Ok(()) => cell,
            Err(_) => unreachable!("it is new"),
        }
    }
}

impl<T: PartialEq> PartialEq for OnceLock<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceLock<T> {}
