//! The models, a file for each protocol.

mod claim;
mod countdown;
mod hand_off;
mod join;
mod lock;
mod machines;
mod network;
mod park;
mod permits;
mod readiness;
mod run_queue;
mod seat;
mod wake_gate;
mod watching;

use crate::base::atomic::Consistency;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

/// What one thread at a time may use. loom notices when two do, or when one does not
/// see what the last did.
#[derive(Debug, Default)]
pub(crate) struct Watched<T>(loom::cell::UnsafeCell<T>);

// SAFETY: loom runs one thread at a time, and stops at an access that the model does
// not order.
unsafe impl<T: Send> Sync for Watched<T> {}

impl<T> Watched<T> {
    pub(crate) fn new(value: T) -> Self {
        Watched(loom::cell::UnsafeCell::new(value))
    }

    pub(crate) fn change<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: nobody else uses it now, or loom had stopped.
        self.0.with_mut(|value| f(unsafe { &mut *value }))
    }

    pub(crate) fn look<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        // SAFETY: nobody changes it now, or loom had stopped.
        self.0.with(|value| f(unsafe { &*value }))
    }
}

/// One model at a time: each execution maps its threads' stacks anew, and two models
/// would mostly wait for each other in the kernel.
static TURN: Mutex<()> = Mutex::new(());

/// Runs a model in all orders.
pub(crate) fn explore(name: &str, model: impl Fn() + Send + Sync + 'static) {
    explore_bounded(name, None, model);
}

/// Runs a model in all orders with so many preemptions at most.
pub(crate) fn explore_bounded(
    name: &str,
    preemptions: impl Into<Option<usize>>,
    model: impl Fn() + Send + Sync + 'static,
) {
    check(name, preemptions.into(), Consistency::BeforeLoads, model);
}

/// The same for a protocol that relies on sequentially consistent accesses.
pub(crate) fn explore_consistent(
    name: &str,
    preemptions: usize,
    model: impl Fn() + Copy + Send + Sync + 'static,
) {
    for consistency in [Consistency::BehindChanges, Consistency::BeforeLoads] {
        check(name, Some(preemptions), consistency, model);
    }
}

fn check(
    name: &str,
    preemptions: Option<usize>,
    consistency: Consistency,
    model: impl Fn() + Send + Sync + 'static,
) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions;
    builder.max_branches = 10_000;
    let executions = Arc::new(AtomicUsize::new(0));
    let count = executions.clone();
    let start = Instant::now();
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        crate::base::atomic::forget(consistency);
        crate::base::backoff::forget();
        crate::base::futex::forget();
        crate::base::identity::forget();
        crate::chan::limits::forget();
        crate::park::forget();
        crate::sched::deadlock::forget();
        model();
    });
    let executions = executions.load(Ordering::Relaxed);
    println!("{name}: {executions} executions in {:?}", start.elapsed());
}
