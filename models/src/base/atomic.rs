//! loom's atomics and cells, with the constructors and methods of std's.
//!
//! loom must get to know an atomic when a model runs, so its constructors are not
//! `const`; those of some of the runtime's types are. Here such an atomic keeps its
//! first value until somebody looks at it, and is made known then. loom insists that
//! whatever happens to an atomic happens after that, so a model shows each of its
//! objects to [`known`] before it starts threads. Where this is forgotten loom
//! complains of a concurrent access.
//!
//! loom orders a plain store and an exchange by another thread only if one of them
//! happens before the other. So it lets an exchange read an old value although
//! there was a store meanwhile, which no computer does, and which loses wake-ups.
//! Words that are stored and exchanged by several threads are `u32`s here; their
//! stores are made exchanges, which loom puts into one order.
//!
//! loom takes a sequentially consistent access for an acquiring and releasing one.
//! The language promises more: a change of that kind and a later load of that kind by
//! the same thread are as good as if there were a fence in between. loom has to be
//! told where, which promises too much to what else is in between. So there are two
//! ways to run a model, and a protocol that relies on such accesses has to be right
//! in both: see [`Consistency`].
//!
//! Cells note each access, also of who only asks where the value is, and that they
//! are dropped; so loom finds those that no protocol orders.

pub(crate) use loom::sync::atomic::{Ordering, fence};
use std::cell::Cell as StdCell;
use std::fmt::{self, Debug};
use std::sync::OnceLock;

/// Makes loom acquainted with all atomics of a value: showing one for debugging
/// is a way to look at it.
pub(crate) fn known<T: Debug>(value: T) -> T {
    let _ = format!("{value:?}");
    value
}

/// Where a fence is between sequentially consistent accesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Consistency {
    /// Behind each change, as x86 has it. Finds a release store behind the change that
    /// a load overtakes; not a load that is too weak.
    BehindChanges,
    /// Before a load, if the thread has changed something before. Finds a load that is
    /// too weak; not a store that it overtakes.
    BeforeLoads,
}

thread_local! {
    static CONSISTENCY: StdCell<Consistency> = const { StdCell::new(Consistency::BeforeLoads) };
}

loom::thread_local! {
    /// Whether the thread has changed an atomic with sequential consistency, and
    /// not passed a fence since.
    static CHANGED: StdCell<bool> = StdCell::new(false);
}

/// Before a load of this ordering.
fn before_load(ordering: Ordering) {
    if ordering == Ordering::SeqCst
        && CONSISTENCY.get() == Consistency::BeforeLoads
        && CHANGED.with(|changed| changed.replace(false))
    {
        fence(Ordering::SeqCst);
    }
}

/// Behind a change of this ordering.
fn behind_change(ordering: Ordering) {
    if ordering == Ordering::SeqCst {
        match CONSISTENCY.get() {
            Consistency::BehindChanges => fence(Ordering::SeqCst),
            Consistency::BeforeLoads => CHANGED.with(|changed| changed.set(true)),
        }
    }
}

/// What all atomics can do.
macro_rules! methods {
    ($name:ident $(<$parameter:ident>)?, $value:ty, $store:ident) => {
        #[allow(dead_code, reason = "not each type of atomic is used in each way")]
        impl $(<$parameter>)? $name $(<$parameter>)? {
            pub(crate) fn load(&self, ordering: Ordering) -> $value {
                before_load(ordering);
                self.get().load(ordering)
            }

            pub(crate) fn store(&self, value: $value, ordering: Ordering) {
                let _ = self.get().$store(value, ordering);
                behind_change(ordering);
            }

            pub(crate) fn swap(&self, value: $value, ordering: Ordering) -> $value {
                let before = self.get().swap(value, ordering);
                behind_change(ordering);
                before
            }

            pub(crate) fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let result = self.get().compare_exchange(current, new, success, failure);
                if result.is_ok() {
                    behind_change(success);
                }
                result
            }

            pub(crate) fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.compare_exchange(current, new, success, failure)
            }
        }

        impl $(<$parameter>)? Debug for $name $(<$parameter>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                // No load: that would be a step of the model.
                let _ = self.get();
                f.write_str(stringify!($name))
            }
        }
    };
}

/// Defines an atomic of the given name and type of value, and how it is stored.
macro_rules! late {
    ($name:ident, $value:ty, $store:ident) => {
        pub(crate) struct $name {
            first: $value,
            known: OnceLock<loom::sync::atomic::$name>,
        }

        impl $name {
            pub(crate) const fn new(first: $value) -> Self {
                Self {
                    first,
                    known: OnceLock::new(),
                }
            }

            fn get(&self) -> &loom::sync::atomic::$name {
                self.known
                    .get_or_init(|| loom::sync::atomic::$name::new(self.first))
            }
        }

        methods!($name, $value, $store);
    };
}

/// The same for types that nobody makes in a constant: loom knows them at once.
macro_rules! early {
    ($name:ident $(<$parameter:ident>)?, $value:ty) => {
        pub(crate) struct $name $(<$parameter>)? (loom::sync::atomic::$name $(<$parameter>)?);

        impl $(<$parameter>)? $name $(<$parameter>)? {
            pub(crate) fn new(first: $value) -> Self {
                Self(loom::sync::atomic::$name::new(first))
            }

            fn get(&self) -> &loom::sync::atomic::$name $(<$parameter>)? {
                &self.0
            }
        }

        methods!($name $(<$parameter>)?, $value, store);
    };
}

late!(AtomicU32, u32, swap);
late!(AtomicU64, u64, store);
late!(AtomicUsize, usize, store);
early!(AtomicBool, bool);
early!(AtomicU8, u8);
early!(AtomicPtr<T>, *mut T);

/// Arithmetic, where it is used.
macro_rules! arithmetic {
    ($name:ident, $value:ty, $($method:ident),+) => {
        impl $name {
            $(
                pub(crate) fn $method(&self, value: $value, ordering: Ordering) -> $value {
                    let before = self.get().$method(value, ordering);
                    behind_change(ordering);
                    before
                }
            )+
        }
    };
}

arithmetic!(AtomicU32, u32, fetch_add, fetch_sub, fetch_or, fetch_and);
arithmetic!(AtomicU64, u64, fetch_add, fetch_sub, fetch_or, fetch_and);
arithmetic!(
    AtomicUsize,
    usize,
    fetch_add,
    fetch_sub,
    fetch_or,
    fetch_and
);

impl Default for AtomicUsize {
    fn default() -> Self {
        Self::new(0)
    }
}

thread_local! {
    /// Cells that are alive. loom's threads all run on the OS thread of their model.
    static CELLS: StdCell<isize> = const { StdCell::new(0) };
}

/// Forgets what an earlier execution left. This one is run with that consistency.
pub(crate) fn forget(consistency: Consistency) {
    CELLS.set(0);
    CONSISTENCY.set(consistency);
}

/// Checks that all cells were dropped, and so what they were part of.
pub(crate) fn no_cells() {
    assert_eq!(CELLS.get(), 0, "cells that are alive");
}

/// A cell that is used by one thread at a time.
pub(crate) struct UnsafeCell<T>(loom::cell::UnsafeCell<T>);

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        CELLS.set(CELLS.get() + 1);
        UnsafeCell(loom::cell::UnsafeCell::new(value))
    }

    /// Where the value is. Noted as a change.
    pub(crate) fn get(&self) -> *mut T {
        self.0.with_mut(|value| value)
    }
}

impl<T> Debug for UnsafeCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnsafeCell")
    }
}

impl<T> Drop for UnsafeCell<T> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let _ = self.get();
            CELLS.set(CELLS.get() - 1);
        }
    }
}

/// A cell of which copies are made. loom gets to know it when it is first looked at,
/// as it does atomics, so that it may be made in a constant.
pub(crate) struct Cell<T> {
    first: T,
    known: OnceLock<UnsafeCell<T>>,
}

impl<T> Cell<T> {
    pub(crate) const fn new(first: T) -> Self {
        Cell {
            first,
            known: OnceLock::new(),
        }
    }
}

impl<T: Copy> Cell<T> {
    fn known(&self) -> &UnsafeCell<T> {
        self.known.get_or_init(|| UnsafeCell::new(self.first))
    }

    pub(crate) fn get(&self) -> T {
        // SAFETY: nobody changes it now, or loom had stopped.
        self.known().0.with(|value| unsafe { *value })
    }

    pub(crate) fn set(&self, value: T) {
        self.replace(value);
    }

    pub(crate) fn replace(&self, value: T) -> T {
        // SAFETY: nobody else uses it now, or loom had stopped.
        unsafe { self.known().get().replace(value) }
    }
}

impl<T: Copy> Debug for Cell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = self.known();
        f.write_str("Cell")
    }
}

/// A hint, which is none of a model's business.
pub(crate) fn prefetch_behind<T>(_: &AtomicPtr<T>) {}
