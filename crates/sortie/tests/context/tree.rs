//! Trees: what ends with what, and that nothing is left behind.

use sortie::context::{Context, ContextError};
use std::thread;

/// Contexts in a chain, each made from the one before.
fn chain(from: &Context, length: usize) -> Vec<Context> {
    let mut all = Vec::new();
    let mut last = from.clone();
    for _ in 0..length {
        let (next, cancel) = last.with_cancel();
        cancel.disarm();
        all.push(next.clone());
        last = next;
    }
    all
}

/// All contexts of a tree in which each inner one has `degree` children.
fn tree(root: &Context, degree: usize, depth: usize) -> Vec<Context> {
    let mut all = vec![root.clone()];
    let mut level = 0;
    for _ in 0..depth {
        let end = all.len();
        for parent in level..end {
            for _ in 0..degree {
                let (child, cancel) = all[parent].with_cancel();
                cancel.disarm();
                all.push(child);
            }
        }
        level = end;
    }
    all
}

fn all_canceled(contexts: &[Context]) -> bool {
    contexts
        .iter()
        .all(|context| context.err() == Some(ContextError::Canceled))
}

#[test]
fn the_background_never_ends() {
    assert_eq!(Context::background().err(), None);
}

#[test]
fn children_of_what_has_ended_have_ended() {
    let (context, cancel) = Context::background().with_cancel();
    cancel.cancel();
    let (child, _cancel) = context.with_cancel();
    assert!(all_canceled(&chain(&child, 3)));
}

#[test]
fn a_child_does_not_end_its_parent() {
    let (context, _cancel) = Context::background().with_cancel();
    let (child, cancel) = context.with_cancel();
    let (sibling, _cancel_sibling) = context.with_cancel();
    cancel.cancel();
    assert!(all_canceled(&[child]));
    assert_eq!(context.err(), None);
    assert_eq!(sibling.err(), None);
}

#[test]
fn dropping_the_cancel_function_cancels() {
    let (context, cancel) = Context::background().with_cancel();
    drop(cancel);
    assert!(all_canceled(&[context]));
}

#[test]
fn what_nobody_uses_any_more_is_no_obstacle() {
    let (context, cancel) = Context::background().with_cancel();
    let mut kept = Vec::new();
    for i in 0..1000 {
        let (child, cancel) = context.with_cancel();
        cancel.disarm();
        if i % 3 == 0 {
            kept.push(child);
        }
    }
    cancel.cancel();
    assert!(all_canceled(&kept));
}

#[test]
fn a_tree_of_ten_thousand_ends() {
    for (degree, depth) in [(10_000, 1), (10, 4), (2, 13)] {
        let (root, cancel) = Context::background().with_cancel();
        let all = tree(&root, degree, depth);
        cancel.cancel();
        assert!(all_canceled(&all));
    }
}

#[test]
fn a_chain_of_a_hundred_thousand_ends_and_is_dropped() {
    thread::Builder::new()
        .stack_size(64 << 10)
        .spawn(|| {
            let (root, cancel) = Context::background().with_cancel();
            let mut chain = chain(&root, 100_000);
            // The last keeps the others.
            chain.drain(..99_999);
            cancel.cancel();
            assert!(all_canceled(&chain));
            drop(cancel);
            drop(root);
            drop(chain);
        })
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn several_may_cancel_the_same_tree_and_each_sees_its_end() {
    for _ in 0..200 {
        let (root, cancel) = Context::background().with_cancel();
        let all = tree(&root, 3, 4);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    cancel.cancel();
                    assert!(all_canceled(&all));
                });
            }
        });
    }
}
