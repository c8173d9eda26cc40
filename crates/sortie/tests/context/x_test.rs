//! Go's context/x_test.go.
//!
//! <https://github.com/golang/go/blob/master/src/context/x_test.go>
//!
//! Go's contexts are an interface, which programs implement as well; here they are one
//! type. Where a test is about a custom context, a context with a value stands for
//! it, or one that is cancelled by a function that follows its parent. Left out are
//! TestInvalidDerivedFail and TestWithValueChecksKey, since there is no nil context
//! and any type is a key; and TestCustomContextPropagation, whose context has a channel of
//! its own. Those of context_test.go, which look inside, are unit tests.

use sortie::chan::{TryRecvError, bounded, select};
use sortie::context::{CancelFn, Context, ContextError};
use sortie::time::{Instant, sleep};
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(1000 * 3600);

/// Another context that ends with this one.
fn other(context: &Context) -> Context {
    context.with_value(Other)
}

struct Other;

#[track_caller]
fn is_open(context: &Context) {
    select! {
        recv(context.done()) -> _ => panic!("{context} is done"),
        default => {}
    }
    assert_eq!(context.err(), None, "{context}");
}

#[track_caller]
fn has_ended(context: &Context, error: ContextError) {
    select! {
        recv(context.done()) -> message => assert!(message.is_err()),
        default => panic!("{context} is not done"),
    }
    assert_eq!(context.err(), Some(error), "{context}");
}

/// TestBackground, TestTODO.
#[test]
fn the_first_contexts() {
    for (context, text) in [
        (Context::background(), "context.Background"),
        (Context::todo(), "context.TODO"),
    ] {
        is_open(&context);
        assert_eq!(context.to_string(), text);
        assert_eq!(format!("{context:?}"), text);
    }
}

/// TestWithCancel.
#[test]
fn with_cancel() {
    let (c1, cancel) = Context::background().with_cancel();
    assert_eq!(c1.to_string(), "context.Background.WithCancel");
    let o = other(&c1);
    let (c2, _cancel) = o.with_cancel();
    let contexts = [c1, o, c2];
    contexts.iter().for_each(is_open);
    cancel.cancel();
    for context in &contexts {
        has_ended(context, ContextError::Canceled);
    }
}

#[track_caller]
fn times_out(context: &Context, within: Duration) {
    select! {
        recv(context.done()) -> _ => {}
        default(within) => panic!("{context} should have timed out"),
    }
    assert_eq!(context.err(), Some(ContextError::DeadlineExceeded));
}

/// TestDeadline.
#[test]
fn with_deadline() {
    let background = Context::background();
    let (c, _cancel) = background.with_deadline(Instant::now() + SHORT);
    assert!(
        c.to_string()
            .starts_with("context.Background.WithDeadline(")
    );
    times_out(&c, LONG);

    let (c, _cancel) = background.with_deadline(Instant::now() + SHORT);
    times_out(&other(&c), LONG);

    let (c, _cancel) = background.with_deadline(Instant::now() + SHORT);
    let (c, _cancel) = other(&c).with_deadline(Instant::now() + LONG);
    times_out(&c, LONG);

    let (c, _cancel) = background.with_deadline(Instant::now() - SHORT);
    times_out(&c, Duration::ZERO);
    assert!(
        c.to_string()
            .starts_with("context.Background.WithDeadline(-")
    );

    let (c, _cancel) = background.with_deadline(Instant::now());
    times_out(&c, Duration::ZERO);
}

/// TestTimeout.
#[test]
fn with_timeout() {
    let background = Context::background();
    let (c, _cancel) = background.with_timeout(SHORT);
    assert!(
        c.to_string()
            .starts_with("context.Background.WithDeadline(")
    );
    times_out(&c, LONG);

    let (c, _cancel) = background.with_timeout(SHORT);
    times_out(&other(&c), LONG);

    let (c, _cancel) = background.with_timeout(SHORT);
    let (c, _cancel) = other(&c).with_timeout(LONG);
    times_out(&c, LONG);
}

/// TestCanceledTimeout.
#[test]
fn a_timeout_may_be_cancelled() {
    let (c, _cancel) = Context::background().with_timeout(LONG);
    let (c, cancel) = other(&c).with_timeout(LONG);
    cancel.cancel();
    has_ended(&c, ContextError::Canceled);
}

/// TestValues.
#[test]
fn values() {
    struct Key<const N: u32>(&'static str);
    #[track_caller]
    fn check(context: &Context, values: [Option<&str>; 3]) {
        assert_eq!(context.value::<Key<1>>().map(|key| key.0), values[0]);
        assert_eq!(context.value::<Key<2>>().map(|key| key.0), values[1]);
        assert_eq!(context.value::<Key<3>>().map(|key| key.0), values[2]);
    }
    let c0 = Context::background();
    check(&c0, [None; 3]);
    let c1 = c0.with_value(Key::<1>("c1k1"));
    check(&c1, [Some("c1k1"), None, None]);
    let text = c1.to_string();
    assert!(text.starts_with("context.Background.WithValue(") && text.contains("Key<1>"));
    let c2 = c1.with_value(Key::<2>("c2k2"));
    check(&c2, [Some("c1k1"), Some("c2k2"), None]);
    let c3 = c2.with_value(Key::<3>("c3k3"));
    check(&c3, [Some("c1k1"), Some("c2k2"), Some("c3k3")]);
    let c4 = c3.with_value(Key::<1>("c4k1"));
    check(&c4, [Some("c4k1"), Some("c2k2"), Some("c3k3")]);
    assert_eq!(c4.to_string().matches(".WithValue(").count(), 4);

    check(&other(&c0), [None; 3]);
    let o1 = other(&c1);
    check(&o1, [Some("c1k1"), None, None]);
    let o2 = o1.with_value(Key::<2>("o2k2"));
    check(&o2, [Some("c1k1"), Some("o2k2"), None]);
    let o3 = other(&c4);
    check(&o3, [Some("c4k1"), Some("c2k2"), Some("c3k3")]);
    let o4 = o3.with_value(Key::<3>("o4k3"));
    check(&o4, [Some("c4k1"), Some("c2k2"), Some("o4k3")]);
}

/// TestSimultaneousCancels.
#[test]
fn simultaneous_cancels() {
    sortie::run(|| {
        let (root, cancel) = Context::background().with_cancel();
        let mut contexts = vec![root];
        let mut cancels = vec![cancel];
        let mut next = 0;
        while contexts.len() < 100 {
            for _ in 0..4 {
                let (context, cancel) = contexts[next].with_cancel();
                contexts.push(context);
                cancels.push(cancel);
            }
            next += 1;
        }
        // The last to be started comes first.
        let handles: Vec<_> = cancels
            .into_iter()
            .map(|cancel| sortie::go(move || cancel.cancel()))
            .collect();
        for context in &contexts {
            assert!(context.done().recv().is_err());
        }
        handles
            .into_iter()
            .for_each(|handle| handle.join().unwrap());
    });
}

/// TestInterlockedCancels.
#[test]
fn interlocked_cancels() {
    sortie::run(|| {
        let (parent, cancel_parent) = Context::background().with_cancel();
        let (child, cancel_child) = parent.with_cancel();
        let handle = sortie::go(move || {
            let _ = parent.done().recv();
            cancel_child.cancel();
        });
        cancel_parent.cancel();
        assert!(child.done().recv().is_err());
        handle.join().unwrap();
    });
}

/// TestLayersCancel, TestLayersTimeout.
fn layers(seed: u64, timeout: bool) {
    use rand::{RngExt, SeedableRng, rngs::StdRng};
    struct Layer(usize);
    let mut random = StdRng::seed_from_u64(seed);
    let mut context = Context::background();
    let (mut values, mut cancels, mut timers) = (0, Vec::<CancelFn>::new(), 0);
    let mut layer = 0;
    while layer < 30 || values == 0 || cancels.is_empty() || timers == 0 {
        layer += 1;
        let duration = if timeout { SHORT } else { LONG };
        let (next, cancel) = match random.random_range(0..3) {
            0 => {
                values += 1;
                context = context.with_value(Layer(values));
                continue;
            }
            1 => context.with_cancel(),
            _ => {
                timers += 1;
                context.with_timeout(duration)
            }
        };
        context = next;
        cancels.push(cancel);
    }
    if !timeout {
        is_open(&context);
    }
    assert!(context.to_string().starts_with("context.Background."));
    assert_eq!(context.value::<Layer>().unwrap().0, values, "seed {seed}");
    if timeout {
        times_out(&context, LONG);
    } else {
        cancels[random.random_range(0..cancels.len())].cancel();
        has_ended(&context, ContextError::Canceled);
    }
    assert_eq!(context.value::<Layer>().unwrap().0, values, "seed {seed}");
}

#[test]
fn layers_cancel() {
    (0..200).for_each(|seed| layers(seed, false));
}

#[test]
fn layers_timeout() {
    (0..50).for_each(|seed| layers(seed, true));
}

#[derive(Debug, PartialEq, Eq)]
struct Because(&'static str);

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for Because {}

/// TestWithCancelCanceledParent.
#[test]
fn a_parent_that_was_cancelled() {
    let (parent, cancel) = Context::background().with_cancel_cause();
    cancel.cancel(Because("because"));
    let (child, _cancel) = parent.with_cancel();
    has_ended(&child, ContextError::Canceled);
    assert_eq!(
        child.cause().unwrap().downcast_ref(),
        Some(&Because("because"))
    );
}

/// TestWithCancelSimultaneouslyCanceledParent.
#[test]
fn a_parent_that_is_being_cancelled() {
    sortie::run(|| {
        for _ in 0..1000 {
            let (parent, cancel) = Context::background().with_cancel_cause();
            let handle = sortie::go(move || cancel.cancel(Because("because")));
            let (child, _cancel) = parent.with_cancel();
            assert!(child.done().recv().is_err());
            assert_eq!(child.err(), Some(ContextError::Canceled));
            let cause = child.cause().unwrap();
            assert_eq!(cause.downcast_ref(), Some(&Because("because")));
            handle.join().unwrap();
        }
    });
}

/// TestDeadlineExceededSupportsTimeout; TestDeadlineExceededIsNetError of net_test.go.
#[test]
fn a_deadline_is_a_timeout() {
    assert!(ContextError::DeadlineExceeded.is_timeout());
    assert!(!ContextError::Canceled.is_timeout());
    assert_eq!(
        ContextError::DeadlineExceeded.to_string(),
        "context deadline exceeded"
    );
    assert_eq!(ContextError::Canceled.to_string(), "context canceled");
    let error = std::io::Error::from(ContextError::DeadlineExceeded);
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    let error = std::io::Error::from(ContextError::Canceled);
    assert_ne!(error.kind(), std::io::ErrorKind::Interrupted);
    let inner = error.into_inner().unwrap();
    assert_eq!(inner.downcast_ref(), Some(&ContextError::Canceled));
}

mod causes {
    use super::*;

    const PARENT: Because = Because("parent");
    const CHILD: Because = Because("child");
    const SLOW: Because = Because("too slow");
    const EARLY: Because = Because("finished early");

    /// TestCause: what an error and a cause are expected.
    #[track_caller]
    fn check(context: &Context, error: Option<ContextError>, cause: Option<Because>) {
        assert_eq!(context.err(), error);
        match (context.cause(), cause) {
            (None, None) => assert_eq!(error, None),
            (Some(seen), Some(cause)) => assert_eq!(seen.downcast_ref(), Some(&cause)),
            (Some(seen), None) => assert_eq!(seen.downcast_ref(), error.as_ref()),
            (None, Some(cause)) => panic!("expected {cause}"),
        }
    }

    const CANCELED: Option<ContextError> = Some(ContextError::Canceled);
    const EXCEEDED: Option<ContextError> = Some(ContextError::DeadlineExceeded);

    fn background() -> Context {
        Context::background()
    }

    /// "Background", "TODO".
    #[test]
    fn of_what_never_ends() {
        check(&background(), None, None);
        check(&Context::todo(), None, None);
    }

    /// "WithCancel".
    #[test]
    fn of_a_plain_cancel() {
        let (context, cancel) = background().with_cancel();
        cancel.cancel();
        check(&context, CANCELED, None);
    }

    /// "WithCancelCause".
    #[test]
    fn given() {
        let (context, cancel) = background().with_cancel_cause();
        cancel.cancel(PARENT);
        check(&context, CANCELED, Some(PARENT));
    }

    /// "WithCancelCause nil".
    #[test]
    fn not_given() {
        let (context, cancel) = background().with_cancel_cause();
        drop(cancel);
        check(&context, CANCELED, None);
    }

    /// "WithCancelCause: parent cause before child".
    #[test]
    fn of_the_parent_first() {
        let (context, cancel_parent) = background().with_cancel_cause();
        let (context, cancel_child) = context.with_cancel_cause();
        cancel_parent.cancel(PARENT);
        cancel_child.cancel(CHILD);
        check(&context, CANCELED, Some(PARENT));
    }

    /// "WithCancelCause: parent cause after child".
    #[test]
    fn of_the_parent_second() {
        let (context, cancel_parent) = background().with_cancel_cause();
        let (context, cancel_child) = context.with_cancel_cause();
        cancel_child.cancel(CHILD);
        cancel_parent.cancel(PARENT);
        check(&context, CANCELED, Some(CHILD));
    }

    /// "WithCancelCause: parent cause before nil".
    #[test]
    fn of_the_parent_before_none() {
        let (context, cancel_parent) = background().with_cancel_cause();
        let (context, cancel_child) = context.with_cancel();
        cancel_parent.cancel(PARENT);
        cancel_child.cancel();
        check(&context, CANCELED, Some(PARENT));
    }

    /// "WithCancelCause: parent cause after nil".
    #[test]
    fn of_the_parent_after_none() {
        let (context, cancel_parent) = background().with_cancel_cause();
        let (context, cancel_child) = context.with_cancel();
        cancel_child.cancel();
        cancel_parent.cancel(PARENT);
        check(&context, CANCELED, None);
    }

    /// "WithCancelCause: child cause after nil".
    #[test]
    fn of_the_child_after_none() {
        let (context, cancel_parent) = background().with_cancel();
        let (context, cancel_child) = context.with_cancel_cause();
        cancel_parent.cancel();
        cancel_child.cancel(CHILD);
        check(&context, CANCELED, None);
    }

    /// "WithCancelCause: child cause before nil".
    #[test]
    fn of_the_child_before_none() {
        let (context, cancel_parent) = background().with_cancel();
        let (context, cancel_child) = context.with_cancel_cause();
        cancel_child.cancel(CHILD);
        cancel_parent.cancel();
        check(&context, CANCELED, Some(CHILD));
    }

    /// "WithTimeout".
    #[test]
    fn of_a_timeout() {
        let (context, cancel) = background().with_timeout(Duration::ZERO);
        cancel.cancel();
        check(&context, EXCEEDED, None);
    }

    /// "WithTimeout canceled".
    #[test]
    fn of_a_timeout_that_is_cancelled() {
        let (context, cancel) = background().with_timeout(LONG);
        cancel.cancel();
        check(&context, CANCELED, None);
    }

    /// "WithTimeoutCause".
    #[test]
    fn given_for_a_timeout() {
        let (context, cancel) = background().with_timeout_cause(Duration::ZERO, SLOW);
        cancel.cancel();
        check(&context, EXCEEDED, Some(SLOW));
        let (context, _cancel) = background().with_timeout_cause(SHORT, SLOW);
        assert!(context.done().recv().is_err());
        check(&context, EXCEEDED, Some(SLOW));
    }

    /// "WithTimeoutCause canceled".
    #[test]
    fn given_for_a_timeout_that_is_cancelled() {
        let (context, cancel) = background().with_timeout_cause(LONG, SLOW);
        cancel.cancel();
        check(&context, CANCELED, None);
    }

    /// "WithTimeoutCause stacked".
    #[test]
    fn of_a_timeout_before_the_parent() {
        let (context, cancel) = background().with_cancel_cause();
        let (context, _cancel) = context.with_timeout_cause(Duration::ZERO, SLOW);
        cancel.cancel(EARLY);
        check(&context, EXCEEDED, Some(SLOW));
    }

    /// "WithTimeoutCause stacked canceled".
    #[test]
    fn of_the_parent_before_a_timeout() {
        let (context, cancel) = background().with_cancel_cause();
        let (context, _cancel) = context.with_timeout_cause(LONG, SLOW);
        cancel.cancel(EARLY);
        check(&context, CANCELED, Some(EARLY));
    }

    /// "WithoutCancel", "WithoutCancel canceled", "WithoutCancel timeout".
    #[test]
    fn of_what_goes_on() {
        check(&background().without_cancel(), None, None);
        let (context, cancel) = background().with_cancel_cause();
        let context = context.without_cancel();
        cancel.cancel(EARLY);
        check(&context, None, None);
        let (context, _cancel) = background().with_timeout_cause(Duration::ZERO, SLOW);
        check(&context.without_cancel(), None, None);
    }

    /// "parent of custom context not canceled", "... is canceled before", "... is
    /// canceled after", with a context with a value for the custom one. Here the cause is
    /// that of what was first, also in the last case.
    #[test]
    fn around_a_context_with_a_value() {
        let custom = |context: &Context| other(context).with_cancel();
        let (context, _cancel_parent) = background().with_cancel_cause();
        let (context, cancel) = custom(&context);
        cancel.cancel();
        check(&context, CANCELED, None);

        let (context, cancel_parent) = background().with_cancel_cause();
        let (context, cancel) = custom(&context);
        cancel_parent.cancel(PARENT);
        cancel.cancel();
        check(&context, CANCELED, Some(PARENT));

        let (context, cancel_parent) = background().with_cancel_cause();
        let (context, cancel) = custom(&context);
        cancel.cancel();
        cancel_parent.cancel(PARENT);
        check(&context, CANCELED, None);
    }

    /// TestCustomContextCause: a child's cause is not its parent's.
    #[test]
    fn of_a_child_alone() {
        let (parent, cancel_parent) = background().with_cancel();
        let (child, cancel) = other(&parent).with_cancel_cause();
        cancel.cancel(CHILD);
        check(&child, CANCELED, Some(CHILD));
        check(&parent, None, None);
        cancel_parent.cancel();
        check(&child, CANCELED, Some(CHILD));
        check(&parent, CANCELED, None);
    }

    /// One that is passed on is the same.
    #[test]
    fn passed_on() {
        let (first, cancel) = background().with_cancel_cause();
        cancel.cancel(PARENT);
        let (second, cancel) = background().with_cancel_cause();
        cancel.cancel(first.cause().unwrap());
        check(&second, CANCELED, Some(PARENT));
        assert!(Arc::ptr_eq(
            &first.cause().unwrap(),
            &second.cause().unwrap()
        ));
    }

    /// TestCauseRace.
    #[test]
    fn seen_as_soon_as_there_is_one() {
        sortie::run(|| {
            for _ in 0..200 {
                let (context, cancel) = background().with_cancel_cause();
                let handle = sortie::go(move || cancel.cancel(PARENT));
                let cause = loop {
                    if let Some(cause) = context.cause() {
                        break cause;
                    }
                    sortie::yield_now();
                };
                assert_eq!(cause.downcast_ref(), Some(&PARENT));
                handle.join().unwrap();
            }
        });
    }
}

/// TestWithoutCancel.
#[test]
fn without_cancel() {
    let (context, cancel) = Context::background().with_value("value").with_timeout(LONG);
    let context = context.without_cancel();
    cancel.cancel();
    assert_eq!(context.deadline(), None);
    is_open(&context);
    assert_eq!(*context.value::<&str>().unwrap(), "value");
    assert!(context.to_string().ends_with(".WithoutCancel"));
}

/// TestAfterFuncCalledAfterCancel.
#[test]
fn a_function_is_called_after_cancel() {
    let (context, cancel) = Context::background().with_cancel();
    let (done, is_done) = bounded::<()>(0);
    let stop = context.after_func(move || drop(done));
    assert_eq!(is_done.try_recv(), Err(TryRecvError::Empty));
    cancel.cancel();
    assert!(is_done.recv().is_err());
    assert!(!stop.stop());
}

/// TestAfterFuncCalledAfterTimeout.
#[test]
fn a_function_is_called_after_a_timeout() {
    let (context, _cancel) = Context::background().with_timeout(SHORT);
    let (done, is_done) = bounded::<()>(0);
    context.after_func(move || drop(done));
    assert!(is_done.recv().is_err());
}

/// TestAfterFuncCalledImmediately.
#[test]
fn a_function_is_called_immediately() {
    let (context, cancel) = Context::background().with_cancel();
    cancel.cancel();
    let (done, is_done) = bounded::<()>(0);
    let stop = context.after_func(move || drop(done));
    assert!(is_done.recv().is_err());
    assert!(!stop.stop());
}

/// TestAfterFuncNotCalledAfterStop.
#[test]
fn a_function_is_not_called_after_stop() {
    let (context, cancel) = Context::background().with_cancel();
    let (called, calls) = bounded(1);
    let stop = context.after_func(move || called.send(()).unwrap());
    assert!(stop.stop());
    // It is dropped, and with it the only sender.
    assert_eq!(calls.try_recv(), Err(TryRecvError::Disconnected));
    cancel.cancel();
    assert!(!stop.stop());
}

/// TestAfterFuncCalledAsynchronously.
#[test]
fn cancel_does_not_wait_for_functions() {
    let (context, cancel) = Context::background().with_cancel();
    let (sender, receiver) = bounded(0);
    // Waits until somebody receives.
    let stop = context.after_func(move || sender.send(()).unwrap());
    cancel.cancel();
    assert_eq!(receiver.recv(), Ok(()));
    assert!(!stop.stop());
}

/// TestContextErrDoneRace.
#[test]
fn once_there_is_an_error_it_is_done() {
    sortie::run(|| {
        for _ in 0..1000 {
            let (context, cancel) = Context::background().with_cancel();
            let done = context.done().clone();
            let handle = sortie::go(move || cancel.cancel());
            while context.err().is_none() {
                sortie::yield_now();
            }
            assert_eq!(done.try_recv(), Err(TryRecvError::Disconnected));
            handle.join().unwrap();
        }
    });
}

/// The same the other way round, which Go has not: once it is done there is an error.
#[test]
fn once_it_is_done_there_is_an_error() {
    sortie::run(|| {
        for _ in 0..1000 {
            let (context, cancel) = Context::background().with_cancel();
            let handle = sortie::go(move || cancel.cancel());
            assert!(context.done().recv().is_err());
            assert_eq!(context.err(), Some(ContextError::Canceled));
            handle.join().unwrap();
        }
    });
}

/// Keeps `sleep` honest in this file: time-outs are not early.
#[test]
fn a_timeout_is_not_early() {
    sortie::run(|| {
        for _ in 0..10 {
            let start = Instant::now();
            let (context, _cancel) = Context::background().with_timeout(2 * SHORT);
            sleep(SHORT);
            assert!(context.done().recv().is_err());
            assert!(start.elapsed() >= 2 * SHORT);
        }
    });
}
