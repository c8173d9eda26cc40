//! `Once`: std's and parking_lot's tests are the model of some.

use crate::crew::{Crew, pause};
use crate::parked::{until_all_parked, until_parked};
use sortie::chan::bounded;
use sortie::sync::{Once, OnceState};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(1);
const WAITING: &str = "sync.Once.Do";

everywhere!(all_come_at_once, all_come_at_once_and_most_panic);

const MEMBERS: usize = 8;

fn all_come_at_once(crew: Crew) {
    for _ in 0..50 {
        let shared = Arc::new((Once::new(), AtomicUsize::new(0)));
        crew.all(MEMBERS, move |_| {
            shared.0.call_once(|| {
                let before = shared.1.load(Ordering::Relaxed);
                pause();
                shared.1.store(before + 1, Ordering::Relaxed);
            });
            assert_eq!(shared.1.load(Ordering::Relaxed), 1);
            assert!(shared.0.is_completed());
        });
    }
}

/// The closures of some panic, and the others go on until one has returned.
fn all_come_at_once_and_most_panic(crew: Crew) {
    for _ in 0..20 {
        let shared = Arc::new((Once::new(), AtomicUsize::new(0)));
        let panics = crew.all(MEMBERS, move |_| {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                shared.0.call_once_force(|state| {
                    let calls = shared.1.fetch_add(1, Ordering::Relaxed);
                    assert_eq!(state.poisoned(), calls != 0);
                    pause();
                    if calls < 5 {
                        resume_unwind(Box::new("on purpose"));
                    }
                });
            }));
            if outcome.is_ok() {
                assert_eq!(shared.1.load(Ordering::Relaxed), 6);
            }
            usize::from(outcome.is_err())
        });
        assert_eq!(panics.iter().sum::<usize>(), 5);
    }
}

#[test]
fn its_states() {
    static ONCE: Once = Once::new();
    assert_eq!(ONCE.state(), OnceState::New);
    assert_eq!(format!("{ONCE:?}"), "Once { state: New }");
    assert!(catch_unwind(|| ONCE.call_once(|| resume_unwind(Box::new(())))).is_err());
    assert_eq!(ONCE.state(), OnceState::Poisoned);
    // Poison spreads, until somebody forces it.
    assert!(catch_unwind(|| ONCE.call_once(|| unreachable!())).is_err());
    assert!(catch_unwind(|| ONCE.wait()).is_err());
    assert!(catch_unwind(|| ONCE.wait_timeout(SHORT)).is_err());
    ONCE.call_once_force(|state| {
        assert!(state.poisoned() && state.is_poisoned());
        assert_eq!(ONCE.state(), OnceState::InProgress);
    });
    assert!(ONCE.state().done() && ONCE.is_completed());
    ONCE.call_once(|| unreachable!());
    ONCE.call_once_force(|_| unreachable!());
    ONCE.wait();
    ONCE.wait_force();
}

/// std's `wait_for_force_to_finish`.
#[sortie::test]
fn one_who_comes_during_a_forced_call_waits_for_it() {
    static ONCE: Once = Once::new();
    assert!(catch_unwind(|| ONCE.call_once(|| resume_unwind(Box::new(())))).is_err());
    let (started, is_started) = bounded(0);
    let (go_on, may_go_on) = bounded::<()>(0);
    let forcing = sortie::go(move || {
        ONCE.call_once_force(|_| {
            started.send(()).unwrap();
            may_go_on.recv().unwrap();
        });
    });
    is_started.recv().unwrap();
    let waiting = sortie::go(|| ONCE.call_once(|| unreachable!()));
    until_parked(waiting.goroutine().id(), WAITING);
    go_on.send(()).unwrap();
    forcing.join().unwrap();
    waiting.join().unwrap();
}

#[sortie::test]
fn waiting_for_a_call_that_comes_later() {
    let once = Arc::new(Once::new());
    assert!(!once.wait_timeout(SHORT));
    let waiters = [false, true].map(|force| {
        let once = once.clone();
        sortie::go(move || match force {
            false => once.wait(),
            true => once.wait_force(),
        })
    });
    until_all_parked(&waiters.each_ref().map(|w| w.goroutine().id()), WAITING);
    once.call_once(|| ());
    for waiter in waiters {
        waiter.join().unwrap();
    }
}

/// Who waits for a call that panics panics; who forces it waits on.
#[sortie::test]
fn waiting_for_a_call_that_panics() {
    let once = Arc::new(Once::new());
    let [waiting, forcing] = [false, true].map(|force| {
        let once = once.clone();
        sortie::go(move || match force {
            false => once.wait(),
            true => once.wait_force(),
        })
    });
    let ids = [&waiting, &forcing].map(|w| w.goroutine().id());
    until_all_parked(&ids, WAITING);
    let call = catch_unwind(AssertUnwindSafe(|| {
        once.call_once(|| resume_unwind(Box::new(())));
    }));
    assert!(call.is_err());
    assert!(waiting.join().is_err());
    until_parked(forcing.goroutine().id(), WAITING);
    once.call_once_force(|_| ());
    forcing.join().unwrap();
}

#[sortie::test]
fn time_runs_out_while_another_calls() {
    let once = Arc::new(Once::new());
    let (started, is_started) = bounded(0);
    let (go_on, may_go_on) = bounded::<()>(0);
    let own = once.clone();
    let calling = sortie::go(move || {
        own.call_once(|| {
            started.send(()).unwrap();
            may_go_on.recv().unwrap();
        });
    });
    is_started.recv().unwrap();
    assert!(!once.call_once_timeout(SHORT, || unreachable!()));
    assert!(!once.call_once_timeout(Duration::ZERO, || unreachable!()));
    assert!(!once.wait_timeout(SHORT));
    go_on.send(()).unwrap();
    assert!(once.call_once_timeout(Duration::from_secs(1000), || unreachable!()));
    calling.join().unwrap();
    assert!(Once::new().call_once_timeout(Duration::ZERO, || ()));
}

/// What would wait for ever, and says so.
#[test]
fn a_closure_that_calls_itself_panics() {
    let run = || {
        let once = Once::new();
        for again in [
            (|once| once.call_once(|| ())) as fn(&Once),
            |once| once.call_once_force(|_| ()),
            |once| once.wait(),
            |once| once.wait_force(),
            |once| assert!(!once.wait_timeout(SHORT)),
        ] {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                once.call_once_force(|_| again(&once));
            }));
            let payload = outcome.unwrap_err();
            let message = payload.downcast_ref::<&str>().unwrap();
            assert!(message.contains("waits for itself"), "{message}");
            assert_eq!(once.state(), OnceState::Poisoned);
        }
    };
    run();
    sortie::run(run);
}

/// Another goroutine that comes meanwhile does wait.
#[sortie::test]
fn a_closure_that_waits_for_somebody_who_does_not_need_it() {
    let once = Arc::new(Once::new());
    let own = once.clone();
    once.call_once(|| {
        let other = sortie::go(move || assert!(!own.wait_timeout(SHORT)));
        other.join().unwrap();
    });
    assert!(once.is_completed());
}
