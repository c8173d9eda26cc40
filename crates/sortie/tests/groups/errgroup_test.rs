//! x/sync's errgroup/errgroup_test.go (BSD-style licence, The Go Authors).

use sortie::chan::{Receiver, bounded};
use sortie::context::{Context, ContextError};
use sortie::sync::ErrGroup;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

type Errors = &'static [Result<(), &'static str>];

const CASES: [Errors; 5] = [
    &[],
    &[Ok(())],
    &[Err("1")],
    &[Err("1"), Ok(())],
    &[Err("1"), Ok(()), Err("2")],
];

/// TestZeroGroup, with a wait after each. Go's group returns its first error again and
/// again; here an error is returned once.
#[test]
fn zero_group() {
    for errors in CASES {
        let group = ErrGroup::new();
        for &result in errors {
            group.go(move || result);
            assert_eq!(group.wait(), result);
        }
    }
}

fn first(errors: Errors) -> Result<(), &'static str> {
    *errors
        .iter()
        .find(|result| result.is_err())
        .unwrap_or(&Ok(()))
}

/// TestWithContext.
#[test]
fn with_context() {
    for errors in &CASES[..4] {
        let (group, context) = ErrGroup::with_context(&Context::background());
        for &result in *errors {
            group.go(move || result);
        }
        assert_eq!(group.wait(), first(errors));
        assert_eq!(context.err(), Some(ContextError::Canceled));
    }
}

/// TestTryGo.
#[test]
fn try_go() {
    const N: usize = 42;
    let group = ErrGroup::<()>::new();
    let (sender, receiver) = bounded::<()>(0);
    let sends = || {
        let sender = sender.clone();
        move || sender.send(()).map_err(drop)
    };
    let take = |count, receiver: &Receiver<()>| {
        let receiver = receiver.clone();
        sortie::go(move || assert_eq!(receiver.iter().take(count).count(), count));
    };
    group.set_limit(N);
    for _ in 0..N {
        assert!(group.try_go(sends()));
    }
    assert!(!group.try_go(sends()));
    take(N, &receiver);
    assert_eq!(group.wait(), Ok(()));
    assert!(group.try_go(sends()));
    take(1, &receiver);
    assert_eq!(group.wait(), Ok(()));

    group.set_limit(1);
    assert!(group.try_go(sends()));
    assert!(!group.try_go(sends()));
    take(1, &receiver);
    assert_eq!(group.wait(), Ok(()));

    group.set_limit(0);
    for _ in 0..1 << 10 {
        assert!(!group.try_go(sends()));
    }
    assert_eq!(group.wait(), Ok(()));
}

/// TestGoLimit.
#[test]
fn go_limit() {
    const LIMIT: usize = 10;
    let group = ErrGroup::new();
    group.set_limit(LIMIT);
    let active = Arc::new(AtomicUsize::new(0));
    for _ in 0..=1 << 10 {
        let active = active.clone();
        group.go(move || {
            let now = active.fetch_add(1, Relaxed) + 1;
            if now > LIMIT {
                return Err(format!("saw {now} active goroutines"));
            }
            // Lets others become active.
            sortie::sleep(Duration::from_micros(1));
            active.fetch_sub(1, Relaxed);
            Ok(())
        });
    }
    assert_eq!(group.wait(), Ok(()));
}

/// TestCancelCause.
#[test]
fn cancel_cause() {
    for errors in &CASES[..4] {
        let background = Context::background();
        let (group, context) = ErrGroup::with_context_cause(&background, |error| *error);
        for &result in *errors {
            group.try_go(move || result);
        }
        assert_eq!(group.wait(), first(errors));
        let expected = first(errors).err().unwrap_or("context canceled");
        assert_eq!(context.cause().unwrap().to_string(), expected);
    }
}

/// ExampleGroup_parallel: "Google Search 2.0" of Rob Pike's talk on concurrency
/// patterns.
#[test]
fn parallel() {
    type Search = fn(&Context, &str) -> Result<String, ContextError>;
    fn google(context: &Context, query: &str) -> Result<Vec<String>, ContextError> {
        fn search(kind: &str, context: &Context, query: &str) -> Result<String, ContextError> {
            let found = format!("{kind} result for {query:?}");
            context.err().map_or(Ok(found), Err)
        }
        let searches: [Search; 3] = [
            |context, query| search("web", context, query),
            |context, query| search("image", context, query),
            |context, query| search("video", context, query),
        ];
        let (group, context) = ErrGroup::with_context(context);
        let (results, found) = bounded(searches.len());
        for (i, search) in searches.into_iter().enumerate() {
            let (context, query, results) = (context.clone(), query.to_owned(), results.clone());
            group.go(move || {
                let result = search(&context, &query)?;
                results.send((i, result)).expect("there is room");
                Ok(())
            });
        }
        drop(results);
        group.wait()?;
        let mut found: Vec<_> = found.iter().collect();
        found.sort_unstable();
        Ok(found.into_iter().map(|(_, result)| result).collect())
    }
    assert_eq!(
        google(&Context::background(), "golang").unwrap(),
        [
            r#"web result for "golang""#,
            r#"image result for "golang""#,
            r#"video result for "golang""#
        ]
    );
}
