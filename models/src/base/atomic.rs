//! loom's atomics, with the constructors of std's.
//!
//! loom must get to know an atomic when a model runs, so its constructors are not
//! `const`; those of the runtime's types are. Here an atomic keeps its first value
//! until somebody looks at it, and is made known then. loom insists that whatever
//! happens to an atomic happens after that, so a model shows each of its objects
//! to [`known`] before it starts threads. Where this is forgotten loom complains of
//! a concurrent access.
//!
//! loom orders a plain store and an exchange by another thread only if one of them
//! happens before the other. So it lets an exchange read an old value although
//! there was a store meanwhile, which no computer does, and which loses wake-ups.
//! Words that are stored and exchanged by several threads are `u32`s here; their
//! stores are made exchanges, which loom puts into one order.

pub(crate) use loom::sync::atomic::Ordering;
use std::fmt::Debug;
use std::sync::OnceLock;

/// Makes loom acquainted with all atomics of a value: showing one for debugging
/// is a way to look at it.
pub(crate) fn known<T: Debug>(value: T) -> T {
    let _ = format!("{value:?}");
    value
}

/// Defines an atomic of the given name and type of value, and how it is stored.
macro_rules! atomic {
    ($name:ident $(<$parameter:ident>)?, $value:ty, $store:ident) => {
        pub(crate) struct $name $(<$parameter>)? {
            /// std's, since a raw pointer may not be shared.
            first: std::sync::atomic::$name $(<$parameter>)?,
            known: OnceLock<loom::sync::atomic::$name $(<$parameter>)?>,
        }

        impl $(<$parameter>)? $name $(<$parameter>)? {
            pub(crate) const fn new(first: $value) -> Self {
                Self {
                    first: std::sync::atomic::$name::new(first),
                    known: OnceLock::new(),
                }
            }

            fn get(&self) -> &loom::sync::atomic::$name $(<$parameter>)? {
                self.known.get_or_init(|| {
                    loom::sync::atomic::$name::new(self.first.load(Ordering::Relaxed))
                })
            }

            pub(crate) fn load(&self, ordering: Ordering) -> $value {
                self.get().load(ordering)
            }

            pub(crate) fn store(&self, value: $value, ordering: Ordering) {
                let _ = self.get().$store(value, ordering);
            }

            #[allow(dead_code, reason = "not each type of atomic is used in each way")]
            pub(crate) fn swap(&self, value: $value, ordering: Ordering) -> $value {
                self.get().swap(value, ordering)
            }

            #[allow(dead_code, reason = "as above")]
            pub(crate) fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.get().compare_exchange(current, new, success, failure)
            }

            #[allow(dead_code, reason = "as above")]
            pub(crate) fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                self.get().compare_exchange_weak(current, new, success, failure)
            }
        }

        impl $(<$parameter>)? Debug for $name $(<$parameter>)? {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                // No load: that would be a step of the model.
                let _ = self.get();
                f.write_str(stringify!($name))
            }
        }
    };
}

impl Default for AtomicUsize {
    fn default() -> Self {
        Self::new(0)
    }
}

atomic!(AtomicBool, bool, store);
atomic!(AtomicU32, u32, swap);
atomic!(AtomicU64, u64, store);
atomic!(AtomicUsize, usize, store);
atomic!(AtomicPtr<T>, *mut T, store);

impl AtomicU32 {
    pub(crate) fn fetch_add(&self, value: u32, ordering: Ordering) -> u32 {
        self.get().fetch_add(value, ordering)
    }

    pub(crate) fn fetch_sub(&self, value: u32, ordering: Ordering) -> u32 {
        self.get().fetch_sub(value, ordering)
    }
}
