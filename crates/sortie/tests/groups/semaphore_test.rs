//! x/sync's semaphore/semaphore_test.go (BSD-style licence, The Go Authors).
//!
//! `TestWeightedPanic` releases what was never acquired, for which there is no way
//! here.

use crate::crew::{Crew, pause};
use sortie::context::{Context, ContextError};
use sortie::sync::{ErrGroup, Semaphore};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

everywhere![weighted, a_large_request_does_not_starve];

/// TestWeighted: each with its own weight.
fn weighted(crew: Crew) {
    let n = 4;
    let semaphore = Arc::new(Semaphore::new(n));
    let own = semaphore.clone();
    crew.all(n, move |weight| {
        for i in 0..100 {
            let _permit = own.acquire(weight);
            sortie::sleep(Duration::from_micros(i * 7 % 50));
        }
    });
    assert_eq!(semaphore.available_permits(), n);
}

/// TestWeightedTryAcquire.
#[test]
fn try_acquire() {
    let semaphore = Semaphore::new(2);
    let first = semaphore.acquire(1);
    let second = semaphore.try_acquire(1);
    let third = semaphore.try_acquire(1);
    assert!(second.is_some() && third.is_none());
    drop((first, second));
    let fourth = semaphore.try_acquire(1);
    let _fifth = semaphore.acquire(1);
    assert!(fourth.is_some() && semaphore.try_acquire(1).is_none());
}

/// TestWeightedAcquire: the same with a time-out.
#[test]
fn acquire() {
    let semaphore = Semaphore::new(2);
    let try_acquire = || semaphore.acquire_timeout(1, Duration::from_millis(10));
    let first = semaphore.acquire(1);
    let second = try_acquire();
    let third = try_acquire();
    assert!(second.is_some() && third.is_none());
    drop((first, second));
    let fourth = try_acquire();
    let _fifth = semaphore.acquire(1);
    assert!(fourth.is_some() && try_acquire().is_none());
}

/// TestWeightedDoesntBlockIfTooBig.
#[test]
fn too_large_a_request_does_not_block() {
    const N: usize = 2;
    let semaphore = Arc::new(Semaphore::new(N));
    let (context, cancel) = Context::background().with_cancel();
    let doomed = {
        let semaphore = semaphore.clone();
        sortie::go(move || semaphore.acquire_ctx(N + 1, &context).map(drop))
    };
    let (group, context) = ErrGroup::with_context(&Context::background());
    for _ in 0..3 * N {
        let (semaphore, context) = (semaphore.clone(), context.clone());
        group.go(move || {
            let _permit = semaphore.acquire_ctx(1, &context)?;
            sortie::sleep(Duration::from_millis(1));
            Ok(())
        });
    }
    assert_eq!(group.wait(), Ok::<(), ContextError>(()));
    cancel.cancel();
    assert_eq!(doomed.join().unwrap(), Err(ContextError::Canceled));
}

/// TestLargeAcquireDoesntStarve.
fn a_large_request_does_not_starve(crew: Crew) {
    const N: usize = 3;
    let semaphore = Arc::new(Semaphore::new(N));
    let running = Arc::new(AtomicBool::new(true));
    let members: Vec<_> = (0..N)
        .map(|number| {
            let permit = semaphore.clone().acquire_owned(1);
            let (semaphore, running) = (semaphore.clone(), running.clone());
            crew.start(number, move || {
                let mut permit = Some(permit);
                while running.load(Relaxed) {
                    sortie::sleep(Duration::from_micros(100));
                    drop(permit.take());
                    permit = Some(semaphore.clone().acquire_owned(1));
                }
            })
        })
        .collect();
    let all = semaphore.acquire(N);
    running.store(false, Relaxed);
    drop(all);
    members.into_iter().for_each(|member| member.join());
}

/// TestAllocCancelDoesntStarve.
#[test]
fn a_cancelled_request_does_not_starve_others() {
    let semaphore = Arc::new(Semaphore::new(10));
    let _held = semaphore.acquire(1);
    let (context, cancel) = Context::background().with_cancel();
    let large = {
        let semaphore = semaphore.clone();
        sortie::go(move || semaphore.acquire_ctx(10, &context).map(drop))
    };
    // Until it waits.
    while semaphore.try_acquire(1).is_some() {
        pause();
    }
    let canceller = sortie::go(move || cancel.cancel());
    drop(semaphore.acquire(1));
    assert_eq!(large.join().unwrap(), Err(ContextError::Canceled));
    canceller.join().unwrap();
}

/// TestWeightedAcquireCanceled.
#[test]
fn acquiring_with_a_context_that_ended() {
    let semaphore = Arc::new(Semaphore::new(2));
    let (context, cancel) = Context::background().with_cancel();
    let held = semaphore.clone().acquire_owned(1);
    let other = {
        let semaphore = semaphore.clone();
        sortie::go(move || {
            // Until the request below waits.
            while semaphore.try_acquire(1).is_some() {
                pause();
            }
            cancel.cancel();
            drop(held);
        })
    };
    // The context ends before there are enough.
    let refused = semaphore.acquire_ctx(2, &context);
    assert_eq!(refused.unwrap_err(), ContextError::Canceled);
    other.join().unwrap();
    assert!(semaphore.try_acquire(2).is_some());
    // And it gets nothing that is there.
    let refused = semaphore.acquire_ctx(1, &context);
    assert_eq!(refused.unwrap_err(), ContextError::Canceled);
}
