//! Go's context/afterfunc_test.go: contexts that end with one that is not of the
//! package. Here that is one which a function cancels when its parent ends.
//!
//! <https://github.com/golang/go/blob/master/src/context/afterfunc_test.go>
//!
//! The tests that count functions (TestCustomContextAfterFuncUnregister...) are unit tests.

use sortie::chan::bounded;
use sortie::context::{CancelFn, Context, ContextError};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(1000 * 3600);

/// A context that follows another by a function, not by being its child.
fn follower(parent: &Context) -> Context {
    let (context, cancel) = Context::background().with_cancel();
    parent.after_func(move || cancel.cancel());
    context
}

/// TestCustomContextAfterFuncCancel.
#[test]
fn a_child_is_cancelled() {
    let (parent, cancel) = Context::background().with_cancel();
    let (child, _cancel) = follower(&parent).with_cancel();
    cancel.cancel();
    assert!(child.done().recv().is_err());
    assert_eq!(child.err(), Some(ContextError::Canceled));
}

/// TestCustomContextAfterFuncTimeout.
#[test]
fn a_child_with_a_timeout_is_cancelled() {
    let (parent, cancel) = Context::background().with_cancel();
    let (child, _cancel) = follower(&parent).with_timeout(LONG);
    cancel.cancel();
    assert!(child.done().recv().is_err());
    assert_eq!(child.err(), Some(ContextError::Canceled));
}

/// TestCustomContextAfterFuncAfterFunc.
#[test]
fn a_function_is_called() {
    let (parent, cancel) = Context::background().with_cancel();
    let (done, is_done) = bounded::<()>(0);
    follower(&parent).after_func(move || drop(done));
    cancel.cancel();
    assert!(is_done.recv().is_err());
}

/// The example "AfterFunc (Merge)" of the package: a context that ends with either
/// of two, for the cause of that one.
#[test]
fn a_context_of_two_parents() {
    fn merge(one: &Context, other: &Context) -> (Context, Arc<Mutex<Option<CancelFn>>>) {
        let (merged, cancel) = one.with_cancel();
        let cancel = Arc::new(Mutex::new(Some(cancel)));
        let own = cancel.clone();
        other.after_func(move || drop(own.lock().unwrap().take()));
        (merged, cancel)
    }
    for first in [true, false] {
        let (one, cancel_one) = Context::background().with_cancel();
        let (other, cancel_other) = Context::background().with_cancel();
        let (merged, _cancel) = merge(&one, &other);
        if first {
            cancel_one.cancel();
        } else {
            cancel_other.cancel();
        }
        assert!(merged.done().recv().is_err());
        assert_eq!(one.err().is_some(), first);
    }
}
