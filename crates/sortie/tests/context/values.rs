//! Values of contexts.

use sortie::context::Context;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn the_nearest_counts() {
    let outer = Context::background().with_value(1u8).with_value("one");
    let inner = outer.with_value(2u8);
    assert_eq!(*outer.value::<u8>().unwrap(), 1);
    assert_eq!(*inner.value::<u8>().unwrap(), 2);
    assert_eq!(*inner.value::<&str>().unwrap(), "one");
    assert!(inner.value::<String>().is_none());
}

#[test]
fn they_go_down_through_all_kinds_of_contexts() {
    let (context, _cancel) = Context::background().with_value(7u64).with_cancel();
    let context = context.without_cancel().with_value("seven");
    let (context, _cancel) = context.with_timeout(std::time::Duration::from_secs(3600));
    assert_eq!(*context.value::<u64>().unwrap(), 7);
    assert_eq!(*context.value::<&str>().unwrap(), "seven");
}

#[test]
fn a_value_outlives_its_context() {
    let value = Context::background()
        .with_value(String::from("kept"))
        .value::<String>();
    assert_eq!(*value.unwrap(), "kept");
}

#[test]
fn a_value_is_dropped_with_the_last_context_that_has_it() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let context = Context::background().with_value(Counted(drops.clone()));
    let clone = context.clone();
    let (child, cancel) = context.with_cancel();
    drop((context, clone));
    assert_eq!(drops.load(SeqCst), 0);
    // The child ends, and keeps it.
    cancel.cancel();
    drop(cancel);
    assert!(child.value::<Counted>().is_some());
    assert_eq!(drops.load(SeqCst), 0);
    drop(child);
    assert_eq!(drops.load(SeqCst), 1);
}

/// Its destructor may do what it likes with contexts, also with those below it.
#[test]
fn a_value_that_is_dropped_may_have_contexts() {
    struct Owns(Option<Context>, Context);
    impl Drop for Owns {
        fn drop(&mut self) {
            let (child, cancel) = self.1.with_cancel();
            cancel.cancel();
            assert!(child.err().is_some());
            self.0.take();
        }
    }
    let (root, _cancel) = Context::background().with_cancel();
    let mut context = root.clone();
    for _ in 0..100 {
        let (own, cancel) = context.with_cancel();
        cancel.disarm();
        context = own.with_value(Owns(Some(own.clone()), root.clone()));
    }
    drop(context);
    assert_eq!(root.err(), None);
}

#[test]
fn searching_a_deep_chain() {
    let mut context = Context::background().with_value("bottom");
    for i in 0..100_000u32 {
        context = if i % 2 == 0 {
            context.with_value(i)
        } else {
            context.without_cancel()
        };
    }
    assert_eq!(*context.value::<&str>().unwrap(), "bottom");
    assert_eq!(*context.value::<u32>().unwrap(), 99_998);
    assert!(context.to_string().len() > 100_000);
}
