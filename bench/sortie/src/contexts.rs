//! Workloads on contexts.

use crate::{scaled, timed};
use sortie::context::{CancelFn, Context};
use std::time::Duration;

/// Makes contexts and cancels the first, again and again: so many in all.
fn trees(rounds: u64, contexts: u64, plant: impl Fn(&Context) -> Vec<(Context, CancelFn)>) -> f64 {
    let rounds = scaled(rounds);
    timed(rounds * contexts, || {
        for _ in 0..rounds {
            let (root, cancel) = Context::background().with_cancel();
            let tree = plant(&root);
            cancel.cancel();
            let (last, _) = tree.last().unwrap();
            assert!(last.err().is_some());
            assert_eq!(tree.len() as u64, contexts);
        }
    })
}

/// A chain of 1 000 contexts, each the child of the one before.
pub(crate) fn chain() -> f64 {
    trees(1_000, 1_000, |root| {
        let mut chain = Vec::with_capacity(1_000);
        let mut parent = root.clone();
        for _ in 0..1_000 {
            let child = parent.with_cancel();
            parent = child.0.clone();
            chain.push(child);
        }
        chain
    })
}

/// 10 000 children of the same context.
pub(crate) fn wide() -> f64 {
    trees(100, 10_000, |root| {
        (0..10_000).map(|_| root.with_cancel()).collect()
    })
}

/// A tree of 11 110 contexts: each has ten children, down to 10 000 leaves.
pub(crate) fn tree() -> f64 {
    trees(90, 11_110, |root| {
        let mut tree: Vec<_> = (0..10).map(|_| root.with_cancel()).collect();
        let mut next = 0;
        while tree.len() < 11_110 {
            let parent = tree[next].0.clone();
            tree.extend((0..10).map(|_| parent.with_cancel()));
            next += 1;
        }
        tree
    })
}

/// 1 M contexts with a time-out of an hour, each cancelled at once.
pub(crate) fn timeouts() -> f64 {
    let contexts = scaled(1_000_000);
    let root = Context::background();
    timed(contexts, || {
        for _ in 0..contexts {
            let (context, cancel) = root.with_timeout(Duration::from_secs(3600));
            cancel.cancel();
            assert!(context.err().is_some());
        }
    })
}
