//! Contexts that signals cancel: those tests of Go's os/signal/signal_test.go.

use crate::program::Case;
use crate::{kill, raise, settle, succeeds};
use sortie::context::{Context, ContextError};
use sortie::signal::{self, Signal, SignalError, notify_context};

pub(crate) const CASES: &[Case] = &[
    Case {
        name: "contexts::a_signal_once",
        program: || sortie::run(|| notifications(1)),
        check: succeeds,
    },
    Case {
        name: "contexts::a_signal_several_times",
        program: || sortie::run(|| notifications(10)),
        check: succeeds,
    },
    Case {
        name: "contexts::stop",
        program: || sortie::run(stop),
        check: succeeds,
    },
    Case {
        name: "contexts::the_parent_is_cancelled",
        program: || sortie::run(the_parent_is_cancelled),
        check: succeeds,
    },
    Case {
        name: "contexts::several_stop",
        program: || sortie::run(several_stop),
        check: succeeds,
    },
    Case {
        name: "contexts::many_of_the_same_signal",
        program: || sortie::run(many_of_the_same_signal),
        check: succeeds,
    },
    Case {
        name: "contexts::stopped_the_signal_ends_the_process",
        program: || {
            sortie::run(|| {
                let (context, stop) = notify_context(&Context::background(), &[Signal::SIGTERM]);
                raise(Signal::SIGTERM);
                assert!(context.done().recv().is_err());
                stop.stop();
                raise(Signal::SIGTERM);
            });
        },
        check: |case| {
            case.run().signal(libc::SIGTERM);
        },
    },
];

/// TestNotifyContextNotifications, TestNotifyContextCause.
fn notifications(times: usize) {
    let (context, _stop) = notify_context(&Context::background(), &[Signal::SIGINT]);
    let senders: Vec<_> = (0..times)
        .map(|_| sortie::go(|| kill(Signal::SIGINT)))
        .collect();
    assert!(context.done().recv().is_err());
    assert_eq!(context.err(), Some(ContextError::Canceled));
    let cause = context.cause().unwrap();
    assert_eq!(cause.to_string(), "interrupt signal received");
    let error = cause.downcast_ref::<SignalError>().unwrap();
    assert_eq!(error.signal(), Signal::SIGINT);
    for sender in senders {
        sender.join().unwrap();
    }
    // Those that come later are caught, too.
    raise(Signal::SIGINT);
    settle();
}

/// TestNotifyContextStop.
fn stop() {
    signal::ignore(&[Signal::SIGHUP]);
    assert!(signal::is_ignored(Signal::SIGHUP));
    let (parent, _cancel) = Context::background().with_cancel();
    let (context, stop) = notify_context(&parent, &[Signal::SIGHUP]);
    assert!(!signal::is_ignored(Signal::SIGHUP));
    stop.stop();
    assert!(context.done().recv().is_err());
    assert_eq!(context.err(), Some(ContextError::Canceled));
    assert!(context.cause().unwrap().is::<ContextError>());
    assert_eq!(parent.err(), None);
    stop.stop();
    // Not what it was when it was ignored: what it was before that.
    assert!(!signal::is_ignored(Signal::SIGHUP));
}

/// TestNotifyContextCancelParent, TestNotifyContextPrematureCancelParent.
fn the_parent_is_cancelled() {
    for early in [false, true] {
        let (parent, cancel) = Context::background().with_cancel_cause();
        if early {
            cancel.cancel("parent canceled");
        }
        let (context, _stop) = notify_context(&parent, &[Signal::SIGINT]);
        cancel.cancel("parent canceled");
        assert!(context.done().recv().is_err());
        assert_eq!(context.err(), Some(ContextError::Canceled));
        assert_eq!(context.cause().unwrap().to_string(), "parent canceled");
        // Until it is stopped the signal is caught.
        raise(Signal::SIGINT);
        settle();
    }
}

/// TestNotifyContextSimultaneousStop.
fn several_stop() {
    for _ in 0..100 {
        let (context, stop) = notify_context(&Context::background(), &[Signal::SIGINT]);
        sortie::scope(|scope| {
            for _ in 0..10 {
                scope.go(|| stop.stop());
            }
        });
        assert_eq!(context.err(), Some(ContextError::Canceled));
    }
}

fn many_of_the_same_signal() {
    let all: Vec<_> = (0..100)
        .map(|_| notify_context(&Context::background(), &[Signal::SIGINT, Signal::SIGTERM]))
        .collect();
    raise(Signal::SIGTERM);
    for (context, _stop) in &all {
        assert!(context.done().recv().is_err());
        let cause = context.cause().unwrap();
        assert_eq!(cause.to_string(), "terminated signal received");
    }
}
