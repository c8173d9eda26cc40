//! The atomics of protocol files, and the cells that a protocol gives one thread at a
//! time: one place to exchange them for a model.

pub(crate) use std::cell::{Cell, UnsafeCell};
pub(crate) use std::sync::atomic::{
    AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering, compiler_fence,
    fence,
};
