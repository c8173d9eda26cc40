//! Functions that are called when a context ends.

use sortie::chan::{TryRecvError, bounded, unbounded};
use sortie::context::{Context, StopFn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

#[test]
fn each_is_called_once() {
    let (context, cancel) = Context::background().with_cancel();
    let (sender, receiver) = unbounded();
    for i in 0..1000 {
        let sender = sender.clone();
        context.after_func(move || sender.send(i).unwrap());
    }
    drop(sender);
    cancel.cancel();
    cancel.cancel();
    let mut calls: Vec<i32> = receiver.iter().collect();
    calls.sort_unstable();
    assert!(calls.into_iter().eq(0..1000));
}

#[test]
fn they_run_on_goroutines_that_were_made_where_they_were_passed() {
    let (context, cancel) = Context::background().with_cancel();
    let (sender, receiver) = bounded(1);
    context.after_func(move || {
        let own = sortie::task::current().unwrap().id();
        let dump = sortie::runtime::dump().to_string();
        let start = dump.find(&format!("goroutine {own} ")).unwrap();
        let of_mine = dump[start..].split("\n\n").next().unwrap().to_string();
        sender.send(of_mine).unwrap();
    });
    cancel.cancel();
    let dump = receiver.recv().unwrap();
    assert!(dump.contains("functions.rs"), "{dump}");
}

#[test]
fn some_are_stopped() {
    let (context, cancel) = Context::background().with_cancel();
    let (sender, receiver) = unbounded();
    let stops: Vec<StopFn> = (0..1000)
        .map(|i| {
            let sender = sender.clone();
            context.after_func(move || sender.send(i).unwrap())
        })
        .collect();
    drop(sender);
    for stop in stops.iter().step_by(2) {
        assert!(stop.stop());
        assert!(!stop.stop());
    }
    cancel.cancel();
    let mut calls: Vec<i32> = receiver.iter().collect();
    calls.sort_unstable();
    assert!(calls.into_iter().eq((1..1000).step_by(2)));
    assert!(!stops.iter().any(StopFn::stop));
}

#[test]
fn what_never_ends_calls_nothing() {
    for context in [
        Context::background(),
        Context::background().with_value(1),
        Context::background().with_cancel().0.without_cancel(),
    ] {
        let (sender, receiver) = bounded::<()>(0);
        let stop = context.after_func(move || sender.send(()).unwrap());
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        assert!(stop.stop());
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        assert!(!stop.stop());
    }
}

/// What is dropped has no function any more, unless that waits for its parent.
#[test]
fn a_context_is_kept_for_its_functions() {
    let (root, cancel) = Context::background().with_cancel();
    let (sender, receiver) = bounded(1);
    {
        let (context, cancel) = root.with_value(1).with_cancel();
        cancel.disarm();
        // Holds the context, which holds the function.
        let own = context.clone();
        context.after_func(move || sender.send(own.err().is_some()).unwrap());
    }
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    cancel.cancel();
    assert_eq!(receiver.recv(), Ok(true));
    assert!(receiver.recv().is_err(), "it is dropped");
}

#[test]
fn a_context_that_is_kept_for_a_function_ends_at_its_deadline() {
    let (sender, receiver) = bounded::<()>(0);
    {
        let (context, cancel) = Context::background().with_timeout(Duration::from_millis(1));
        cancel.disarm();
        context.after_func(move || drop(sender));
    }
    assert!(receiver.recv().is_err());
}

#[test]
fn stopped_its_context_is_not_kept() {
    let gone = Arc::new(());
    let (root, _cancel) = Context::background().with_cancel();
    let (context, cancel) = root.with_value(gone.clone()).with_cancel();
    cancel.disarm();
    let own = context.clone();
    let stop = context.after_func(move || drop(own));
    drop(context);
    assert_eq!(Arc::strong_count(&gone), 2);
    assert!(stop.stop());
    drop(stop);
    assert_eq!(Arc::strong_count(&gone), 1);
}

#[test]
fn a_function_may_use_its_context() {
    let (context, cancel) = Context::background().with_cancel();
    let (sender, receiver) = bounded(1);
    let own = context.clone();
    context.after_func(move || {
        let (child, _cancel) = own.with_cancel();
        let again = sender.clone();
        own.after_func(move || again.send(()).unwrap());
        assert!(child.err().is_some());
    });
    cancel.cancel();
    assert_eq!(receiver.recv(), Ok(()));
}

/// Either it was stopped or it is called, and who stops it knows.
#[test]
fn stopping_while_it_ends() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let mut stopped = 0;
    let (done, is_done) = bounded::<()>(0);
    for _ in 0..2000 {
        let (context, cancel) = Context::background().with_cancel();
        let done = done.clone();
        let stop = context.after_func(move || {
            CALLS.fetch_add(1, SeqCst);
            drop(done);
        });
        let canceller = std::thread::spawn(move || cancel.cancel());
        stopped += usize::from(stop.stop());
        canceller.join().unwrap();
    }
    drop(done);
    assert!(is_done.recv().is_err());
    assert_eq!(stopped + CALLS.load(SeqCst), 2000);
}

/// Wakers are foreign code. If one panics all ends nevertheless, and who cancels
/// hears of it.
#[test]
fn a_waker_that_panics() {
    use std::pin::pin;
    use std::task::{Context as Task, Wake, Waker};
    struct Panics;
    impl Wake for Panics {
        fn wake(self: Arc<Self>) {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
    }
    let (root, cancel) = Context::background().with_cancel();
    let children: Vec<_> = (0..3).map(|_| root.with_cancel()).collect();
    let (called, calls) = unbounded();
    for (child, _) in &children {
        let called = called.clone();
        child.after_func(move || called.send(()).unwrap());
    }
    let waker = Waker::from(Arc::new(Panics));
    let mut task = Task::from_waker(&waker);
    let mut futures: Vec<_> = children
        .iter()
        .map(|(child, _)| Box::pin(child.done().recv_async()))
        .collect();
    for future in &mut futures {
        assert!(pin!(future).poll(&mut task).is_pending());
    }
    let result = catch_unwind(AssertUnwindSafe(|| cancel.cancel()));
    assert_eq!(result.unwrap_err().downcast_ref(), Some(&"on purpose"));
    for (child, _) in &children {
        assert!(child.err().is_some() && child.done().is_closed());
        assert_eq!(calls.recv(), Ok(()));
    }
}
