//! Contexts that end at a time.

use sortie::context::{Context, ContextError};
use sortie::time::Instant;
use std::thread;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(1000 * 3600);

#[test]
fn the_earliest_counts() {
    let now = Instant::now();
    let [early, late] = [LONG, 2 * LONG].map(|duration| now + duration);
    let background = Context::background();
    assert_eq!(background.deadline(), None);
    let (context, _cancel) = background.with_deadline(early);
    assert_eq!(context.deadline(), Some(early));
    let (child, _cancel_child) = context.with_deadline(late);
    assert_eq!(child.deadline(), Some(early));
    assert!(child.to_string().ends_with(").WithCancel"), "{child}");
    let (child, _cancel_child) = context.with_value(1).with_cancel();
    assert_eq!(child.deadline(), Some(early));
    assert_eq!(child.without_cancel().deadline(), None);

    let (context, _cancel) = background.with_deadline(late);
    let (child, _cancel_child) = context.with_deadline(early);
    assert_eq!(child.deadline(), Some(early));
}

#[test]
fn times_of_std_will_do() {
    let deadline = std::time::Instant::now() + LONG;
    let (context, _cancel) = Context::background().with_deadline(deadline);
    assert_eq!(context.deadline(), Some(deadline.into()));
}

#[test]
fn beyond_the_clock_there_is_none() {
    let (context, cancel) = Context::background().with_timeout(Duration::MAX);
    assert_eq!(context.deadline(), None);
    cancel.cancel();
    assert_eq!(context.err(), Some(ContextError::Canceled));
}

#[test]
fn what_is_over_has_ended_at_once() {
    for timeout in [Duration::ZERO, Duration::from_nanos(1)] {
        let deadline = Instant::now();
        let (context, _cancel) = match timeout {
            Duration::ZERO => Context::background().with_timeout(timeout),
            _ => Context::background().with_deadline(deadline),
        };
        assert_eq!(context.err(), Some(ContextError::DeadlineExceeded));
        let (child, _cancel) = context.with_timeout(LONG);
        assert_eq!(child.err(), Some(ContextError::DeadlineExceeded));
    }
}

#[test]
fn a_deadline_ends_the_children_too() {
    let (context, _cancel) = Context::background().with_timeout(SHORT);
    let (child, _cancel_child) = context.with_value(1).with_timeout(LONG);
    assert!(child.done().recv().is_err());
    assert_eq!(child.err(), Some(ContextError::DeadlineExceeded));
    assert_eq!(context.err(), Some(ContextError::DeadlineExceeded));
}

#[test]
fn without_a_cancel_function_the_deadline_stays() {
    let (context, cancel) = Context::background().with_timeout(SHORT);
    cancel.disarm();
    assert!(context.done().recv().is_err());
    assert_eq!(context.err(), Some(ContextError::DeadlineExceeded));
}

/// Of a deadline and those who cancel one wins, and all agree.
#[test]
fn a_deadline_and_a_cancel_at_the_same_time() {
    let mut counts = [0; 2];
    for round in 0..2000u64 {
        let deadline = Instant::now() + Duration::from_micros(50 + round % 100);
        let (context, cancel) = Context::background().with_deadline(deadline);
        let (child, _cancel_child) = context.with_cancel();
        while Instant::now() < deadline {
            std::hint::spin_loop();
        }
        cancel.cancel();
        let error = context.err().unwrap();
        assert_eq!(child.err(), Some(error));
        assert!(context.cause().unwrap().is::<ContextError>());
        counts[usize::from(error.is_timeout())] += 1;
    }
    println!("cancelled, timed out: {counts:?}");
}

/// The same, with contexts that are dropped when their time comes.
#[test]
fn a_deadline_of_what_is_dropped() {
    for round in 0..2000u64 {
        let deadline = Instant::now() + Duration::from_micros(50 + round % 100);
        let (context, cancel) = Context::background().with_deadline(deadline);
        cancel.disarm();
        let last = (round % 2 == 0).then(|| context.done().clone());
        while Instant::now() < deadline {
            std::hint::spin_loop();
        }
        drop(context);
        if let Some(done) = last {
            // It goes on as long as somebody waits for it.
            assert!(done.recv().is_err());
        }
    }
}

#[test]
fn many_deadlines_on_plain_threads() {
    thread::scope(|scope| {
        for thread in 0..4u64 {
            scope.spawn(move || {
                let contexts: Vec<_> = (0..500)
                    .map(|i| {
                        let timeout = Duration::from_micros(1 + (i * 7 + thread) % 3000);
                        Context::background().with_timeout(timeout)
                    })
                    .collect();
                for (context, _cancel) in &contexts {
                    assert!(context.done().recv().is_err());
                    assert_eq!(context.err(), Some(ContextError::DeadlineExceeded));
                }
            });
        }
    });
}
