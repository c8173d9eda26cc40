//! `SingleFlight`.

use crate::crew::{Crew, complains, message, pause};
use crate::parked::until_all_parked;
use sortie::chan::{RecvError, bounded};
use sortie::context::{Context, ContextError};
use sortie::sync::SingleFlight;
use sortie::task::JoinHandle;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

type Flights = SingleFlight<&'static str, usize>;

everywhere![everybody_gets_a_value_of_its_key, alone_means_not_shared];

/// While a call is under way no other with its key is.
fn everybody_gets_a_value_of_its_key(crew: Crew) {
    const KEYS: usize = 3;
    let flights = SingleFlight::new();
    let under_way: Arc<[AtomicUsize; KEYS]> = Arc::default();
    let made = Arc::new(AtomicUsize::new(0));
    crew.all(8, {
        let made = made.clone();
        move |number| {
            for i in 0..60 {
                let key = (number + i) % KEYS;
                let (value, _) = flights.call(key, || {
                    assert_eq!(under_way[key].fetch_add(1, Relaxed), 0);
                    made.fetch_add(1, Relaxed);
                    pause();
                    under_way[key].fetch_sub(1, Relaxed);
                    Arc::new(key)
                });
                assert_eq!(*value, key);
            }
        }
    });
    assert!((1..=480).contains(&made.load(Relaxed)));
}

fn alone_means_not_shared(crew: Crew) {
    /// What is not shared need not be cloned.
    struct Unique;
    impl Clone for Unique {
        fn clone(&self) -> Self {
            panic!("cloned")
        }
    }
    let shared = crew.all(4, |number| {
        let flights = SingleFlight::new();
        (0..10).any(|_| flights.call(number, || Unique).1)
    });
    assert_eq!(shared, [false; 4]);
}

/// A call that is under way until it is told how to end.
fn slow_call(
    flights: &Flights,
    f: impl FnOnce() -> usize + Send + 'static,
) -> (JoinHandle<(usize, bool)>, impl FnOnce()) {
    let (started, when_started) = bounded(0);
    let (go_on, told) = bounded::<()>(0);
    let flights = flights.clone();
    let handle = sortie::go(move || {
        flights.call("key", || {
            started.send(()).unwrap();
            told.recv().unwrap();
            f()
        })
    });
    when_started.recv().unwrap();
    (handle, move || go_on.send(()).unwrap())
}

/// So many goroutines that wait for the call.
fn followers(flights: &Flights, count: usize) -> Vec<JoinHandle<(usize, bool)>> {
    let handles: Vec<_> = (0..count)
        .map(|_| {
            let flights = flights.clone();
            sortie::go(move || flights.call("key", || unreachable!("it is under way")))
        })
        .collect();
    let ids: Vec<_> = handles.iter().map(|h| h.goroutine().id()).collect();
    until_all_parked(&ids, "singleflight.Group.Do");
    handles
}

#[test]
fn one_call_for_many() {
    let flights = Flights::new();
    for round in 0..10 {
        let (first, land) = slow_call(&flights, move || round);
        let followers = followers(&flights, 5);
        let results = [(); 3].map(|()| flights.call_chan("key", || unreachable!()));
        land();
        assert_eq!(first.join().unwrap(), (round, true));
        for follower in followers {
            assert_eq!(follower.join().unwrap(), (round, true));
        }
        for result in results {
            assert_eq!(result.recv(), Ok((round, true)));
            assert_eq!(result.recv(), Err(RecvError));
        }
    }
    assert_eq!(format!("{flights:?}"), "SingleFlight { under_way: 0, .. }");
}

#[test]
fn other_keys_do_not_wait() {
    let flights = Flights::new();
    let (first, land) = slow_call(&flights, || 1);
    assert_eq!(flights.call("other", || 2), (2, false));
    // From within a call too.
    let nested = flights.call("outer", || flights.call("inner", || 3).0);
    assert_eq!(nested, (3, false));
    land();
    assert_eq!(first.join().unwrap(), (1, false));
}

#[test]
fn a_channel_gets_what_a_goroutine_makes() {
    let flights = Flights::new();
    let (go_on, told) = bounded::<()>(0);
    let first = flights.call_chan("key", move || {
        told.recv().unwrap();
        7
    });
    let second = flights.call_chan("key", || unreachable!());
    // Whoever does not want it any more disturbs nobody.
    drop(flights.call_chan("key", || unreachable!()));
    let followers = followers(&flights, 2);
    assert!(first.try_recv().is_err());
    go_on.send(()).unwrap();
    assert_eq!(first.recv(), Ok((7, true)));
    assert_eq!(second.recv(), Ok((7, true)));
    for follower in followers {
        assert_eq!(follower.join().unwrap(), (7, true));
    }
    let alone = flights.call_chan("key", || 8);
    assert_eq!(alone.recv(), Ok((8, false)));
    assert_eq!(alone.recv(), Err(RecvError));
}

#[test]
fn what_is_forgotten_is_called_again() {
    let flights = Flights::new();
    let (old, land_old) = slow_call(&flights, || 1);
    let followers_of_old = followers(&flights, 2);
    flights.forget("key");
    let (new, land_new) = slow_call(&flights, || 2);
    let followers_of_new = followers(&flights, 2);
    land_old();
    assert_eq!(old.join().unwrap(), (1, true));
    for follower in followers_of_old {
        assert_eq!(follower.join().unwrap(), (1, true));
    }
    // The end of the old one has not removed the new one.
    let late = flights.call_chan("key", || unreachable!());
    land_new();
    assert_eq!(new.join().unwrap(), (2, true));
    for follower in followers_of_new {
        assert_eq!(follower.join().unwrap(), (2, true));
    }
    assert_eq!(late.recv(), Ok((2, true)));
    flights.forget("key");
    flights.forget("never seen");
}

#[test]
fn keys_are_forgotten_by_what_they_borrow() {
    let flights = SingleFlight::<String, ()>::new();
    flights.call("key".to_string(), || flights.forget("key"));
    flights.forget(&"key".to_string());
}

#[test]
fn a_panic_reaches_all() {
    let flights = Flights::new();
    let (first, land) = slow_call(&flights, || panic!("on purpose"));
    let followers = followers(&flights, 3);
    let result = flights.call_chan("key", || unreachable!());
    let thread = {
        let flights = flights.clone();
        std::thread::spawn(move || flights.call("key", || unreachable!("it is under way")))
    };
    // The thread has joined, or will come too late and make its own call.
    land();
    assert_eq!(message(&*first.join().unwrap_err()), "on purpose");
    for follower in followers {
        assert_eq!(
            message(&*follower.join().unwrap_err()),
            "the call that this one shares panicked: on purpose"
        );
    }
    assert!(thread.join().is_err());
    assert_eq!(result.recv(), Err(RecvError));
    // The next is a new one.
    assert_eq!(flights.call("key", || 1), (1, false));
}

#[test]
fn a_panic_is_the_callers_own() {
    struct Payload;
    let flights = Flights::new();
    let alone = catch_unwind(AssertUnwindSafe(|| {
        flights.call("key", || std::panic::panic_any(Payload))
    }));
    assert!(alone.unwrap_err().is::<Payload>());
    let (first, land) = slow_call(&flights, || std::panic::panic_any(Payload));
    let followers = followers(&flights, 1);
    land();
    assert!(first.join().unwrap_err().is::<Payload>());
    for follower in followers {
        let payload = follower.join().unwrap_err();
        assert!(message(&*payload).ends_with("(a value that is no string)"));
    }
}

#[test]
fn an_exit_reaches_all() {
    let flights = Flights::new();
    let (first, land) = slow_call(&flights, || sortie::task::exit());
    let mut all = followers(&flights, 3);
    let result = flights.call_chan("key", || unreachable!());
    land();
    all.push(first);
    for handle in all {
        assert!(handle.join().unwrap_err().is::<sortie::task::Exited>());
    }
    assert_eq!(result.recv(), Err(RecvError));
    assert_eq!(flights.call("key", || 1), (1, false));
}

/// A thread cannot end as a goroutine does.
#[test]
fn an_exit_is_a_panic_on_a_thread() {
    let flights = Flights::new();
    for _ in 0..1000 {
        let (first, land) = slow_call(&flights, || sortie::task::exit());
        let joined = Arc::new(AtomicBool::new(true));
        let thread = {
            let (flights, joined) = (flights.clone(), joined.clone());
            std::thread::spawn(move || {
                flights.call("key", || {
                    joined.store(false, Relaxed);
                    0
                })
            })
        };
        std::thread::yield_now();
        land();
        assert!(first.join().is_err());
        let outcome = thread.join();
        if joined.load(Relaxed) {
            let payload = outcome.unwrap_err();
            assert_eq!(
                message(&*payload),
                "the call that this one shares ended its goroutine, by `task::exit`"
            );
            return;
        }
    }
    panic!("it never came in time");
}

/// A value whose clone panics, when there are others who want one.
#[test]
fn a_value_that_cannot_be_cloned_after_all() {
    struct Stubborn;
    impl Clone for Stubborn {
        fn clone(&self) -> Self {
            panic!("no clones")
        }
    }
    let flights = SingleFlight::<(), Stubborn>::new();
    let (go_on, told) = bounded::<()>(0);
    let (started, when_started) = bounded(0);
    let first = {
        let flights = flights.clone();
        sortie::go(move || {
            flights.call((), || {
                started.send(()).unwrap();
                told.recv().unwrap();
                Stubborn
            });
        })
    };
    when_started.recv().unwrap();
    let second = {
        let flights = flights.clone();
        sortie::go(move || flights.call((), || unreachable!("it is under way")))
    };
    until_all_parked(&[second.goroutine().id()], "singleflight.Group.Do");
    go_on.send(()).unwrap();
    assert_eq!(message(&*first.join().unwrap_err()), "no clones");
    assert_eq!(
        message(&*second.join().err().unwrap()),
        "the call that this one shares panicked: no clones"
    );
    assert!(!flights.call((), || Stubborn).1);
}

/// Comparing keys panics when the call is over: it stays in the map, and harms nobody.
#[test]
fn a_key_that_cannot_be_compared_any_more() {
    static ANGRY: AtomicBool = AtomicBool::new(false);
    #[derive(Clone, PartialEq, Eq)]
    struct Key(u32);
    impl Hash for Key {
        fn hash<H: Hasher>(&self, state: &mut H) {
            assert!(!ANGRY.load(Relaxed), "not my day");
            self.0.hash(state);
        }
    }
    let flights = SingleFlight::new();
    for round in 0..3 {
        complains(&["not my day"], || {
            flights.call(Key(1), || ANGRY.store(true, Relaxed));
        });
        complains(&["not my day"], || flights.call(Key(1), || ()));
        ANGRY.store(false, Relaxed);
        assert_eq!(flights.call(Key(1), || ()), ((), false), "round {round}");
    }
    assert_eq!(format!("{flights:?}"), "SingleFlight { under_way: 0, .. }");
}

#[test]
fn a_result_in_time_or_not() {
    let flights = Flights::new();
    let (first, land) = slow_call(&flights, || 1);
    let result = flights.call_chan("key", || unreachable!());
    assert!(result.recv_timeout(Duration::from_millis(5)).is_err());
    land();
    assert_eq!(result.recv(), Ok((1, true)));
    first.join().unwrap();
}

#[test]
fn flights_go_everywhere() {
    fn check<T: Send + Sync + UnwindSafe + RefUnwindSafe + Unpin>() {}
    check::<SingleFlight<String, Arc<u32>>>();
}

#[sortie::test]
fn a_call_in_time() {
    let flights = Flights::new();
    let long = Duration::from_secs(3600);
    assert_eq!(flights.call_timeout("a", long, || 1), Some((1, false)));
    let (go_on, wait) = bounded::<()>(0);
    let slow = move || wait.recv().map_or(2, |()| 3);
    assert_eq!(flights.call_timeout("a", Duration::ZERO, slow), None);
    // It is under way still.
    let short = Duration::from_millis(1);
    assert_eq!(flights.call_timeout("a", short, || unreachable!()), None);
    let other = flights.call_chan("a", || unreachable!());
    drop(go_on);
    assert_eq!(other.recv(), Ok((2, true)));
}

#[sortie::test]
fn a_call_with_a_context() {
    let flights = Flights::new();
    let (context, cancel) = Context::background().with_cancel();
    assert_eq!(flights.call_ctx("a", &context, || 1), Ok((1, false)));
    let (go_on, wait) = bounded::<()>(0);
    let (started, is_started) = bounded::<()>(0);
    let waiting = sortie::go(move || {
        is_started.recv().unwrap();
        cancel.cancel();
    });
    let slow = move || {
        started.send(()).unwrap();
        wait.recv().map_or(2, |()| 3)
    };
    let ended = Err(ContextError::Canceled);
    assert_eq!(flights.call_ctx("a", &context, slow), ended);
    waiting.join().unwrap();
    assert_eq!(flights.call_ctx("b", &context, || unreachable!()), ended);
    let other = flights.call_chan("a", || unreachable!());
    drop(go_on);
    assert_eq!(other.recv(), Ok((2, true)));
}

#[sortie::test]
fn a_call_that_panics_with_somebody_in_a_hurry() {
    let flights = Flights::new();
    let long = Duration::from_secs(3600);
    let fail = || std::panic::resume_unwind(Box::new(()));
    let said = ["the call panicked"];
    complains(&said, || flights.call_timeout("a", long, fail));
    complains(&said, || {
        flights.call_ctx("a", &Context::background(), fail)
    });
}
