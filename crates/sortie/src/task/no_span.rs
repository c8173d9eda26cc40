//! In place of `span` where there is no `tracing`.

use crate::sched::spawn::Plan;
use std::panic::Location;

/// Just `f`.
#[inline(always)]
pub(super) fn below<F, T>(_: &Plan, f: F) -> F
where
    F: FnOnce() -> T,
{
    f
}

/// Just `f`.
#[inline(always)]
pub(super) fn alone<F, T>(_: &'static Location<'static>, f: F) -> F
where
    F: FnOnce() -> T,
{
    f
}
