//! A value that is made when it is first used.

use super::{Once, ended_by, until};
use crate::base::clock;
use crate::context::{Context, ContextError};
use crate::park::wait_queue::{Ended, Until};
use std::cell::UnsafeCell;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, RefUnwindSafe, UnwindSafe};
use std::time::Duration;

/// A value that is made when it is first used: std's
/// [`LazyLock`](std::sync::LazyLock), and Go's `sync.OnceValue`.
///
/// Whoever comes while it is being made waits as goroutines do.
///
/// | Go | here |
/// |----|------|
/// | `f := sync.OnceValue(make)`, `f()` | `let value = LazyLock::new(make)`, `*value` |
/// | `f := sync.OnceValues(make)` | a pair, or a `Result` |
/// | `f := sync.OnceFunc(run)`, `f()` | `LazyLock<()>`, [`LazyLock::force`] |
///
/// # When it panics
/// the panic goes to whoever wanted the value first. It is *poisoned* then, and panics
/// each time it is used. In Go each use panics with what the first did.
///
/// # Examples
/// ```
/// use sortie::sync::LazyLock;
///
/// static SQUARES: LazyLock<Vec<u64>> = LazyLock::new(|| (0..10).map(|i| i * i).collect());
///
/// # sortie::run(|| {
/// let handle = sortie::go(|| SQUARES[3]);
/// assert_eq!(SQUARES[2] + handle.join().unwrap(), 13);
/// # });
/// ```
pub struct LazyLock<T, F = fn() -> T> {
    once: Once,
    /// `make` until the `Once` calls its closure, then nothing; `value` once that is
    /// done.
    data: UnsafeCell<Data<T, F>>,
}

union Data<T, F> {
    value: ManuallyDrop<T>,
    make: ManuallyDrop<F>,
}

/// What is in a `LazyLock` that nobody else uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Value,
    Make,
    Nothing,
}

// SAFETY: shared by threads it gives out `&T`s. One thread may bring an `F`, which
// another calls; it makes a `T` that a third may take out.
unsafe impl<T: Sync + Send, F: Send> Sync for LazyLock<T, F> {}

impl<T: RefUnwindSafe + UnwindSafe, F: UnwindSafe> RefUnwindSafe for LazyLock<T, F> {}
impl<T: UnwindSafe, F: UnwindSafe> UnwindSafe for LazyLock<T, F> {}

impl<T, F: FnOnce() -> T> LazyLock<T, F> {
    /// A value that `make` makes when it is first used.
    pub const fn new(make: F) -> Self {
        LazyLock {
            once: Once::new(),
            data: UnsafeCell::new(Data {
                make: ManuallyDrop::new(make),
            }),
        }
    }

    /// The value, which is made now if it was not yet. The same as `&*this`.
    ///
    /// # Blocking
    /// If somebody is making it, parks the calling goroutine, or blocks the calling OS
    /// thread, until he is done.
    ///
    /// # Panics
    /// If making it panics or has panicked, or uses it itself.
    #[inline]
    #[track_caller]
    pub fn force(this: &Self) -> &T {
        if !this.once.is_completed() {
            let made = this.make(Until::GRANTED, Location::caller());
            debug_assert!(made.is_ok());
        }
        // SAFETY: it is made.
        unsafe { this.get_unchecked() }
    }

    /// As [`force`](Self::force), but waits for somebody else who is making it for
    /// `timeout` at most. `None` if he was not done by then.
    ///
    /// # Blocking
    /// As [`force`](Self::force).
    ///
    /// # Panics
    /// As [`force`](Self::force).
    #[track_caller]
    pub fn force_timeout(this: &Self, timeout: Duration) -> Option<&T> {
        let until = Until::deadline(clock::after(timeout));
        // SAFETY: it is made.
        let value = |()| unsafe { this.get_unchecked() };
        this.make(until, Location::caller()).ok().map(value)
    }

    /// As [`force`](Self::force), but waits for somebody else who is making it until
    /// `context` ends at most. If it has ended already nothing is made.
    ///
    /// # Blocking
    /// As [`force`](Self::force).
    ///
    /// # Errors
    /// Why `context` ended.
    ///
    /// # Panics
    /// As [`force`](Self::force).
    #[track_caller]
    pub fn force_ctx<'a>(this: &'a Self, context: &Context) -> Result<&'a T, ContextError> {
        context.err().map_or(Ok(()), Err)?;
        this.make(until(context), Location::caller())
            .map_err(|ended| ended_by(ended, context))?;
        // SAFETY: it is made.
        Ok(unsafe { this.get_unchecked() })
    }

    /// The value, which is made now if it was not yet, to be changed.
    ///
    /// # Panics
    /// If making it panics or has panicked.
    #[inline]
    #[track_caller]
    pub fn force_mut(this: &mut Self) -> &mut T {
        Self::force(this);
        // SAFETY: it is made.
        unsafe { &mut this.data.get_mut().value }
    }

    /// The value if it was made, else what would make it.
    ///
    /// # Errors
    /// The closure, if there is no value.
    ///
    /// # Panics
    /// If making the value has panicked.
    #[track_caller]
    pub fn into_inner(this: Self) -> Result<T, F> {
        let mut this = ManuallyDrop::new(this);
        let holds = this.holds();
        let data = this.data.get_mut();
        // SAFETY: it holds that, and is not dropped nor used any more.
        unsafe {
            match holds {
                Holds::Value => Ok(ManuallyDrop::take(&mut data.value)),
                Holds::Make => Err(ManuallyDrop::take(&mut data.make)),
                Holds::Nothing => panic!("LazyLock instance has previously been poisoned"),
            }
        }
    }

    /// Makes it, if nobody has.
    #[cold]
    #[track_caller]
    fn make(&self, until: Until<'_>, location: &'static Location<'static>) -> Result<(), Ended> {
        self.once.call(false, until, location, |_| {
            let data = self.data.get();
            // SAFETY: nobody else has the data now. It holds the closure, which is taken
            // out; if that panics, it holds nothing, and the `Once` is poisoned.
            unsafe {
                let make = ManuallyDrop::take(&mut (*data).make);
                let value = make();
                (*data).value = ManuallyDrop::new(value);
            }
        })
    }
}

impl<T, F> LazyLock<T, F> {
    /// The value, if it was made.
    #[inline]
    pub fn get(this: &Self) -> Option<&T> {
        // SAFETY: it is made.
        this.once
            .is_completed()
            .then(|| unsafe { this.get_unchecked() })
    }

    /// The value, if it was made, to be changed.
    #[inline]
    pub fn get_mut(this: &mut Self) -> Option<&mut T> {
        if this.once.is_completed() {
            // SAFETY: it is made.
            Some(unsafe { &mut this.data.get_mut().value })
        } else {
            None
        }
    }

    /// # Safety
    /// It is made.
    #[inline]
    unsafe fn get_unchecked(&self) -> &T {
        // SAFETY: as this function's; nobody changes the data any more.
        unsafe { &(*self.data.get()).value }
    }

    fn holds(&self) -> Holds {
        match self.once.state() {
            super::OnceState::Done => Holds::Value,
            super::OnceState::New => Holds::Make,
            _ => Holds::Nothing,
        }
    }
}

impl<T, F> Drop for LazyLock<T, F> {
    fn drop(&mut self) {
        let holds = self.holds();
        let data = self.data.get_mut();
        // SAFETY: it holds that, and is not used any more.
        unsafe {
            match holds {
                Holds::Value => ManuallyDrop::drop(&mut data.value),
                Holds::Make => ManuallyDrop::drop(&mut data.make),
                Holds::Nothing => {}
            }
        }
    }
}

impl<T, F: FnOnce() -> T> Deref for LazyLock<T, F> {
    type Target = T;

    #[inline]
    #[track_caller]
    fn deref(&self) -> &T {
        Self::force(self)
    }
}

impl<T, F: FnOnce() -> T> DerefMut for LazyLock<T, F> {
    #[inline]
    #[track_caller]
    fn deref_mut(&mut self) -> &mut T {
        Self::force_mut(self)
    }
}

impl<T: Default> Default for LazyLock<T> {
    fn default() -> Self {
        LazyLock::new(T::default)
    }
}

impl<T: fmt::Debug, F> fmt::Debug for LazyLock<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("LazyLock");
        match Self::get(self) {
            Some(value) => tuple.field(value),
            None => tuple.field(&format_args!("<uninit>")),
        };
        tuple.finish()
    }
}
