//! x/sync's singleflight/singleflight_test.go (BSD-style licence, The Go Authors).
//!
//! `TestPanicErrorUnwrap` is about how Go wraps a panic; here it stays as it is.
//! `TestPanicDoChan` ends its process, and is in tests/crash.

use crate::crew::Crew;
use crate::parked::until_all_parked;
use sortie::chan::{RecvError, bounded};
use sortie::sync::{SingleFlight, WaitGroup};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

everywhere![dup_suppress, panics, exits];

/// TestDo.
#[test]
fn calls() {
    let flights = SingleFlight::new();
    assert_eq!(flights.call("key", || "bar"), ("bar", false));
}

/// TestDoErr: an error is a value.
#[test]
fn an_error() {
    let flights = SingleFlight::new();
    let (result, _) = flights.call("key", || Err::<(), _>("some error"));
    assert_eq!(result, Err("some error"));
}

/// TestDoDupSuppress.
fn dup_suppress(crew: Crew) {
    const N: usize = 10;
    let flights = SingleFlight::new();
    let (started, finished) = (WaitGroup::new(), WaitGroup::new());
    let (put, take) = bounded(1);
    let calls = Arc::new(AtomicUsize::new(0));
    started.add(1 + N);
    finished.add(N);
    for number in 0..N {
        let (flights, calls) = (flights.clone(), calls.clone());
        let (started, finished) = (started.clone(), finished.clone());
        let (put, take) = (put.clone(), take.clone());
        crew.start(number, move || {
            started.done();
            let (value, _) = flights.call("key", || {
                if calls.fetch_add(1, Relaxed) == 0 {
                    started.done();
                }
                let value = take.recv().unwrap();
                // For calls to come.
                put.send(value).unwrap();
                sortie::sleep(Duration::from_millis(10));
                value
            });
            assert_eq!(value, "bar");
            finished.done();
        });
    }
    started.wait();
    // One makes the call now, and all others are about to.
    put.send("bar").unwrap();
    finished.wait();
    assert!((1..N).contains(&calls.load(Relaxed)));
}

/// TestForget.
#[test]
fn forget() {
    let flights = SingleFlight::new();
    let (started, when_started) = bounded::<()>(0);
    let (unblock_first, first_blocked) = bounded::<()>(0);
    let first = {
        let flights = flights.clone();
        sortie::go(move || {
            flights.call("key", || {
                started.send(()).unwrap();
                first_blocked.recv().unwrap();
                1
            })
        })
    };
    when_started.recv().unwrap();
    flights.forget("key");
    let (unblock_second, second_blocked) = bounded::<()>(0);
    let second = flights.call_chan("key", move || {
        second_blocked.recv().unwrap();
        2
    });
    unblock_first.send(()).unwrap();
    assert_eq!(first.join().unwrap(), (1, false));
    let third = flights.call_chan("key", || 3);
    unblock_second.send(()).unwrap();
    assert_eq!(second.recv(), Ok((2, true)));
    assert_eq!(third.recv(), Ok((2, true)));
}

/// TestDoChan.
#[test]
fn by_a_channel() {
    let flights = SingleFlight::new();
    assert_eq!(
        flights.call_chan("key", || "bar").recv(),
        Ok(("bar", false))
    );
}

/// TestPanicDo.
fn panics(crew: Crew) {
    let flights = SingleFlight::<_, ()>::new();
    let members: Vec<_> = (0..5)
        .map(|number| {
            let flights = flights.clone();
            crew.start(number, move || flights.call("key", || panic!("on purpose")))
        })
        .collect();
    for member in members {
        assert!(member.outcome().is_err());
    }
}

/// TestGoexitDo; a thread cannot, and panics.
fn exits(crew: Crew) {
    let flights = SingleFlight::<_, ()>::new();
    let members: Vec<_> = (0..5)
        .map(|number| {
            let flights = flights.clone();
            crew.start(number, move || {
                flights.call("key", || sortie::task::exit());
            })
        })
        .collect();
    for member in members {
        let payload = member.outcome().unwrap_err();
        assert!(crew != Crew::Goroutines || payload.is::<sortie::task::Exited>());
    }
}

/// TestPanicDoSharedByDoChan. In Go that ends the process, since otherwise the channel
/// would be waited for in vain; here it is closed.
#[test]
fn a_panic_shared_by_a_channel() {
    let flights = SingleFlight::new();
    let (started, when_started) = bounded::<()>(0);
    let (unblock, blocked) = bounded::<()>(0);
    let calls = {
        let flights = flights.clone();
        sortie::go(move || {
            flights.call("", || {
                started.send(()).unwrap();
                blocked.recv().unwrap();
                panic!("panicking in call");
            })
        })
    };
    when_started.recv().unwrap();
    let result = flights.call_chan("", || unreachable!("it is under way"));
    unblock.send(()).unwrap();
    assert!(calls.join().is_err());
    assert_eq!(result.recv(), Err(RecvError));
}

/// ExampleGroup.
#[test]
fn example() {
    let flights = SingleFlight::new();
    let (unblock, blocked) = bounded::<()>(0);
    let [first, second] = ["func 1", "func 2"].map(|name| {
        let blocked = blocked.clone();
        flights.call_chan("key", move || {
            let _ = blocked.recv();
            name
        })
    });
    let waits = {
        let flights = flights.clone();
        sortie::go(move || flights.call("key", || "func 3"))
    };
    until_all_parked(&[waits.goroutine().id()], "singleflight.Group.Do");
    drop(unblock);
    assert_eq!(first.recv(), Ok(("func 1", true)));
    assert_eq!(second.recv(), Ok(("func 1", true)));
    assert_eq!(waits.join().unwrap(), ("func 1", true));
}
