//! The models, a file for each protocol.

mod claim;
mod hand_off;
mod join;
mod lock;
mod machines;
mod park;
mod run_queue;
mod seat;
mod wake_gate;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Runs a model in all orders.
fn explore(name: &str, model: impl Fn() + Send + Sync + 'static) {
    explore_bounded(name, None, model);
}

/// Runs a model in all orders with so many preemptions at most.
fn explore_bounded(
    name: &str,
    preemptions: impl Into<Option<usize>>,
    model: impl Fn() + Send + Sync + 'static,
) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions.into();
    let executions = Arc::new(AtomicUsize::new(0));
    let count = executions.clone();
    let start = Instant::now();
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        crate::base::futex::forget();
        crate::sched::deadlock::forget();
        model();
    });
    let executions = executions.load(Ordering::Relaxed);
    println!("{name}: {executions} executions in {:?}", start.elapsed());
}
