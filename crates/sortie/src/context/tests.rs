//! What contexts know of each other, by a look inside: tests of Go's
//! context/context_test.go, and those of afterfunc_test.go that count.
//!
//! <https://github.com/golang/go/blob/master/src/context/context_test.go>

use super::context::Context;
use super::error::ContextError;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(1000 * 3600);

/// The children of a context, the newest first.
fn children(context: &Context) -> Vec<*const ()> {
    let inner = context.node().unwrap().inner.lock();
    inner
        .children
        .all()
        .into_iter()
        .map(|child| child.as_ptr().cast_const().cast())
        .collect()
}

fn address(context: &Context) -> *const () {
    context
        .node()
        .unwrap()
        .as_ptr()
        .as_ptr()
        .cast_const()
        .cast()
}

fn functions(context: &Context) -> usize {
    let inner = context.node().unwrap().inner.lock();
    let Some(extra) = &inner.extra else { return 0 };
    let count = extra.functions.all().len();
    assert_eq!(extra.anchor.is_some(), count > 0);
    count
}

/// XTestParentFinishesChild.
#[test]
fn a_parent_finishes_its_children() {
    let (parent, cancel) = Context::background().with_cancel();
    let (child, _cancel_child) = parent.with_cancel();
    let value = parent.with_value("value");
    let (timed, _cancel_timed) = value.with_timeout(LONG);
    assert_eq!(children(&parent), [address(&timed), address(&child)]);
    assert_eq!(address(&value), address(&parent));
    assert!(timed.node().unwrap().is_alarm_set());
    cancel.cancel();
    assert!(children(&parent).is_empty());
    assert!(!timed.node().unwrap().is_alarm_set());
    for context in [&parent, &child, &value, &timed] {
        assert!(context.done().is_closed());
        assert_eq!(context.err(), Some(ContextError::Canceled));
    }
    let late = parent.with_value("value");
    assert!(late.done().is_closed());
    let (late, _cancel) = late.with_timeout(LONG);
    assert_eq!(late.err(), Some(ContextError::Canceled));
    assert!(!late.node().unwrap().is_alarm_set());
    assert!(children(&parent).is_empty());
}

/// XTestChildFinishesFirst.
#[test]
fn a_child_finishes_first() {
    let (child, cancel) = Context::background().with_cancel();
    cancel.cancel();
    assert_eq!(child.err(), Some(ContextError::Canceled));

    let (parent, _cancel) = Context::background().with_cancel();
    let (child, cancel) = parent.with_cancel();
    assert_eq!(children(&parent), [address(&child)]);
    cancel.cancel();
    assert!(children(&parent).is_empty());
    assert_eq!(child.err(), Some(ContextError::Canceled));
    assert_eq!(parent.err(), None);
    assert!(!parent.done().is_closed());
}

/// XTestCancelRemoves, TestCustomContextAfterFuncUnregisterCancel, ...Timeout,
/// ...AfterFunc.
#[test]
fn who_is_cancelled_or_stopped_is_removed() {
    let (context, _cancel) = Context::background().with_cancel();
    let (_child, cancel) = context.with_cancel();
    let (_other, cancel_other) = context.with_cancel();
    assert_eq!(children(&context).len(), 2);
    cancel.cancel();
    cancel_other.cancel();
    assert!(children(&context).is_empty());

    let (_child, cancel) = context.with_timeout(LONG);
    assert_eq!(children(&context).len(), 1);
    cancel.cancel();
    assert!(children(&context).is_empty());

    let stops = [(); 3].map(|()| context.after_func(|| unreachable!("it is stopped")));
    for left in (0..3).rev() {
        assert_eq!(functions(&context), left + 1);
        assert!(stops[left].stop());
    }
    assert_eq!(functions(&context), 0);
}

#[test]
fn who_is_dropped_is_removed() {
    let (context, _cancel) = Context::background().with_cancel();
    let all: Vec<Context> = (0..10)
        .map(|_| {
            let (child, cancel) = context.with_cancel();
            cancel.disarm();
            child
        })
        .collect();
    let kept: Vec<&Context> = all.iter().rev().step_by(3).collect();
    let addresses: Vec<_> = kept.iter().map(|child| address(child)).collect();
    let kept: Vec<Context> = kept.into_iter().cloned().collect();
    drop(all);
    assert_eq!(children(&context), addresses);
    drop(kept);
    assert!(children(&context).is_empty());
}

/// A chain keeps all its links, and none of them when its end is dropped.
#[test]
fn a_chain_that_is_dropped_is_removed() {
    let (root, _cancel) = Context::background().with_cancel();
    let mut end = root.clone();
    for i in 0..100 {
        let (next, cancel) = end.with_cancel();
        cancel.disarm();
        end = if i % 2 == 0 { next.with_value(i) } else { next };
    }
    assert_eq!(children(&root).len(), 1);
    drop(end);
    assert!(children(&root).is_empty());
}

#[test]
fn a_function_keeps_its_context_until_it_is_called() {
    let (root, cancel) = Context::background().with_cancel();
    let (child, cancel_child) = root.with_cancel();
    cancel_child.disarm();
    drop(child.after_func(|| {}));
    assert_eq!(functions(&child), 1);
    drop(child);
    assert_eq!(children(&root).len(), 1);
    cancel.cancel();
    assert!(children(&root).is_empty());
}
