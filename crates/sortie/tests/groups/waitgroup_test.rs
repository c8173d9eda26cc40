//! Go's sync/waitgroup_test.go (BSD-style licence, The Go Authors).
//!
//! `TestIssue76126` ends its process, and is in tests/crash. `TestWaitGroupAlign` is
//! about memory that Rust aligns by itself. `TestWaitGroupMisuse2` and `3` were in Go
//! up to 1.22.

use crate::crew::{Crew, complains, message, pause};
use sortie::chan::bounded;
use sortie::sync::WaitGroup;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

everywhere![wait_group, misuse_2, misuse_3, race];

/// TestWaitGroup: nobody leaves before all have come.
fn wait_group(crew: Crew) {
    const N: usize = 16;
    let (first, second) = (WaitGroup::new(), WaitGroup::new());
    for _ in 0..8 {
        first.add(N);
        second.add(N);
        let (exit, exited) = bounded(N);
        let members: Vec<_> = (0..N)
            .map(|number| {
                let (first, second, exit) = (first.clone(), second.clone(), exit.clone());
                crew.start(number, move || {
                    first.done();
                    second.wait();
                    exit.send(()).unwrap();
                })
            })
            .collect();
        first.wait();
        for _ in 0..N {
            assert!(exited.try_recv().is_err(), "released too soon");
            second.done();
        }
        for _ in 0..N {
            exited.recv().unwrap();
        }
        drop(members);
    }
}

/// TestWaitGroupMisuse.
#[test]
fn misuse() {
    let group = WaitGroup::new();
    group.add(1);
    group.done();
    complains(&["sync: negative WaitGroup counter"], || group.done());
}

/// What is misuse is noticed, in these words, or has happened in an order that is
/// right. Nobody waits for ever. (Go's tests go on until it is noticed, if there are
/// enough CPUs; the model of counting down tries all orders.)
fn is_right_or_noticed(crew: Crew, try_it: fn(Crew) -> [Result<(), String>; 2]) {
    for _ in 0..300 {
        for outcome in try_it(crew) {
            if let Err(message) = outcome {
                let expected = [
                    "sync: negative WaitGroup counter",
                    "sync: WaitGroup misuse: Add called concurrently with Wait",
                    "sync: WaitGroup is reused before previous Wait has returned",
                ];
                assert!(
                    expected.iter().any(|words| message.starts_with(words)),
                    "{message}"
                );
            }
        }
    }
}

/// What a panic says, if there is one.
fn complaint(f: impl FnOnce()) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| message(&*payload).to_owned())
}

/// TestWaitGroupMisuse2: somebody counts up while the last member counts down.
fn misuse_2(crew: Crew) {
    is_right_or_noticed(crew, |crew| {
        let group = WaitGroup::new();
        group.add(1);
        let waits = {
            let group = group.clone();
            crew.start(0, move || complaint(|| group.wait()))
        };
        let counts = {
            let group = group.clone();
            crew.start(1, move || {
                complaint(|| {
                    // This is the bad guy.
                    group.add(1);
                    group.done();
                })
            })
        };
        pause();
        group.done();
        [waits.join(), counts.join()]
    });
}

/// TestWaitGroupMisuse3: somebody starts the next round while another still is in
/// `wait`.
fn misuse_3(crew: Crew) {
    is_right_or_noticed(crew, |crew| {
        let group = WaitGroup::new();
        group.add(1);
        let own = group.clone();
        crew.start(0, move || own.done());
        let own = group.clone();
        let reuses = crew.start(1, move || {
            complaint(|| {
                own.wait();
                own.add(1);
                let other = own.clone();
                crew.start(0, move || other.done());
                own.wait();
            })
        });
        [complaint(|| group.wait()), reuses.join()]
    });
}

/// TestWaitGroupRace: no wake-up without reason.
fn race(crew: Crew) {
    for _ in 0..200 {
        let group = WaitGroup::new();
        let n = Arc::new(AtomicI32::new(0));
        for number in 0..2 {
            group.add(1);
            let (group, n) = (group.clone(), n.clone());
            crew.start(number, move || {
                n.fetch_add(1, Ordering::Relaxed);
                group.done();
            });
        }
        group.wait();
        assert_eq!(n.load(Ordering::Relaxed), 2);
    }
}

/// TestWaitGroupGo.
#[test]
fn go() {
    let group = WaitGroup::new();
    let i = Arc::new(AtomicI32::new(0));
    let own = i.clone();
    group.go(move || own.store(1, Ordering::Relaxed));
    group.wait();
    assert_eq!(i.load(Ordering::Relaxed), 1);
}
