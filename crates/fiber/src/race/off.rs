//! No detector.

use crate::error::Unsupported;

pub(super) const DETECTS: bool = false;
pub(super) const OWN_THREADS: usize = 0;

#[inline(always)]
pub(super) fn needs_fresh_stacks() -> bool {
    false
}

#[derive(Debug, Default)]
pub(super) struct Context;

impl Context {
    #[inline(always)]
    pub(super) fn new(_ordered: bool) -> Self {
        Context
    }

    #[inline(always)]
    pub(super) fn name(&self, _name: impl FnOnce() -> String) {}

    #[inline(always)]
    pub(super) fn within<T>(&self, f: impl FnOnce() -> T) -> T {
        f()
    }

    #[inline(always)]
    pub(super) fn stand_in<T>(&self, f: impl FnOnce() -> T) -> T {
        f()
    }
}

#[derive(Debug)]
pub(super) struct Hidden;

impl Hidden {
    #[inline(always)]
    pub(super) fn all() -> Self {
        Hidden
    }

    #[inline(always)]
    pub(super) fn accesses() -> Self {
        Hidden
    }
}

pub(super) struct Shown;

impl Shown {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Shown
    }
}

#[inline(always)]
pub(super) fn release(_address: *const ()) {}

#[inline(always)]
pub(super) fn acquire(_address: *const ()) {}

#[inline(always)]
pub(super) unsafe fn forget_order(_start: usize, _length: usize) {}

pub(super) unsafe fn forget(_start: usize, _length: usize) {}

pub(super) fn context_word(_lowest: isize) -> Result<Option<isize>, Unsupported> {
    Ok(None)
}
