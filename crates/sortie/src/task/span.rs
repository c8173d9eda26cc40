//! A `tracing` span for each goroutine.
//!
//! The span is made by whoever starts the goroutine, so its parent is the span that
//! is current there, and the goroutine is inside it from its begin to its end: what it
//! logs is told with the goroutine's number and name, and where it came from. A goroutine
//! has thread-locals of its own, so nothing is to be done when it waits.

use super::panic::{is_exit, message};
use crate::base::atomic::Ordering;
use crate::goroutine::current;
use crate::sched::spawn::Plan;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use tracing::{Span, field};

/// Runs `f` in a span of its own, below the caller's.
#[inline]
pub(super) fn below<F, T>(plan: &Plan, f: F) -> impl FnOnce() -> T + use<F, T>
where
    F: FnOnce() -> T,
{
    let name = plan
        .details
        .as_ref()
        .and_then(|details| details.name.as_deref());
    let span = tracing::debug_span!(
        target: "sortie",
        "goroutine",
        id = field::Empty,
        name,
        created_at = %plan.place,
    );
    move || run(span, f)
}

/// The same for a goroutine that nobody starts: its span is made when it begins, since
/// where it is made subscribers cannot run.
pub(super) fn alone<F, T>(place: &'static Location<'static>, f: F) -> impl FnOnce() -> T
where
    F: FnOnce() -> T,
{
    move || {
        let span = tracing::debug_span!(
            target: "sortie",
            parent: None,
            "goroutine",
            id = field::Empty,
            name = field::Empty,
            created_at = %place,
        );
        run(span, f)
    }
}

/// The goroutine's life.
fn run<T>(span: Span, f: impl FnOnce() -> T) -> T {
    if let Some(g) = current::current() {
        span.record("id", g.id.load(Ordering::Relaxed));
    }
    let _entered = span.entered();
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|cause| {
        if !is_exit(&*cause) {
            let panic = message(&*cause);
            tracing::error!(target: "sortie", panic, "goroutine panicked");
        }
        resume_unwind(cause)
    })
}
