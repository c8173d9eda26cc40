//! What is not needed any more is gone. How many children and functions a context
//! knows is looked at by unit tests.

use sortie::context::{CancelFn, Context};
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

/// Something whose owners can be counted.
struct Token(Arc<()>);

impl Token {
    fn new() -> Self {
        Token(Arc::new(()))
    }

    /// How many others there are.
    fn others(&self) -> usize {
        Arc::strong_count(&self.0) - 1
    }

    fn share(&self) -> Arc<()> {
        self.0.clone()
    }
}

fn child_with(parent: &Context, token: &Token) -> (Context, CancelFn) {
    parent.with_value(token.share()).with_cancel()
}

#[test]
fn children_of_a_parent_that_lives_on() {
    let token = Token::new();
    let (parent, cancel) = Context::background().with_cancel();
    let mut kept = Vec::new();
    for i in 0..10_000 {
        let (child, cancel) = child_with(&parent, &token);
        match i % 4 {
            0 => drop(cancel),
            1 => cancel.disarm(),
            2 => kept.push((Some(child), None)),
            _ => kept.push((None, Some(cancel))),
        }
    }
    assert_eq!(token.others(), 5000);
    assert_eq!(parent.err(), None);
    // Ended, they are kept by those who have them, and by nobody else.
    cancel.cancel();
    assert_eq!(token.others(), 5000);
    drop(parent);
    drop(cancel);
    assert_eq!(token.others(), 5000);
    drop(kept);
    assert_eq!(token.others(), 0);
}

#[test]
fn contexts_with_a_deadline_far_away() {
    let token = Token::new();
    for i in 0..1000 {
        let context = Context::background().with_value(token.share());
        let (context, cancel) = context.with_timeout_cause(HOUR, "late");
        match i % 3 {
            0 => cancel.cancel(),
            1 => drop(cancel),
            _ => cancel.disarm(),
        }
        drop(context);
    }
    assert_eq!(token.others(), 0);
}

#[test]
fn what_a_deadline_was_given_as_its_cause() {
    #[derive(Debug)]
    struct Cause(#[allow(dead_code)] Arc<()>);
    impl std::fmt::Display for Cause {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            Ok(())
        }
    }
    impl std::error::Error for Cause {}
    let token = Token::new();
    let (context, cancel) = Context::background().with_timeout_cause(HOUR, Cause(token.share()));
    assert_eq!(token.others(), 1);
    // It is not needed any more, and goes with the timer.
    cancel.cancel();
    assert_eq!(token.others(), 0);
    drop(context);
    let (context, cancel) = Context::background().with_timeout_cause(HOUR, Cause(token.share()));
    cancel.disarm();
    drop(context);
    assert_eq!(token.others(), 0);
}

#[test]
fn functions_that_are_stopped_or_never_called() {
    let token = Token::new();
    let (parent, _cancel) = Context::background().with_cancel();
    for i in 0..1000 {
        let own = token.share();
        let stop = parent.after_func(move || drop(own));
        if i % 2 == 0 {
            assert!(stop.stop());
        }
    }
    assert_eq!(token.others(), 500);
    let never = Context::background();
    let own = token.share();
    drop(never.after_func(move || drop(own)));
    assert_eq!(token.others(), 500);
}

#[test]
fn chains_that_are_dropped_from_either_end() {
    let token = Token::new();
    for downwards in [false, true] {
        let mut chain = vec![child_with(&Context::background(), &token)];
        for _ in 0..1000 {
            let next = child_with(&chain.last().unwrap().0, &token);
            chain.push(next);
        }
        let chain: Vec<Context> = chain
            .into_iter()
            .map(|(context, cancel)| {
                cancel.disarm();
                context
            })
            .collect();
        assert_eq!(token.others(), 1001);
        if downwards {
            for context in chain.into_iter() {
                drop(context);
            }
        } else {
            for context in chain.into_iter().rev() {
                drop(context);
            }
        }
        assert_eq!(token.others(), 0);
    }
}

/// TestCustomContextGoroutines of Go's context_test.go: contexts need no goroutines.
#[test]
fn no_goroutines() {
    // Those of other tests may end, or be made, meanwhile.
    let goroutines = |work: &dyn Fn()| {
        (0..1000).any(|_| {
            let made = || sortie::runtime::metrics().goroutines_created;
            let before = made();
            work();
            made() == before
        })
    };
    assert!(goroutines(&|| {
        let (c1, cancel1) = Context::background().with_cancel();
        let c2 = c1.with_value(1);
        let (c3, _cancel3) = c2.with_cancel();
        let (c4, _cancel4) = c3.with_timeout(HOUR);
        let (c5, cancel5) = c4.with_cancel();
        cancel5.cancel();
        let (_c6, cancel6) = c5.with_timeout(HOUR);
        cancel6.cancel();
        cancel1.cancel();
        let (_c7, _cancel7) = c5.with_cancel();
    }));
}
